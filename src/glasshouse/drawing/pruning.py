"""What pruning came to, as matplotlib displays: the frontier of each criterion, and the graph of what is left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from ..errors import OptionError
from ..network.network import Network
from ..network.reshaping import connections
from .curves import MUTED, TRAINING, VALIDATION

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["FrontierDisplay", "NetworkDisplay"]

COLORS = (TRAINING, VALIDATION, "#5b8c5a", "#8a5a83", "#c19a2e", "#4f5d75", "#a44a3f", "#2f9c95", "#7d6b91", "#6c6c6c")
MOST_UNITS, MOST_CONNECTIONS = 80, 1500  # of a layer, and of the network, that can still be told apart


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
        import matplotlib.pyplot as plt

        if ax is None:
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

    Attributes
    ----------
    ax_, figure_ : matplotlib Axes and Figure
        Once drawn.
    shown_ : list of int
        The inputs that anything comes from, from the top.

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
    """

    def __init__(self, network: Network, inputs: Sequence[str] = (), outputs: Sequence[str] = ()):
        self.network = network
        self.inputs = list(inputs) or [f"x{k}" for k in range(network.n_features)]
        self.outputs = list(outputs) or [f"output {k}" for k in range(network.n_outputs)]
        first = network.views(network.parameters)[0][0].ravel()
        read = connections(network.layers[0])[first != 0] % network.n_features
        self.shown_ = np.unique(read).tolist()
        connected = int(np.count_nonzero(network.parameters[: network.n_weights]))
        widest = max(len(self.shown_), *network.sizes[1:])
        if widest > MOST_UNITS or connected > MOST_CONNECTIONS:
            raise OptionError(
                f"the network has {connected:,} connections, and up to {widest:,} units side by side: a picture tells "
                f"{MOST_CONNECTIONS:,} and {MOST_UNITS} apart, prune it first"
            )

    @classmethod
    def from_model(cls, model: Any, *, ax: Axes | None = None) -> Self:
        """Draw the network of a model, with the names of its inputs and classes."""
        labels = getattr(model.targets, "classes", None)
        one = model.network.n_outputs == 1
        outputs = [model.target] if labels is None or one else [str(label) for label in labels]
        return cls(model.network, model.encoder.feature_names, outputs).plot(ax=ax)

    def plot(self, *, ax: Axes | None = None) -> Self:
        """Draw on an Axes, or on a figure of its own."""
        import matplotlib.pyplot as plt
        from matplotlib.collections import LineCollection

        layers = self._heights()
        if ax is None:
            tallest = max(len(layer) for layer in layers)
            _, ax = plt.subplots(figsize=(7.2, max(2.4, 0.22 * tallest)), layout="constrained")
        self.ax_, self.figure_ = ax, ax.figure
        lines, widths, colors = [], [], []
        for k, (layer, (w, _)) in enumerate(
            zip(self.network.layers, self.network.views(self.network.parameters), strict=True)
        ):
            units, inputs = np.divmod(connections(layer), layer.fan_in)
            values = w.ravel()
            largest = np.abs(values).max(initial=0) or 1.0
            for unit, source, value in zip(units.tolist(), inputs.tolist(), values.tolist(), strict=True):
                if value:
                    lines.append([(k, layers[k][source]), (k + 1, layers[k + 1][unit])])
                    widths.append(0.2 + 2.2 * abs(value) / largest)
                    colors.append(TRAINING if value > 0 else VALIDATION)
        ax.add_collection(LineCollection(lines, linewidths=widths, colors=colors, alpha=0.65))
        for k, heights in enumerate(layers):
            ax.scatter([k] * len(heights), list(heights.values()), s=16, color="white", edgecolors=MUTED, zorder=3)
        for source in self.shown_:
            ax.annotate(self.inputs[source], (0, layers[0][source]), (-6, 0), **_beside("right"))
        for k, name in enumerate(self.outputs):
            ax.annotate(name, (len(layers) - 1, layers[-1][k]), (6, 0), **_beside("left"))
        ax.set(xlim=(-0.6, len(layers) - 0.4), ylim=(-0.05, 1.05))
        ax.axis("off")
        return self

    def _heights(self) -> list[dict[int, float]]:
        """Of each unit of each layer, from 1 at the top."""
        counts = [self.shown_, *(list(range(size)) for size in self.network.sizes[1:])]
        return [{unit: 1 - (place + 0.5) / max(len(some), 1) for place, unit in enumerate(some)} for some in counts]


def _beside(side: str) -> dict[str, Any]:
    return {"textcoords": "offset points", "ha": side, "va": "center", "fontsize": "small"}
