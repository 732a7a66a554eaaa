"""The loop: order by seed, weights, early stopping, divergence, storage, change of shape."""

from __future__ import annotations

import contextlib
import pickle
from dataclasses import replace

import numpy as np
import pytest
from builders import build, densified, masks_for
from runs import accuracy, begun, blobs, recipe, train

from glasshouse.errors import OptionError, TrainingDiverged
from glasshouse.network.network import Network
from glasshouse.network.passes import loss_and_gradient
from glasshouse.network.predictor import Predictor
from glasshouse.network.workspace import Workspace
from glasshouse.training.batches import Batches, Data
from glasshouse.training.loop import Validation, epoch, fit
from glasshouse.training.optimizers import LBFGS, SGD, Adam, AdamW, RMSprop
from glasshouse.training.state import State
from glasshouse.training.watchers import Watcher


@pytest.mark.parametrize("optimizer", [SGD(0), SGD(), RMSprop(), Adam(), AdamW()])
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
    rows = [b.rows for b in Batches(data, 10, np.random.default_rng(5))]
    assert sorted(np.concatenate(rows)) == list(range(103))
    again = [b.rows for b in Batches(data, 10, np.random.default_rng(5))]
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
        (one,) = Batches(Data(X, Y, w), 32, None, scale=0.5)
        assert one.weight.sum() == pytest.approx(0.5)
        results.append((loss_and_gradient(work, work.load(*one[:4])), work.gradient))
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
    outputs = Predictor(state.chosen())(held.X)
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


@pytest.mark.parametrize("optimizer", [SGD(0), SGD(), RMSprop(), Adam(), AdamW()], ids=lambda row: row.name)
@pytest.mark.parametrize("planted", [np.nan, np.inf])
@pytest.mark.parametrize("layer", [1, 2, 3])
@pytest.mark.parametrize("step", [1, 4, 7])
def test_divergence_is_raised_before_the_weights_are_touched(step, layer, planted, optimizer) -> None:
    """Planted at any step and layer: epoch, step, layer and the largest activation are named, and what to try."""
    chosen = recipe(
        batch_size=10,
        hidden_layer_sizes=(6, 5),
        activation=("relu", "gelu"),
        shuffle=False,
        optimizer=optimizer,
        average=0.5,
        l1=0.01,
        clip_norm=1.0,
        max_epochs=9,
        learning_rate=0.01,
    )
    data, kept = blobs(40), {}

    class Plant(Watcher):
        def after_step(self, state, work) -> None:
            if state.step == step - 1:
                plant(state)

        def before_epoch(self, state) -> None:
            if step == 1:
                plant(state)

    def plant(state) -> None:
        _, b = state.network.views(state.network.parameters)[layer - 1]
        b[2] = planted
        kept.update(parameters=state.network.parameters.copy(), average=state.average.copy())

    state = begun(chosen, data)
    with pytest.raises(TrainingDiverged) as caught:
        fit(state, data, chosen, watchers=[Plant()])
    error = caught.value
    assert (error.epoch, error.step, error.layer) == ((step - 1) // 4 + 1, step, layer)
    assert 0 < error.largest_activation < 100
    assert f"epoch {error.epoch}, step {step}" in str(error)
    assert str(error).endswith("learning rate 0.01): try learning rate 0.001")
    assert np.array_equal(state.network.parameters, kept["parameters"], equal_nan=True)
    assert np.array_equal(state.average, kept["average"])


def test_a_rate_that_is_too_large_keeps_the_last_finite_weights() -> None:
    data = Data(np.random.default_rng(0).normal(0, 1, (64, 3)).astype(np.float32), np.ones((64, 1), np.float32))
    chosen = recipe(output="identity", loss="squared_error", dtype="float32", optimizer=SGD(), learning_rate=1e4)
    state = State.begun(chosen.initialized(3, 1), chosen)
    with pytest.raises(TrainingDiverged, match="try learning rate 1000"):
        fit(state, data, chosen)
    assert np.isfinite(state.network.parameters).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("optimizer", [SGD(0), SGD(), RMSprop(), Adam(), AdamW()])
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
    losses = [[epoch(state, Batches(data, 32, state.generator), chosen) for _ in range(5)] for state in states]
    assert losses[0] == losses[1]  # penalties too, to the bit
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
    epoch(state, Batches(blobs(), 50, None), chosen)
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


def test_a_validation_that_diverges_names_its_own_epoch() -> None:
    held = blobs(20)
    held.X[3] = 1e200
    chosen = recipe(monitor="validation_loss", hidden_layer_sizes=(6, 6), activation=("exp",), max_epochs=3)
    with pytest.raises(TrainingDiverged, match="epoch 1, step"), np.errstate(all="ignore"):
        train(chosen, blobs(60), Validation(held, accuracy))


@pytest.mark.parametrize("choices", [{"dropout": (0.5,)}, {"average": 1.0}])
def test_a_run_that_draws_or_averages_is_never_settled(choices) -> None:
    data = blobs(30)
    signs = data._replace(Y=data.Y * 2 - 1, X=data.X * 10)
    still = recipe(output="identity", loss="perceptron", optimizer=SGD(0), max_epochs=400, patience=None, shuffle=False)
    assert train(still, signs).settled
    assert not train(replace(still, max_epochs=450, **choices), signs).settled


class Interrupt(Watcher):
    """A Ctrl-C at an evaluation of the objective, in the middle of a line search."""

    def __init__(self, after: int):
        self.left = after

    def loss(self, a, y):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt
        return ((a - y) ** 2).sum(1), 2 * (a - y)


@pytest.mark.parametrize("after", range(5, 45, 3))
def test_a_ctrl_c_in_a_line_search_keeps_the_last_whole_step(after) -> None:
    interrupt = Interrupt(after)
    chosen = recipe(loss=interrupt.loss, optimizer=LBFGS(), max_epochs=50, tol=0.0)
    data, kept = blobs(60), []

    class Keep(Watcher):
        def after_epoch(self, state) -> None:
            kept.append(state.network.parameters.copy())

    state = train(chosen, data, watchers=[Keep()])
    assert state.interrupted
    assert np.array_equal(state.chosen().parameters, kept[-1])
