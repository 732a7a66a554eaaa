"""Planted leaks are named, each by its columns; honest columns, however good, are not."""

from __future__ import annotations

import json

import numpy as np
import pytest

import glasshouse as gh
from glasshouse.models.leaks import leaks
from glasshouse.tables.cells import Cells
from glasshouse.tables.encoder import TableEncoding
from glasshouse.tables.splitting import split
from glasshouse.tables.table import Table


def found(columns, y, task, seed=0):
    cells = {name: Cells.of([str(value) for value in values]) for name, values in columns.items()}
    table = Table("t", cells)
    encoder = TableEncoding.fit(table)
    parts = split(len(y), None if task == "regression" else y, seed)
    return leaks(table, encoder.encode(table), y, task, parts, seed)


@pytest.mark.parametrize("seed", range(5))
def test_a_column_that_tells_the_class_is_named(seed) -> None:
    rng = np.random.default_rng(seed)
    y = rng.choice(["ill", "well", "dead"], 600, p=[0.2, 0.7, 0.1])
    code = {"ill": ["A", "B"], "well": ["C", "D"], "dead": ["E"]}
    slipped = np.where(rng.random(600) < 0.1, rng.permutation(y), y)  # right in 95 %: good, but no leak
    columns = {
        "ward": [rng.choice(code[label]) for label in y],
        "recording": np.unique(y, return_inverse=True)[1] * 40 + rng.integers(40, size=600),
        "doctor": slipped,
        "age": rng.integers(20, 90, 600),
    }
    assert {leak.columns for leak in found(columns, y, "classification", seed)} == {("ward",), ("recording",)}


@pytest.mark.parametrize("seed", range(5))
def test_a_number_that_is_the_target_in_other_units_is_named(seed) -> None:
    rng = np.random.default_rng(seed)
    price = rng.lognormal(5, 0.5, 2000)
    columns = {
        "cents": (100 * price).round(),
        "log": np.log(price) + rng.normal(0, 0.01, 2000),
        "rooms": price / 50 + rng.normal(0, 1, 2000),
    }
    named = found(columns, price, "regression", seed)
    assert {leak.columns for leak in named} == {("cents",), ("log",)}
    assert all(0.98 < leak.score <= 1 and not leak.weights for leak in named)


@pytest.mark.parametrize("seed", range(5))
def test_columns_that_add_up_to_the_target_are_named_with_their_signs(seed) -> None:
    rng = np.random.default_rng(seed)
    parts = {name: rng.integers(0, 1000, 500).astype(float) for name in ("casual", "members", "returned", "weather")}
    parts["members"][::50] = np.nan
    total = np.nan_to_num(parts["casual"] + parts["members"] - parts["returned"], nan=7.0)
    (leak,) = found(parts, total, "regression", seed)
    assert (leak.columns, leak.weights) == (("casual", "members", "returned"), (1, 1, -1))
    off = total + rng.normal(0, 1, 500)
    assert found(parts, off, "regression", seed) == []


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer", "digits", "diabetes"])
def test_real_tables_have_none(name) -> None:
    assert gh.train(f"example:{name}", target="target", out="", baselines=False).run.leaks == []


def test_the_screen_says_what_to_do(glasshouse, here) -> None:
    rng = np.random.default_rng(0)
    rows = [(int(a), int(b), f"{rng.normal():.3f}") for a, b in rng.integers(0, 500, (200, 2))]
    (here / "rent.csv").write_text(
        "casual,members,heat,count\n" + "".join(f"{a},{b},{h},{a + b}\n" for a, b, h in rows)
    )
    _, out, _ = glasshouse("train", "rent.csv", "--target", "count", "--no-baselines")
    assert "  leak?     casual + members is count: unless all are known before it, --drop one\n" in out
    _, out, _ = glasshouse("train", "rent.csv", "--target", "count", "--no-baselines", "--drop", "members", "--json")
    assert json.loads(out)["leaks"] == []
    saved = [f"5,{h},yes\n" if a > 200 else f"none,{h},no\n" for a, _, h in rows]
    (here / "boat.csv").write_text("boat,heat,alive\n" + "".join(saved))
    _, out, _ = glasshouse("train", "boat.csv", "--target", "alive", "--no-baselines")
    assert "  leak?     boat alone tells alive, always right: unless it is known before, --drop it\n" in out
