"""A model whose network was changed, judged anew on the rows that judged the first."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..tables.splitting import Split
from ..tables.table import Table
from .model import Model
from .scores import scores

__all__ = ["rescored"]


def rescored(model: Model, table: Table, present: npt.NDArray[np.int64], parts: Split) -> Model:
    """The model with its own scores: on the validation rows, and on the test rows where there are any."""
    chooses = table.take(present[parts.validation])
    found = scores(model.one_column, model.outputs_of(model.encoder.encode(chooses)), model.labels_in(chooses).y)
    kept: dict[str, dict[str, Any]] = {"validation": {**found, "rows": len(parts.validation)}}
    if not len(parts.test):
        kept["test"] = {"rows": 0, "source": "none"}
        return replace(model, scores=kept, intervals={}, run=None)
    rows = table.take(present[parts.test])
    judged = model.judge(model.labels_in(rows), model.encoder.encode(rows))
    kept["test"] = {**judged.scores, "rows": judged.rows, "source": "held out"}
    return replace(model, scores=kept, intervals=judged.intervals, run=None)
