"""Rows that train, rows that choose, rows that judge: dealt once, by one seed, or by group, or by time."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..errors import OptionError
from ..seeds import stream

__all__ = ["SHARES", "Split", "split"]

Rows = npt.NDArray[np.int64]
SHARES = (16 / 25, 4 / 25, 5 / 25)
# 25 places: 16 to train, 4 to choose, 5 to judge, as evenly mixed as they can be.
PATTERN = np.array([0, 0, 2, 0, 0, 1, 0, 0, 2, 0, 0, 1, 0, 2, 0, 0, 1, 0, 2, 0, 0, 1, 0, 2, 0])
PATTERN_WITHOUT_TEST = np.array([0, 0, 1, 0, 0])


class Split(NamedTuple):
    """Row numbers, ascending: whatever chooses sees validation, every printed score is test."""

    train: Rows
    validation: Rows
    test: Rows


def split(
    n_rows: int,
    labels: npt.NDArray[Any] | None,
    seed: int,
    *,
    with_test: bool = True,
    group: npt.NDArray[Any] | None = None,
    order: npt.NDArray[Any] | None = None,
) -> Split:
    """Deal rows 64 : 16 : 20, or 80 : 20 without test rows.

    Parameters
    ----------
    labels : (n_rows,) or None
        Each class in these shares, as far as group and order allow.
    group : (n_rows,) or None
        Rows of a group stay on one side; groups of like class and size are shared out.
    order : (n_rows,) or None
        The latest rows judge, those before them choose, the earliest train.

    Raises
    ------
    OptionError
        If both group and order are given, or there are fewer than three groups.

    Examples
    --------
    >>> [len(rows) for rows in split(1000, None, seed=0)]
    [640, 160, 200]
    >>> split(10, None, seed=0, order=np.arange(10)).test.tolist()
    [8, 9]
    """
    if group is not None and order is not None:
        raise OptionError("rows can be parted by group or by order, not by both: leave one out")
    if order is not None:
        part = _by_order(order, with_test)
    elif group is not None:
        part = _by_group(group, labels, seed, with_test)
    else:
        part = _by_class(n_rows, labels, seed, with_test)
    train, validation, test = (np.flatnonzero(part == k) for k in range(3))
    return Split(train, validation, test)


def _by_class(n_rows: int, labels: npt.NDArray[Any] | None, seed: int, with_test: bool) -> Rows:
    order = stream(seed, "split").permutation(n_rows)
    if labels is not None:
        labels = np.unique(labels, return_inverse=True)[1]  # numbers: small, and quick to sort
        order = order[np.argsort(labels[order], kind="stable")]
    pattern = PATTERN if with_test else PATTERN_WITHOUT_TEST
    part = np.empty(n_rows, np.int64)
    part[order] = pattern[np.arange(n_rows) % len(pattern)]
    if labels is not None:  # a class that nothing was trained on could never be predicted
        part[~np.isin(labels, labels[part == 0])] = 0
    return part


def _bounds(with_test: bool) -> tuple[float, float]:
    """Where training ends, and where choosing ends, as shares of the rows."""
    return (SHARES[0], SHARES[0] + SHARES[1]) if with_test else (4 / 5, 1.0)


def _by_order(order: npt.NDArray[Any], with_test: bool) -> Rows:
    place = np.empty(len(order), np.int64)
    place[np.argsort(order, kind="stable")] = np.arange(len(order))
    return np.searchsorted(np.array(_bounds(with_test)) * len(order), place, side="right").astype(np.int64)


def _by_group(group: npt.NDArray[Any], labels: npt.NDArray[Any] | None, seed: int, with_test: bool) -> Rows:
    """The largest group trains; of the others, those of like class and size share the sides out between them."""
    names, first, places, sizes = np.unique(group, return_index=True, return_inverse=True, return_counts=True)
    sides = 3 if with_test else 2
    if len(names) < sides:
        raise OptionError(
            f"there are {len(names)} groups, and {sides} sides to keep them on: give a column of more groups"
        )
    rng = stream(seed, "split")
    shuffled = rng.permutation(len(names))
    classes = np.zeros(len(names)) if labels is None else np.unique(labels[first], return_inverse=True)[1]
    order = shuffled[np.lexsort((sizes[shuffled], classes[shuffled]))]
    rest = order[order != np.argmax(sizes)]
    side = np.zeros(len(names), np.int64)
    if len(rest) < 9:  # fewer than any stretch of the pattern that has every side
        side[rest] = rng.permutation((np.arange(sides - 1, -1, -1).tolist() + [0] * 9)[: len(rest)])
    else:
        pattern = PATTERN if with_test else PATTERN_WITHOUT_TEST
        side[rest] = pattern[(np.arange(len(rest)) + rng.integers(len(pattern))) % len(pattern)]
    return np.asarray(side[places])
