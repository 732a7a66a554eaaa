"""The page of the laboratory, written from its twin alone: one file, which loads nothing and runs nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from ..drawing.look import colors, palette, templates_in
from ..drawing.svg import COLORS, drawn
from ..drawing.words import number, plain
from .catalogue import claims
from .records import three
from .rules import STATES
from .twin import observations_of

__all__ = ["figure", "page", "standalone"]

TEMPLATES = Path(__file__).parent / "templates"
PROPERTY = re.compile(r"var\(--([\w-]+)\)")
PANEL, TALL = 4.4, 3.4  # inches


def page(twin: Mapping[str, Any]) -> str:
    """The whole document."""
    return (
        _environment()
        .get_template("lab.html.j2")
        .render(
            twin=twin,
            kinds=list(dict.fromkeys(experiment["kind"] for experiment in twin["experiments"])),
            styles=Markup(palette() + (TEMPLATES / "lab.css").read_text("utf-8")),
        )
    )


@cache
def _environment() -> Environment:
    """Our template, and what it may call."""
    found = templates_in(TEMPLATES)
    found.filters |= {
        "number": number,
        "three": three,
        "plain": plain,
        "figure": lambda experiment: Markup(figure(experiment)),
    }
    found.globals["STATES"] = STATES
    return found


def standalone(experiment: Mapping[str, Any], scheme: str) -> str:
    """The same as a file of its own, in the colours of a scheme."""
    named = colors(scheme)
    drawing = PROPERTY.sub(lambda found: named[found[1]], figure(experiment))
    head, _, rest = drawing.partition(">")
    head = head.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" font-family="sans-serif" ', 1)
    return f'{head}><rect width="100%" height="100%" fill="{named["paper"]}"/>{rest}\n'


def figure(experiment: Mapping[str, Any]) -> str:
    """What an experiment of a twin saw, as an svg element in the colours of the page."""
    first = experiment["claims"][0]
    drawing = claims()[first["id"]][0].figure.drawn(observations_of(experiment["observations"]), COLORS)
    said = f"{experiment['question']} {first['claim']}: {first['said']}"
    size = (min(PANEL * drawing.panels + 1.4, 10.5), TALL)
    return drawn(first["id"], drawing.draw, said, panels=drawing.panels, size=size, margins=None)
