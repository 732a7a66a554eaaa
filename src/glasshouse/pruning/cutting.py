"""Cutting while a network trains: before an epoch, down to what a schedule leaves."""

from __future__ import annotations

import numpy as np

from ..training.state import State
from ..training.watchers import Watcher
from .criteria import Criterion
from .evidence import Evidence
from .grains import cut, pieces
from .schedule import Cubic

__all__ = ["Cutting"]


class Cutting(Watcher):
    """Cuts what counts least; it does not return, unless the recipe has an `Evolution` that grows something.

    Parameters
    ----------
    schedule : Cubic
    criterion : Criterion
    evidence : Evidence, optional
        Needed by criteria that look at rows.
    whole : int
        How many pieces a density of 1 is.
    grain : {'weights', 'units', 'inputs'}
    """

    def __init__(
        self, schedule: Cubic, criterion: Criterion, evidence: Evidence | None, whole: int, grain: str = "weights"
    ):
        self.schedule, self.criterion, self.evidence = schedule, criterion, evidence
        self.whole, self.grain = whole, grain

    def before_epoch(self, state: State) -> None:
        count = max(1, round(self.schedule.at(state.epoch) * self.whole))
        if count >= pieces(state.network, self.grain):
            return
        state.move(*cut(state.network, self.criterion, self.evidence, self.grain, count))
        state.best, state.mark, state.waited = None, -np.inf, 0  # what was best was larger
