"""Batches from arrays in memory: an order of the rows, cut into pieces, with weights that sum to one in each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["Batch", "Data", "batches"]

Array = npt.NDArray[Any]


class Data(NamedTuple):
    """X (n_samples, n_features), Y (n_samples, n_outputs), and a weight for each sample, or None for equal ones."""

    X: Array
    Y: Array
    weight: Array | None = None


class Batch(NamedTuple):
    """Some rows of X and Y, and the weight (n,) with which each of them enters the loss."""

    X: Array
    Y: Array
    weight: Array
    rows: npt.NDArray[np.int64]


def batches(data: Data, size: int, generator: np.random.Generator | None, scale: float = 1.0) -> Iterator[Batch]:
    """Every row once, in a random order if there is a generator; each batch's weights sum to `scale`.

    Raises
    ------
    ValueError
        If there are no rows, or a weight is negative or not finite, or all are 0.

    Examples
    --------
    >>> import numpy as np
    >>> [batch.rows.tolist() for batch in batches(Data(np.zeros((5, 1)), np.zeros((5, 1))), 2, None)]
    [[0, 1], [2, 3], [4]]
    """
    n_samples = len(data.X)
    if n_samples == 0:
        raise ValueError("there are no rows to learn from")
    if data.weight is not None and not (np.isfinite(data.weight).all() and data.weight.min() >= 0 < data.weight.max()):
        raise ValueError("sample weights must be finite, at least 0, and not all 0")
    order = np.arange(n_samples) if generator is None else generator.permutation(n_samples)
    equal = np.ones(min(size, n_samples), data.Y.dtype)
    for start in range(0, n_samples, size):
        rows = order[start : start + size]
        weight = equal[: len(rows)] if data.weight is None else data.weight[rows]
        total = float(weight.sum())
        if total > 0:  # a batch of samples without weight says nothing
            yield Batch(data.X, data.Y, weight * (scale / total), rows)
