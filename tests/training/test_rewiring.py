"""Evolution: connections move, their number stays, and nothing dense is ever made."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from builders import batch, build, masks_for
from runs import begun, blobs, recipe

from glasshouse.errors import OptionError
from glasshouse.network.density import Density
from glasshouse.network.layers import Sparse
from glasshouse.network.passes import loss_and_gradient
from glasshouse.network.reshaping import connections
from glasshouse.network.workspace import Workspace
from glasshouse.training.batches import Data
from glasshouse.training.checkpoints import begin
from glasshouse.training.loop import fit
from glasshouse.training.optimizers import Adam
from glasshouse.training.recipe import Recipe
from glasshouse.training.rewiring import DROPS, GROWS, NEW_WEIGHTS, Evolution, evolved
from glasshouse.training.state import State
from glasshouse.training.watchers import Watcher


def sparse_work(n=40, sizes=(7, 9, 6, 3), density=0.4, dtype=np.float64):
    rng = np.random.default_rng(0)
    network = build(rng, list(sizes), ["relu", "tanh", "softmax"], dtype, masks_for(rng, list(sizes), density))
    X, Y, weight = batch(rng, n, sizes[0], sizes[-1], "softmax", dtype)
    work = Workspace(network, "cross_entropy", n)
    loss_and_gradient(work, work.load(X, Y, weight, np.arange(n)))
    return work, (X, Y, weight)


def moved(work, evolution, share=0.3, step=5):
    moments = {"velocity": np.arange(len(work.network.parameters), dtype=work.network.dtype)}
    return evolved(work, moments, evolution, share, 0, step)


@pytest.mark.parametrize("drop", DROPS)
@pytest.mark.parametrize("grow", GROWS)
@pytest.mark.parametrize("new_weight", NEW_WEIGHTS)
def test_the_number_of_connections_stays_and_old_ones_keep_their_weights(drop, grow, new_weight) -> None:
    work, _ = sparse_work()
    network = work.network
    changed, origin = moved(work, Evolution(drop=drop, grow=grow, new_weight=new_weight))
    for before, after in zip(network.layers, changed.layers, strict=True):
        assert before.weight_shape == after.weight_shape
        new = np.setdiff1d(connections(after), connections(before))
        assert len(new) == int(0.3 * before.weight_shape[0])
    old = origin >= 0
    assert np.array_equal(changed.parameters[old], network.parameters[origin[old]])
    born = changed.parameters[~old]
    assert (born == 0).all() if new_weight == "zero" else (born != 0).all()


def test_magnitude_drops_the_smallest() -> None:
    work, _ = sparse_work()
    _, origin = moved(work, Evolution())
    w, _ = work.network.views(work.network.parameters)[0]
    kept = origin[(origin >= 0) & (origin < len(w))]
    gone = np.setdiff1d(np.arange(len(w)), kept)
    assert np.abs(w[gone]).max() <= np.abs(w[kept]).min()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rigl_grows_where_the_dense_gradient_is_largest(dtype) -> None:
    work, (X, Y, weight) = sparse_work(dtype=dtype)
    from builders import densified

    dense = densified(work.network)
    whole = Workspace(dense, "cross_entropy", 40)
    loss_and_gradient(whole, whole.load(X, Y, weight, np.arange(40)))
    changed, _ = moved(work, Evolution(grow="gradient"))
    for before, after, (dw, _) in zip(work.network.layers, changed.layers, dense.views(whole.gradient), strict=True):
        there = connections(before)
        new = np.setdiff1d(connections(after), there)
        score = np.abs(dw.ravel())
        score[there] = -1
        assert score[new].min() >= np.sort(score)[-len(new) :].min()


def test_blocks_change_nothing(monkeypatch) -> None:
    work, _ = sparse_work()
    whole, _ = moved(work, Evolution(grow="gradient"))
    monkeypatch.setattr("glasshouse.training.rewiring.BLOCK", 8)
    parts, _ = moved(work, Evolution(grow="gradient"))
    assert [connections(a).tolist() for a in whole.layers] == [connections(b).tolist() for b in parts.layers]


def test_random_growth_is_even() -> None:
    counts = np.zeros(63)
    work, _ = sparse_work()
    there = connections(work.network.layers[0])
    for step in range(400):
        changed, _ = moved(work, Evolution(), step=step)
        counts[np.setdiff1d(connections(changed.layers[0]), there)] += 1
    absent = np.setdiff1d(np.arange(63), there)
    mean = counts[absent].mean()
    assert (counts[there] == 0).all()
    assert np.abs(counts[absent] - mean).max() < 5 * mean**0.5


def test_a_rule_of_ones_own_sees_the_layer_and_is_held_to_its_word() -> None:
    work, _ = sparse_work()
    seen = []

    def by_activity(layer, n, rng):
        seen.append((layer.shape, layer.indptr[-1], layer.x.shape, layer.a.shape, layer.delta.shape, *layer.moments))
        absent = np.setdiff1d(np.arange(layer.shape[0] * layer.shape[1]), layer.places)
        return np.divmod(absent[:n], layer.shape[1])

    moved(work, Evolution(grow=by_activity))
    first = work.network.layers[0]
    assert seen[0] == ((9, 7), first.topology.n_connections, (7, 40), (9, 40), (9, 40), "velocity")
    for wrong in (
        lambda layer, n, rng: (np.zeros(n, int), np.zeros(n, int)),
        lambda layer, n, rng: np.divmod(layer.places[:n], layer.shape[1]),
        lambda layer, n, rng: (np.full(n, 99), np.arange(n)),
        lambda layer, n, rng: ([], []),
    ):
        with pytest.raises(OptionError, match=r"grow='<lambda>' gave \d+ pairs of a layer \(9, 7\)"):
            moved(work, Evolution(grow=wrong))


class Counts(Watcher):
    def __init__(self) -> None:
        self.seen = set()

    def after_step(self, state, work) -> None:
        self.seen.add(state.network.n_weights)
        assert len(state.moments["first"]) == len(state.network.parameters)


@pytest.mark.parametrize("grow", GROWS)
def test_a_whole_run_keeps_its_connections_and_learns(grow, tmp_path) -> None:
    data = blobs(300)
    chosen = recipe(
        hidden_layer_sizes=(40, 30),
        density=Density(0.2),
        optimizer=Adam(),
        learning_rate=0.01,
        max_epochs=12,
        batch_size=32,
        evolution=Evolution(grow=grow, every=4),
    )
    watcher = Counts()
    state = fit(begun(chosen, data), data, chosen, watchers=[watcher])
    assert len(watcher.seen) == 1
    assert state.history[-1]["loss"] < 0.5 * state.history[0]["loss"]
    first = chosen.initialized(data.X.shape[1], data.Y.shape[1])
    assert not np.array_equal(connections(state.network.layers[0]), connections(first.layers[0]))
    again = fit(begun(chosen, data), data, chosen)
    assert np.array_equal(again.network.parameters, state.network.parameters)

    # A run that is stopped and goes on is the same run.
    class Stop(Watcher):
        def after_epoch(self, state) -> bool:
            return state.epoch == 5

    path = tmp_path / "run"
    half, keepers = begin(begun(chosen, data), [data], chosen, path, resume=False)
    fit(half, data, chosen, watchers=[*keepers, Stop()])
    rest, keepers = begin(begun(chosen, data), [data], chosen, path, resume=True)
    fit(rest, data, chosen, watchers=keepers)
    assert np.array_equal(rest.network.parameters, state.network.parameters)
    assert [connections(a).tolist() for a in rest.network.layers] == [
        connections(b).tolist() for b in state.network.layers
    ]


def test_recipes_remember_their_evolution() -> None:
    for evolution in (
        None,
        Evolution(),
        Evolution("loss_sensitivity", "gradient", 100, 0.1, 0.5, "uniform", "initializer"),
    ):
        chosen = Recipe(output="softmax", loss="cross_entropy", evolution=evolution)
        assert Recipe.from_dict(chosen.to_dict()) == chosen
    for wrong, message in (
        ({"drop": "magnitud"}, "no drop is called 'magnitud': did you mean 'magnitude'"),
        ({"every": 0}, "every is 0: it must be"),
        ({"fraction": 1.0}, "fraction is 1.0: it must be"),
        ({"until": 0.0}, "until is 0.0: it must be"),
    ):
        with pytest.raises(OptionError, match=message):
            Evolution(**wrong)


def test_a_wide_layer_is_rewired_in_little_memory() -> None:
    """20,000 by 20,000 would be 3.2 GB dense: what is made for 40,000 connections stays far below that."""
    chosen = Recipe(
        output="identity",
        loss="squared_error",
        hidden_layer_sizes=(20_000,),
        density=Density(1e-4),
        batch_size=8,
        max_epochs=1,
        evolution=Evolution(grow="gradient", every=1, until=1.0),
    )
    rng = np.random.default_rng(0)
    data = Data(rng.normal(size=(16, 20_000)).astype(np.float32), rng.normal(size=(16, 1)).astype(np.float32))
    state = State.begun(chosen.initialized(20_000, 1), chosen)
    tracemalloc.start()
    fit(state, data, chosen)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert isinstance(state.network.layers[0], Sparse)
    assert peak < 150e6
