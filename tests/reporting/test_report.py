"""Whatever a report is asked of: which rows judge, what stands beside what, where it goes, and what is refused."""

from __future__ import annotations

import csv
import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

import glasshouse as gh
from glasshouse.cli.report import Plan, written
from glasshouse.errors import GlasshouseError, OptionError, TableError

ILL = "example:breast_cancer"  # at a learning rate of 3, what is wrong with its network can be cured
QUICK = {"hidden": (6,), "epochs": 3, "baselines": False}


def people(path: Path, rows: int = 200, seed: int = 0) -> str:
    """A small table on disk."""
    rng = np.random.default_rng(seed)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["Age", "Port", "Survived"])
        for _ in range(rows):
            age, port = rng.normal(30, 12), rng.choice(["S", "C", "Q"])
            writer.writerow([f"{age:.0f}", port, int(rng.random() < 1 / (1 + np.exp((age - 30) / 4)))])
    return str(path)


def test_a_file_is_judged_by_the_rows_held_out_of_the_table_beside_it(here) -> None:
    table = people(here / "t.csv")
    model = gh.train(table, target="Survived", **QUICK)
    made = gh.report("t.glass")
    assert (made.path, Path("t.html").read_text("utf-8")) == (Path("t.html"), made.html)
    assert made.twin["rows"]["part"] == "test"
    assert made.twin["rows"]["judged"] == model.scores["test"]["rows"]
    assert made.twin["headline"]["value"] == model.scores["test"]["accuracy"]
    assert sum(made.twin["classes"][k]["rows"] for k in (0, 1)) == made.twin["rows"]["judged"]
    os.remove("t.csv")
    with pytest.raises(TableError, match="is not beside the model"):
        gh.report("t.glass")


def test_another_table_judges_by_all_its_rows(here) -> None:
    model = gh.train(people(here / "t.csv"), target="Survived", **QUICK)
    other = people(here / "other.csv", rows=90, seed=1)
    made = gh.report("t.glass", other, out="")
    assert (made.twin["rows"]["part"], made.twin["rows"]["judged"], made.path) == ("other", 90, None)
    assert made.twin["headline"]["value"] == model.evaluate(other).scores["accuracy"]
    assert made.twin["table"]["name"] == "other.csv"
    assert "It is the table that judges" in made.html


def test_a_test_table_judges_beside_the_baselines_and_without_it_the_rows_that_chose(here) -> None:
    table, test = people(here / "t.csv"), people(here / "test.csv", rows=80, seed=2)
    model = gh.train(table, target="Survived", test=test, hidden=(6,), epochs=3, out="")
    made = gh.report(model, test)
    assert made.twin["headline"]["verdict"]
    assert len(made.twin["scores"]["baselines"]) == 3
    assert (made.twin["table"]["name"], made.twin["table"]["rows"]) == ("t.csv", 200)
    alone = gh.report(model)
    assert alone.twin["rows"]["part"] == "validation"
    assert alone.twin["scores"]["of"] == "kept test"
    assert alone.twin["headline"]["value"] == model.scores["test"]["accuracy"]
    assert alone.twin["rows"]["judged"] == alone.twin["rows"]["parts"]["validation"]
    assert "they flatter a little" in alone.html
    strange = gh.report(model, people(here / "strange.csv", rows=60, seed=5))
    assert strange.twin["scores"]["baselines"] is None


def test_a_refitted_network_has_seen_every_row_and_says_so(here) -> None:
    model = gh.train(people(here / "t.csv"), target="Survived", refit=True, **QUICK)
    made = gh.report(model, out="")
    assert made.twin["rows"]["part"] == "training"
    assert made.twin["headline"]["value"] == model.scores["test"]["accuracy"]
    assert "they flatter it" in made.html
    assert "trained anew on all rows" in made.html


