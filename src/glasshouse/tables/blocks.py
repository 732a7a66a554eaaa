"""A block: some rows of a large table as they were decoded, each column numbers or text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ..errors import TableError
from .cells import Cells
from .frames import text_of
from .words import LARGEST, WRITTEN, doubles, is_numeric, missing_mask, numbers, words_of

__all__ = ["ROWS", "Block", "column_of", "joined", "stacked"]

Array = npt.NDArray[Any]
Column = Any  # (n_rows,) float64, NaN where a cell is missing; or a pyarrow string array
ROWS = 1 << 16  # of a block, at most


@dataclass(frozen=True, eq=False)
class Block:
    """Rows of a large table.

    Attributes
    ----------
    columns : dict of str to (n_rows,) float64, or to a pyarrow string array
        Columns of a type of numbers are numbers; all others are text, as they are in a `Table`.
    source : str
        The file and the part of it these rows come from, for messages.
    written : mapping of str to str
        The type of Arrow that the numbers of a column had, by which they become words: `WRITTEN` if none is named.
    """

    columns: dict[str, Column]
    n_rows: int
    source: str
    written: Mapping[str, str] = field(default_factory=dict)

    def numbers(self, name: str) -> npt.NDArray[np.float64]:
        """A column as numbers, NaN where a cell is missing or is none.

        Raises
        ------
        TableError
            If one is infinite, or beyond 1e30.
        """
        column = self.columns[name]
        try:
            return _finite(name, column) if isinstance(column, np.ndarray) else numbers(name, column)
        except TableError as error:
            raise TableError(f"{self.source}: {error}") from error

    def unreadable(self, name: str, values: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        """Where a cell is no number and not missing either, given the column as numbers."""
        column, odd = self.columns[name], np.isnan(values)
        if not isinstance(column, np.ndarray) and odd.any():
            odd[odd] = ~missing_mask(pc.utf8_trim_whitespace(column.filter(pa.array(odd))))
            return odd
        return np.zeros(self.n_rows, bool)

    def cells(self, name: str) -> Cells:
        """A column as its distinct cells."""
        column = self.columns[name]
        if not isinstance(column, np.ndarray):
            return Cells.of(pc.utf8_trim_whitespace(column))
        return Cells.of_numbers(column, self.written_as(name))

    def written_as(self, name: str) -> str:
        """The type by which the numbers of a column become words."""
        return self.written.get(name, WRITTEN)

    def called(self, names: Mapping[str, str]) -> Block:
        """The columns that stand under these names, under new ones."""
        columns = {new: self.columns[old] for new, old in names.items()}
        written = {new: self.written_as(old) for new, old in names.items()}
        return replace(self, columns=columns, written=written)

    def take(self, mask: npt.NDArray[np.bool_]) -> Block:
        """The rows for which a mask is true."""
        kept = {
            name: column[mask] if isinstance(column, np.ndarray) else column.filter(pa.array(mask))
            for name, column in self.columns.items()
        }
        return replace(self, columns=kept, n_rows=int(mask.sum()))

    def at(self, rows: npt.NDArray[np.int64]) -> Block:
        """The rows of these numbers, in their order."""
        kept = {
            name: column[rows] if isinstance(column, np.ndarray) else column.take(pa.array(rows))
            for name, column in self.columns.items()
        }
        return replace(self, columns=kept, n_rows=len(rows))

    def without(self, marks: dict[str, tuple[str, ...]]) -> Block:
        """The block with nothing where a cell is a mark of its column, or of every column (those under '')."""
        if not marks:
            return self
        columns = dict(self.columns)
        for name, column in columns.items():
            gone = [*marks.get("", ()), *marks.get(name, ())]
            if gone:
                columns[name] = _without(column, gone, self.written_as(name))
        return replace(self, columns=columns)

    def hash_into(self, digest: Any) -> None:
        """Add every cell to a digest, the columns in the order of their names."""
        for name in sorted(self.columns):
            column = self.columns[name]
            if isinstance(column, np.ndarray):
                digest.update(np.where(np.isnan(column), np.nan, column).tobytes())
                continue
            digest.update(np.asarray(pc.binary_length(column).fill_null(-1)).tobytes())
            text = column.fill_null("")
            digest.update(pc.binary_join(pa.ListArray.from_arrays([0, len(text)], text), "")[0].as_buffer())


def stacked(blocks: Sequence[Block]) -> Block:
    """The rows of several blocks of the same columns as one."""
    first = blocks[0]
    columns = {}
    for name, column in first.columns.items():
        parts = [block.columns[name] for block in blocks]
        columns[name] = np.concatenate(parts) if isinstance(column, np.ndarray) else pa.concat_arrays(parts)
    return replace(first, columns=columns, n_rows=sum(block.n_rows for block in blocks))


def joined(blocks: Sequence[Block], names: Sequence[str]) -> dict[str, Cells]:
    """The columns of several blocks, one below the other, as text: what a `Table` is made of."""
    return {name: Cells.joined([block.cells(name) for block in blocks] or [Cells.of([])]) for name in names}


def column_of(cells: pa.Array) -> Column:
    """A column of a block from an Arrow array of any type."""
    if is_numeric(cells.type):
        return doubles(pc.cast(cells, pa.float64(), safe=False))
    if pa.types.is_string(cells.type):
        cells.validate(full=True)  # nothing else says that its bytes are no text
    try:
        return text_of(cells)
    except pa.ArrowException:  # lists and the like, and bytes that are no text
        return pa.array([None if cell is None else str(cell).strip() for cell in cells.to_pylist()], pa.string())


def _finite(name: str, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    with np.errstate(invalid="ignore"):
        beyond = np.abs(values) > LARGEST
    if beyond.any():
        raise TableError(
            f"column {name!r} holds {values[int(beyond.argmax())]:g}: a number must be finite and within {LARGEST:g}: "
            "mend it, or leave the cell empty"
        )
    return values


def _without(column: Column, gone: Sequence[str], written: str) -> Column:
    if not isinstance(column, np.ndarray):
        words = pc.utf8_trim_whitespace(column)
        return pc.if_else(pc.is_in(words, value_set=pa.array(gone)), pa.scalar(None, pa.string()), words)
    values = np.array([value for value in map(_number, gone) if value is not None])
    if written != "int64":
        values = doubles(pc.cast(pc.cast(pa.array(values), written, safe=False), pa.float64()))
    marks = values[np.asarray(pc.is_in(words_of(values, written), value_set=pa.array(gone)))]
    return np.where(np.isin(column, marks), np.nan, column)


def _number(word: str) -> float | None:
    try:
        return float(word)
    except ValueError:
        return None
