"""A fair comparison: the same start for each seed, honest counts, and nothing trained twice."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_digits

from glasshouse import Evolution, MLPClassifier, OptionError, compare
from glasshouse.estimators.comparison import spread
from glasshouse.network.reshaping import connections

X, Y = load_digits(return_X_y=True)
DATA = X[:600] / 16, Y[:600], X[600:900] / 16, Y[600:900]
WAYS = {"SET": Evolution(), "RigL": Evolution(grow="gradient", every=5)}


def test_every_way_has_its_row_and_its_connections() -> None:
    found = compare(WAYS, DATA, (20, 20), density=[0.1, 0.3], seeds=2, max_iter=4)
    assert len(found.fits) == 2 * 2 * 4
    for share in (0.1, 0.3):
        counts = {fit.nonzeros for way in ("static", "SET", "RigL") for fit in found.of(way, share)}
        assert len(counts) == 1
        assert all(sum(fit.nonzeros) == 64 * 20 + 20 * 20 + 20 * 10 for fit in found.of("dense", share))
        by_way = {way: found.of(way, share)[0] for way in ("static", "SET", "RigL", "dense")}
        assert by_way["static"].flops == by_way["SET"].flops < by_way["RigL"].flops < by_way["dense"].flops
        assert by_way["static"].megabytes < by_way["dense"].megabytes
    assert len(str(found).splitlines()) == 1 + 2 * 4


def test_flops_are_counted_by_hand() -> None:
    found = compare({}, DATA, (20,), density=[0.2], seeds=1, max_iter=3)
    static, dense = (found.of(way, 0.2)[0] for way in ("static", "dense"))
    assert dense.flops == 3 * 600 * 2 * (2 * 64 * 20 + 3 * 20 * 10)
    first, last = static.nonzeros
    assert static.flops == 3 * 600 * 2 * (2 * first + 3 * last)


def test_all_begin_alike() -> None:
    """The first weights and connections of one seed are the same, whatever moves them later."""
    settings = {"density": 0.2, "max_iter": 1, "random_state": 3, "early_stopping": False, "watch_health": False}
    with pytest.warns(match="had not settled"):
        still, moved = (
            MLPClassifier((20,), **settings, evolution=way).fit(X[:600] / 16, Y[:600])
            for way in (None, Evolution(until=1.0))
        )
    assert np.array_equal(connections(still.network_.layers[0]), connections(moved.network_.layers[0]))  # a run of 1
    assert np.array_equal(still.network_.parameters, moved.network_.parameters)


@pytest.mark.parametrize("budget", ["flops", "seconds"])
def test_a_budget_gives_the_cheap_more_epochs(budget) -> None:
    found = compare({}, DATA, (200, 200), density=[0.2], seeds=1, budget=budget, max_iter=20)
    static, dense = (found.of(way, 0.2)[0] for way in ("static", "dense"))
    assert static.epochs == 20 > dense.epochs >= 1
    if budget == "flops":
        assert dense.flops <= static.flops


def test_what_stands_in_the_file_is_not_trained_again(tmp_path) -> None:
    path = tmp_path / "fits.jsonl"
    once = compare(WAYS, DATA, (10,), density=[0.2], seeds=1, max_iter=2, path=path)
    lines = path.read_text().splitlines()
    assert len(lines) == 4
    again = compare(WAYS, DATA, (10,), density=[0.2], seeds=2, max_iter=2, path=path)
    assert again.fits[:4] == once.fits  # the seconds too
    assert len(path.read_text().splitlines()) == 8
    assert json.loads(lines[0])["way"] == "static"
    path.write_text(lines[0][:40])
    with pytest.raises(OptionError, match="holds no fit in line 1: name another file"):
        compare(WAYS, DATA, (10,), density=[0.2], seeds=1, max_iter=2, path=path)


def test_numbers_are_compared_by_r2() -> None:
    A, b = load_diabetes(return_X_y=True)
    found = compare({"SET": Evolution()}, (A[:300], b[:300], A[300:], b[300:]), (20,), seeds=1, max_iter=2)
    assert all(fit.score < 1 for fit in found.fits)


def test_odd_requests_are_named() -> None:
    for ways, options, message in (
        ({"dense": Evolution()}, {}, "ways holds 'dense'"),
        ({"mine": "SET"}, {}, "ways holds 'mine': 'SET': give an Evolution"),
        ({}, {"budget": "hours"}, "no budget is called 'hours'"),
        ({}, {"seeds": 0}, "seeds is 0: it must be"),
    ):
        with pytest.raises(OptionError, match=message):
            compare(ways, DATA, (10,), **options)
    assert spread([0.5, 0.7]) == "0.6000 ± 1.2706"


def test_evolution_needs_something_sparse_that_is_dealt_as_it_says() -> None:
    from glasshouse import Density

    for density, message in ((1.0, "set density below 1"), (Density(0.2, "uniform"), "density is dealt by 'uniform'")):
        with pytest.raises(OptionError, match=message):
            MLPClassifier(density=density, evolution=Evolution()).fit(X, Y)
