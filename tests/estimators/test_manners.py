"""scikit-learn's manners beyond its checks: frames, CSR, weights, parts, warm starts, callbacks, checkpoints."""

from __future__ import annotations

import os
import pickle
import signal
import threading
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse
import sklearn
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, make_multilabel_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV, cross_val_score, cross_validate
from sklearn.preprocessing import StandardScaler

import glasshouse as gh
from glasshouse import LogisticRegression, MLPClassifier, MLPRegressor, Perceptron, TrainingDiverged
from glasshouse.training.batches import Data

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
QUICK = {"hidden_layer_sizes": (8,), "max_iter": 8, "random_state": 0}


def iris():
    X, y = load_iris(return_X_y=True)
    return StandardScaler().fit_transform(X), y


def cancer():
    X, y = load_breast_cancer(return_X_y=True)
    return StandardScaler().fit_transform(X), y


@pytest.mark.parametrize("estimator", [Perceptron(), LogisticRegression(), MLPClassifier(**QUICK)], ids=str)
def test_frames_are_arrays_with_names(estimator) -> None:
    X, y = iris()
    names = ["sepal length", "sepal width", "petal length", "petal width"]
    words = np.array(["setosa", "versicolor", "virginica"])[y]
    plain = estimator.fit(X, words).predict(X)
    for frame, series in (
        (pd.DataFrame(X, columns=names), pd.Series(words)),
        (pl.DataFrame(X, schema=names), pl.Series(words)),
    ):
        assert np.array_equal(clone(estimator).fit(frame, series).predict(frame), plain)
    estimator.fit(frame, series)
    assert estimator.feature_names_in_.tolist() == names
    with pytest.raises(ValueError, match="feature names"):
        estimator.predict(pd.DataFrame(X, columns=names[::-1]))


@pytest.mark.parametrize("validated", [False, True])
def test_csr_rows_are_dense_rows(validated) -> None:
    X, y = cancer()
    X[abs(X) < 0.5] = 0
    choices = QUICK | {"early_stopping": validated}
    dense, csr = MLPClassifier(**choices).fit(X, y), MLPClassifier(**choices).fit(scipy.sparse.csr_matrix(X), y)
    assert csr.loss_curve_ == dense.loss_curve_
    assert np.array_equal(csr.predict_proba(scipy.sparse.csr_array(X)), dense.predict_proba(X))


def test_many_labels_at_once() -> None:
    X, Y = make_multilabel_classification(400, 10, n_classes=4, random_state=0)
    X = StandardScaler().fit_transform(X)
    model = MLPClassifier((30,), learning_rate_init=0.01, max_iter=100, random_state=0).fit(X[:300], Y[:300])
    assert (model.out_activation_, model.n_outputs_) == ("sigmoid", 4)
    assert model.predict(X[300:]).shape == model.predict_proba(X[300:]).shape == (100, 4)
    assert set(np.unique(model.predict(X))) == {0, 1}
    assert roc_auc_score(Y[300:], model.predict_proba(X[300:])) > 0.8
    assert model.score(X, Y) == np.mean((model.predict(X) == Y).all(1))
    early = MLPClassifier((30,), early_stopping=True, random_state=0, max_iter=3).fit(X, Y)
    assert len(early.validation_scores_) == 3
    with pytest.raises(ValueError, match="tells classes of one column apart"):
        MLPClassifier(loss="hinge").fit(X, Y)


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "huber", "hinge", "perceptron"])
@pytest.mark.parametrize("load", [iris, cancer])
def test_classes_by_other_losses(loss, load) -> None:
    X, y = load()
    model = MLPClassifier((16,), loss=loss, learning_rate_init=0.01, max_iter=100, random_state=0).fit(X, y)
    assert model.score(X, y) > 0.85
    if loss in ("hinge", "perceptron"):
        assert not hasattr(model, "predict_proba")
        decision = model.decision_function(X)
        found = (decision > 0).astype(int) if decision.ndim == 1 else decision.argmax(1)
        assert np.array_equal(found, model.predict(X))
    else:
        assert not hasattr(model, "decision_function")
        assert np.allclose(model.predict_proba(X).sum(1), 1)


