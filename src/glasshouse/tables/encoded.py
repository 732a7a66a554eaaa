"""A table as its encoding reads it: a code for each distinct cell, of which rows of numbers are written when asked."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .encodings import Encoding, Read

__all__ = ["Encoded", "Surprises"]

Array = npt.NDArray[Any]
BLOCK = 1 << 13  # rows written out at a time
SMALL = 1 << 23  # bytes of numbers that are rather kept than written again every time


@dataclass(frozen=True)
class Surprises:
    """Cells that were not as in training, counted: unreadable numbers and unseen categories, by column."""

    unreadable: dict[str, int]
    unseen: dict[str, int]

    def __add__(self, other: Surprises) -> Surprises:
        return Surprises(*(dict(Counter(a) + Counter(b)) for a, b in zip(vars(self).values(), vars(other).values())))


@dataclass(frozen=True, eq=False)
class Encoded:
    """Rows that can be written as numbers, all or some of them, as often as they are asked for.

    Attributes
    ----------
    encodings, reads, places : one a column
        What was learned, what it makes of each distinct cell, and where among these the cell of each row is.
    """

    encodings: tuple[Encoding, ...]
    reads: list[Read]
    places: list[Array]
    n_rows: int

    @property
    def n_features(self) -> int:
        return sum(len(encoding.features) for encoding in self.encodings)

    @property
    def shape(self) -> tuple[int, int]:
        return self.n_rows, self.n_features

    def __len__(self) -> int:
        return self.n_rows

    def take(self, rows: Any) -> Encoded:
        """Some of the rows."""
        n_rows = len(range(self.n_rows)[rows]) if isinstance(rows, slice) else len(rows)
        return Encoded(self.encodings, self.reads, [places[rows] for places in self.places], n_rows)

    def write(self, rows: Any) -> npt.NDArray[np.float32]:
        """These rows as numbers."""
        return self.take(rows).dense()

    def compact(self) -> Any:
        """All rows as numbers if they are few; else themselves, to be written as they are needed."""
        return self if 4 * self.n_rows * self.n_features > SMALL else self.dense()

    def dense(self) -> npt.NDArray[np.float32]:
        """(n_rows, n_features)."""
        out = np.empty((self.n_rows, self.n_features), np.float32)
        self.write_into(slice(None), out)
        return out

    def matrix(self) -> Any:
        """(n_rows, n_features) as a CSR matrix where that takes less memory, elsewhere as an array."""
        n_nonzero = self._n_nonzero()
        if self.n_rows <= BLOCK or 2 * n_nonzero > self.n_rows * self.n_features:
            return self.dense()
        from scipy.sparse import csr_array

        data, columns = np.empty(n_nonzero, np.float32), np.empty(n_nonzero, np.int32)
        ends = np.zeros(self.n_rows + 1, np.int64 if n_nonzero > np.iinfo(np.int32).max else np.int32)
        out, end = np.empty((BLOCK, self.n_features), np.float32), 0
        for start in range(0, self.n_rows, BLOCK):
            block = out[: min(BLOCK, self.n_rows - start)]
            self.write_into(slice(start, start + len(block)), block)
            row, column = block.nonzero()
            here = slice(end, end := end + len(row))
            data[here], columns[here] = block[row, column], column
            ends[start + 1 : start + len(block) + 1] = here.start + np.cumsum(np.bincount(row, minlength=len(block)))
        return csr_array((data, columns, ends), (self.n_rows, self.n_features))

    def surprises(self) -> Surprises:
        """What is odd about these rows."""
        unreadable: dict[str, int] = {}
        unseen: dict[str, int] = {}
        for encoding, read, places in zip(self.encodings, self.reads, self.places, strict=True):
            for found, odd in ((unreadable, read.unreadable), (unseen, read.unseen)):
                if odd.any() and (count := int(odd[places].sum())):
                    found[encoding.name] = count
        return Surprises(unreadable, unseen)

    def write_into(self, rows: slice, out: npt.NDArray[np.float32]) -> None:
        """These rows as numbers, into an array (n_rows, n_features)."""
        start = 0
        for encoding, read, places in zip(self.encodings, self.reads, self.places, strict=True):
            end = start + len(encoding.features)
            codes = read.codes[places[rows]]
            if codes.ndim == 2:
                out[:, start:end] = codes
            else:
                out[:, start:end] = 0
                told = codes >= 0
                out[told.nonzero()[0], start + codes[told]] = 1
            start = end

    def _n_nonzero(self) -> int:
        total = 0
        for read, places in zip(self.reads, self.places, strict=True):
            counts = np.bincount(places, minlength=len(read.codes))
            each = (read.codes != 0).sum(axis=1) if read.codes.ndim == 2 else read.codes >= 0
            total += int((counts * each).sum())
        return total
