"""``glasshouse prune`` as a person meets it: what it prints and writes, and one line for every mistake."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest


def table(path: Path, rows: int = 240) -> None:
    """Three columns of numbers and words, and whether somebody survived."""
    rng = np.random.default_rng(0)
    lines = ["Age,Fare,Port,Survived"]
    for _ in range(rows):
        age, fare = rng.normal(30, 12), rng.gamma(2, 15)
        alive = rng.random() < 1 / (1 + np.exp(1.0 - 0.05 * fare))
        lines.append(f"{age:.0f},{fare:.2f},{rng.choice(['S', 'C', 'Q'])},{int(alive)}")
    path.write_text("\n".join(lines) + "\n")


def test_prune_cuts_measures_and_writes_beside_the_model(glasshouse, here) -> None:
    table(here / "t.csv")
    assert glasshouse("train", "t.csv", "--target", "Survived", "--no-baselines", "--hidden", "32,16")[0] == 0
    before = (here / "t.glass").read_bytes()
    code, out, err = glasshouse("prune", "t.glass", "--density", "0.05", "--epochs", "5")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].startswith("t.glass: by magnitude, connections; accuracy of ")
    for words in (
        "connections",
        "file, bytes",
        "flash as C",
        "memory, bytes",
        "32 rows, µs",
        "one row, µs",
        "an epoch, s",
    ):
        assert words in out
    assert "test accuracy" in out
    assert lines[-1] == "wrote t-pruned.glass, t-pruned.html     next: glasshouse predict t-pruned.glass TABLE"
    assert (here / "t.glass").read_bytes() == before
    assert sorted(os.listdir(here)) == ["t-pruned.glass", "t-pruned.html", "t.csv", "t.glass", "t.html"]
    assert glasshouse("predict", "t-pruned.glass", "t.csv")[0] == 0
    assert glasshouse("evaluate", "t-pruned.glass")[0] == 0
    found = json.loads(glasshouse("prune", "t.glass", "--density", "0.1", "--epochs", "2", "--out", "", "--json")[1])
    assert found["met"]
    assert found["pruned"] is None
    assert found["after"]["nonzero"] <= 0.1 * found["before"]["weights"]
    assert found["frontier"][0]["density"] == 0.1


def test_prune_compares_criteria_and_goes_on_after_a_stop(glasshouse, here) -> None:
    table(here / "t.csv")
    assert glasshouse("train", "t.csv", "--target", "Survived", "--no-baselines", "--hidden", "8")[0] == 0
    quick = ["--density", "0.2", "--no-retrain", "--out", ""]
    code, out, _ = glasshouse("prune", "t.glass", *quick, "--compare", "--seeds", "2")
    assert code == 0
    for name in ("magnitude", "obd", "obs", "loss_sensitivity"):
        assert f"\n  {name} " in out
    assert glasshouse("prune", "t.glass", *quick, "--checkpoint", "stages")[0] == 0
    code, _, err = glasshouse("prune", "t.glass", *quick, "--checkpoint", "stages")
    assert code == 2
    assert "stages exists: go on from it with resume=True (--resume), or remove it" in err
    assert glasshouse("prune", "t.glass", *quick, "--checkpoint", "stages", "--resume")[0] == 0


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--density", "0"], 2, "density is 0.0: it must be above 0 and at most 1"),
        (["--density", "1.2"], 2, "density is 1.2: it must be above 0 and at most 1"),
        (["--max-drop", "2"], 2, "max_drop is 2.0: it must be at least 0 and below 1"),
        (["--density", "0.1", "--size", "900"], 2, "density and size are given: one of them says how far to go"),
        (["--criterion", "obx"], 2, "did you mean 'ob"),
        (["--metric", "r2"], 2, "no metric is called 'r2'"),
        (["--out", "m.glass"], 2, "cannot write m.glass"),
        (["example:wine", "--density", "0.1"], 2, "no label of 'target' in example:wine is known"),
    ],
)
def test_a_pruning_that_cannot_be_is_answered_in_one_line(glasshouse, here, words, code, said) -> None:
    small = ["--no-baselines", "--hidden", "4", "--out", "m.glass", "--no-report"]
    assert glasshouse("train", "example:iris", "--target", "target", *small)[0] == 0
    before = (here / "m.glass").read_bytes()
    found, out, err = glasshouse("prune", "m.glass", *words)
    assert (found, out) == (code, "")
    assert said in err
    assert len(err.splitlines()) == 1
    assert (here / "m.glass").read_bytes() == before
    assert os.listdir(here) == ["m.glass"]


def test_a_goal_that_nothing_meets_keeps_the_model(glasshouse, here) -> None:
    small = ["--no-baselines", "--hidden", "4", "--out", "m.glass", "--no-report"]
    assert glasshouse("train", "example:iris", "--target", "target", *small)[0] == 0
    code, out, err = glasshouse("prune", "m.glass", "example:iris", "--size", "10", "--epochs", "1")
    assert (code, err) == (1, "")
    assert out.splitlines()[-1] == "no cut meets the goal: the model stays as it is, and nothing was written"
    assert os.listdir(here) == ["m.glass"]
