"""What a network takes: its bytes in a file, in a predictor, and in the flash of a microcontroller."""

from __future__ import annotations

import math
from typing import NamedTuple

from .. import kernels
from .filled import is_filled
from .layers import Layer, Sparse
from .network import Network

__all__ = ["Footprint", "flash_bytes", "footprint"]

BATCH = 32


class Footprint(NamedTuple):
    """Bytes, of all layers together.

    Attributes
    ----------
    parameters : int
        Weights that exist, and biases.
    indices : int
        The patterns of sparse layers, as CSR.
    workspace : int
        The columns of a batch, and the zeros a filled layer writes out.
    """

    parameters: int
    indices: int
    workspace: int

    @property
    def stored(self) -> int:
        """In a file, but for its document."""
        return self.parameters + self.indices

    @property
    def total(self) -> int:
        """Held by a predictor."""
        return self.parameters + self.indices + self.workspace


def footprint(network: Network, batch: int = BATCH) -> Footprint:
    """Count the bytes a predictor for batches of this size holds.

    Examples
    --------
    >>> import numpy as np
    >>> from glasshouse.network.network import perceptron_layers
    >>> layers = perceptron_layers(4, [8], 1, "relu", "identity")
    >>> footprint(Network(layers, np.zeros(49, np.float32)), 32)
    Footprint(parameters=196, indices=0, workspace=2496)
    """
    indices = sum(
        4 * (layer.topology.n_connections + layer.fan_out + 1) for layer in network.layers if isinstance(layer, Sparse)
    )
    columns = kernels.arithmetic(network.dtype).Columns(1, batch).nbytes
    workspace = columns * sum(network.sizes)
    workspace += sum(_filling(layer, network, batch) for layer in network.layers)
    return Footprint(network.parameters.nbytes, indices, workspace)


def _filling(layer: Layer, network: Network, batch: int) -> int:
    shape, n = (layer.fan_out, layer.fan_in), math.prod(layer.weight_shape)
    fills = isinstance(layer, Sparse) and network.may_fill and is_filled(shape, n, batch, network.dtype)
    return math.prod(shape) * network.dtype.itemsize if fills else 0


def flash_bytes(network: Network, bytes_a_weight: int = 4) -> int:
    """An estimate of the flash its tables take as C: weights, biases, and for sparse layers inputs and starts.

    An input takes one byte where there are up to 256 of them, else two, or four; so do the starts of units.
    """

    def width(largest: int) -> int:
        return 1 if largest <= 0xFF else 2 if largest <= 0xFFFF else 4

    total = 4 * sum(layer.fan_out for layer in network.layers)
    for layer in network.layers:
        n = math.prod(layer.weight_shape)
        total += n * bytes_a_weight
        if isinstance(layer, Sparse):
            total += n * width(layer.fan_in - 1) + (layer.fan_out + 1) * width(n)
    return total
