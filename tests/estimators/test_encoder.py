"""A raw frame to a network in three lines: the same encoding from pandas, polars and a file."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline

from glasshouse import MLPClassifier, TableEncoder
from glasshouse.errors import TableError
from glasshouse.tables.frames import table_of
from glasshouse.tables.reading import read_table

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def columns(n=240, seed=0):
    rng = np.random.default_rng(seed)
    age = rng.integers(18, 80, n).astype(float)
    city = rng.choice(["Bern", "Ulm", "Graz"], n)
    y = (age + 20 * (city == "Ulm") > 60).astype(int)
    age[rng.random(n) < 0.1] = np.nan
    return {"id": np.arange(n), "age": age, "city": city, "member": rng.random(n) < 0.5}, y


def test_a_frame_is_what_its_file_is(tmp_path) -> None:
    cells, _ = columns()
    pandas, polars = pd.DataFrame(cells), pl.DataFrame(cells, nan_to_null=True)
    pandas.to_csv(tmp_path / "t.csv", index=False)
    sources = (pandas, polars, read_table(tmp_path / "t.csv"))
    encoders = [TableEncoder().fit(source) for source in sources]
    names = ["age", "age missing", "city=Bern", "city=Graz", "city=Ulm", "member"]
    for encoder in encoders:
        assert encoder.get_feature_names_out().tolist() == names
        for source in sources:
            assert np.array_equal(encoder.transform(source), encoders[0].transform(pandas))


def test_cells_of_every_type_are_text() -> None:
    frame = pd.DataFrame(
        {
            "day": [datetime.date(2026, 1, 2), None],
            "mixed": [1, "two"],
            "kind": pd.Categorical(["a", None]),
            "whole": pd.array([1, None], dtype="Int64"),
            7: [1.5, float("nan")],
        }
    )
    assert {name: cells.to_pylist() for name, cells in table_of(frame).columns.items()} == {
        "day": ["2026-01-02", None],
        "mixed": ["1", "two"],
        "kind": ["a", None],
        "whole": ["1", None],
        "7": ["1.5", None],
    }
    assert table_of(np.array([[1.0, 2.0], [3.0, np.nan]])).columns["x2"].to_pylist() == ["2.0", None]
    for wrong, message in (
        (np.zeros(3), r"the frame is ndarray of shape \(3,\): give a frame"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "the frame cannot be read: Expected unique column names"),
        (pd.DataFrame([[1, 2]], columns=[7, "7"]), "two columns '7'"),
        (pd.DataFrame(), "no columns"),
    ):
        with pytest.raises((TableError, ValueError), match=message):
            table_of(wrong)


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame])
def test_a_pipeline_learns_from_a_raw_frame_in_three_lines(kind) -> None:
    cells, y = columns()
    frame = kind(cells)
    model = Pipeline([("table", TableEncoder()), ("network", MLPClassifier(learning_rate_init=0.02, random_state=0))])
    grid = GridSearchCV(model, {"network__activation": ["relu", "silu"], "network__max_iter": [40]}, cv=3, n_jobs=2)
    assert grid.fit(frame, y).best_score_ > 0.85
    import joblib

    alone = cross_val_score(model, frame, y, cv=3)
    with joblib.parallel_backend("threading", n_jobs=3):
        assert np.array_equal(cross_val_score(model, frame, y, cv=3), alone)


def test_a_transformer_has_its_manners() -> None:
    cells, y = columns()
    frame = pd.DataFrame(cells)
    encoder = clone(TableEncoder()).set_output(transform="pandas")
    out = encoder.fit_transform(frame, y)
    assert out.columns.tolist() == encoder.get_feature_names_out().tolist()
    assert encoder.feature_names_in_.tolist() == ["id", "age", "city", "member"]
    assert np.array_equal(encoder.transform(frame[["city", "member", "age"]]), out)  # by name, in any order
    with pytest.raises(TableError, match="X lacks column 'city'"):
        encoder.transform(frame[["age", "member"]])
    assert make_pipeline(TableEncoder(), MLPClassifier(max_iter=3)).fit(frame, y).predict(frame).shape == y.shape


def test_an_instant_is_an_instant_in_any_unit_and_library() -> None:
    days = pd.to_datetime(["2020-01-01 00:00", "2021-06-01 00:00", "2022-03-04 12:30"] * 10)
    frame = pd.DataFrame({"day": days.astype("datetime64[us]"), "yes": [True, False, True] * 10})
    encoder = TableEncoder().fit(frame)
    expected = encoder.transform(frame)
    assert expected[:, 0].std() > 0
    for unit in ("s", "ms", "ns"):
        assert np.array_equal(encoder.transform(frame.assign(day=days.astype(f"datetime64[{unit}]"))), expected)
    assert np.array_equal(encoder.transform(pl.DataFrame(frame.to_dict("list"))), expected)
    assert np.array_equal(encoder.transform(frame.assign(yes=frame["yes"].astype(int))), expected)
    assert encoder.transform(frame[:0]).shape == (0, expected.shape[1])


def test_what_is_said_of_columns_holds_and_names_are_their_own() -> None:
    frame = pd.DataFrame({"a": [1.0, None, 3.0] * 8, "a missing": [1.0, 2.0, 5.0] * 8, "code": [1, 2, 3] * 8})
    encoder = TableEncoder(kinds={"code": "category"}, missing=["5@a missing"]).fit(frame)
    names = encoder.get_feature_names_out().tolist()
    assert names == ["a", "a missing", "a missing.2", "a missing missing", "code=1", "code=2", "code=3"]
    assert clone(encoder).get_params() == {"kinds": {"code": "category"}, "drop": (), "missing": ["5@a missing"]}
    assert table_of(pd.DataFrame({"big": [10**20, 10**21]})).columns["big"].to_pylist() == [str(10**20), str(10**21)]
