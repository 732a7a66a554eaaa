"""What whole numbers cost: the scores of a model and of what was made of it, on the same rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..models.model import Model
from ..models.origin import parted
from ..models.scores import scores
from ..tables.table import Table
from .plan import Plan
from .proof import spread_of

__all__ = ["PARTS", "Judged", "judged"]

Array = npt.NDArray[Any]
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
        Empty where there is nothing to judge by.
    same : int
        Rows with the same label as the model's; of numbers, those within a hundredth of their spread.
    """

    rows: int
    part: str
    same: int
    before: dict[str, float]
    after: dict[str, float]


def judged(plan: Plan, table: Table) -> Judged:
    """Scores of a model and of its plan, and on how many rows they say the same.

    A table without the target, or a model of several labels, has no scores.
    """
    model = plan.model
    if model.target not in table.columns or model.task == "labels":
        before, after = _outputs(plan, table)
        return Judged(table.n_rows, "other", _same(plan, before, after), {}, {})
    part, table = _held_out(model, table)
    labels = model.labels_in(table)
    present = np.flatnonzero(~labels.missing)
    before, after = _outputs(plan, table.take(present))
    y = labels.y[present]
    found = scores(model.one_column, before, y), scores(model.one_column, after, y)
    return Judged(len(y), part, _same(plan, before, after), *found)


def _outputs(plan: Plan, rows: Table) -> tuple[Array, Array]:
    return plan.model.outputs_of(plan.model.encoder.encode(rows)), plan.probabilities(plan.outputs(plan.inputs(rows)))


def _same(plan: Plan, before: Array, after: Array) -> int:
    if plan.classes is None:
        return int((np.abs(before - after) <= 0.01 * spread_of(before)).sum())
    if plan.many:
        return int(((before > 0.5) == (after > 0.5)).all(axis=1).sum())
    return int((before.argmax(axis=1) == after.argmax(axis=1)).sum())


def _held_out(model: Model, table: Table) -> tuple[str, Table]:
    if not model.knows(table):
        return "other", table
    if not model.held_out:
        return "training", table
    present, parts = parted(table, model.labels_in(table), model.task, model.origin)
    return "test", table.take(present[parts.test])
