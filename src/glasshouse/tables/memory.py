"""Memory that goes back to the system once a table is read or hashed: blocks of cells are large, and soon gone."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa

__all__ = ["hand_back", "handed_back"]


def hand_back() -> None:
    """Give freed memory of the C library back to the system."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)


@contextmanager
def handed_back() -> Iterator[None]:
    """Inside, Arrow allocates by the C library, whose freed memory is handed back at the end.

    Arrow's own pool keeps what it has freed: 38 MB after a table that takes 11.
    """
    pool = pa.default_memory_pool()
    pa.set_memory_pool(pa.system_memory_pool())
    try:
        yield
    finally:
        pa.set_memory_pool(pool)
        hand_back()
