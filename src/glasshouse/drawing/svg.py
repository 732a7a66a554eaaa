"""A figure of matplotlib as inline SVG of the page: its colours those of the page, nothing in it but shapes and text.

Matplotlib draws with colours that stand for the custom properties of the page, so that one drawing serves light, dark
and print. Names out of tables never reach it: a label that is `slot(k)` is replaced by the k-th name once the drawing
is a tree of elements, where any text is text.
"""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from xml.etree import ElementTree

from .curves import MUTED
from .pruning import COLORS as OF_CRITERIA
from .words import plain

__all__ = ["COLORS", "DRAWING", "SERIES", "drawn", "settings", "slot"]

# What stands for a custom property while matplotlib draws; the displays bring colours of their own.
COLORS = {
    "ink": "#010101",
    "muted": "#020202",
    "rule": "#030303",
    "paper": "#040404",
    "accent": "#050505",
    "series-1": "#060606",
    "series-2": "#070707",
    "series-3": "#080808",
    "series-4": "#090909",
    "series-5": "#0a0a0a",
    "series-6": "#0b0b0b",
}
SERIES = 6
PROPERTIES = {color: name for name, color in COLORS.items()} | {
    **{color: f"series-{1 + k % SERIES}" for k, color in enumerate(OF_CRITERIA)},
    MUTED: "muted",
    "#ffffff": "paper",
    "#000000": "ink",
}
SETTINGS = {
    "svg.fonttype": "none",
    "svg.hashsalt": "glasshouse",
    "text.parse_math": False,
    "axes.formatter.use_mathtext": False,
    "font.size": 9.5,
    "font.family": ["sans-serif"],
    "axes.titlesize": 9.5,
    "axes.labelsize": 9.5,
    "legend.fontsize": 9.5,
    "axes.facecolor": "none",
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
    "grid.linewidth": 0.8,
    "lines.linewidth": 1.8,
    "path.simplify": False,  # dots are lines without length, and curves are thinned before
}
COLORED = {
    "text.color": "ink",
    "axes.labelcolor": "ink",
    "axes.edgecolor": "muted",
    "xtick.color": "muted",
    "ytick.color": "muted",
    "xtick.labelcolor": "ink",
    "ytick.labelcolor": "ink",
    "grid.color": "rule",
}
SLOT = re.compile(r"^@(\d+)@$")
NUMBER = re.compile(r"-?\d+\.\d+")
HEX = re.compile(r"#[0-9a-f]{6}\b")
SCALE = 1.45
DRAWING = threading.Lock()  # the settings of matplotlib are of the whole process: one drawing at a time
DROPPED = ("metadata", "title")
NO_STYLE = {"stroke-linejoin": "round", "stroke-linecap": "butt", "stroke-opacity": "1", "fill-opacity": "1"}


def slot(k: int) -> str:
    """What stands for the k-th name while matplotlib draws."""
    return f"@{k}@"


