"""A sketch of a column says the same from any cut and order of its rows; while it is exact, it says what counts say."""

from __future__ import annotations

from functools import reduce
from operator import add

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from parts import limits, same_sketch

from glasshouse.errors import TableError
from glasshouse.tables.blocks import Block
from glasshouse.tables.cells import Cells
from glasshouse.tables.columns import describe
from glasshouse.tables.encoder import TableEncoding
from glasshouse.tables.parcels import packed, unpacked
from glasshouse.tables.sketches import Sketch, quantiles, sketch_of, tally_of
from glasshouse.tables.surveyed import Survey
from glasshouse.tables.table import Table
from glasshouse.tables.words import numbers, words_of

NUMBERS = st.one_of(
    st.floats(-1e30, 1e30),
    st.integers(-(2**62), 2**62).map(float),
    st.integers(-3, 40).map(float),
    st.sampled_from([0.0, -0.0, 5e-324, -5e-324, 2.0**53, 2.0**53 + 2, -(2.0**53), np.nan]),
)
WORDS = st.one_of(
    st.sampled_from(["1", "2.5", "-3e2", "", "NA", "?", " x ", "red", "blue", "None", "007", "-0", "+1", "yes", "no"]),
    st.sampled_from(["2020-01-31", "1.2.2020 10:30", "2020-01-31 10:30", "2020-01-31 10:59:07", "2020-01-31T09:00Z"]),
    st.integers(-(10**18), 10**18).map(str),
    st.floats(-1e30, 1e30).map(repr),
    st.text(max_size=3).filter(lambda word: "inf" not in word.lower()),
    st.none(),
)
SMALL = st.sampled_from([2, 3, 8, 1 << 15])
often = settings(deadline=None, max_examples=30)


def cut(data, cells):
    """The cells in any order, in pieces of any length."""
    shuffled = data.draw(st.permutations(cells))
    ends = sorted(data.draw(st.lists(st.integers(0, len(cells)), max_size=5)))
    return [shuffled[a:b] for a, b in zip([0, *ends], [*ends, len(cells)], strict=True)]


def added_up(data, pieces, column):
    """The sketch of pieces: each added to one before it, or sketched alone and the sketches added, in any order."""
    if data.draw(st.booleans()):
        return reduce(lambda sketch, piece: sketch.added(column(piece)), pieces, Sketch())
    return reduce(add, data.draw(st.permutations([Sketch().added(column(piece)) for piece in pieces])))


@often
@given(st.lists(NUMBERS, min_size=1, max_size=60), SMALL, st.data())
def test_numbers_are_sketched_alike_from_any_cut(values, most, data) -> None:
    with limits(MOST_BUCKETS=most):
        whole = Sketch().added(np.array(values))
        assert same_sketch(added_up(data, cut(data, values), np.array), whole)
        assert whole.n_rows == len(values)
        assert len(whole.tally.keys) <= most or whole.tally.bits == 0
        there = np.array(values)[~np.isnan(values)]
        assert (np.diff(whole.tally.values) >= 0).all()
        if len(there):
            assert (whole.tally.low, whole.tally.high) == (there.min(), there.max())


@often
@given(st.lists(WORDS, min_size=1, max_size=60), SMALL, SMALL, st.data())
def test_words_are_sketched_alike_from_any_cut(cells, most_words, most_buckets, data) -> None:
    with limits(MOST_WORDS=most_words, MOST_BUCKETS=most_buckets):
        whole = Sketch().added(text(cells))
        assert same_sketch(added_up(data, cut(data, cells), text), whole)
        assert whole.n_rows == len(cells)
        assert len(whole.words.words) <= most_words
        survey = Survey({"c": whole}, {"c": Sketch()}, [], 7, 2, {1: 5}, {1: b"x" * 32})
        again = unpacked(packed(survey))
        assert same_sketch(again.learned["c"], whole)
        assert same_sketch(again.others["c"], Sketch())
        assert (again.n_rows, again.without_target, again.trained, again.digests) == (7, 2, {1: 5}, {1: b"x" * 32})


