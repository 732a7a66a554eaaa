"""Flow through untrained networks is that of the theory of wide layers; what is said of rows and rates is so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from faults import healthy, planted
from sklearn.datasets import load_diabetes, load_iris
from sklearn.preprocessing import scale

from glasshouse import SGD, Density, MLPClassifier, MLPRegressor, OptionError, preflight
from glasshouse.health.preflight import CANDIDATES, THROUGH, flow_of, preflight_of
from glasshouse.network.activations import ACTIVATIONS
from glasshouse.network.initializers import Initializer
from glasshouse.training.batches import Data
from glasshouse.training.recipe import Recipe

NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(100)  # an even number: none at the kink of ReLU
WEIGHTS = WEIGHTS / WEIGHTS.sum()
WIDTH, DEPTH = 256, 10


def mean_field(name: str, gain: float, square: float) -> tuple[list[float], list[float]]:
    """By integrals over a normal z: a² is E f(z)², and dL/dz² shrinks by gain E f'(z)² from layer to layer."""
    row, sizes, shrinks = ACTIVATIONS[name], [], []
    for _ in range(DEPTH):
        z = np.sqrt(gain * square) * NODES
        square = float(WEIGHTS @ row.value(z) ** 2)
        sizes.append(square**0.5)
        shrinks.append(gain * float(WEIGHTS @ row.slope(z) ** 2))
    return sizes, [float(np.sqrt(np.prod(shrinks[k : DEPTH - 1]))) for k in range(DEPTH)]


@pytest.mark.parametrize("name", ["relu", "tanh", "sigmoid"])
@pytest.mark.parametrize(("first", "gain"), [("he_normal", 2.0), ("glorot_normal", 1.0), ("lecun_normal", 1.0)])
def test_flow_through_ten_layers_is_that_of_the_theory(name, first, gain) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, WIDTH)).astype(np.float32)
    Y = np.eye(2, dtype=np.float32)[rng.integers(0, 2, 200)]
    recipe = Recipe(
        output="softmax", loss="cross_entropy", hidden_layer_sizes=(WIDTH,) * DEPTH, activation=(name,), batch_size=200
    )
    flow = flow_of(recipe, Data(X, Y), Initializer(first), networks=8)
    sizes, backward = mean_field(name, gain, 1.0)
    assert np.allclose(np.log(flow.forward), np.log(sizes), atol=0.15)
    assert np.allclose(np.log(flow.backward), np.log(backward), atol=0.15)


def test_sigmoid_beyond_three_layers_has_no_cure_but_another_activation() -> None:
    case = healthy(np.random.default_rng(1), 6)
    deep = replace(case.course.recipe, activation=("sigmoid",))
    found = preflight_of(deep, case.data)
    assert found.recommended is None
    assert "tanh or relu" in found.because
    assert preflight_of(replace(deep, hidden_layer_sizes=(32, 32)), case.data).recommended is not None


def test_the_recommended_brings_signal_through_where_the_usual_one_does_not() -> None:
    case = healthy(np.random.default_rng(2), 24)
    found = preflight_of(case.course.recipe, case.data)
    assert found.recommended == Initializer("he_normal")
    spreads = {flow.initializer.name: flow.spread for flow in found.flows}
    assert spreads["orthogonal"] > THROUGH > spreads["he_normal"]
    assert {flow.initializer for flow in found.flows} == set(CANDIDATES)


def test_a_sparse_network_is_not_offered_what_needs_every_weight() -> None:
    case = healthy(np.random.default_rng(3), 2)
    found = preflight_of(replace(case.course.recipe, density=Density(0.3)), case.data)
    assert "orthogonal" not in [flow.initializer.name for flow in found.flows]
    assert found.recommended == Initializer("glorot_uniform")


@pytest.mark.parametrize("kind", ["unscaled_inputs", "leaking_label"])
def test_what_is_wrong_with_the_rows_is_said_before_training(kind) -> None:
    case, well = planted(kind, np.random.default_rng(4))
    assert kind in [finding.kind for finding in preflight_of(case.course.recipe, case.data).findings]
    assert kind not in [finding.kind for finding in preflight_of(well.course.recipe, well.data).findings]


def test_a_rate_that_diverges_is_named_and_the_proposed_one_is_lower() -> None:
    case = healthy(np.random.default_rng(5), 2)
    wild = preflight_of(replace(case.course.recipe, optimizer=SGD(0.9), learning_rate=9.0), case.data)
    assert "learning_rate_too_high" in [finding.kind for finding in wild.findings]
    assert 1e-4 < wild.learning_rate < 1
    assert wild.losses[int(np.argmin(wild.losses))] < wild.losses[0]
    tame = preflight_of(case.course.recipe, case.data)
    assert "learning_rate_too_high" not in [finding.kind for finding in tame.findings]


def test_an_estimator_is_left_as_it_is_and_says_the_same_twice() -> None:
    X, y = load_iris(return_X_y=True)
    model = MLPClassifier((20, 20), random_state=0)
    once, twice = (str(preflight(model, scale(X), y)) for _ in range(2))
    assert once == twice
    assert not hasattr(model, "n_features_in_")
    assert "orthogonal" in once
    rows, progression = load_diabetes(return_X_y=True, as_frame=True)
    assert preflight(MLPRegressor((20,), random_state=0), rows, progression).recommended is not None
    assert preflight(MLPRegressor((), random_state=0), rows, progression).recommended == Initializer("zeros")
    with pytest.raises(OptionError, match="there is nothing to look at"):
        preflight(object(), X, y)
