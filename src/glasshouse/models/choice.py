"""What chooses the epoch that is kept: a score of the validation rows, by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import OptionError, TableError, choose
from ..estimators.targets import Classes, Numbers, Target
from ..training.loop import Score

__all__ = ["METRICS", "metric_of", "monitor_of", "score_by", "validation_score_of"]

Array = npt.NDArray[Any]
# The first is the loss itself, or its square root: what chooses unless something else is asked for.
METRICS = {
    "classification": ("log_loss", "accuracy", "roc_auc"),
    "regression": ("rmse", "r2", "mae"),
    "labels": ("log_loss", "accuracy"),
}


def monitor_of(metric: str | None, targets: Target) -> str:
    """What a recipe monitors for a metric.

    Raises
    ------
    OptionError
        If the task has no such metric.
    """
    known = METRICS["classification" if isinstance(targets, Classes) else "regression"]
    name = known[0] if metric is None else choose(f"metric of {targets.description}", metric, known)
    if name == "roc_auc" and targets.n_outputs > 1:
        raise OptionError(
            f"metric is 'roc_auc', which is of two classes, and the target has {targets.description}: choose accuracy"
        )
    return "validation_loss" if name == known[0] else f"validation_{name}"


def metric_of(monitor: str, task: str) -> str:
    """The metric that a recipe monitors."""
    return METRICS[task][0] if monitor == "validation_loss" else monitor.removeprefix("validation_")


def validation_score_of(monitor: str, task: str) -> str:
    """What the score of the validation rows is, beside their loss: see `score_by`."""
    shown = {"validation_roc_auc": "roc_auc", "validation_mae": "minus_mae"}
    return shown.get(monitor, "r2" if task == "regression" else "accuracy")


def score_by(monitor: str, targets: Target) -> Score:
    """The score of a monitor on outputs and targets as the network has them, the larger the better."""
    if monitor == "validation_roc_auc":
        return _area
    if monitor == "validation_mae":
        return lambda outputs, Y, weight: -_error(targets, outputs, Y, weight)
    return targets.score


def _area(outputs: Array, Y: Array, weight: Array | None) -> float:
    if np.ptp(Y) == 0:
        raise TableError("the validation rows are of one class: they have no ROC AUC, choose another metric")
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(Y[:, 0], outputs[:, 0], sample_weight=weight))


def _error(targets: Target, outputs: Array, Y: Array, weight: Array | None) -> float:
    assert isinstance(targets, Numbers)
    from sklearn.metrics import mean_absolute_error

    return float(mean_absolute_error(Y, outputs, sample_weight=weight) * targets.scale[0])
