"""`report`: one page about a model, to be read by somebody who never saw it, and its JSON twin."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..drawing.look import require_drawing
from ..health.findings import Diagnosis
from ..models.model import Model, Source
from ..models.pruning import Pruned
from ..storage import write_bytes
from ..tables.reading import Reading
from .html import page
from .place import place_of
from .subject import subject_of
from .twin import twin_of

__all__ = ["Report", "report"]


@dataclass(frozen=True)
class Report:
    """What `report` wrote.

    Attributes
    ----------
    twin : dict
        All that the page says and draws, as JSON holds it; its `schema_version` is 1.
    html : str
        The page: one file, which loads nothing and runs nothing.
    path : Path or None
        Where it was written.
    """

    twin: dict[str, Any] = field(repr=False)
    html: str = field(repr=False)
    path: Path | None = None


def report(
    model: Any,
    table: Source | None = None,
    *,
    out: str | os.PathLike[str] | None = None,
    reading: Reading | None = None,
) -> Report:
    """Write a page about a model: its scores, where it errs, how it learned, what it leans on, how to make it again.

    Parameters
    ----------
    model : Model, path, what `prune` returned, or a diagnosis with a fix
        A model that was just trained is shown beside its baselines; one that was just pruned or cured, beside the one
        before.
    table : path, Table or frame, optional
        Rows to judge it by, all that have the target. Without it, those held out of the table the model was trained on,
        while that lies beside the model.
    out : path, optional
        Where the page goes: beside the model as NAME.html if None; nowhere if ''.
    reading : Reading, optional
        What is known of the file.

    Raises
    ------
    OptionError
        If matplotlib is not installed, or nothing with a model was given.
    TableError
        If the table cannot be read, is not there any more, or does not fit the model.
    GlasshouseError
        If the page cannot be written, or another one that is no report stands where nobody named the place.

    Examples
    --------
    >>> import glasshouse as gh
    >>> model = gh.train("example:iris", target="target", baselines=False, out="")
    >>> found = gh.report(model)
    >>> found.twin["headline"]["score"], found.html.startswith("<!DOCTYPE html>")
    ('accuracy', True)
    """
    require_drawing("a report")
    place = place_of(_file(model), out, table)
    twin = twin_of(subject_of(model, table, reading))
    html = page(twin)
    if place is not None:
        write_bytes(place, html.encode("utf-8"))
    return Report(twin, html, place)


def _file(given: Any) -> Path | None:
    """The file of the model that was given."""
    if isinstance(given, str | os.PathLike):
        return Path(given)
    if isinstance(given, Pruned):
        return given.path
    if isinstance(given, Diagnosis):
        return None if given.cure is None else given.cure.path
    return given.run.path if isinstance(given, Model) and given.run is not None else None
