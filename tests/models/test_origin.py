"""A model knows its own table again: by group, by time, after its file, and by no other rows."""

from __future__ import annotations

import numpy as np
import pytest

import glasshouse as gh
from glasshouse.errors import OptionError, TableError
from glasshouse.tables.reading import read_table

QUICK = {"baselines": False}


@pytest.fixture
def visits(tmp_path):
    """Visits of patients, one a day, the last ones first."""
    rng = np.random.default_rng(0)
    days = np.datetime64("2024-01-01") + np.arange(300)[::-1]
    rows = [
        f"{day},P{rng.integers(40)},{rng.normal():.4f},{rng.normal():.4f},{'well' if rng.random() < 0.5 else 'ill'}"
        for day in days
    ]
    path = tmp_path / "visits.csv"
    path.write_text("day,patient,pulse,heat,state\n" + "\n".join(rows) + "\n")
    return path


def column(path, name, rows):
    return np.array(read_table(str(path)).columns[name].to_pylist())[rows]


def test_rows_of_a_patient_stay_on_one_side_and_the_patient_is_not_learned_from(visits) -> None:
    model = gh.train(visits, target="state", group="patient", out="", **QUICK)
    train, _, test = (set(column(visits, "patient", rows)) for rows in model.run.split)
    assert train
    assert test
    assert not train & test
    assert "patient" not in [e.name for e in model.encoder.encodings]
    judged = model.evaluate(visits)
    assert (judged.part, judged.rows) == ("test", len(model.run.split.test))
    assert judged.scores["log_loss"] == model.scores["test"]["log_loss"]


def test_the_latest_days_are_the_test(visits) -> None:
    model = gh.train(visits, target="state", order="day", out="", **QUICK)
    train, validation, test = (column(visits, "day", rows) for rows in model.run.split)
    assert max(train) < min(validation) <= max(validation) < min(test)
    assert len(test) == 60
    assert model.evaluate(visits).scores["accuracy"] == model.scores["test"]["accuracy"]


def test_a_model_finds_its_table_beside_its_file(visits) -> None:
    place = visits.with_suffix(".glass")
    gh.train(visits, target="state", group="patient", out=place, **QUICK)
    loaded = gh.load(place)
    assert loaded.origin == gh.train(visits, target="state", group="patient", out="", **QUICK).origin
    assert gh.evaluate(place).part == "test"
    lines = visits.read_text().splitlines()
    shuffled = ["\t".join(line.split(",")[::-1]) for line in lines]  # another way to write the same table
    visits.write_text("\n".join(shuffled) + "\n")
    assert gh.evaluate(place).part == "test"
    visits.write_text("\n".join(lines[:-1]) + "\n")
    with pytest.raises(TableError, match="holds other rows than those the model was trained on: name a table"):
        gh.evaluate(place)
    assert gh.evaluate(place, visits).part == "other"
    visits.unlink()
    with pytest.raises(TableError, match=r"the table visits\.csv is not beside the model: name a table"):
        gh.evaluate(place)


def test_rows_all_trained_on_are_called_so(visits, tmp_path) -> None:
    place, test = tmp_path / "m.glass", tmp_path / "test.csv"
    lines = visits.read_text().splitlines()
    test.write_text("\n".join(lines[:80]) + "\n")
    gh.train(visits, target="state", test=test, out=place, **QUICK)
    assert gh.evaluate(place, visits).part == "training"
    assert gh.evaluate(place, test).part == "other"
    with pytest.raises(TableError, match=r"trained on every row of .*: name a table of others"):
        gh.evaluate(place)


def test_an_example_is_found_by_its_name(tmp_path) -> None:
    gh.train("example:wine", target="target", out=tmp_path / "wine.glass", **QUICK)
    assert gh.evaluate(tmp_path / "wine.glass").part == "test"


def test_an_order_needs_a_place_for_every_row(visits) -> None:
    with pytest.raises(OptionError, match="not by both"):
        gh.train(visits, target="state", order="day", group="patient", out="", **QUICK)
    with pytest.raises(TableError, match=r"column 'patient' holds 'P\d+' in row 1: an order needs a date or a number"):
        gh.train(visits, target="state", order="patient", out="", **QUICK)
    lines = visits.read_text().splitlines()
    lines[7] = lines[7][lines[7].index(",") :]
    visits.write_text("\n".join(lines) + "\n")
    with pytest.raises(TableError, match="column 'day' holds an empty cell in row 7"):
        gh.train(visits, target="state", order="day", out="", **QUICK)
