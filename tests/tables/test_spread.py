"""Spreads of columns: every row is counted once, whatever the values; what is frequent comes first."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from glasshouse.tables.cells import Cells
from glasshouse.tables.spread import days_of, frequent, histogram

VALUES = st.floats(-1e30, 1e30, allow_subnormal=False) | st.integers(-5, 5).map(float) | st.just(float("nan"))


@given(st.lists(st.tuples(VALUES, st.integers(1, 1000)), min_size=1), st.integers(1, 30))
def test_every_row_is_in_one_bar(pairs, bars) -> None:
    values, counts = map(np.array, zip(*pairs, strict=True))
    found, there = histogram(values, counts, bars), ~np.isnan(values)
    if not there.any():
        assert found is None
        return
    assert found.counts.sum() == counts[there].sum()
    assert 1 <= len(found.counts) <= bars
    assert len(found.edges) == len(found.counts) + 1
    assert (np.diff(found.edges) >= 0).all()
    assert (found.low, found.high) == (values[there].min(), values[there].max())
    assert found.low <= found.median <= found.high


def test_whole_numbers_get_a_bar_each_and_a_far_value_hides_none() -> None:
    found = histogram(np.arange(1.0, 5.0), np.array([5, 6, 7, 8]), 16)
    assert found.counts.tolist() == [5, 6, 7, 8]
    assert found.edges.tolist() == [0.5, 1.5, 2.5, 3.5, 4.5]
    far = histogram(np.array([*np.linspace(0, 1, 999), 1e9]), np.ones(1000, int), 10)
    assert far.high == 1e9
    assert far.edges[-1] <= 1
    assert far.counts.min() > 90


def test_the_most_frequent_come_first_and_equals_in_the_order_of_the_alphabet() -> None:
    cells = Cells.of(["b", "z", "z", "a", "b", "c", None])
    cells = cells.counted()
    assert frequent(cells.where([word is not None for word in cells.words.to_pylist()]), 3) == [
        ("b", 2),
        ("z", 2),
        ("a", 1),
    ]


def test_dates_are_days() -> None:
    assert days_of(pa.array(["2.1.1970", "31.12.1969 12:00"])).tolist() == [1, -0.5]


def test_numbers_so_large_that_few_lie_between_have_bars_too() -> None:
    for low in (2.0**52, 2.0**53, 1e16, -1e30):
        values = low + np.arange(40) * float(np.spacing(abs(low)))
        assert histogram(values, np.ones(40, int), 24).counts.sum() == 40
