"""What a sweep finds is what `train` and `prune` make, to the bit, and by what chose it is never below the default."""

from __future__ import annotations

import json
import os
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

import glasshouse as gh
from glasshouse.errors import OptionError
from glasshouse.models import recipes
from glasshouse.models.prepared import Asked, prepared
from glasshouse.sweeping import sweep as sweep_module
from glasshouse.sweeping.folder import checkpoint_in
from glasshouse.sweeping.halving import RUNGS, Task
from glasshouse.sweeping.outcome import LOWER
from glasshouse.sweeping.rows import Hashes, Plan
from glasshouse.sweeping.trial import trained_to
from glasshouse.tables.reading import as_table
from glasshouse.training.checkpoints import Checkpoint

SPACE = {
    "hidden": [[8], [16, 8]],
    "activation": ["relu", "tanh"],
    "learning_rate": {"low": 0.002, "high": 0.05, "log": True},
    "epochs": [9, 18],
}
SETTINGS = [
    {"hidden": (8,), "epochs": 12},
    {
        "hidden": (12, 6),
        "epochs": 10,
        "dropout": 0.3,
        "density": 0.5,
        "optimizer": "adamw",
        "initializer": "lecun_uniform",
    },
    {"hidden": (6,), "epochs": 12, "optimizer": "lbfgs"},
    {"hidden": (), "epochs": 9, "optimizer": "sgd", "learning_rate": 0.05, "clip_norm": 0.5, "batch_size": 32},
]


def plan_of(table, asked, folder, threads) -> Plan:
    return Plan(table, asked, None, None, folder, Hashes.of(prepared(table, asked)), threads)


def bad_default(monkeypatch, **choices) -> None:
    """Make the default recipe one that no trial is worse than."""
    default = recipes.default_recipe
    monkeypatch.setattr(recipes, "default_recipe", lambda *asked: replace(default(*asked), **choices))


@pytest.mark.parametrize("settings", SETTINGS, ids=range(len(SETTINGS)))
@pytest.mark.parametrize(("table", "seed"), [("example:wine", 3), ("example:diabetes", 0)])
def test_a_trial_that_paused_has_the_bits_of_a_training_that_did_not(
    tmp_path, monkeypatch, settings, table, seed
) -> None:
    states = []
    write = Checkpoint.after_epoch
    monkeypatch.setattr(Checkpoint, "after_epoch", lambda self, state: (write(self, state), states.append(state))[0])
    plan = plan_of(table, Asked("target", seed=seed), tmp_path, 1)
    outcomes = [trained_to(replace(plan), Task(7, rung), settings) for rung in range(RUNGS)]
    assert checkpoint_in(tmp_path, 7).exists()
    model = gh.train(table, target="target", out="", baselines=False, seed=seed, **settings)
    assert (model.targets.finished(states[-1].chosen()).parameters == model.network.parameters).all()
    assert outcomes[-1].epochs == model.run.epochs
    assert outcomes[-1].best_epoch == model.best_epoch
    assert [outcome.epochs for outcome in outcomes] == sorted(outcome.epochs for outcome in outcomes)
    assert outcomes[-1].score == pytest.approx(model.scores["validation"][model.metric], rel=1e-4)


@pytest.mark.parametrize(
    ("table", "metric"),
    [
        ("example:breast_cancer", None),
        ("example:breast_cancer", "accuracy"),
        ("example:breast_cancer", "roc_auc"),
        ("example:diabetes", "rmse"),
        ("example:diabetes", "r2"),
        ("example:diabetes", "mae"),
    ],
)
def test_the_best_is_what_train_makes_and_never_worse_than_the_default(table, metric) -> None:
    seed = int(np.random.default_rng().integers(1000))
    found = gh.sweep(table, target="target", space=SPACE, trials=6, metric=metric, seed=seed, out="")
    assert [trial.number for trial in found.trials if not trial.settings] == [0]
    sign = 1 if found.metric in LOWER else -1
    scores = {trial.number: trial.score for trial in found.trials if trial.ended == "finished"}
    assert sign * found.best.score == min(sign * score for score in scores.values()) <= sign * scores[0]
    for trial, model in ((found.best, found.model), (next(t for t in found.trials if t.number == 0), found.default)):
        assert trial.score == pytest.approx(model.scores["validation"][found.metric], rel=1e-4)
        assert (trial.parameters, trial.best_epoch) == (len(model.network.parameters), model.best_epoch)
    asked = {"target": "target", "metric": metric, "seed": seed, "out": "", "baselines": False}
    again = gh.train(table, **asked, **found.best.settings)
    assert (again.network.parameters == found.model.network.parameters).all()
    assert (found.difference is None) == (found.best.number == 0)


