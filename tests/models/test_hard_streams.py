"""Tables read in parts as people have them, odd or damaged, on full disks: a model, or one line that says why."""

from __future__ import annotations

import errno
import gzip
import os

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from parts import limits, written

import glasshouse as gh
from glasshouse.errors import GlasshouseError, TableError
from glasshouse.models import streamed, train
from glasshouse.reporting.subject import subject_of
from glasshouse.reporting.twin import twin_of

N = 900


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Every table is read in parts, in windows of 64 rows."""
    monkeypatch.setattr(train, "outgrows", lambda table, memory, ranks=1: True)
    monkeypatch.setattr(streamed, "WINDOW", 1)
    monkeypatch.setattr(streamed, "SMALLEST", 64)
    with limits(ROWS=50, STRETCH=4000):
        yield


def columns(**more):
    """Two numbers, the class that their sum tells, and a number that one of them tells."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(N, 2))
    y = np.where(x.sum(axis=1) > 0, "yes", "no").astype(object)
    return {"x0": x[:, 0], "x1": x[:, 1], "y": y, "r": 3 * x[:, 0] + 1} | more


def parquet(path, **more):
    return written(path / "t.parquet", columns(**more), group=100)


def csv(path, separator=",", header=True, end="", **more):
    table = columns(**more)
    rows = [separator.join(map(str, row)) + end + "\n" for row in zip(*table.values(), strict=True)]
    (path / "t.csv").write_text("".join([separator.join(table) + end + "\n"] * header + rows))
    return path / "t.csv"


def trained(path, target="y", **options):
    drop = sorted({"y", "r"} - {target})
    return gh.train(path, target=target, **{"epochs": 2, "baselines": False, "drop": drop, "seed": 1, **options})


def known_again(model, place) -> bool:
    """Whether the model's file, beside the table, is judged on the same rows to the same scores."""
    again = gh.evaluate(place)
    stored = {name: value for name, value in model.scores["test"].items() if name not in ("rows", "source")}
    return again.scores == stored and again.rows == model.scores["test"]["rows"]


def row_of(model, side):
    """The number in the file of a row of one side: x0 tells them apart."""
    cell = model.run.table.columns["x0"].take(getattr(model.run.split, side)[:1])[0]
    return columns()["x0"].tolist().index(float(cell))


def test_marks_of_a_column_named_by_its_number_hold_wherever_rows_are_read(tmp_path) -> None:
    gone = np.arange(N) % 9 == 0
    x0 = np.where(gone, -99.9, columns()["x0"]).astype(np.float32)
    model = trained(parquet(tmp_path, x0=x0), missing=["-99.9@1"])
    assert "x0 missing" in model.encoder.feature_names
    assert model.encoder.marks == {"x0": ("-99.9",)}
    assert known_again(model, tmp_path / "t.glass")
    table = pq.read_table(tmp_path / "t.parquet").slice(0, 9)
    assert np.isfinite(model.predict_proba(written(tmp_path / "few.parquet", table))).all()


def test_codes_of_many_digits_are_the_same_words_in_parts_and_at_once(tmp_path) -> None:
    code = np.where(columns()["y"] == "yes", 12_345_678_901, 99_999_999_999)
    path = parquet(tmp_path, code=code, x1=np.zeros(N))
    model = trained(path, kinds={"code": "category"}, epochs=8)
    assert model.encoder.feature_names[:2] == ["code=12345678901", "code=99999999999"]
    assert model.evaluate(path).scores["accuracy"] > 0.95
    assert known_again(model, tmp_path / "t.glass")


def test_a_class_that_only_held_out_rows_have_is_a_class(tmp_path) -> None:
    y, row = columns()["y"], row_of(trained(parquet(tmp_path)), "validation")
    y[row] = "maybe"
    model = trained(parquet(tmp_path, y=y))
    assert model.targets.classes.tolist() == ["maybe", "no", "yes"]
    assert np.isfinite(model.scores["validation"]["log_loss"])
    assert model.scores["test"]["accuracy"] > 0.8


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_weights_are_shares_of_the_largest(tmp_path, kind) -> None:
    write, weight = (
        {"csv": csv, "parquet": parquet}[kind],
        np.where(columns()["x0"] > 0, 2.0, 0.5),
    )  # of three letters in any of these files
    model = trained(write(tmp_path, w=weight), weights="w")
    assert known_again(model, tmp_path / "t.glass")
    again = trained(write(tmp_path, w=2 * weight), weights="w")
    np.testing.assert_array_equal(model.network.parameters, again.network.parameters)
    other = trained(write(tmp_path, w=1 / weight), weights="w")
    assert (model.network.parameters != other.network.parameters).any()


@pytest.mark.parametrize("bad", [np.nan, -1.0])
def test_a_weight_that_is_none_is_refused_wherever_it_stands(tmp_path, bad) -> None:
    model = trained(parquet(tmp_path))
    for side in ("train", "validation", "test"):
        weight = np.ones(N)
        weight[row_of(model, side)] = bad
        with pytest.raises(TableError, match=r"the weights in 'w' hold (a cell that is no number|-1): a weight is"):
            trained(parquet(tmp_path, w=weight), weights="w")


@pytest.mark.parametrize(
    "more",
    [
        {"list": [[1, 2]] * N},
        {"nothing": pa.nulls(N)},
        {"bytes": [b"\xff\xfe"] * N},
        {"id": [2**60 + k for k in range(N)]},
        {"note": [f"note {k}" for k in range(N)]},
    ],
    ids=lambda more: next(iter(more)),
)
def test_columns_that_teach_nothing_are_in_nobodys_way(tmp_path, more) -> None:
    model = trained(parquet(tmp_path, **more))
    assert {"x0", "x1"} <= set(model.encoder.feature_names)
    assert known_again(model, tmp_path / "t.glass")


