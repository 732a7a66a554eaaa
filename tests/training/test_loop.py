"""The loop: updates by their formulas, order by seed, early stopping, divergence, storage, change of shape."""

from __future__ import annotations

import contextlib
import pickle

import numpy as np
import pytest
from builders import build, densified, masks_for

from glasshouse import kernels
from glasshouse.errors import OptionError, TrainingDiverged
from glasshouse.network.network import Network
from glasshouse.network.passes import loss_and_gradient
from glasshouse.network.predictor import Predictor
from glasshouse.network.workspace import Workspace
from glasshouse.training.batches import Data, batches
from glasshouse.training.loop import Validation, epoch, fit
from glasshouse.training.optimizers import SGD, Adam
from glasshouse.training.recipe import Recipe
from glasshouse.training.schedules import SCHEDULES
from glasshouse.training.state import State
from glasshouse.training.watchers import Watcher


def recipe(**choices) -> Recipe:
    return Recipe(**{"output": "softmax", "loss": "cross_entropy", "dtype": "float64", **choices})


def blobs(n=300, seed=0, dtype=np.float64):
    rng = np.random.default_rng(seed)
    places = rng.integers(0, 3, n)
    X = rng.normal(0, 1, (n, 2)) + 3 * np.stack((np.cos(2.1 * places), np.sin(2.1 * places)), axis=1)
    return Data(X.astype(dtype), np.eye(3, dtype=dtype)[places])


def train(chosen, data, validation=None, watchers=()) -> State:
    state = State.begun(chosen.initialized(data.X.shape[1], data.Y.shape[1]), chosen)
    fit(state, data, chosen, validation, watchers)
    return state


def accuracy(outputs, Y, weight):
    return float((outputs.argmax(1) == Y.argmax(1)).mean())


@pytest.mark.parametrize("l2", [0.0, 0.3])
@pytest.mark.parametrize("masked", [False, True])
def test_adam_is_the_papers_algorithm(l2, masked) -> None:
    """Kingma and Ba (2015), algorithm 1, in plain NumPy; 20 steps."""
    rng = np.random.default_rng(1)
    network = build(rng, [3, 9, 2], ["tanh", "identity"])
    movable = (rng.random(len(network.parameters)) < 0.6).astype(np.uint8) if masked else None
    truth, first = network.parameters.copy(), network.parameters.copy()
    m, v = np.zeros_like(truth), np.zeros_like(truth)
    adam, moments = Adam(0.8, 0.95, 1e-6), {name: np.zeros_like(truth) for name in Adam.moments}
    is_weight = np.arange(len(truth)) < network.n_weights
    for t in range(1, 21):
        gradient = rng.normal(0, 1, len(truth))
        g = gradient + l2 * truth * is_weight
        m, v = 0.8 * m + 0.2 * g, 0.95 * v + 0.05 * g * g
        step = 0.01 * (m / (1 - 0.8**t)) / (np.sqrt(v / (1 - 0.95**t)) + 1e-6)
        truth -= step if movable is None else step * movable
        adam.step(network, gradient, moments, movable, t, 0.01, l2)
    assert np.allclose(network.parameters, truth, rtol=1e-12, atol=1e-14)
    if masked:
        assert np.array_equal(network.parameters[movable == 0], first[movable == 0])


def test_sgd_is_a_step_down_the_gradient() -> None:
    network = build(np.random.default_rng(1), [3, 9, 2], ["tanh", "identity"])
    before, gradient = network.parameters.copy(), np.linspace(-1, 1, len(network.parameters))
    SGD().step(network, gradient, {}, None, 1, 0.1, 0.5)
    l2 = 0.5 * before * (np.arange(len(before)) < network.n_weights)
    assert np.allclose(network.parameters, before - 0.1 * (gradient + l2), rtol=1e-14)