def test_counts_shares_and_outliers() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(0, 1, (600, 3))
    rate = np.exp(0.5 * X[:, 0] + 4)
    counts = rng.poisson(rate)
    model = MLPRegressor((16,), loss="poisson", learning_rate_init=0.01, random_state=0).fit(X, counts)
    assert model.out_activation_ == "exp"
    assert np.corrcoef(model.predict(X), rate)[0, 1] > 0.95
    assert abs(np.log(model.predict(X).mean() / rate.mean())) < 0.05
    with pytest.raises(ValueError, match="poisson judges counts, and y holds -1"):
        MLPRegressor(loss="poisson").fit(X, np.where(counts == counts.max(), -1, counts))
    with pytest.raises(ValueError, match="poisson cannot judge tanh outputs: give it exp or softplus"):
        MLPRegressor(loss="poisson", out_activation="tanh").fit(X, counts)
    shares = 1 / (1 + np.exp(-X[:, 0]))
    model = MLPRegressor((16,), out_activation="logistic", learning_rate_init=0.01, random_state=0).fit(X, shares)
    assert 0 < model.predict(X).min() < model.predict(X).max() < 1
    assert model.score(X, shares) > 0.95
    y = X[:, 0] + 0.0
    y[:30] += 200
    scores = {
        loss: MLPRegressor((8,), loss=loss, learning_rate_init=0.01, random_state=0).fit(X, y).score(X[30:], X[30:, 0])
        for loss in ("squared_error", "absolute_error", "huber")
    }
    assert scores["absolute_error"] > scores["squared_error"]


def test_a_loss_of_ones_own() -> None:
    X, y = load_diabetes(return_X_y=True)
    X = StandardScaler().fit_transform(X)

    def ninetieth(a, y):
        """The pinball loss of the 90 % quantile."""
        under = y > a
        return np.where(under, 0.9 * (y - a), 0.1 * (a - y)).sum(1), np.where(under, -0.9, 0.1)

    model = MLPRegressor((16,), loss=ninetieth, learning_rate_init=0.01, max_iter=100, random_state=0).fit(X, y)
    assert 0.82 < (y < model.predict(X)).mean() < 0.97
    assert model.recipe_.to_dict()["loss"].split()[1].endswith("ninetieth")
    with pytest.raises(ValueError, match="the gradient of a custom loss has the shape"):
        MLPRegressor(loss=lambda a, y: (a[:, 0], 0.0)).fit(X, y)


def test_every_layer_has_its_own_activation_and_dropout() -> None:
    X, y = iris()
    model = MLPClassifier((9, 7), ["gelu", "logistic"], dropout=[0.2, 0.0], max_iter=5, random_state=0).fit(X, y)
    assert [layer.activation for layer in model.network_.layers] == ["gelu", "sigmoid", "softmax"]
    assert model.recipe_.dropout == (0.2, 0.0)
    plain = MLPClassifier((9, 7), ["gelu", "logistic"], max_iter=5, random_state=0).fit(X, y)
    assert model.loss_curve_ != plain.loss_curve_
    assert np.array_equal(model.predict_proba(X), model.predict_proba(X))  # no dropout in prediction
    for wrong, message in (
        ({"activation": ["relu"] * 3}, "activation has 3 entries for 2 hidden layers"),
        ({"activation": ["relu", "sign"]}, "'sign' belongs to the last layer"),
        ({"dropout": [0.1] * 3}, "dropout has 3 entries for 2 hidden layers"),
        ({"dropout": 1.0}, "dropout"),
    ):
        with pytest.raises(ValueError, match=message):
            MLPClassifier((9, 7), **wrong).fit(X, y)


