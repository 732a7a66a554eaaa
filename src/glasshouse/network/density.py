"""How many connections each layer of a network gets that is sparse from the start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..errors import choose, expect_number
from .layers import Layer, Sparse
from .topology import Topology

__all__ = ["ALLOCATIONS", "Density", "sparsified"]

ALLOCATIONS = {
    "erdos_renyi": "in proportion to fan_in + fan_out, so that narrow layers stay denser (Mocanu et al. 2018)",
    "uniform": "the same share of every layer",
}


@dataclass(frozen=True)
class Density:
    """The share of all weights that exists, and how it is dealt to the layers.

    Parameters
    ----------
    share : float
        Above 0, at most 1; 1 is a dense network.
    allocation : {'erdos_renyi', 'uniform'}

    Raises
    ------
    OptionError
        If the share is out of its range, or there is no such allocation.

    Examples
    --------
    >>> Density(0.1).counts([(100, 784), (10, 100)])
    [7061, 879]
    """

    share: float = 1.0
    allocation: str = "erdos_renyi"

    def __post_init__(self) -> None:
        choose("allocation", self.allocation, ALLOCATIONS)
        expect_number("density", self.share, lambda s: 0 < s <= 1, "above 0 and at most 1, the share that is kept")

    def counts(self, shapes: Sequence[tuple[int, int]]) -> list[int]:
        """The number of connections of each layer, at least 1."""
        sizes = np.array([fan_out * fan_in for fan_out, fan_in in shapes], float)
        if self.allocation == "uniform":
            wanted = self.share * sizes
        else:
            wanted = self._in_proportion(sizes, np.array([sum(shape) for shape in shapes], float))
        return [max(1, int(count)) for count in np.rint(wanted)]

    def _in_proportion(self, sizes: npt.NDArray[np.float64], sums: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Shares of `sums` that add up to the whole, none beyond its layer's size."""
        full = np.zeros(len(sizes), bool)
        while True:
            left = self.share * sizes.sum() - sizes[full].sum()
            wanted = np.where(full, sizes, sums * (left / max(sums[~full].sum(), 1.0)))
            over = (wanted > sizes) & ~full
            if not over.any():
                return wanted
            full |= over


def sparsified(layers: Sequence[Layer], density: Density, rng: np.random.Generator) -> tuple[Layer, ...]:
    """The same layers with connections drawn at random; one that keeps all stays dense."""
    counts = density.counts([(layer.fan_out, layer.fan_in) for layer in layers])
    return tuple(
        layer
        if count >= layer.fan_out * layer.fan_in
        else Sparse(Topology.random((layer.fan_out, layer.fan_in), count, rng), layer.activation)
        for layer, count in zip(layers, counts, strict=True)
    )
