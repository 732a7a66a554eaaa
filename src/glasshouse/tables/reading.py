"""Reading a table: every column as text first, whatever the file is written in, with what was odd about it kept.

pyarrow does the parsing; what it would guess about types is switched off, because a column gets one kind over all of
its cells, by the written rules of `columns`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from ..errors import OptionError, TableError
from .cells import Cells
from .columns import missing_mask
from .dialects import COMMA_NUMBER, GROUPED_NUMBER, Found, cut, dialect_of
from .examples import example
from .frames import table_of
from .memory import hand_back, handed_back
from .sources import source_of
from .table import DELIMITERS, Dialect, Table, listed

__all__ = ["Dialect", "Reading", "Table", "as_table", "files_of", "listed", "read_table"]

BLOCK = 1 << 21  # bytes that are parsed at a time
WORDS = {word: sign for sign, word in DELIMITERS.items()}


@dataclass(frozen=True)
class Reading:
    """What is said about a file beforehand; what is not said is found out.

    Parameters
    ----------
    delimiter : str or None
        One sign, or its name: comma, tab, semicolon, bar, blanks.
    header : bool or None
        Whether the first row holds the names.
    encoding : str or None
        As Python names it: utf-8, latin-1, utf-16.
    decimal : {'.', ','} or None
    names : tuple of str or None
        The name of each column, in place of the file's own.

    Raises
    ------
    OptionError
        If one of them cannot be.
    """

    delimiter: str | None = None
    header: bool | None = None
    encoding: str | None = None
    decimal: str | None = None
    names: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        delimiter = WORDS.get(str(self.delimiter), self.delimiter)
        if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\n\r\\'):
            raise OptionError(f"delimiter is {self.delimiter!r}: it must be one sign, or {', '.join(WORDS)}")
        object.__setattr__(self, "delimiter", delimiter)
        if self.decimal not in (None, ".", ","):
            raise OptionError(f"decimal is {self.decimal!r}: it must be . or ,")
        if self.names is not None:
            twice = {name for name in self.names if self.names.count(name) > 1 or not name}
            if twice or not self.names:
                raise OptionError(f"names holds {min(twice, default='nothing')!r}: give each column a name of its own")


def as_table(source: Any, reading: Reading | None = None, *, of_another: bool = False) -> Table:
    """A table from whatever holds one: a path, 'example:NAME', a Table, or a frame.

    If the reading was said `of_another` table, it holds for this one where this is text.

    Raises
    ------
    OptionError
        If it is said how a source is written that is not text.
    """
    is_path = isinstance(source, str | os.PathLike)
    is_text = is_path and not os.fspath(source).startswith("example:") and not _is_parquet(Path(source))
    if not is_text:
        said = [name for name, value in vars(reading or Reading()).items() if value is not None]
        if said and not of_another:
            what = source if is_path else f"a {type(source).__name__}"
            raise OptionError(f"{what} is no text: leave out {' and '.join(said)}")
        reading = None
    return read_table(source, reading) if is_path or isinstance(source, Table) else table_of(source)


def read_table(source: str | os.PathLike[str] | Table, reading: Reading | None = None) -> Table:
    """Read CSV or TSV, gzipped or not, Parquet, a folder of like files, or ``example:NAME``.

    A Table is handed back as it is.

    Raises
    ------
    TableError
        If the file is missing, empty, not text, or its rows differ in length; if the files of a folder differ.

    Examples
    --------
    >>> read_table("example:iris")
    <Table example:iris: 150 rows, 5 columns>
    """
    if isinstance(source, Table):
        return source
    reading = Reading() if reading is None else reading
    name = os.fspath(source)
    if name.startswith("example:"):
        return Table(name, {column: Cells.of(cells) for column, cells in example(name).items()})
    if not name:
        raise TableError("no table was named: give a path, or example:iris")
    path = Path(name)
    with handed_back():
        if path.is_dir():
            return _folder(path, reading)
        return _parquet(path) if _is_parquet(path) else _text_file(path, reading)


def _text_file(path: Path, reading: Reading) -> Table:
    name = str(path)
    source = source_of(path, reading.encoding)
    names = None if reading.names is None else list(reading.names)
    found = dialect_of(name, source.data, reading.delimiter, reading.header, reading.decimal, names)
    parsed = _parse(name, source.data, found)
    columns = {
        column: cells.map(lambda words: _trimmed(words, found.dialect.decimal))
        for column, cells in zip(found.names, parsed, strict=True)
    }
    dialect = replace(found.dialect, encoding=source.encoding, gzipped=source.gzipped)
    notes = [f"one name too few: the first column is called {found.names[0]}"] if found.unnamed_first else []
    table = _without_empty_ends(Table(name, columns, dialect, tuple(notes)), keep_columns=names is not None)
    if table.n_rows == 0:
        raise TableError(f"{name} has a header but no rows: a table needs both")
    return table


def _trimmed(words: pa.Array, decimal: str) -> pa.Array:
    """Words without blanks around them; numbers with a decimal comma become numbers with a point."""
    trimmed = pc.utf8_trim_whitespace(words)
    if decimal == ".":
        return trimmed
    commas = pc.match_substring_regex(trimmed, COMMA_NUMBER)
    grouped = pc.match_substring_regex(trimmed, GROUPED_NUMBER)
    pointed = pc.replace_substring(pc.replace_substring(trimmed, ".", ""), ",", ".")
    return pc.if_else(pc.or_(commas, grouped), pointed, trimmed)


def _without_empty_ends(table: Table, keep_columns: bool) -> Table:
    """Leave out nameless columns without a value at the right, and rows without a value at the bottom."""
    columns, notes = dict(table.columns), list(table.notes)
    empty = [name for name, cells in columns.items() if missing_mask(cells.counted().words).all()]
    tail: list[str] = []
    for k, name in reversed(list(enumerate(columns, start=1))):
        if keep_columns or name not in empty or name != f"column_{k}" or len(columns) - len(tail) < 2:
            break
        tail.append(name)
    for name in tail:
        del columns[name]
    if tail:
        notes.append(f"{len(tail)} empty column{'s' * (len(tail) > 1)} at the right left out")
    table = replace(table, columns=columns, notes=tuple(notes))
    filled = np.zeros(table.n_rows, bool)
    for cells in columns.values():
        filled |= cells.each(lambda words: pc.not_equal(words, "").fill_null(False))
    rows = int(filled.nonzero()[0].max(initial=-1)) + 1
    if rows == table.n_rows:
        return table
    notes.append(f"{table.n_rows - rows} empty rows at the end left out")
    shorter = {name: column.take(slice(rows)) for name, column in columns.items()}
    return replace(table, columns=shorter, notes=tuple(notes))


def _parse(name: str, data: bytes, found: Found) -> list[Cells]:
    """Each column, a block of rows at a time."""
    delimiter, header = found.dialect.delimiter, found.dialect.header
    if delimiter == " " or re.search(rf'(?:^|{re.escape(delimiter)}) +"'.encode(), data, re.MULTILINE):
        return _parse_row_by_row(name, data, found)
    bad: list[Any] = []

    def remember(row: Any) -> str:
        bad.append(row)
        return "error"

    # One thread: Arrow's own may still run when the interpreter ends, and then end it with an abort.
    # Safe to number the columns by place: the names are ours to give afterwards, whatever the header holds.
    places = [str(k) for k in range(len(found.names))]
    start = data.index(b"\n") + 1 if found.unnamed_first else 0  # its header has another width
    blocks: list[list[Cells]] = [[] for _ in places]
    try:
        for block in pa_csv.open_csv(
            pa.BufferReader(memoryview(data)[start:]),
            read_options=pa_csv.ReadOptions(
                column_names=places,
                skip_rows_after_names=int(header and not found.unnamed_first),
                use_threads=False,
                block_size=max(BLOCK, 2 * _longest_line(data)),
            ),
            parse_options=pa_csv.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, invalid_row_handler=remember
            ),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(places, pa.string()),
                strings_can_be_null=False,
                quoted_strings_can_be_null=False,
            ),
        ):
            for column, cells in zip(blocks, block.columns, strict=True):
                column.append(Cells.of(cells))
            hand_back()  # what is kept of a block is small and stands between what is gone
    except pa.ArrowInvalid as error:
        if bad:
            raise _ragged(name, bad[0].actual_columns, bad[0].expected_columns, bad[0].text) from error
        raise TableError(f"{name} cannot be read as a table: {str(error).splitlines()[0][:200]}") from error
    return [Cells.joined(column) if column else Cells.of([]) for column in blocks]


def _longest_line(data: bytes) -> int:
    """In bytes: no line may be longer than a block."""
    longest, last = 0, -1
    for start in range(0, len(data), BLOCK):
        block = np.frombuffer(data, np.uint8, min(BLOCK, len(data) - start), start)
        ends = np.flatnonzero(block == ord("\n")) + start
        if len(ends):
            longest, last = max(longest, int(np.diff(ends, prepend=last).max())), int(ends[-1])
    return max(longest, len(data) - 1 - last)


def _parse_row_by_row(name: str, data: bytes, found: Found) -> list[Cells]:
    """For blanks as delimiter, and for cells such as ``1, "a, b"``, which pyarrow takes for text with quotes in it."""
    rows = cut(name, data.decode("utf-8"), found.dialect.delimiter)[int(found.dialect.header) :]
    for row in rows:
        if len(row) != len(found.names):
            raise _ragged(name, len(row), len(found.names), found.dialect.delimiter.join(row))
    columns = zip(*rows, strict=True) if rows else [()] * len(found.names)
    return [Cells.of(column) for column in columns]


def _ragged(name: str, found: int, expected: int, text: str) -> TableError:
    cure = "quote cells that hold the delimiter, or name the delimiter"
    return TableError(f"{name}: a row has {found} cells where {expected} are expected ({text[:60]!r}): {cure}")


def _is_parquet(path: Path) -> bool:
    try:
        with open(path, "rb") as file:
            return file.read(4) == b"PAR1"
    except OSError:
        return False


def _parquet(path: Path) -> Table:
    import pyarrow.parquet as pq

    try:
        return table_of(pq.read_table(path, use_threads=False), str(path))
    except (pa.ArrowException, OSError) as error:
        raise TableError(f"{path} is a damaged Parquet file: {str(error).splitlines()[0][:200]}") from error


def _folder(path: Path, reading: Reading) -> Table:
    """The rows of every file in a folder, in the order of their names; all must have the same columns."""
    files = files_of(path)
    tables = [read_table(file, reading) for file in files]
    first = tables[0]
    for table in tables[1:]:
        differing = _differing(list(first.columns), list(table.columns))
        if differing:
            raise TableError(f"{table.name} has other columns than {first.name} ({listed(differing)}): keep like files")
    columns = {name: Cells.joined([table.columns[name] for table in tables]) for name in first.columns}
    notes = dict.fromkeys(note for table in tables for note in table.notes)
    return Table(str(path), columns, first.dialect, (f"{len(files)} files", *notes))


def files_of(path: Path) -> list[Path]:
    """The files in a folder, in the order of their names; a file is itself."""
    if not path.is_dir():
        return [path]
    files = sorted(file for file in path.iterdir() if file.is_file() and not file.name.startswith("."))
    if not files:
        raise TableError(f"{path} holds no file: name a folder of tables")
    return files


def _differing(first: Sequence[str], other: Sequence[str]) -> list[str]:
    return [name for name in first if name not in other] + [name for name in other if name not in first]
