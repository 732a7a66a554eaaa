"""Watchers look at a training run without steering it: hooks, none of them mandatory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..network.workspace import Workspace
    from .state import State

__all__ = ["Watcher", "announce"]


class Watcher:
    """Override what you need; the arrays a hook is shown are the run's own, valid until it returns."""

    def stage(self, name: str) -> None:
        """Called when a part of a longer run begins: reading, training, a baseline."""

    def after_step(self, state: State, work: Workspace) -> None:
        """Called after every update; the workspace still holds the batch's columns and gradient."""

    def after_epoch(self, state: State) -> None:
        """Called after every epoch; the last row of `state.history` is its own."""


def announce(watchers: Sequence[Watcher], name: str) -> None:
    """Tell every watcher that a part of a longer run begins."""
    for watcher in watchers:
        watcher.stage(name)
