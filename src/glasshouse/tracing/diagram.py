"""A traced network drawn as inline SVG: every unit, weight and bias by its name, so that scripts can light them.

It brings its own style and takes its colours from where it stands: `currentColor`, and the variables --paper
and --accent where the page has them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple

from markupsafe import escape

from .notations import PLACE
from .specification import Specification, TracedLayer

__all__ = ["element_finder", "network_svg"]

COLUMN, ROW, LEAST_ROW, RADIUS, MARGIN, LABEL = 140.0, 108.0, 30.0, 25.0, 36.0, 14.0
MOST_ROWS = 5  # as many units stand ROW apart; more share the same height
MOST_LABELS = 24
FRACTIONS = (0.30, 0.34, 0.26, 0.38, 0.22, 0.42, 0.46, 0.58, 0.62, 0.66, 0.70, 0.74)
LETTER = 0.6  # of the size of its font, the width of a letter
STYLE = """
.network { font-family: inherit; max-width: 100%; height: auto; color: inherit }
.network line { stroke: currentColor; stroke-opacity: .3; stroke-width: 1.3 }
.network line.out { stroke-dasharray: 2 4 }
.network circle { fill: var(--paper, Canvas); stroke: currentColor; stroke-opacity: .75; stroke-width: 1.5 }
.network .unit circle { stroke-width: 1.8 }
.network .loss circle { stroke-dasharray: 3 3 }
.network text { fill: currentColor; text-anchor: middle; dominant-baseline: central }
.network .label { paint-order: stroke; stroke: var(--paper, Canvas); stroke-width: 5; stroke-linejoin: round }
.network .badge rect { fill: #c02d2d }
.network .badge text { fill: #fff; font-weight: 600; font-size: 11px }
.network .far { color: var(--accent, #1b62b5) }
.network .near, .network .focus { color: var(--accent, #1b62b5); font-weight: 700 }
.network line.far { stroke-opacity: .55; stroke-width: 2 }
.network line.near, .network line.focus { stroke-opacity: 1; stroke-width: 3 }
.network .near circle { stroke-opacity: 1; stroke-width: 3 }
.network .focus circle { stroke-opacity: 1; stroke-width: 3; fill: currentColor }
.network .focus circle + text { fill: var(--paper, Canvas) }
"""


class Box(NamedTuple):
    """A rectangle by its middle."""

    x: float
    y: float
    width: float
    height: float

    def meets(self, other: Box) -> bool:
        near = abs(self.x - other.x) * 2 < self.width + other.width
        return near and abs(self.y - other.y) * 2 < self.height + other.height


class Edge(NamedTuple):
    """A connection from the middle of one circle to that of another."""

    name: str
    x1: float
    y1: float
    x2: float
    y2: float

    def at(self, fraction: float) -> tuple[float, float]:
        return self.x1 + fraction * (self.x2 - self.x1), self.y1 + fraction * (self.y2 - self.y1)

    def crosses(self, box: Box) -> bool:
        """Whether it runs through the box."""
        ends = [self.at((box.x + side * box.width / 2 - self.x1) / (self.x2 - self.x1))[1] for side in (-1, 1)]
        return min(ends) < box.y + box.height / 2 and max(ends) > box.y - box.height / 2


class Column(NamedTuple):
    """Circles one above the other."""

    names: tuple[str, ...]
    x: float
    ys: tuple[float, ...]
    gap: float

    @property
    def radius(self) -> float:
        return min(RADIUS, 0.36 * self.gap)

    @property
    def small(self) -> float:
        """The size of a font between two circles."""
        return min(13.0, 0.26 * self.gap)


def element_finder(specification: Specification) -> Callable[[str], str]:
    """What says which element of the drawing a step or a given belongs to: its name there, or '' for none.

    Examples
    --------
    >>> from .notes import specification
    >>> find = element_finder(specification("example:course-sheet"))
    >>> find("z1"), find("dL/dw5"), find("w5_new@2"), find("loss_o1"), find("eta")
    ('h1', 'w5', 'w5', 'loss', '')
    """
    known = {name: name for name in (*specification.inputs, *specification.targets, *specification.parameters)}
    for layer in specification.layers:
        known |= {unit: unit for unit in layer.units} | dict(zip(layer.sums, layer.units, strict=True))

    def find(name: str) -> str:
        found = PLACE.match(name)
        assert found is not None
        base = found["base"].rpartition("/d")[2].removeprefix("Δ")
        if base in known:
            return known[base]
        if base == "loss" or base.startswith("loss_"):
            return "loss"
        while "_" in base:  # the memory of an optimiser: m_w5, v_hat_w5
            base = base.partition("_")[2]
            if base in known:
                return known[base]
        return ""

    return find


def network_svg(specification: Specification, *, counts: Mapping[str, int] | None = None) -> str:
    """Draw a network: inputs, layers and the loss in columns, a line for every weight.

    Parameters
    ----------
    counts : mapping of str to int, optional
        By names of steps; the element that a step belongs to bears the number as a badge.
    """
    find = element_finder(specification)
    badges: Counter[str] = Counter()
    for name, count in (counts or {}).items():
        badges[find(name)] += count
    return _Drawing(specification, badges).svg()


class _Drawing:
    """Puts the columns in place and writes the elements; a badge is written once, where its name stands first."""

    def __init__(self, specification: Specification, badges: Counter[str]):
        self.of, self.badges = specification, badges
        groups = [specification.inputs, *(layer.units for layer in specification.layers), ("loss",)]
        most = max(len(names) for names in groups)
        self.height = max(min(most, MOST_ROWS) * ROW, most * LEAST_ROW)
        widths = [COLUMN + min(MOST_LABELS, max(0, sum(1 for _ in la.places()) - 6)) * 6 for la in specification.layers]
        places = list(accumulate([*widths, COLUMN], initial=MARGIN))
        self.columns = [self._column(names, x) for names, x in zip(groups, places, strict=True)]
        self.over: list[str] = []

    def _column(self, names: tuple[str, ...], x: float) -> Column:
        gap = min(ROW, self.height / len(names))
        top = self.height / 2 - gap * (len(names) - 1) / 2
        return Column(names, x, tuple(top + gap * k for k in range(len(names))), gap)

    def svg(self) -> str:
        sizes = "-".join(str(len(column.names)) for column in self.columns[:-1])
        said = escape(f"{self.of.title}: the network, {sizes}")
        lines: list[str] = []
        labels: list[str] = []
        for below, above, layer in zip(self.columns, self.columns[1:], self.of.layers):
            edges = [Edge(name, below.x, below.ys[j], above.x, above.ys[i]) for i, j, name in layer.places()]
            lines += [_line(edge) for edge in edges]
            labels += self._labels(edges, [below, above])
        last, loss = self.columns[-2:]
        lines += [_line(Edge("", last.x, y, loss.x, loss.ys[0])) for y in last.ys]
        parts = [*lines, *labels, *self._circles(), *self.over]
        top = min(column.ys[0] - column.radius for column in self.columns) - MARGIN / 2
        bottom = max(column.ys[-1] + column.radius for column in self.columns) + MARGIN / 2
        width, height = self.columns[-1].x + MARGIN, bottom - top
        return (
            f'<svg class="network" viewBox="0 {top:g} {width:g} {height:g}" '
            f'width="{width:g}" height="{height:g}" role="img" '
            f'aria-label="{said}" xmlns="http://www.w3.org/2000/svg"><title>{said}</title><style>{STYLE}</style>\n'
            + "\n".join(parts)
            + "\n</svg>"
        )

    def _circles(self) -> Iterator[str]:
        inputs, *hidden, loss = self.columns
        for name, y in zip(inputs.names, inputs.ys, strict=True):
            yield self._circle(inputs, y, name, "input", f"input {name}")
        for column, layer in zip(hidden, self.of.layers, strict=True):
            yield from self._layer(column, layer, self.of.targets if column is hidden[-1] else ())
        yield self._circle(loss, loss.ys[0], "loss", "loss", f"loss: {self.of.loss.replace('_', ' ')}")

    def _layer(self, column: Column, layer: TracedLayer, targets: Sequence[str]) -> Iterator[str]:
        away = column.radius + 0.75 * column.small
        for unit, z, y in zip(layer.units, layer.sums, column.ys, strict=True):
            yield self._circle(column, y, unit, "unit", f"{unit} = {layer.activation} of {z}", z)
        for bias, y in zip(layer.biases, column.ys, strict=True):
            if bias is not None:
                yield self._small(column, y + away, bias, f"bias {bias}")
        for target, y in zip(targets, column.ys):
            yield self._small(column, y - away, target, f"target {target}")

    def _circle(self, column: Column, y: float, name: str, kind: str, said: str, also: str = "") -> str:
        radius = column.radius
        size = min(16.0, 0.7 * radius, max(8.0, 1.8 * radius / (LETTER * len(name))))
        self._badge(name, column.x + 0.45 * radius, y - 0.8 * radius)
        second = f' data-also="{escape(also)}"' if also else ""
        return (
            f'<g class="{kind}" data-name="{escape(name)}"{second}><title>{escape(said)}</title>'
            f'<circle cx="{column.x:g}" cy="{y:g}" r="{radius:g}"/>'
            f'<text x="{column.x:g}" y="{y:g}" font-size="{size:.3g}">{escape(name)}</text></g>'
        )

    def _small(self, column: Column, y: float, name: str, said: str) -> str:
        self._badge(name, column.x + LETTER * column.small * len(name) / 2 + 4, y)
        return _label(name, column.x, y, column.small, said)

    def _badge(self, name: str, left: float, y: float) -> None:
        count = self.badges.pop(name, 0)
        if count:
            width = 10 + 7 * len(str(count))
            self.over.append(
                f'<g class="badge"><title>{escape(name)}: {count}</title>'
                f'<rect x="{left:g}" y="{y - 8.5:g}" width="{width}" height="17" rx="8.5"/>'
                f'<text x="{left + width / 2:g}" y="{y:g}">{count}</text></g>'
            )

    def _labels(self, edges: Sequence[Edge], columns: Sequence[Column]) -> Iterator[str]:
        """The names along the edges, where there are few enough to be read."""
        few = len(edges) <= MOST_LABELS
        circles = [Box(c.x, y, 2 * c.radius + 8, 2 * c.radius + 30) for c in columns for y in c.ys]
        boxes = _placed(edges, circles) if few else [_box(edge, FRACTIONS[0]) for edge in edges]
        for edge, box in zip(edges, boxes, strict=True):
            self._badge(edge.name, box.x + box.width / 2 - 2, box.y - 4)
            if few:
                yield _label(edge.name, box.x, box.y, LABEL, f"weight {edge.name}")


def _line(edge: Edge) -> str:
    known = f'data-name="{escape(edge.name)}"' if edge.name else 'class="out"'
    return f'<line {known} x1="{edge.x1:g}" y1="{edge.y1:g}" x2="{edge.x2:g}" y2="{edge.y2:g}"/>'


def _label(name: str, x: float, y: float, size: float, said: str) -> str:
    return (
        f'<text class="label" data-name="{escape(name)}" x="{x:.4g}" y="{y:.4g}" font-size="{size:.3g}">'
        f"{escape(name)}<title>{escape(said)}</title></text>"
    )


def _box(edge: Edge, fraction: float) -> Box:
    return Box(*edge.at(fraction), LETTER * LABEL * len(edge.name) + 6, LABEL + 4)


def _placed(edges: Sequence[Edge], circles: Sequence[Box]) -> list[Box]:
    """Where each name stands: all at one fraction of their edges if any keeps them apart, else one by one."""

    def faults(k: int, box: Box, placed: Sequence[Box]) -> int:
        met = sum(box.meets(other) for other in (*circles, *placed))
        return 10 * met + sum(edge.crosses(box) for other, edge in enumerate(edges) if other != k)

    def together(fraction: float) -> int:
        boxes = [_box(edge, fraction) for edge in edges]
        return sum(faults(k, box, boxes[:k]) for k, box in enumerate(boxes))

    best = min(FRACTIONS, key=together)
    boxes = [_box(edge, best) for edge in edges]
    if not any(box.meets(other) for k, box in enumerate(boxes) for other in (*circles, *boxes[:k])):
        return boxes
    placed: list[Box] = []
    for k, edge in enumerate(edges):
        placed.append(min((_box(edge, fraction) for fraction in FRACTIONS), key=lambda box: faults(k, box, placed)))
    return placed
