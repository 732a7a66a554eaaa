"""A claim as a slide: what it says, what the data say, and the picture, 16 to 9, light and dark."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Iterator
from typing import Any

from ..drawing.look import colors
from ..drawing.svg import DRAWING, settings
from .records import Record, evidence

__all__ = ["slides"]

SCHEMES = {"": "light", "-dark": "dark"}
INCHES, DPI = (12.8, 7.2), 150  # 1920 by 1080 dots
LARGE = {"font.size": 17, "axes.titlesize": 17, "axes.labelsize": 17, "legend.fontsize": 16, "lines.linewidth": 2.6}
LETTERS, LONGEST = 64, 96  # of a line of the claim, of the verdict
LEFT, LINE, VERDICT, MARGIN = 0.02, 0.055, 0.06, 0.03  # shares of the slide: left of words, a line, the verdict, gaps
SIDES = 0.25  # inches
SHADES = {"supported": "right", "refuted": "wrong", "depends": "doubt"}


def slides(record: Record) -> Iterator[tuple[str, bytes]]:
    """Files of one claim: (name, content); PNG and SVG, each light and dark.

    Raises
    ------
    ValueError
        If it was not run.
    """
    if record.verdict is None or record.seen is None:
        raise ValueError(f"{record.id} was not run")
    for suffix, scheme in SCHEMES.items():
        for kind in ("png", "svg"):
            yield f"{record.id}{suffix}.{kind}", _slide(record, scheme, kind)


def _slide(record: Record, scheme: str, kind: str) -> bytes:
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    assert record.verdict is not None
    assert record.seen is not None
    named = colors(scheme)
    drawn = record.experiment.figure.drawn(record.seen, named)
    said = textwrap.wrap(record.claim.says, LETTERS)
    ground = {"figure.facecolor": named["paper"], "savefig.facecolor": named["paper"]}
    with DRAWING, mpl.rc_context(settings(named, **LARGE, **ground)):
        figure = Figure(figsize=INCHES, layout=ConstrainedLayoutEngine(w_pad=SIDES))
        (FigureCanvasAgg if kind == "png" else FigureCanvasSVG)(figure)
        head = LINE * len(said) + VERDICT
        shares = (MARGIN, head, MARGIN, 1 - head - 3 * MARGIN, MARGIN)
        parts: Any = figure.subfigures(5, 1, height_ratios=shares)
        words, picture = parts[1], parts[3]
        words.text(LEFT, 1, "\n".join(said), fontsize=22, weight="bold", va="top", linespacing=1.3)
        words.text(LEFT, 0, _said(record), fontsize=17, va="bottom", color=named[SHADES[record.verdict.word]])
        axes = picture.subplots(1, drawn.panels, squeeze=False)[0]
        drawn.draw(*axes)
        written = io.BytesIO()
        figure.savefig(written, format=kind, dpi=DPI, metadata={"Date": None} if kind == "svg" else {})
    return written.getvalue()


def _said(record: Record) -> str:
    """The verdict, and what stands behind it in a line: where it holds, or its clearest case."""
    verdict, over = record.verdict, record.experiment.over
    assert verdict is not None
    if verdict.word == "depends":
        return textwrap.shorten(verdict.told(), LONGEST, placeholder="…")
    last = verdict.found[-1]
    return textwrap.shorten(f"{verdict}: {evidence(record.claim.rule, last, over)}", LONGEST, placeholder="…")
