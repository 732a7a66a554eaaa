"""Reading a table: every column as text first, with the delimiter, the header and the compression found out.

pyarrow does the parsing; what it would guess about types is switched off, because a column gets one kind over all of
its cells, by the written rules of `columns`.
"""

from __future__ import annotations

import csv
import difflib
import gzip
import io
import os
import re
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from ..errors import TableError
from .columns import is_missing, is_number
from .examples import example

__all__ = ["Dialect", "Table", "listed", "read_table"]

DELIMITERS = {",": "comma", "\t": "tab", ";": "semicolon", "|": "bar"}
SAMPLE = 1 << 18  # bytes that decide the dialect


@dataclass(frozen=True)
class Dialect:
    """How the cells of a file are told apart."""

    delimiter: str
    header: bool
    gzipped: bool

    def __str__(self) -> str:
        words = [DELIMITERS[self.delimiter], "header" if self.header else "no header"]
        return ", ".join([*words, "gzip"] if self.gzipped else words)


@dataclass(frozen=True, eq=False)
class Table:
    """Named columns of text cells, all of one length; blanks around cells are gone.

    Attributes
    ----------
    name : str
        What the user called it, for messages.
    columns : dict of str to pyarrow string array
    dialect : Dialect or None
        None for a table that was not read from a file.
    """

    name: str
    columns: dict[str, pa.Array]
    dialect: Dialect | None = None

    @property
    def n_rows(self) -> int:
        return len(next(iter(self.columns.values()))) if self.columns else 0

    @property
    def named(self) -> bool:
        """Whether the names are the file's own, rather than made by us."""
        return self.dialect is None or self.dialect.header

    def take(self, rows: npt.NDArray[Any]) -> Table:
        """The rows of these numbers, in their order."""
        return Table(
            self.name, {name: cells.take(pa.array(rows)) for name, cells in self.columns.items()}, self.dialect
        )

    def resolve(self, column: str) -> str:
        """The name of a column given by name, by number from 1, or as ``last``.

        Raises
        ------
        TableError
            If there is no such column; the nearest name is offered, or the first few.
        """
        names = list(self.columns)
        if column in self.columns:
            return column
        if column == "last":
            return names[-1]
        if column.isascii() and column.isdecimal() and len(column) < 10 and 1 <= int(column) <= len(names):
            return names[int(column) - 1]
        near = difflib.get_close_matches(column, names, n=1)
        cure = f"did you mean {near[0]!r}?" if near else f"it has {listed(names)}"
        raise TableError(f"{self.name} has no column {column!r}: {cure}")

    def __repr__(self) -> str:
        return f"<Table {self.name}: {self.n_rows} rows, {len(self.columns)} columns>"


