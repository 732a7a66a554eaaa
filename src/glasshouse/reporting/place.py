"""Where a page goes: beside its model, but never over a page that somebody else wrote."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ..errors import GlasshouseError
from ..storage import bears, checked_place

__all__ = ["page_beside", "place_of"]

MARK = b'<meta name="generator" content="Glasshouse report">'


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
    if place.exists() and not bears(place, MARK):
        raise GlasshouseError(
            f"cannot write {place}: it is there and is no report of Glasshouse: move it, or choose another place"
        )
    return place
