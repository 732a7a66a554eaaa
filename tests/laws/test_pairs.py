"""Every pair of activation, loss, penalty, weights, dropout and storage: training runs that hold the laws together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from builders import densified
from configurations import configuration
from hypothesis import given, settings
from hypothesis import strategies as st

from glasshouse.errors import TrainingDiverged
from glasshouse.network.network import Network
from glasshouse.network.predictor import Predictor
from glasshouse.training.loop import fit
from glasshouse.training.optimizers import SGD
from glasshouse.training.schedules import Constant
from glasshouse.training.state import State


def trained(network: Network, recipe, data, validation, movable=None) -> tuple[State, str]:
    """The state a run ends with, and how it diverged, if it did: exp after exp is allowed to."""
    state = State.begun(network.with_parameters(network.parameters), recipe)
    if movable is not None:
        state.movable = movable if state.movable is None else movable & state.movable
    try:
        fit(state, data, recipe, validation)
    except TrainingDiverged as error:
        return state, str(error)
    return state, ""


@settings(max_examples=120, deadline=None)
@given(number=st.integers(0, 100_000))
def test_a_run_ends_finite_and_storage_changes_no_bit(number) -> None:
    recipe, data, validation = configuration(number)
    recipe = replace(recipe, evolution=None)  # a dense twin has nothing to rewire
    network = recipe.initialized(5, data.Y.shape[1])
    state, end = trained(network, recipe, data, validation)
    kept = state.chosen()
    assert np.isfinite(kept.parameters).all()
    outputs = Predictor(kept)(data.X)
    assert np.array_equal(outputs[7:8], Predictor(kept)(data.X[7:8]), equal_nan=True)
    if all(type(layer).__name__ == "Dense" for layer in network.layers):
        return
    dense = densified(network)
    movable = densified(network.with_parameters(np.ones_like(network.parameters))).parameters.astype(np.uint8)
    other, other_end = trained(dense, recipe, data, validation, movable)
    assert end == other_end
    assert [row["loss"] for row in other.history] == [row["loss"] for row in state.history]
    assert other.history == state.history
    assert np.array_equal(densified(kept).parameters, other.chosen().parameters)


@pytest.mark.parametrize("seed", range(4))
def test_a_row_of_weight_two_is_the_row_twice_in_a_step_of_all_rows(seed) -> None:
    recipe, data, _ = configuration(seed)
    whole = replace(
        recipe,
        batch_size=200,
        shuffle=False,
        dropout=(),
        monitor="loss",
        max_epochs=3,
        dtype="float64",
        optimizer=SGD(0.5),  # Adam makes a step of a rounding error
        schedule=Constant(),  # and some schedules count rows
    )
    weight = np.random.default_rng(seed).integers(0, 4, len(data.Y))
    weight[0] = 1
    twice = np.repeat(np.arange(len(weight)), weight)
    rows = data._replace(X=data.X.astype(float), Y=data.Y.astype(float), weight=weight.astype(float))
    network = whole.initialized(5, data.Y.shape[1])
    one, _ = trained(network, whole, rows, None)
    two, _ = trained(network, whole, rows._replace(X=rows.X[twice], Y=rows.Y[twice], weight=None), None)
    assert np.allclose(one.network.parameters, two.network.parameters, rtol=1e-7, atol=1e-9)
