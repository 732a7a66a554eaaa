"""What pruning came to, as matplotlib displays: the frontier of each criterion, and the graph of what is left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from ..errors import OptionError
from ..network.network import Network
from ..network.reshaping import connections
from .curves import MUTED, TRAINING, VALIDATION
from .graph import graph

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["FrontierDisplay", "NetworkDisplay"]

COLORS = (TRAINING, VALIDATION, "#5b8c5a", "#8a5a83", "#c19a2e", "#4f5d75", "#a44a3f", "#2f9c95", "#7d6b91", "#6c6c6c")
MOST_UNITS, MOST_CONNECTIONS = 80, 1500  # of a layer, and of the network, that can still be told apart
WIDTHS = 8  # of lines that are told apart


class FrontierDisplay:
    """Score against the share that is kept: one line for each criterion, its spread as a band.

    Parameters
    ----------
    frontiers : mapping of name to sequence of points
        A point has density, score and error.
    whole : float or None
        The score of the network before, as a line across.
    metric : str

    Attributes
    ----------
    ax_, figure_ : matplotlib Axes and Figure
        Once drawn.
    lines_ : dict of name to matplotlib line

    Examples
    --------
    >>> import glasshouse as gh
    >>> model = gh.train("example:iris", target="target", hidden=(8,), baselines=False, out="")
    >>> found = gh.prune(model, "example:iris", max_drop=0.02, retrain=False)
    >>> list(gh.FrontierDisplay.from_pruned(found).lines_)
    ['magnitude']
    """

    def __init__(self, frontiers: Mapping[str, Sequence[Any]], whole: float | None = None, metric: str = "score"):
        self.frontiers = {name: sorted(points, key=lambda p: -p.density) for name, points in frontiers.items()}
        if not any(self.frontiers.values()):
            raise OptionError("there is no frontier to draw: no density was tried")
        self.whole, self.metric = whole, metric

    @classmethod
    def from_pruned(cls, pruned: Any, *, ax: Axes | None = None) -> Self:
        """Draw what `prune` tried: every criterion where they were compared."""
        frontiers = pruned.compared or {pruned.criterion: pruned.frontier}
        points = [point for some in frontiers.values() for point in some]
        whole = points[0].score + points[0].drop if points else None
        return cls(frontiers, whole, pruned.metric).plot(ax=ax)

    def plot(self, *, ax: Axes | None = None) -> Self:
        """Draw on an Axes, or on a figure of its own."""
        if ax is None:
            import matplotlib.pyplot as plt

            _, ax = plt.subplots(figsize=(7.2, 4), layout="constrained")
        self.ax_, self.figure_, self.lines_ = ax, ax.figure, {}
        for color, (name, points) in zip(COLORS * 3, self.frontiers.items(), strict=False):
            x, y, spread = (np.array([getattr(p, part) for p in points]) for part in ("density", "score", "error"))
            (self.lines_[name],) = ax.plot(x, y, color=color, marker="o", markersize=3.5, label=name)
            ax.fill_between(x, y - spread, y + spread, color=color, alpha=0.08, linewidth=0)
        if self.whole is not None:
            ax.axhline(self.whole, color=MUTED, linewidth=1, linestyle=":")
            ax.annotate(
                "before", (1, self.whole), xycoords=("axes fraction", "data"), ha="right", va="bottom", color=MUTED
            )
        ax.set(xlabel="kept", ylabel=self.metric.replace("_", " "), xscale="log")
        places = sorted({point.density for points in self.frontiers.values() for point in points})
        some = places[:: 1 + len(places) // 9]
        ax.set_xticks(some, [f"{100 * density:.2g} %" for density in some])
        ax.minorticks_off()
        ax.invert_xaxis()
        ax.spines[["top", "right"]].set_visible(False)
        if len(self.lines_) > 1:
            ax.legend(frameon=False, fontsize="small", loc="center left", bbox_to_anchor=(1, 0.5))
        return self


class NetworkDisplay:
    """A small network as a graph: inputs by name at the left, a line for each connection, as wide as its weight.

    Parameters
    ----------
    network : Network
    inputs, outputs : sequence of str, optional
        Their names.
    most : int, optional
        Draw so many connections, the strongest of each layer, where there are more; without it such a network is
        refused.

    Attributes
    ----------
    ax_, figure_ : matplotlib Axes and Figure
        Once drawn.
    shown_ : list of int
        The inputs that anything drawn comes from, from the top.
    left_out_ : int
        Connections that are there and are not drawn.

    Raises
    ------
    OptionError
        If there is more than can be told apart.

    Examples
    --------
    >>> import glasshouse as gh
    >>> model = gh.train("example:iris", target="target", baselines=False, out="")
    >>> small = gh.prune(model, "example:iris", density=0.002).model
    >>> len(gh.NetworkDisplay.from_model(small).shown_) <= 4
    True
    >>> gh.NetworkDisplay.from_model(model, most=300).left_out_
    16980
    """

    def __init__(
        self, network: Network, inputs: Sequence[str] = (), outputs: Sequence[str] = (), most: int | None = None
    ):
        self.inputs = list(inputs) or [f"x{k}" for k in range(network.n_features)]
        self.outputs = list(outputs) or [f"output {k}" for k in range(network.n_outputs)]
        connected = int(np.count_nonzero(network.parameters[: network.n_weights]))
        first = network.views(network.parameters)[0][0].ravel()
        read = np.unique(connections(network.layers[0])[first != 0] % network.n_features)
        widest = max(len(read), *network.sizes[1:])
        if most is None and (widest > MOST_UNITS or connected > MOST_CONNECTIONS):
            raise OptionError(
                f"the network has {connected:,} connections, and up to {widest:,} units side by side: a picture tells "
                f"{MOST_CONNECTIONS:,} and {MOST_UNITS} apart, prune it first, or draw the strongest: most=300"
            )
        self._take(graph(network, connected if most is None else most))

    @classmethod
    def from_graph(cls, drawn: Mapping[str, Any], inputs: Mapping[int, str], outputs: Sequence[str]) -> Self:
        """The display of what `drawing.graph.graph` says of a network; inputs and outputs without a name have none."""
        display = cls.__new__(cls)
        display._take(drawn)
        display.inputs = [inputs.get(k, "") for k in range(drawn["layers"][0]["units"])]
        display.outputs = list(outputs)
        return display

    @classmethod
    def from_model(cls, model: Any, *, ax: Axes | None = None, most: int | None = None) -> Self:
        """Draw the network of a model, with the names of its inputs and classes."""
        labels = getattr(model.targets, "classes", None)
        one = model.network.n_outputs == 1
        outputs = [model.target] if labels is None or one else [str(label) for label in labels]
        return cls(model.network, model.encoder.feature_names, outputs, most).plot(ax=ax)

    def _take(self, drawn: Mapping[str, Any]) -> None:
        self.drawn = drawn
        self.shown_ = sorted({edge[1] for edge in drawn["edges"] if edge[0] == 1})
        self.left_out_ = drawn["connections"] - len(drawn["edges"])

    def plot(self, *, ax: Axes | None = None) -> Self:
        """Draw on an Axes, or on a figure of its own."""
        from matplotlib.collections import LineCollection

        layers = self._heights()
        if ax is None:
            import matplotlib.pyplot as plt

            tallest = max(len(layer) for layer in layers)
            _, ax = plt.subplots(figsize=(7.2, min(max(2.4, 0.22 * tallest), 20)), layout="constrained")
        self.ax_, self.figure_ = ax, ax.figure
        edges = self.drawn["edges"]
        largest: dict[int, float] = {}
        for layer, _, _, value in edges:
            largest[layer] = max(largest.get(layer, 0.0), abs(value))
        # A few widths only, thin ones first: what looks the same can then be written as one path.
        levels = [(-(-WIDTHS * abs(value) // largest[layer]), value > 0) for layer, _, _, value in edges]
        order = sorted(range(len(edges)), key=levels.__getitem__)
        lines = [[(k - 1, layers[k - 1][i]), (k, layers[k][j])] for k, i, j, _ in (edges[e] for e in order)]
        widths = [0.2 + 2.2 * levels[e][0] / WIDTHS for e in order]
        colors = [TRAINING if levels[e][1] else VALIDATION for e in order]
        ax.add_collection(LineCollection(lines, linewidths=widths, colors=colors, alpha=0.65))
        for k, heights in enumerate(layers):
            size = min(16.0, 1200 / max(len(heights), 1))
            ax.scatter([k] * len(heights), list(heights.values()), s=size, color="white", edgecolors=MUTED, zorder=3)
        for source in self.shown_:
            ax.annotate(self.inputs[source], (0, layers[0][source]), (-6, 0), **_beside("right"))
        for k, name in enumerate(self.outputs):
            ax.annotate(name, (len(layers) - 1, layers[-1][k]), (6, 0), **_beside("left"))
        ax.set(xlim=(-0.6, len(layers) - 0.4), ylim=(-0.05, 1.05))
        ax.axis("off")
        return self

    def _heights(self) -> list[dict[int, float]]:
        """Of each unit of each layer, from 1 at the top."""
        counts = [self.shown_, *(list(range(layer["units"])) for layer in self.drawn["layers"][1:])]
        return [{unit: 1 - (place + 0.5) / max(len(some), 1) for place, unit in enumerate(some)} for some in counts]


def _beside(side: str) -> dict[str, Any]:
    return {"textcoords": "offset points", "ha": side, "va": "center", "fontsize": "small", "parse_math": False}
