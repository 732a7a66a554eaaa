"""What a table may be, looked up in its file before it is read: few columns; of an upload, also few rows and bytes."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import Any

from ..errors import TableError

__all__ = ["MOST_COLUMNS", "expect_few_columns", "expect_small"]

MOST_COLUMNS = 2000
MOST_UNPACKED = 512 << 20  # bytes of a gzipped table
MOST_VALUES = 192 << 20  # bytes of the cells of a Parquet table, whose few bytes can say many
MOST_ROWS = 10_000_000  # of a Parquet table: a column stands in memory as text for a moment
CELL, NESTED = 4, 16  # bytes of a number at least; what a byte of a list takes once it is text
ROWS, FEWEST_ROWS, AT_ONCE = 8192, 16, 64 << 20  # bytes
PREFIXED = "DELTA_BYTE_ARRAY"  # an encoding in which a long cell may cost a few bytes
PIECE = 1 << 20
LINES, LONGEST_LINE = 5, 64 << 20
GZIP, PARQUET = b"\x1f\x8b", b"PAR1"


def expect_few_columns(path: Path, name: str) -> None:
    """Refuse what has so many columns that only counting them in vain would take long; `expect_columns` counts them.

    Raises
    ------
    TableError
        If each of the first lines, or the schema, has more than `MOST_COLUMNS`.
    """
    with open(path, "rb") as file:
        start = file.read(4)
    expect_columns(_parquet_of(path, name).num_columns if start == PARQUET else _columns_of_text(path, start), name)


def expect_columns(count: int, name: str) -> None:
    """
    Raises
    ------
    TableError
        If there are more than the page shows.
    """
    if count > MOST_COLUMNS:
        raise TableError(
            f"{name} has {count:,} columns, and the page shows at most {MOST_COLUMNS:,}: leave some out, or take the "
            "command line: glasshouse train"
        )


def _columns_of_text(path: Path, start: bytes) -> int:
    """The cells of the shortest of the first lines, by the delimiter of which there are most; 0 if it is damaged."""
    try:
        with gzip.open(path) if start.startswith(GZIP) else open(path, "rb") as file:
            lines = [line for _ in range(LINES) if (line := file.readline(LONGEST_LINE)).strip()]
    except (OSError, EOFError, zlib.error):  # reading it says so
        return 0
    return min((_cells(line) for line in lines), default=0)


def _cells(line: bytes) -> int:
    most = max(line.count(sign) for sign in b",;\t|")
    return (most or line.count(b" ")) + 1


def expect_small(path: Path, name: str) -> None:
    """Refuse an upload that would take much memory when it is read.

    Raises
    ------
    TableError
        If it is damaged, has too many columns, or would unpack to more than may be.
    """
    with open(path, "rb") as file:
        start = file.read(4)
    if start.startswith(GZIP):
        _expect_small_unpacked(path, name)
    expect_few_columns(path, name)
    if start == PARQUET:
        _expect_few_values(path, name)


def _expect_small_unpacked(path: Path, name: str) -> None:
    total, unpacking = 0, zlib.decompressobj(wbits=31)
    with open(path, "rb") as file:
        while piece := file.read(PIECE):
            while piece:
                try:
                    total += len(unpacking.decompress(piece, PIECE))
                except zlib.error as error:
                    raise TableError(f"{name} is a damaged gzip file: copy or download it again") from error
                if total > MOST_UNPACKED:
                    raise TableError(f"{name} unpacks to more than {MOST_UNPACKED >> 20} MB: upload a smaller table")
                piece = unpacking.unconsumed_tail
                if unpacking.eof:  # gzip files may follow each other in one
                    piece, unpacking = unpacking.unused_data, zlib.decompressobj(wbits=31)


# Parquet


def _parquet_of(path: Path, name: str) -> Any:
    """What the file says of itself."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_metadata(path)
    except (pa.ArrowException, OSError) as error:
        raise _damaged(name, error) from error


def _damaged(name: str, error: Exception) -> TableError:
    return TableError(f"{name} is a damaged Parquet file: {(str(error).splitlines() or [''])[0][:200]}")


def _expect_few_values(path: Path, name: str) -> None:
    """Add up what the cells take, some rows of a column at a time.

    Words stay codes, so that one said often stands there once. Where they cannot, because each is written as what
    differs from the one before, or stands in a list, so few rows are taken that long ones fit.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    about = _parquet_of(path, name)
    if about.num_rows > MOST_ROWS:
        raise TableError(f"{name} has {about.num_rows:,} rows: upload at most {MOST_ROWS:,}")
    chunks = [about.row_group(k).column(j) for k in range(about.num_row_groups) for j in range(about.num_columns)]
    _expect_fits(sum(max(chunk.total_uncompressed_size, CELL * chunk.num_values) for chunk in chunks), name)
    spelled = {chunk.path_in_schema for chunk in chunks if PREFIXED in chunk.encodings}
    longest = max((chunk.total_uncompressed_size for chunk in chunks), default=1)
    few = min(ROWS, max(FEWEST_ROWS, AT_ONCE // max(1, longest)))
    total = 0
    try:
        schema = pq.read_schema(path)
        words = {field.name for field in schema if _is_words(field.type)} - spelled
        long = spelled | {field.name for field in schema if pa.types.is_nested(field.type)}
        with pq.ParquetFile(path, read_dictionary=list(words)) as file:
            for column in schema.names:
                for batch in file.iter_batches(few if column in long else ROWS, columns=[column], use_threads=False):
                    total += sum(map(_bytes_of, batch.columns))
                    _expect_fits(total, name)
    except (pa.ArrowException, OSError) as error:
        raise _damaged(name, error) from error


def _expect_fits(n_bytes: int, name: str) -> None:
    if n_bytes > MOST_VALUES:
        raise TableError(f"{name} holds more than {MOST_VALUES >> 20} MB of cells: upload a smaller table")


def _is_words(kind: Any) -> bool:
    import pyarrow as pa

    of = pa.types
    return any(is_one(kind) for is_one in (of.is_string, of.is_binary, of.is_large_string, of.is_large_binary))


def _bytes_of(cells: Any) -> int:
    """What a part of a column takes once every cell stands for itself."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_nested(cells.type):
        return int(NESTED * cells.nbytes)
    some = cells.dictionary if pa.types.is_dictionary(cells.type) else cells
    if not _is_words(some.type):
        return max(CELL * len(cells), int(cells.nbytes))
    lengths = pc.cast(pc.binary_length(some), pa.int64())
    return CELL * len(cells) + int(pc.sum(lengths if some is cells else lengths.take(cells.indices)).as_py() or 0)
