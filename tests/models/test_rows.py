"""One row of cells gives the bits of the row in a table, for every encoding and every kind of cell."""

from __future__ import annotations

import datetime
import math
import warnings
from collections import OrderedDict, namedtuple
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType

import numpy as np
import pandas as pd
import pytest
from builders import build
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

import glasshouse as gh
from glasshouse.models.rows import cells_predictor
from glasshouse.network.predictor import Predictor
from glasshouse.tables.encoder import TableEncoding
from glasshouse.tables.encodings import (
    ENCODINGS,
    BooleanEncoding,
    CategoryEncoding,
    DateEncoding,
    NumberEncoding,
    OneHotEncoding,
    PlainEncoding,
    ScaledEncoding,
)
from glasshouse.tables.frames import table_of
from glasshouse.tables.row import row_reader, word
from glasshouse.tables.table import Table
from glasshouse.tables.words import MISSING

LEVELS = ("1", "2.5", "Bern", "a, b", "yes", "True", "1e3", "12")
PARTS = ("days", "month", "weekday", "hour")
DATES = ("2024-02-29", "2023-02-29", "1969-07-20T20:17:40Z", "31.12.1999 23:59", "12/31/2024 7:05:60", "0000-01-01")
ODD = (" 7 ", "+5", "-.5", "5.", "007", "1_0", "٣", "1e31", "-Infinity", "inf", "false", "TRUE", "n", "1.0", "0", "Ulm")
ODD += ("2024-05-01 25:00", "\t2.5\n", "\u00a01\u2003", "1e-300", "1e-400")
number, switch = st.floats(-1e4, 1e4), st.booleans()
scale = st.one_of(st.floats(1e-6, 1e6), st.sampled_from([1e-300, 1e300, 1.0]))
level = st.sampled_from([*LEVELS, *MISSING])
parts = st.lists(level, unique=True, max_size=6).flatmap(lambda w: st.integers(0, len(w)).map(lambda k: (w[:k], w[k:])))


@st.composite
def one_hots(draw) -> OneHotEncoding:
    numeric = draw(switch)
    pool = ["1", "2.5", "1e3", "-0", "12", "0.1"] if numeric else [*LEVELS, *MISSING]
    words = draw(st.lists(st.sampled_from(pool), unique=True, max_size=5))
    cut = draw(st.integers(0, len(words)))
    fill = draw(st.sampled_from([None, *words]))
    missing = draw(switch) and fill is None
    return OneHotEncoding("c", tuple(words[:cut]), tuple(words[cut:]), fill, missing, numeric)


@st.composite
def dates(draw) -> DateEncoding:
    some = tuple(draw(st.lists(st.sampled_from(PARTS), unique=True)))
    order = draw(st.sampled_from(["year-month-day", "day.month.year", "month/day/year"]))
    medians, scales = (tuple(draw(part) for _ in some) for part in (number, st.floats(1e-3, 1e6)))
    return DateEncoding("c", order, some, medians, scales, draw(switch))


def scaled(fill, center, scale, indicator) -> ScaledEncoding:
    return ScaledEncoding("c", fill, center, scale, indicator and fill is not None)


