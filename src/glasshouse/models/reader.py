"""The rows of a large table that train, as windows of numbers: read, dealt, encoded, and handed to the loop."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..distributed.communicator import Communicator
from ..errors import TableError
from ..estimators.targets import Classes, Target
from ..tables.blocks import Block
from ..tables.cells import Cells
from ..tables.dataset import Dataset
from ..tables.dealing import SAMPLED, TRAIN, Dealing
from ..tables.encoder import TableEncoding
from ..tables.sketches import Sketch
from ..tables.survey import present
from ..tables.surveyed import Survey
from ..training.batches import Data
from ..training.streams import Streamed
from .labels import labels_for, written_columns_of
from .prepared import Part

__all__ = ["Mass", "Reader", "places_of"]

Array = npt.NDArray[Any]


class Mass(NamedTuple):
    """The column that says how much each row counts, the largest of its numbers, and their mean, as a share of that."""

    column: str
    largest: float
    mean: float

    @classmethod
    def of(cls, column: str, sketch: Sketch) -> Mass:
        """What the rows that train hold.

        Raises
        ------
        TableError
            If one is missing or below 0, or all are 0.
        """
        values, counts = sketch.numbers()
        _expect_weights(column, values)
        if values.max() <= 0:
            raise TableError(f"the weights in {column!r} hold nothing but 0: a weight is a number of at least 0")
        largest = max(values.max(), sketch.tally.high)  # of a tally, the middle of a bucket is below its end
        return cls(column, float(largest), float((values * counts).sum() / counts.sum() / largest))

    def of_block(self, block: Block) -> Array:
        """The weight of each row, the largest of them 1.

        Raises
        ------
        TableError
            If one is missing or below 0.
        """
        values = block.numbers(self.column)
        _expect_weights(self.column, values, f"{block.source}: ")
        return values / self.largest


def _expect_weights(column: str, values: Array, where: str = "") -> None:
    odd = np.isnan(values) | (values < 0)
    if odd.any():
        found = values[odd][0]
        what = "a cell that is no number" if np.isnan(found) else f"{found:g}"
        raise TableError(f"{where}the weights in {column!r} hold {what}: a weight is a number of at least 0")


@dataclass(frozen=True, eq=False)
class Reader:
    """How the rows that train are read.

    Attributes
    ----------
    window : int
        Rows that stand in memory as numbers together.
    """

    data: Dataset
    target: str
    targets: Target
    task: str
    mass: Mass | None
    dealing: Dealing
    marks: dict[str, tuple[str, ...]]
    encoder: TableEncoding
    window: int

    def streamed(self, dtype: str, shown: Part, found: Survey, together: Communicator) -> Streamed:
        """This rank's share of them, for a network of a precision; `shown` is what watchers look at."""
        mine = np.arange(together.rank, len(self.data.portions), together.size)
        known_by = f"{found.fingerprint} {self.window} {self.dealing} {self.encoder.to_dict()} {self.mass}"
        return Streamed(
            lambda order: self.windows(mine[order], dtype),
            np.array([found.trained[k] for k in mine.tolist()]),
            np.array(found.of_ranks(together.size)),
            shown.data(self.targets, dtype),
            1.0 if self.mass is None else self.mass.mean,
            hashlib.sha256(known_by.encode()).hexdigest(),
        )

    def windows(self, portions: npt.NDArray[np.int64], dtype: str) -> Iterator[Data]:
        """Their rows that train, in the order of the portions.

        Raises
        ------
        TableError
            If a portion is damaged, or its file has changed.
        """
        n_features, filled = len(self.encoder.feature_names), 0
        X, y, mass = self._empty(n_features)
        for k in portions.tolist():
            for block in self.rows(k):
                encoded = self.encoder.encode_block(block)
                places = places_of(block.cells(self.target), self.target, self.targets, self.task)
                weight = None if self.mass is None else self.mass.of_block(block)
                done = 0
                while done < block.n_rows:
                    n = min(block.n_rows - done, self.window - filled)
                    here, there = slice(done, done + n), slice(filled, filled + n)
                    encoded.write_into(here, X[there])
                    y[there] = places[here]
                    if weight is not None:
                        mass[there] = weight[here]
                    done, filled = done + n, filled + n
                    if filled == self.window:
                        yield self._data(X, y, mass, filled, dtype)
                        X, y, mass = self._empty(n_features)
                        filled = 0
        if filled:
            yield self._data(X, y, mass, filled, dtype)

    def rows(self, k: int) -> Iterator[Block]:
        """The rows of a portion that train, and the columns that training needs."""
        needed = {encoding.name for encoding in self.encoder.encodings} | {self.target}
        needed |= {name for name in (self.dealing.group, self.mass and self.mass.column) if name}
        columns, start = [name for name in self.data.columns if name in needed], 0
        for block in self.data.portions[k].blocks(columns):
            marked = block.without(self.marks)
            sides = self.dealing.sides(block, k, start)
            start += block.n_rows
            yield marked.take(present(marked, self.target) & ((sides == TRAIN) | (sides == SAMPLED)))

    def _empty(self, n_features: int) -> tuple[Array, Array, Array]:
        kind = np.int32 if isinstance(self.targets, Classes) else np.float64
        weights = np.empty(0 if self.mass is None else self.window)
        return np.empty((self.window, n_features), np.float32), np.empty(self.window, kind), weights

    def _data(self, X: Array, y: Array, mass: Array, n: int, dtype: str) -> Data:
        Y = written_columns_of(self.targets, y[:n], dtype)
        return Data(X[:n], Y, None if self.mass is None else mass[:n].astype(dtype))


def places_of(cells: Cells, target: str, targets: Target, task: str) -> Array:
    """The place of the class of each cell, or its number."""
    return labels_for(target, cells, task, targets.classes if isinstance(targets, Classes) else None).y
