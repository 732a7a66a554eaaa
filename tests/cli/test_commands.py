"""The command line as a person meets it: one line for every mistake, exit codes, sixteen lines, one JSON object."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from glasshouse.cli.main import VERBS


def titanic_like(path: Path, rows: int = 240) -> None:
    """A table with something of everything: identifier, text, categories, gaps."""
    import numpy as np

    rng = np.random.default_rng(0)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["Id", "Name", "Class", "Age", "Fare", "Port", "Empty", "Survived"])
        for k in range(rows):
            place, age, fare = rng.integers(1, 4), rng.normal(30, 12), rng.gamma(2, 15)
            port = rng.choice(["S", "C", "Q"])
            alive = rng.random() < 1 / (1 + np.exp(1.2 * (place - 2) - 0.02 * fare))
            gap = "" if rng.random() < 0.2 else f"{age:.0f}"
            writer.writerow([k + 1, f"Person, Mr. {k}", place, gap, f"{fare:.2f}", port, "", int(alive)])


def test_the_screen_of_train_fits_sixteen_lines(glasshouse, here) -> None:
    titanic_like(here / "t.csv")
    code, out, err = glasshouse("train", "t.csv", "--target", "Survived")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert len(lines) <= 16
    assert lines[0] == "t.csv: 240 rows, 8 columns, comma, header"
    assert lines[1] == "  dropped   Id (identifier), Name (text), Empty (empty)"
    assert lines[2].startswith("  missing   Age ")
    for word in ("majority", "logistic regression", "boosted trees", "this network", "accuracy", "ROC AUC", "seconds"):
        assert word in out
    assert lines[-1] == "wrote t.glass, t.html     next: glasshouse predict t.glass TABLE"
    assert sorted(os.listdir(here)) == ["t.csv", "t.glass", "t.html"]


def test_train_in_json_is_one_object_with_the_agreed_keys(glasshouse) -> None:
    code, out, err = glasshouse("train", "example:breast_cancer", "--target", "target", "--json", "--seed", "7")
    assert (code, err) == (0, "")
    found = json.loads(out)
    keys = "schema_version model report task target rows leaks health features parameters epochs interrupted refit"
    assert list(found) == [*keys.split(), "seconds", "seed", "metric", "validation", "test", "baselines"]
    assert found["rows"] == 569
    assert found["seed"] == 7
    assert found["task"] == "classification"
    assert set(found["test"]) == {"accuracy", "log_loss", "roc_auc", "rows", "source", "intervals"}
    assert found["test"]["accuracy"] > 0.93
    assert set(found["baselines"]) == {"majority", "logistic regression", "boosted trees"}


def test_a_number_for_a_target(glasshouse) -> None:
    code, out, _ = glasshouse("train", "example:diabetes", "--target", "target", "--no-baselines")
    assert code == 0
    assert "R²" in out
    assert "boosted" not in out


def test_predict_evaluate_and_inspect(glasshouse, here) -> None:
    titanic_like(here / "t.csv")
    assert glasshouse("train", "t.csv", "--target", "8", "--out", "m.glass", "--no-baselines")[0] == 0
    code, out, err = glasshouse("predict", "m.glass", "t.csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert (code, err, len(rows)) == (0, "", 240)
    assert set(rows[0]) == {"prediction", "probability 0", "probability 1"}
    code, out, err = glasshouse("predict", "m.glass", "t.csv", "--out", "p.csv")
    assert (code, out) == (0, "")
    assert "wrote p.csv" in err
    assert len((here / "p.csv").read_text().splitlines()) == 241
    code, out, _ = glasshouse("evaluate", "m.glass", "t.csv", "--json")
    found = json.loads(out)
    assert code == 0
    assert (found["rows"], found["part"]) == (48, "test")  # of its own table, the rows held out
    assert {"accuracy", "log_loss", "roc_auc"} <= set(found)
    assert json.loads(glasshouse("evaluate", "m.glass", "--json")[1])["accuracy"] == found["accuracy"]
    code, out, _ = glasshouse("evaluate", "m.glass", "t.csv")
    assert out.startswith("48 test rows of t.csv, held out of its training")
    lines = (here / "t.csv").read_text().splitlines()
    (here / "half.csv").write_text("\n".join(lines[:121]) + "\n")
    agree = sum(row["prediction"] == line["Survived"] for row, line in zip(rows, csv.DictReader(lines[:121])))
    found = json.loads(glasshouse("evaluate", "m.glass", "half.csv", "--json")[1])
    assert (found["rows"], found["part"]) == (120, "other")
    assert found["accuracy"] == pytest.approx(agree / 120)
    assert glasshouse("evaluate", "m.glass", "half.csv")[1].startswith("120 rows of half.csv\n")
    assert "dense" in glasshouse("inspect", "m.glass")[1]
    assert "identifier" in glasshouse("inspect", "t.csv")[1]
    assert json.loads(glasshouse("inspect", "t.csv", "--json")[1])["rows"] == 240
    assert json.loads(glasshouse("inspect", "m.glass", "--json")[1])["task"] == "classification"


def test_unseen_categories_are_counted_and_the_run_goes_on(glasshouse, here) -> None:
    titanic_like(here / "t.csv")
    glasshouse("train", "t.csv", "--target", "Survived", "--out", "m.glass", "--no-baselines")
    changed = (here / "t.csv").read_text().replace(",S,", ",Z,")
    (here / "new.csv").write_text(changed)
    code, _, err = glasshouse("evaluate", "m.glass", "new.csv")
    assert code == 0
    assert "unseen    Port" in err
    code, out, err = glasshouse("predict", "m.glass", "new.csv")
    assert code == 0
    assert "unseen    Port" in err
    assert len(out.splitlines()) == 241


def test_cells_that_are_no_numbers_are_counted_and_said(glasshouse, here) -> None:
    titanic_like(here / "t.csv")
    glasshouse("train", "t.csv", "--target", "Survived", "--out", "m.glass", "--no-baselines")
    rows = [line.split(",") for line in (here / "t.csv").read_text().splitlines()]
    (here / "new.csv").write_text(
        "\n".join(",".join(["x" if k == 5 and i else cell for k, cell in enumerate(row)]) for i, row in enumerate(rows))
    )
    code, _, err = glasshouse("predict", "m.glass", "new.csv")
    assert code == 0
    assert "no number Fare 240: taken as missing" in err


def test_names_cannot_write_to_the_terminal(glasshouse, here) -> None:
    (here / "e.csv").write_text("a,b,\x1b[31mred\n" + "".join(f"{k},{k % 7},{'pq'[k % 2]}\n" for k in range(60)))
    for arguments in (
        ["train", "e.csv", "--target", "last", "--no-baselines"],
        ["inspect", "e.csv"],
        ["inspect", "e.glass"],
    ):
        code, out, _ = glasshouse(*arguments)
        assert code == 0
        assert "\x1b" not in out
        assert "red" in out


MISTAKES = {
    "a missing target": (["train", "t.csv", "--target", "Survivd"], "t.csv has no column 'Survivd'"),
    "no target": (["train", "t.csv"], "Missing option '--target'"),
    "a mistyped option": (["train", "t.csv", "--targe", "x"], "--target"),
    "a mistyped verb": (["trian", "t.csv"], "did you mean 'train'"),
    "a missing file": (["train", "none.csv", "--target", "x"], "there is no file none.csv"),
    "an empty file": (["train", "empty.csv", "--target", "x"], "empty.csv is empty"),
    "binary junk": (["train", "junk.csv", "--target", "x"], "junk.csv is not text"),
    "one class": (["train", "one.csv", "--target", "y"], "the target 'y' is 'a' in every row"),
    "infinity": (["train", "inf.csv", "--target", "y"], "column 'x' holds 'inf'"),
    "infinity in the target": (["train", "inf.csv", "--target", "x"], "column 'x' holds 'inf'"),
    "few rows": (["train", "few.csv", "--target", "y"], "has 3 rows with a target: at least 10 are needed"),
    "a negative seed": (["train", "t.csv", "--target", "Survived", "--seed", "-1"], "-1 is not in the range"),
    "a huge seed": (["train", "t.csv", "--target", "Survived", "--seed", "9" * 20], "must be a whole number from 0 to"),
    "a test table that does not fit": (
        ["train", "t.csv", "--target", "Survived", "--test", "none.csv"],
        "no file none.csv",
    ),
    "no name": (["train", "", "--target", "x"], "no table was named: give a path"),
    "no example": (["train", "example:", "--target", "x"], "no example is called ''"),
    "a missing folder": (["train", "t.csv", "--target", "Survived", "--out", "no/m.glass"], "there is no folder no"),
    "a folder for a file": (["train", "t.csv", "--target", "Survived", "--out", "."], "it is a folder"),
    "the table itself for the model": (
        ["train", "t.csv", "--target", "Survived", "--out", "t.csv"],
        "it would replace",
    ),
    "the table itself for predictions": (["predict", "m.glass", "t.csv", "--out", "t.csv"], "it would replace"),
    "a column gone": (["predict", "m.glass", "less.csv"], "less.csv lacks column 'Fare'"),
    "a target gone": (["evaluate", "m.glass", "less.csv"], "less.csv lacks"),
    "a damaged model": (["predict", "broken.glass", "t.csv"], "broken.glass is not a Glasshouse model, or is damaged"),
    "a table for a model": (["predict", "t.csv", "t.csv"], "t.csv is not a Glasshouse model"),
    "a mistyped example": (["train", "example:winee", "--target", "x"], "did you mean 'wine'"),
    "a test table without the target": (["train", "t.csv", "--target", "Survived", "--test", "less.csv"], "lacks"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_every_mistake_is_one_line_and_exit_code_two(mistake, glasshouse, here) -> None:
    titanic_like(here / "t.csv", 60)
    assert glasshouse("train", "t.csv", "--target", "Survived", "--out", "m.glass", "--no-baselines")[0] == 0
    (here / "empty.csv").write_text("")
    (here / "junk.csv").write_bytes(bytes(range(256)) * 4)
    (here / "one.csv").write_text("x,y\n" + "1,a\n2,a\n" * 20)
    (here / "inf.csv").write_text("x,y\n1,a\n2,b\ninf,a\n" + "4,b\n5,a\n" * 20)
    (here / "few.csv").write_text("x,y\n1,a\n2,b\n3,a\n")
    (here / "less.csv").write_text("Class,Age,Port\n1,30,S\n")
    (here / "broken.glass").write_bytes((here / "m.glass").read_bytes()[:-40])
    before = {name: (here / name).read_bytes() for name in os.listdir(here)}
    arguments, message = MISTAKES[mistake]
    code, out, err = glasshouse(*arguments)
    assert code == 2
    assert out == ""
    assert err.startswith("glasshouse: ")
    assert err.count("\n") == 1
    assert message in err
    assert {name: (here / name).read_bytes() for name in os.listdir(here)} == before


def test_debug_shows_the_traceback(glasshouse) -> None:
    code, _, err = glasshouse("--debug", "train", "none.csv", "--target", "x")
    assert code == 2
    assert "Traceback" in err


def test_divergence_ends_with_code_three(glasshouse, monkeypatch) -> None:
    import glasshouse.models.recipes as module
    from glasshouse.training.optimizers import SGD

    gentle = module.default_recipe

    def wild(*arguments):
        from dataclasses import replace

        return replace(gentle(*arguments), optimizer=SGD(), learning_rate=1e15)

    monkeypatch.setattr(module, "default_recipe", wild)
    code, out, err = glasshouse("train", "example:diabetes", "--target", "target")
    assert (code, out) == (3, "")
    assert "training diverged in epoch 1" in err
    assert not os.listdir(".")


def test_our_own_faults_ask_to_be_reported(glasshouse, monkeypatch) -> None:
    import glasshouse.models.verbs as module

    def broken(*_, **options):
        raise RuntimeError("a fault\nof ours")

    monkeypatch.setattr(module, "inspect", broken)
    code, _, err = glasshouse("inspect", "example:iris")
    assert code == 4
    assert err.count("\n") == 1
    assert "internal error: RuntimeError: a fault of ours: please report it" in err


@pytest.mark.parametrize("verb", VERBS)
def test_help_has_an_example(verb, glasshouse) -> None:
    code, out, _ = glasshouse(verb, "--help")
    assert code == 0
    assert f"Example: glasshouse {verb}" in out


def test_no_arguments_is_help_and_version_is_printed(glasshouse) -> None:
    code, _, err = glasshouse()
    assert code == 2
    assert "Verbs:" in err
    assert glasshouse("--version")[1].startswith("glasshouse ")


def test_a_reader_who_has_seen_enough_is_no_error(here) -> None:
    titanic_like(here / "t.csv")
    command = f"{sys.executable} -m glasshouse"
    script = (
        f"{command} train t.csv --target Survived --no-baselines --no-report --out m.glass > /dev/null && "
        f"for k in 1 2 3 4 5 6 7 8; do cat t.csv; done | awk 'NR == 1 || !/^Id/' > big.csv && "
        f"{command} predict m.glass big.csv | head -1"
    )
    run = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert run.stderr == ""
    assert run.stdout.startswith('"prediction"')


def test_progress_is_drawn_on_a_terminal_only(here) -> None:
    command = [sys.executable, "-m", "glasshouse", "train", "example:wine", "--target", "target", "--no-baselines"]
    command.append("--no-report")
    quiet = subprocess.run(command, capture_output=True, text=True, check=True)
    assert quiet.stderr == ""
    script = " ".join(command)
    live = subprocess.run(["script", "-qec", script, "/dev/null"], capture_output=True, text=True, check=True)
    assert "epoch" in live.stdout


def test_a_refit_is_said_on_every_screen(glasshouse, here) -> None:
    code, out, _ = glasshouse(
        "train", "example:wine", "--target", "target", "--refit", "--out", "w.glass", "--no-baselines"
    )
    assert code == 0
    assert "scored, then trained anew on all 178 rows" in out
    assert "on all rows since: the scores are of the network before" in glasshouse("inspect", "w.glass")[1]
    assert "which it was trained on: the scores flatter it" in glasshouse("evaluate", "w.glass", "example:wine")[1]
    code, _, err = glasshouse("evaluate", "w.glass")
    assert (code, err) == (
        2,
        "glasshouse: the model has been trained on every row of example:wine: name a table of others\n",
    )
    found = json.loads(glasshouse("inspect", "w.glass", "--json")[1])
    assert found["refit"] is True


def test_windows_of_recordings_go_on_to_train(glasshouse, here) -> None:
    for name, unit in (("wave", 5), ("rest", 1)):
        recordings = ["".join(f"{unit * (-1) ** k * (k % 7)}\n" for k in range(30 + r)) for r in range(6)]
        (here / f"{name}.csv").write_text("x\n" + "\n".join([*recordings, "1\n2\n"]))
    code, out, err = glasshouse("windows", "wave.csv", "rest.csv", "--length", "10", "--out", "w.csv")
    assert (code, out) == (0, "")
    assert err.splitlines()[0] == "  left out  2 stretches shorter than 10 samples"
    assert err.splitlines()[2] == "next: glasshouse train w.csv --target label --group recording"
    code, out, err = glasshouse("train", "w.csv", "--target", "label", "--group", "recording", "--no-baselines")
    assert (code, err) == (0, "")
    assert "by groups of recording" in out
    code, out, err = glasshouse("windows", "wave.csv", "--length", "10", "--json")
    assert json.loads(out)["too_short"] == 1
    code, out, err = glasshouse("windows", "wave.csv", "--length", "99")
    assert (code, out) == (2, "")
    assert err == ("glasshouse: no stretch of one recording and label has 99 samples: choose a smaller length\n")


def test_diagnose_says_what_is_wrong_and_a_fix_writes_beside_the_model(glasshouse, here) -> None:
    ill = (
        "train",
        "example:digits",
        "--target",
        "target",
        "--out",
        "ill.glass",
        "--no-baselines",
        "--no-report",
        "--learning-rate",
        "3",
    )
    code, out, _ = glasshouse(*ill)
    assert code == 0
    assert "the doctor found:" in out
    code, out, err = glasshouse("diagnose", "ill.glass", "--fail-on", "severe")
    assert (code, err) == (1, "")
    assert "  severe   " in out
    assert glasshouse("diagnose", "ill.glass", "example:digits")[0] == 0
    code, out, _ = glasshouse("diagnose", "ill.glass", "--fix", "--fail-on", "severe")
    assert code == 0
    assert "as flags of train: --" in out
    assert out.splitlines()[-1].startswith("wrote ill.fixed.glass     next: glasshouse predict ill.fixed.glass TABLE")
    found = json.loads(glasshouse("diagnose", "ill.glass", "--fix", "--out", "better.glass", "--json")[1])
    assert found["worst"] == "severe"
    assert found["fix"]["helped"]
    assert found["fix"]["after"]["validation_score"] > found["fix"]["before"]["validation_score"]
    assert sorted(os.listdir(here)) == ["better.glass", "ill.fixed.glass", "ill.glass"]
    assert "healthy" in glasshouse("diagnose", "better.glass")[1].splitlines()[0]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--hidden", "many"], "'many' is no list of whole numbers: write --hidden 64,32"),
        (["--hidden", "0,5"], "hidden_layer_sizes is 0"),
        (["--activation", "rellu"], "did you mean 'relu'?"),
        (["--initializer", "hee"], "did you mean 'he'?"),
        (["--learning-rate", "-1"], "learning_rate is -1.0: it must be a number above 0"),
        (["--epochs", "0"], "max_epochs is 0: it must be a whole number of at least 1"),
        (["--clip-norm", "0"], "clip_norm is 0.0: it must be a number above 0"),
    ],
)
def test_a_network_that_cannot_be_is_answered_in_one_line(glasshouse, here, words, said) -> None:
    code, out, err = glasshouse("train", "example:iris", "--target", "target", "--out", "m.glass", *words)
    assert (code, out) == (2, "")
    assert said in err
    assert len(err.splitlines()) == 1
    assert os.listdir(here) == []


def test_the_network_is_the_one_that_was_asked_for(glasshouse, here) -> None:
    asked = ["--hidden", "7,5", "--activation", "tanh", "--initializer", "lecun", "--epochs", "4", "--clip-norm", "1"]
    assert (
        glasshouse("train", "example:iris", "--target", "target", "--out", "m.glass", "--no-baselines", *asked)[0] == 0
    )
    found = json.loads(glasshouse("inspect", "m.glass", "--json")[1])
    assert [(layer["fan_out"], layer["activation"]) for layer in found["layers"]][:2] == [(7, "tanh"), (5, "tanh")]
    assert found["recipe"]["initializer"]["name"] == "lecun_normal"
    assert (found["recipe"]["max_epochs"], found["recipe"]["clip_norm"]) == (4, 1.0)
    assert glasshouse("train", "example:iris", "--target", "target", "--out", "l.glass", "--hidden", "0")[0] == 0
    assert len(json.loads(glasshouse("inspect", "l.glass", "--json")[1])["layers"]) == 1
