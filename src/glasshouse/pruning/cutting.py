"""Cutting: the weights with the smallest saliencies leave, at once or while the network trains."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..network.network import Network
from ..network.reshaping import Change, thinned
from ..training.state import State
from ..training.watchers import Watcher
from .criteria import Criterion
from .evidence import Evidence
from .schedule import Cubic

__all__ = ["Cutting", "cut", "strongest"]

Array = npt.NDArray[Any]


def strongest(saliency: Array, count: int) -> npt.NDArray[np.bool_]:
    """Which are the `count` largest; of equal ones, those that stand first.

    Examples
    --------
    >>> strongest(np.array([3.0, 1.0, 2.0, 2.0]), 2).tolist()
    [True, False, True, False]
    """
    keep = np.zeros(len(saliency), bool)
    keep[np.argsort(-saliency, kind="stable")[:count]] = True
    return keep


def cut(network: Network, saliency: Array, count: int) -> Change:
    """The network with the `count` most salient of its weights."""
    return thinned(network, strongest(saliency, count))


class Cutting(Watcher):
    """Cuts before an epoch down to what a schedule leaves; what was cut does not return.

    Parameters
    ----------
    schedule : Cubic
    criterion : Criterion
    evidence : Evidence
    whole : int
        How many weights a density of 1 is.
    """

    def __init__(self, schedule: Cubic, criterion: Criterion, evidence: Evidence, whole: int):
        self.schedule, self.criterion, self.evidence, self.whole = schedule, criterion, evidence, whole

    def before_epoch(self, state: State) -> None:
        count = max(1, round(self.schedule.at(state.epoch) * self.whole))
        if count >= state.network.n_weights:
            return
        saliency = self.criterion.saliency(state.network, self.evidence)
        state.move(*cut(state.network, saliency, count))
        state.best, state.mark, state.waited = None, -np.inf, 0  # what was best was larger