def test_norm_sees_what_a_step_would_use() -> None:
    norm = kernels.float64.norm
    parameters, gradient = np.linspace(-2, 3, 37), np.arange(37.0)
    used = gradient + 0.7 * parameters * (np.arange(37) < 30)
    assert norm(parameters, gradient, None, 30, 0.7) == pytest.approx(np.linalg.norm(used), rel=1e-14)
    gradient[5] = np.nan
    assert np.isnan(norm(parameters, gradient, None, 30, 0.7))
    mask = np.ones(37, np.uint8)
    mask[5] = 0
    assert norm(parameters, gradient, mask, 30, 0.7) == pytest.approx(np.linalg.norm(np.delete(used, 5)), rel=1e-14)


@pytest.mark.parametrize("optimizer", [SGD(), Adam()])
@pytest.mark.parametrize("size", [1e15, 1e17, 1e19, 1e25, 1e37])
def test_whatever_the_size_of_the_data_the_weights_stay_finite(optimizer, size) -> None:
    rng = np.random.default_rng(0)
    data = Data((size * rng.normal(0, 1, (40, 3))).astype(np.float32), np.ones((40, 1), np.float32))
    chosen = recipe(output="identity", loss="squared_error", dtype="float32", optimizer=optimizer, learning_rate=1.0)
    state = State.begun(chosen.initialized(3, 1), chosen)
    with contextlib.suppress(TrainingDiverged):
        fit(state, data, chosen)
    assert np.isfinite(state.network.parameters).all()


def test_a_state_is_continued_to_the_bit_and_survives_a_pickle() -> None:
    short, long = recipe(max_epochs=3, patience=99), recipe(max_epochs=7, patience=99)
    whole, parts = (State.begun(long.initialized(2, 3), long) for _ in range(2))
    fit(whole, blobs(), long)
    fit(parts, blobs(), short)
    parts = pickle.loads(pickle.dumps(parts))
    fit(parts, blobs(), long)
    assert np.array_equal(whole.network.parameters, parts.network.parameters)
    assert whole.history == parts.history


def test_what_cannot_choose_is_refused() -> None:
    chosen = recipe(monitor="validation_loss")
    with pytest.raises(OptionError, match="there are no validation rows"):
        train(chosen, blobs())
    nan = Validation(blobs(), lambda *_: float("nan"))
    with pytest.raises(OptionError, match="the score of the 300 validation rows is nan"):
        train(chosen, blobs(), nan)


@pytest.mark.parametrize(
    "data",
    [
        Data(np.zeros((0, 2)), np.zeros((0, 3))),
        blobs()._replace(weight=np.full(300, np.nan)),
        blobs()._replace(weight=-np.ones(300)),
        blobs()._replace(weight=np.zeros(300)),
    ],
)
def test_rows_that_say_nothing_are_refused(data) -> None:
    with pytest.raises(ValueError, match=r"no rows|sample weights must be"):
        train(recipe(), data)


def test_batches_take_every_row_once_in_an_order_of_the_seed() -> None:
    data = blobs(103)
    rows = [b.rows for b in batches(data, 10, np.random.default_rng(5))]
    assert sorted(np.concatenate(rows)) == list(range(103))
    again = [b.rows for b in batches(data, 10, np.random.default_rng(5))]
    assert all(np.array_equal(a, b) for a, b in zip(rows, again, strict=True))
    assert len(rows[-1]) == 3


def test_weights_of_a_batch_sum_to_its_scale_and_repeat_rows() -> None:
    """A row of weight 2 counts as the row twice: same loss, same gradient."""
    data = blobs(12)
    weight = np.array([1.0, 2, 3, 1, 1, 2, 0, 1, 1, 1, 2, 1])
    repeated = np.repeat(np.arange(12), weight.astype(int))
    network = recipe(hidden_layer_sizes=(5,)).initialized(2, 3)
    results = []
    for X, Y, w in ((data.X, data.Y, weight), (data.X[repeated], data.Y[repeated], None)):
        work = Workspace(network, "cross_entropy", 32)
        (one,) = batches(Data(X, Y, w), 32, None, scale=0.5)
        assert one.weight.sum() == pytest.approx(0.5)
        results.append((loss_and_gradient(work, work.load(*one)), work.gradient))
    assert results[0][0] == pytest.approx(results[1][0], rel=1e-12)
    assert np.allclose(results[0][1], results[1][1], rtol=1e-12, atol=1e-15)


