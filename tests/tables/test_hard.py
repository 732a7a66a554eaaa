"""Tables that are hard by their size or by what they hold: handled, counted and said, or refused in one line."""

from __future__ import annotations

import csv

import numpy as np
import pytest

import glasshouse as gh
from glasshouse.tables.reading import read_table

HOSTILE = ["\x1b[31mred", "two\nlines", 'a "quote"', "", " ", "=1+1", "x" * 5000, "日本", "a", "a", "%s{0}"]


def written(path, rows) -> str:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return str(path)


def test_thousands_of_columns(tmp_path) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 2000)).round(2)
    rows = [[*(f"c{k}" for k in range(2000)), "y"], *([*row, "ab"[int(row[0] > 0)]] for row in X.tolist())]
    table = written(tmp_path / "wide.csv", rows)
    assert len(gh.inspect(table)["columns"]) == 2001
    model = gh.train(table, target="y", out="", baselines=False, epochs=2)
    assert model.network.n_features == 2000
    assert [column.kind for column in model.run.columns] == ["number"] * 2000


def test_as_many_categories_as_half_the_rows(tmp_path) -> None:
    rng = np.random.default_rng(0)
    codes = rng.permutation(np.repeat(np.arange(20_000), 2))
    rows = [["code", "x", "y"], *([f"k{code}", code % 7 / 2, "ab"[code % 2]] for code in codes.tolist())]
    table = written(tmp_path / "codes.csv", rows)
    found = {column["name"]: column for column in gh.inspect(table)["columns"]}
    assert (found["code"]["kind"], found["code"]["distinct"]) == ("category", 20_000)
    model = gh.train(table, target="y", out="", baselines=False, epochs=2)
    assert {e.name: e.features for e in model.encoder.encodings}["code"] == ["code other"]
    assert model.run.surprises.unseen["code"] > 0


def test_columns_without_a_value(tmp_path) -> None:
    rows = [["a", "b", "x", "y"], *(["", "NA", k * k % 37, "pq"[k % 2]] for k in range(100))]
    table = written(tmp_path / "t.csv", rows)
    model = gh.train(table, target="y", out="", baselines=False)
    assert [c.name for c in model.run.columns if c.kind == "empty"] == ["a", "b"]
    with pytest.raises(gh.TableError, match="has no column to learn from: every one is empty"):
        gh.train(table, target="y", drop=["x"], out="", baselines=False)


def test_a_line_of_megabytes_is_a_cell(tmp_path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,y\n" + "1,x\n2,y\n" * 20 + "1," + "z" * 6_000_000 + "\n")
    table = read_table(path)
    assert table.n_rows == 41
    assert len(table.columns["y"][40]) == 6_000_000


def test_hostile_names_of_columns(glasshouse, here) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, len(HOSTILE)))
    written(here / "t.csv", [[*HOSTILE, "y"], *([*row.tolist(), int(row[0] > 0)] for row in X)])
    for words in (["inspect", "t.csv"], ["train", "t.csv", "--target", "y"], ["inspect", "t.glass"]):
        code, out, err = glasshouse(*words)
        assert (code, err) == (0, "")
        assert [line for line in out.splitlines() if not line.isprintable() or len(line) > 200] == []
    code, out, err = glasshouse("predict", "t.glass", "t.csv")
    assert (code, len(out.splitlines())) == (0, 61)
    for name in HOSTILE:
        code, out, err = glasshouse("train", "t.csv", "--target", f"{name}?")
        assert (code, out, len(err.splitlines())) == (2, "", 1)
        assert err.rstrip("\n").isprintable()


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("a,y\n" + "1,p\n" * 30, ["--delimiter", ";"], "it has a,y, one column: is 'semicolon' the delimiter?"),
        ("a,y\n" + "1,p\n2,q\n" * 30 + "inf,p\n", [], "column 'a' holds 'inf': a number must be finite"),
        ("a,y\n" + "1,p\n2,q\n" * 30 + "1e300,p\n", [], "column 'a' holds '1e300': a number must be finite"),
        ("a,y\n" + "1,p\n2,q\n" * 30 + "1,2,3\n", [], "a row has 3 cells where 2 are expected"),
    ],
)
def test_what_cannot_be_read_ends_in_one_line(glasshouse, here, text, options, message) -> None:
    (here / "t.csv").write_text(text)
    code, out, err = glasshouse("train", "t.csv", "--target", "y", *options)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert message in err
    assert not (here / "t.glass").exists()
