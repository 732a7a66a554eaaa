"""What the doctor saw, as matplotlib displays: flow through depth, flat units over time, how far steps reach."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from ..errors import OptionError
from .curves import MUTED, TRAINING, VALIDATION

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["FlatUnitsDisplay", "FlowDisplay", "UpdatesDisplay"]


def _seen(estimator: Any) -> Any:
    """The examination behind an estimator's, a model's or a diagnosis' findings."""
    run = getattr(estimator, "run", None)
    diagnosis = getattr(estimator, "health_", None) or getattr(run, "health", None) or estimator
    seen = getattr(diagnosis, "seen", None)
    if seen is None:
        raise OptionError("nobody looked at this network: fit it with watch_health=True, or draw diagnose(model, X, y)")
    return seen


def _axes(ax: Axes | None) -> Axes:
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=(6.4, 4), layout="constrained")[1]


class _Display:
    """What the three share: drawn from whatever a doctor has looked at."""

    ax_: Axes

    @classmethod
    def from_estimator(cls, estimator: Any, *, ax: Axes | None = None) -> Self:
        """Draw what was seen of a fitted estimator, a model that was just trained, or a diagnosis.

        Raises
        ------
        OptionError
            If nobody looked.
        """
        display = cls._of(_seen(estimator))
        display.plot(ax=ax)
        return display

    @classmethod
    def _of(cls, seen: Any) -> Self:
        raise NotImplementedError

    def plot(self, *, ax: Axes | None = None) -> Self:
        raise NotImplementedError

    def _drawn(self, ax: Axes) -> Self:
        self.ax_, self.figure_ = ax, ax.figure
        return self


class FlowDisplay(_Display):
    """How large activations and gradients are from layer to layer; both should neither fade nor grow.

    Parameters
    ----------
    sizes, deltas : list of float
        The root mean square of each layer's activations, and of |dL/dz|.

    Attributes
    ----------
    ax_, figure_ : matplotlib Axes and Figure
    lines_ : list of matplotlib lines
        Activations, then gradients.

    Examples
    --------
    >>> from glasshouse import FlowDisplay
    >>> display = FlowDisplay([1.0, 0.9, 0.8], [0.1, 0.2, 0.3]).plot()
    >>> [line.get_label() for line in display.lines_]
    ['activations', 'gradient dL/dz']
    """

    def __init__(self, sizes: Sequence[float], deltas: Sequence[float]):
        self.sizes, self.deltas = list(sizes), list(deltas)

    @classmethod
    def _of(cls, seen: Any) -> Self:
        return cls([layer.size for layer in seen.layers], [layer.delta for layer in seen.layers])

    def plot(self, *, ax: Axes | None = None) -> Self:
        """Draw on these axes, or on new ones."""
        ax = _axes(ax)
        layers = range(1, len(self.sizes) + 1)
        self.lines_ = [
            ax.plot(layers, values, marker="o", color=color, label=label)[0]
            for values, color, label in (
                (self.sizes, TRAINING, "activations"),
                (self.deltas, VALIDATION, "gradient dL/dz"),
            )
        ]
        ax.set(xlabel="layer", ylabel="root mean square", yscale="log", xticks=list(layers))
        ax.grid(visible=True, color=MUTED, alpha=0.2)
        ax.legend(frameon=False)
        return self._drawn(ax)


class FlatUnitsDisplay(_Display):
    """Each hidden unit a row, each look a column: the share of rows at which the unit is flat, dead or saturated at 1.

    Parameters
    ----------
    flat : list of list of (units,) arrays
        For each look, of each hidden layer.
    epochs : list of int
        When the looks were.

    Examples
    --------
    >>> import numpy as np
    >>> from glasshouse import FlatUnitsDisplay
    >>> display = FlatUnitsDisplay([[np.zeros(4)], [np.ones(4)]], [0, 1]).plot()
    >>> display.image_.get_array().shape
    (4, 2)
    """

    def __init__(self, flat: Sequence[Sequence[Any]], epochs: Sequence[int]):
        if not flat:
            raise OptionError("nobody looked while it trained: fit it with watch_health=True")
        self.flat, self.epochs = flat, list(epochs)

    @classmethod
    def _of(cls, seen: Any) -> Self:
        return cls([sample.flat[:-1] for sample in seen.samples], [sample.epoch for sample in seen.samples])

    def plot(self, *, ax: Axes | None = None) -> Self:
        """Draw on these axes, or on new ones."""
        ax = _axes(ax)
        units = [len(layer) for layer in self.flat[0]]
        shares = np.array([np.concatenate(layers) for layers in self.flat]).T
        self.image_ = ax.imshow(
            shares,
            aspect="auto",
            vmin=0,
            vmax=1,
            cmap="Blues",
            interpolation="nearest",
            extent=(-0.5, len(self.epochs) - 0.5, sum(units), 0),
        )
        ends = np.cumsum([0, *units])
        for end in ends[1:-1]:
            ax.axhline(end, color=VALIDATION, linewidth=1)
        ax.set_yticks((ends[1:] + ends[:-1]) / 2, [f"layer {k}" for k in range(1, len(units) + 1)])
        step = max(1, len(self.epochs) // 8)
        ax.set_xticks(range(0, len(self.epochs), step), [str(epoch) for epoch in self.epochs[::step]])
        ax.set(xlabel="epochs done")
        ax.figure.colorbar(self.image_, ax=ax, label="share of rows where the unit is flat")
        return self._drawn(ax)


class UpdatesDisplay(_Display):
    """How far a step moves the weights of each layer, as a share of their norm; about 0.001 is usual.

    Parameters
    ----------
    steps : list of int
    updates : list of list of float
        For each step, of each layer.

    Examples
    --------
    >>> from glasshouse import UpdatesDisplay
    >>> display = UpdatesDisplay([1, 100], [[0.01, 0.02], [0.001, 0.002]]).plot()
    >>> len(display.lines_)
    2
    """

    def __init__(self, steps: Sequence[int], updates: Sequence[Sequence[float]]):
        if not steps:
            raise OptionError("nobody looked while it trained: fit it with watch_health=True")
        self.steps, self.updates = list(steps), [list(each) for each in updates]

    @classmethod
    def _of(cls, seen: Any) -> Self:
        looked = [sample for sample in seen.samples if sample.updates]
        return cls([sample.step for sample in looked], [sample.updates for sample in looked])

    def plot(self, *, ax: Axes | None = None) -> Self:
        """Draw on these axes, or on new ones."""
        import matplotlib as mpl

        ax = _axes(ax)
        shares = np.array(self.updates, float)
        colors = mpl.colormaps["viridis"](np.linspace(0, 0.85, shares.shape[1]))
        self.lines_ = [
            ax.plot(self.steps, column, color=color, label=f"layer {k}")[0]
            for k, (column, color) in enumerate(zip(shares.T, colors, strict=True), start=1)
        ]
        ax.set(xlabel="step", ylabel="update / weights", yscale="log")
        ax.grid(visible=True, color=MUTED, alpha=0.2)
        ax.legend(frameon=False)
        return self._drawn(ax)
