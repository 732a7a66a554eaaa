"""What a model says made it makes it again, to the byte; and its history is in its file."""

from __future__ import annotations

import shlex

import numpy as np
import pytest

import glasshouse as gh
from glasshouse.errors import ModelFileError, OptionError
from glasshouse.models.command import command
from glasshouse.models.content import content_of
from glasshouse.storage import packed, write
from glasshouse.tables.reading import Reading

ODD = 'it\'s "a" name; $x'


def table(path) -> None:
    rng = np.random.default_rng(0)
    rows = [f"{rng.normal():.3f};{rng.choice(['a', 'b'])};{k % 7};{rng.normal():.2f}" for k in range(160)]
    path.write_text("\n".join(f"{row};{'yes' if float(row.split(';')[0]) > 0 else 'no'}" for row in rows))


CALLS = [
    {"target": "t"},
    {"target": "last", "kinds": {"k": "number", ODD: "category"}, "drop": ["w"], "missing": ["-1", "a@" + ODD]},
    {"target": "t", "hidden": (), "learning_rate": 0.02, "optimizer": "sgd", "seed": 5, "refit": True},
    {"target": "t", "hidden": (4, 3), "activation": "tanh", "initializer": "xavier_uniform", "density": 0.5},
    {"target": "t", "weights": "k", "metric": "accuracy", "optimizer": "lbfgs"},
    {"target": "t", "clip_norm": 0.5, "optimizer": "rmsprop", "activation": "gelu"},
    {"target": "t", "group": "k", "epochs": 2},
]


@pytest.mark.parametrize("asked", CALLS, ids=range(len(CALLS)))
def test_the_command_a_model_names_makes_the_same_bytes(asked, glasshouse, here) -> None:
    table(here / "t.csv")
    reading = Reading(delimiter=";", header=False, names=("x", ODD, "k", "w", "t"))
    asked = {"epochs": 3, **asked}
    model = gh.train(here / "t.csv", reading=reading, out=here / "first.glass", baselines=False, **asked)
    (words,) = model.made_by
    code, _, err = glasshouse(*shlex.split(words)[1:], "--no-baselines", "--out", "again.glass")
    assert (code, err) == (0, "")
    assert (here / "again.glass").read_bytes() == (here / "first.glass").read_bytes()


def test_a_pruned_model_names_both_commands_and_they_make_it_again(glasshouse, here) -> None:
    asked = {"target": "target", "hidden": (8,), "epochs": 5, "baselines": False}
    model = gh.train("example:iris", out=here / "iris.glass", **asked)
    pruned = gh.prune(here / "iris.glass", density=0.3, criterion="obd", retrain=False, out=here / "first.glass").model
    assert pruned.made_by == (*model.made_by, "glasshouse prune iris.glass --density 0.3 --criterion obd --no-retrain")
    assert pruned.history == ()
    code, _, _ = glasshouse(*shlex.split(pruned.made_by[1])[1:], "--out", "again.glass")
    assert code == 0
    assert (here / "again.glass").read_bytes() == (here / "first.glass").read_bytes()


def test_a_cure_is_a_command_too(here) -> None:
    asked = {"hidden": (8,), "epochs": 8, "learning_rate": 1e-5, "baselines": False}
    gh.train("example:wine", target="target", out=here / "wine.glass", **asked)
    cure = gh.diagnose(here / "wine.glass", fix=True).cure
    assert cure.helped
    assert cure.model.made_by[1:] == ("glasshouse diagnose wine.glass --fix",)
    assert [row["epoch"] for row in cure.model.history] == list(range(1, len(cure.model.history) + 1))


def test_what_is_no_file_has_a_name_of_its_own() -> None:
    assert (
        command(gh.train, table=object(), target="t", test=object()) == "glasshouse train TABLE --target t --test TEST"
    )
    assert command(gh.prune, model=object()) == "glasshouse prune MODEL"
    assert command(gh.train, table="/home/me/a b.csv", target="-") == "glasshouse train 'a b.csv' --target -"


