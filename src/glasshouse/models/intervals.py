"""How far each score may be off by chance: 95 % intervals from what each test row contributes.

Wilson's interval for the accuracy (E. B. Wilson, 1927), which stays within 0 and 1; for every other score ± 1.96
standard errors by its influence values, the rate at which it moves with the weight of a row. For the area under the
curve these are the placements of DeLong, DeLong and Clarke-Pearson (1988).
"""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

from ..estimators.targets import Classes, Target
from .scores import score_rows

__all__ = ["Interval", "intervals"]

Array = npt.NDArray[Any]
Interval = tuple[float, float]
LEVEL = 0.95


def intervals(targets: Target, outputs: Array, y: Array, found: dict[str, float]) -> dict[str, Interval]:
    """The 95 % interval of each score that `scores` found on these rows.

    Parameters
    ----------
    outputs, y
        As in `scores`: probabilities (n, n_classes) or predicted numbers (n,), and what was right.

    Examples
    --------
    >>> from glasshouse.estimators.targets import Numbers
    >>> targets = Numbers(np.zeros(1), np.ones(1))
    >>> y = np.array([1.0, 2.0, 3.0, 4.0])
    >>> low, high = intervals(targets, y + [0.1, -0.1, 0.3, -0.3], y, {"mae": 0.2})["mae"]
    >>> round(low, 2), round(high, 2)
    (0.09, 0.31)
    """
    if isinstance(targets, Classes):
        return _of_classes(targets, outputs, y, found)
    return _of_numbers(outputs, y, found)


def _of_classes(targets: Classes, outputs: Array, y: Array, found: dict[str, float]) -> dict[str, Interval]:
    right = int(score_rows(targets, outputs, y).sum())
    known = y >= 0
    made: dict[str, Interval] = {"accuracy": _of_share(right, len(y))}
    if "log_loss" in found:
        places, p = y[known], outputs[known]
        chosen = np.clip(p[np.arange(len(places)), places].astype(float), np.finfo(np.float32).tiny, 1.0)
        made["log_loss"] = _around(found["log_loss"], -np.log(chosen), low=0.0)
    if "roc_auc" in found:
        made["roc_auc"] = _of_area(found["roc_auc"], places, p[:, 1])
    return made


def _of_numbers(outputs: Array, y: Array, found: dict[str, float]) -> dict[str, Interval]:
    error, spread = (outputs - y) ** 2, (y - y.mean()) ** 2
    made = {"mae": _around(found["mae"], np.abs(outputs - y), low=0.0)}
    if "rmse" in found:
        steep = 2 * found["rmse"]
        made["rmse"] = _around(found["rmse"], error / steep if steep else error, low=0.0)
    if "r2" in found:
        a, b = error.mean(), spread.mean()
        made["r2"] = _around(found["r2"], (a / b * spread - error) / b if b else error * 0, high=1.0)
    return {name: made[name] for name in found}


def _of_area(area: float, positive: Array, p: Array) -> Interval:
    """Where no row is out of place there is no spread to see: then as of a share, among the rows of the rarer class."""
    influence = _placements(positive, p)
    if not influence.any():
        rows = int(min(positive.sum(), len(positive) - positive.sum()))
        return _of_share(round(area * rows), rows)
    return _around(area, influence, low=0.0, high=1.0)


def _of_share(right: int, rows: int) -> Interval:
    """Wilson's, of a share of the rows."""
    from scipy.stats import binomtest

    wilson = binomtest(right, rows).proportion_ci(LEVEL, method="wilson")
    return float(wilson.low), float(wilson.high)


def _around(value: float, influence: Array, low: float = -np.inf, high: float = np.inf) -> Interval:
    """A score ± z standard errors, within the range it can have; of a single row nothing is known."""
    n = len(influence)
    error = float(influence.std(ddof=1)) / np.sqrt(n) if n > 1 else np.inf
    half = NormalDist().inv_cdf((1 + LEVEL) / 2) * error
    return max(low, float(value - half)), min(high, float(value + half))


def _placements(positive: Array, p: Array) -> Array:
    """What each row contributes to the area: the share of the other class that it is rightly above, or below."""
    from scipy.stats import rankdata

    n, n_positive = len(p), int(positive.sum())
    ranks = rankdata(p)
    within = np.empty(n)
    for side in (0, 1):
        within[positive == side] = rankdata(p[positive == side])
    others = np.where(positive == 1, n - n_positive, n_positive)
    below = (ranks - within) / others
    placed = np.where(positive == 1, below, 1 - below)
    area = placed[positive == 1].mean()
    return np.asarray((placed - area) * n / np.where(positive == 1, n_positive, n - n_positive))
