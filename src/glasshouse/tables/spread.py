"""How the cells of a column are spread: a histogram of numbers, or the words that most rows hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from .cells import Counted
from .dates import ORDERS, moments, order_of

__all__ = ["Histogram", "days_of", "frequent", "histogram"]

Array = npt.NDArray[Any]
OUTER = 0.005  # of the rows at either end, counted in the outermost bars: one far value must not hide the others


@dataclass(frozen=True, eq=False)
class Histogram:
    """Rows counted between edges.

    Attributes
    ----------
    counts : (n,) array
    edges : (n + 1,) array
        Of bars of one width; values beyond the first and the last are counted in the outermost bars.
    low, high, median : float
        The least of the values, the largest, and the one in the middle of the rows.
    """

    counts: npt.NDArray[np.int64]
    edges: npt.NDArray[np.float64]
    low: float
    high: float
    median: float


def histogram(values: Array, counts: Array, bars: int) -> Histogram | None:
    """Distinct values, and how many rows hold each, in at most so many bars; None if no value is a number.

    Few whole numbers get a bar each.

    Examples
    --------
    >>> histogram(np.array([1.0, 2.0, 4.0, np.nan]), np.array([5, 6, 7, 8]), 16).counts.tolist()
    [5, 6, 0, 7]
    """
    there = ~np.isnan(values)
    if not there.any():
        return None
    order = np.argsort(values[there], kind="stable")
    values, counts = values[there][order], counts[there][order]
    upto = np.cumsum(counts)
    low, median, high = values[np.searchsorted(upto, np.array([OUTER, 0.5, 1 - OUTER]) * upto[-1])].tolist()
    narrow = 4 * bars * float(np.spacing(max(-low, high)))  # less has no room for edges that differ
    if bool((values == np.round(values)).all()) and narrow < high - low + 1 <= bars:  # a bar for each whole number
        low, high = low - 0.5, high + 0.5
        bars = max(1, round(high - low))
    elif high == low:
        low, high = float(values[0]), float(values[-1])
    if high - low <= narrow:
        low, high = low - max(0.5, narrow), high + max(0.5, narrow)
    found, edges = np.histogram(np.clip(values, low, high), bars, (low, high), weights=counts)
    return Histogram(found.astype(np.int64), edges, float(values[0]), float(values[-1]), median)


def frequent(cells: Counted, most: int) -> list[tuple[str, int]]:
    """The words that most rows hold, and how many do; of equals, the first in the alphabet.

    Examples
    --------
    >>> from glasshouse.tables.cells import Cells
    >>> frequent(Cells.of(["b", "c", "a", "c"]).counted(), 2)
    [('c', 2), ('a', 1)]
    """
    words, counts = cells.words.to_pylist(), cells.counts.tolist()
    order = sorted(range(len(words)), key=lambda k: (-counts[k], words[k]))
    return [(words[k], counts[k]) for k in order[:most]]


def days_of(words: pa.Array) -> npt.NDArray[np.float64]:
    """Dates as days since 1970, NaN where one is none.

    Examples
    --------
    >>> days_of(pa.array(["1.1.1970", "3.1.1970"])).tolist()
    [0.0, 2.0]
    """
    return moments(words, order_of(words) or next(iter(ORDERS))).days
