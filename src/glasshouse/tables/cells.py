"""One column of text as its distinct cells and the place of each row among them.

Most columns say a few things many times. What depends on a cell alone is then worked out once for each distinct cell,
a row costs one, two or four bytes, and what a column holds in all is a count that adds up over blocks of rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from .words import WRITTEN, Words, doubles

__all__ = ["Cells", "Counted"]

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Counted:
    """Distinct cells in the order of their first appearance, and how many rows hold each.

    Counts of blocks of rows add up to the count of all of them: what is learned from counts is the same however the
    rows were cut.

    Examples
    --------
    >>> (Cells.of(["a", "b"]).counted() + Cells.of(["b", "c"]).counted()).counts.tolist()
    [1, 2, 1]
    """

    known: Words
    counts: npt.NDArray[np.int64]

    @property
    def words(self) -> pa.Array:
        """The distinct cells as text."""
        return self.known.text

    def __add__(self, other: Counted) -> Counted:
        words, places = _distinct(pa.concat_arrays([self.words, other.words]))
        counts = np.bincount(places, np.concatenate((self.counts, other.counts)), len(words))
        return Counted(Words(words), counts.astype(np.int64))

    def where(self, mask: Any) -> Counted:
        """Those for which a mask over the words is true."""
        mask = np.asarray(mask, bool)
        return Counted(self.known.where(mask), self.counts[mask])

    @property
    def n_rows(self) -> int:
        return int(self.counts.sum())


class Cells:
    """A column of n_rows cells, text or null.

    Attributes
    ----------
    known : Words
        Each distinct cell once, null among them if there is one; of a part of the rows, also words that none holds.
    places : (n_rows,) uint8, uint16 or uint32
        Where among the words the cell of each row is.

    Examples
    --------
    >>> cells = Cells.of(["yes", "no", "yes", None])
    >>> cells.words.to_pylist(), cells.places.tolist()
    (['yes', 'no', None], [0, 1, 0, 2])
    """

    __slots__ = ("known", "places")

    def __init__(self, known: Words, places: Array):
        self.known, self.places = known, _small(places, len(known))

    @classmethod
    def of(cls, cells: Sequence[str | None] | pa.Array) -> Cells:
        """From each cell in turn."""
        words, places = _distinct(cells if isinstance(cells, pa.Array) else pa.array(cells, pa.string()))
        return cls(Words(words), places)

    @classmethod
    def of_numbers(cls, values: npt.NDArray[np.float64], written: str = WRITTEN) -> Cells:
        """From numbers, NaN where a cell is null, and the type of Arrow by which they become text."""
        distinct, places = _distinct(pa.array(values + 0.0, from_pandas=True))  # there is one zero
        return cls(Words.of_numbers(doubles(distinct), written), places)

    @property
    def words(self) -> pa.Array:
        """The distinct cells as text."""
        return self.known.text

    @classmethod
    def joined(cls, blocks: Sequence[Cells]) -> Cells:
        """The rows of several columns, one below the other."""
        if len(blocks) == 1:
            return blocks[0]
        whole = cls._joined([block.known for block in blocks])
        ends = np.cumsum([len(block.known) for block in blocks])
        places = [whole.places[end - len(b.known) : end][b.places] for b, end in zip(blocks, ends, strict=True)]
        return cls(whole.known, np.concatenate(places))

    @classmethod
    def _joined(cls, known: Sequence[Words]) -> Cells:
        """All words of several columns, as the cells of one."""
        written = {each.written for each in known}
        if len(written) == 1 and all(each.numeric for each in known):
            return cls.of_numbers(np.concatenate([each.values for each in known]), written.pop())
        return cls.of(pa.concat_arrays([each.text for each in known]))

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, row: int) -> str | None:
        return self.known[int(self.places[row])]

    def to_pylist(self) -> list[str | None]:
        return self.text().to_pylist()  # type: ignore[no-any-return]

    def text(self, rows: slice = slice(None)) -> pa.Array:
        """The cell of each row, written out."""
        return self.words.take(pa.array(self.places[rows]))

    def take(self, rows: Any) -> Cells:
        """The cells of these rows."""
        return Cells(self.known, self.places[rows])

    def numbers(self, name: str) -> npt.NDArray[np.float64]:
        """Of each row as a number; see `Words.numbers`."""
        return self.known.numbers(name)[self.places]

    def each(self, function: Callable[[pa.Array], Any]) -> Array:
        """For each row what a function says of its word; it is asked once for each distinct one."""
        return np.asarray(function(self.words))[self.places]

    def map(self, function: Callable[[pa.Array], pa.Array]) -> Cells:
        """Every word by another, or by null; words that become the same are one."""
        words, new = _distinct(function(self.words))
        return Cells(Words(words), _small(new, len(words))[self.places])

    def per_word(self) -> npt.NDArray[np.int64]:
        """How many rows hold each word."""
        return np.bincount(self.places, minlength=len(self.known))

    def counted(self) -> Counted:
        """The words that rows hold, and how many do."""
        counts = self.per_word()
        return Counted(self.known, counts).where(counts > 0)


def _distinct(cells: pa.Array) -> tuple[pa.Array, Array]:
    coded = cells.dictionary_encode(null_encoding="encode")
    return coded.dictionary, np.asarray(coded.indices)


def _small(places: Array, n_words: int) -> Array:
    """Places in the fewest bytes that hold them."""
    kind = np.uint8 if n_words <= 1 << 8 else np.uint16 if n_words <= 1 << 16 else np.uint32
    return places.astype(kind, copy=False)
