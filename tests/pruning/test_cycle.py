"""Cutting and training in turn: what leaves stays out, stages are made once, and the budget is kept."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from builders import build
from runs import accuracy, begun, blobs, recipe

from glasshouse.errors import ModelFileError, OptionError
from glasshouse.network.reshaping import connections
from glasshouse.pruning.budget import Point, chance_error, smallest_allowed
from glasshouse.pruning.criteria import CRITERIA, criterion
from glasshouse.pruning.cutting import Cutting, GradualPruning
from glasshouse.pruning.cycle import Cycle, outputs_of, taught
from glasshouse.pruning.descent import Descent, ladder_to, pooled
from glasshouse.pruning.evidence import Evidence
from glasshouse.pruning.grains import GRAINS, cut, pieces
from glasshouse.pruning.schedule import Cubic
from glasshouse.pruning.stages import Stages
from glasshouse.training.batches import Data
from glasshouse.training.checkpoints import begin
from glasshouse.training.loop import Validation, fit
from glasshouse.training.optimizers import Adam
from glasshouse.training.watchers import Watcher


def chosen_recipe(**choices):
    return recipe(hidden_layer_sizes=(20, 10), optimizer=Adam(), learning_rate=0.01, batch_size=50, **choices)


def trained(**choices):
    chosen, data = chosen_recipe(max_epochs=10, **choices), blobs(300)
    return fit(begun(chosen, data), data, chosen).network, chosen, data


class Shapes(Watcher):
    def __init__(self) -> None:
        self.places = []

    def after_epoch(self, state) -> None:
        self.places.append([set(connections(layer).tolist()) for layer in state.network.layers])


@pytest.mark.parametrize("name", CRITERIA)
def test_what_was_cut_does_not_return(name) -> None:
    chosen, data = chosen_recipe(max_epochs=8), blobs(300)
    watcher = Shapes()
    evidence = Evidence("cross_entropy", data)
    state = begun(chosen, data)
    whole = state.network.n_weights
    fit(state, data, chosen, None, [Cutting(Cubic(0.2, 1, 6), criterion(name), evidence, whole), watcher])
    for before, after in zip(watcher.places, watcher.places[1:]):
        assert all(new <= old for old, new in zip(before, after, strict=True))
    assert state.network.n_weights == round(0.2 * whole)


@pytest.mark.parametrize("grain", GRAINS)
@pytest.mark.parametrize("name", ["magnitude", "obd"])
def test_grains_leave_whole(grain, name) -> None:
    network, _, data = trained()
    evidence = Evidence("cross_entropy", data)
    count = {"weights": 40, "units": 7, "inputs": 1}[grain]
    smaller = cut(network, criterion(name), evidence, grain, count).network
    assert pieces(smaller, grain) == count
    assert all(layer.weight_shape[0] for layer in smaller.layers)
    assert pieces(cut(network, criterion(name), evidence, "units", 1).network, "units") == 2  # one of each layer


def test_pruning_stops_and_goes_on_to_the_same_network(tmp_path) -> None:
    chosen, data = chosen_recipe(max_epochs=12), blobs(300)
    watchers = [GradualPruning(0.1, "obd", until=0.8)]
    whole = fit(begun(chosen, data), data, chosen, None, watchers)
    assert whole.network.n_weights == round(0.1 * (2 * 20 + 20 * 10 + 10 * 3))

    class Stop(Watcher):
        def after_epoch(self, state) -> bool:
            return state.epoch == 5

    path = tmp_path / "run"
    half, keepers = begin(begun(chosen, data), [data], chosen, path, resume=False)
    fit(half, data, chosen, None, [GradualPruning(0.1, "obd", until=0.8), *keepers, Stop()])
    rest, keepers = begin(begun(chosen, data), [data], chosen, path, resume=True)
    fit(rest, data, chosen, None, [GradualPruning(0.1, "obd", until=0.8), *keepers])
    assert np.array_equal(rest.network.parameters, whole.network.parameters)


def test_the_best_network_is_one_of_the_last_size() -> None:
    chosen, data = chosen_recipe(max_epochs=12, monitor="validation_loss", patience=None), blobs(300)
    state = begun(chosen, data)
    fit(state, data, chosen, Validation(blobs(100, 1), accuracy), [GradualPruning(0.1)])
    assert state.best.network.n_weights == state.network.n_weights
    assert state.best.epoch > 9


def test_lessons_are_the_networks_answers_and_the_targets() -> None:
    network, _, data = trained()
    plain = taught(data, network, "cross_entropy", 0.25, temperature=1.0)
    assert np.allclose(plain.Y, 0.75 * data.Y + 0.25 * outputs_of(network, data), atol=1e-12)
    soft = taught(data, network, "cross_entropy", 1.0, temperature=4.0).Y
    assert np.allclose(soft.sum(axis=1), 1)
    assert soft.max() < outputs_of(network, data).max()
    assert taught(data, network, "hinge", 0.5) is data
    single = build(np.random.default_rng(0), [2, 1], ["sigmoid"])
    odds = outputs_of(single, data)
    half = taught(data._replace(Y=data.Y[:, :1]), single, "cross_entropy", 1.0, temperature=2.0).Y
    assert np.allclose(np.log(half / (1 - half)), np.log(odds / (1 - odds)) / 2)


def test_the_ladder_of_a_cycle(tmp_path) -> None:
    network, chosen, data = trained()
    validation = Validation(blobs(200, 1), accuracy)
    cycle = Cycle(network, chosen, data, validation, criterion("magnitude"), epochs=3)
    stages = Stages(tmp_path / "stages", {"seed": 0})
    descent = Descent(cycle, stages, ladder_to(0.2))
    found = pooled([descent], len(descent.ladder) - 1)
    assert found.density == 0.2
    assert descent.settled(len(descent.ladder) - 1).n_weights == round(0.2 * cycle.whole)
    assert found.drop < 0.2
    # A second process makes nothing anew.
    again = Descent(
        replace(cycle, retrain=False), Stages(tmp_path / "stages", {"seed": 0}, resume=True), ladder_to(0.2)
    )
    last = len(again.ladder) - 1
    assert np.array_equal(again.settled(last).parameters, descent.settled(last).parameters)
    with pytest.raises(OptionError, match="exists: go on from it with resume=True"):
        Stages(tmp_path / "stages", {"seed": 0})
    with pytest.raises(OptionError, match="was written with another seed"):
        Stages(tmp_path / "stages", {"seed": 1}, resume=True)
    with pytest.raises(OptionError, match="resume needs the checkpoint"):
        Stages(None, {}, resume=True)
    whole = (tmp_path / "stages").read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(40):
        broken = bytearray(whole)
        broken[rng.integers(len(broken))] ^= 1 << rng.integers(8)
        (tmp_path / "stages").write_bytes(bytes(broken[: rng.integers(1, len(broken) + 1)]))
        with pytest.raises((ModelFileError, OptionError)):
            Stages(tmp_path / "stages", {"seed": 0}, resume=True)


def test_a_descent_finds_what_just_fits() -> None:
    network, chosen, data = trained()
    cycle = Cycle(network, chosen, data, None, criterion("magnitude"), epochs=1)
    descent = Descent(cycle, Stages(None, {}))
    k = descent.first_that_fits(lambda some: some.n_weights <= 100)
    assert descent.settled(k).n_weights == 100
    assert Descent(cycle, Stages(None, {})).first_that_fits(lambda some: False) is None


def test_the_smallest_within_the_budget() -> None:
    drops = [0.0, 0.001, 0.002, 0.004, 0.02, 0.1]
    for error, wanted in ((0.0, 3), (0.0025, 2), (0.01, None)):
        best, tried = smallest_allowed(drops, lambda k, e=error: Point(drops[k], 0.9, drops[k], e), 0.005)
        assert best == wanted
        assert len(tried) <= 3
    rng = np.random.default_rng(0)
    Y = np.eye(2)[rng.integers(0, 2, 4000)]
    before, after = (np.where(rng.random((4000, 1)) < share, Y, 1 - Y) for share in (0.9, 0.8))
    expected = np.sqrt((0.9 * 0.1 + 0.8 * 0.2) / 4000)
    assert chance_error(accuracy, before, after, Y, None) == pytest.approx(expected, rel=0.2)


def test_without_rows_a_cycle_needs_none() -> None:
    network, chosen, data = trained()
    custom = replace(chosen, loss=lambda a, y: (((a - y) ** 2).sum(1), 2 * (a - y)))
    for name in ("magnitude", "obd"):
        cycle = Cycle(network, custom, Data(data.X, data.Y), None, criterion(name), retrain=False)
        if name == "obd":
            with pytest.raises(OptionError, match="criterion 'obd' needs a loss of the table: choose 'magnitude'"):
                cycle.one_cut(network, 0.5)
        else:
            assert cycle.one_cut(network, 0.5).n_weights == round(0.5 * network.n_weights)
