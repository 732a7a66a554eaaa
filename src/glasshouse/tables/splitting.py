"""Rows that train, rows that choose, rows that judge: drawn once, by one seed."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..seeds import stream

__all__ = ["Split", "split"]

Rows = npt.NDArray[np.int64]
# 25 places: 16 to train, 4 to choose, 5 to judge, as evenly mixed as they can be.
PATTERN = np.array([0, 0, 2, 0, 0, 1, 0, 0, 2, 0, 0, 1, 0, 2, 0, 0, 1, 0, 2, 0, 0, 1, 0, 2, 0])
PATTERN_WITHOUT_TEST = np.array([0, 0, 1, 0, 0])


class Split(NamedTuple):
    """Row numbers, ascending: whatever chooses sees validation, every printed score is test."""

    train: Rows
    validation: Rows
    test: Rows


def split(n_rows: int, labels: npt.NDArray[Any] | None, seed: int, *, with_test: bool = True) -> Split:
    """Deal rows 64 : 16 : 20, or 80 : 20 without test rows, each class in these shares.

    Examples
    --------
    >>> [len(rows) for rows in split(1000, None, seed=0)]
    [640, 160, 200]
    """
    order = stream(seed, "split").permutation(n_rows)
    if labels is not None:
        order = order[np.argsort(labels[order], kind="stable")]
    pattern = PATTERN if with_test else PATTERN_WITHOUT_TEST
    part = np.empty(n_rows, np.int64)
    part[order] = pattern[np.arange(n_rows) % len(pattern)]
    if labels is not None:  # a class that nothing was trained on could never be predicted
        part[~np.isin(labels, labels[part == 0])] = 0
    train, validation, test = (np.flatnonzero(part == k) for k in range(3))
    return Split(train, validation, test)