@pytest.mark.parametrize("optimizer", [None, "lbfgs"])
def test_the_history_of_a_training_is_in_its_file(tmp_path, optimizer) -> None:
    asked = {"hidden": (4,), "epochs": 6, "baselines": False, "optimizer": optimizer}
    model = gh.train("example:wine", target="target", out=tmp_path / "m.glass", **asked)
    loaded = gh.load(tmp_path / "m.glass")
    assert len(model.history) == model.run.epochs
    assert loaded.history == model.history
    assert [row["epoch"] for row in loaded.history] == list(range(1, len(model.history) + 1))
    assert {"loss", "validation_loss", "validation_score", "learning_rate"} <= set(loaded.history[0])
    assert min(row["validation_loss"] for row in loaded.history) == pytest.approx(
        loaded.scores["validation"]["log_loss"], rel=1e-4
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda document, arrays: document.update(history=["loss"]),
        lambda document, arrays: document.update(history=["loss", "loss", "loss", "loss", "loss"]),
        lambda document, arrays: document.update(made_by=[1]),
        lambda document, arrays: document.update(made_by="glasshouse train"),
        lambda document, arrays: document.update(made_by=["rm -rf /"]),
        lambda document, arrays: document.update(made_by=["glasshouse train x; rm -rf /"]),
        lambda document, arrays: document.update(made_by=["glasshouse train 'x"]),
        lambda document, arrays: document.update(made_by=["glasshouse"]),
        lambda document, arrays: document.update(by_hand=[1]),
        lambda document, arrays: document.update(
            history=["loss", "penalty", "learning_rate", "validation_loss", "surprise"]
        ),
        lambda document, arrays: document.update(
            history=["penalty", "learning_rate", "validation_loss", "validation_score", "gradient"]
        ),
        lambda document, arrays: arrays.update(history=np.full_like(arrays["history"], np.nan)),
        lambda document, arrays: arrays.update(history=arrays["history"].ravel()),
        lambda document, arrays: arrays.pop("history"),
    ],
)
def test_a_history_that_does_not_fit_is_refused(tmp_path, change) -> None:
    model = gh.train("example:iris", target="target", hidden=(2,), epochs=2, baselines=False, out="")
    document, arrays = content_of(model)
    assert packed("model", document, arrays)
    change(document, arrays)
    write(tmp_path / "m.glass", "model", document, arrays)
    with pytest.raises(ModelFileError, match="is not a whole model"):
        gh.load(tmp_path / "m.glass")


def test_optimizer_and_density_are_what_trains() -> None:
    asked = {"target": "target", "hidden": (20,), "epochs": 2, "baselines": False, "out": ""}
    for name in ("adam", "adamw", "sgd", "rmsprop", "lbfgs"):
        assert gh.train("example:iris", optimizer=name, **asked).recipe.optimizer.name == name
    sparse = gh.train("example:iris", density=0.25, **asked).network
    assert sparse.n_weights == pytest.approx(0.25 * (4 * 20 + 20 * 3), abs=1)
    for wrong, words in (({"optimizer": "adm"}, "no optimizer is called 'adm'"), ({"density": 0}, "density is 0")):
        with pytest.raises(OptionError, match=words):
            gh.train("example:iris", **wrong, **asked)


def test_options_may_be_frames_arrays_indexes_and_sets(here) -> None:
    import pandas as pd

    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=60), "b": rng.normal(size=60), "y": rng.choice(["u", "v"], 60)})
    asked = {"target": "y", "epochs": 1, "baselines": False, "out": ""}
    model = gh.train(
        frame,
        test=frame.iloc[:20],
        hidden=np.array([4, 3]),
        drop=frame.columns[:1],
        learning_rate=np.float64(0.01),
        **asked,
    )
    words = "--hidden 4,3 --learning-rate 0.01 --epochs 1"
    assert model.made_by == (f"glasshouse train TABLE --target y --test TEST --drop a {words}",)
    assert gh.train(frame, drop={"b"}, seed=np.int64(0), **asked).made_by == (
        "glasshouse train TABLE --target y --drop b --epochs 1",
    )
    with pytest.raises(OptionError, match="it must be a list"):
        gh.train(frame, drop=(name for name in "a"), **asked)


def test_files_are_called_by_a_name_one_can_type(here) -> None:
    assert command(gh.train, table=".", target="t").split()[2] == here.name
    assert command(gh.train, table="-x.csv", target="t") == "glasshouse train ./-x.csv --target t"


@pytest.mark.parametrize("metric", [None, "accuracy"])
def test_the_best_epoch_of_a_file_is_the_one_that_was_kept(tmp_path, metric) -> None:
    asked = {"hidden": (6,), "epochs": 25, "learning_rate": 0.05, "metric": metric, "baselines": False}
    for seed in range(3):
        model = gh.train("example:wine", target="target", seed=seed, out=tmp_path / "m.glass", **asked)
        assert gh.load(tmp_path / "m.glass").best_epoch == model.best_epoch == model.run.best_epoch
