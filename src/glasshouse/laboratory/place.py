"""Where a page or slides go: where somebody said, else beside nothing that is not ours."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ..drawing.look import require_drawing
from ..errors import GlasshouseError
from ..storage import bears, checked_place

__all__ = ["Place", "place_of"]

MARK = b"Glasshouse laboratory"  # in the head of a page
TWIN = b'"kind": "laboratory"'  # in that of its twin


class Place(NamedTuple):
    """A page, or a folder of slides."""

    path: Path
    to: str

    @property
    def twin(self) -> Path:
        return self.path.with_suffix(".json")


def place_of(out: str | os.PathLike[str] | None, to: str, names: Sequence[str]) -> Place | None:
    """Find out, before any work is done, where it will go; None for nowhere.

    Raises
    ------
    OptionError
        If there is nothing to draw with.
    GlasshouseError
        If it cannot be written there, or something else stands where nobody named the place.
    """
    if out is not None and not os.fspath(out):
        return None
    require_drawing("the laboratory")
    stem = names[0] if len(names) == 1 else "lab"
    if to == "slides":
        return Place(_folder(Path(f"{stem}-slides" if out is None else out)), to)
    place = Place(checked_place(f"{stem}.html" if out is None else out), to)
    if place.twin == place.path:
        raise GlasshouseError(f"cannot write {place.path}: its JSON twin goes there: name a page, such as lab.html")
    checked_place(place.twin)
    for path, mark in ((place.path, MARK), (place.twin, TWIN)):
        if path.exists() and (out is None or path is not place.path) and not bears(path, mark):
            raise GlasshouseError(f"cannot write {path}: it is there and is none of ours: move it, or say --out")
    return place


def _folder(path: Path) -> Path:
    if path.exists() and not path.is_dir():
        raise GlasshouseError(f"cannot write slides into {path}: it is a file: name a folder")
    checked_place(path / "a.png" if path.exists() else path)
    return path
