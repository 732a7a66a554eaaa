"""Taking a table in: a piece at a time, counted, and looked at before it has a name in the folder."""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

from ..errors import TableError
from .answers import working
from .bounds import expect_small
from .folder import MOST_IN_UPLOADS, Folder, is_name, safe_name
from .guard import UPLOAD_LIMIT, Refused

__all__ = ["take_in"]


async def take_in(folder: Folder, name: str, pieces: AsyncIterator[bytes]) -> tuple[str, int]:
    """Write an upload into the folder, under a name that is free: its id, and its bytes.

    Raises
    ------
    TableError
        If it does not end as a table does, is empty, or would take more than may be; see `bounds.expect_small`.
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
        await working(expect_small, temporary, wanted)
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
