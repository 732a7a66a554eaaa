"""scikit-learn's own MLP from the same weights and the same order: the same loss curve, weights and epochs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_diabetes, load_iris
from sklearn.metrics import accuracy_score
from sklearn.neural_network import MLPClassifier as PeerClassifier
from sklearn.neural_network import MLPRegressor as PeerRegressor
from sklearn.preprocessing import StandardScaler

from glasshouse import SGD, Adam, InverseScaling, MLPClassifier, MLPRegressor
from glasshouse.estimators.targets import Classes
from glasshouse.network.network import Network

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def pair(task, **theirs):
    """Ours and theirs with the same first weights, on rows whose number is a whole number of batches."""
    X, y = (load_iris if task == "classes" else load_diabetes)(return_X_y=True)
    X = StandardScaler().fit_transform(X)[:150]
    y = y[:150] if task == "classes" else StandardScaler().fit_transform(y[:150, None])[:, 0]
    common = {
        "hidden_layer_sizes": (9, 5),
        "alpha": 0.3,
        "batch_size": 30,
        "shuffle": False,
        "random_state": 0,
        "max_iter": 25,
        "learning_rate_init": 0.01,
    }
    ours_kind, their_kind = (MLPClassifier, PeerClassifier) if task == "classes" else (MLPRegressor, PeerRegressor)
    moved = {
        name: theirs[name] for name in theirs if name not in ("solver", "momentum", "nesterovs_momentum", "power_t")
    }
    if theirs.get("solver") == "sgd":
        moved["solver"] = SGD(theirs.get("momentum", 0.9), theirs.get("nesterovs_momentum", True))
    else:  # scikit-learn's epsilon stands inside the bias correction, ours (as the paper's and PyTorch's) outside
        moved["solver"] = Adam(epsilon=1e-15)
        theirs = theirs | {"epsilon": 1e-15}
    if theirs.get("learning_rate") == "invscaling":
        moved["learning_rate"] = InverseScaling(theirs.get("power_t", 0.5))
    ours = ours_kind(warm_start=True, **(common | {"max_iter": 1} | moved))
    ours.fit(X, y)
    rng = np.random.default_rng(1)
    start = Network.initialized(ours.network_.layers, rng, "glorot_uniform", np.float64)
    ours.network_ = ours.targets_.finished(start)
    ours.history_, ours.t_ = [], 0
    ours.set_params(max_iter=moved.get("max_iter", 25))
    peer = their_kind(warm_start=True, **(common | {"max_iter": 1} | theirs)).fit(X, y)
    views = start.views(start.parameters)
    peer.coefs_, peer.intercepts_ = [w.T.copy() for w, _ in views], [b.copy() for _, b in views]
    peer.set_params(max_iter=theirs.get("max_iter", 25))
    peer.best_loss_, peer._no_improvement_count, peer.loss_curve_, peer.n_iter_, peer.t_ = np.inf, 0, [], 0, 0
    return ours.fit(X, y), peer.fit(X, y), X


@pytest.mark.parametrize("task", ["classes", "numbers"])
@pytest.mark.parametrize(
    "choices",
    [
        {"solver": "adam"},
        {"solver": "adam", "activation": "tanh"},
        {"solver": "sgd", "activation": "logistic"},
        {"solver": "sgd", "momentum": 0.0},
        {"solver": "sgd", "momentum": 0.5, "nesterovs_momentum": False},
        {"solver": "sgd", "momentum": 0.0, "learning_rate": "invscaling", "power_t": 0.2},
        {"solver": "adam", "tol": 0.1, "n_iter_no_change": 3},
        {
            "solver": "sgd",
            "momentum": 0.0,
            "learning_rate": "adaptive",
            "tol": 0.02,
            "n_iter_no_change": 2,
            "max_iter": 60,
        },
    ],
    ids=str,
)
def test_the_same_start_is_the_same_run(task, choices) -> None:
    ours, theirs, X = pair(task, **choices)
    assert ours.n_iter_ == len(theirs.loss_curve_)
    assert np.allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-9)
    assert np.allclose(ours.predict(X), theirs.predict(X), rtol=1e-7)
    for mine, other in zip(ours.coefs_[:-1], theirs.coefs_[:-1], strict=True):
        assert np.allclose(mine, other, rtol=1e-7, atol=1e-9)


def test_names_of_scikit_learn_are_there_and_mean_the_same() -> None:
    X, y = load_iris(return_X_y=True)
    choices = {"max_iter": 12, "random_state": 0, "early_stopping": True}
    ours, theirs = MLPClassifier(**choices).fit(X, y), PeerClassifier(**choices).fit(X, y)
    for name in (name for name in vars(theirs) if name.endswith("_") and not name.startswith("_")):
        assert type(getattr(ours, name)) is type(getattr(theirs, name)) or name in ("n_iter_", "t_", "loss_"), name
    assert (ours.n_iter_, ours.n_layers_, ours.n_outputs_, ours.out_activation_) == (12, 3, 3, "softmax")
    assert [w.shape for w in ours.coefs_] == [w.shape for w in theirs.coefs_]
    assert len(ours.validation_scores_) == len(theirs.validation_scores_)
    assert ours.t_ == theirs.t_


@given(st.integers(2, 5), st.integers(1, 30), st.booleans(), st.integers(0, 2**32 - 1))
def test_the_score_that_chooses_is_accuracy(n_classes: int, n: int, weighted: bool, seed: int) -> None:
    rng = np.random.default_rng(seed)
    targets = Classes(np.arange(n_classes))
    y, outputs = rng.integers(0, n_classes, n), rng.random((n, targets.n_outputs))
    weight = rng.uniform(0.1, 2, n) if weighted else None
    wanted = accuracy_score(y, targets.decode(outputs), sample_weight=weight)
    assert targets.score(outputs, targets.encode(y, np.float32), weight) == wanted
