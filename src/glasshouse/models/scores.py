"""Scores on rows, by scikit-learn's metrics and names, and whether one predictor is clearly better than another."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn import metrics

from ..estimators.targets import Classes, Target

__all__ = ["ClassScores", "Difference", "by_class", "difference", "score_rows", "scores"]

Array = npt.NDArray[Any]


def scores(targets: Target, outputs: Array, y: Array) -> dict[str, float]:
    """accuracy, log_loss and, where two classes occur, roc_auc; or r2 (of two rows or more), rmse and mae.

    `outputs` are probabilities (n, n_classes) or predicted numbers (n,), y places of classes or numbers. A label that
    training never had, place -1, counts as wrong, and is left out of log_loss and roc_auc.
    """
    if not isinstance(targets, Classes):
        return {
            **({"r2": float(metrics.r2_score(y, outputs))} if len(y) > 1 else {}),
            "rmse": float(metrics.root_mean_squared_error(y, outputs)),
            "mae": float(metrics.mean_absolute_error(y, outputs)),
        }
    found = {"accuracy": float(np.mean(score_rows(targets, outputs, y)))}
    known = y >= 0
    if known.any():
        places = y[known]
        chosen = np.clip(outputs[known][np.arange(len(places)), places].astype(float), np.finfo(np.float32).tiny, 1.0)
        found["log_loss"] = float(-np.log(chosen).mean())
        if len(targets.classes) == 2 and len(np.unique(places)) == 2:
            found["roc_auc"] = float(metrics.roc_auc_score(places, outputs[known][:, 1]))
    return found


def score_rows(targets: Target, outputs: Array, y: Array) -> Array:
    """What each row adds to the score: 1 where the label is right, or minus the squared error."""
    if isinstance(targets, Classes):
        return np.asarray(outputs.argmax(axis=1) == y, dtype=float)
    return np.asarray(-((outputs - y) ** 2))


class ClassScores(NamedTuple):
    """How well one class is told from the others, by scikit-learn's names; rows counts those that are of it."""

    label: Any
    rows: int
    precision: float
    recall: float
    f1: float


def by_class(targets: Target, outputs: Array, y: Array) -> list[ClassScores]:
    """Precision, recall and F1 of each class that occurs in these rows or was predicted for one; none for numbers."""
    if not isinstance(targets, Classes):
        return []
    predicted = outputs.argmax(axis=1)
    places = np.union1d(y[y >= 0], predicted)
    found = metrics.precision_recall_fscore_support(y, predicted, labels=places, zero_division=0.0)
    return [
        ClassScores(label.item(), int(rows), float(p), float(r), float(f))
        for label, p, r, f, rows in zip(targets.classes[places], *found, strict=True)
    ]


class Difference(NamedTuple):
    """The mean of paired differences by row, and half the width of its 95 % interval."""

    mean: float
    half: float

    @property
    def verdict(self) -> int:
        """1 if clearly above zero, -1 if clearly below, else 0."""
        return 1 if self.mean > self.half else -1 if self.mean < -self.half else 0


def difference(ours: Array, theirs: Array) -> Difference:
    """Compare two predictors row by row on the same rows."""
    d = ours - theirs
    spread = float(d.std(ddof=1)) if len(d) > 1 else float("inf")
    return Difference(float(d.mean()), 1.96 * spread / np.sqrt(len(d)))
