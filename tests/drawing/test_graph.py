"""A network as dots and lines: the strongest connections of every layer, with the weights they have."""

from __future__ import annotations

import builders
import numpy as np
import pytest

from glasshouse.drawing.graph import graph


@pytest.mark.parametrize("dense", [True, False])
@pytest.mark.parametrize("most", [1, 7, 40, 10_000])
def test_the_strongest_of_every_layer_are_shown(dense, most) -> None:
    rng, sizes = np.random.default_rng(most), [9, 6, 4, 2]
    network = builders.build(
        rng, sizes, ["relu", "tanh", "softmax"], masks=None if dense else builders.masks_for(rng, sizes)
    )
    found = graph(network, most)
    assert [layer["units"] for layer in found["layers"]] == sizes
    assert len(found["edges"]) == min(most, found["connections"])
    for k, (layer, (w, _)) in enumerate(zip(network.layers, network.views(network.parameters), strict=True), start=1):
        matrix = layer.dense(w)
        shown = [edge for edge in found["edges"] if edge[0] == k]
        assert all(value == pytest.approx(matrix[to, source], rel=1e-3) for _, source, to, value in shown)
        hidden = np.sort(np.abs(w.ravel()))[::-1][len(shown) :]
        assert min((abs(edge[3]) for edge in shown), default=np.inf) >= hidden.max(initial=0) * 0.999


def test_small_layers_leave_their_share_to_large_ones() -> None:
    network = builders.build(np.random.default_rng(0), [50, 40, 2], ["relu", "softmax"])
    layers = [edge[0] for edge in graph(network, 500)["edges"]]
    assert (layers.count(1), layers.count(2)) == (420, 80)
