"""How observations are drawn, so that a lecturer can show it: axes named, and arms told apart by shape as by colour."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from .claims import Observations

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Dots", "Drawn", "Figure", "Lines", "Pen", "pens"]

Colors = Mapping[str, str]  # the names of the palette, and what stands for them
SHADES = ("series-1", "series-2", "series-3", "series-4", "series-5", "series-6")
DASHES = ("-", "--", ":", "-.", (0, (6, 2, 1, 2, 1, 2)), (0, (1, 1)))
MARKERS = ("o", "s", "^", "D", "v", "X")
FEW = 10  # cases, shared by the panels, each of which is named on its axis
LETTER, HANDLE = 0.56, 9  # the width of a letter by its height; letters that a line, its blank and a gap take


class Pen(NamedTuple):
    """What draws one arm: colour, dashes and marker, each of which alone tells it from the others."""

    color: str
    dashes: Any
    marker: str
    fill: str

    def line(self, **more: Any) -> dict[str, Any]:
        """Arguments of ``plot``."""
        style = {"color": self.color, "linestyle": self.dashes, "marker": self.marker, "markersize": 5}
        return {**style, "markerfacecolor": self.fill, "markeredgecolor": self.color, **more}


def pens(colors: Colors) -> Iterator[Pen]:
    """One for each arm, in their order; the first six differ in everything."""
    for k, (shade, dashes, marker) in enumerate(zip(*map(cycle, (SHADES, DASHES, MARKERS)), strict=True)):
        hollow = k % 2  # every second, so that black and white tell neighbours apart
        yield Pen(colors[shade], dashes, marker, colors["paper" if hollow else shade])


class Drawn(NamedTuple):
    """What draws a figure on so many axes, side by side."""

    panels: int
    draw: Callable[..., None]


class Figure(Protocol):
    """How an experiment is drawn."""

    def drawn(self, seen: Observations, colors: Colors) -> Drawn:
        """What draws these observations."""
        ...


def _held(seen: Observations, quantities: Sequence[str], arms: Sequence[str], colors: Colors) -> dict[str, Pen]:
    """The pen of each arm, the same one in every panel."""
    names = arms or dict.fromkeys(arm for of in quantities for arm in seen.arms(of))
    return dict(zip(names, pens(colors), strict=False))


def _pale(pen: Pen) -> dict[str, Any]:
    """Single repetitions, behind the mean."""
    return {"linestyle": "", "marker": ".", "markersize": 3, "color": pen.color, "alpha": 0.35}


def _middle(values: Any, log: bool) -> float:
    """The mean, on the scale that is drawn."""
    return float(np.exp(np.log(values).mean()) if log else np.mean(values))


def _scales(ax: Axes, log_x: bool, log_y: bool) -> None:
    from matplotlib.ticker import LogLocator, NullLocator

    for name, log in (("x", log_x), ("y", log_y)):
        if not log:
            continue
        ax.set(**{f"{name}scale": "log"})
        axis = ax.xaxis if name == "x" else ax.yaxis
        low, high = axis.get_view_interval()
        subs = (1.0,) if high > 1000 * low else (1.0, 3.0) if high > 30 * low else (1.0, 2.0, 5.0)
        axis.set_major_locator(LogLocator(subs=subs, numticks=7))
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(lambda value, _: _power(value))


def _power(value: float) -> str:
    """A number of an axis: plain where that is short, else a power of ten.

    Examples
    --------
    >>> _power(0.0), _power(500.0), _power(1e-8), _power(2e6)
    ('0', '500', '10⁻⁸', '2·10⁶')
    """
    if value == 0 or 1e-3 <= abs(value) < 1e5:
        return f"{value:g}"
    digits, _, exponent = f"{value:.0e}".partition("e")
    raised = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"10{raised}" if digits == "1" else f"{digits}·10{raised}"


@dataclass(frozen=True)
class Lines:
    """A line for each arm over cases that are numbers: the mean, and every repetition as a pale dot.

    Parameters
    ----------
    x, y : str
        What the axes are called, with their units.
    log_x, log_y : bool
    quantities : tuple of str
        A panel for each; all that were measured if empty.
    arms : tuple of str
        Those that are drawn; all of them if empty.
    """

    x: str
    y: str
    log_x: bool = False
    log_y: bool = False
    quantities: tuple[str, ...] = ()
    arms: tuple[str, ...] = ()

    def drawn(self, seen: Observations, colors: Colors) -> Drawn:
        quantities = self.quantities or tuple(seen.quantities())
        held = _held(seen, quantities, self.arms, colors)

        def draw(*axes: Axes) -> None:
            for k, (ax, of) in enumerate(zip(axes, quantities, strict=True)):
                self._panel(ax, seen, of, held, len(axes))
                ax.set(xlabel=self.x, ylabel=self.y if k == 0 else "", title=of)
            _legend(axes)

        return Drawn(len(quantities), draw)

    def _panel(self, ax: Axes, seen: Observations, of: str, held: Mapping[str, Pen], panels: int) -> None:
        from matplotlib.ticker import MaxNLocator

        for arm, pen in held.items():
            cases = seen.cases(of, (arm,))
            if not cases:
                continue
            x = [float(case) for case in cases]
            each = [seen.values(arm, case, of) for case in cases]
            ax.plot(x, [_middle(values, self.log_y) for values in each], label=arm, **pen.line())
            for place, values in zip(x, each, strict=True):
                ax.plot([place] * len(values), values, **_pale(pen))
        _scales(ax, self.log_x, self.log_y)
        places = sorted({float(case) for case in seen.cases(of)})
        if len(places) <= FEW // panels:
            ax.set_xticks(places, [_power(place) for place in places])
        elif not self.log_x and all(place.is_integer() for place in places):
            ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.grid(visible=True)


@dataclass(frozen=True)
class Dots:
    """A row for each case: the mean of every arm as a marker, every repetition as a pale dot.

    Parameters
    ----------
    x : str
        What is measured, with its unit.
    log : bool
    quantities, arms : tuple of str
        As in `Lines`.
    """

    x: str
    log: bool = False
    quantities: tuple[str, ...] = ()
    arms: tuple[str, ...] = ()

    def drawn(self, seen: Observations, colors: Colors) -> Drawn:
        quantities = self.quantities or tuple(seen.quantities())
        held = _held(seen, quantities, self.arms, colors)

        def draw(*axes: Axes) -> None:
            for k, (ax, of) in enumerate(zip(axes, quantities, strict=True)):
                self._panel(ax, seen, of, held, named=k == 0)
                ax.set(xlabel=self.x, title=of)
            _legend(axes)

        return Drawn(len(quantities), draw)

    def _panel(self, ax: Axes, seen: Observations, of: str, held: Mapping[str, Pen], named: bool) -> None:
        cases, arms = seen.cases(of), [arm for arm in held if arm in seen.arms(of)]
        for k, arm in enumerate(arms):
            pen, off = held[arm], (k - (len(arms) - 1) / 2) * min(0.22, 0.7 / len(arms))
            label: str | None = arm  # once
            for row, case in enumerate(cases):
                values = seen.values(arm, case, of)
                if not len(values):
                    continue
                ax.plot(values, [row + off] * len(values), **_pale(pen))
                middle = pen.line(linestyle="", markersize=6, label=label)
                ax.plot([_middle(values, self.log)], [row + off], **middle)
                label = None
        _scales(ax, self.log, False)
        ax.set_ylim(len(cases) - 0.5, -0.5)
        ax.set_yticks(range(len(cases)), cases if named else [""] * len(cases))
        ax.tick_params(axis="y", length=0)
        ax.grid(visible=True, axis="x")


def _legend(axes: Sequence[Axes]) -> None:
    """One for all panels, above them: every arm once, as many beside each other as there is room for."""
    import matplotlib as mpl
    from matplotlib.font_manager import FontProperties

    found = {text: line for ax in axes for line, text in zip(*ax.get_legend_handles_labels(), strict=True)}
    if len(found) < 2:
        return
    figure: Any = axes[0].figure  # or a part of one
    letter = LETTER * FontProperties(size=mpl.rcParams["legend.fontsize"]).get_size_in_points() / 72
    columns = int(figure.bbox.width / figure.dpi / (letter * (HANDLE + max(map(len, found)))))
    figure.legend(
        list(found.values()),
        list(found),
        frameon=False,
        ncols=min(max(columns, 1), len(found)),
        loc="outside upper left",
        handlelength=2.6,
    )
