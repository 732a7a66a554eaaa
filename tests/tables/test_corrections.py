"""What the user says of columns holds; booleans and dates are read as what they are; all of it survives a file."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest

import glasshouse as gh
from glasshouse.errors import OptionError, TableError
from glasshouse.tables.cells import Cells
from glasshouse.tables.columns import describe
from glasshouse.tables.corrections import Corrections
from glasshouse.tables.dates import ORDERS, moments, order_of
from glasshouse.tables.encoder import TableEncoding
from glasshouse.tables.table import Table


def table(**columns) -> Table:
    return Table("t", {name: Cells.of(cells) for name, cells in columns.items()})


def encoded(t, **said):
    corrections = Corrections(**said)
    t = corrections.mark(t)
    encoding = TableEncoding.fit(t, columns=corrections.describe(t), marks=corrections.marks)
    again = TableEncoding.from_dict(json.loads(json.dumps(encoding.to_dict())))
    assert again == encoding
    return again, again.transform(t)


@pytest.mark.parametrize(
    ("cells", "kind", "reason"),
    [
        (["Yes", "no", "YES", ""], "boolean", "no and yes"),
        (["t", "f", "T"], "boolean", "f and t"),
        (["True", "False"], "boolean", "false and true"),
        (["on", "off"], "boolean", "off and on"),
        (["yes", "no", "maybe"], "category", "3 different values"),
        (["1", "0", "1"], "number", "every cell is a number"),
        (["2024-02-29", "1999-12-31 23:59"], "date", "every cell is a date, year-month-day"),
        (["31.01.2024", "1.2.2024", ""], "date", "every cell is a date, day.month.year"),
        (["12/31/2024", "1/2/2024"], "date", "every cell is a date, month/day/year"),
        (["2024-02-30", "2024-02-01"], "category", "2 different values"),
        (["1-2-3", "4-5-6"], "category", "2 different values"),
    ],
)
def test_booleans_and_dates_have_their_rules(cells, kind, reason) -> None:
    column = describe("c", Cells.of(cells).counted())
    assert (column.kind, column.reason) == (kind, reason)


def test_dates_are_pythons_dates() -> None:
    import datetime

    rng = np.random.default_rng(0)
    days = [datetime.datetime(1900, 1, 1) + datetime.timedelta(minutes=int(m)) for m in rng.integers(0, 10**8, 300)]
    for order, pattern in zip(ORDERS, ("%Y-%m-%d %H:%M:%S", "%d.%m.%Y %H:%M", "%m/%d/%YT%H:%M:%SZ"), strict=True):
        cells = pa.array([day.strftime(pattern) for day in days])
        found = moments(cells, order)
        truth = [(day - datetime.datetime(1970, 1, 1)).total_seconds() / 86400 for day in days]
        assert np.allclose(found.days, truth, atol=1e-9)
        assert found.month.tolist() == [day.month for day in days]
        assert found.weekday.tolist() == [day.weekday() for day in days]
        assert np.allclose(found.hour, [day.hour + day.minute / 60 + day.second / 3600 for day in days], atol=1 / 60)
        assert order_of(cells) is not None
    assert order_of(pa.array(["2023-02-29"])) is None
    assert order_of(pa.array([], pa.string())) is None


def test_booleans_and_dates_become_what_a_network_can_learn() -> None:
    t = table(b=["Yes", "no", "", "huh"] * 6, d=["2024-01-01", "2024-01-08", "", "2025-03-03"] * 6)
    encoding, (X, surprises) = encoded(t, kinds={"b": "boolean"})
    assert encoding.feature_names == ["b", "b missing", "d days", "d month", "d missing"]  # every one is a Monday
    assert X[:4, 0].tolist() == [1, 0, 0.5, 0.5]
    assert X[:4, 1].tolist() == [0, 0, 1, 1]
    assert surprises.unseen == {"b": 6}
    assert X[2, 2] == X[2, 3] == 0  # a missing date takes the median of each part
    assert X[0, 2] < X[1, 2] < X[3, 2]


def test_what_is_said_of_columns_holds() -> None:
    t = table(
        zip=[str(1000 + k % 3) for k in range(24)],
        name=[f"n{k}" for k in range(24)],
        age=["-1", "30", "45"] * 8,
        n=[str(k) for k in range(24)],
    )
    encoding, (X, _) = encoded(t, kinds={"zip": "category", "4": "number"}, drop=["name"], missing=["-1@age"])
    assert encoding.feature_names == ["age", "age missing", "n", "zip=1000", "zip=1001", "zip=1002"]
    assert X[:3, 1].tolist() == [1, 0, 0]
    assert encoded(t, missing=["1001"])[0].marks == {"": ("1001",)}
    columns = {c.name: c for c in Corrections(kinds={"name": "number"}, drop=["n"]).describe(t)}
    assert (columns["n"].kind, columns["n"].reason, columns["n"].kept) == ("dropped", "it was said so", False)
    assert (columns["name"].unreadable, columns["name"].example) == (24, "n0")
    for said, error, message in (
        ({"kinds": {"zip": "categories"}}, OptionError, "no kind of column 'zip' is called 'categories': did you mean"),
        ({"kinds": {"zap": "number"}}, TableError, "has no column 'zap': did you mean 'zip'"),
        ({"drop": ["zap"]}, TableError, "has no column 'zap'"),
        ({"missing": ["-1@zap"]}, TableError, "has no column 'zap'"),
        ({"drop": ["zip"], "kinds": {"zip": "number"}}, TableError, "to be dropped and to be a number: say one of"),
        ({"drop": "zip"}, OptionError, "drop is 'zip': it must be a list"),
    ):
        with pytest.raises(error, match=message):
            encoded(t, **said)


def test_training_takes_corrections_and_the_file_keeps_them(tmp_path) -> None:
    rng = np.random.default_rng(0)
    path = tmp_path / "t.csv"
    lines = ["age;member;since;count;y"]
    for _ in range(200):
        age = int(rng.integers(18, 80))
        shown = "-1" if rng.random() < 0.2 else str(age).replace(".", ",")
        lines.append(
            f"{shown};{rng.choice(['yes', 'no'])};{rng.integers(1, 28)}.5.2020;{rng.integers(0, 3)};{int(age > 50)}"
        )
    path.write_text("\n".join(lines), encoding="utf-16")
    model = gh.train(path, target="y", missing=["-1@age"], drop=["since"], weights="count", out="", baselines=False)
    assert [encoding.kind for encoding in model.encoder.encodings] == ["number", "boolean"]
    assert model.encoder.marks == {"age": ("-1",)}
    model.save(tmp_path / "m.glass")
    assert np.array_equal(gh.load(tmp_path / "m.glass").predict(path), model.predict(path))
    with pytest.raises(TableError, match=r"the weights in 'member' hold '(yes|no)' in row 1: a weight is a number"):
        gh.train(path, target="y", weights="member", out="")
    seen = gh.inspect(path, kinds={"count": "category"}, drop=["since"])
    assert {c["name"]: (c["kind"], c["dropped"]) for c in seen["columns"]} == {
        "age": ("number", False),
        "member": ("boolean", False),
        "since": ("dropped", True),
        "count": ("category", False),
        "y": ("number", False),
    }
