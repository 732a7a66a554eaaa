"""Whether a table fits in memory: what it would take, and what there is."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from ..errors import OptionError
from ..tables.files import files_of, is_parquet, unpacked_size

__all__ = ["LEAST", "SHARE", "bytes_of", "expect_room", "free", "needed", "outgrows"]

UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
UNITS |= {"KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30, "TIB": 1 << 40}
LEAST = 10**9  # bytes that the program, the rows it holds and two windows take: docs/large.md
COLUMN = 7 * 10**6 // 2  # bytes that a column takes: a page of Parquet, and the counts of its cells
FEW = 100  # columns that `LEAST` is enough for
# What reading a table whole takes at its peak, as a multiple of its bytes before compression: docs/performance.md.
PARQUET, TEXT = 9, 6
SHARE = 0.5  # of the memory that is free, which a table may take


def bytes_of(memory: int | str) -> int:
    """Bytes from a number, or from words such as 1GB or 512MiB.

    Raises
    ------
    OptionError
        If it is no such number, or less than the program needs.

    Examples
    --------
    >>> bytes_of("1.5GB")
    1500000000
    """
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?) *([A-Za-z]*)", str(memory).strip())
    if found is None or found[2].upper() not in UNITS:
        raise OptionError(f"memory is {memory!r}: write a number of bytes, or one like 2GB")
    n_bytes = int(float(found[1]) * UNITS[found[2].upper()])
    if n_bytes < LEAST:
        raise OptionError(f"memory is {memory!r}: give at least 1GB, which the program itself needs")
    return n_bytes


def expect_room(name: str, n_columns: int, memory: int) -> None:
    """Refuse a table that is so wide that it cannot be read in parts either in this memory.

    Raises
    ------
    OptionError
        With how much it takes.
    """
    least = LEAST + COLUMN * max(n_columns - FEW, 0)
    if memory < least:
        raise OptionError(
            f"memory is {memory / 1e9:.3g}GB, and {name} has {n_columns:,} columns: to read it in parts takes about "
            f"{least / 1e9:.1f}GB, give more, or drop columns from the file"
        )


def outgrows(table: Any, memory: int | None, ranks: int = 1) -> bool:
    """Whether a table would take more than this memory if it were read whole, or more than half of what is free.

    Parameters
    ----------
    ranks : int
        How many processes of this machine would each read it.
    """
    if not isinstance(table, str | os.PathLike) or os.fspath(table).startswith("example:") or not Path(table).exists():
        return False
    return needed(Path(table)) > (free() * SHARE / ranks if memory is None else memory)


def needed(path: Path) -> int:
    """About how many bytes a table takes at the peak of reading it whole."""
    return sum(PARQUET * _encoded(file) if is_parquet(file) else TEXT * _unpacked(file) for file in files_of(path))


def free() -> int:
    """Bytes of memory that this process may still take: of the machine, and of every group it is in."""
    found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    found += [int(line.split()[1]) * 1024 for line in _lines("/proc/meminfo") if line.startswith("MemAvailable:")]
    own = next((line.removeprefix("0::/") for line in _lines("/proc/self/cgroup") if line.startswith("0::/")), "")
    group = Path("/sys/fs/cgroup", own)
    for place in (group, *group.parents):
        limit, used = (_lines(place / f"memory.{name}") for name in ("max", "current"))
        if limit and used and limit[0].isdecimal():
            cached = [
                int(line.split()[1]) for line in _lines(place / "memory.stat") if line.startswith("inactive_file ")
            ]
            found.append(max(int(limit[0]) - int(used[0]) + sum(cached), 0))
    return min(found)


def _lines(path: str | Path) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []


def _encoded(path: Path) -> int:
    """The bytes of a Parquet file's columns before compression; of a damaged one, its own."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        found = pq.read_metadata(path)
    except (pa.ArrowException, OSError, UnicodeDecodeError):
        return path.stat().st_size
    return sum(found.row_group(k).total_byte_size for k in range(found.num_row_groups))


def _unpacked(path: Path) -> int:
    size = path.stat().st_size
    with open(path, "rb") as file:
        return unpacked_size(size, file) if file.read(2) == b"\x1f\x8b" else size