encodings = {
    "number": st.builds(NumberEncoding, st.just("c"), number, scale, switch),
    "boolean": st.builds(BooleanEncoding, st.just("c"), switch),
    "date": dates(),
    "category": parts.flatmap(
        lambda p: st.builds(CategoryEncoding, st.just("c"), st.just(tuple(p[0])), st.just(tuple(p[1])), switch, switch)
    ),
    "plain": st.just(PlainEncoding("c")),
    "scaled": st.builds(scaled, st.none() | number, number, st.floats(1e-6, 1e6), switch),
    "one_hot": one_hots(),
}
texts = st.one_of(
    st.sampled_from([*MISSING, *LEVELS, *DATES, *ODD]),
    st.text(max_size=4),
    st.from_regex(r"[+-]?[0-9]{0,3}\.?[0-9]{0,3}(e[+-]?[0-9]{1,2})?", fullmatch=True),
    st.dates(datetime.date(1000, 1, 1)).map(str),
)
cells = st.one_of(
    texts,
    st.none(),
    switch,
    st.integers(-(10**6), 10**6),
    st.integers(),
    st.floats(),
    st.floats(-1e4, 1e4),
    st.integers(-20, 20).map(float),
    st.floats(-1e4, 1e4, width=32).map(np.float32),
    st.sampled_from([np.int64(1), np.float64(2.5), np.bool_(True), np.str_("Bern"), pd.NA, pd.NaT, Decimal("2.50")]),
    st.sampled_from([np.float16(1), np.float16(2.5), Decimal(1), Decimal("12"), Fraction(5, 2), b"12"]),
    st.sampled_from([10**400, -0.0, 1e14, 123456789012345.0, 1e-7, 5e-324, 1e30, 1.5e22, float("nan")]),
    st.datetimes(datetime.datetime(1000, 1, 1)),
    st.datetimes(datetime.datetime(1970, 1, 1), datetime.datetime(2100, 1, 1)).map(pd.Timestamp),
    st.datetimes(datetime.datetime(1800, 1, 1), timezones=st.just(datetime.UTC)),
    st.dates(datetime.date(1000, 1, 1)),
    st.sampled_from([np.datetime64("2024-05-01"), np.datetime64("2024-05-01T12:30:15.5"), datetime.time(1, 2), [1, 2]]),
)


def framed(row: dict) -> Table:
    """The row as a frame of one row."""
    return table_of(pd.DataFrame({name: pd.Series([cell]) for name, cell in row.items()}))


def outcome(work):
    """The bits that come of it, or the words of its error."""
    try:
        return work().tobytes()
    except gh.TableError as error:
        return str(error)


@settings(max_examples=220, deadline=None)
@given(data=st.data(), kind=st.sampled_from(list(ENCODINGS)), cell=cells, marks=st.lists(texts, max_size=2))
def test_a_cell_alone_is_the_cell_in_a_frame(data, kind, cell, marks) -> None:
    encoding = data.draw(encodings[kind])
    encoder = TableEncoding((encoding,), ("c", "t"), ("t",), {"c": tuple(marks), "": ("-9",)})
    if not encoding.features:
        return
    read = row_reader(encoder, np.float32)
    first = outcome(lambda: read({"c": cell}))
    assert first == outcome(lambda: encoder.transform(framed({"c": cell}))[0][0])
    other = data.draw(cells)
    outcome(lambda: read([other]))
    assert outcome(lambda: read([cell])) == first


@settings(max_examples=30, deadline=None)
@given(data=st.data(), dtype=st.sampled_from([np.float32, np.float64]), seed=st.integers(0, 99))
@example(data=None, dtype=np.float64, seed=0)
def test_a_row_of_cells_is_the_row_in_a_table(data, dtype, seed) -> None:
    if data is None:
        several = [replace(PlainEncoding("a")), NumberEncoding("b", 0.1, 0.3, True)]
        row = {"a": 0.1, "b": "1e3", "t": "x"}
    else:
        several = [
            replace(data.draw(strategy), name=name)
            for name, strategy in zip("abcdefg", data.draw(st.permutations(list(encodings.values()))), strict=True)
        ]
        row = {name: data.draw(cells) for name in "abcdefg"} | {"t": "x"}
    names = tuple(row)
    encoder = TableEncoding(tuple(several), names, ("t",))
    rng = np.random.default_rng(seed)
    network = build(rng, [len(encoder.feature_names), 5, 3], ["tanh", "softmax"], dtype)
    predict = cells_predictor(encoder, network)
    wanted = outcome(lambda: Predictor(network)(encoder.transform(framed(row))[0])[0])
    given = list(row.values())[:-1]
    for way in (row, given, tuple(given), OrderedDict(row), MappingProxyType(row), row | {"more": [1]}):
        assert outcome(lambda way=way: predict(way)) == wanted


