"""Kinds by written rules; encodings by their formula; the split by its shares."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glasshouse.errors import TableError
from glasshouse.tables.cells import Cells
from glasshouse.tables.columns import KINDS, describe
from glasshouse.tables.encoder import TableEncoding
from glasshouse.tables.reading import Dialect, Table
from glasshouse.tables.splitting import split
from glasshouse.tables.words import is_number, numbers


def table(**columns) -> Table:
    return Table("t", {name: Cells.of(cells) for name, cells in columns.items()})


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1", "2.5", "-3e2", ""], "number"),
        ([".5", "1.", "0"], "number"),
        (["020", "030", "020"], "category"),  # leading zeros make a code
        (["0.5", "0", "-0.25"], "number"),
        (["a", "b", "a"], "category"),
        (["None", "None", "x"], "category"),
        (["", "?", "NA", None], "empty"),
        (["x", "x", "x"], "constant"),
        (["7", "7"], "constant"),
        ([str(k) for k in range(5, 40)], "identifier"),
        ([str(k * k) for k in range(5, 40)], "number"),
        ([f"Mr. {k}" for k in range(60)], "text"),
        ([f"Mr. {k}" for k in range(10)], "category"),
        (["1", "2", "3"] * 20, "category"),  # a code
        (["1", "2", "3"] * 19, "number"),
        (["1", "2", "300"] * 20, "number"),
        (["-1", "2", "3"] * 20, "number"),
        ([str(k) for k in range(7)] * 20, "number"),
        (["1"] * 95 + ["lost"] * 5, "number"),
        (["1"] * 80 + ["lost"] * 20, "category"),
        (["1"] * 90 + [f"V{k}" for k in range(5)], "category"),
    ],
)
def test_kinds(cells, kind) -> None:
    column = describe("c", Cells.of(cells).counted())
    assert column.kind == kind
    assert kind in KINDS
    assert column.reason


def test_every_kind_is_in_the_written_rules() -> None:
    import glasshouse.tables.columns as module

    assert all(f"\n{kind}" in module.__doc__ for kind in KINDS)


@given(st.floats(-1e29, 1e29))
def test_a_number_is_read_as_python_reads_it(value) -> None:
    for text in (repr(value), f"{value:.17g}", f"{value:+.3e}"):
        assert is_number(text)
        assert numbers("c", pa.array([text]))[0] == float(text)


@pytest.mark.parametrize("cell", ["inf", "-Infinity", "1e999", "+INF", "-2e30"])
def test_infinity_is_named(cell) -> None:
    with pytest.raises(TableError, match=r"column 'age' holds '.*': a number must be finite"):
        describe("age", Cells.of(["1", "2", cell, "4"]).counted())


def test_numbers_are_centred_scaled_and_softly_clipped() -> None:
    values = np.random.default_rng(0).normal(50, 4, 400)
    values[7] = 1e7
    cells = [repr(float(v)) for v in values]
    cells[3], cells[9] = "", "?"
    t = table(x=cells)
    X, _ = TableEncoding.fit(t).transform(t)
    present = np.delete(values, [3, 9])
    low, median, high = np.quantile(present, (0.25, 0.5, 0.75))
    z = (present - median) / (high - low)
    assert np.allclose(np.delete(X[:, 0], [3, 9]), z / np.sqrt(1 + (z / 3) ** 2), rtol=1e-6, atol=1e-7)
    assert abs(X).max() <= 3
    assert X[[3, 9], 0].tolist() == [0, 0]
    assert np.flatnonzero(X[:, 1]).tolist() == [3, 9]


def test_a_spiky_number_is_scaled_by_the_values_that_differ() -> None:
    t = table(gain=["0"] * 90 + ["5000"] * 5 + ["7000"] * 5)
    X, _ = TableEncoding.fit(t).transform(t)
    assert 0.5 < X[90, 0] < X[99, 0] < 2


def test_categories_rare_unseen_and_missing() -> None:
    t = table(c=["a"] * 10 + ["b"] * 6 + ["r1", "r2", "r3", "r4", "r5"] + [""] * 5)
    encoder = TableEncoding.fit(t)
    assert encoder.feature_names == ["c=a", "c=b", "c other", "c missing"]
    X, surprises = encoder.transform(table(c=["a", "b", "r1", "new", "", "new"]))
    assert X.tolist() == [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 1, 0], [0, 0, 0, 1], [0, 0, 1, 0]]
    assert surprises.unseen == {"c": 2}


def test_without_rare_levels_in_training_an_unseen_one_is_no_level() -> None:
    t = table(c=["a"] * 10 + ["b"] * 6)
    X, surprises = TableEncoding.fit(t).transform(table(c=["new", "a"]))
    assert X.tolist() == [[0, 0], [1, 0]]
    assert surprises.unseen == {"c": 1}


def test_columns_are_found_by_name_or_without_a_header_by_place() -> None:
    t = table(a=["1", "2", "3"], b=["x", "y", "x"])
    encoder = TableEncoding.fit(t)
    X, _ = encoder.transform(t)
    swapped, _ = encoder.transform(table(extra=["9"] * 3, b=["x", "y", "x"], a=["1", "2", "3"]))
    assert np.array_equal(X, swapped)
    nameless = Table("n", {"column_1": t.columns["a"], "column_2": t.columns["b"]}, Dialect(",", False, False))
    assert np.array_equal(encoder.transform(nameless)[0], X)
    with pytest.raises(TableError, match=r"t lacks column 'a' \(and 1 more\), which the model was trained on"):
        encoder.transform(table(c=["1"]))


def test_unreadable_numbers_are_counted_and_taken_as_missing() -> None:
    t = table(a=["1", "2", "3", "4"])
    X, surprises = TableEncoding.fit(t).transform(table(a=["1", "lost", ""]))
    assert surprises.unreadable == {"a": 1}
    assert X[1, 0] == X[2, 0] == 0


def test_nothing_to_learn_from() -> None:
    with pytest.raises(TableError, match="no column to learn from"):
        TableEncoding.fit(table(a=["x"] * 3, b=[""] * 3))


cell = st.sampled_from(["", "?", "a", "b", "1", "2.5", "-7", "1e300", "1e-320", "None", "ä", "007"]) | st.text(
    max_size=4
)


@settings(max_examples=150, deadline=None)
@given(st.lists(cell, min_size=2, max_size=60), st.lists(cell, min_size=1, max_size=20))
def test_any_cells_encode_to_finite_numbers_and_survive_a_file(training, later) -> None:
    t = table(x=training, y=["1", "2"] * (len(training) // 2) + ["3"] * (len(training) % 2))
    try:
        encoder = TableEncoding.fit(t)
    except TableError as error:
        assert "finite" in str(error)
        return
    again = TableEncoding.from_dict(json.loads(json.dumps(encoder.to_dict())))
    assert again == encoder
    for cells in (training, later):
        try:
            X, _ = encoder.transform(table(x=cells, y=["5"] * len(cells)))
        except TableError as error:
            assert "finite" in str(error)
            continue
        assert X.shape == (len(cells), len(encoder.feature_names))
        assert np.isfinite(X).all()
        assert abs(X).max() <= 3


@pytest.mark.parametrize("with_test", [True, False])
def test_splits_share_out_every_row_and_every_class(with_test) -> None:
    labels = np.random.default_rng(0).choice(["a", "b", "c"], 5000, p=[0.9, 0.07, 0.03])
    parts = split(5000, labels, seed=1, with_test=with_test)
    assert sorted(np.concatenate(parts).tolist()) == list(range(5000))
    shares = (0.64, 0.16, 0.20) if with_test else (0.8, 0.2, 0.0)
    for part, share in zip(parts, shares, strict=True):
        assert len(part) == pytest.approx(5000 * share, abs=6)
        for label in "abc":
            assert (labels[part] == label).sum() == pytest.approx((labels == label).sum() * share, abs=2)
    assert all(np.array_equal(a, b) for a, b in zip(parts, split(5000, labels, 1, with_test=with_test), strict=True))
    assert not np.array_equal(parts.train, split(5000, labels, 2, with_test=with_test).train)


@pytest.mark.parametrize("seed", range(5))
def test_a_class_of_one_row_is_seen_in_training(seed) -> None:
    labels = np.array(["a"] * 50 + ["rare", "scarce"])
    assert {50, 51} <= set(split(52, labels, seed).train.tolist())
