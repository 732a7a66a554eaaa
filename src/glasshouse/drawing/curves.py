"""LossCurveDisplay: the loss of every epoch, and of the rows that choose, as a matplotlib display."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

from ..errors import OptionError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["LossCurveDisplay"]

TRAINING, VALIDATION, MUTED = "#1f6f8b", "#c8553d", "#7a7a7a"


class LossCurveDisplay:
    """The losses of a fit, epoch by epoch; the best epoch is marked where validation rows chose it.

    Parameters
    ----------
    history : list of dict
        One row an epoch, as `history_` has them: epoch, loss and, with validation, validation_loss, validation_score.
    best_epoch : int or None
        The epoch whose weights were kept, to be marked.

    Attributes
    ----------
    ax_, figure_ : matplotlib Axes and Figure
        Once drawn.
    lines_ : list of matplotlib lines
        Training first, then validation.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from glasshouse import LossCurveDisplay, MLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier(max_iter=20, early_stopping=True, random_state=0).fit(X, y)
    >>> display = LossCurveDisplay.from_estimator(model)
    >>> [line.get_label() for line in display.lines_]
    ['training', 'validation']
    """

    def __init__(self, history: Sequence[Mapping[str, float]], best_epoch: int | None = None):
        if not history:
            raise OptionError("there is no epoch to draw: fit the estimator first")
        self.history, self.best_epoch = history, best_epoch

    @classmethod
    def from_estimator(cls, estimator: Any, *, ax: Axes | None = None, log: bool = False) -> Self:
        """Draw the losses of a fitted estimator.

        Parameters
        ----------
        ax : matplotlib Axes or None
            Where; a new figure if None.
        log : bool
            Whether the axis of the loss is logarithmic.

        Raises
        ------
        OptionError
            If it has no `history_`.
        """
        history = getattr(estimator, "history_", None)
        if history is None:
            cure = "fit it first, and give the estimator itself, not what it stands in"
            raise OptionError(f"{type(estimator).__name__} has no history: {cure}")
        return cls(history, getattr(estimator, "best_epoch_", None)).plot(ax, log=log)

    def plot(self, ax: Axes | None = None, *, log: bool = False) -> Self:
        """Draw on an Axes, or on a figure of its own."""
        from matplotlib.ticker import MaxNLocator

        if ax is None:
            import matplotlib.pyplot as plt

            _, ax = plt.subplots(figsize=(6.4, 4), layout="constrained")
        self.ax_, self.figure_ = ax, ax.figure
        epochs = [row["epoch"] for row in self.history]
        curves = [("training", "loss", TRAINING), ("validation", "validation_loss", VALIDATION)]
        marker = "o" if len(epochs) == 1 else None
        self.lines_ = [
            ax.plot(
                epochs, [row.get(name, float("nan")) for row in self.history], color=color, label=label, marker=marker
            )[0]
            for label, name, color in curves
            if any(name in row for row in self.history)
        ]
        if len(self.lines_) > 1:
            ax.legend(frameon=False)
        if self.best_epoch is not None:
            best = self.history[self.best_epoch - 1]
            ax.axvline(best["epoch"], color=MUTED, linewidth=1, linestyle=":")
            ax.annotate(
                f"best score {best['validation_score']:.3f}, epoch {best['epoch']}",
                (best["epoch"], 1),
                xycoords=("data", "axes fraction"),
                xytext=(4, -4),
                textcoords="offset points",
                va="top",
                color=MUTED,
                fontsize="small",
            )
        ax.set(xlabel="epoch", ylabel="loss", yscale="log" if log else "linear")
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.spines[["top", "right"]].set_visible(False)
        return self