def test_pruning_and_a_cure_stand_beside_what_was_before(here) -> None:
    table = people(here / "t.csv")
    model = gh.train(table, target="Survived", hidden=(8,), epochs=3, baselines=False)
    found = gh.prune("t.glass", density=0.5, epochs=1, out="p.glass")
    made = gh.report(found, table)
    assert made.path == Path("p.html")
    assert made.twin["pruning"]["before"]["nonzero"] > made.twin["pruning"]["after"]["nonzero"]
    assert made.twin["model"]["connections"] == found.after.nonzero
    assert made.twin["wiring"]["connections"] == found.after.nonzero
    assert made.twin["reproduction"]["commands"] == [
        *model.made_by,
        "glasshouse prune t.glass --density 0.5 --epochs 1",
    ]
    gh.train(ILL, target="target", learning_rate=3.0, hidden=(16, 16), epochs=10, baselines=False, out="ill.glass")
    diagnosis = gh.diagnose("ill.glass", fix=True)
    cured = gh.report(diagnosis, ILL, out="")
    assert diagnosis.cure.helped
    assert cured.twin["cure"]["helped"]
    assert cured.twin["cure"]["after"]["validation"] > cured.twin["cure"]["before"]["validation"]
    assert "What the cure did" in cured.html
    with pytest.raises(OptionError, match="does not hold its network"):
        gh.report(gh.diagnose("t.glass"), table)


def test_a_model_from_elsewhere_is_reported_on_a_table() -> None:
    X, y = load_iris(return_X_y=True, as_frame=True)
    model = gh.from_sklearn(LogisticRegression(max_iter=500).fit(X, y))
    with pytest.raises(TableError, match="is not beside the model"):
        gh.report(model)
    made = gh.report(model, X.assign(target=y), out="")
    assert made.twin["headline"]["value"] > 0.9
    assert made.twin["history"] is None
    assert 'id="learning"' not in made.html
    assert "How this model was made is not known" in made.html


def test_numbers_that_are_few_and_a_target_that_is_constant(here) -> None:
    """Nothing to rank, one row, no residual that differs: a page all the same."""
    (here / "t.csv").write_text("x,y\n" + "".join(f"{k % 7},{k % 7 * 1.5 + k / 100}\n" for k in range(60)))
    gh.train("t.csv", target="y", **QUICK)
    for rows in (["3,4.5"], ["3,4.5", "3,4.5"], ["1,2", "2,3", "3,4"]):
        (here / "few.csv").write_text("x,y\n" + "\n".join(rows) + "\n")
        made = gh.report("t.glass", "few.csv", out="")
        json.dumps(made.twin, allow_nan=False)
        assert made.twin["importance"] is None
        assert made.twin["rows"]["judged"] == len(rows)


def test_one_class_alone_and_labels_nobody_knows(here) -> None:
    gh.train(people(here / "t.csv"), target="Survived", **QUICK)
    (here / "one.csv").write_text("Age,Port,Survived\n" + "30,S,1\n" * 12)
    made = gh.report("t.glass", "one.csv", out="")
    assert made.twin["judged"]["curves"] is None
    assert 'id="errors"' in made.html
    (here / "odd.csv").write_text("Age,Port,Survived\n" + "30,S,1\n20,C,0\n" * 8 + "40,X,maybe\n")
    made = gh.report("t.glass", "odd.csv", out="")
    assert made.twin["judged"]["unknown"] == 1
    assert made.twin["surprises"]["unknown_labels"] == {"maybe": 1}
    assert made.twin["surprises"]["unseen"] == {"Port": 1}


def test_a_page_that_is_no_report_is_not_written_over(here) -> None:
    gh.train(people(here / "t.csv"), target="Survived", **QUICK)
    (here / "t.html").write_text("<p>my notes</p>")
    with pytest.raises(GlasshouseError, match="is no report of Glasshouse: move it"):
        gh.report("t.glass")
    assert (here / "t.html").read_text() == "<p>my notes</p>"
    gh.report("t.glass", out="t.html")
    gh.report("t.glass")
    with pytest.raises(GlasshouseError, match="it would replace what is read"):
        gh.report("t.glass", out="t.glass")


def test_without_matplotlib_the_cure_is_named(here, monkeypatch) -> None:
    gh.train(people(here / "t.csv"), target="Survived", **QUICK)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(
        OptionError, match=r"needs matplotlib to draw: pip install matplotlib, or 'glasshouse\[report\]'"
    ):
        gh.report("t.glass")
    assert not (here / "t.html").exists()


def test_drawing_changes_no_setting_of_matplotlib_and_opens_no_window(here) -> None:
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    mpl.rcParams["axes.facecolor"] = "red"
    mpl.rcParams["text.usetex"] = True  # a user's own, which would need a TeX to draw
    try:
        made = gh.report(gh.train("example:iris", target="target", **QUICK, out=""))
        assert mpl.rcParams["axes.facecolor"] == "red"
        assert "red" not in made.html.partition("</style>")[2].partition("<svg")[2][:2000]
    finally:
        mpl.rcParams.update(before)


