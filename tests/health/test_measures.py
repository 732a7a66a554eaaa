"""What is counted about units equals a count by hand in float64, and PyTorch's activations under hooks."""

from __future__ import annotations

import brute
import numpy as np
import pytest
import torch
from builders import batch, build
from hypothesis import given
from hypothesis import strategies as st

from glasshouse.network.activations import ACTIVATIONS
from glasshouse.network.layers import Dense, Sparse
from glasshouse.network.measures import FLAT, NEVER_FLAT, Gauge, effective_rank, glance, is_flat, still, twins, updates
from glasshouse.network.network import Network, perceptron_layers
from glasshouse.network.passes import loss_and_gradient
from glasshouse.network.topology import Topology
from glasshouse.network.workspace import Workspace

HIDDEN = [row.name for row in ACTIVATIONS.values() if row.hidden]


def measured(network, X, Y, capacity=64):
    """The gauge's layers after all rows, a panel at a time."""
    work = Workspace(network, "cross_entropy", capacity)
    gauge = Gauge(work)
    for start in range(0, len(X), capacity):
        rows = np.arange(start, min(start + capacity, len(X)))
        n = work.load(X, Y, np.full(len(rows), 1 / len(rows)), rows)
        loss_and_gradient(work, n, add=start > 0)
        gauge.add(n)
    return gauge.layers()


@pytest.mark.parametrize("name", HIDDEN)
def test_flat_is_a_slope_below_5_percent_of_the_largest(name) -> None:
    z = np.linspace(-9, 9, 4001)
    slope = np.abs(ACTIVATIONS[name].slope(z))
    largest = {"sigmoid": 0.25}.get(name, 1.0)
    found = is_flat(name, ACTIVATIONS[name].value(z), z)
    if name in NEVER_FLAT:
        assert not found.any()
    else:
        clear = np.abs(slope - FLAT * largest) > 1e-6
        assert np.array_equal(found[clear], (slope < FLAT * largest)[clear])


@pytest.mark.parametrize("name", ["relu", "tanh", "sigmoid"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_counts_equal_a_count_by_hand_and_pytorchs_hooks(name, dtype) -> None:
    rng = np.random.default_rng(3)
    network = build(rng, [7, 20, 15, 3], [name, name, "softmax"], dtype)
    network.parameters[...] *= 4
    X, Y, _ = batch(rng, 500, 7, 3, "softmax", dtype)
    layers = measured(network, X, Y)
    z, a, deltas = brute.passes(network, X, Y)
    for k, (layer, flat) in enumerate(zip(layers, brute.flat(network, z), strict=False)):
        assert np.abs(layer.flat - flat).max() <= (2 / 500 if dtype == np.float32 else 0)
        assert np.allclose(layer.mean, a[k].mean(axis=1), atol=1e-5)
        assert np.allclose(layer.variance, a[k].var(axis=1), atol=1e-4)
        assert layer.size == pytest.approx(np.sqrt((a[k] ** 2).mean()), rel=1e-5)
        assert layer.largest == pytest.approx(np.abs(a[k]).max(), rel=1e-5)
        assert layer.delta == pytest.approx(np.sqrt((deltas[k] ** 2).sum(axis=0).mean()), rel=1e-4)

    modules, kept = [], []
    kinds = {"relu": torch.nn.ReLU, "tanh": torch.nn.Tanh, "sigmoid": torch.nn.Sigmoid}
    for w, b in network.views(network.parameters)[:-1]:
        linear = torch.nn.Linear(w.shape[1], w.shape[0], dtype=torch.float64)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(w.astype(float)))
            linear.bias.copy_(torch.from_numpy(b.astype(float)))
        modules += [linear, kinds[name]()]
        modules[-1].register_forward_hook(lambda module, inputs, output: kept.append(output.T.numpy()))
    with torch.no_grad():
        torch.nn.Sequential(*modules)(torch.from_numpy(X.astype(float)))
    for layer, activations in zip(layers, kept, strict=False):
        assert np.abs(layer.zero - (activations == 0).mean(axis=1)).max() <= (2 / 500 if dtype == np.float32 else 0)
        assert np.abs(layer.flat - is_flat(name, activations, None).mean(axis=1)).max() <= 2 / 500


@pytest.mark.parametrize("name", ["relu", "tanh", "gelu"])
def test_a_glance_has_the_numbers_of_the_gauge(name) -> None:
    rng = np.random.default_rng(4)
    network = build(rng, [7, 20, 15, 3], [name, name, "softmax"], np.float32)
    X, Y, _ = batch(rng, 50, 7, 3, "softmax", np.float32)
    work = Workspace(network, "cross_entropy", 64)
    loss_and_gradient(work, work.load(X, Y, np.full(50, 1 / 50), np.arange(50)))
    for layer, flat, size, delta in zip(measured(network, X, Y), *glance(work), strict=True):
        assert np.array_equal(layer.flat.astype(np.float32), flat)
        assert (size, delta) == pytest.approx((layer.size, layer.delta), rel=1e-4)


@given(panel=st.integers(1, 60), n=st.integers(1, 150))
def test_counts_do_not_depend_on_the_panels(panel, n) -> None:
    rng = np.random.default_rng(n)
    network = build(rng, [4, 9, 2], ["relu", "softmax"], np.float64)
    X, Y, _ = batch(rng, n, 4, 2, "softmax")
    one, other = measured(network, X, Y, n)[0], measured(network, X, Y, panel)[0]
    assert one.rows == other.rows == n
    assert np.array_equal(one.flat, other.flat)
    assert one.delta == pytest.approx(other.delta, rel=1e-9)


@given(units=st.integers(1, 12), copies=st.lists(st.integers(0, 11), max_size=6))
def test_twins_are_found_wherever_they_stand(units, copies) -> None:
    rng = np.random.default_rng(units)
    w, b = rng.normal(size=(units, 5)), rng.normal(size=units)
    copies = [k % units for k in copies]
    order = rng.permutation(units + len(copies))
    of = np.array([*range(units), *copies])[order]
    expected = sorted(np.flatnonzero(of == k).tolist() for k in set(copies))
    w, b = np.vstack([w, w[copies]])[order], np.concatenate([b, b[copies]])[order]
    assert twins(Dense(5, len(b)), w, b) == expected
    sparse = Sparse(Topology.from_mask(np.ones_like(w)))
    assert twins(sparse, w.ravel(), b) == expected


@given(rank=st.integers(1, 6))
def test_effective_rank_of_equal_directions_is_their_number(rank) -> None:
    a = np.zeros((10, 2 * rank))
    for k in range(rank):
        a[k, 2 * k : 2 * k + 2] = 1, -1
    assert effective_rank(a) == pytest.approx(rank)
    assert effective_rank(np.ones((4, 3))) == 0


def test_updates_are_shares_of_the_weights_and_none_of_nothing() -> None:
    network = Network.initialized(perceptron_layers(2, [3], 2, "relu", "softmax"), np.random.default_rng(0))
    before = network.parameters.copy()
    before[network.n_weights - 6 : network.n_weights] = 0
    first, last = updates(network, before, before * 1.5)
    assert first == pytest.approx(0.5)
    assert still(network, before, before * 1.5) == [0, 1]
    assert np.isnan(last)