def listed(names: Sequence[str], most: int = 8) -> str:
    """Names for a message: the first few, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(repr(name) if " " in name or not name else name for name in names[:most]) + more


def read_table(source: str | os.PathLike[str] | Table) -> Table:
    """Read CSV or TSV, gzipped or not, or ``example:NAME``; a Table is handed back as it is.

    Raises
    ------
    TableError
        If the file is missing, empty, not text, or its rows differ in length.

    Examples
    --------
    >>> read_table("example:iris")
    <Table example:iris: 150 rows, 5 columns>
    """
    if isinstance(source, Table):
        return source
    name = os.fspath(source)
    if name.startswith("example:"):
        return Table(name, {column: pa.array(cells, pa.string()) for column, cells in example(name).items()})
    data, gzipped = _bytes_of(Path(name))
    _check_text(name, data)
    data = data.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n") + b"\n"  # the first line is the header or a row
    delimiter, header, names = _dialect(name, data)
    table = _parse(name, data, delimiter, header, names)
    columns = {
        column: pc.utf8_trim_whitespace(cells.combine_chunks())
        for column, cells in zip(names, table.columns, strict=True)
    }
    if table.num_rows == 0:
        raise TableError(f"{name} has a header but no rows: a table needs both")
    return Table(name, columns, Dialect(delimiter, header, gzipped))


def _bytes_of(path: Path) -> tuple[bytes, bool]:
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise TableError(f"there is no file {path}: check the path, or try example:iris") from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise TableError(f"cannot read {str(path)[:80]!r}: {reason}") from error
    if not data.startswith(b"\x1f\x8b"):
        return data, False
    try:
        return gzip.decompress(data), True
    except (OSError, EOFError, zlib.error) as error:
        raise TableError(f"{path} is a damaged gzip file: copy or download it again") from error


def _check_text(name: str, data: bytes) -> None:
    if not data.removeprefix(b"\xef\xbb\xbf").strip():
        raise TableError(f"{name} is empty: a table needs at least a few rows")
    if b"\0" in data:
        place = data.index(b"\0")
        raise TableError(f"{name} is not text (a zero byte at position {place}): save the table as CSV in UTF-8")
    try:
        data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        byte = data[error.start]
        raise TableError(
            f"{name} is not UTF-8 (byte 0x{byte:02x} at position {error.start}): save the table as CSV in UTF-8"
        ) from error


def _dialect(name: str, data: bytes) -> tuple[str, bool, list[str]]:
    """The delimiter that cuts the first rows into the most columns of one count; header or none; the names."""
    text = data[:SAMPLE].decode("utf-8-sig", errors="ignore")
    if len(data) > SAMPLE:
        text = text[: text.rfind("\n") + 1] or text
    best: tuple[float, str, list[list[str]]] = (0.0, ",", [])
    for delimiter in DELIMITERS:
        try:
            rows = [
                row
                for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
                if row
            ]
        except csv.Error as error:
            raise TableError(f"{name} cannot be read as a table ({error}): save it as CSV in UTF-8") from error
        width, agreeing = Counter(len(row) for row in rows[:1000]).most_common(1)[0]
        score = (width if width > 1 else 0.5) * (agreeing / min(len(rows), 1000)) ** 4
        if score > best[0]:
            best = (score, delimiter, rows)
    _, delimiter, rows = best
    cells = [[cell.strip() for cell in row] for row in rows[:1000]]
    header = _has_header(cells)
    names = cells[0] if header else [f"column_{k}" for k in range(1, len(cells[0]) + 1)]
    return delimiter, header, _unique(names)


def _has_header(rows: list[list[str]]) -> bool:
    """A first row without numbers, above a column of numbers or above columns that never repeat it."""
    first, body = rows[0], [row for row in rows[1:] if len(row) == len(rows[0])]
    if not body:
        return not any(is_number(cell) for cell in first)
    if any(is_number(cell) for cell in first):
        return False
    columns = list(zip(*body, strict=True))
    if any(all(is_number(cell) or is_missing(cell) for cell in column) for column in columns):
        return True
    return not any(cell in column for cell, column in zip(first, columns, strict=True))


def _unique(names: list[str]) -> list[str]:
    """Name the nameless by their number, and tell namesakes apart."""
    unique: dict[str, None] = {}
    for k, name in enumerate(names, start=1):
        candidate, count = name or f"column_{k}", 2
        while candidate in unique:
            candidate, count = f"{name or f'column_{k}'}.{count}", count + 1
        unique[candidate] = None
    return list(unique)


def _parse(name: str, data: bytes, delimiter: str, header: bool, names: list[str]) -> pa.Table:
    if re.search(rf'(?:^|{re.escape(delimiter)}) +"'.encode(), data, re.MULTILINE):
        return _parse_quotes_after_blanks(name, data, delimiter, header, names)
    bad: list[Any] = []

    def remember(row: Any) -> str:
        bad.append(row)
        return "error"

    # One thread: Arrow's own may still run when the interpreter ends, and then end it with an abort.
    # Safe to number the columns by place: the names are ours to give afterwards, whatever the header holds.
    places = [str(k) for k in range(len(names))]
    try:
        return pa_csv.read_csv(
            pa.BufferReader(data),
            read_options=pa_csv.ReadOptions(column_names=places, skip_rows_after_names=int(header), use_threads=False),
            parse_options=pa_csv.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, invalid_row_handler=remember
            ),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(places, pa.string()),
                strings_can_be_null=False,
                quoted_strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid as error:
        if bad:
            raise _ragged(name, bad[0].actual_columns, bad[0].expected_columns, bad[0].text) from error
        raise TableError(f"{name} cannot be read as a table: {str(error).splitlines()[0]}") from error


def _parse_quotes_after_blanks(name: str, data: bytes, delimiter: str, header: bool, names: list[str]) -> pa.Table:
    """For cells such as ``1, "a, b"``, which pyarrow takes for text with quotes in it."""
    text = io.StringIO(data.decode("utf-8-sig"), newline="")
    try:
        rows = [row for row in csv.reader(text, delimiter=delimiter, skipinitialspace=True) if row][int(header) :]
    except csv.Error as error:
        raise TableError(f"{name} cannot be read as a table: {error}") from error
    for row in rows:
        if len(row) != len(names):
            raise _ragged(name, len(row), len(names), delimiter.join(row))
    return pa.table({str(k): pa.array(column, pa.string()) for k, column in enumerate(zip(*rows, strict=True))})


def _ragged(name: str, found: int, expected: int, text: str) -> TableError:
    cure = "quote cells that hold the delimiter"
    return TableError(f"{name}: a row has {found} cells where {expected} are expected ({text[:60]!r}): {cure}")
