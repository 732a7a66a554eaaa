"""The diagonal of the Hessian against automatic differentiation, in float64."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from builders import batch, build, masks_for

from glasshouse.network.curvature import Curvature, hessian_diagonal, is_exact
from glasshouse.network.network import Network

TORCH = {
    "identity": lambda z: z,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "leaky_relu": lambda z: torch.where(z > 0, z, z / 100),
    "elu": torch.nn.functional.elu,
    "softplus": torch.nn.functional.softplus,
    "gelu": torch.nn.functional.gelu,
    "silu": torch.nn.functional.silu,
    "softmax": lambda z: torch.softmax(z, 1),
}


def by_torch(network: Network, loss: str, X, Y, weight, gauss_newton=False):
    """diag H, or diag of J' H J, by differentiating twice."""
    X, Y, weight = (torch.from_numpy(np.asarray(array, float)) for array in (X, Y, weight))

    def outputs(parameters, last=True):
        place, bias = 0, network.n_weights
        a = X
        for layer in network.layers:
            size = int(np.prod(layer.weight_shape))
            w = parameters[place : place + size]
            if len(layer.weight_shape) == 1:
                whole = torch.zeros(layer.fan_out, layer.fan_in, dtype=torch.float64)
                w = whole.index_put(
                    tuple(torch.from_numpy(i.astype(np.int64)) for i in (layer.topology.rows, layer.topology.inputs)), w
                )
            z = a @ w.reshape(layer.fan_out, layer.fan_in).T + parameters[bias : bias + layer.fan_out]
            a = TORCH[layer.activation](z)
            place, bias = place + size, bias + layer.fan_out
        return (z, a) if last else a

    def value(parameters):
        z, a = outputs(parameters)
        if loss == "squared_error":
            terms = (a - Y) ** 2
        elif network.layers[-1].activation == "softmax":
            terms = -Y * torch.log_softmax(z, 1)
        else:
            terms = torch.nn.functional.binary_cross_entropy_with_logits(z, Y, reduction="none")
        return (weight[:, None] * terms).sum()

    parameters = torch.from_numpy(network.parameters.astype(float))
    return torch.diagonal(torch.autograd.functional.hessian(value, parameters)).numpy()


HEADS = [
    ("softmax", "cross_entropy"),
    ("sigmoid", "cross_entropy"),
    ("identity", "squared_error"),
    ("sigmoid", "squared_error"),
    ("softmax", "squared_error"),
]
CASES = [
    *(([name] * depth, False) for name in ("relu", "leaky_relu", "identity") for depth in range(4)),
    *(([name] * depth, False) for name in ("sigmoid", "tanh", "elu", "softplus", "gelu", "silu") for depth in (1, 2)),
    (["tanh", "relu"], False),
    (["tanh", "sigmoid", "tanh"], True),
    (["tanh", "relu", "sigmoid", "silu"], True),
]


@pytest.mark.parametrize(("output", "loss"), HEADS)
@pytest.mark.parametrize(("hidden", "whole"), CASES)
def test_the_diagonal_is_the_one_of_automatic_differentiation(output, loss, hidden, whole) -> None:
    rng = np.random.default_rng(len(hidden))
    sizes = [*[4, 5, 3, 6, 4][: 1 + len(hidden)], 3]
    for masks in (None, masks_for(rng, sizes, 0.6)):
        network = build(rng, sizes, [*hidden, output], masks=masks)
        X, Y, weight = batch(rng, 300, 4, 3, output, loss=loss)
        found = Curvature(network, loss, "exact", whole)
        for start in (0, 256):
            rows = np.arange(start, min(300, start + 256))
            found.add(X, Y, weight[rows], rows)
        exact = by_torch(network, loss, X, Y, weight)
        assert np.abs(found.diagonal - exact).max() <= 1e-10 * np.abs(exact).max()


@pytest.mark.parametrize(("output", "loss"), HEADS)
def test_without_bends_the_diagonal_is_that_of_gauss_and_newton(output, loss) -> None:
    rng = np.random.default_rng(0)
    network = build(rng, [4, 6, 5, 2], ["relu", "leaky_relu", output])
    X, Y, _ = batch(rng, 100, 4, 2, output, loss=loss)
    exact, gauss_newton, swept = (
        hessian_diagonal(network, loss, X, Y, method) for method in ("exact", "gauss_newton", "one_sweep")
    )
    straight = output == "identity" or loss == "cross_entropy"  # else the outputs themselves bend
    assert np.allclose(exact, gauss_newton, rtol=1e-12) == straight
    assert (gauss_newton >= 0).all()
    last = slice(network.n_weights - 10, network.n_weights)
    assert np.allclose(swept[last], exact[last], rtol=1e-12)  # up to the last layer it neglects nothing
    assert not np.allclose(swept, exact, rtol=1e-3)


def test_deep_smooth_networks_are_known_to_be_approximated() -> None:
    rng = np.random.default_rng(1)
    network = build(rng, [4, 6, 5, 6, 2], ["tanh", "tanh", "sigmoid", "identity"])
    assert not is_exact(network)
    assert is_exact(network, whole=True)
    assert is_exact(build(rng, [4, 6, 5, 6, 2], ["tanh", "tanh", "relu", "identity"]))
    X, Y, _ = batch(rng, 200, 4, 2, "identity")
    near, whole = (hessian_diagonal(network, "squared_error", X, Y, whole=whole) for whole in (False, True))
    first = slice(0, 24)
    assert np.array_equal(near[24:], whole[24:]) or np.allclose(
        near[24 : network.n_weights], whole[24 : network.n_weights]
    )
    assert 0 < np.abs(near[first] - whole[first]).max() < 0.5 * np.abs(whole[first]).max()