def test_a_pruned_trial_is_judged_as_prune_leaves_it(tmp_path) -> None:
    space = {"hidden": [[16], [24, 8]], "keep": [0.1, 0.4], "criterion": ["magnitude", "obd"], "epochs": [9]}
    found = gh.sweep("example:wine", target="target", space=space, trials=5, out="", seed=4)
    plan = plan_of("example:wine", Asked("target", seed=4), tmp_path, None)
    pruned = next(trial for trial in found.trials if "keep" in trial.settings)
    for rung in range(RUNGS):
        outcome = trained_to(plan, Task(1, rung), pruned.settings)
    settings = dict(pruned.settings)
    asked = {"density": settings.pop("keep"), "criterion": settings.pop("criterion"), "out": ""}
    whole = gh.train("example:wine", target="target", seed=4, out="", baselines=False, **settings)
    cut = gh.prune(whole, "example:wine", **asked).model
    assert outcome.parameters == len(cut.network.parameters) < len(whole.network.parameters)
    assert outcome.score == pytest.approx(cut.scores["validation"]["log_loss"], rel=1e-4)


def test_a_best_that_is_pruned_is_saved_pruned(here, monkeypatch) -> None:
    bad_default(monkeypatch, learning_rate=1e-7)
    space = {"hidden": [[32, 16]], "keep": [0.6], "epochs": [30], "learning_rate": [0.01]}
    found = gh.sweep("example:iris", target="target", space=space, trials=2, out=here / "iris.sweep")
    assert found.best.settings["keep"] == 0.6
    saved = gh.load(here / "iris.glass")
    assert len(saved.network.parameters) == found.best.parameters < 0.7 * len(found.default.network.parameters)
    assert saved.made_by[-1] == "glasshouse prune MODEL example:iris --density 0.6"


def test_what_counts_counts_in_every_trial() -> None:
    rng = np.random.default_rng(0)
    columns = {name: rng.normal(size=300) for name in "abc"}
    columns["target"] = np.where(columns["a"] + rng.normal(size=300) > 0, "yes", "no")
    columns["w"] = rng.integers(0, 3, 300)
    table = as_table(pa.table(columns).to_pandas())
    found = gh.sweep(table, target="target", weights="w", drop=["c"], space=SPACE, trials=4)
    assert [encoding.name for encoding in found.model.encoder.encodings] == ["a", "b"]
    assert found.folder is None
    assert found.path is None


def test_trials_that_diverge_are_told_and_never_kept(monkeypatch) -> None:
    space = {"learning_rate": [1e10], "optimizer": ["sgd"], "activation": ["identity", "softplus"]}
    found = gh.sweep("example:diabetes", target="target", space=space, trials=3, out="")
    assert [trial.ended for trial in found.trials] == ["finished", "diverged", "diverged"]
    assert found.best.number == 0
    assert found.trials[1].score is None
    assert "diverged:" in repr(found)
    assert json.loads(json.dumps(found.to_dict()))["trials"][2]["score"] is None

    bad_default(monkeypatch, learning_rate=1e10, l2=1e9)
    with pytest.raises(
        OptionError, match="every trial that went on diverged, the default recipe too: training diverged in epoch 1"
    ):
        gh.sweep("example:diabetes", target="target", space={"dropout": [0.5]}, trials=2, out="")
    healthy = {"learning_rate": [0.01], "l2": [0.0]}
    found = gh.sweep("example:diabetes", target="target", space=healthy, trials=2, out="")
    assert found.best.number == 1
    assert found.default is None
    assert list(found.to_dict()["scores"]) == ["best"]