def test_small_objects_are_parameters_like_others() -> None:
    X, y = iris()
    model = MLPClassifier(
        (12, 12),
        solver=gh.SGD(0.5),
        learning_rate=gh.OneCycle(),
        initializer=gh.Initializer("orthogonal", 1.4),
        density=gh.Density(0.4, "uniform"),
        learning_rate_init=0.1,
        l1_ratio=0.5,
        clip_norm=1.0,
        average=0.9,
        max_iter=30,
        random_state=0,
    )
    with pytest.raises(ValueError, match="orthogonal needs every weight of a layer"):
        model.fit(X, y)
    model.set_params(initializer="he").fit(X, y)
    assert model.score(X, y) > 0.7
    assert (model.coefs_[0] != 0).sum() <= round(0.4 * 4 * 12)
    copy = clone(model)
    assert copy.get_params()["solver"] == gh.SGD(0.5)
    assert "SGD(momentum=0.5" in copy._repr_html_()
    assert np.array_equal(copy.fit(X, y).predict_proba(X), model.predict_proba(X))
    grid = {"solver": [gh.Adam(0.8), gh.RMSprop(), "lbfgs"], "activation": ["silu", ["elu", "tanh"]]}
    search = GridSearchCV(MLPClassifier((6, 6), max_iter=10, random_state=0), grid, cv=2).fit(X, y)
    assert len(search.cv_results_["params"]) == 6


def test_class_and_sample_weights_move_the_decision() -> None:
    X, y = cancer()
    rare = np.flatnonzero((y == 1) | (np.arange(len(y)) % 9 == 0))
    X, y = X[rare][:, :2], y[rare]
    found = {}
    for name, weight in (("none", None), ("balanced", "balanced"), ("dict", {0: 50.0, 1: 1.0})):
        model = MLPClassifier((), class_weight=weight, max_iter=300, learning_rate_init=0.01, random_state=0)
        found[name] = (model.fit(X, y).predict(X) == 0).mean()
    assert found["none"] < found["balanced"] < found["dict"]
    weight = np.where(y == 0, 50.0, 1.0)
    by_rows = MLPClassifier((), max_iter=300, learning_rate_init=0.01, random_state=0).fit(X, y, weight)
    assert (by_rows.predict(X) == 0).mean() == found["dict"]
    for wrong, message in ((-weight, "Negative"), (0 * weight, "weights"), (weight[:5], "sample_weight")):
        with pytest.raises(ValueError, match=message):
            MLPClassifier(**QUICK).fit(X, y, wrong)


def test_parts_of_the_rows_one_after_another() -> None:
    X, y = iris()
    order = np.random.default_rng(0).permutation(len(y))
    X, y = X[order], y[order]
    model = MLPClassifier((12,), learning_rate_init=0.02, random_state=0)
    for _ in range(40):
        for part in range(0, 150, 50):
            model.partial_fit(X[part : part + 50], y[part : part + 50], classes=[0, 1, 2])
    assert model.score(X, y) > 0.9
    assert (model.n_iter_, model.t_) == (120, 120 * 50)
    again = pickle.loads(pickle.dumps(model)).partial_fit(X[:50], y[:50])
    assert np.array_equal(model.partial_fit(X[:50], y[:50]).predict_proba(X), again.predict_proba(X))
    with pytest.raises(ValueError, match=r"classes are \[0, 1\], those so far \[0, 1, 2\]"):
        model.partial_fit(X, y, classes=[0, 1])
    with pytest.raises(ValueError, match="y holds the class 7"):
        model.partial_fit(X[:2], [0, 7])
    with pytest.raises(ValueError, match="partial_fit holds no rows out"):
        MLPClassifier(early_stopping=True).partial_fit(X, y)
    assert not hasattr(MLPClassifier(solver="lbfgs"), "partial_fit")
    numbers = MLPRegressor((8,), learning_rate_init=0.02, random_state=0)
    for _ in range(60):
        numbers.partial_fit(X[:, 1:], 100 + 50 * X[:, 0])
    assert numbers.score(X[:, 1:], 100 + 50 * X[:, 0]) > 0.8


