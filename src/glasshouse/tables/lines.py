"""Text as columns: the lines of a file, or of a part of it, cut into cells a block at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from gzip import GzipFile
from typing import IO, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv as pa_csv

from ..errors import TableError
from .dialects import Found, cut

__all__ = ["BLOCK", "column_blocks", "first_row", "whole_lines"]

BLOCK = 1 << 21  # bytes that are parsed at a time
LONGEST = 1 << 26  # bytes of one row, beyond which quotes do not pair up


def column_blocks(name: str, data: bytes, found: Found) -> Iterator[list[pa.Array]]:
    """The columns of a text as arrays of strings, some rows at a time.

    Raises
    ------
    TableError
        If a row has more or fewer cells than the first.
    """
    delimiter, header = found.dialect.delimiter, found.dialect.header
    if not data.strip(b"\r\n"):
        return
    spaced = b' "' in data and re.search(rf'(?:^|{re.escape(delimiter)}) +"'.encode(), data, re.MULTILINE)
    if delimiter == " " or spaced:
        yield _row_by_row(name, data, found)
        return
    bad: list[Any] = []

    def remember(row: Any) -> str:
        bad.append(row)
        return "error"

    # One thread: Arrow's own may still run when the interpreter ends, and then end it with an abort.
    # Safe to number the columns by place: the names are ours to give afterwards, whatever the header holds.
    places = [str(k) for k in range(len(found.names))]
    start = data.index(b"\n") + 1 if found.unnamed_first else 0  # its header has another width
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
            yield block.columns
    except pa.ArrowInvalid as error:
        if bad:
            raise _ragged(name, bad[0].actual_columns, bad[0].expected_columns, bad[0].text) from error
        raise TableError(f"{name} cannot be read as a table: {str(error).splitlines()[0][:200]}") from error


def whole_lines(name: str, file: IO[bytes] | GzipFile, size: int, delimiter: str) -> Iterator[bytes]:
    """A file in pieces of about so many bytes, cut where a row ends: at a newline that no quotes enclose.

    Raises
    ------
    TableError
        If quotes do not pair up for so long that no row can end.
    """
    rest = b""
    while chunk := file.read(size):
        data = rest + chunk
        end = _last_row_end(data, delimiter)
        if end < 0 and len(data) > LONGEST:
            raise TableError(f"{name}: no row ends within {LONGEST:,} bytes: quotes do not pair up, mend the file")
        rest = data[end + 1 :]
        if end >= 0:
            yield data[: end + 1]
    if rest.strip():
        yield rest if rest.endswith(b"\n") else rest + b"\n"


def first_row(data: bytes, delimiter: str) -> int:
    """How many bytes of a text are its first row, -1 if that does not end."""
    done = 0
    for quoted in _quoted(data, delimiter):
        if (end := data.find(b"\n", done, quoted.start(1))) >= 0:
            return end + 1
        done = quoted.end()
    return data.find(b"\n", done) + 1 or -1


def _last_row_end(data: bytes, delimiter: str) -> int:
    """The last newline that no quotes enclose, in a text that begins with a row; -1 if there is none.

    A quote opens where a cell begins; elsewhere it is one more letter, as the mark of inches is.
    """
    text = np.frombuffer(data, np.uint8)
    quotes, end = np.flatnonzero(text == ord('"')), data.rfind(b"\n")
    if _pair_up(text, quotes, delimiter):
        while end >= 0 and (before := int(np.searchsorted(quotes, end))) % 2:
            end = data.rfind(b"\n", 0, quotes[before - 1])
        return end
    end = done = 0
    for quoted in _quoted(data, delimiter):
        end, done = max(end, data.rfind(b"\n", done, quoted.start(1)) + 1), quoted.end()
    return max(end, data.rfind(b"\n", done) + 1) - 1


def _pair_up(text: npt.NDArray[np.uint8], quotes: npt.NDArray[np.int64], delimiter: str) -> bool:
    """Whether every other quote begins a cell, or is the second of two: then those between close."""
    opening = quotes[::2]
    before = text[np.maximum(opening - 1, 0)]
    starts = opening == 0
    for sign in f'\n\r"{delimiter}'.encode():
        starts |= before == sign
    return bool(starts.all())


def _quoted(data: bytes, delimiter: str) -> Iterator[re.Match[bytes]]:
    """The quoted parts of cells, the quote that opens each being group 1; the last may not end."""
    return re.finditer(rb'(?:\A|[\n\r%b]) *(")[^"]*(?:""[^"]*)*(?:"|\Z)' % re.escape(delimiter.encode()), data)


def _longest_line(data: bytes) -> int:
    """In bytes: no line may be longer than a block."""
    longest, last = 0, -1
    for start in range(0, len(data), BLOCK):
        block = np.frombuffer(data, np.uint8, min(BLOCK, len(data) - start), start)
        ends = np.flatnonzero(block == ord("\n")) + start
        if len(ends):
            longest, last = max(longest, int(np.diff(ends, prepend=last).max())), int(ends[-1])
    return max(longest, len(data) - 1 - last)


def _row_by_row(name: str, data: bytes, found: Found) -> list[pa.Array]:
    """For blanks as delimiter, and for cells such as ``1, "a, b"``, which pyarrow takes for text with quotes in it."""
    rows = cut(name, data.decode("utf-8"), found.dialect.delimiter)[int(found.dialect.header) :]
    for row in rows:
        if len(row) != len(found.names):
            raise _ragged(name, len(row), len(found.names), found.dialect.delimiter.join(row))
    columns = zip(*rows, strict=True) if rows else [()] * len(found.names)
    return [pa.array(column, pa.string()) for column in columns]


def _ragged(name: str, found: int, expected: int, text: str) -> TableError:
    cure = "quote cells that hold the delimiter, or name the delimiter"
    return TableError(f"{name}: a row has {found} cells where {expected} are expected ({text[:60]!r}): {cure}")
