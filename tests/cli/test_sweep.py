"""``glasshouse sweep`` as a person meets it: the board, both on the test rows, one line for every mistake."""

from __future__ import annotations

import json
import os
import shlex
from dataclasses import replace

import pytest

import glasshouse as gh
from glasshouse.models import recipes
from glasshouse.sweeping.default import DEFAULT

WORDS = ["sweep", "example:iris", "--target", "target"]
SPACE = "hidden = [[8], [16, 8]]\nlearning_rate = {low = 0.002, high = 0.05, log = true}\nepochs = [9]\n"


def test_the_board_both_on_the_test_rows_and_what_made_the_best(glasshouse, here) -> None:
    (here / "space.toml").write_text(SPACE)
    code, out, err = glasshouse(*WORDS, "--space", "space.toml", "--trials", "6", "--out", "iris.sweep", "--seed", "2")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].startswith("6 trials by log loss of 24 validation rows, ")
    assert lines[1] == "  rank    trial  log loss  epochs  parameters  seconds  hidden     rate  at most"
    assert sum(line.split()[1:2] == ["default"] and line.split()[0].isdecimal() for line in lines) == 1
    assert "  on 30 test rows" in out
    assert "  the default" in out
    assert "could be chance" in out or "no recipe was better" in out
    assert lines[-1].startswith("wrote iris.glass, trials in iris.sweep     next: glasshouse predict iris.glass")
    assert sorted(os.listdir(here)) == ["iris.glass", "iris.sweep", "space.toml"]
    (made_by,) = [line.removeprefix("made by: ") for line in lines if line.startswith("made by: ")]
    code, _, _ = glasshouse(*shlex.split(made_by)[1:], "--no-baselines", "--out", "again.glass", "--no-report")
    assert code == 0
    assert (here / "again.glass").read_bytes() == (here / "iris.glass").read_bytes()


def test_in_json_it_is_one_object_and_the_folder_stands_where_the_table_does(glasshouse, here) -> None:
    (here / "space.toml").write_text(SPACE)
    code, out, err = glasshouse(*WORDS, "--space", "space.toml", "--trials", "4", "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert found["schema_version"] == 1
    assert found["folder"] == "iris.sweep"
    assert found["model"] == "iris.glass"
    assert len(found["trials"]) == found["asked"] == 4
    assert set(found["scores"]["best"]) == {"validation", "test", "intervals"}
    assert gh.load("iris.glass").scores["test"] == found["scores"]["best"]["test"]


def test_a_space_that_holds_fewer_recipes_says_so(glasshouse, here) -> None:
    (here / "space.toml").write_text("hidden = [[4], [5]]\nepochs = [3]\n")
    code, out, _ = glasshouse(*WORDS, "--space", "space.toml", "--trials", "9")
    assert code == 0
    assert "\n  the space holds no more than 3 recipes: 9 were asked for\n" in out


def test_a_space_in_which_draws_find_nothing_new_says_so(glasshouse, here) -> None:
    (here / "space.toml").write_text("l2 = {low = 0.001, high = 0.001}\nepochs = [3]\n")
    code, out, _ = glasshouse(*WORDS, "--space", "space.toml", "--trials", "9")
    assert code == 0
    assert "\n  200 draws brought no new recipe: 9 were asked for\n" in out


def test_where_nothing_is_better_the_default_is_kept(glasshouse, here) -> None:
    (here / "space.toml").write_text("learning_rate = [1e-9]\n")
    code, out, _ = glasshouse(*WORDS, "--space", "space.toml", "--trials", "2")
    assert code == 0
    assert "\nno recipe was better on the validation rows: the model is what train makes\n" in out
    asked = {"target": "target", "out": "", "baselines": False}
    assert (gh.load("iris.glass").network.parameters == gh.train("example:iris", **asked).network.parameters).all()


def test_a_default_that_diverges_is_told(glasshouse, here, monkeypatch) -> None:
    default = recipes.default_recipe
    monkeypatch.setattr(recipes, "default_recipe", lambda *a: replace(default(*a), learning_rate=1e10, l2=1e9))
    (here / "space.toml").write_text("learning_rate = [0.01]\nl2 = [0.0]\n")
    words = ["sweep", "example:diabetes", "--target", "target", "--space", "space.toml", "--trials", "2"]
    code, out, _ = glasshouse(*words)
    assert code == 0
    assert "\n  the default recipe diverges on this table\n" in out
    assert "\n  diverged:\n" in out


def test_the_help_has_the_default_space_as_it_is(glasshouse) -> None:
    code, out, _ = glasshouse("sweep", "--help")
    assert code == 0
    assert "".join(f"  {line}\n" for line in DEFAULT.splitlines()) in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--space", "none.toml"], "cannot read the space none.toml: No such file or directory: name a TOML file"),
        (["--space", "odd.toml"], "odd.toml: no option to sweep is called 'hiden': did you mean 'hidden'?"),
        (["--trials", "0"], "trials is 0: it must be a whole number of at least 1"),
        (["--joblib", "dsak"], "joblib cannot begin (Invalid backend: dsak"),
        (["--metric", "r2"], "no metric of 3 classes is called 'r2': choose one of log_loss, accuracy, roc_auc"),
        (["--out", "file"], "out is 'file': name a folder that is to be made"),
    ],
)
def test_a_mistake_is_one_line(glasshouse, here, words, said) -> None:
    (here / "odd.toml").write_text("hiden = [[8]]\n")
    (here / "file").write_text("")
    code, out, err = glasshouse(*WORDS, *words)
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1
    assert sorted(os.listdir(here)) == ["file", "odd.toml"]
