"""What whole numbers cost: the scores of a model and of what was made of it, on the same rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..models.model import Model
from ..models.origin import parted
from ..models.scores import scores
from ..tables.table import Table
from .plan import Plan

__all__ = ["PARTS", "Judged", "judged"]

PARTS = {"test": "test rows", "training": "rows it was trained on", "other": "rows of the table"}


@dataclass(frozen=True)
class Judged:
    """Scores by scikit-learn's names.

    Attributes
    ----------
    rows : int
    part : str
        'test' for the test rows of the table the model was trained on, 'training' where it has none, else 'other'.
    before, after : dict of str to float
    """

    rows: int
    part: str
    before: dict[str, float]
    after: dict[str, float]


def judged(plan: Plan, table: Table) -> Judged | None:
    """Scores of a model and of its plan; None for a table without the target, or of several labels at once."""
    model = plan.model
    if model.target not in table.columns or model.task == "labels":
        return None
    part, table = _held_out(model, table)
    labels = model.labels_in(table)
    present = np.flatnonzero(~labels.missing)
    rows, y = table.take(present), labels.y[present]
    before = model.outputs_of(model.encoder.encode(rows))
    after = plan.probabilities(plan.outputs(plan.inputs(rows)))
    return Judged(len(y), part, scores(model.one_column, before, y), scores(model.one_column, after, y))


def _held_out(model: Model, table: Table) -> tuple[str, Table]:
    if not model.knows(table):
        return "other", table
    if not model.held_out:
        return "training", table
    present, parts = parted(table, model.labels_in(table), model.task, model.origin)
    return "test", table.take(present[parts.test])
