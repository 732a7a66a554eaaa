"""Steps by their formulas in plain NumPy, the measure that comes before them, and what penalties do in the end."""

from __future__ import annotations

import math

import numpy as np
import pytest
from builders import build
from runs import recipe, train
from sklearn.linear_model import Lasso, Ridge

from glasshouse import kernels
from glasshouse.errors import OptionError
from glasshouse.training.batches import Data
from glasshouse.training.optimizers import LBFGS, OPTIMIZERS, SGD, Adam, AdamW, Pull, RMSprop, optimizer
from glasshouse.training.schedules import Cosine


def arrays_of(network, gradient, movable=None):
    return kernels.arithmetic(network.dtype).Arrays(
        network.parameters, gradient, movable, network.n_weights, kernels.Team(1)
    )


def by_formula(row, p, g, memory, t, rate):
    """One step of every row, from its paper: the new parameters, and the reach of a steady gradient."""
    if isinstance(row, SGD):
        memory["u"] = row.momentum * memory.get("u", 0) + g
        step = g + row.momentum * memory["u"] if row.nesterov else memory["u"]
        return p - rate * step, rate / (1 - row.momentum)
    if isinstance(row, RMSprop):
        memory["v"] = row.decay * memory.get("v", 0) + (1 - row.decay) * g * g
        reach = rate / (np.sqrt(memory["v"]) + row.epsilon)
        return p - reach * g, reach
    memory["m"] = row.beta_1 * memory.get("m", 0) + (1 - row.beta_1) * g
    memory["v"] = row.beta_2 * memory.get("v", 0) + (1 - row.beta_2) * g * g
    reach = rate / (np.sqrt(memory["v"] / (1 - row.beta_2**t)) + row.epsilon)
    return p - reach * memory["m"] / (1 - row.beta_1**t), reach


ROWS = [
    SGD(0),
    SGD(0.7, nesterov=False),
    SGD(0.7),
    RMSprop(0.9, 1e-6),
    Adam(0.8, 0.95, 1e-6),
    AdamW(0.8, 0.95, 1e-6, weight_decay=0.1),
]


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("pull", [Pull(), Pull(clip=0.5, l2=0.3), Pull(l1=0.2)], ids=str)
@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_step_is_what_its_paper_says(row, pull, masked) -> None:
    rng = np.random.default_rng(1)
    network = build(rng, [3, 9, 2], ["tanh", "identity"])
    size = len(network.parameters)
    movable = (rng.random(size) < 0.6).astype(np.uint8) if masked else None
    truth, first = network.parameters.copy(), network.parameters.copy()
    is_weight = np.arange(size) < network.n_weights
    gradient, memory = np.zeros(size), {}
    arrays, moments = arrays_of(network, gradient, movable), {name: np.zeros(size) for name in row.moments}
    for t in range(1, 21):
        gradient[:] = rng.normal(0, 1, size)
        g = pull.clip * (gradient + pull.l2 * truth * is_weight)
        decayed = truth * (1 - 0.01 * row.weight_decay * is_weight) if isinstance(row, AdamW) else truth
        new, reach = by_formula(row, decayed, g, memory, t, 0.01)
        pulled = np.sign(new) * np.maximum(np.abs(new) - pull.l1 * reach, 0)
        new = np.where(is_weight, pulled, new)
        truth = new if movable is None else np.where(movable, new, truth)
        row.step(arrays, moments, t, 0.01, pull)
    assert np.allclose(network.parameters, truth, rtol=1e-12, atol=1e-14)
    if masked:
        assert np.array_equal(network.parameters[movable == 0], first[movable == 0])


def test_what_comes_before_a_step_sees_what_it_would_use() -> None:
    parameters, gradient = np.linspace(-2, 3, 37), np.arange(37.0)
    weights = parameters[:30]

    def measure(movable=None, l2=0.7, l1=0.0):
        arrays = kernels.float64.Arrays(parameters, gradient, movable, 30, kernels.Team(1))
        assert np.isnan(gradient).any() or arrays.largest(l2) >= abs(gradient[movable != 0]).max()
        return arrays.norm(l2), arrays.penalty(l2, l1), arrays.largest(l2)

    used = gradient + 0.7 * parameters * (np.arange(37) < 30)
    assert measure()[0] == pytest.approx(np.linalg.norm(used), rel=1e-14)
    assert measure(l1=0.2)[1] == pytest.approx(0.35 * (weights**2).sum() + 0.2 * abs(weights).sum(), rel=1e-14)
    assert measure(l2=0.0)[1] == 0
    gradient[5] = np.nan
    assert np.isnan(measure()[0])
    assert np.isnan(measure()[2])
    mask = np.ones(37, np.uint8)
    mask[5] = 0
    norm, penalty, largest = measure(mask)
    assert np.isfinite(largest)
    assert norm == pytest.approx(np.linalg.norm(np.delete(used, 5)), rel=1e-14)
    assert penalty == pytest.approx(0.35 * (np.delete(weights, 5) ** 2).sum(), rel=1e-14)