class Odd:
    """Something nobody expects in a row; str() is all it has."""

    def __str__(self) -> str:
        return " Bern "


STRANGE = [
    *(Decimal(word) for word in ("2", "2.50", "1E+3", "-0", "NaN", "12")),
    *(np.float16(number) for number in (2, 2.5, 0.1, -0.0, np.nan)),
    *(np.int64(2), np.uint8(12), np.float64(1e3), np.longdouble(2.5), np.float32(0.1), np.bool_(True), np.bool_(False)),
    *(Fraction(5, 2), Fraction(2), 2 + 0j, np.complex64(2), np.str_("Bern"), np.bytes_(b"2"), b"2.5", b"\xff"),
    *(Odd(), object, [2], (2,), {"a": 2}, {2}, frozenset(), Ellipsis, range(2), np.array(2), np.array([2]), pd.NA),
    *(
        datetime.timedelta(2),
        np.timedelta64(2, "D"),
        datetime.time(2),
        np.datetime64("NaT"),
        type("S", (str,), {})("2"),
    ),
    *(Decimal("1e31"), Decimal("Infinity"), np.float16(np.inf), Fraction(10**40), 10**400),
]
FIXED = [
    NumberEncoding("c", 2.0, 0.5, True),
    NumberEncoding("c", 2.0, 1e-300, False),
    CategoryEncoding("c", ("2", "Bern", "True"), ("12",), True, True),
    CategoryEncoding("c", ("2", "2.5"), (), False, False),
    BooleanEncoding("c", True),
    BooleanEncoding("c", False),
    DateEncoding("c", "year-month-day", PARTS, (3.0, 4.0, 5.0, 6.0), (1.0, 2.0, 3.0, 4.0), True),
    PlainEncoding("c"),
    ScaledEncoding("c", 2.0, 0.5, 0.25, True),
    ScaledEncoding("c", None, 0.5, 0.25, False),
    OneHotEncoding("c", ("1", "2", "2.5", "1e3", "-0"), ("12",), None, True, True),
    OneHotEncoding("c", ("1", "2", "2.5"), (), "2", False, True),
    OneHotEncoding("c", ("1", "2"), (), None, False, True),
    OneHotEncoding("c", ("1", "2", "2.5", "Bern", "True"), ("12",), None, True, False),
]


