"""Pruning of models: goals are met, what is left is a whole model, and mistakes are named."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.neural_network import MLPClassifier as Theirs

import glasshouse as gh
from glasshouse.errors import ModelFileError, OptionError, TableError
from glasshouse.network.footprint import footprint
from glasshouse.network.layers import Sparse

TABLE = "example:breast_cancer"


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "cancer.glass"
    found = gh.train(TABLE, target="target", baselines=False, hidden=(32, 16), out=path)
    return found, path


def test_a_density_is_kept_to(model) -> None:
    found = gh.prune(model[0], TABLE, density=0.05)
    assert found.met
    assert found.metric == "accuracy"
    assert found.after.nonzero <= 0.05 * found.before.weights
    assert found.after.scores["accuracy"] >= found.before.scores["accuracy"] - 0.06
    for name in ("file_bytes", "flash_bytes", "memory", "units"):
        assert getattr(found.after, name) < getattr(found.before, name)
    assert found.after.file_bytes == found.model.n_bytes
    assert found.after.memory == footprint(found.model.network).total


def test_the_file_is_a_whole_model_that_answers_the_same(model, tmp_path) -> None:
    out = tmp_path / "small.glass"
    found = gh.prune(model[1], density=0.05, out=out, epochs=12)
    assert found.path == out
    loaded = gh.load(out)
    assert out.stat().st_size == found.after.file_bytes
    assert any(isinstance(layer, Sparse) for layer in loaded.network.layers)
    assert gh.evaluate(out).scores["accuracy"] == found.after.scores["accuracy"]
    assert gh.diagnose(out, TABLE).rows > 0
    assert loaded.scores["test"]["accuracy"] == found.after.scores["accuracy"]
    assert gh.inspect(out)["parameters"] == len(loaded.network.parameters)


def test_a_budget_is_kept_on_folds_and_a_goal_that_nothing_meets_keeps_the_model(model) -> None:
    found = gh.prune(model[0], TABLE, max_drop=0.01, epochs=12)
    assert "out of 5 folds" in found.chosen_by
    kept = next(point for point in found.frontier if point.density == found.density)
    assert kept.drop <= 0.01
    assert found.after.weights < 0.5 * found.before.weights
    nothing = gh.prune(model[0], TABLE, size=100)
    assert not nothing.met
    assert nothing.model is model[0]
    assert nothing.path is None


def test_goals_of_bytes_and_microseconds_are_measured(model) -> None:
    limit = model[0].n_bytes // 2
    found = gh.prune(model[0], TABLE, size=limit, epochs=12)
    assert 0.9 * limit < found.after.file_bytes <= limit
    quick = gh.prune(model[0], TABLE, latency=1e6, epochs=12)  # anything is quick enough
    assert quick.density > 0.7


@pytest.mark.parametrize("grain", ["units", "inputs"])
def test_whole_pieces_leave(model, grain) -> None:
    found = gh.prune(model[0], TABLE, density=0.3, grain=grain, epochs=12)
    if grain == "units":
        assert found.after.units <= round(0.3 * 48)
        return
    assert found.after.columns == 9 < found.before.columns == 30
    frame = load_breast_frame()
    kept = [encoding.name for encoding in found.model.encoder.encodings]
    assert len(found.model.predict(frame[kept])) == len(frame)  # the others are not needed any more


def load_breast_frame() -> pd.DataFrame:
    from sklearn.datasets import load_breast_cancer

    return load_breast_cancer(as_frame=True).data


def test_numbers_keep_their_scale() -> None:
    model = gh.train("example:diabetes", target="target", baselines=False, hidden=(20,), out="")
    found = gh.prune(model, "example:diabetes", density=0.2, epochs=12)
    assert found.metric == "r2"
    assert found.after.scores["r2"] > found.before.scores["r2"] - 0.15
    untouched = gh.prune(model, "example:diabetes", density=1.0, retrain=False)
    assert np.allclose(untouched.model.predict("example:diabetes"), model.predict("example:diabetes"), rtol=1e-4)


def test_a_rare_class_is_judged_by_roc_auc() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(300, 4)), columns=list("abcd"))
    frame["rare"] = np.where(frame.a + frame.b > 2.0, "yes", "no")
    model = gh.train(frame, target="rare", baselines=False, hidden=(8,), out="")
    assert gh.prune(model, frame, density=0.5, epochs=2).metric == "roc_auc"


def test_a_network_from_elsewhere_is_pruned_too() -> None:
    X, y = load_iris(return_X_y=True, as_frame=True)
    theirs = Theirs((30,), max_iter=400, tol=1e-3, random_state=0).fit(X, y)
    model = gh.Model.of(theirs)
    found = gh.prune(model, X.assign(target=y.astype(str)), density=0.1)
    assert found.after.nonzero <= 21
    assert found.after.scores["accuracy"] > 0.8


def test_criteria_are_compared(model) -> None:
    found = gh.prune(model[0], TABLE, density=0.1, compare=True, epochs=1, retrain=False)
    assert len(found.compared) == len(gh.pruning.criteria.CRITERIA)
    assert {len(points) for points in found.compared.values()} == {6}


def test_a_stop_is_taken_up_again(model, tmp_path) -> None:
    path = tmp_path / "stages"

    class Stop(gh.Watcher):
        epochs = 0

        def after_epoch(self, state) -> None:
            self.epochs += 1
            if self.epochs == 50:
                raise KeyboardInterrupt

    plain = gh.prune(model[0], TABLE, density=0.1, epochs=12)
    with pytest.raises(KeyboardInterrupt):
        gh.prune(model[0], TABLE, density=0.1, epochs=12, checkpoint=path, watchers=[Stop()])
    assert path.exists()
    with pytest.raises(OptionError, match="exists: go on from it with resume=True"):
        gh.prune(model[0], TABLE, density=0.1, epochs=12, checkpoint=path)
    with pytest.raises(OptionError, match="was written with another goal"):
        gh.prune(model[0], TABLE, density=0.2, epochs=12, checkpoint=path, resume=True)
    found = gh.prune(model[0], TABLE, density=0.1, epochs=12, checkpoint=path, resume=True)
    assert np.array_equal(found.model.network.parameters, plain.model.network.parameters)
    path.write_bytes(b"nothing")
    with pytest.raises(ModelFileError):
        gh.prune(model[0], TABLE, density=0.1, epochs=12, checkpoint=path, resume=True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"density": 0}, "density is 0: it must be above 0 and at most 1"),
        ({"density": 1.5}, "density is 1.5: it must be above 0"),
        ({"max_drop": -0.1}, "max_drop is -0.1: it must be at least 0"),
        ({"size": 0}, "size is 0: it must be above 0, in bytes"),
        ({"density": 0.1, "size": 5000}, "density and size are given: one of them"),
        ({"density": 0.1, "criterion": "magnitud"}, "no criterion is called 'magnitud': did you mean 'magnitude'"),
        ({"density": 0.1, "grain": "rows"}, "no grain is called 'rows'"),
        ({"metric": "r2"}, "no metric is called 'r2'"),
        ({"density": 0.1, "epochs": 0}, "epochs is 0: it must be"),
        ({"density": 0.1, "grain": "units", "regrow": True}, "regrow lets single weights return"),
        ({"density": 0.1, "seeds": 3}, "seeds is 3: it says how often to compare"),
        ({"density": 0.1, "resume": True}, "resume needs the checkpoint"),
    ],
)
def test_requests_that_cannot_be_met_are_named(model, options, message) -> None:
    with pytest.raises(OptionError, match=message):
        gh.prune(model[0], TABLE, **options)


def test_tables_and_models_that_do_not_fit_are_named(model, tmp_path) -> None:
    with pytest.raises(TableError, match="no label of 'target' in example:iris is known"):
        gh.prune(model[0], "example:iris", density=0.1)
    frame = load_breast_frame().drop(columns="mean area").assign(target="benign")
    with pytest.raises(TableError, match="lacks column 'mean area', which the model was trained on"):
        gh.prune(model[0], frame, density=0.1)
    shallow = gh.train("example:iris", target="target", baselines=False, hidden=(), out="")
    with pytest.raises(OptionError, match="one layer and no hidden units to cut: choose grain"):
        gh.prune(shallow, "example:iris", density=0.5, grain="units")
    assert gh.prune(shallow, "example:iris", density=0.5, epochs=2).after.nonzero <= 6
    again = gh.train("example:iris", target="target", baselines=False, refit=True, hidden=(4,), out="")
    with pytest.raises(TableError, match="was trained anew on all rows"):
        gh.prune(again, "example:iris", density=0.5)
    with pytest.raises(TableError, match="is not beside the model: name a table"):
        gh.prune(gh.Model.of(Theirs((3,), max_iter=300, tol=0.1).fit([[0.0], [1]] * 9, [0, 1] * 9)), density=0.5)
    before = model[1].read_bytes()
    with pytest.raises(gh.GlasshouseError):
        gh.prune(model[1], density=0.1, out=model[1])  # it would replace what it reads
    assert model[1].read_bytes() == before
