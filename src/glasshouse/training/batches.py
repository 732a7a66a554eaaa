"""Batches from arrays in memory: an order of the rows, cut into pieces, with weights whose sum is one on average."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeGuard

import numpy as np
import numpy.typing as npt

from ..distributed.communicator import Communicator
from ..distributed.serial import SERIAL

if TYPE_CHECKING:
    from .recipe import Recipe
    from .state import State

__all__ = ["Batch", "Batches", "Data", "Epoch", "OneHot", "Rows", "Written", "is_written"]

Array = npt.NDArray[Any]
AT_ONCE = 1 << 13  # rows written out at a time


class Written(Protocol):
    """Rows that are written as numbers when they are asked for, because all of them at once would be large."""

    @property
    def shape(self) -> tuple[int, int]:
        """(n_rows, n_columns)."""

    def write(self, rows: Any) -> Array:
        """These rows as an array."""


def is_written(part: Any) -> TypeGuard[Written]:
    """Whether these are such rows: asked once an epoch, where the test of a protocol takes longer than a step."""
    return hasattr(part, "write")


class OneHot:
    """Classes as (n, n_classes) zeros and ones, by the place of each row's class.

    Examples
    --------
    >>> import numpy as np
    >>> OneHot(np.array([2, 0]), 3, np.dtype("f4")).write([0]).tolist()
    [[0.0, 0.0, 1.0]]
    """

    def __init__(self, places: Array, n_classes: int, dtype: npt.DTypeLike):
        self.places, self.n_classes, self.dtype = places, n_classes, np.dtype(dtype)

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.places), self.n_classes

    def __len__(self) -> int:
        return len(self.places)

    def write(self, rows: Any) -> Array:
        ones = self.places[rows][:, None] == np.arange(self.n_classes)
        return np.asarray(ones, self.dtype)


class Epoch(Protocol):
    """The batches of one epoch: as many on every rank, where some of the last may be empty."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Batch]: ...


class Rows(Protocol):
    """What a fit trains on."""

    @property
    def n_rows(self) -> int:
        """How many take part, over all ranks."""

    @property
    def shown(self) -> Data:
        """What watchers are shown of them."""

    def batches(self, recipe: Recipe, state: State, together: Communicator) -> Epoch:
        """This rank's part of the batches of the next epoch."""


class Data(NamedTuple):
    """X (n_samples, n_features), Y (n_samples, n_outputs), and a weight for each sample, or None for equal ones.

    X is an array or a CSR matrix, of which only a batch at a time is written out; X and Y may be `Written`. With
    `rows`, those alone take part, and nothing is copied for it.
    """

    X: Any
    Y: Any
    weight: Array | None = None
    rows: npt.NDArray[np.int64] | None = None

    @property
    def n_rows(self) -> int:
        """How many take part."""
        return len(self.Y if self.rows is None else self.rows)

    @property
    def shown(self) -> Data:
        """What watchers are shown: all of it."""
        return self

    def batches(self, recipe: Recipe, state: State, together: Communicator = SERIAL) -> Batches:
        """This rank's part of the batches of the next epoch, in the order that the state draws."""
        generator = state.generator if recipe.shuffle else None
        return Batches(self, recipe.batch_size, generator, recipe.loss_scale, together)

    def of(self, column: Array) -> Array:
        """The part of Y, or of the weights, that belongs to the rows that take part."""
        return column if self.rows is None else column[self.rows]

    def masses(self) -> Array:
        """The weight of each sample, the largest of them 1.

        Raises
        ------
        ValueError
            If there are no rows, or a weight is negative or not finite, or all are 0.
        """
        if self.n_rows == 0:
            raise ValueError("there are no rows to learn from")
        if self.weight is None:
            return np.ones(self.n_rows, self.Y.dtype)
        weight = self.of(self.weight)
        if not (np.isfinite(weight).all() and weight.min() >= 0 < weight.max()):
            raise ValueError("sample weights must be finite, at least 0, and not all 0")
        return np.asarray(weight / weight.max())

    def written(self, some: npt.NDArray[np.int64]) -> tuple[Any, Array, npt.NDArray[np.int64]]:
        """X and Y that hold some of the rows that take part, and where in them these are."""
        rows = some if self.rows is None else self.rows[some]
        if not (is_written(self.X) or is_written(self.Y)):
            return self.X, self.Y, rows
        X, Y = (part.write(rows) if is_written(part) else part[rows] for part in (self.X, self.Y))
        return X, Y, np.arange(len(rows))


class Batch(NamedTuple):
    """Where in X and Y some rows are, the weight (n,) with which each enters the loss, and the rows of all ranks."""

    X: Any
    Y: Array
    weight: Array
    rows: npt.NDArray[np.int64]
    total: int


class Batches:
    """Every row once, in a new random order each time if there is a generator.

    A row of weight w enters a batch of n with w scale / (n mean weight): the mean over the batches is the weighted mean
    over the rows, whatever fell into which. Of several ranks, which all have the data and draw the same order, each
    takes every size-th row of each batch; n is that of the whole batch, so the sums of the ranks add up to its mean.

    Raises
    ------
    ValueError
        If there are no rows, or a weight is negative or not finite, or all are 0.

    Examples
    --------
    >>> import numpy as np
    >>> [batch.rows.tolist() for batch in Batches(Data(np.zeros((5, 1)), np.zeros((5, 1))), 2)]
    [[0, 1], [2, 3], [4]]
    """

    def __init__(
        self,
        data: Data,
        size: int,
        generator: np.random.Generator | None = None,
        scale: float = 1.0,
        together: Communicator = SERIAL,
    ):
        self.data, self.size, self.generator, self.scale, self.together = data, size, generator, scale, together
        self.masses = data.masses()
        self.mean = float(self.masses.mean())

    def __len__(self) -> int:
        return (len(self.masses) + self.size - 1) // self.size

    def __iter__(self) -> Iterator[Batch]:
        n_samples, rank, ranks = len(self.masses), self.together.rank, self.together.size
        order = np.arange(n_samples) if self.generator is None else self.generator.permutation(n_samples)
        stretch = max(AT_ONCE // self.size, 1) * self.size
        for begin in range(0, n_samples, stretch):
            starts = range(begin, min(begin + stretch, n_samples), self.size)
            batches = [order[start : start + self.size] for start in starts]
            mine = batches if ranks == 1 else [batch[rank::ranks] for batch in batches]
            X, Y, places = self.data.written(np.concatenate(mine))
            done = 0
            for rows, batch in zip(mine, batches, strict=True):
                weight = self.masses[rows] * (self.scale / (len(batch) * self.mean))
                yield Batch(X, Y, weight, places[done : done + len(rows)], len(batch))
                done += len(rows)
