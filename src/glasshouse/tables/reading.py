"""Reading a table: every column as text first, whatever the file is written in, with what was odd about it kept.

pyarrow does the parsing; what it would guess about types is switched off, because a column gets one kind over all of
its cells, by the written rules of `columns`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..errors import OptionError, TableError
from .cells import Cells
from .dialects import Found, dialect_of, pointed
from .examples import example
from .files import expect_like, files_of, is_parquet, partition_of
from .frames import table_of
from .lines import column_blocks
from .memory import hand_back, handed_back
from .sources import source_of
from .table import DELIMITERS, Dialect, Table, listed
from .words import Words

__all__ = ["Dialect", "Reading", "Table", "as_table", "expect_unsaid", "files_of", "listed", "read_table"]

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
    is_text = is_path and not os.fspath(source).startswith("example:") and not is_parquet(Path(source))
    if not is_text:
        if not of_another:
            expect_unsaid(source if is_path else f"a {type(source).__name__}", reading)
        reading = None
    return read_table(source, reading) if is_path or isinstance(source, Table) else table_of(source)


def expect_unsaid(what: Any, reading: Reading | None) -> None:
    """Refuse to be told how something is written that is no text."""
    said = [name for name, value in vars(reading or Reading()).items() if value is not None]
    if said:
        raise OptionError(f"{what} is no text: leave out {' and '.join(said)}")


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
        return _parquet(path) if is_parquet(path) else _text_file(path, reading)


def _text_file(path: Path, reading: Reading) -> Table:
    name = str(path)
    source = source_of(path, reading.encoding)
    names = None if reading.names is None else list(reading.names)
    found = dialect_of(name, source.data, reading.delimiter, reading.header, reading.decimal, names)
    parsed = _parse(name, source.data, found)
    columns = {
        column: cells.map(lambda words: pointed(words, found.dialect.decimal))
        for column, cells in zip(found.names, parsed, strict=True)
    }
    dialect = replace(found.dialect, encoding=source.encoding, gzipped=source.gzipped)
    notes = [f"one name too few: the first column is called {found.names[0]}"] if found.unnamed_first else []
    table = _without_empty_ends(Table(name, columns, dialect, tuple(notes)), keep_columns=names is not None)
    if table.n_rows == 0:
        raise TableError(f"{name} has a header but no rows: a table needs both")
    return table


def _without_empty_ends(table: Table, keep_columns: bool) -> Table:
    """Leave out nameless columns without a value at the right, and rows without a value at the bottom."""
    columns, notes = dict(table.columns), list(table.notes)
    empty = [name for name, cells in columns.items() if cells.counted().known.missing.all()]
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
    columns: list[list[Cells]] = [[] for _ in found.names]
    for block in column_blocks(name, data, found):
        for column, cells in zip(columns, block, strict=True):
            column.append(Cells.of(cells))
        hand_back()  # what is kept of a block is small and stands between what is gone
    return [Cells.joined(column) if column else Cells.of([]) for column in columns]


def _parquet(path: Path) -> Table:
    import pyarrow.parquet as pq

    try:
        return table_of(pq.read_table(path, use_threads=False, partitioning=None), str(path))
    except (pa.ArrowException, OSError) as error:
        raise TableError(f"{path} is a damaged Parquet file: {str(error).splitlines()[0][:200]}") from error


def _folder(path: Path, reading: Reading) -> Table:
    """The rows of every file in a folder, in the order of their names; all must have the same columns."""
    files = files_of(path)
    tables = [_partitioned(read_table(file, reading), partition_of(path, file)) for file in files]
    first = tables[0]
    for table in tables[1:]:
        expect_like((first.name, list(first.columns)), (table.name, list(table.columns)))
    columns = {name: Cells.joined([table.columns[name] for table in tables]) for name in first.columns}
    notes = dict.fromkeys(note for table in tables for note in table.notes)
    return Table(str(path), columns, first.dialect, (f"{len(files)} files", *notes))


def _partitioned(table: Table, said: Mapping[str, str | None]) -> Table:
    """A table with what the folders of its file say, in columns of one value."""
    more = {
        name: Cells(Words(pa.array([value], pa.string())), np.zeros(table.n_rows, int)) for name, value in said.items()
    }
    return replace(table, columns={**table.columns, **more})
