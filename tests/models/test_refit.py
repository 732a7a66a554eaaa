"""The network that ships after the scores: the judged recipe on all rows."""

from __future__ import annotations

import numpy as np
import pytest

import glasshouse as gh
from glasshouse.tables.reading import read_table
from glasshouse.training.watchers import Watcher


@pytest.fixture(scope="module")
def pair():
    known = {"target": "target", "out": "", "baselines": False, "seed": 3}
    return gh.train("example:diabetes", **known), gh.train("example:diabetes", refit=True, **known)


def test_scores_are_those_of_the_network_that_had_not_seen_the_rows(pair) -> None:
    judged, kept = pair
    assert kept.scores == judged.scores
    assert kept.intervals == judged.intervals
    assert not np.array_equal(kept.network.parameters, judged.network.parameters)
    assert kept.evaluate("example:diabetes").part == "training"
    assert judged.evaluate("example:diabetes").part == "test"


def test_it_has_learned_from_every_row(pair) -> None:
    judged, kept = pair
    table = read_table("example:diabetes")
    y = np.array(table.columns["target"].to_pylist(), float)
    assert kept.targets.mean[0] == pytest.approx(y.mean())
    test = table.take(judged.run.split.test)
    assert kept.evaluate(test).scores["r2"] > judged.evaluate(test).scores["r2"] + 0.02  # it has seen these answers
    bmi = next(e for e in kept.encoder.encodings if e.name == "bmi")
    assert bmi.median == pytest.approx(np.median(np.array(table.columns["bmi"].to_pylist(), float)))


def test_it_is_the_recipe_for_as_many_epochs(pair) -> None:
    class Count(Watcher):
        stages, epochs = (), 0

        def stage(self, name):
            self.stages = (*self.stages, name)

        def after_epoch(self, state):
            if "training on all rows" in self.stages:
                self.epochs += 1
                assert state.history[-1]["learning_rate"] > 0

    count = Count()
    again = gh.train("example:diabetes", target="target", out="", baselines=False, seed=3, refit=True, watchers=[count])
    assert np.array_equal(again.network.parameters, pair[1].network.parameters)
    assert count.epochs == again.run.best_epoch
    assert count.stages == ("reading", "training", "judging", "training on all rows")


@pytest.mark.parametrize("epoch", ["first", "last"])
def test_a_refit_ended_by_hand_leaves_the_judged_network(pair, epoch) -> None:
    class Hand(Watcher):
        refitting = False

        def stage(self, name):
            self.refitting = name == "training on all rows"

        def before_epoch(self, state):
            if self.refitting and state.epoch == (0 if epoch == "first" else pair[0].run.best_epoch - 1):
                raise KeyboardInterrupt

    kept = gh.train("example:diabetes", target="target", out="", baselines=False, seed=3, refit=True, watchers=[Hand()])
    assert np.array_equal(kept.network.parameters, pair[0].network.parameters)
    assert kept.run.interrupted
    assert not kept.origin.refit
