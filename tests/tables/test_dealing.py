"""Rows of a large table are dealt by where they stand: in the shares asked for, and alike whoever reads them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from parts import limits

from glasshouse.tables.blocks import Block
from glasshouse.tables.dealing import LEFT_OUT, SAMPLED, TEST, TRAIN, VALIDATION, Dealing
from glasshouse.tables.splitting import SHARES

SEEDS = st.integers(0, 2**31)


def block(n, **columns):
    return Block(columns, n, "t")


def within_chance(count, n, share) -> bool:
    """Whether so many of n is what a share gives: six deviations away is once in 500 million."""
    return bool(abs(count - n * share) <= 6 * np.sqrt(n * share * (1 - share)) + 1)


@settings(deadline=None, max_examples=25)
@given(SEEDS, st.integers(0, 1 << 20), st.booleans(), st.sampled_from([400, 5000, 1 << 30]))
def test_rows_are_dealt_in_their_shares(seed, portion, with_test, held) -> None:
    n = 5000
    with limits(HELD=held):
        dealing = Dealing(seed, n, with_test)
        sides = dealing.sides(block(n), portion, 12345)
        train, choose, judge = SHARES if with_test else (4 / 5, 1 / 5, 0.0)
        most = held / n
        assert within_chance((sides == TEST).sum(), n, min(judge, most))
        assert within_chance((sides == VALIDATION).sum(), n, min(choose, most))
        assert within_chance((sides == SAMPLED).sum(), n, min(train, most))
        assert within_chance((sides == TRAIN).sum(), n, 1 - sum(dealing.shares))
        assert with_test or not (sides == TEST).any()


@settings(deadline=None, max_examples=25)
@given(SEEDS, st.integers(1, 300), st.data())
def test_a_row_has_one_side_however_blocks_are_cut(seed, n, data) -> None:
    person = pa.array([f"p{k % 37}" for k in range(n)])
    ends = sorted({0, n, *data.draw(st.lists(st.integers(0, n), max_size=4))})
    for dealing in (Dealing(seed, n), Dealing(seed, n, group="person"), Dealing(seed, 10**9, False, "person")):
        whole = dealing.sides(block(n, person=person), 3, 7)
        parts = [
            dealing.sides(block(b - a, person=person[a:b]), 3, 7 + a) for a, b in zip(ends, ends[1:], strict=False)
        ]
        assert np.array_equal(whole, np.concatenate(parts))


def test_portions_seeds_and_rows_are_dealt_apart() -> None:
    n = 4000
    dealt = [Dealing(seed, n).sides(block(n), portion, 0) for seed in (0, 1) for portion in (0, 1, 2)]
    for k, one in enumerate(dealt):
        for other in dealt[:k]:
            assert within_chance((one == other).sum(), n, sum(share**2 for share in SHARES))
    assert within_chance((dealt[0][1:] == dealt[0][:-1]).sum(), n - 1, sum(share**2 for share in SHARES))


@pytest.mark.parametrize("numeric", [True, False])
@pytest.mark.parametrize("with_test", [True, False])
def test_rows_of_one_group_stay_on_one_side_wherever_they_stand(numeric, with_test) -> None:
    rng = np.random.default_rng(0)
    person = rng.integers(0, 300, 6000).astype(float)
    for held, n_rows in ((1 << 16, 6000), (600, 6000)):
        with limits(HELD=held):
            dealing, side_of = Dealing(5, n_rows, with_test, "person"), {}
            counts = dict.fromkeys((TRAIN, SAMPLED, VALIDATION, TEST, LEFT_OUT), 0)
            for portion, rows in enumerate(np.split(person, 6)):
                cells = rows if numeric else pa.array([f" {k:.0f}" for k in rows])
                for who, side in zip(rows, dealing.sides(block(1000, person=cells), portion, 0), strict=True):
                    counts[int(side)] += 1
                    if side != LEFT_OUT:
                        kind = TRAIN if side == SAMPLED else side
                        assert side_of.setdefault(who, kind) == kind
        assert counts[LEFT_OUT] == 0 or held == 600
        for side in (VALIDATION, TEST, SAMPLED):  # those that are held are few, and of about the number asked for
            assert counts[side] <= 1.5 * held
            assert counts[side] > 300 or not with_test
        assert counts[TRAIN] + counts[SAMPLED] > 3000


def test_rows_without_a_group_are_one_group() -> None:
    columns = {"person": np.array([np.nan] * 50)}
    sides = Dealing(1, 50, group="person").sides(block(50, **columns), 0, 0)
    words = Dealing(1, 50, group="person").sides(block(50, person=pa.array([None, ""] * 25)), 0, 0)
    assert len({int(side) for side in sides} - {SAMPLED, TRAIN}) <= 1
    assert np.array_equal(sides, words)