@pytest.mark.parametrize("marks", [(), ("2", "True")])
@pytest.mark.parametrize("encoding", FIXED, ids=lambda encoding: encoding.kind)
def test_what_comes_between_leaves_nothing_behind(encoding, marks) -> None:
    encoder = TableEncoding((encoding,), ("c", "t"), ("t",), {"c": marks})
    ordinary = ["2020-05-01 12:00:00", "1999-01-01"] if encoding.kind == "date" else [1, 2.5, 2, "1e3"]

    def wanted(cell: object) -> bytes | str:
        return outcome(lambda: encoder.transform(framed({"c": cell}))[0][0])

    wants = {k: wanted(cell) for k, cell in enumerate(ordinary)}
    read = row_reader(encoder, np.float32)
    for k, strange in enumerate(STRANGE * 2):
        for here in (k % len(ordinary), (k // 2) % len(ordinary)):
            assert outcome(lambda here=here: read([ordinary[here]])) == wants[here], (strange, ordinary[here])
            assert outcome(lambda strange=strange: read({"c": strange})) == wanted(strange), strange


def test_a_level_that_is_no_usual_number_does_not_stay() -> None:
    table = pd.DataFrame({"size": [1, 2, 3, 1, 2, 3] * 5, "y": [0.0, 1, 2, 0, 1, 2] * 5})
    theirs = make_pipeline(OneHotEncoder(), MLPRegressor(hidden_layer_sizes=(4,), max_iter=20, random_state=0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it has not converged
        model = gh.Model.of(theirs.fit(table[["size"]], table["y"]), target="y")
    predict, wanted = model.predictor(), theirs.predict(table[["size"]])
    for cell in (1, Decimal(2), 1, np.float16(3), 2, 3, Decimal(1), Decimal(3), 1):
        assert np.allclose(predict([cell]), wanted[int(cell) - 1], atol=1e-5), cell


@settings(max_examples=150, deadline=None)
@given(cell=cells)
def test_a_word_is_what_a_frame_writes(cell) -> None:
    assert word(cell) == framed({"c": cell}).columns["c"][0]


@pytest.fixture(scope="module")
def people() -> tuple[gh.Model, pd.DataFrame]:
    rng = np.random.default_rng(0)
    n = 200
    table = pd.DataFrame(
        {
            "joined": [f"{y}-{m:02}-{d:02}" for y, m, d in rng.integers((2000, 1, 1), (2024, 13, 29), (n, 3))],
            "age": np.where(rng.random(n) < 0.1, np.nan, rng.normal(40, 12, n).round(1)),
            "city": rng.choice(["Bern", "Ulm", "Rom"], n),
            "member": rng.random(n) < 0.5,
            "left": rng.choice(["yes", "no"], n),
            "weight": rng.random(n) + 0.5,
        }
    )
    return gh.train(table, target="left", weights="weight", baselines=False, out=""), table


def test_a_trained_model_takes_rows_as_they_are(people, tmp_path) -> None:
    model, table = people
    assert {encoding.kind for encoding in model.encoder.encodings} == {"number", "category", "boolean", "date"}
    model.save(tmp_path / "m.glass")
    predict, outputs = gh.load(tmp_path / "m.glass").predictor(), model.outputs(table)[0]
    inputs = model.encoder.transform(gh.tables.reading.as_table(table))[0].astype(model.network.dtype)
    for k, row in enumerate(table.to_dict("records")):
        wanted = outputs[k, 1:].tobytes()
        assert predict(inputs[k]).tobytes() == predict(row).tobytes() == wanted
        assert predict(list(row.values())[:4]).tobytes() == wanted
        as_text = {name: None if cell != cell else str(cell) for name, cell in row.items()}  # noqa: PLR0124
        assert predict(as_text).tobytes() == wanted
    Row = namedtuple("Row", ["joined", "age", "city", "member"])
    one = Row(datetime.date(2010, 5, 1), 40, "Bern", True)
    assert predict(one) is predict(one._asdict())


def test_rows_that_do_not_fit_are_refused(people) -> None:
    predict = people[0].predictor()
    row = {"joined": "2010-05-01", "age": 40, "city": "Bern", "member": True}
    for wrong, words in (
        ({}, r"the row lacks column 'age' \(and 3 more\), which the model was trained on: add it, None if unknown"),
        ({"age": 1, "city": 2, "joined": None}, "the row lacks column 'member', which"),
        (list(row.values())[:3], "the row has 3 cells where the model takes 4: give joined, age, city, member"),
        ((*row.values(), "yes"), "the row has 5 cells where the model takes 4"),
        (row | {"age": math.inf}, "column 'age' holds 'inf': a number must be finite and within 1e"),
        (row | {"age": "1e31"}, "column 'age' holds '1e31': a number must be finite"),
    ):
        with pytest.raises(gh.TableError, match=words):
            predict(wrong)
    for wrong in ("a row", 3, None, np.zeros(2), {1, 2}):
        with pytest.raises((TypeError, ValueError)):
            predict(wrong)
    assert predict(row) is predict(row)


def test_a_row_whose_output_is_no_number_is_refused_as_in_a_table(people) -> None:
    model = people[0]
    far = model.network.with_output("identity").astype(np.float32)
    for _, b in far.views(far.parameters):
        b[:] = 3e38
    for w, _ in far.views(far.parameters):
        w[:] = 1e5
    with pytest.raises(gh.ModelFileError, match="the model's output for this row is no finite number"):
        cells_predictor(model.encoder, far)(["2010-05-01", 40, "Bern", True])