def test_the_verb_writes_and_prints(glasshouse, here) -> None:
    people(here / "t.csv")
    assert (
        glasshouse("train", "t.csv", "--target", "Survived", "--no-baselines", "--epochs", "3", "--no-report")[0] == 0
    )
    code, out, err = glasshouse("report", "t.glass")
    assert (code, err) == (0, "")
    assert out.splitlines()[1] == "wrote t.html"
    assert out.startswith("t.glass: accuracy 0.")
    twin = json.loads(glasshouse("report", "t.glass", "--json", "--out", "")[1])
    assert twin == gh.report("t.glass", out="").twin
    code, out, err = glasshouse("report", "nothing.glass")
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1


def test_train_and_prune_write_one_beside_the_model_unless_told_not_to(glasshouse, here) -> None:
    people(here / "t.csv")
    words = ["t.csv", "--target", "Survived", "--no-baselines", "--epochs", "3"]
    code, out, err = glasshouse("train", *words)
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == "wrote t.glass, t.html     next: glasshouse predict t.glass TABLE"
    whole = out
    os.remove("t.html")
    code, out, _ = glasshouse("train", *words, "--no-report")
    assert out.splitlines()[-1] == "wrote t.glass     next: glasshouse predict t.glass TABLE"
    assert [line for line in out.splitlines() if "this network" not in line][:-1] == [
        line for line in whole.splitlines() if "this network" not in line
    ][:-1]
    assert not (here / "t.html").exists()
    assert json.loads(glasshouse("train", *words, "--json")[1])["report"] == "t.html"
    assert json.loads(glasshouse("train", *words, "--json", "--no-report")[1])["report"] is None
    prune = ["prune", "t.glass", "--density", "0.3", "--epochs", "1"]
    assert glasshouse(*prune)[1].splitlines()[-1].startswith("wrote t-pruned.glass, t-pruned.html     next: ")
    assert "What was cut" in (here / "t-pruned.html").read_text("utf-8")
    os.remove("t-pruned.html")
    assert json.loads(glasshouse(*prune, "--json", "--no-report")[1])["report"] is None
    assert not (here / "t-pruned.html").exists()
    code, out, err = glasshouse("prune", "t.glass", "--size", "10", "--epochs", "1")
    assert code == 1
    assert not (here / "t-pruned.html").exists()


def test_train_with_a_test_table_reports_on_it(glasshouse, here) -> None:
    people(here / "t.csv")
    people(here / "test.csv", rows=70, seed=3)
    assert glasshouse("train", "t.csv", "--target", "Survived", "--test", "test.csv", "--epochs", "3")[0] == 0
    page = (here / "t.html").read_text("utf-8")
    assert "70 rows: rows of test.csv" in page
    assert "boosted trees" in page


def test_what_stands_in_the_way_is_found_before_any_work(glasshouse, here, monkeypatch) -> None:
    people(here / "t.csv")
    words = ["train", "t.csv", "--target", "Survived", "--no-baselines", "--epochs", "2"]
    (here / "t.html").write_text("<p>my notes</p>")
    code, out, err = glasshouse(*words, "--report")
    assert (code, out) == (2, "")
    assert "t.html: it is there and is no report" in err
    assert not (here / "t.glass").exists()
    code, out, _ = glasshouse(*words)
    assert code == 0
    assert out.splitlines()[-1].startswith("no report: cannot write t.html: it is there and is no report of Glasshouse")
    assert (here / "t.html").read_text() == "<p>my notes</p>"
    os.remove("t.html")
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    code, out, _ = glasshouse(*words)
    assert code == 0
    assert out.splitlines()[-1].startswith("no report: a report needs matplotlib to draw: pip install matplotlib")
    os.remove("t.glass")
    code, out, err = glasshouse(*words, "--report")
    assert (code, out) == (2, "")
    assert "pip install matplotlib" in err
    assert not (here / "t.glass").exists()
    code, _, err = glasshouse(*words, "--report", "--out", "")
    assert code == 2
    assert "a report stands beside one" in err


