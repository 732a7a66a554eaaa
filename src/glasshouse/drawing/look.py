"""What every page we write shares: its colours, light and dark, and how its templates are read."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["palette", "templates_in"]


@cache
def palette() -> str:
    """The style sheet that names the colours; a page that includes it defines none of its own.

    Examples
    --------
    >>> "--accent" in palette()
    True
    """
    return (Path(__file__).parent / "palette.css").read_text("utf-8")


def templates_in(folder: Path, **settings: Any) -> Environment:
    """The templates of a folder; whatever they are given is text, unless we say it is ours.

    Examples
    --------
    >>> templates_in(Path()).from_string("<p>{{ name }}</p>").render(name="<script>")
    '<p>&lt;script&gt;</p>'
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        autoescape=True,
        loader=FileSystemLoader(folder, encoding="utf-8"),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        **settings,
    )
