"""One row at a time gives the bits of the row in a batch, for every activation, storage and precision."""

from __future__ import annotations

import gc

import numpy as np
import pytest
from builders import build, masks_for
from hypothesis import given, settings
from hypothesis import strategies as st

from glasshouse.network.activations import ACTIVATIONS
from glasshouse.network.predictor import Predictor, row_predictor

HIDDEN = [row.name for row in ACTIVATIONS.values() if row.hidden]


@settings(max_examples=60, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 150), min_size=2, max_size=5),
    dtype=st.sampled_from([np.float32, np.float64]),
    density=st.sampled_from([None, 0.02, 0.1, 0.5]),
    output=st.sampled_from(list(ACTIVATIONS)),
    seed=st.integers(0, 1 << 16),
)
def test_a_row_alone_is_the_row_in_a_batch(sizes, dtype, density, output, seed) -> None:
    rng = np.random.default_rng(seed)
    activations = [*rng.choice(HIDDEN, len(sizes) - 2).tolist(), output]
    network = build(rng, sizes, activations, dtype, density and masks_for(rng, sizes, density))
    X = rng.normal(size=(19, sizes[0])).astype(dtype)
    batch, row = Predictor(network)(X), row_predictor(network)
    for x, expected in zip(X, batch, strict=True):
        assert row(x).tobytes() == expected.tobytes()


def test_the_answer_is_one_array_that_outlives_its_predictor() -> None:
    network = build(np.random.default_rng(0), [3, 4, 2], ["relu", "softmax"], np.float32)
    row = row_predictor(network)
    answer = row(np.zeros(3, np.float32))
    assert row(np.ones(3, np.float32)) is answer
    kept = answer.copy()
    del row
    gc.collect()
    assert np.array_equal(answer, kept)
    assert answer.sum() == pytest.approx(1)


def test_rows_of_another_shape_or_type_are_refused() -> None:
    row = row_predictor(build(np.random.default_rng(0), [3, 2], ["identity"], np.float32))
    with pytest.raises(ValueError, match="the row has 4 places where 3 are needed"):
        row(np.zeros(4, np.float32))
    for wrong in (np.zeros(3), [0.0, 0.0, 0.0], np.zeros((1, 3), np.float32)):
        with pytest.raises(TypeError, match=r"array of 3 numbers, float32: pass np\.asarray\(x, np\.float32\)$"):
            row(wrong)