def text(cells):
    return pa.array(cells, pa.string())


@often
@given(st.lists(NUMBERS.filter(lambda value: not np.isnan(value)), min_size=1, max_size=40), st.data())
def test_quantiles_are_numpys_of_the_rows_written_out(values, data) -> None:
    values = np.unique(np.array(values) + 0.0)
    counts = np.array(data.draw(st.lists(st.integers(1, 9), min_size=len(values), max_size=len(values))))
    order = np.array(data.draw(st.permutations(range(len(values)))))
    shares = [0.25, 0.5, 0.75, data.draw(st.floats(0, 1))]
    rows = np.repeat(values, counts)
    found = quantiles(values[order], counts[order], shares)
    assert found == [float(np.quantile(rows, share)) for share in shares]


@often
@given(st.lists(WORDS, min_size=1, max_size=80), st.integers(1, 20))
def test_what_is_learned_of_words_is_what_their_counts_teach(cells, times) -> None:
    column = Cells.of([cell and cell.strip() for cell in cells * times])
    sketch = Sketch().added(text(cells * times))
    assert same_sketch(sketch, sketch_of(column.counted()))
    expect_the_same(column, sketch)


@often
@given(st.lists(NUMBERS, min_size=1, max_size=60), st.integers(1, 20), st.sampled_from(["double", "int64", "float"]))
def test_what_is_learned_of_numbers_is_what_their_words_teach(values, times, kind) -> None:
    values = np.array(values * times) + 0.0  # there is one zero
    if kind == "int64":
        values = np.where(np.abs(values) < 2**53, np.rint(values), np.nan)
    if kind == "float":  # whose words are other numbers, unless they are short
        values = np.where(np.abs(values) < 2**16, np.rint(values), np.nan) / 8
    expect_the_same(Cells.of(words_of(values, kind)), Sketch().added(values, kind))


def expect_the_same(column: Cells, sketch: Sketch) -> None:
    for said in (None, "number", "category", "boolean", "date"):
        ours, theirs = sketch.described("c", said), describe("c", column.counted(), said)
        assert (ours.kind, ours.missing, ours.distinct) == (theirs.kind, theirs.missing, theirs.distinct)
        assert (ours.unreadable, ours.reason.split(" ")[0]) == (theirs.unreadable, theirs.reason.split(" ")[0])
        if ours.kept:
            table = Table("t", {"c": column})
            learned = TableEncoding.of_sketches("t", ("c",), {"c": sketch}, [ours])
            assert learned == TableEncoding.fit(table, columns=[theirs])


@often
@given(st.lists(WORDS, min_size=1, max_size=40))
def test_words_are_read_as_numbers_as_columns_read_them(cells) -> None:
    trimmed = text([cell and cell.strip() for cell in cells])
    assert np.array_equal(numbers("c", text(cells)), numbers("c", trimmed), equal_nan=True)


@often
@given(st.lists(st.one_of(NUMBERS, WORDS.filter(bool)), min_size=1, max_size=40), st.booleans(), st.data())
def test_a_block_is_encoded_as_a_table_of_its_cells(cells, numeric, data) -> None:
    if numeric:
        values = np.array([cell if isinstance(cell, float) else np.nan for cell in cells]) + 0.0
        block, words = Block({"c": values}, len(values), "t"), words_of(values)
    else:
        words = text([repr(cell) if isinstance(cell, float) else cell for cell in cells])
        block = Block({"c": words}, len(words), "t")
    marks = {"": ("1", "x"), "c": tuple(data.draw(st.lists(st.sampled_from(["2.5", "red", "-1", "7"]), max_size=2)))}
    column = Cells.of([None if word is None else word.strip() for word in words.to_pylist()])
    table = Table("t", {"c": column})
    for said in ("number", "category", "boolean", "date"):
        encoder = TableEncoding.fit(table, columns=[describe("c", column.counted(), said)], marks=marks)
        ours, theirs = encoder.encode_block(block.without(marks)), encoder.encode(table)
        assert np.array_equal(ours.dense(), theirs.dense())
        assert ours.surprises() == theirs.surprises()


