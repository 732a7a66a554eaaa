"""What every page we write shares: its colours, light and dark, and how its templates are read."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import OptionError

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["colors", "palette", "require_drawing", "templates_in"]


NAMED = re.compile(r"--([\w-]+): (#[0-9a-f]{6})")


@cache
def palette() -> str:
    """The style sheet that names the colours; a page that includes it defines none of its own.

    Examples
    --------
    >>> "--accent" in palette()
    True
    """
    return (Path(__file__).parent / "palette.css").read_text("utf-8")


@cache
def colors(scheme: str) -> Mapping[str, str]:
    """The colours of a scheme, ``light`` or ``dark``, by name, for what is no page and cannot look them up.

    Examples
    --------
    >>> colors("light")["paper"], colors("dark")["paper"]
    ('#fdfdfc', '#16181d')
    """
    light, dark = palette().split("@media screen")
    found = dict(NAMED.findall(light))
    return found if scheme == "light" else found | dict(NAMED.findall(dark))


def require_drawing(thing: str) -> None:
    """Raise `OptionError` where there is nothing to draw a thing with.

    Examples
    --------
    >>> require_drawing("a report")
    """
    if importlib.util.find_spec("matplotlib") is None:
        raise OptionError(f"{thing} needs matplotlib to draw: pip install matplotlib, or 'glasshouse[report]'")


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
