"""Diagnosis of models with their tables, of estimators and of networks from elsewhere; a fix is never worse."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.datasets import load_breast_cancer, load_iris, load_wine
from sklearn.neural_network import MLPClassifier as Theirs
from sklearn.neural_network import MLPRegressor as TheirRegressor
from sklearn.preprocessing import scale

import glasshouse as gh
from glasshouse.models.model import Model
from glasshouse.network.foreign import network_of
from glasshouse.network.predictor import Predictor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(scope="module")
def ill() -> Model:
    """A network that a wild rate has killed."""
    return gh.train("example:wine", target="target", learning_rate=3.0, baselines=False, out="")


def test_train_says_what_the_doctor_saw(ill) -> None:
    assert "learning_rate_too_high" in [finding.kind for finding in ill.run.health.of("severe")]
    well = gh.train("example:wine", target="target", baselines=False, out="")
    assert well.run.health.healthy


def test_a_model_is_looked_at_on_the_rows_that_trained(ill) -> None:
    found = gh.diagnose(ill, "example:wine")
    assert found.worst == "severe"
    assert found.rows == len(ill.run.split.train)
    assert found.cure is None


def test_a_fix_is_kept_only_where_it_is_better_and_says_how(ill, tmp_path) -> None:
    path, better = tmp_path / "ill.glass", tmp_path / "ill.fixed.glass"
    ill.save(path)
    cure = gh.diagnose(path, "example:wine", fix=True).cure
    assert cure.helped
    assert cure.path == better
    assert cure.after.score > cure.before.score
    assert cure.flags.startswith("--")
    kept = gh.load(better)
    assert kept.evaluate("example:wine").scores["accuracy"] > 0.9
    assert kept.scores["test"]["accuracy"] == kept.evaluate("example:wine").scores["accuracy"]
    assert path.read_bytes() != better.read_bytes()


def test_a_healthy_model_is_never_made_worse(tmp_path) -> None:
    well = gh.train("example:iris", target="target", baselines=False, out="")
    cure = gh.diagnose(well, "example:iris", fix=True, out="").cure
    assert cure.after.score >= cure.before.score
    assert cure.path is None


def test_a_fix_learns_from_other_rows_where_those_of_the_model_are_gone(ill, tmp_path) -> None:
    table, frame = tmp_path / "some.csv", load_wine(as_frame=True).frame.iloc[:150]
    frame["target"] = np.array(["class_0", "class_1", "class_2"])[frame["target"]]
    frame.to_csv(table, index=False)
    with pytest.raises(gh.TableError, match="give --train TABLE"):
        gh.diagnose(ill, table, fix=True)
    assert gh.diagnose(ill, table, fix=True, train=table, out="").cure.helped


def test_what_cannot_be_done_is_said(ill, tmp_path) -> None:
    X, y = load_iris(return_X_y=True)
    with pytest.raises(gh.OptionError, match="goes with fix"):
        gh.diagnose(ill, "example:wine", train="example:wine")
    with pytest.raises(gh.OptionError, match="y goes with arrays"):
        gh.diagnose(ill, "example:wine", y)
    with pytest.raises(gh.OptionError, match="fit the estimator anew"):
        gh.diagnose(gh.MLPClassifier(max_iter=5).fit(X, y), X, y, fix=True)
    with pytest.raises(gh.OptionError, match=r"rows are needed: diagnose\(model, X, y\)"):
        gh.diagnose(gh.MLPClassifier(max_iter=5).fit(X, y))
    with pytest.raises(gh.OptionError, match="no fitted network"):
        gh.diagnose(gh.MLPClassifier(), X, y)
    with pytest.raises(gh.OptionError, match="the network takes 4 columns"):
        gh.diagnose(gh.MLPClassifier(max_iter=5).fit(X, y), X[:, :2], y)
    with pytest.raises(gh.OptionError, match="layer Conv1d cannot be read"):
        gh.diagnose(torch.nn.Sequential(torch.nn.Conv1d(1, 1, 1)), X, y)


def test_an_estimator_on_rows_of_its_own() -> None:
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    model = gh.MLPClassifier((16,), random_state=0, watch_health=False).fit(X.to_numpy(), y)
    found = gh.diagnose(model, X, y)
    unscaled = next(finding for finding in found.findings if finding.kind == "unscaled_inputs")
    assert "worst area" in unscaled.evidence


def test_networks_of_scikit_learn_are_read_as_they_predict() -> None:
    X, y = load_iris(return_X_y=True)
    for labels in (y, (y == 1) * 1):
        theirs = Theirs((9, 7), activation="logistic", max_iter=30, random_state=0).fit(X, labels)
        ours = Predictor(network_of(theirs))(X)
        wanted = theirs.predict_proba(X)
        assert np.allclose(ours if ours.shape[1] > 1 else ours[:, 0], wanted if ours.shape[1] > 1 else wanted[:, 1])
        assert gh.diagnose(theirs, X, labels).rows == 150
    theirs = TheirRegressor(hidden_layer_sizes=(5,), max_iter=30, random_state=0).fit(X, X[:, 0])
    assert np.allclose(Predictor(network_of(theirs))(X)[:, 0], theirs.predict(X))


def test_a_dead_network_of_pytorch_is_found_dead() -> None:
    X, y = load_iris(return_X_y=True)
    X = scale(X).astype(np.float32)
    torch.manual_seed(0)
    network = torch.nn.Sequential(
        torch.nn.Linear(4, 16),
        torch.nn.ReLU(),
        torch.nn.Dropout(0.1),
        torch.nn.Linear(16, 8),
        torch.nn.Tanh(),
        torch.nn.Linear(8, 3),
    )
    with torch.no_grad():
        assert np.allclose(Predictor(network_of(network))(X), network.eval()(torch.from_numpy(X)).numpy(), atol=1e-6)
        network[0].bias[:12] = -100
    found = gh.diagnose(network, X, y)
    dead = next(finding for finding in found.findings if finding.kind == "dead_units")
    assert (dead.layer, dead.units) == (1, tuple(range(12)))


def test_a_network_from_elsewhere_is_a_model(tmp_path) -> None:
    X, y = load_iris(return_X_y=True, as_frame=True)
    theirs = Theirs((9,), max_iter=60, random_state=0).fit(X, y)
    model = Model.of(theirs, target="species")
    model.save(tmp_path / "m.glass")
    again = gh.load(tmp_path / "m.glass")
    assert np.allclose(again.predict_proba(X), theirs.predict_proba(X), atol=1e-6)
    table = X.assign(species=y)
    assert again.evaluate(table).scores["accuracy"] == theirs.score(X, y)
    assert gh.diagnose(again, table).rows == 150
    assert gh.inspect(again)["scores"]["test"]["rows"] == 0
    with pytest.raises(gh.TableError, match="takes numbers alone, fill such cells"):
        again.predict(X.mask(X > 7))
    numbers = TheirRegressor(hidden_layer_sizes=(5,), max_iter=30, random_state=0).fit(X, X.iloc[:, 0])
    assert np.allclose(Model.of(numbers).predict(X), numbers.predict(X), atol=1e-4)
    ours = gh.MLPClassifier((7,), random_state=0, max_iter=20).fit(X, y == 1)
    assert np.allclose(Model.of(ours).predict_proba(X), ours.predict_proba(X), atol=1e-6)
    torch.manual_seed(0)
    logits = torch.nn.Sequential(torch.nn.Linear(4, 6), torch.nn.Tanh(), torch.nn.Linear(6, 3))
    found = Model.of(logits, names=list(X.columns), classes=["a", "b", "c"])
    with torch.no_grad():
        wanted = torch.softmax(logits(torch.tensor(X.to_numpy(np.float32).copy())), 1).numpy()
    assert np.allclose(found.predict_proba(X), wanted, atol=1e-6)
    for wrong, words in (
        ({}, "name their classes"),
        ({"classes": ["a", "b"]}, "2 classes for 3 outputs"),
        ({"classes": "abc", "names": ["x"]}, "give 4 others"),
    ):
        with pytest.raises(gh.OptionError, match=words):
            Model.of(logits, **wrong)
