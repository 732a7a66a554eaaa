"""The table of formats that a trace is written in."""

from __future__ import annotations

import json
from collections.abc import Mapping

from ..errors import OptionError, choose
from .html import page, slides, worksheet
from .latex import as_latex
from .printed import Printed
from .text import as_markdown, as_text

__all__ = ["FORMATS", "PAGES", "rendered"]

FORMATS = {
    "text": "aligned text",
    "markdown": "a table for each part",
    "latex": "a document that compiles as it is, or with --fragment a part of one",
    "html": "one page: point at a number, and the path it came along lights up",
    "slides": "one page: arrow keys reveal one step at a time, at the size of a projector",
    "worksheet": "one page: blanks to fill in, which it marks by itself",
    "json": "one object, every number in full",
}
PAGES = ("html", "slides", "worksheet")


def rendered(
    printed: Printed, to: str, *, fragment: bool = False, differences: Mapping[str, float] | None = None
) -> str:
    """A trace in one of the formats.

    Raises
    ------
    OptionError
        If there is no such format, or it has no place for a fragment or for differences.
    """
    if fragment and to != "latex":
        raise OptionError(f"a fragment is a part of a LaTeX document, and this is {to}: write it with to latex")
    if differences is not None and to in PAGES:
        raise OptionError(f"{to} has no column for finite differences: take text, markdown, latex or json")
    match choose("format", to, FORMATS):
        case "text":
            return as_text(printed, differences)
        case "markdown":
            return as_markdown(printed, differences)
        case "latex":
            return as_latex(printed, differences, fragment)
        case "html":
            return page(printed)
        case "slides":
            return slides(printed)
        case "worksheet":
            return worksheet(printed)
    return json.dumps(printed.to_dict(differences), ensure_ascii=False, allow_nan=False, indent=1) + "\n"
