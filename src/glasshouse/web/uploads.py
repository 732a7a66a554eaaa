"""Taking a table in: a piece at a time, counted, and looked at before it has a name in the folder."""

from __future__ import annotations

import os
import secrets
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

from ..errors import TableError
from .answers import working
from .folder import MOST_IN_UPLOADS, Folder, is_name, safe_name
from .guard import UPLOAD_LIMIT, Refused

__all__ = ["take_in"]

MOST_UNPACKED = 512 << 20  # bytes of a gzipped table
MOST_CELLS = 100_000_000  # of a Parquet table, whose few bytes can say many
PIECE = 1 << 20


async def take_in(folder: Folder, name: str, pieces: AsyncIterator[bytes]) -> tuple[str, int]:
    """Write an upload into the folder, under a name that is free: its id, and its bytes.

    Raises
    ------
    TableError
        If it does not end as a table does, is empty, or would unpack to more than may be.
    Refused
        If it, or all uploads together, are too large.
    """
    wanted = safe_name(name)
    room = MOST_IN_UPLOADS - folder.uploaded()
    temporary = folder.uploads / f".{secrets.token_hex(8)}"
    written = 0
    try:
        with open(temporary, "xb") as file:
            async for piece in pieces:
                written += len(piece)
                if written > min(room, UPLOAD_LIMIT):
                    raise Refused(
                        413, f"uploads take {MOST_IN_UPLOADS >> 20} MB at most: remove some from {folder.uploads}"
                    )
                file.write(piece)
        if not written:
            raise TableError(f"{wanted} is empty: a table needs at least a few rows")
        await working(_expect_small, temporary, wanted)
        return f"upload:{_placed(temporary, folder.uploads, wanted)}", written
    except OSError as error:
        raise TableError(f"cannot keep {wanted}: {error.strerror}") from error
    finally:
        temporary.unlink(missing_ok=True)


def _placed(temporary: Path, folder: Path, wanted: str) -> str:
    """Give it its name, or that name with a number: what is there already stays."""
    stem, dot, suffix = wanted.partition(".")
    for number in range(1, 1000):
        name = wanted if number == 1 else f"{stem}-{number}{dot}{suffix}"
        assert is_name(name)
        try:
            os.link(temporary, folder / name)
        except FileExistsError:
            continue
        return name
    raise TableError(f"there are 1,000 uploads called {wanted}: remove some")


def _expect_small(path: Path, name: str) -> None:
    with open(path, "rb") as file:
        start = file.read(4)
    if start.startswith(b"\x1f\x8b"):
        _expect_small_unpacked(path, name)
    elif start == b"PAR1":
        _expect_few_cells(path, name)


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


def _expect_few_cells(path: Path, name: str) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        about = pq.read_metadata(path)
    except (pa.ArrowException, OSError) as error:
        raise TableError(f"{name} is a damaged Parquet file: {str(error).splitlines()[0][:200]}") from error
    if about.num_rows * max(1, about.num_columns) > MOST_CELLS:
        raise TableError(f"{name} holds more than {MOST_CELLS:,} cells: upload a smaller table")
