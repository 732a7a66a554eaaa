"""Compaction: smaller, and the same answers."""

from __future__ import annotations

import numpy as np
import pytest
from builders import build, masks_for
from hypothesis import given, settings
from hypothesis import strategies as st

from glasshouse.errors import OptionError
from glasshouse.network.activations import ACTIVATIONS
from glasshouse.network.footprint import footprint
from glasshouse.network.layers import Dense
from glasshouse.network.network import Network, perceptron_layers
from glasshouse.network.predictor import Predictor
from glasshouse.pruning.compaction import compacted, differences

HIDDEN = [row.name for row in ACTIVATIONS.values() if row.hidden]


@settings(max_examples=150, deadline=None)
@given(
    st.integers(0, 1 << 16),
    st.lists(st.sampled_from(HIDDEN), min_size=0, max_size=3),
    st.sampled_from([0.05, 0.2, 0.6]),
    st.sampled_from([np.float32, np.float64]),
    st.sampled_from(["size", "speed"]),
)
def test_the_outputs_are_the_same(seed, hidden, density, dtype, storage) -> None:
    if dtype == np.float32:
        hidden = [name for name in hidden if name != "exp"]  # which blows the last bit up
    rng = np.random.default_rng(seed)
    sizes = [6, *rng.integers(1, 9, len(hidden)).tolist(), 2]
    network = build(rng, sizes, [*hidden, "identity"], dtype, masks_for(rng, sizes, density))
    low, high = -rng.uniform(0, 2, 6), rng.uniform(0, 2, 6)
    X = rng.uniform(low, high, (200, 6)).astype(dtype)
    found = compacted(network, low, high, storage=storage)
    assert storage == "speed" or footprint(found.network).stored <= footprint(network).stored
    scale = max(1.0, float(np.abs(network.parameters).max()) ** len(sizes))
    before, after = Predictor(network)(X), Predictor(found.network)(np.ascontiguousarray(X[:, found.inputs]))
    relative = 0 if dtype == np.float32 else 1e-11  # exp of exp of exp reaches 1e100, whose last bit is no 1e-12
    assert np.allclose(before, after, rtol=relative, atol=(1e-6 if dtype == np.float32 else 1e-12) * scale)
    again = compacted(found.network, low[found.inputs], high[found.inputs], storage=storage)
    assert again.network.sizes == found.network.sizes  # it had gone as far as it goes


def test_each_cause_is_named() -> None:
    w1 = np.array([[1.0, 0, 0], [1, 0, 0], [0, 0, 0], [-1, 0, 0], [0, 1, 0]])  # twins, no way in, below 0, unread
    w2 = np.array([[1.0, 2, 3, 4, 0]])
    b1, b2 = np.array([0.5, 0.5, 0.7, -1.5, 0.1]), np.array([1.0])
    network = Network(
        perceptron_layers(3, [5], 1, "relu", "identity"), np.concatenate([w1.ravel(), w2.ravel(), b1, b2])
    )
    found = compacted(network, np.full(3, -1.0), np.full(3, 1.0))
    assert found.removed == {"constant": 2, "unread": 1, "duplicate": 1, "inputs": 2}
    assert found.network.sizes == (1, 1, 1)
    assert found.inputs.tolist() == [0]
    assert found.units[0].tolist() == [0]
    assert np.allclose(found.network.parameters, [1, 3, 0.5, 1 + 3 * 0.7])
    assert compacted(network).removed["constant"] == 1  # nobody said that the input is above -1.5
    assert compacted(network, groups=[7, 8, 7]).inputs.tolist() == [0, 2]  # one of a group is read


def test_what_is_constant_on_rows_is_folded_when_asked() -> None:
    rng = np.random.default_rng(0)
    network = build(rng, [4, 30, 20, 3], ["relu", "relu", "softmax"], np.float32)
    rows = rng.normal(0, 0.3, (50, 4)).astype(np.float32)
    plain, on_rows = compacted(network), compacted(network, rows=rows)
    assert on_rows.network.sizes < plain.network.sizes
    assert differences(network, on_rows, rows) <= 1e-6
    assert differences(network, on_rows, rng.normal(0, 3, (50, 4)).astype(np.float32)) > 1e-3


def test_nothing_left_still_answers() -> None:
    network = build(
        np.random.default_rng(0), [3, 4, 2], ["tanh", "softmax"], masks=[np.zeros((4, 3)), np.zeros((2, 4))]
    )
    found = compacted(network)
    assert found.network.sizes == (1, 1, 2)
    assert differences(network, found, np.ones((5, 3))) <= 1e-12


def test_storage_is_dense_where_that_is_smaller_or_faster() -> None:
    rng = np.random.default_rng(0)
    for density, wanted in ((0.05, False), (0.95, True)):
        network = build(rng, [64, 64, 8], ["relu", "identity"], np.float32, masks_for(rng, [64, 64, 8], density))
        for storage in ("size", "speed"):
            assert isinstance(compacted(network, storage=storage).network.layers[0], Dense) == wanted
    with pytest.raises(OptionError, match="no storage is called 'sizes': did you mean 'size'"):
        compacted(network, storage="sizes")