def test_training_learns_and_early_stopping_restores_the_best_weights() -> None:
    rows, held = blobs(seed=1), blobs(seed=2)
    chosen = recipe(monitor="validation_loss", max_epochs=300, learning_rate=0.05, patience=5, hidden_layer_sizes=(64,))
    state = train(chosen, rows, Validation(held, accuracy))
    losses = [row["validation_loss"] for row in state.history]
    assert state.epoch < 300
    assert state.best.epoch == int(np.argmin(losses)) + 1
    assert -state.best.value == min(losses)
    outputs = Predictor(state.network)(held.X)
    assert -(held.Y * np.log(outputs)).sum(1).mean() == pytest.approx(min(losses), rel=1e-9)
    assert accuracy(outputs, held.Y, None) > 0.9


def test_monitors_choose_by_what_they_name() -> None:
    by_score = recipe(monitor="validation_score", max_epochs=8, patience=99)
    state = train(by_score, blobs(seed=1), Validation(blobs(seed=2), accuracy))
    assert state.best.value == max(row["validation_score"] for row in state.history)
    by_loss = recipe(max_epochs=50, tol=10.0, patience=4)
    state = train(by_loss, blobs())
    assert state.best is None
    assert state.epoch == 5  # one that sets the mark, four that do not beat it by tol


@pytest.mark.parametrize("planted_at", [1, 4])
@pytest.mark.parametrize("layer", [0, 1])
def test_divergence_is_raised_before_the_weights_are_touched(planted_at, layer) -> None:
    data = blobs(40)
    chosen = recipe(batch_size=10, hidden_layer_sizes=(6,), activation="tanh", shuffle=False)
    state = State.begun(chosen.initialized(2, 3), chosen)
    rows = list(batches(data, 10, None))
    epoch(state, rows[: planted_at - 1], chosen)
    before = state.network.parameters.copy()
    if layer == 0:
        state.network.views(state.network.parameters)[0][0][0, 0] = np.nan
    else:
        state.network.views(state.network.parameters)[1][1][0] = np.inf
    planted = state.network.parameters.copy()
    with pytest.raises(TrainingDiverged, match=f"epoch 1, step {planted_at}: layer {layer + 1}") as caught:
        epoch(state, rows[planted_at - 1 :], chosen)
    assert np.array_equal(state.network.parameters, planted, equal_nan=True)
    assert (caught.value.epoch, caught.value.step, caught.value.layer) == (1, planted_at, layer + 1)
    assert np.isfinite(before).all()


def test_a_rate_that_is_too_large_keeps_the_last_finite_weights() -> None:
    data = Data(np.random.default_rng(0).normal(0, 1, (64, 3)).astype(np.float32), np.ones((64, 1), np.float32))
    chosen = recipe(output="identity", loss="squared_error", dtype="float32", optimizer=SGD(), learning_rate=1e4)
    state = State.begun(chosen.initialized(3, 1), chosen)
    with pytest.raises(TrainingDiverged, match="try learning rate 1000"):
        fit(state, data, chosen)
    assert np.isfinite(state.network.parameters).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("optimizer", [SGD(), Adam()])
def test_a_sparse_run_equals_a_dense_run_with_held_zeros_to_the_bit(dtype, optimizer) -> None:
    rng = np.random.default_rng(2)
    sizes = [2, 20, 15, 3]
    sparse = build(rng, sizes, ["relu", "tanh", "softmax"], dtype, masks_for(rng, sizes))
    dense = densified(sparse)
    data = blobs(200, dtype=dtype)
    chosen = recipe(dtype=np.dtype(dtype).name, optimizer=optimizer, l2=0.01, batch_size=32)
    states = [State.begun(network, chosen) for network in (sparse, dense)]
    mask = np.ones_like(dense.parameters, np.uint8)
    for layer, (w, _) in zip(sparse.layers, dense.views(mask), strict=True):
        w[...] = 0
        w[layer.topology.rows, layer.topology.inputs] = 1
    states[1].movable = mask
    losses = [[epoch(state, batches(data, 32, state.generator), chosen) for _ in range(5)] for state in states]
    assert losses[0] == losses[1]
    again = densified(sparse)
    assert np.array_equal(again.parameters, dense.parameters)


