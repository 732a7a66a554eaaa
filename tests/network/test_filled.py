"""When a sparse layer is filled up with zeros: by the rule, for every instruction set, and shown by inspect."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glasshouse import kernels
from glasshouse.network.filled import BREAK_EVEN, is_filled
from glasshouse.network.layers import Dense, Sparse
from glasshouse.network.network import Network
from glasshouse.network.predictor import Predictor, row_predictor
from glasshouse.network.topology import Topology
from glasshouse.network.workspace import Workspace

SIZES = st.integers(1, 1 << 11)


def test_every_compiled_level_has_its_break_even() -> None:
    assert set(BREAK_EVEN) >= set(kernels.available_levels())


@given(fan_out=SIZES, fan_in=SIZES, batch=st.none() | st.integers(1, 512), share=st.floats(0, 1))
def test_more_connections_are_filled_sooner_and_all_of_them_always(fan_out, fan_in, batch, share) -> None:
    shape, size = (fan_out, fan_in), fan_out * fan_in
    assert is_filled(shape, size, batch, "float32")
    if is_filled(shape, int(share * size), batch, "float32"):
        assert is_filled(shape, min(size, int(share * size) + 1), batch, "float32")


@pytest.mark.parametrize(("density", "name"), [(0.02, "Sparse"), (0.99, "Filled")])
def test_a_workspace_binds_by_the_rule(density, name) -> None:
    rng = np.random.default_rng(0)
    pattern = Topology.random((40, 50), int(density * 2000), rng)
    network = Network.initialized([Sparse(pattern), Dense(40, 2, "softmax")], rng)
    assert type(Workspace(network, "cross_entropy", 64).layers[0]).__name__ == name


def test_what_may_overflow_is_not_filled() -> None:
    """0 times infinity is no number, and without the zero there is none."""
    rng = np.random.default_rng(0)
    mask = np.ones((30, 30))
    mask[3, 7] = 0
    layers = [Dense(1, 30, "exp"), Sparse(Topology.from_mask(mask), "identity")]
    network = Network.initialized(layers, rng)
    w, _ = network.views(network.parameters)[0]
    w[...] = -1
    w[7] = 1000
    x = np.ones((1, 1), np.float32)
    batch, row = Predictor(network)(x)[0], row_predictor(network)(x[0])
    assert batch.tobytes() == row.tobytes()
    assert np.isfinite(batch[3])
    assert not np.isfinite(batch[4])
