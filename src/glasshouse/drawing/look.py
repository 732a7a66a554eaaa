"""The colours of every page we write: one set of custom properties, light and dark."""

from __future__ import annotations

from functools import cache
from pathlib import Path

__all__ = ["palette"]


@cache
def palette() -> str:
    """The style sheet that names the colours; a page that includes it defines none of its own.

    Examples
    --------
    >>> "--accent" in palette()
    True
    """
    return (Path(__file__).parent / "palette.css").read_text("utf-8")
