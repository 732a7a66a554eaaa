"""Scores on rows, by scikit-learn's metrics and names, and whether one predictor is clearly better than another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..estimators.targets import Classes, Target

__all__ = [
    "ClassScores",
    "Difference",
    "by_class",
    "difference",
    "main_score",
    "measure_apart",
    "score_name",
    "score_rows",
    "scores",
    "verdict",
]

Array = npt.NDArray[Any]
RARE = 0.2  # of the rows: a class below it makes accuracy say little
NAMES = {
    "roc_auc": "ROC AUC",
    "log_loss": "log loss",
    "r2": "R²",
    "rmse": "RMSE",
    "mae": "MAE",
    "minus_mae": "minus MAE",
}


def score_name(name: str) -> str:
    """What people call a score."""
    return NAMES.get(name, name.replace("_", " "))


def main_score(targets: Target, y: Array) -> str:
    """The score that stands for a model: accuracy, or the area under its curve where one class is rare; R²."""
    if not isinstance(targets, Classes):
        return "r2"
    share = np.mean(y == 1)
    rare = len(targets.classes) == 2 and 0 < min(share, 1 - share) < RARE and not (y < 0).any()
    return "roc_auc" if rare else "accuracy"


def scores(targets: Target, outputs: Array, y: Array) -> dict[str, float]:
    """accuracy, log_loss and, where two classes occur, roc_auc; or r2 (of two rows or more), rmse and mae.

    `outputs` are probabilities (n, n_classes) or predicted numbers (n,), y places of classes or numbers. A label that
    training never had, place -1, counts as wrong, and is left out of log_loss and roc_auc.
    """
    from sklearn import metrics

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
    from sklearn.metrics import precision_recall_fscore_support

    predicted = outputs.argmax(axis=1)
    places = np.union1d(y[y >= 0], predicted)
    found = precision_recall_fscore_support(y, predicted, labels=places, zero_division=0.0)
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


def verdict(differences: Sequence[tuple[str, Difference]], by: str = "") -> str:
    """One sentence against the baselines, the plainest of which comes first; '' if there are none.

    Parameters
    ----------
    differences : sequence of (name of a baseline, Difference)
    by : str
        The measure that differs, where it has to be named.

    Examples
    --------
    >>> verdict([("majority", Difference(0.3, 0.1)), ("trees", Difference(0.0, 0.1))], by="accuracy")
    'by accuracy, no better than trees here: the difference could be chance'
    """
    if not differences:
        return ""
    better = [(name, found) for name, found in differences if found.verdict < 0]
    even = [name for name, found in differences if found.verdict == 0]
    if better:
        best = min(better, key=lambda pair: pair[1].mean)[0]
        words = f"on these rows {best} did better, beyond chance: prefer that, unless it must be a network"
    elif even:
        plainest = differences[0][0]  # the majority, or the mean: worth naming only where nothing else is as good
        rival = next((name for name in even if name != plainest), plainest)
        words = f"no better than {rival} here: the difference could be chance"
    else:
        words = "the network is better than every baseline here, beyond chance (95 %)"
    return f"by {by}, {words}" if by else words


def measure_apart(main: str) -> str:
    """What `verdict` compares by, where that is another measure than the score that stands for the model; else ''.

    Baselines are compared by `score_rows`: accuracy, or squared errors, of which R² and RMSE say the same.
    """
    return "" if main in ("accuracy", "r2", "rmse") else "accuracy"
