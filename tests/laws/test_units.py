"""Every row of the tables of units: its formula, evaluated and differentiated by mpmath, is what kernels compute."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from builders import batch

from glasshouse.errors import OptionError
from glasshouse.network.activations import ACTIVATIONS, activation
from glasshouse.network.initializers import ALIASES, INITIALIZERS, Initializer, initializer
from glasshouse.network.layers import Dense, Sparse
from glasshouse.network.losses import LOSSES, loss_for
from glasshouse.network.network import Network
from glasshouse.network.passes import forward
from glasshouse.network.topology import Topology
from glasshouse.network.workspace import Workspace

WORDS = {
    "exp": mpmath.exp,
    "log": mpmath.log,
    "tanh": mpmath.tanh,
    "erf": mpmath.erf,
    "sqrt": mpmath.sqrt,
    "max": max,
    "abs": abs,
    "min": min,
    "pi": mpmath.pi,
}


def evaluate(formula: str, **letters: object) -> object:
    return eval(formula, {"__builtins__": {}}, WORDS | letters)


@pytest.mark.parametrize("row", [row for row in ACTIVATIONS.values() if row.elementwise], ids=lambda row: row.name)
def test_value_slope_and_curvature_follow_the_formula(row) -> None:
    z = np.random.default_rng(3).normal(0, 3, 200)
    values = [float(evaluate(row.formula, z=mpmath.mpf(v))) for v in z]
    slopes = [float(mpmath.diff(lambda v: evaluate(row.formula, z=v), mpmath.mpf(v))) for v in z]
    assert np.allclose(row.value(z), values, rtol=1e-12, atol=1e-15)
    assert np.allclose(row.slope(z), slopes, rtol=1e-12, atol=1e-15)
    written = [evaluate(row.slope_formula, z=mpmath.mpf(v), a=evaluate(row.formula, z=mpmath.mpf(v))) for v in z]
    assert np.allclose(row.slope(z), [float(v) for v in written], rtol=1e-12, atol=1e-15)
    curvatures = [float(mpmath.diff(lambda v: evaluate(row.formula, z=v), mpmath.mpf(v), 2)) for v in z]
    assert np.allclose(row.curvature(z), curvatures, rtol=1e-11, atol=1e-14)
    assert row.low <= min(values)
    assert max(values) <= row.high


@pytest.mark.parametrize("row", ACTIVATIONS.values(), ids=lambda row: row.name)
def test_every_activation_names_a_known_initializer(row) -> None:
    assert initializer(row.initializer)


@pytest.mark.parametrize("row", INITIALIZERS.values(), ids=lambda row: row.name)
@pytest.mark.parametrize(("fan_in", "fan_out"), [(400, 100), (30, 30)])
def test_initializers_draw_what_their_formula_says(row, fan_in: int, fan_out: int) -> None:
    shape = (400, 500)
    if row.name == "zeros":
        return
    draws = Initializer(row.name).draw(
        np.random.default_rng(1), np.full(shape, float(fan_in)), np.full(shape, float(fan_out))
    )
    letters = {"fan_in": mpmath.mpf(fan_in), "fan_out": mpmath.mpf(fan_out), "scale": mpmath.mpf(row.scale)}
    wanted = float(evaluate(row.formula, **letters))
    assert abs(draws.std() / wanted - 1) < 0.02
    assert abs(draws.mean()) < 0.02 * wanted
    if row.distribution == "uniform":
        assert abs(draws).max() <= wanted * 3**0.5


def test_names_and_their_nearest() -> None:
    assert activation("logistic").name == "sigmoid"
    assert {initializer(alias).name for alias in ALIASES} <= set(INITIALIZERS)
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


PAIRS = [(row, output) for row in LOSSES.values() for output in row.outputs]


@pytest.mark.parametrize(("row", "output"), PAIRS, ids=lambda part: getattr(part, "name", part))
def test_value_slope_and_curvature_of_losses_follow_the_formula(row, output) -> None:
    """d loss / dz and d² loss / dz² of every output, for outputs on both sides of every bend."""
    rng = np.random.default_rng(6)
    n, k = 24, 3
    network = Network((Dense(k, k, output),), np.concatenate((np.eye(k).ravel(), np.zeros(k))))
    X, Y, weight = batch(rng, n, k, k, output, loss=row.name)
    X *= 2
    work = Workspace(network, row.name, n)
    work.load(X, Y, weight, np.arange(n))
    forward(work, n)
    value = work.loss(n)
    curvature = work.kernels.Columns(k, n)
    assert work.loss.curvature(n, curvature) == value

    def loss(z, y):
        a = softmax(z) if output == "softmax" else [evaluate(ACTIVATIONS[output].formula, z=v) for v in z]
        formula = row.formula.get(output, row.formula.get("*"))
        return sum(evaluate(formula, z=z[i], a=a[i], y=y[i]) for i in range(k))

    total = 0.0
    for i in range(n):
        z, y = [mpmath.mpf(v) for v in X[i]], [mpmath.mpf(v) for v in Y[i]]
        total += weight[i] * float(loss(z, y))
        for j in range(k):
            along = lambda v, i=i, j=j, z=z, y=y: loss([*z[:j], v, *z[j + 1 :]], y)  # noqa: E731
            slope, bend = (float(mpmath.diff(along, z[j], order)) for order in (1, 2))
            assert work.columns[-1].delta[j, i] == pytest.approx(weight[i] * slope, rel=1e-11, abs=1e-14)
            assert curvature.a[j, i] == pytest.approx(weight[i] * bend, rel=1e-10, abs=1e-13)
    assert value == pytest.approx(total, rel=1e-12)


@pytest.mark.parametrize(("row", "output"), PAIRS, ids=lambda part: getattr(part, "name", part))
def test_written_slopes_of_losses_are_the_derivatives_of_their_formula(row, output) -> None:
    """With respect to what the loss reads, and to a where it reads z; classes of softmax add up to 1."""
    rng = np.random.default_rng(8)
    for _ in range(20):
        size = 3 if output == "softmax" else 1
        z = [mpmath.mpf(v) for v in rng.normal(0, 2, size)]
        y = [mpmath.mpf(v) for v in batch(rng, 1, 1, size, output, loss=row.name)[1][0]]

        def outputs(z):
            return softmax(z) if output == "softmax" else [evaluate(ACTIVATIONS[output].formula, z=z[0])]

        def formula_of(rows):
            return rows.get(output, rows.get("*"))

        a, whole = outputs(z), formula_of(row.formula)

        def term(z, a, y, whole=whole):
            return evaluate(whole, z=z, a=a, y=y)

        by_output = float(mpmath.diff(lambda v, z=z, y=y, term=term: term(z[0], v, y[0]), a[0]))
        if row.reads == "a" or row.by_output:
            written = formula_of(row.by_output if row.by_output else row.slope)
            assert float(evaluate(written, a=a[0], y=y[0])) == pytest.approx(by_output, rel=1e-10)
        if row.reads == "z":

            def whole_of(v, z=z, y=y, term=term):
                return sum(term(v, a, target) for a, target in zip(outputs([v, *z[1:]]), y, strict=True))

            written = evaluate(formula_of(row.slope), z=z[0], a=a[0], y=y[0])
            assert float(written) == pytest.approx(float(mpmath.diff(whole_of, z[0])), rel=1e-10)


def softmax(z):
    exponentials = [mpmath.exp(v) for v in z]
    return [e / sum(exponentials) for e in exponentials]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("row", "output"), PAIRS, ids=lambda part: getattr(part, "name", part))
def test_losses_far_out_stay_numbers(row, output, dtype) -> None:
    """A network that is very sure, rightly or wrongly, has a loss and a gradient that are numbers."""
    z = np.array([[-300.0], [-60.0], [0.0], [40.0]] + ([[300.0]] if output != "exp" else []), dtype)
    network = Network((Dense(1, 1, output),), np.array([1, 0], dtype))
    for y in (0.0, 1.0):
        target = np.full_like(z, 2 * y - 1 if row.targets == "-1 and 1" else y)
        work = Workspace(network, row.name, len(z))
        work.load(z, target, np.ones(len(z)), np.arange(len(z)))
        forward(work, len(z))
        assert np.isfinite(work.loss(len(z)))
        assert np.isfinite(work.columns[-1].delta[:, : len(z)]).all()


def test_an_initializer_has_a_scale_of_its_own() -> None:
    shape = (200, 300)
    fans = np.full(shape, 300.0), np.full(shape, 200.0)
    draw = Initializer("uniform", scale=0.3).draw(np.random.default_rng(0), *fans)
    assert 0.29 < abs(draw).max() <= 0.3
    with pytest.raises(OptionError, match="scale of normal is 0"):
        Initializer("normal", scale=0)
    q = Initializer("orthogonal").draw(np.random.default_rng(0), *fans)
    assert np.allclose(q @ q.T, np.eye(200), atol=1e-12)
    sparse = Sparse(Topology.random((30, 20), 60, np.random.default_rng(0)), "relu")
    with pytest.raises(OptionError, match="orthogonal needs every weight"):
        Network.initialized((sparse,), np.random.default_rng(0), Initializer("orthogonal"))