def test_warm_starts_go_on_from_the_weights() -> None:
    X, y = load_diabetes(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    model = MLPRegressor((16,), warm_start=True, max_iter=30, learning_rate_init=0.01, random_state=0).fit(X, y)
    before = model.loss_curve_[-1]
    assert model.fit(X, y).loss_curve_[30] < before * 1.05
    assert (model.n_iter_, len(model.history_), model.t_) == (60, 60, 60 * len(y))
    model.set_params(hidden_layer_sizes=(17,))
    with pytest.raises(
        ValueError,
        match="warm_start goes on with a network 10 - 16 relu - 1 identity, these parameters make 10 - 17 relu",
    ):
        model.fit(X, y)
    after = MLPRegressor((16,), max_iter=3, random_state=0).fit(X, y)
    assert after.partial_fit(X, y).n_iter_ == 4
    assert after.loss_curve_[3] < after.loss_curve_[2] < after.loss_curve_[0]


def test_groups_stay_on_one_side() -> None:
    X, y = cancer()
    groups = np.arange(len(y)) // 10
    model = MLPClassifier(early_stopping=True, validation_fraction=0.2, **QUICK)
    train, held = model._held_out(Data(groups[:, None] * 1.0, y[:, None] * 1.0), y, None, groups, 0)
    assert not set(groups[train.rows]) & set(groups[held.rows])
    assert held.n_rows == pytest.approx(0.2 * len(y), abs=15)
    assert len(model.fit(X, y, groups=groups).validation_scores_) == 8
    for wrong in ({"early_stopping": False}, {"early_stopping": "auto"}):
        with pytest.raises(ValueError, match="groups keep rows together when some are held out, and none are"):
            MLPClassifier(**QUICK | wrong).fit(X, y, groups=groups)
    with pytest.raises(ValueError, match=r"groups has the shape \(5,\) for 569 rows"):
        model.fit(X, y, groups=groups[:5])


def test_validation_rows_have_their_own_weights_and_are_checked() -> None:
    X, y = cancer()
    weight = np.linspace(0, 1, 100)
    model = MLPClassifier(**QUICK).fit(X, y, validation=(X[:100], y[:100], weight))
    best = max(model.history_, key=lambda row: row["validation_score"])
    assert model.score(X[:100], y[:100], weight) == pytest.approx(best["validation_score"])
    for wrong, message in (
        (X[:10], "validation must be"),
        ((X[:10], y[:9]), "validation has 10 rows of X and 9 of y"),
        ((X[:10, :3], y[:10]), "features"),
        ((X[:3], [0, 1, 2]), "validation holds the class 2"),
    ):
        with pytest.raises(ValueError, match=message):
            MLPClassifier(**QUICK).fit(X, y, validation=wrong)


def test_scikit_learns_callbacks_see_every_epoch() -> None:
    callback = pytest.importorskip("sklearn.callback", reason="scikit-learn before 1.9 has no callbacks")
    X, y = iris()
    for model in (MLPClassifier(**QUICK), LogisticRegression(max_iter=8), Perceptron(max_iter=8, tol=None)):
        monitor = callback.ScoringMonitor(scoring=["accuracy"])
        model.set_callbacks(monitor).fit(X, y)
        rows = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
        assert len(rows) == model.n_iter_
        assert rows[-1]["accuracy"] == model.score(X, y)

    class StopAtThree:
        def setup(self, estimator, context) -> None: ...
        def teardown(self, estimator, context) -> None: ...
        def on_fit_task_begin(self, estimator, context) -> None: ...
        def on_fit_task_end(self, estimator, context) -> bool:
            return context.task_name == "epoch" and context.task_id == 2

    assert MLPClassifier(**QUICK).set_callbacks(StopAtThree()).fit(X, y).n_iter_ == 3


def test_metadata_is_routed() -> None:
    X, y = cancer()
    with sklearn.config_context(enable_metadata_routing=True):
        model = MLPClassifier(early_stopping=True, learning_rate_init=0.02, **QUICK).set_fit_request(
            sample_weight=True, groups=True
        )
        found = cross_validate(
            model.set_score_request(sample_weight=True),
            X,
            y,
            cv=3,
            params={"sample_weight": np.ones(len(y)), "groups": np.arange(len(y)) // 5},
        )
        assert found["test_score"].min() > 0.8


def test_folds_run_in_threads() -> None:
    X, y = iris()
    model = MLPClassifier((16,), max_iter=30, random_state=0)
    alone = cross_val_score(model, X, y, cv=4)
    import joblib

    with joblib.parallel_backend("threading", n_jobs=4):
        assert np.array_equal(cross_val_score(model, X, y, cv=4), alone)


def test_the_history_is_flat_rows_for_any_frame(capsys) -> None:
    X, y = cancer()
    model = MLPClassifier(early_stopping=True, verbose=True, **QUICK).fit(X, y)
    frame = pd.DataFrame(model.history_)
    names = ["epoch", "loss", "penalty", "learning_rate", "validation_loss", "validation_score"]
    assert frame.columns.tolist() == pl.DataFrame(model.history_).columns == names
    assert np.allclose(frame["loss"] + frame["penalty"], model.loss_curve_)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 8
    assert lines[0].startswith("Epoch 1, loss = 0.")
    assert "validation_score" not in lines[0]
    assert "validation score = " in lines[0]


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_after_a_divergence_the_last_finite_weights_are_kept(kind) -> None:
    X, y = cancer()
    model = kind((8, 8), solver=gh.SGD(0), activation="exp", learning_rate_init=10.0, random_state=0)
    with pytest.raises(TrainingDiverged, match=r"training diverged in epoch \d+, step \d+: .*try learning rate 1\n"):
        model.fit(X, y)
    assert all(np.isfinite(w).all() for w in (*model.coefs_, *model.intercepts_))
    with np.errstate(all="ignore"):
        assert model.predict(X).shape == y.shape


@pytest.mark.parametrize("estimator", [MLPClassifier(**QUICK), LogisticRegression(), Perceptron(max_iter=8, tol=None)])
def test_a_fit_is_resumed_to_the_bit(estimator, tmp_path) -> None:
    X, y = iris()
    whole = clone(estimator).fit(X, y)

    class Stop(gh.Watcher):
        def after_epoch(self, state):
            if state.epoch == 4:
                raise RuntimeError("the power went")

    path = tmp_path / "run.checkpoint"
    with pytest.raises(RuntimeError, match="the power went"):
        clone(estimator).fit(X, y, watchers=[Stop()], checkpoint=path)
    with pytest.raises(ValueError, match="exists: go on from it with resume"):
        clone(estimator).fit(X, y, checkpoint=path)
    resumed = clone(estimator).fit(X, y, checkpoint=path, resume=True)
    assert np.array_equal(resumed.network_.parameters, whole.network_.parameters)
    assert resumed.history_ == whole.history_


def test_ctrl_c_ends_a_fit_with_the_best_so_far() -> None:
    X, y = cancer()
    model = MLPClassifier((64, 64), max_iter=100_000, tol=0.0, n_iter_no_change=100_000, random_state=0)
    done = threading.Event()

    def press_until_it_ends() -> None:  # Python loses a Ctrl-C that falls into the end of somebody else's object
        while not done.wait(1.0):
            os.kill(os.getpid(), signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
    threading.Thread(target=press_until_it_ends).start()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            with pytest.warns(UserWarning, match="training was stopped by hand after epoch"):
                model.fit(X, y)
    finally:
        done.set()
        signal.signal(signal.SIGINT, before)
    assert 0 < model.n_iter_ < 100_000
    assert model.score(X, y) > 0.9
