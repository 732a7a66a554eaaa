"""Whole numbers: one multiplication and shift, scales, probabilities, and networks near those they are made of."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.special import softmax

from glasshouse.exporting.c.numbers import narrowest
from glasshouse.exporting.columns import Number
from glasshouse.exporting.counts import LARGEST, STEPS, Counted, thresholds_of, unit_for
from glasshouse.exporting.integer import (
    IntegerNetwork,
    Scale,
    multiplier_of,
    probabilities_of,
    requantized,
    scale_of,
)
from glasshouse.exporting.recordings import RUNNING
from glasshouse.network.activations import ACTIVATIONS
from glasshouse.network.network import Network, perceptron_layers
from glasshouse.network.predictor import Predictor
from glasshouse.tables.encodings import scaled

HIDDEN = [row.name for row in ACTIVATIONS.values() if row.hidden and row.name != "exp"]


@given(st.integers(-(2**31), 2**31 - 1), st.floats(1e-12, 0.4999))
def test_a_sum_is_scaled_to_the_nearest_but_for_its_fifteen_bits(acc: int, factor: float) -> None:
    multiplier, shift = multiplier_of(np.array([factor]))
    found = int(requantized(np.array([acc]), multiplier, shift)[0])
    exact = Fraction(acc) * int(multiplier[0]) / 2 ** int(shift[0])
    assert abs(found - exact) <= Fraction(1, 2) + Fraction(1, 2 ** min(int(shift[0]) - 16, 20))
    assert abs(exact - Fraction(acc) * Fraction(factor)) <= abs(Fraction(acc) * Fraction(factor)) / 2**14 + Fraction(
        1, 2
    )
    assert -(2**31) <= found < 2**31


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.floats(-2e6, 2e6))
def test_a_scale_holds_its_ends_and_zero(low: float, high: float, value: float) -> None:
    for symmetric in (False, True):
        scale = scale_of(min(low, high), max(low, high), symmetric=symmetric)
        assert scale.real(scale.quantized(np.zeros(1)))[0] == 0.0
        inside = np.clip(value, min(low, high, 0), max(low, high, 0))
        assert abs(scale.real(scale.quantized(np.array([inside])))[0] - inside) <= 1.01 * scale.scale


@given(st.lists(st.integers(-32768, 32767), min_size=1, max_size=9), st.floats(1e-6, 0.4))
def test_probabilities_of_scores_are_softmax(scores: list[int], scale: float) -> None:
    z = np.array([scores], np.int16)
    found = probabilities_of(z, scale)[0] / 32768
    real = scale * np.array([0.0, scores[0]] if len(scores) == 1 else scores)
    assert np.abs(found - softmax(real)).max() < 0.01
    assert found.sum() <= 1


@pytest.mark.parametrize("name", HIDDEN)
def test_a_network_in_whole_numbers_is_near_the_one_it_is_made_of(name: str) -> None:
    rng = np.random.default_rng(sum(map(ord, name)))
    network = Network.initialized(perceptron_layers(12, [24, 16], 3, name, "softmax"), rng)
    X = rng.normal(size=(500, 12)).astype(np.float32)
    whole = IntegerNetwork.of(network, X)
    scores = whole.scores(whole.inputs.quantized(X))
    z = Predictor(network.with_output("identity"))(X)
    assert np.abs(whole.reals(scores) - z).max() < 0.15 * np.abs(z).max()
    sure = np.sort(z, axis=1)[:, -1] - np.sort(z, axis=1)[:, -2] > 0.15 * np.abs(z).max()
    assert (scores.argmax(axis=1) == z.argmax(axis=1))[sure].all()


def test_extreme_networks_stay_within_their_bits() -> None:
    """Huge biases, units without weights, weights of every size: no sum overflows, no factor reaches ½."""
    rng = np.random.default_rng(0)
    network = Network.initialized(perceptron_layers(5, [6], 1, "relu", "identity"), rng)
    (w, b), (_, b2) = network.views(network.parameters)
    w[0], b[0] = 0, 1e6
    w[1], b[1] = 1e-9, 1e3
    w[2] *= 1e6
    b2[...] = 1e7
    X = rng.normal(size=(100, 5)).astype(np.float32)
    whole = IntegerNetwork.of(network, X)
    for layer in whole.layers:
        assert (layer.multiplier >= 0).all()
        assert (np.abs(layer.bias.astype(np.int64)) < 2**30).all()
    wanted = Predictor(network)(X)[:, 0]
    found = whole.reals(whole.scores(whole.inputs.quantized(X)))[:, 0]
    assert np.abs(found - wanted).max() < 0.05 * np.ptp(wanted)


@example(center=0.0, orders=2.09375, step=0.5, share=135, bent=False, largest=131002466)
@given(
    st.floats(-1e4, 1e4),
    st.floats(-2, 4),
    st.floats(0.005, 0.5),
    st.integers(-10_000, 10_000),
    st.booleans(),
    st.sampled_from([LARGEST, *(running.largest(n) for running in RUNNING.values() for n in (2, 11, 119, 2000, 8192))]),
)
def test_a_count_becomes_the_input_its_number_has(
    center: float, orders: float, step: float, share: int, bent: bool, largest: int
) -> None:
    """Whatever one count is to the width of a column: of ten thousand to the width, or a hundred widths to one."""
    unit = 10.0 ** -round(orders * 1.5)
    width = unit * 10.0 ** (orders - 2) if largest > LARGEST else unit * 10.0**orders
    number = Number("", 0, None, center, width, bent)
    inputs = Scale(max(step, 3 / 127) if bent else step, 0)
    counted = Counted.of(number, unit, inputs, largest)
    count = counted.center + round(share / 1000 * max(1.0, 3 * width / unit))
    if abs(count) > largest:
        return
    found = int(counted.inputs(np.array([count]), inputs, thresholds_of(inputs))[0])
    z = (count - counted.center) * unit / width
    feature = float(scaled(np.array([z]), 0.0, 1.0)[0]) if bent else z
    away = (1 / STEPS + min(abs(z), 64) / 2**13) / inputs.scale + 0.54
    assert abs(found - np.clip(feature / inputs.scale, -128, 127)) <= away


def test_sums_of_wide_layers_stay_in_31_bits() -> None:
    layers = perceptron_layers(70_000, [1], 1, "relu", "identity")
    network = Network(layers, np.ones(70_003, np.float32))
    whole = IntegerNetwork.of(network, np.ones((2, 70_000), np.float32))
    for layer, low in zip(whole.layers, (70_000, 1)):
        for q in (-128, 127):
            assert abs(int(layer.accumulated(np.full((1, low), q, np.int8))[0, 0])) < 2**31


def test_units_are_powers_of_ten_that_fit() -> None:
    assert unit_for(np.array([1.5, np.nan, -2.25])) == 0.01
    assert unit_for(np.array([40000.0])) == 10.0
    assert unit_for(np.array([np.nan])) == 1.0
    assert unit_for(np.zeros(3)) == 1.0
    assert unit_for(np.array([np.pi])) == 0.001


@given(st.lists(st.integers(-(2**31), 2**31 - 1)))
def test_the_narrowest_type_holds_them_all(values: list[int]) -> None:
    kind = narrowest(values)
    np.array(values, np.int64).astype(kind.removesuffix("_t"))
    limits = np.iinfo(kind.removesuffix("_t"))
    assert all(limits.min <= value <= limits.max for value in values)
