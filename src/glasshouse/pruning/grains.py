"""Grains: what is cut in one piece, single weights, whole units, or whole inputs."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..network.network import Network
from ..network.reshaping import Change, connections, thinned, weight_slices
from .criteria import Criterion, strongest
from .evidence import Evidence

__all__ = ["GRAINS", "cut", "pieces"]

Array = npt.NDArray[Any]
Places = npt.NDArray[np.int64]
GRAINS = {
    "weights": "one connection at a time",
    "units": "hidden units with all their connections, by the sum of what these count",
    "inputs": "inputs with all their connections, by the sum of what these count",
}


def cut(network: Network, criterion: Criterion, evidence: Evidence | None, grain: str, count: int) -> Change:
    """The network with so many pieces left; every hidden layer keeps a unit."""
    if grain == "weights":
        return criterion.cut(network, evidence, count)
    saliency = criterion.saliency(network, evidence)
    if grain == "inputs":
        first = weight_slices(network)[0]
        keep = np.ones(network.n_weights, bool)
        inputs = connections(network.layers[0]) % network.n_features
        total = np.bincount(inputs, saliency[first], minlength=network.n_features)
        total[np.bincount(inputs, minlength=network.n_features) == 0] = -np.inf
        keep[first] = strongest(total, count)[inputs]
        return thinned(network, keep)
    return thinned(network, _of_strong_units(network, saliency, count))


def _of_strong_units(network: Network, saliency: Array, count: int) -> npt.NDArray[np.bool_]:
    """Which weights neither come from nor go to a unit that leaves."""
    total, ends = _by_unit(network, saliency)
    alive = _by_unit(network, np.ones_like(saliency))[0] > 0
    total[~alive] = -np.inf
    for begin, end in zip(ends, ends[1:], strict=False):  # the best of a layer stays
        total[begin + int(np.argmax(total[begin:end]))] = np.inf
    stays = np.append(strongest(total, max(count, len(ends) - 1)), True)
    keep = np.ones(network.n_weights, bool)
    for k, (layer, part) in enumerate(zip(network.layers, weight_slices(network), strict=True)):
        units, inputs = np.divmod(connections(layer), layer.fan_in)
        if k < len(network.layers) - 1:
            keep[part] &= stays[ends[k] + units]
        if k > 0:
            keep[part] &= stays[ends[k - 1] + inputs]
    return keep


def _by_unit(network: Network, values: Array) -> tuple[Array, list[int]]:
    """The sum over each hidden unit's weights, in and out, and where the units of each layer begin."""
    ends = np.cumsum([0, *network.sizes[1:-1]]).tolist()
    total = np.zeros(ends[-1])
    for k, (layer, part) in enumerate(zip(network.layers, weight_slices(network), strict=True)):
        units, inputs = np.divmod(connections(layer), layer.fan_in)
        if k < len(network.layers) - 1:
            total[ends[k] : ends[k + 1]] += np.bincount(units, values[part], minlength=layer.fan_out)
        if k > 0:
            total[ends[k - 1] : ends[k]] += np.bincount(inputs, values[part], minlength=layer.fan_in)
    return total, ends


def pieces(network: Network, grain: str) -> int:
    """How many there are: connections, or units or inputs that have any."""
    if grain == "weights":
        return network.n_weights
    if grain == "inputs":
        return len(np.unique(connections(network.layers[0]) % network.n_features))
    return int((_by_unit(network, np.ones(network.n_weights))[0] > 0).sum())
