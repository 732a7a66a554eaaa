"""Where a page goes: beside its model, but never over a page that somebody else wrote."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ..errors import GlasshouseError
from ..storage import checked_place

__all__ = ["page_beside", "place_of"]

MARK = b'<meta name="generator" content="Glasshouse report">'
HEAD = 2000  # bytes of a file in which the mark must stand


def place_of(model: str | os.PathLike[str] | None, out: str | os.PathLike[str] | None, *inputs: Any) -> Path | None:
    """Where the page about a model file goes, found writable; None for nowhere."""
    if out is not None:
        return checked_place(out, model, *inputs) if os.fspath(out) else None
    return None if model is None else page_beside(model, *inputs)


def page_beside(model: str | os.PathLike[str], *inputs: Any) -> Path:
    """NAME.html beside NAME.glass.

    Raises
    ------
    GlasshouseError
        If it cannot be written to, or stands there and is no report: nobody named this place.
    """
    place = checked_place(Path(model).with_suffix(".html"), model, *inputs)
    if place.exists() and not _is_report(place):
        raise GlasshouseError(
            f"cannot write {place}: it is there and is no report of Glasshouse: move it, or choose another place"
        )
    return place


def _is_report(path: Path) -> bool:
    """Whether it begins as our pages do."""
    try:
        with open(path, "rb") as file:
            return MARK in file.read(HEAD)
    except OSError:
        return False