@pytest.mark.parametrize("row", [SGD(0), SGD(), RMSprop(), Adam()], ids=str)
def test_l1_finds_the_zeros_that_scikit_learns_lasso_finds(row) -> None:
    """The same objective from every optimiser: ½ mean (a - y)² + l1 Σ |w|, its zeros real ones."""
    rng = np.random.default_rng(3)
    X = rng.normal(0, 1, (200, 12))
    y = X[:, :3] @ [1.0, -0.5, 0.3] + rng.normal(0, 0.1, 200)
    chosen = recipe(
        output="identity",
        loss="squared_error",
        loss_scale=0.5,
        hidden_layer_sizes=(),
        optimizer=row,
        learning_rate=0.01 if not isinstance(row, SGD) else 0.05,
        schedule=Cosine(),
        l1=0.1,
        batch_size=200,
        max_epochs=3000,
        patience=None,
    )
    (w, b), *_ = (state := train(chosen, Data(X, y[:, None]))).network.views(state.network.parameters)
    peer = Lasso(alpha=0.1, tol=1e-12).fit(X, y)
    assert np.array_equal(w[0] == 0, peer.coef_ == 0)
    assert np.allclose(w[0], peer.coef_, atol=1e-5)
    assert b[0] == pytest.approx(peer.intercept_, abs=1e-5)


def test_l2_is_scikit_learns_ridge() -> None:
    rng = np.random.default_rng(3)
    X = rng.normal(0, 1, (100, 5))
    y = X @ rng.normal(0, 1, 5) + 2
    chosen = recipe(
        output="identity",
        loss="squared_error",
        loss_scale=0.5,
        hidden_layer_sizes=(),
        optimizer=LBFGS(),
        l2=0.2,
        tol=1e-12,
        patience=None,
    )
    (w, b), *_ = (state := train(chosen, Data(X, y[:, None]))).network.views(state.network.parameters)
    peer = Ridge(alpha=0.2 * 100).fit(X, y)
    assert np.allclose(w[0], peer.coef_, rtol=1e-8)
    assert b[0] == pytest.approx(peer.intercept_, rel=1e-8)


def test_names_and_settings_that_cannot_be() -> None:
    assert [type(optimizer(name)) for name in OPTIMIZERS] == list(OPTIMIZERS.values())
    for wrong, message in (
        (lambda: optimizer("adm"), "did you mean 'adam'"),
        (lambda: SGD(momentum=1.0), r"momentum is 1.0: it must be at least 0 and below 1"),
        (lambda: RMSprop(decay=-0.1), "decay is -0.1"),
        (lambda: Adam(epsilon=0.0), "epsilon is 0.0: it must be a number above 0"),
        (lambda: Adam(beta_2=float("nan")), "beta_2 is nan"),
        (lambda: AdamW(weight_decay=float("inf")), "weight_decay is inf"),
        (lambda: LBFGS(memory=0), "memory is 0: it must be a whole number of at least 1"),
        (lambda: LBFGS(memory=2.5), "memory is 2.5: it must be a whole number"),
        (lambda: SGD(momentum="a"), "momentum is 'a'"),
        (lambda: SGD(nesterov="no"), "nesterov is 'no': it must be True or False"),
    ):
        with pytest.raises(OptionError, match=message):
            wrong()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sums_over_parameters_are_exact_and_know_no_order_and_no_zeros(dtype) -> None:
    """Else a dense network with zeros would be clipped to other bits than the sparse one."""
    rng = np.random.default_rng(0)
    w, g = ((10.0 ** rng.uniform(-6, 6, 20_000) * rng.normal(0, 1, 20_000)).astype(dtype) for _ in range(2))
    arrays = kernels.arithmetic(dtype)

    def sums(order, zeros):
        spread = np.zeros((2, len(order) + zeros), dtype)
        places = np.sort(rng.choice(len(order) + zeros, len(order), replace=False))
        spread[0, places], spread[1, places] = w[order], g[order]
        movable = None
        if zeros:
            movable = np.zeros(spread.shape[1], np.uint8)
            movable[places] = 1
        bound = arrays.Arrays(spread[0].copy(), spread[1].copy(), movable, spread.shape[1], kernels.Team(1))
        return bound.norm(0.5), bound.penalty(0.5, 0.25)

    first = sums(np.arange(len(w)), 0)
    used = g.astype(np.longdouble) + np.longdouble(0.5) * w
    assert first[0] == pytest.approx(float(np.sqrt((used**2).sum())), rel=1e-13)
    exact = math.fsum(0.25 * float(v) ** 2 + 0.25 * abs(float(v)) for v in w)
    assert first[1] == pytest.approx(exact, rel=1e-13)
    for zeros in (0, 1, 12_345):
        assert sums(rng.permutation(len(w)), zeros) == first
