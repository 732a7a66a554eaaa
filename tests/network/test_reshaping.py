"""Changes of shape keep what stays, and say where it was."""

from __future__ import annotations

import numpy as np
from builders import build, densified, masks_for
from hypothesis import given, settings
from hypothesis import strategies as st

from glasshouse.network.network import follow
from glasshouse.network.predictor import Predictor
from glasshouse.network.reshaping import connections, reconnected, thinned


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1 << 16), st.sampled_from([None, 0.3, 0.9]), st.floats(0, 1))
def test_a_thinned_network_is_the_one_with_zeros(seed, density, share) -> None:
    rng = np.random.default_rng(seed)
    sizes = [5, 7, 4, 3]
    network = build(rng, sizes, ["tanh", "relu", "softmax"], masks=density and masks_for(rng, sizes, density))
    keep = rng.random(network.n_weights) < share
    smaller, origin = thinned(network, keep)
    zeroed = network.with_parameters(network.parameters)
    zeroed.parameters[: network.n_weights][~keep] = 0
    X = rng.normal(size=(20, 5))
    assert np.array_equal(Predictor(smaller)(X), Predictor(zeroed)(X))
    assert smaller.n_weights == keep.sum()
    assert np.array_equal(smaller.parameters, follow(network.parameters, origin))


def test_reconnecting_keeps_the_old_and_zeroes_the_new() -> None:
    rng = np.random.default_rng(1)
    sizes = [6, 5, 2]
    network = build(rng, sizes, ["relu", "identity"], masks=masks_for(rng, sizes, 0.5))
    before = [connections(layer) for layer in network.layers]
    wanted = [np.sort(rng.choice(30, 12, replace=False)), np.arange(10)]
    changed, origin = reconnected(network, wanted)
    assert [connections(layer).tolist() for layer in changed.layers] == [places.tolist() for places in wanted]
    for old, new, places in zip(densified(network).layers, changed.layers, wanted, strict=True):
        assert (old.fan_in, old.fan_out) == (new.fan_in, new.fan_out)
        assert len(places) == np.prod(new.weight_shape)
    weights = changed.parameters[: changed.n_weights]
    born = origin[: changed.n_weights] < 0
    assert (weights[born] == 0).all()
    assert born[:12].tolist() == [p not in before[0] for p in wanted[0]]
