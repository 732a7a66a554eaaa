"""One table written in many ways is one encoding, one network and one set of predictions."""

from __future__ import annotations

import csv
import gzip
import io

import numpy as np
import pandas as pd
import pytest

import glasshouse as gh


def rows():
    rng = np.random.default_rng(0)
    n = 160
    age = rng.integers(18, 80, n)
    return {
        "alter": [f"{a + q:.2f}" if rng.random() > 0.1 else "" for a, q in zip(age, rng.random(n), strict=True)],
        "größe": [f"{v:.3f}" for v in rng.normal(170, 9, n)],
        "stadt": rng.choice(["Köln", "Bern, Stadt", 'the "Hague"'], n).tolist(),
        "mitglied": rng.choice(["yes", "no"], n).tolist(),
        "seit": [f"2024-{m:02}-{d:02}" for m, d in zip(rng.integers(1, 13, n), rng.integers(1, 28, n), strict=True)],
        "ziel": np.where(age > 50, "alt", "jung").tolist(),
    }


TABLE = rows()


def text(table=TABLE, delimiter=",", quoting=csv.QUOTE_MINIMAL, end="\n", header=True, decimal=".") -> str:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, quoting=quoting, lineterminator=end)

    def comma(cell):
        return cell.replace(".", ",") if cell.replace(".", "").isdecimal() else cell

    lines = [[comma(cell) if decimal == "," else cell for cell in line] for line in zip(*table.values(), strict=True)]
    writer.writerows([list(table), *lines] if header else lines)
    return out.getvalue()


SHUFFLED = {name: TABLE[name] for name in ("ziel", "stadt", "alter", "seit", "größe", "mitglied")}
INDEXED = {"": [str(k) for k in range(160)], **TABLE}
WAYS = {
    "semicolon": text(delimiter=";").encode(),
    "tab": text(delimiter="\t").encode(),
    "bar": text(delimiter="|").encode(),
    "all quoted": text(quoting=csv.QUOTE_ALL).encode(),
    "latin-1": text().encode("latin-1"),
    "utf-16": text().encode("utf-16"),
    "with a mark": text().encode("utf-8-sig"),
    "decimal commas": text(delimiter=";", decimal=",").encode(),
    "decimal commas in quotes": text(decimal=",").encode(),
    "crlf": text(end="\r\n").encode(),
    "cr": text(end="\r").encode(),
    "gzip": gzip.compress(text(delimiter="\t").encode("utf-16"), mtime=0),
    "blanks around cells": text().replace(",2024", " ,  2024").encode(),
    "empty columns and rows at the ends": "".join(f"{line},,\n" for line in text().splitlines()).encode()
    + b",,,,,,,\n",
    "an index column": text(INDEXED).encode(),
    "shuffled columns": text(SHUFFLED).encode(),
    "no header": text(header=False).encode(),
}


@pytest.fixture(scope="module")
def truth(tmp_path_factory):
    path = tmp_path_factory.mktemp("ways") / "plain.csv"
    path.write_text(text(), encoding="utf-8")
    model = gh.train(path, target="ziel", out="", baselines=False)
    assert [encoding.kind for encoding in model.encoder.encodings] == [
        "number",
        "number",
        "boolean",
        "date",
        "category",
    ]
    return model, model.outputs(path)[0]


def assert_same(model, source, truth, reading=None) -> None:
    assert model.encoder.encodings == truth[0].encoder.encodings
    assert np.array_equal(model.network.parameters, truth[0].network.parameters)
    table = gh.tables.reading.as_table(source, reading)
    assert np.array_equal(model.outputs(table)[0], truth[1])
    assert np.array_equal(truth[0].outputs(table)[0], truth[1]) or reading is not None


@pytest.mark.parametrize("way", WAYS)
def test_a_table_in_any_way_is_the_same_network(way, truth, tmp_path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(WAYS[way])
    reading = gh.Reading(names=tuple(TABLE)) if way == "no header" else None
    model = gh.train(path, target="ziel", out="", baselines=False, reading=reading)
    assert_same(model, path, truth, reading)


def test_parquet_and_frames_too(truth, tmp_path) -> None:
    frame = pd.DataFrame(TABLE)
    frame["alter"] = pd.to_numeric(frame["alter"])
    frame["größe"] = frame["größe"].astype(float)
    frame.to_parquet(tmp_path / "t.parquet")
    for source in (frame, tmp_path / "t.parquet"):
        assert_same(gh.train(source, target="ziel", out="", baselines=False), source, truth)