def test_the_same_seed_gives_the_same_run_and_another_seed_another() -> None:
    def run(seed):
        chosen = recipe(seed=seed, max_epochs=3, dtype="float32")
        return train(chosen, blobs(dtype=np.float32)).network.parameters

    assert np.array_equal(run(1), run(1))
    assert not np.array_equal(run(1), run(2))


def test_watchers_are_shown_every_step_and_epoch() -> None:
    class Count(Watcher):
        steps, epochs = 0, 0

        def after_step(self, state, work) -> None:
            self.steps += 1
            assert state.step == self.steps
            assert np.isfinite(work.gradient).all()

        def after_epoch(self, state) -> None:
            self.epochs += 1
            assert state.history[-1]["epoch"] == self.epochs

    count = Count()
    chosen = recipe(max_epochs=3, batch_size=100, patience=99)
    train(chosen, blobs(250), watchers=[count, Watcher()])
    assert (count.steps, count.epochs) == (9, 3)


def test_state_moves_into_another_shape() -> None:
    chosen = recipe(hidden_layer_sizes=(4,))
    state = State.begun(chosen.initialized(2, 3), chosen)
    epoch(state, batches(blobs(), 50, None), chosen)
    old = state.network
    size = len(old.parameters)
    state.movable = np.zeros(size, np.uint8)
    first_work = state.workspace(chosen)
    origin = np.arange(size)
    origin[3] = -1
    moved = Network(old.layers, np.where(origin < 0, 0, old.parameters))
    moments = state.moments["first"].copy()
    state.move(moved, origin)
    assert state.moments["first"][3] == 0
    assert np.array_equal(np.delete(state.moments["first"], 3), np.delete(moments, 3))
    assert state.movable[3] == 1
    assert state.workspace(chosen) is not first_work


@pytest.mark.parametrize("row", SCHEDULES.values(), ids=lambda row: row.name)
def test_schedules_follow_their_formula(row) -> None:
    import math

    for t in (0.0, 0.25, 0.5, 0.99):
        words = {"cos": math.cos, "pi": math.pi, "t": t}
        assert row.factor(t) == pytest.approx(eval(row.formula, {"__builtins__": {}}, words))
    assert recipe(schedule=row.name, learning_rate=0.5).rate(0) == 0.5


def test_recipes_survive_a_file() -> None:
    chosen = recipe(optimizer=Adam(0.5, 0.6, 1e-3), hidden_layer_sizes=(3, 4), schedule="cosine", seed=9)
    assert Recipe.from_dict(chosen.to_dict()) == chosen


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"loss": "cross_entropi"}, "did you mean 'cross_entropy'"),
        ({"output": "tanh"}, "cannot judge tanh"),
        ({"activation": "softmax"}, "belongs to the last layer"),
        ({"learning_rate": 0.0}, "learning_rate is 0.0: it must be a number above 0"),
        ({"learning_rate": float("nan")}, "learning_rate is nan"),
        ({"batch_size": 0}, "batch_size is 0: it must be at least 1"),
        ({"hidden_layer_sizes": (5, 0)}, "hidden_layer_sizes is 0"),
        ({"l2": -1.0}, "l2 is -1.0"),
        ({"tol": float("nan")}, "tol is nan"),
        ({"loss_scale": 0.0}, "loss_scale is 0.0"),
        ({"dtype": "float32", "optimizer": Adam(epsilon=1e-50)}, "it is 0 in float32"),
        ({"initializer": "she"}, "no initializer is called 'she'"),
    ],
)
def test_recipes_refuse_what_cannot_be(choices, message) -> None:
    with pytest.raises(OptionError, match=message):
        recipe(**choices)
