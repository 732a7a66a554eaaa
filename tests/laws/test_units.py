"""Every row of the tables of units: its formula, evaluated and differentiated by mpmath, is what kernels compute."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from glasshouse.errors import OptionError
from glasshouse.network.activations import ACTIVATIONS, activation
from glasshouse.network.initializers import ALIASES, INITIALIZERS, initializer
from glasshouse.network.losses import LOSSES, loss_for

WORDS = {"exp": mpmath.exp, "log": mpmath.log, "tanh": mpmath.tanh, "sqrt": mpmath.sqrt, "max": max}


def evaluate(formula: str, **letters: object) -> object:
    return eval(formula, {"__builtins__": {}}, WORDS | letters)


@pytest.mark.parametrize("row", [row for row in ACTIVATIONS.values() if row.elementwise], ids=lambda row: row.name)
def test_value_and_slope_follow_the_formula(row) -> None:
    z = np.random.default_rng(3).normal(0, 3, 200)
    values = [float(evaluate(row.formula, z=mpmath.mpf(v))) for v in z]
    slopes = [float(mpmath.diff(lambda v: evaluate(row.formula, z=v), mpmath.mpf(v))) for v in z]
    assert np.allclose(row.value(z), values, rtol=1e-12, atol=1e-15)
    assert np.allclose(row.slope(z), slopes, rtol=1e-12, atol=1e-15)
    assert row.low <= min(values)
    assert max(values) <= row.high


@pytest.mark.parametrize("row", ACTIVATIONS.values(), ids=lambda row: row.name)
def test_every_activation_names_a_known_initializer(row) -> None:
    assert initializer(row.initializer)


@pytest.mark.parametrize("row", INITIALIZERS.values(), ids=lambda row: row.name)
@pytest.mark.parametrize(("fan_in", "fan_out"), [(400, 100), (30, 30)])
def test_initializers_draw_what_their_formula_says(row, fan_in: int, fan_out: int) -> None:
    shape = (400, 500)
    draws = row.draw(np.random.default_rng(1), np.full(shape, float(fan_in)), np.full(shape, float(fan_out)))
    wanted = float(evaluate(row.formula, fan_in=mpmath.mpf(fan_in), fan_out=mpmath.mpf(fan_out)))
    assert abs(draws.std() / wanted - 1) < 0.02
    assert abs(draws.mean()) < 0.02 * wanted
    if row.distribution == "uniform":
        assert abs(draws).max() <= wanted * 3**0.5


def test_names_and_their_nearest() -> None:
    assert activation("logistic").name == "sigmoid"
    assert {initializer(alias).name for alias in ALIASES} == {"glorot_uniform", "he_normal"}
    for wrong in (lambda: activation("rellu"), lambda: initializer("hee"), lambda: loss_for("square_error", "relu")):
        with pytest.raises(OptionError, match="did you mean"):
            wrong()


@pytest.mark.parametrize("loss", LOSSES.values(), ids=lambda row: row.name)
@pytest.mark.parametrize("output", ACTIVATIONS)
def test_losses_refuse_outputs_they_cannot_judge(loss, output: str) -> None:
    if output in loss.outputs:
        assert loss_for(loss.name, output) is loss
    else:
        with pytest.raises(OptionError, match="cannot judge"):
            loss_for(loss.name, output)
