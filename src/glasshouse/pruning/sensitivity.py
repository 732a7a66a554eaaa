"""Sensitivity: how much the outputs, or the loss, would change if a weight shrank."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from ..network.curvature import Seed, Sweeps
from ..network.network import Network
from .evidence import Evidence

__all__ = ["loss_sensitivity", "output_sensitivity"]

Array = npt.NDArray[Any]


def output_sensitivity(network: Network, evidence: Evidence) -> Array:
    """|w| times the mean of |df/dw| over rows and outputs f."""
    sweeps = Sweeps(network, evidence.loss)
    for batch in evidence.panels():
        n = sweeps.load(*batch[:4])
        tops = sweeps.carried(n, _slopes(sweeps, n, batch.weight / evidence.scale), np.abs)
        sweeps.add(n, tops, np.abs)
    w = network.parameters[: network.n_weights].astype(np.float64)
    return np.abs(w) * sweeps.total[: network.n_weights] / network.n_outputs


def _slopes(sweeps: Sweeps, n: int, weight: Array) -> Iterator[Seed]:
    """df/dz of each output f, by the weight of each row."""
    a = sweeps.a(sweeps.depth, n)
    softmax = sweeps.names[-1] == "softmax"
    slope = a if softmax else sweeps.slope(sweeps.depth, n)
    for k in range(len(a)):
        one = np.eye(len(a))[:, k, None]
        yield Seed(sweeps.depth, np.ones(1), weight * slope[k] * (one - a if softmax else one))


def loss_sensitivity(network: Network, evidence: Evidence) -> Array:
    """|dL/dw w|: what the loss would change by, to first order; before training, SNIP (Lee et al. 2019)."""
    sweeps = Sweeps(network, evidence.loss)
    for batch in evidence.panels():
        sweeps.load(*batch[:4])
    n = network.n_weights
    return np.asarray(np.abs(sweeps.gradient[:n] * network.parameters[:n]))