def drawn(
    name: str,
    draw: Callable[..., object],
    said: str,
    *,
    panels: int = 1,
    size: tuple[float, float] = (4.6, 3.0),
    margins: tuple[float, float, float, float] | None = (0.14, 0.16, 0.97, 0.95),
    names: Sequence[str] = (),
) -> str:
    """An svg element: what `draw` draws on an Axes, or on several side by side.

    Parameters
    ----------
    name : str
        Of the figure, one word, of ours; ids begin with it.
    said : str
        What the figure shows, in words, for those who do not see it.
    panels : int
        How many Axes `draw` is given.
    size : inches
    margins : left, bottom, right, top; whatever its words take if None
    names : sequence of str
        What the slots are filled with.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with DRAWING, mpl.rc_context(settings(COLORS)):
        figure = Figure(figsize=size, layout=None if margins else "constrained")
        FigureCanvasSVG(figure)
        axes = figure.subplots(1, panels, squeeze=False)[0]
        if margins:
            figure.subplots_adjust(*margins)
        draw(*axes)
        written = io.BytesIO()
        figure.savefig(written, format="svg", metadata={"Date": None})
    return _cleaned(ElementTree.fromstring(written.getvalue()), name, said, names)


def settings(colors: Mapping[str, str], **more: Any) -> Any:
    """Those of matplotlib, whatever a user has made of them, and ours in these colours; not where it draws."""
    import matplotlib as mpl

    defaults: Any = mpl.rcParamsDefault
    given = {key: value for key, value in dict.items(defaults) if not key.startswith("backend")}
    return {**given, **SETTINGS, **{key: colors[name] for key, name in COLORED.items()}, **more}


def _cleaned(root: ElementTree.Element, name: str, said: str, names: Sequence[str]) -> str:
    """The same drawing without what the page does not need, its colours and names put in."""
    _clean(root, name, names)
    box = root.attrib["viewBox"]
    width, height = box.split()[2:]
    largest = f"max-width: {SCALE * float(width):.0f}px"  # one size of letters, whatever the size of the figure
    root.attrib.clear()
    root.attrib |= {
        "class": "figure",
        "viewBox": box,
        "width": width,
        "height": height,
        "style": largest,
        "role": "img",
    }
    root.attrib["aria-label"] = plain(said, 600)
    return ElementTree.tostring(root, encoding="unicode")


def _clean(element: ElementTree.Element, name: str, names: Sequence[str]) -> None:
    element.tag = element.tag.rpartition("}")[2]
    element.tail = None
    element.text = _text(element, names)
    _clean_attributes(element, name)
    for child in list(element):
        _clean(child, name, names)
        is_empty = child.tag in ("g", "defs") and not len(child) and not child.attrib
        if child.tag in DROPPED or (child.tag == "style") or is_empty or _is_unseen(child):
            element.remove(child)
        elif child.tag == "g" and not child.attrib:
            place = list(element).index(child)
            element[place : place + 1] = list(child)
    _merge(element)


def _text(element: ElementTree.Element, names: Sequence[str]) -> str | None:
    if element.tag != "text" or element.text is None:
        return None
    found = SLOT.match(element.text)
    return plain(names[int(found[1])], 28) if found else element.text


def _clean_attributes(element: ElementTree.Element, name: str) -> None:
    attributes = {key.rpartition("}")[2]: value for key, value in element.attrib.items()}
    if element.tag in ("g", "text"):
        attributes.pop("id", None)
    if "id" in attributes:
        attributes["id"] = f"{name}-{attributes['id']}"
    if "href" in attributes:
        attributes["href"] = attributes["href"].replace("#", f"#{name}-", 1)
    if "clip-path" in attributes:
        attributes["clip-path"] = attributes["clip-path"].replace("#", f"#{name}-", 1)
    if "d" in attributes:
        attributes["d"] = NUMBER.sub(_short, " ".join(attributes["d"].split()))
    for key in ("x", "y", "width", "height"):
        if key in attributes:
            attributes[key] = NUMBER.sub(_short, attributes[key])
    if attributes.get("transform", "").startswith("rotate(-0 "):
        del attributes["transform"]
    if "style" in attributes:
        style = _style(attributes.pop("style"))
        attributes |= {"style": style} if style else {}
    element.attrib.clear()
    element.attrib |= attributes


def _short(found: re.Match[str]) -> str:
    return f"{float(found[0]):.1f}".removesuffix(".0")


def _style(text: str) -> str:
    """Declarations with the page's colours; the font is the page's, and so are joins and ends of lines."""
    kept: Mapping[str, Any] = dict(part.strip().split(": ", 1) for part in text.split(";") if ": " in part)
    words = [
        f"{key}: {HEX.sub(_property, value)}"
        for key, value in kept.items()
        if key != "font-family" and NO_STYLE.get(key) != value
    ]
    return "; ".join(words)


def _property(found: re.Match[str]) -> str:
    """The custom property a colour stands for; one that stands for none would not change with the page."""
    return f"var(--{PROPERTIES[found[0]]})"


def _is_unseen(element: ElementTree.Element) -> bool:
    style = element.attrib.get("style", "")
    return element.tag == "path" and "fill: none" in style and "stroke" not in style


def _merge(element: ElementTree.Element) -> None:
    """Neighbouring paths that look the same become one: a network of 600 lines is then a dozen of paths."""
    last: ElementTree.Element | None = None
    for child in list(element):
        same = (
            last is not None
            and child.tag == last.tag == "path"
            and "id" not in child.attrib
            and {**child.attrib, "d": ""} == {**last.attrib, "d": ""}
        )
        if same and last is not None:
            last.attrib["d"] += " " + child.attrib["d"]
            element.remove(child)
        else:
            last = child
