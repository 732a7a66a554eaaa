"""Which files a table is made of: one, a folder of like files, or partitions, whose folders are called COLUMN=VALUE."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote

from ..errors import TableError
from .table import listed

__all__ = ["expect_like", "files_of", "is_parquet", "partition_of", "unpacked_size"]

PACKED = 2  # times its size that a gzipped table of 4 GiB or more has unpacked, at least
NO_VALUE = "__HIVE_DEFAULT_PARTITION__"


def files_of(path: Path) -> list[Path]:
    """The files in a folder and its partitions, in the order of their names; a file is itself.

    What begins with a dot or an underscore is passed over: other programs leave marks that are no tables.
    """
    if not path.is_dir():
        return [path]
    files = sorted(
        Path(folder, name)
        for folder, folders, names in os.walk(path)
        if Path(folder) == path or partition_of(path, Path(folder, "x"))
        for name in names
        if name[0] not in "._"
    )
    if not files:
        raise TableError(f"{path} holds no file: name a folder of tables")
    return files


def partition_of(root: Path, file: Path) -> dict[str, str | None]:
    """What the folders between a root and a file say of its rows.

    Examples
    --------
    >>> partition_of(Path("sales"), Path("sales/year=2024/month=1/a.parquet"))
    {'year': '2024', 'month': '1'}
    """
    if root == file:
        return {}
    pairs = (part.partition("=") for part in file.relative_to(root).parts[:-1])
    return {name: None if value == NO_VALUE else unquote(value) for name, sign, value in pairs if sign}


def is_parquet(path: Path) -> bool:
    """By its first four bytes."""
    try:
        with open(path, "rb") as file:
            return file.read(4) == b"PAR1"
    except OSError:
        return False


def unpacked_size(size: int, file: BinaryIO) -> int:
    """About how many bytes a gzipped file of this size holds: what its end says, which is a remainder of 4 GiB."""
    file.seek(-4, os.SEEK_END)
    said = int.from_bytes(file.read(4), "little")
    return said + max(-(-(PACKED * size - said) // (1 << 32)), 0) * (1 << 32)


def expect_like(first: tuple[str, Sequence[str]], other: tuple[str, Sequence[str]]) -> None:
    """Refuse two files, each with the names of its columns, that differ in them."""
    (name, ours), (file, theirs) = first, other
    differing = [column for column in ours if column not in theirs] + [c for c in theirs if c not in ours]
    if differing:
        raise TableError(f"{file} has other columns than {name} ({listed(differing)}): keep like files")
