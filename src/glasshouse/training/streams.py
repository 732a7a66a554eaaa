"""Rows that never stand in memory together: read anew every epoch, a window at a time, and shuffled within each window.

The order is a function of seed, epoch and window alone: of the portions that rows are read from, and of the rows within
a window. So a run that is taken up again replays nothing, and a checkpoint needs to know nothing of it.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..distributed.communicator import Communicator
from ..errors import OptionError
from ..seeds import stream
from .batches import AT_ONCE, Batch, Data
from .recipe import Recipe
from .state import State

__all__ = ["Streamed", "Windows", "ahead", "pieces"]

Windows = Callable[[npt.NDArray[np.int64]], Iterator[Data]]  # windows of the portions of these numbers, in this order


@dataclass(frozen=True, eq=False)
class Streamed:
    """Rows of which one window stands in memory, and another is being read.

    Parameters
    ----------
    windows : callable
        Reads portions in the order it is told, and yields their rows as windows, whose weights are at most 1.
    portions : (n_portions,) int
        How many rows each of this rank's portions has.
    ranks : (size,) int
        How many rows each rank has.
    shown : Data
        Some of the rows, which watchers look at.
    mean : float
        The mean weight of all rows.
    known_by : str
        A hash of the rows and of how they are read, by which a checkpoint knows them again.
    """

    windows: Windows
    portions: npt.NDArray[np.int64]
    ranks: npt.NDArray[np.int64]
    shown: Data
    mean: float
    known_by: str

    @property
    def n_rows(self) -> int:
        """Of all ranks."""
        return int(self.ranks.sum())

    def batches(self, recipe: Recipe, state: State, together: Communicator) -> StreamedBatches:
        """This rank's part of the batches of the next epoch.

        Raises
        ------
        OptionError
            If a batch has fewer rows than there are ranks, each of which brings rows of its own.
        """
        if recipe.batch_size < together.size:
            raise OptionError(
                f"batch_size is {recipe.batch_size}, and each of {together.size} ranks reads rows of its own: "
                f"give at least {together.size}"
            )
        return StreamedBatches(self, recipe, state.epoch, together)


class StreamedBatches:
    """Every row of this rank once, and empty batches while other ranks have rows left."""

    def __init__(self, rows: Streamed, recipe: Recipe, epoch: int, together: Communicator):
        self.rows, self.recipe, self.epoch = rows, recipe, epoch
        shares = [len(range(rank, recipe.batch_size, together.size)) for rank in range(together.size)]
        self.size = shares[together.rank]
        self.shares = np.array(shares)

    def __len__(self) -> int:
        return int(max(-(-self.rows.ranks // self.shares)))

    def __iter__(self) -> Iterator[Batch]:
        rng = stream(self.recipe.seed, "order", self.epoch) if self.recipe.shuffle else None
        portions = np.arange(len(self.rows.portions))
        order = portions if rng is None else rng.permutation(portions)
        scale, done = self.recipe.loss_scale / self.rows.mean, 0
        for X, Y, masses, places in pieces(ahead(self.rows.windows(order)), rng, self.size):
            total = self._total(done)
            yield Batch(X, Y, masses * (scale / total), places, total)
            done += 1
        X, Y, _ = self.rows.shown.written(np.zeros(1, np.int64))
        for k in range(done, len(self)):
            yield Batch(X, Y, np.zeros(0, Y.dtype), np.zeros(0, np.int64), self._total(k))

    def _total(self, k: int) -> int:
        """How many rows all ranks bring to a batch."""
        return int(np.clip(self.rows.ranks - k * self.shares, 0, self.shares).sum())


def pieces(windows: Iterator[Data], rng: np.random.Generator | None, size: int) -> Iterator[tuple[Any, ...]]:
    """X, Y, masses and places of each batch; one that begins in a window and ends in the next is put together."""
    rest: list[tuple[Any, ...]] = []
    for window in windows:
        n = window.n_rows
        order = np.arange(n) if rng is None else rng.permutation(n)
        done = 0
        if rest:
            done = min(size - len(rest[0][2]), n)
            rest.append(_written(window, order[:done]))
            if sum(len(part[2]) for part in rest) < size:
                rest = [_joined(rest)]
                continue
            yield (*_joined(rest), np.arange(size))
            rest = []
        stretch = max(AT_ONCE // size, 1) * size
        for begin in range(done, n, stretch):
            here = order[begin : begin + stretch]
            X, Y, places = window.written(here)
            masses = _masses(window, here)
            for start in range(0, len(here), size):
                batch = slice(start, start + size)
                if len(here[batch]) < size:
                    rest = [_written(window, here[batch])]
                else:
                    yield X, Y, masses[batch], places[batch]
    if rest:
        X, Y, masses = rest[0]
        yield X, Y, masses, np.arange(len(masses))


def _masses(window: Data, rows: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
    return np.ones(len(rows), window.Y.dtype) if window.weight is None else window.weight[rows]


def _written(window: Data, rows: npt.NDArray[np.int64]) -> tuple[Any, ...]:
    """Copies of some rows, which outlive their window."""
    X, Y, places = window.written(rows)
    return X[places], Y[places], _masses(window, rows)


def _joined(parts: Sequence[tuple[Any, ...]]) -> tuple[Any, ...]:
    return tuple(np.concatenate(each) for each in zip(*parts, strict=True))


def ahead(windows: Iterator[Data]) -> Iterator[Data]:
    """The same windows, each made on a second thread while the one before it is used.

    Two are in memory: the next is begun when the last but one is let go. An error there is raised here.
    """
    made: queue.Queue[Any] = queue.Queue()
    wanted, end, leave = threading.Semaphore(1), object(), threading.Event()

    def make() -> None:
        try:
            while wanted.acquire() and not leave.is_set():
                made.put(next(windows, end))
        except BaseException as error:
            made.put(error)

    thread = threading.Thread(target=make, name="glasshouse-ahead", daemon=True)
    thread.start()
    try:
        while (window := made.get()) is not end:
            if isinstance(window, BaseException):
                raise window
            wanted.release()
            yield window
            del window  # before the next is taken
    finally:
        leave.set()
        wanted.release()
        thread.join()