def test_diagnose_writes_one_when_asked(glasshouse, here) -> None:
    train = ["train", ILL, "--target", "target", "--no-baselines", "--no-report", "--hidden", "16,16"]
    assert glasshouse(*train, "--learning-rate", "3", "--epochs", "10", "--out", "t.glass")[0] == 0
    assert glasshouse("diagnose", "t.glass")[0] == 0
    assert not (here / "t.html").exists()
    code, out, err = glasshouse("diagnose", "t.glass", "--report")
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == "wrote t.html"
    code, out, _ = glasshouse("diagnose", "t.glass", "--fix", "--report")
    assert code == 0
    assert out.splitlines()[-1].startswith("wrote t.fixed.glass, t.fixed.html     next: ")
    assert "What the cure did" in (here / "t.fixed.html").read_text("utf-8")
    found = json.loads(glasshouse("diagnose", "t.glass", "--report", "--json")[1])
    assert found["report"] == "t.html"
    assert "report" not in json.loads(glasshouse("diagnose", "t.glass", "--json")[1])


def test_the_best_epoch_of_a_file_is_that_of_its_run(here) -> None:
    best = set()
    for metric in ("log_loss", "accuracy", "roc_auc"):
        model = gh.train(people(here / "t.csv"), target="Survived", metric=metric, **QUICK | {"epochs": 12})
        found = gh.report("t.glass", out="").twin["history"]
        assert found["best_epoch"] == model.run.best_epoch, metric
        best.add(found["best_epoch"])
    assert len(best) > 1


def broken(*_):
    raise RuntimeError("a bug\nof ours")


def stopped(*_):
    raise KeyboardInterrupt


def test_a_report_that_fails_takes_nothing_else_with_it(glasshouse, here, monkeypatch) -> None:
    people(here / "t.csv")
    words = ["train", "t.csv", "--target", "Survived", "--no-baselines", "--epochs", "2"]
    monkeypatch.setattr("glasshouse.reporting.report.twin_of", broken)
    code, out, err = glasshouse(*words)
    assert (code, err) == (0, "")
    assert "this network" in out
    assert out.splitlines()[-2] == "wrote t.glass     next: glasshouse predict t.glass TABLE"
    assert out.splitlines()[-1].startswith("no report: internal error: RuntimeError: a bug of ours: please report it")
    code, out, err = glasshouse(*words, "--json")
    assert (code, json.loads(out)["report"]) == (0, None)
    assert err.startswith("no report: internal error")
    code, out, err = glasshouse(*words, "--report")
    assert code == 4
    assert "this network" in out
    assert "RuntimeError" in err
    code, out, err = glasshouse("prune", "t.glass", "--density", "0.5", "--epochs", "1")
    assert (code, err) == (0, "")
    assert "connections" in out
    assert out.splitlines()[-1].startswith("no report: internal error")
    code, out, _ = glasshouse("diagnose", "t.glass", "--report")
    assert code == 4
    assert " rows" in out
    monkeypatch.setattr("glasshouse.reporting.report.twin_of", stopped)
    code, out, _ = glasshouse(*words)
    assert code == 0
    assert out.splitlines()[-1] == (
        "no report: interrupted: glasshouse report writes it from the model; --no-report leaves it out"
    )
    code, out, err = glasshouse(*words, "--report")
    assert code == 2
    assert "this network" in out
    assert "wrote t.glass     next" in out


def test_a_page_is_announced_where_one_is_written_alone(here) -> None:
    class Listening(gh.Watcher):
        def __init__(self):
            self.heard = []

        def stage(self, name):
            self.heard.append(name)

    model = gh.train(people(here / "t.csv"), target="Survived", **QUICK)
    for place, heard in ((None, []), (here / "t.html", ["writing the report"])):
        watcher = Listening()
        written(Plan(place), model, lambda: None, [watcher])
        assert watcher.heard == heard
    assert (here / "t.html").exists()


def test_a_verdict_by_another_measure_than_the_head_names_it(glasshouse, here) -> None:
    """Where a class is rare the head has ROC AUC, and baselines are compared by accuracy."""
    rng = np.random.default_rng(3)
    ages = rng.normal(0, 1, 300)
    rare = rng.random(300) < 1 / (1 + np.exp(3 - 2 * ages))
    rows = [f"{age:.2f},{'yes' if one else 'no'}" for age, one in zip(ages, rare, strict=True)]
    (here / "t.csv").write_text("age,y\n" + "\n".join(rows) + "\n")
    code, out, _ = glasshouse("train", "t.csv", "--target", "y", "--epochs", "5", "--hidden", "4", "--no-report")
    assert code == 0
    model = gh.train("t.csv", target="y", epochs=5, hidden=(4,), out="")
    head = gh.report(model).twin["headline"]
    assert head["score"] == "roc_auc"
    assert head["verdict"].startswith("By accuracy, ")
    assert head["verdict"][0].lower() + head["verdict"][1:-1] in out.splitlines()