def test_numbers_stay_numbers_when_words_are_too_many() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=400)
    cells = [repr(value) for value in values.tolist()] + [" ", "NA", "NA"]
    with limits(MOST_WORDS=50, MOST_BUCKETS=1 << 14):
        found = Sketch().added(text(cells))
        assert (found.crowded, found.overflowed, found.exact) == (True, False, False)
        column = found.described("c")
        assert (column.kind, column.missing, column.unreadable) == ("number", 3, 0)
        exact = Sketch().added(np.append(values, [np.nan] * 3))
        assert np.array_equal(found.numbers()[0], exact.numbers()[0], equal_nan=True)
        assert found.numbers()[1].tolist() == exact.numbers()[1].tolist()


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        ([f"a note, number {k}" for k in range(200)], "text"),
        ([f"2024-01-{k % 28 + 1:02d} 1{k % 9}:{k % 60:02d}:{k % 59:02d}" for k in range(400)], "date"),
        ([f"2024-01-{k % 28 + 1:02d} 1{k % 9}:{k % 60 + 40:02d}" for k in range(400)], "text"),
        ([*map(str, range(5, 405))], "identifier"),
        ([*map(str, range(5, 405)), "7"], "number"),
        ([*map(str, range(5, 405)), "", "x"], "number"),
        ([*map(str, range(5, 405)), "u", "v", "w", "x"], "text"),
        ([*(f"n{k}" for k in range(300)), "Infinity"], "text"),
    ],
)
def test_kinds_in_bounded_memory(cells, kind) -> None:
    with limits(MOST_WORDS=150 if kind != "date" else 399):
        found = Sketch().added(text(cells))
        assert not found.exact
        assert found.described("c").kind == kind


def test_an_infinite_number_is_refused_by_the_name_of_its_column() -> None:
    cells = [*map(str, range(400)), "-inf"]
    for most in (1000, 100):
        with limits(MOST_WORDS=most), pytest.raises(TableError, match="column 'c' holds '-inf': a number must be"):
            Sketch().added(text(cells)).described("c")


def test_categories_beyond_the_limit_and_long_numbers_are_refused_with_the_cure() -> None:
    with limits(MOST_WORDS=100), pytest.raises(TableError, match=r"said to be a category and has more than .* drop it"):
        Sketch().added(text([f"n{k}" for k in range(300)])).described("c", "category")
    long = Sketch().added(np.array([2.0**53, 1.0]), "int64")
    with pytest.raises(TableError, match=r"numbers beyond 2\^53: write them as text"):
        long.described("c", "category")
    assert long.described("c").kind == "number"


def test_numbers_become_words_as_their_type_writes_them() -> None:
    value = float(np.float32(-99.9))
    blocks = {kind: Block({"c": np.array([value, 12345678901.0])}, 2, "t", {"c": kind}) for kind in ("float", "double")}
    assert blocks["float"].cells("c")[0] == "-99.9"
    assert blocks["float"].without({"c": ("-99.9",)}).columns["c"].tolist()[1:] == [12345678901.0]
    assert np.isnan(blocks["float"].without({"": ("-99.9",)}).columns["c"][0])
    assert blocks["double"].without({"c": ("-99.9",)}).columns["c"][0] == value
    whole = Block({"c": np.array([12345678901.0, np.nan, 2.0**60])}, 3, "t", {"c": "int64"})
    assert whole.cells("c").to_pylist() == ["12345678901", None, repr(2.0**60)]
    assert np.isnan(whole.without({"c": ("12345678901", "nan", "inf", "x")}).columns["c"][:2]).all()


def test_a_tally_of_row_numbers_knows_them() -> None:
    rng = np.random.default_rng(1)
    with limits(MOST_BUCKETS=16):
        for low in (-200, 0, 10**9):
            rows = rng.permutation(np.arange(low, low + 400)).astype(float)
            assert tally_of(rows).counts_rows
            again = rows.copy()
            again[0] = again[1]
            assert not tally_of(again).counts_rows
            assert not tally_of(rows + 0.5).counts_rows
