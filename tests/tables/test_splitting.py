"""How rows are dealt, against scikit-learn's stratified and grouped splitters, for any table."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedShuffleSplit

from glasshouse.errors import OptionError
from glasshouse.tables.splitting import SHARES, split

SEEDS = st.integers(0, 2**32 - 1)


@given(n=st.integers(1, 400), classes=st.integers(0, 6), seed=SEEDS, with_test=st.booleans())
def test_every_row_is_dealt_once_and_to_its_share(n, classes, seed, with_test) -> None:
    labels = np.random.default_rng(seed).integers(classes, size=n) if classes else None
    parts = split(n, labels, seed, with_test=with_test)
    assert sorted(np.concatenate(parts)) == list(range(n))
    assert all((np.diff(rows) > 0).all() for rows in parts)
    slack = 1 + classes  # what rounding, and a class too small to part, may move
    for rows, share in zip(parts, SHARES if with_test else (0.8, 0.2, 0)):
        assert abs(len(rows) - share * n) <= slack + 1
    if classes:
        assert set(labels[parts.train]) == set(labels)


def test_classes_are_shared_out_as_scikit_learns() -> None:
    labels = np.repeat([0, 1, 2], [600, 300, 100])
    ours = split(1000, labels, 3).test
    _, theirs = next(StratifiedShuffleSplit(1, test_size=0.2, random_state=3).split(labels, labels))
    assert np.bincount(labels[ours]).tolist() == np.bincount(labels[theirs]).tolist() == [120, 60, 20]


@given(n=st.integers(3, 300), groups=st.integers(3, 40), seed=SEEDS, with_test=st.booleans())
def test_a_group_is_never_on_two_sides(n, groups, seed, with_test) -> None:
    group = np.concatenate([np.arange(3), np.random.default_rng(seed).integers(groups, size=n - 3)])
    parts = split(n, None, seed, with_test=with_test, group=group)
    assert sorted(np.concatenate(parts)) == list(range(n))
    sides = [set(group[rows]) for rows in parts]
    assert sum(map(len, sides)) == len(set.union(*sides))
    assert len(parts.train)
    assert len(parts.validation)
    assert bool(len(parts.test)) == with_test
    assert all(np.array_equal(a, b) for a, b in zip(parts, split(n, None, seed, with_test=with_test, group=group)))


def test_many_groups_come_close_to_their_shares() -> None:
    group = np.random.default_rng(0).integers(500, size=10_000)
    sizes = [len(rows) / 10_000 for rows in split(10_000, None, 0, group=group)]
    assert np.allclose(sizes, SHARES, atol=0.01)


@given(seed=SEEDS, with_test=st.booleans())
def test_large_groups_and_classes_are_shared_out(seed, with_test) -> None:
    """Patients of many visits differ from those of one: no side may get only them."""
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(2000), rng.geometric(0.5, size=2000))
    ill = rng.random(2000) < 0.3
    size = np.bincount(group)[group]
    parts = [rows for rows in split(len(group), ill[group], seed, with_test=with_test, group=group) if len(rows)]
    assert max(size[rows].mean() for rows in parts) < 1.25 * min(size[rows].mean() for rows in parts)
    assert max(ill[group][rows].mean() for rows in parts) < 1.2 * min(ill[group][rows].mean() for rows in parts)


@given(n=st.integers(10, 300), seed=SEEDS, with_test=st.booleans())
def test_the_latest_rows_judge_and_the_earliest_train(n, seed, with_test) -> None:
    when = np.random.default_rng(seed).integers(n, size=n)
    parts = split(n, None, seed, with_test=with_test, order=when)
    assert sorted(np.concatenate(parts)) == list(range(n))
    assert when[parts.train].max() <= when[parts.validation].min()
    if with_test:
        assert when[parts.validation].max() <= when[parts.test].min()
        assert len(parts.test) == n - int(np.ceil(0.8 * n))


def test_one_rule_at_a_time_and_enough_groups() -> None:
    with pytest.raises(OptionError, match="by group or by order, not by both: leave one out"):
        split(9, None, 0, group=np.arange(9), order=np.arange(9))
    with pytest.raises(OptionError, match="there are 2 groups, and 3 sides"):
        split(9, None, 0, group=np.arange(9) % 2)
