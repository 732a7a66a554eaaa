"""The arithmetic of a unit is that of the whole trace, in networks of every activation, loss and density."""

from __future__ import annotations

import builders
import numpy as np
import pytest
from runs import recipe

from glasshouse.errors import OptionError
from glasshouse.network.activations import ACTIVATIONS
from glasshouse.tracing.from_network import specification_of
from glasshouse.tracing.trace import traced
from glasshouse.tracing.unit import MOST, unit_arithmetic
from glasshouse.training.optimizers import SGD

HIDDEN = [row.name for row in ACTIVATIONS.values() if row.hidden and row.name != "sign"]
ENDS = [("softmax", "cross_entropy"), ("sigmoid", "cross_entropy"), ("identity", "squared_error"), ("tanh", "huber")]


def drawn(seed, activation, output, loss, density=1.0):
    rng = np.random.default_rng(seed)
    sizes = [4, 3, 3, 2]
    masks = (
        None if density == 1 else [m | np.eye(*m.shape, dtype=bool) for m in builders.masks_for(rng, sizes, density)]
    )
    network = builders.build(rng, sizes, [activation, activation, output], masks=masks)
    network.parameters[...] *= 0.4  # exp of exp stays a number
    choices = recipe(output=output, loss=loss, hidden_layer_sizes=(3, 3), activation=(activation,), optimizer=SGD())
    y = np.array([0.0, 1.0]) if loss == "cross_entropy" else rng.normal(size=2)
    return network, choices, rng.normal(size=4), y


@pytest.mark.parametrize("density", [1.0, 0.5])
@pytest.mark.parametrize(("output", "loss"), ENDS)
@pytest.mark.parametrize("activation", HIDDEN)
def test_every_number_is_the_one_of_the_trace(activation, output, loss, density) -> None:
    network, choices, x, y = drawn(len(activation) + len(loss), activation, output, loss, density)
    values = traced(specification_of(network, choices, x, y, "")).values
    number = 0
    for layer, (shape, last) in enumerate(zip(network.layers, (False, False, True)), start=1):
        for unit in range(shape.fan_out):
            number += 1
            found = unit_arithmetic(network, choices, x, y, layer, unit)
            assert found.z == pytest.approx(values[f"z{number}"], rel=1e-12, abs=1e-300)
            assert found.a == pytest.approx(values[f"o{unit + 1}" if last else f"h{number}"], rel=1e-12)
            assert found.delta == pytest.approx(values[f"dL/dz{number}"], rel=1e-9, abs=1e-15)
            assert found.forward.total + found.b == pytest.approx(found.z, rel=1e-9, abs=1e-12)
            if found.backward is not None and found.slope is not None:
                assert found.backward.total * found.slope == pytest.approx(found.delta, rel=1e-9, abs=1e-15)


def test_every_weight_of_a_unit_has_the_gradient_of_the_trace() -> None:
    network, choices, x, y = drawn(3, "tanh", "softmax", "cross_entropy", 0.6)
    values, number = traced(specification_of(network, choices, x, y, "")).values, 0
    for layer, shape in enumerate(network.layers, start=1):
        there = shape.dense(np.ones(shape.weight_shape)) != 0
        for unit, source in zip(*np.nonzero(there), strict=True):
            number += 1
            step = unit_arithmetic(network, choices, x, y, layer, int(unit), weight=int(source)).weight
            assert step.gradient == pytest.approx(values[f"dL/dw{number}"], rel=1e-9, abs=1e-15)
            assert step.descended == pytest.approx(step.w - choices.learning_rate * step.gradient)


def test_long_sums_are_listed_from_the_largest_and_the_rest_is_added_up() -> None:
    rng = np.random.default_rng(0)
    network = builders.build(rng, [100, 2, 1], ["relu", "sigmoid"])
    choices = recipe(output="sigmoid", hidden_layer_sizes=(2,))
    found = unit_arithmetic(network, choices, rng.normal(size=100), np.ones(1), 1, 0, names=["first"])
    products = [abs(term.product) for term in found.forward.terms]
    assert products == sorted(products, reverse=True)
    assert (len(products), found.forward.others) == (MOST, 60)
    assert sum(term.product for term in found.forward.terms) + found.forward.rest == pytest.approx(found.forward.total)
    assert {term.name for term in found.forward.terms} <= {"first", *(f"x{k}" for k in range(2, 101))}
    assert found.lines()[0].endswith(f"= {found.z:.4g}")


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ({"layer": 0}, "layer is 0"),
        ({"layer": 4}, "from 1 to 3"),
        ({"unit": 3}, "from 0 to 2"),
        ({"unit": True}, "unit"),
        ({"weight": 9}, "weight is 9"),
    ],
)
def test_what_is_not_there_is_named(place, words) -> None:
    network, choices, x, y = drawn(1, "relu", "softmax", "cross_entropy")
    asked = {"layer": 1, "unit": 0, **place}
    with pytest.raises(OptionError, match=words):
        unit_arithmetic(network, choices, x, y, asked.pop("layer"), asked.pop("unit"), **asked)


def test_a_weight_that_was_cut_is_said_to_be() -> None:
    rng = np.random.default_rng(0)
    mask = np.ones((3, 4), bool)
    mask[1, 2] = False
    network = builders.build(rng, [4, 3, 2], ["relu", "softmax"], masks=[mask, np.ones((2, 3), bool)])
    with pytest.raises(OptionError, match="it was cut"):
        unit_arithmetic(network, recipe(hidden_layer_sizes=(3,)), np.ones(4), np.array([1.0, 0]), 1, 1, weight=2)
