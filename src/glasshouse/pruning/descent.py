"""Down the ladder: the networks of one cycle, each cut from the one before, and made when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ..network.network import Network
from ..training.watchers import Watcher
from .budget import Point, point
from .cycle import LADDER, Cycle, outputs_of
from .grains import pieces
from .stages import Stages

__all__ = ["Descent", "ladder_to", "pooled"]


def ladder_to(density: float) -> tuple[float, ...]:
    """The rungs above a density, and the density.

    Examples
    --------
    >>> [round(rung, 2) for rung in ladder_to(0.3)]
    [0.71, 0.5, 0.35, 0.3]
    """
    return (*(rung for rung in LADDER if rung > density * 1.05), density)


class Descent:
    """The rungs of a cycle.

    Parameters
    ----------
    cycle : Cycle
    stages : Stages
        Keeps what is made.
    ladder : sequence of float
        Falling densities.
    one_shot : bool
        Cut to every density at once from the whole network, in place of from the rung above.
    name : str
        Tells its stages from those of others.
    """

    def __init__(
        self,
        cycle: Cycle,
        stages: Stages,
        ladder: Sequence[float] = LADDER,
        *,
        one_shot: bool = False,
        name: str = "",
        watchers: Sequence[Watcher] = (),
    ):
        self.cycle, self.stages, self.ladder = cycle, stages, list(ladder)
        self.one_shot, self.name, self.watchers = one_shot, name, watchers

    def rung(self, k: int) -> Network:
        """The network cut to the k-th density; trained a little on every rung unless all is cut in one shot."""
        if k < 0:
            return self.cycle.network
        if self.one_shot:
            return self.stages.network(
                f"{self.name}rung {k}", lambda: self.cycle.one_cut(self.cycle.network, self.ladder[k])
            )
        above = self.rung(k - 1)
        return self.stages.network(
            f"{self.name}rung {k}", lambda: self.cycle.down(above, self.ladder[k], k, self.watchers)
        )

    def settled(self, k: int) -> Network:
        """The same, trained to its end."""
        rung = self.rung(k)
        return self.stages.network(
            f"{self.name}settled {k}", lambda: self.cycle.settled(rung, len(self.ladder) + k, self.watchers)
        )

    def first_that_fits(self, fits: Callable[[Network], bool]) -> int | None:
        """The first rung that fits, with the one above it cut anew to as many pieces as just fit; None if none does."""
        for k in range(len(self.ladder)):
            if fits(self.rung(k)):
                above = self.rung(k - 1)
                fewest, most = (pieces(network, self.cycle.grain) for network in (self.rung(k), above))
                whole = self.cycle.whole
                while most - fewest > max(1, whole // 500):
                    middle = (fewest + most) // 2
                    if fits(self.cycle.one_cut(above, middle / whole)):
                        fewest = middle
                    else:
                        most = middle
                self.ladder[k] = fewest / whole
                self.stages.done.pop(f"{self.name}rung {k}")
                return k
        return None


def pooled(descents: Sequence[Descent], k: int) -> Point:
    """The k-th settled networks held against the whole ones, on the rows of all that choose."""
    before, after, Y, weights = [], [], [], []
    for descent in descents:
        validation = descent.cycle.validation
        assert validation is not None
        data = validation.data
        before.append(outputs_of(descent.cycle.network, data))
        after.append(outputs_of(descent.settled(k), data))
        Y.append(data.of(data.Y))
        weights.append(np.ones(data.n_rows) if data.weight is None else data.of(data.weight))
    weight = None if all(d.cycle.validation.data.weight is None for d in descents) else np.concatenate(weights)  # type: ignore[union-attr]
    score = descents[0].cycle.validation.score  # type: ignore[union-attr]
    whole, pruned, wanted = (np.concatenate(parts) for parts in (before, after, Y))
    return point(descents[0].ladder[k], score, whole, pruned, wanted, weight)
