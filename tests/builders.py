"""Small random networks and batches for the tests, dense or sparse, in any precision."""

from __future__ import annotations

import numpy as np

from glasshouse.network.layers import Dense, Sparse
from glasshouse.network.network import Network
from glasshouse.network.topology import Topology


def build(rng, sizes, activations, dtype=np.float64, masks=None):
    """A network of these sizes with non-zero biases; with masks, sparse layers."""
    layers = []
    for k, (fan_in, fan_out, name) in enumerate(zip(sizes, sizes[1:], activations, strict=False)):
        layers.append(Dense(fan_in, fan_out, name) if masks is None else Sparse(Topology.from_mask(masks[k]), name))
    network = Network.initialized(layers, rng, "auto", dtype)
    for _, b in network.views(network.parameters):
        b[...] = rng.normal(0, 0.3, b.shape)
    return network


def densified(network):
    """The same network with its zeros stored."""
    layers = [Dense(layer.fan_in, layer.fan_out, layer.activation) for layer in network.layers]
    dense = Network.initialized(layers, np.random.default_rng(0), "auto", network.dtype)
    for layer, (w, b), (sparse_w, sparse_b) in zip(
        network.layers, dense.views(dense.parameters), network.views(network.parameters), strict=True
    ):
        w[...] = layer.dense(sparse_w)
        b[...] = sparse_b
    return dense


def masks_for(rng, sizes, density=0.4):
    return [rng.random((fan_out, fan_in)) < density for fan_in, fan_out in zip(sizes, sizes[1:], strict=False)]


def batch(rng, n, n_features, n_outputs, output, dtype=np.float64, loss=None):
    """Rows, targets that this loss can judge on these outputs, and weights."""
    X = rng.normal(0, 1, (n, n_features)).astype(dtype)
    if output == "softmax":
        Y = np.eye(n_outputs)[rng.integers(0, n_outputs, n)]
    elif loss == "poisson":
        Y = rng.poisson(2.0, (n, n_outputs)) * 1.0
    elif loss in ("perceptron", "hinge"):
        Y = np.where(rng.random((n, n_outputs)) < 0.5, -1.0, 1.0)
    else:
        Y = (rng.random((n, n_outputs)) < 0.5) * 1.0
    weight = rng.uniform(0.2, 2.0, n)
    return X, Y.astype(dtype), weight.astype(dtype)