def test_the_board_is_a_table_and_json(here) -> None:
    found = gh.sweep("example:iris", target="target", space=SPACE, trials=7, out="b.sweep")
    board = found.leaderboard
    assert board.num_rows == 7
    assert board.column_names[:4] == ["rank", "trial", "log_loss", "epochs_trained"]
    assert board["hidden"].to_pylist()[board["trial"].to_pylist().index(0)] is None
    document = json.loads(json.dumps(found.to_dict()))
    assert [trial["number"] for trial in document["trials"]] == board["trial"].to_pylist()
    assert document["best"] == found.best.number
    assert document["model"] == "b.glass"
    assert set(document["scores"]) == {"default", "best"}
    assert len(found.lines(3)) == 3 + 2 + ("stopped early" in "".join(found.lines(3)))
    assert found.lines(3)[-1] == "  and 4 more"
    lines = (here / "b.sweep" / "trials.jsonl").read_text().splitlines()
    for line in map(json.loads, lines):
        assert line["schema_version"] == 1
        assert {"trial", "rung", "score", "epochs", "seconds", "settings", "metric"} <= set(line)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"trials": 0}, "trials is 0: it must be a whole number of at least 1"),
        ({"workers": 0}, "workers is 0: it must be a whole number from 1 to 1024"),
        ({"joblib": "lokky"}, "joblib cannot begin \\(Invalid backend: lokky"),
        ({"metric": "r2"}, "no metric of 3 classes is called 'r2'"),
        ({"space": {"learning_rate": [0.1], "optimizer": ["adamw"], "l2": [-1]}}, "l2 is -1: it must be at least 0"),
        ({"out": "file"}, "out is 'file': name a folder that is to be made"),
        ({"out": "."}, "out is '.': name a folder that is to be made"),
        ({"out": "none/x.sweep"}, "there is no folder none"),
        ({"out": "", "resume": True}, "resume needs the folder to go on from: name it with out"),
        ({"space": ["a"]}, "space is \\['a'\\]: give a dict, as {'dropout': \\[0, 0.5\\]}, or the path of a TOML file"),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_trained(asked, said, here) -> None:
    (here / "file").write_text("")
    with pytest.raises(gh.GlasshouseError, match=said):
        gh.sweep("example:iris", target="target", **asked)
    assert [path.name for path in here.iterdir()] == ["file"]


def test_choices_that_do_not_fit_each_other_are_said_before_anything_is_trained(here) -> None:
    space = {"learning_rate": [200.0], "optimizer": ["adamw"]}  # each alone is possible
    with pytest.raises(OptionError, match="learning_rate \\* weight_decay is 2: keep it below 1"):
        gh.sweep("example:iris", target="target", space=space, trials=3, out="x.sweep")
    assert not list(here.iterdir())


def test_a_frame_has_no_folder_to_go_on_from() -> None:
    with pytest.raises(OptionError, match="resume needs the folder to go on from: name it with out"):
        gh.sweep(as_table("example:iris"), target="target", resume=True)


@pytest.mark.parametrize(("asked", "times"), [({}, 1), ({"workers": 8}, 1), ({"joblib": "loky", "workers": 3}, 4)])
@pytest.mark.parametrize("test", [False, True])
def test_a_table_has_to_fit_as_often_as_there_are_processes_that_hold_it(here, monkeypatch, asked, times, test) -> None:
    sizes = {"t.csv": 600_000_000, "other.csv": 200_000_000}
    for name in sizes:
        (here / name).write_text("a,target\n" + "".join(f"{k * k % 13},{k % 2}\n" for k in range(40)))
    asked = {"target": "target", "trials": 1, "out": "", **asked, **({"test": "other.csv"} if test else {})}
    wanted = times * (sizes["t.csv"] + test * sizes["other.csv"])
    monkeypatch.setattr(sweep_module, "needed", lambda path: sizes[os.fspath(path)])
    monkeypatch.setattr(sweep_module, "free", lambda: 2 * wanted - 1)
    with pytest.raises(OptionError, match=f"t.csv takes about {wanted / 1e9:.1f} GB in .*memory.*, more than half of"):
        gh.sweep("t.csv", **asked)
    monkeypatch.setattr(sweep_module, "free", lambda: 2 * wanted)
    assert gh.sweep("t.csv", **asked).best.number == 0
