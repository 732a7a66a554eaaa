"""Rows read anew every epoch reach the loop once each, in batches of one size, in an order of seed and epoch alone."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glasshouse.distributed.serial import SERIAL
from glasshouse.errors import OptionError, TableError
from glasshouse.training.batches import Data, OneHot
from glasshouse.training.loop import epoch, fit
from glasshouse.training.recipe import Recipe
from glasshouse.training.state import State
from glasshouse.training.streams import Streamed, ahead

RECIPE = Recipe(output="sigmoid", loss="cross_entropy", hidden_layer_sizes=(3,), batch_size=7, max_epochs=2, seed=5)


class Rank:
    """A rank of several that never has to speak to the others."""

    def __init__(self, rank: int, size: int):
        self.rank, self.size = rank, size


def streamed(portions, window, weights=None, ranks=None, known_by="x"):
    """Rows numbered from 0, in their X, and whether the number is odd, in their Y."""
    ends = np.cumsum([0, *portions])

    def windows(order):
        rows = np.concatenate([np.arange(ends[k], ends[k + 1]) for k in order] or [np.zeros(0, int)])
        for start in range(0, len(rows), window):
            here = rows[start : start + window]
            mass = None if weights is None else weights[here]
            yield Data(here[:, None].astype(np.float32), (here[:, None] % 2).astype(np.float32), mass)

    n = int(ends[-1])
    mean = 1.0 if weights is None else float(weights.mean())
    shown = Data(np.zeros((1, 1), np.float32), np.zeros((1, 1), np.float32))
    return Streamed(windows, np.array(portions), np.array([n] if ranks is None else ranks), shown, mean, known_by)


def state_of(recipe, epochs=0):
    state = State.begun(recipe.initialized(1, 1), recipe)
    state.epoch = epochs
    return state


def taken(rows, recipe, epochs=0, together=SERIAL):
    """The batches of an epoch, each the numbers of its rows, their weights and the total."""
    batches = rows.batches(recipe, state_of(recipe, epochs), together)
    found = [(b.X[b.rows, 0].astype(int).tolist(), b.weight.tolist(), b.total) for b in batches]
    assert len(found) == len(batches)
    for batch in rows.batches(recipe, state_of(recipe, epochs), together):
        assert (batch.Y[batch.rows, 0] == batch.X[batch.rows, 0] % 2).all()
    return found


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.integers(0, 30), min_size=1, max_size=6).filter(sum),
    st.integers(1, 40),
    st.integers(1, 25),
    st.booleans(),
)
def test_every_row_comes_once_in_batches_of_one_size(portions, window, size, shuffle) -> None:
    recipe, n = replace(RECIPE, batch_size=size, shuffle=shuffle), sum(portions)
    found = taken(streamed(portions, window), recipe)
    rows = [row for batch, _, _ in found for row in batch]
    assert sorted(rows) == list(range(n))
    assert [len(batch) for batch, _, _ in found] == [size] * (n // size) + [n % size] * (n % size > 0)
    assert all(total == len(batch) for batch, _, total in found)
    if not shuffle:
        assert rows == list(range(n))


def test_the_order_is_of_seed_and_epoch_and_of_nothing_else() -> None:
    rows = streamed([40, 50, 60], window=64)
    first = taken(rows, RECIPE)
    assert taken(rows, RECIPE) == first
    assert taken(rows, RECIPE, epochs=1) != first
    assert taken(rows, replace(RECIPE, seed=6)) != first
    assert [row for batch, _, _ in first for row in batch] != list(range(150))


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 80), st.integers(1, 30), st.integers(0, 10**6))
def test_the_mean_over_batches_is_the_weighted_mean_over_rows(n, window, seed) -> None:
    weights = np.random.default_rng(seed).uniform(0.1, 1.0, n)
    found = taken(streamed([n], window, weights), replace(RECIPE, loss_scale=0.5))
    of_row = {row: (weight, total) for batch, mass, total in found for row, weight in zip(batch, mass, strict=True)}
    each = np.array([of_row[row][0] * of_row[row][1] for row in range(n)])
    np.testing.assert_allclose(each, 0.5 * weights / weights.mean(), rtol=1e-6)
    assert each.sum() / n == pytest.approx(0.5)


@pytest.mark.parametrize("ranks", [[30, 30], [31, 5], [4, 90, 17]])
def test_ranks_bring_their_shares_of_batches_whose_totals_they_agree_on(ranks) -> None:
    size = len(ranks)
    each = [taken(streamed([n], 16, ranks=ranks), RECIPE, together=Rank(rank, size)) for rank, n in enumerate(ranks)]
    assert len({len(batches) for batches in each}) == 1
    for parts in zip(*each, strict=True):
        assert {total for _, _, total in parts} == {sum(len(batch) for batch, _, _ in parts)}
    for batches, n in zip(each, ranks, strict=True):
        assert sorted(row for batch, _, _ in batches for row in batch) == list(range(n))


def test_many_classes_are_written_a_batch_at_a_time() -> None:
    rows = streamed([25], window=10)
    wide = replace(
        rows,
        windows=lambda order: (
            Data(w.X, OneHot(w.X[:, 0].astype(int) % 3, 3, np.dtype("f4"))) for w in rows.windows(order)
        ),
    )
    for batch in wide.batches(RECIPE, state_of(RECIPE), SERIAL):
        assert (batch.Y[batch.rows].argmax(axis=1) == batch.X[batch.rows, 0] % 3).all()


def test_a_window_as_large_as_all_rows_trains_as_well_as_memory_does() -> None:
    """Another order, so not the same bits; without one, the same to the bit."""
    recipe = replace(RECIPE, shuffle=False, monitor="loss", max_epochs=5)
    rows = streamed([33, 20], window=9)
    X = np.arange(53, dtype=np.float32)[:, None]
    in_parts, at_once = (state_of(recipe) for _ in range(2))
    fit(in_parts, rows, recipe)
    fit(at_once, Data(X, X % 2), recipe)
    np.testing.assert_array_equal(in_parts.network.parameters, at_once.network.parameters)


def test_what_goes_wrong_while_reading_is_raised_in_the_loop_and_the_thread_ends() -> None:
    def broken(order):
        yield from streamed([20], 8).windows([0])
        raise TableError("row group 3 is damaged")

    before = threading.active_count()
    with pytest.raises(TableError, match="row group 3"):
        epoch(
            state_of(RECIPE),
            replace(streamed([20], 8), windows=broken).batches(RECIPE, state_of(RECIPE), SERIAL),
            RECIPE,
        )
    assert threading.active_count() == before


def test_a_loop_that_is_left_early_leaves_no_thread() -> None:
    before = threading.active_count()
    windows = ahead(streamed([90], 8).windows([0]))
    next(windows)
    windows.close()
    assert threading.active_count() == before


def test_an_epoch_that_is_broken_off_leaves_no_thread() -> None:
    before = threading.active_count()
    batches = iter(streamed([90], 8).batches(RECIPE, state_of(RECIPE), SERIAL))
    next(batches)
    del batches
    assert threading.active_count() == before


def test_a_batch_has_a_row_of_every_rank() -> None:
    rows = streamed([30], 16, ranks=[30, 30, 30])
    with pytest.raises(OptionError, match="batch_size is 2, and each of 3 ranks reads rows of its own: give at least"):
        rows.batches(replace(RECIPE, batch_size=2), state_of(RECIPE), Rank(0, 3))
    found = taken(rows, replace(RECIPE, batch_size=3), together=Rank(0, 3))
    assert [total for _, _, total in found] == [3] * 30


def test_two_windows_at_most_are_made() -> None:
    made, used = [], []

    def windows():
        for k in range(6):
            made.append(k)
            yield Data(np.zeros((1, 1)), np.zeros((1, 1)))

    for _ in ahead(windows()):
        used.append(None)
        assert len(made) <= len(used) + 1
    assert len(used) == 6
