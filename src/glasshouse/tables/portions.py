"""The portions of a large table, each read by itself: row groups of Parquet, stretches of text."""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ..errors import TableError
from .blocks import ROWS, Block, column_of
from .dialects import Found, pointed
from .lines import column_blocks, whole_lines
from .words import is_numeric, missing_mask, written_as

__all__ = ["STRETCH", "File", "Portion", "RowGroup", "Stretch", "Text", "Zipped"]

STRETCH = 1 << 23  # bytes of text in a portion
BYTES = 1 << 24  # of a block, at most about, unless so few rows take more
FEWEST = 1 << 8
READ_AHEAD = 1 << 18  # bytes of a column chunk that are read at a time


@dataclass(frozen=True)
class File:
    """A file of a large table, and what its folders say of its rows; known again by its size and time."""

    path: Path
    size: int
    time: int
    said: Mapping[str, str | None] = field(default_factory=dict)

    @classmethod
    def of(cls, path: Path, said: Mapping[str, str | None]) -> File:
        found = os.stat(path)
        return cls(path, found.st_size, found.st_mtime_ns, said)

    def expect_unchanged(self) -> None:
        """Refuse a file that is another one by now.

        Raises
        ------
        TableError
            If its size or its time is not what it was: row groups and lines would be cut at the wrong places.
        """
        try:
            found = os.stat(self.path)
        except OSError as error:
            raise TableError(f"{self.path} cannot be read any more ({error.strerror}): put it back") from error
        if (found.st_size, found.st_mtime_ns) != (self.size, self.time):
            raise TableError(
                f"{self.path} changed while it was read (from {self.size:,} to {found.st_size:,} bytes): "
                "wait until it is whole, or train on a copy"
            )

    def with_said(self, columns: dict[str, Any], n_rows: int) -> dict[str, Any]:
        """The columns of a block and those its folders tell."""
        return columns | {name: pa.array([value] * n_rows, pa.string()) for name, value in self.said.items()}


@dataclass(frozen=True)
class RowGroup:
    """A row group of a Parquet file, whose rows take about `width` bytes each."""

    file: File
    place: int
    n_rows: int
    width: int = 8

    def __str__(self) -> str:
        return f"{self.file.path}, row group {self.place}"

    def blocks(self, columns: Sequence[str]) -> Iterator[Block]:
        """These columns of its rows, some rows at a time.

        Raises
        ------
        TableError
            If it is damaged, or the file has changed.
        """
        self.file.expect_unchanged()
        names, seen = [name for name in columns if name not in self.file.said], 0
        try:
            with pq.ParquetFile(
                self.file.path, buffer_size=READ_AHEAD, pre_buffer=False, page_checksum_verification=True
            ) as file:
                written = {field.name: written_as(field.type) for field in file.schema_arrow if is_numeric(field.type)}
                rows = min(max(BYTES // self.width, FEWEST), ROWS)
                for batch in file.iter_batches(rows, row_groups=[self.place], columns=names, use_threads=False):
                    seen += batch.num_rows
                    found = {name: column_of(batch.column(name)) for name in names}
                    yield Block(self.file.with_said(found, batch.num_rows), batch.num_rows, str(self), written)
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:  # the last: text in a list that is none
            self.file.expect_unchanged()
            reason = str(error).splitlines()[0][:120]
            raise TableError(f"{self} is damaged ({reason}): copy or download the file again") from error
        self.file.expect_unchanged()
        if seen != self.n_rows:
            raise TableError(f"{self} holds {seen:,} rows and says {self.n_rows:,}: copy or download the file again")


class Text(NamedTuple):
    """How the lines of a file are read, and how many columns at its right have no name and hold nothing."""

    found: Found
    encoding: str
    n_empty: int = 0


@dataclass(frozen=True)
class Stretch:
    """Whole lines of a file of text, from one byte to another."""

    file: File
    start: int
    end: int
    text: Text

    def __str__(self) -> str:
        return f"{self.file.path}, bytes {self.start:,} to {self.end:,}"

    def blocks(self, columns: Sequence[str]) -> Iterator[Block]:
        """These columns of its rows, some rows at a time.

        Raises
        ------
        TableError
            If a row has the wrong number of cells, the bytes are no text, or the file has changed.
        """
        self.file.expect_unchanged()
        with open(self.file.path, "rb") as file:
            file.seek(self.start)
            data = file.read(self.end - self.start)
        self.file.expect_unchanged()
        yield from _parsed(str(self), data, self.file, self.text, columns)


@dataclass(frozen=True)
class Zipped:
    """All lines of a gzipped file of text, which can only be read from its beginning."""

    file: File
    start: int
    text: Text

    def __str__(self) -> str:
        return str(self.file.path)

    def blocks(self, columns: Sequence[str]) -> Iterator[Block]:
        """These columns of its rows, some rows at a time; see `Stretch`."""
        self.file.expect_unchanged()
        try:
            with gzip.open(self.file.path, "rb") as file:
                file.read(self.start)
                for piece in whole_lines(str(self), file, STRETCH, self.text.found.dialect.delimiter):
                    yield from _parsed(str(self), piece, self.file, self.text, columns)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            self.file.expect_unchanged()
            raise TableError(f"{self} is a damaged gzip file: copy or download it again") from error


Portion = RowGroup | Stretch | Zipped


def _parsed(name: str, data: bytes, file: File, text: Text, columns: Sequence[str]) -> Iterator[Block]:
    found, encoding, n_empty = text
    try:
        letters = data.decode(encoding)
    except UnicodeDecodeError as error:
        what = f"byte 0x{data[error.start]:02x}, {error.start:,} bytes on, is not {encoding}"
        raise TableError(f"{name}: {what}: name another encoding, such as latin-1") from error
    if encoding != "utf-8":
        data = letters.encode()
    if b"\0" in data:
        raise TableError(f"{name} is not text (a zero byte): save the table as CSV in UTF-8")
    headless = replace(found.dialect, header=False)
    for block in column_blocks(name, data, Found(headless, found.names, unnamed_first=False)):
        _expect_nothing(name, found.names, block, n_empty)
        cells = {c: _pointed(a, found.dialect.decimal) for c, a in zip(found.names, block, strict=True) if c in columns}
        n_rows = len(block[0])
        for start in range(0, n_rows, ROWS):
            some = {column: array[start : start + ROWS] for column, array in cells.items()}
            n = min(ROWS, n_rows - start)
            yield Block(file.with_said(some, n), n, name)


def _expect_nothing(name: str, names: Sequence[str], block: Sequence[pa.Array], n_empty: int) -> None:
    """Refuse a cell in the columns that were left out because the first rows hold nothing there."""
    for column, cells in list(zip(names, block, strict=True))[len(names) - n_empty :]:
        words = pc.utf8_trim_whitespace(cells)
        held = words.filter(pa.array(~missing_mask(words)))
        if len(held):
            raise TableError(
                f"{name}: {column!r} has no name, is empty at first and holds {held[0].as_py()[:40]!r} here: name it"
            )


def _pointed(cells: pa.Array, decimal: str) -> pa.Array:
    """Cells whose numbers have a decimal point; blanks around them stay, where they cost nothing."""
    return cells if decimal == "." else pointed(cells, decimal)