def test_text_without_header_packed_with_commas_at_the_end(tmp_path) -> None:
    path = csv(tmp_path, header=False, end=",", y=columns()["x0"], r=columns()["y"])
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(path.read_bytes()))
    for place in (path, tmp_path / "t.csv.gz"):
        model = trained(place, target="last", drop=["3"])
        assert model.target == "column_4"
        assert known_again(model, tmp_path / "t.glass")
        assert model.evaluate(place).scores["accuracy"] > 0.8


def test_a_late_word_among_numbers_is_missing_and_said(tmp_path) -> None:
    x1 = columns()["x1"].astype(object)
    x1[N - 2] = "oops"
    model = trained(csv(tmp_path, x1=x1))
    (column,) = [column for column in model.run.columns if column.name == "x1"]
    assert (column.kind, column.unreadable, column.example) == ("number", 1, "oops")
    assert "x1" in model.encoder.feature_names


@pytest.mark.parametrize(
    ("more", "options", "reason"),
    [
        ({"x1": np.append(np.zeros(N - 1), np.inf)}, {}, "row group 8: column 'x1' holds inf: a number must be finite"),
        ({"r": np.append(np.zeros(N - 1), np.inf)}, {"target": "r"}, "row group 8: column 'r' holds inf"),
        ({"r": [*map(str, range(N - 1)), "abc"]}, {"target": "r"}, "'r' holds 'abc' among numbers: mend it, or --mis"),
        ({"y": [f"n{k}" for k in range(N)]}, {}, "holds 900 different texts in 900 rows: choose another column"),
        ({"y": ["a"] * N}, {}, "is 'a' in every row: there is nothing to learn"),
        ({"y": pa.nulls(N, pa.string())}, {}, "is missing in every row: choose another column"),
        ({"x0": ["a"] * N, "x1": ["b"] * N}, {}, "has no column to learn from"),
        ({"c": [2**60] * N}, {"kinds": {"c": "category"}}, "numbers beyond 2\\^53: write them as text"),
        ({"w": np.zeros(N)}, {"weights": "w"}, "hold nothing but 0"),
        ({}, {"group": "y"}, "too few to train, choose and judge"),
    ],
)
def test_what_cannot_be_learned_is_one_line(tmp_path, more, options, reason) -> None:
    with pytest.raises(TableError, match=reason) as caught:
        trained(parquet(tmp_path, **more), **options)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "t.glass").exists()


@pytest.mark.parametrize("n", [0, 1, 9, 12])
def test_too_few_rows_are_too_few(tmp_path, n) -> None:
    table = pq.read_table(parquet(tmp_path)).slice(0, n)
    with pytest.raises(TableError, match=f"has {n if n < 9 else ''}.*rows to train on: too few to train, choose and"):
        trained(written(tmp_path / "t.parquet", table, group=3))


class Change(gh.Watcher):
    """Somebody who does something to the file in the middle of the second epoch."""

    def __init__(self, change):
        self.change, self.steps = change, 0

    def after_step(self, state, work):
        self.steps += state.epoch == 1
        if self.steps == 1:
            self.steps += 1
            self.change()


@pytest.mark.parametrize("what", ["grown", "cut", "gone"])
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_file_that_changes_in_the_middle_of_an_epoch(tmp_path, kind, what) -> None:
    path = csv(tmp_path) if kind == "csv" else parquet(tmp_path)
    whole, place = path.read_bytes(), tmp_path / "c"

    def change():
        path.unlink()
        if what != "gone":
            path.write_bytes(whole[:-50] if what == "cut" else whole + whole[-50:])

    reason = "cannot be read any more .*: put it back" if what == "gone" else "changed while it was read"
    with pytest.raises(TableError, match=rf"{path.name} {reason}"):
        trained(path, epochs=4, checkpoint=place, watchers=[Change(change)], batch_size=16)
    before = place.read_bytes()
    path.write_bytes(whole)
    resumed = trained(path, epochs=4, checkpoint=place, resume=True, batch_size=16)
    assert place.read_bytes() != before
    straight = trained(path, epochs=4, batch_size=16)
    np.testing.assert_array_equal(resumed.network.parameters, straight.network.parameters)


def test_a_full_disk_keeps_what_was_written_before(tmp_path, monkeypatch) -> None:
    path, place, real = parquet(tmp_path), tmp_path / "c", os.fsync
    left = [2]

    def fsync(number):
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(number)

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(GlasshouseError, match=r"cannot write .*c: No space left on device: choose another place"):
        trained(path, epochs=5, checkpoint=place)
    monkeypatch.setattr(os, "fsync", real)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["c", "t.parquet"]
    resumed = trained(path, epochs=5, checkpoint=place, resume=True)
    straight = trained(path, epochs=5)
    np.testing.assert_array_equal(resumed.network.parameters, straight.network.parameters)


def test_what_asks_for_the_table_gets_its_sample(tmp_path) -> None:
    with limits(HELD=150):
        model = trained(parquet(tmp_path))
        place = tmp_path / "t.glass"
        assert model.run.table.n_rows < N
        assert known_again(model, place)
        assert gh.diagnose(place).findings is not None
        pruned = gh.prune(place, density=0.5, out="", epochs=1).model
        assert pruned.network.n_weights < model.network.n_weights
        found = twin_of(subject_of(place, None, None))
    assert found["rows"]["judged"] == model.scores["test"]["rows"]
    assert found["importance"] is not None
