"""Watchers look at a training run: hooks, none of them mandatory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..errors import TrainingDiverged
    from ..network.workspace import Workspace
    from .batches import Data
    from .recipe import Recipe
    from .state import State

__all__ = ["Printer", "Watcher", "announce", "announce_understood"]


class Watcher:
    """Override what you need; the arrays a hook is shown are the run's own, valid until it returns."""

    def stage(self, name: str) -> None:
        """Called when a part of a longer run begins: reading, training, a baseline."""

    def understood(self, encoder: Any, targets: Any) -> None:
        """Called when a table was read and encoded: what its columns became, and what the outputs will mean."""

    def before_fit(self, state: State, data: Data, recipe: Recipe) -> None:
        """Called before the first epoch of a fit, or the first after it was taken up again."""

    def before_epoch(self, state: State) -> None:
        """Called before every epoch."""

    def after_step(self, state: State, work: Workspace) -> None:
        """Called after every update; the workspace still holds the batch's columns and gradient.

        L-BFGS, whose epoch is one step on all rows, calls `after_epoch` only.
        """

    def after_epoch(self, state: State) -> bool | None:
        """Called after every epoch; the last row of `state.history` is its own. Return True to end the run here."""

    def after_divergence(self, state: State, data: Data, recipe: Recipe, error: TrainingDiverged) -> None:
        """Called before the error that ends the run is raised; the weights are the last finite ones."""


class Printer(Watcher):
    """Print a line an epoch, as scikit-learn's `verbose` does."""

    def after_epoch(self, state: State) -> None:
        row = state.history[-1]
        more = "".join(
            f", {name.replace('_', ' ')} = {row[name]:.6g}"
            for name in ("validation_loss", "validation_score")
            if name in row
        )
        print(f"Epoch {state.epoch}, loss = {row['loss'] + row['penalty']:.6g}{more}")


def announce(watchers: Sequence[Watcher], name: str) -> None:
    """Tell every watcher that a part of a longer run begins."""
    for watcher in watchers:
        watcher.stage(name)


def announce_understood(watchers: Sequence[Watcher], encoder: Any, targets: Any) -> None:
    """Tell every watcher what the columns of a table became."""
    for watcher in watchers:
        watcher.understood(encoder, targets)
