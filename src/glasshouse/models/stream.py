"""A table of any size as batches of numbers: for training loops of one's own, and for every `partial_fit`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..distributed.serial import SERIAL
from ..errors import expect_number
from ..estimators.targets import Classes, Numbers
from ..seeds import stream as generator
from ..tables.encoder import TableEncoding
from ..tables.reading import Reading
from ..training.streams import ahead, pieces
from .prepared import Asked, Part
from .room import bytes_of
from .streamed import StreamedTable, streamed_table

__all__ = ["Stream", "stream"]

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False, repr=False)
class Stream:
    """A table that was looked at once, and is read anew every epoch.

    Attributes
    ----------
    encoder : TableEncoding
        What was learned of its columns.
    target : str
    n_rows : int
        How many rows train.
    classes : (n_classes,) or None
        Of the target; None for numbers.

    Examples
    --------
    >>> import csv, glasshouse as gh, tempfile
    >>> with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
    ...     csv.writer(file).writerows([("x", "y"), *((k % 7, k % 7 > 3) for k in range(1000))])
    ...     file.flush()
    ...     rows = gh.stream(file.name, target="y")
    ...     model = gh.MLPClassifier((8,), learning_rate_init=0.05, random_state=0)
    ...     for epoch in range(8):
    ...         for X, y in rows.batches(100, epoch=epoch):
    ...             model = model.partial_fit(X, y, classes=rows.classes)
    >>> model.score(*rows.test) > 0.9
    True
    """

    found: StreamedTable
    seed: int

    @property
    def encoder(self) -> TableEncoding:
        return self.found.encoder

    @property
    def target(self) -> str:
        return self.found.target

    @property
    def n_rows(self) -> int:
        return self.found.trained_on

    @property
    def classes(self) -> Array | None:
        return self.found.targets.classes if isinstance(self.found.targets, Classes) else None

    def batches(self, size: int = 1024, *, epoch: int = 0) -> Iterator[tuple[Array, Array]]:
        """X (size, n_features) float32 and y (size,) of the rows that train, each once; the last batch may be shorter.

        The order is a function of the seed, the epoch and the memory.
        """
        expect_number("size", size, lambda rows: rows >= 1, "of at least 1", whole=True)
        rows, rng = self.found.trained("float64"), generator(self.seed, "order", epoch)
        windows = ahead(rows.windows(rng.permutation(len(rows.portions))))
        for X, Y, _, places in pieces(windows, rng, size):
            yield X[places], self._labels(Y[places])

    @property
    def validation(self) -> tuple[Array, Array]:
        """X and y of the rows that choose, which are held in memory."""
        return self._held(self.found.whole.take(self.found.parts.validation))

    @property
    def test(self) -> tuple[Array, Array]:
        """X and y of the rows that judge, which are held in memory."""
        return self._held(self.found.whole.take(self.found.parts.test))

    def _held(self, part: Part) -> tuple[Array, Array]:
        classes = self.classes
        return part.rows.dense(), part.y if classes is None else classes[part.y]

    def _labels(self, Y: Array) -> Array:
        targets = self.found.targets
        if isinstance(targets, Numbers):
            return targets.decoded(Y)
        return np.asarray(targets.classes[Y[:, 0].astype(int) if Y.shape[1] == 1 else Y.argmax(axis=1)])

    def __repr__(self) -> str:
        inputs = len(self.encoder.feature_names)
        return f"<Stream {self.found.table.name}: {self.n_rows:,} rows to train, {inputs} inputs>"


def stream(
    table: str,
    *,
    target: str,
    kinds: Mapping[str, str] | None = None,
    drop: Sequence[str] = (),
    missing: Sequence[str] = (),
    reading: Reading | None = None,
    seed: int = 0,
    memory: int | str | None = None,
) -> Stream:
    """Look at every row of a table once; then hand out batches of them, as often as they are asked for.

    Parameters
    ----------
    table : path
        Parquet or CSV, a file or a folder, of any size.
    target, kinds, drop, missing, reading, seed
        As in `train`, which does all of this by itself where a table outgrows memory.
    memory : int or str, optional
        Bytes, or words such as '1GB': a sixteenth of it, and 64 MB at most, are rows that are shuffled together.

    Raises
    ------
    TableError
        If the table cannot be read or learned from.
    """
    limit = None if memory is None else bytes_of(memory)
    asked = Asked(target, kinds, drop, missing, reading=reading, seed=seed)
    return Stream(streamed_table(table, asked, None, limit, SERIAL), seed)
