"""The bench: a preview is the cut of its criterion, what is kept is what `prune` makes, and undo brings all back."""

from __future__ import annotations

import numpy as np
import pytest

import glasshouse as gh
from glasshouse.errors import OptionError
from glasshouse.pruning.criteria import CRITERIA
from glasshouse.tables.reading import as_table
from glasshouse.web.prunings import Pruning


@pytest.fixture(scope="module")
def model():
    return gh.train("example:wine", target="target", hidden=(12, 8), epochs=15, out="", baselines=False)


@pytest.fixture
def bench(model):
    return Pruning.opened(model, as_table("example:wine"))


@pytest.mark.parametrize("criterion", CRITERIA)
def test_a_preview_is_one_cut_without_training(model, bench, criterion) -> None:
    shown = bench.cut(0.3, criterion)
    pruned = gh.prune(model, "example:wine", density=0.3, criterion=criterion, one_shot=True, retrain=False, out="")
    assert shown["score"] == pytest.approx(pruned.frontier[0].score)
    assert (shown["nonzero"], shown["units"], shown["columns"]) == (
        pruned.after.nonzero,
        pruned.after.units,
        pruned.after.columns,
    )
    assert shown["criterion"] == criterion
    assert shown["drop"] == pytest.approx(bench.twin()["whole"]["score"] - shown["score"])
    assert len(shown["picture"]["edges"]) == round(0.3 * model.network.n_weights)
    assert bench.twin()["kept"] == []


def test_what_is_kept_is_what_prune_makes_and_undo_takes_it_back(model, bench) -> None:
    bench.keep(0.3, "magnitude", True)
    pruned = gh.prune(model, "example:wine", density=0.3, criterion="magnitude", out="").model
    assert np.array_equal(bench.model.network.parameters, pruned.network.parameters)
    first = bench.twin()
    assert first["error"] is None
    assert first["current"]["retrained"]
    bench.keep(0.1, "obd", False)
    assert bench.twin()["current"]["nonzero"] <= round(0.1 * model.network.n_weights)
    assert len(bench.twin()["kept"]) == 2
    assert len(bench.model.made_by) == 3
    bench.undo()
    assert bench.twin()["current"]["nonzero"] == first["current"]["nonzero"]
    for _ in range(3):
        bench.undo()
    assert bench.model is model
    assert bench.pruned is None


def test_a_density_that_is_none_and_a_criterion_that_is_not_there_are_named(bench) -> None:
    for density, criterion, words in (
        (0, "obd", "density is 0"),
        (1.5, "obd", "at most 1"),
        (0.5, "odb", "no criterion"),
    ):
        with pytest.raises(OptionError, match=words):
            bench.cut(density, criterion)
        with pytest.raises(OptionError, match=words):
            bench.keep(density, criterion, True)
    bench.keep(1.0, "obd", False)
    assert "no more connections" in bench.twin()["error"]
