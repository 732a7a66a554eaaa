"""Changes of shape: each makes a new network, and says where every one of its parameters was before."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .layers import Dense, Layer, Sparse
from .network import Network, follow
from .topology import Topology

__all__ = ["Change", "connections", "reconnected", "thinned", "weight_slices"]

Array = npt.NDArray[Any]
Places = npt.NDArray[np.int64]


class Change(NamedTuple):
    """A network of another shape, and the old place of each of its parameters, -1 for a newborn.

    `State.move` takes it; any vector in the old layout follows by `follow(vector, origin)`.
    """

    network: Network
    origin: Places


def weight_slices(network: Network) -> list[slice]:
    """Where the weights of each layer stand in the vector of parameters."""
    ends = np.cumsum([0, *(np.prod(layer.weight_shape, dtype=int) for layer in network.layers)]).tolist()
    return [slice(begin, end) for begin, end in pairwise(ends)]


def connections(layer: Layer) -> Places:
    """The place unit * fan_in + input of every weight of a layer, ascending, as its weights stand."""
    if isinstance(layer, Dense):
        return np.arange(layer.fan_in * layer.fan_out)
    t = layer.topology
    return t.rows.astype(np.int64) * t.shape[1] + t.inputs


def thinned(network: Network, keep: npt.NDArray[np.bool_]) -> Change:
    """Leave out the weights that are not to be kept, (n_weights,); what loses any is sparse from then on.

    Examples
    --------
    >>> from glasshouse.network.network import perceptron_layers
    >>> network = Network(perceptron_layers(2, [], 2, "relu", "identity"), np.arange(6.0))
    >>> smaller, origin = thinned(network, np.array([True, False, True, True]))
    >>> smaller.layers[0].topology.inputs.tolist(), smaller.parameters.tolist(), origin.tolist()
    ([0, 0, 1], [0.0, 2.0, 3.0, 4.0, 5.0], [0, 2, 3, 4, 5])
    """
    whole = [connections(layer)[keep[part]] for layer, part in zip(network.layers, weight_slices(network), strict=True)]
    return reconnected(network, whole)


def reconnected(network: Network, places: Sequence[Places]) -> Change:
    """Give every layer the connections at these places (unit * fan_in + input, ascending, each once).

    Weights that were there keep their values; newborn ones are 0.
    """
    layers: list[Layer] = []
    origins = []
    for layer, part, wanted in zip(network.layers, weight_slices(network), places, strict=True):
        there = connections(layer)
        at = np.minimum(np.searchsorted(there, wanted), max(len(there) - 1, 0))
        known = there[at] == wanted if len(there) else np.zeros(len(wanted), bool)
        origins.append(np.where(known, part.start + at, -1))
        layers.append(layer if np.array_equal(there, wanted) else _sparse(layer, wanted))
    origin = np.concatenate([*origins, np.arange(network.n_weights, len(network.parameters))])
    return Change(Network(tuple(layers), follow(network.parameters, origin)), origin)


def _sparse(layer: Layer, places: Places) -> Layer:
    if len(places) == layer.fan_in * layer.fan_out:
        return Dense(layer.fan_in, layer.fan_out, layer.activation)
    units, inputs = np.divmod(places, layer.fan_in)
    starts = np.searchsorted(units, np.arange(layer.fan_out + 1))
    return Sparse(
        Topology((layer.fan_out, layer.fan_in), starts.astype(np.int32), inputs.astype(np.int32)), layer.activation
    )
