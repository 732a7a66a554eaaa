"""A table that is not read whole: its columns, its portions, and about how many rows it has."""

from __future__ import annotations

import codecs
import gzip
import re
import zlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from ..errors import TableError
from .cells import Cells
from .dialects import SAMPLE, Found, cut, dialect_of
from .files import expect_like, files_of, is_parquet, partition_of, unpacked_size
from .lines import first_row, whole_lines
from .portions import STRETCH, File, Portion, RowGroup, Stretch, Text, Zipped
from .reading import Reading, expect_unsaid
from .sources import encoding_of
from .table import Dialect, Table
from .words import is_missing, is_numeric

__all__ = ["Dataset", "dataset"]

SINGLE_BYTE = re.compile(r"^(utf-8|utf-8-sig|ascii|iso8859-[0-9]+|cp125[0-9]|koi8-[ru]|mac-roman)$")  # or like it


@dataclass(frozen=True, eq=False)
class Dataset:
    """A large table.

    Attributes
    ----------
    name : str
        What the user called it.
    columns : tuple of str
        In the order of the first file.
    portions : tuple of portions
    n_rows : int
        Of Parquet as its files say, of text an estimate from its first rows.
    n_bytes : int
        About what it takes unpacked.
    numeric : frozenset of str
        Columns of a type of numbers.
    """

    name: str
    columns: tuple[str, ...]
    portions: tuple[Portion, ...]
    n_rows: int
    n_bytes: int
    numeric: frozenset[str]
    dialect: Dialect | None
    notes: tuple[str, ...]

    @property
    def headings(self) -> Table:
        """The columns, without a row."""
        return Table(self.name, dict.fromkeys(self.columns, Cells.of([])), self.dialect, self.notes)

    @property
    def width(self) -> int:
        """About how many bytes a row takes as it is decoded."""
        return max(8 * len(self.columns), self.n_bytes // max(self.n_rows, 1), 1)

    @property
    def described(self) -> str:
        """What other processes that read it must see too."""
        files = dict.fromkeys((portion.file.path, portion.file.size) for portion in self.portions)
        sizes = ", ".join(f"{path.name} {size}" for path, size in files)
        return f"columns {', '.join(self.columns)}; files {sizes}"


class _Part(NamedTuple):
    """What one file adds."""

    file: File
    columns: list[str]
    numeric: frozenset[str]
    nothing: frozenset[str]
    portions: list[Portion]
    n_rows: int
    n_bytes: int
    dialect: Dialect | None
    notes: list[str]


def dataset(source: str, reading: Reading | None = None) -> Dataset:
    """Look at the files of a table: at what Parquet says of itself, and at where the rows of text end.

    Raises
    ------
    TableError
        If there is no such file, files differ in their columns, or one is not Parquet or text.
    """
    root, reading = Path(source), reading or Reading()
    if not root.exists():
        raise TableError(f"there is no file {source}: check the path, or try example:iris")
    if is_parquet(root):
        expect_unsaid(source, reading)
    parts = [_part(File.of(path, partition_of(root, path)), reading) for path in files_of(root)]
    first = parts[0]
    for part in parts[1:]:
        expect_like((str(first.file.path), first.columns), (str(part.file.path), part.columns))
        for column in sorted((first.numeric ^ part.numeric) - first.nothing - part.nothing):
            here, there = ("numbers" if column in p.numeric else "text" for p in (part, first))
            raise TableError(
                f"{part.file.path}: column {column!r} is {here}, in {first.file.path} it is {there}: keep like files"
            )
    notes = [f"{len(parts)} files"] if root.is_dir() else []
    notes += dict.fromkeys(note for part in parts for note in part.notes)
    return Dataset(
        source,
        tuple(first.columns),
        tuple(portion for part in parts for portion in part.portions),
        sum(part.n_rows for part in parts),
        sum(part.n_bytes for part in parts),
        first.numeric,
        first.dialect,
        tuple(notes),
    )


def _part(file: File, reading: Reading) -> _Part:
    return _parquet(file) if is_parquet(file.path) else _text(file, reading)


def _parquet(file: File) -> _Part:
    try:
        found = pq.read_metadata(file.path)
        schema = found.schema.to_arrow_schema()
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0][:120]
        raise TableError(f"{file.path} is a damaged Parquet file ({reason}): copy or download it again") from error
    twice = {name for name in schema.names if schema.names.count(name) > 1}
    if twice or not schema.names:
        what = f"two columns {min(twice)!r}: rename one" if twice else "no columns"
        raise TableError(f"{file.path} has {what}")
    groups = [
        RowGroup(file, k, rows.num_rows, max(8 * len(schema.names), rows.total_byte_size // rows.num_rows))
        for k in range(found.num_row_groups)
        if (rows := found.row_group(k)).num_rows
    ]
    n_bytes = sum(found.row_group(k).total_byte_size for k in range(found.num_row_groups))
    numeric = frozenset(f.name for f in schema if is_numeric(f.type)) - file.said.keys()
    nothing = frozenset(f.name for f in schema if pa.types.is_null(f.type))
    columns = [*dict.fromkeys([*schema.names, *file.said])]
    return _Part(file, columns, numeric, nothing, [*groups], found.num_rows, n_bytes, None, [])


def _text(file: File, reading: Reading) -> _Part:
    name, zipped = str(file.path), _is_gzip(file.path)
    with (gzip.open if zipped else open)(file.path, "rb") as opened:
        try:
            sample = opened.read(SAMPLE + 4)
        except (OSError, EOFError, zlib.error) as error:
            raise TableError(f"{name} is a damaged gzip file: copy or download it again") from error
    said = reading.encoding or encoding_of(sample[: sample.rfind(b"\n") + 1] or sample)  # no letter is cut in two
    encoding = _encoding(name, said)
    mark = 3 if sample.startswith(codecs.BOM_UTF8) else 0
    text = sample[mark:].decode(encoding, errors="ignore").encode().replace(b"\r\n", b"\n")
    if not text.strip() or b"\n" not in text:
        if b"\r" in text.strip():
            raise TableError(
                f"{name} ends its lines as old Macs did, which cannot be read in parts: save it with newlines"
            )
        raise TableError(f"{name} has no second line: a table needs at least a few rows")
    names = None if reading.names is None else list(reading.names)
    found = dialect_of(name, text, reading.delimiter, reading.header, reading.decimal, names)
    found = found._replace(dialect=replace(found.dialect, encoding=said, gzipped=zipped))
    start = mark + _first_row(name, sample[mark:], found)
    n_empty = 0 if names else _empty_at_the_right(name, text, found)
    notes = [f"one name too few: the first column is called {found.names[0]}"] if found.unnamed_first else []
    notes += [f"{n_empty} empty column{'s' * (n_empty > 1)} at the right left out"] if n_empty else []
    n_bytes = _size(file, zipped)
    lines = sample.count(b"\n")
    n_rows = max(int(n_bytes / (len(sample) / max(lines, 1))), 1)
    how = Text(found, encoding, n_empty)
    portions: list[Portion] = [Zipped(file, start, how)] if zipped else [*_stretches(file, start, how)]
    columns = [*dict.fromkeys([*found.names[: len(found.names) - n_empty], *file.said])]
    return _Part(file, columns, frozenset(), frozenset(), portions, n_rows, n_bytes, found.dialect, notes)


def _size(file: File, zipped: bool) -> int:
    """About how many bytes of text a file holds."""
    if not zipped:
        return file.size
    with open(file.path, "rb") as opened:
        return unpacked_size(file.size, opened)


def _encoding(name: str, said: str) -> str:
    """An encoding as Python calls it, if its newlines are single bytes."""
    try:
        encoding = codecs.lookup(said).name
    except LookupError as error:
        raise TableError(f"there is no encoding {said!r}: try utf-8, latin-1 or utf-16") from error
    if not SINGLE_BYTE.match(encoding):
        raise TableError(
            f"{name} is written in {said}, which cannot be read in parts: save it as UTF-8, or give more --memory"
        )
    return encoding.removesuffix("-sig")


def _empty_at_the_right(name: str, text: bytes, found: Found) -> int:
    """How many columns at the right have no name and hold nothing in the first rows, as where lines end in a comma."""
    rows = cut(name, text[: text.rfind(b"\n") + 1].decode(), found.dialect.delimiter)[found.dialect.header :]
    n_empty = 0
    for k in range(len(found.names), 1, -1):
        if found.names[k - 1] != f"column_{k}" or not all(
            is_missing(row[k - 1].strip()) for row in rows if len(row) >= k
        ):
            break
        n_empty += 1
    return n_empty


def _first_row(name: str, sample: bytes, found: Found) -> int:
    """Where the rows begin: behind empty lines, and behind the header, which may hold newlines in quotes."""
    start = len(sample) - len(sample.lstrip(b"\r\n"))
    if not found.dialect.header:
        return start
    length = first_row(sample[start:], found.dialect.delimiter)
    if length < 0:
        raise TableError(f"{name}: the first row does not end within {len(sample):,} bytes: mend its quotes")
    return start + length


def _stretches(file: File, start: int, how: Text) -> list[Stretch]:
    portions: list[Stretch] = []
    with open(file.path, "rb") as opened:
        opened.seek(start)
        for piece in whole_lines(str(file.path), opened, STRETCH, how.found.dialect.delimiter):
            end = min(start + len(piece), file.size)
            portions.append(Stretch(file, start, end, how))
            start = end
    return portions


def _is_gzip(path: Path) -> bool:
    try:
        with open(path, "rb") as file:
            return file.read(2) == b"\x1f\x8b"
    except OSError as error:
        raise TableError(f"cannot read {str(path)[:80]!r}: {error.strerror}") from error
