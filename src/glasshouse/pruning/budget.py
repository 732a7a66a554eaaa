"""What a cut may cost: the smallest network whose score on held-out rows stays near that of the whole one.

A score of few rows says little. So the drop of many rows is taken with a margin, its chance error, and that of few from
folds: each fold's own network is trained and pruned without its rows, and the rows of all folds judge together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..training.loop import Score

__all__ = ["MARGIN", "Point", "chance_error", "point", "smallest_allowed"]

Array = npt.NDArray[Any]
MARGIN = 1.0  # chance errors that are added to a drop before it is held against the budget
RESAMPLES = 200


class Point(NamedTuple):
    """One place on the frontier.

    Attributes
    ----------
    density : float
        The share of the pieces that is left.
    score, drop : float
        Of the rows that choose; the drop against the whole network, positive where it got worse.
    error : float
        The chance error of the drop.
    """

    density: float
    score: float
    drop: float
    error: float


def chance_error(score: Score, before: Array, after: Array, Y: Array, weight: Array | None, seed: int = 0) -> float:
    """The standard deviation of score(before) - score(after) over resampled rows (Efron 1979)."""
    rng, n = np.random.default_rng(seed), len(Y)
    found = []
    for _ in range(RESAMPLES):
        rows = rng.integers(0, n, n)
        some = None if weight is None else weight[rows]
        found.append(_drop(score, before[rows], after[rows], Y[rows], some))
    return float(np.nanstd(found))


def _drop(score: Score, before: Array, after: Array, Y: Array, weight: Array | None) -> float:
    try:
        return score(before, Y, weight) - score(after, Y, weight)
    except ValueError:  # a draw of one class only has no area under its curve
        return float("nan")


def point(density: float, score: Score, before: Array, after: Array, Y: Array, weight: Array | None) -> Point:
    """Hold a pruned network's outputs against those of the whole one."""
    value = score(after, Y, weight)
    return Point(density, value, score(before, Y, weight) - value, chance_error(score, before, after, Y, weight))


def smallest_allowed(
    densities: Sequence[float], try_one: Callable[[int], Point], max_drop: float, margin: float = MARGIN
) -> tuple[int | None, list[Point]]:
    """The last of falling densities whose drop, and a margin for chance, is within the budget, by bisection.

    Returns
    -------
    int or None
        Its place; None if none is within.
    list of Point
        All that were tried, in the order of the densities.
    """
    tried: dict[int, Point] = {}
    best: int | None = None
    begin, end = 0, len(densities)
    while begin < end:
        middle = (begin + end) // 2
        tried[middle] = try_one(middle)
        if tried[middle].drop + margin * tried[middle].error <= max_drop:
            best, begin = middle, middle + 1
        else:
            end = middle
    return best, [tried[k] for k in sorted(tried)]
