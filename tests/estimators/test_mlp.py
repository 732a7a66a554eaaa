"""The estimators beyond scikit-learn's checks: scale of targets, validation, early stopping, what fit leaves behind."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.neural_network import MLPRegressor as PeerRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from glasshouse import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def parts(load):
    X, y = load(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    return train_test_split(X, y, random_state=0)


@pytest.mark.parametrize("load", [load_breast_cancer, load_iris])
@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic"])
def test_classifiers_learn(load, activation) -> None:
    X, X_test, y, y_test = parts(load)
    model = MLPClassifier(activation=activation, learning_rate_init=0.01, max_iter=100, random_state=0).fit(X, y)
    assert model.score(X_test, y_test) > 0.9
    probabilities = model.predict_proba(X_test)
    assert np.allclose(probabilities.sum(1), 1)
    assert np.array_equal(model.classes_[probabilities.argmax(1)], model.predict(X_test))
    assert np.allclose(np.exp(model.predict_log_proba(X_test)), probabilities)


def test_the_network_is_scikit_learns_network_of_the_same_weights() -> None:
    """The fitted weights, put into scikit-learn's own estimator, give the same predictions."""
    X, X_test, y, _ = parts(load_diabetes)
    ours = MLPRegressor((20, 10), activation="tanh", random_state=0, max_iter=30, dtype="float64").fit(X, y)
    peer = PeerRegressor(hidden_layer_sizes=(20, 10), activation="tanh", max_iter=1).fit(X, y)
    peer.coefs_, peer.intercepts_ = ours.coefs_, ours.intercepts_
    assert np.allclose(ours.predict(X_test), peer.predict(X_test), rtol=1e-12)


@pytest.mark.parametrize(("offset", "scale"), [(0, 1), (1e6, 1e-2), (-3, 1e9)])
def test_the_scale_of_the_targets_does_not_matter(offset, scale) -> None:
    X, X_test, y, y_test = parts(load_diabetes)
    plain = MLPRegressor(random_state=0, max_iter=40).fit(X, y)
    moved = MLPRegressor(random_state=0, max_iter=40).fit(X, y * scale + offset)
    assert moved.score(X_test, y_test * scale + offset) == pytest.approx(plain.score(X_test, y_test), abs=1e-3)
    assert plain.score(X_test, y_test) > 0.3


def test_several_numbers_at_once() -> None:
    X, X_test, y, _ = parts(load_diabetes)
    both = np.column_stack((y, -5 * y + 1))
    predicted = MLPRegressor(random_state=0, max_iter=100).fit(X, both).predict(X_test)
    assert predicted.shape == (len(X_test), 2)
    assert np.corrcoef(predicted.T)[0, 1] < -0.9


def test_validation_rows_choose_the_epoch() -> None:
    X, X_test, y, y_test = parts(load_breast_cancer)
    model = MLPClassifier(random_state=0).fit(X, y, validation=(X_test, y_test))
    assert model.score(X_test, y_test) == model.best_validation_score_ == max(model.validation_scores_)
    with pytest.raises(ValueError, match="validation holds the class 7, the classes are 0, 1"):
        model.fit(X, y, validation=(X_test, np.full(len(y_test), 7)))


def test_early_stopping_is_for_many_rows() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(0, 1, (10_001, 2)).astype(np.float32)
    y = (X[:, 0] > 0).astype(int)
    assert MLPClassifier((4,), max_iter=2, random_state=0).fit(X, y).validation_scores_ is not None
    assert MLPClassifier((4,), max_iter=2, random_state=0).fit(X[:-1], y[:-1]).validation_scores_ is None


def test_the_precision_follows_the_rows() -> None:
    X, _, y, _ = parts(load_breast_cancer)
    precision = lambda X, **choices: MLPClassifier(max_iter=2, **choices).fit(X, y).network_.dtype  # noqa: E731
    assert precision(X) == np.float64
    assert precision(X.astype(np.float32)) == np.float32
    assert precision(X, dtype="float32") == np.float32
    many = np.tile(X, (3, 1))
    assert MLPClassifier(max_iter=2).fit(many, np.tile(y, 3)).network_.dtype == np.float32


def test_numbers_too_large_for_the_precision_are_refused() -> None:
    X, _, y, _ = parts(load_breast_cancer)
    model = MLPClassifier(dtype="float32", max_iter=2).fit(X, y)
    with pytest.raises(ValueError, match=r"X holds 1e\+300, too large for float32"):
        model.predict(np.full((2, X.shape[1]), 1e300))


def test_a_fit_that_did_not_settle_says_so_and_one_that_did_does_not() -> None:
    X, _, y, _ = parts(load_iris)
    with pytest.warns(ConvergenceWarning, match="had not settled after max_iter=3 epochs"):
        MLPClassifier(max_iter=3).fit(X, y)
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        MLPClassifier(max_iter=30, tol=10, n_iter_no_change=28).fit(X, y)


def test_pipelines_grids_and_pickles() -> None:
    X, X_test, y, _ = parts(load_iris)
    grid = GridSearchCV(
        make_pipeline(StandardScaler(), MLPClassifier(max_iter=20, random_state=0)),
        {"mlpclassifier__initializer": ["he", "glorot"]},
        cv=2,
    ).fit(X, y)
    again = pickle.loads(pickle.dumps(grid.best_estimator_))
    assert np.array_equal(again.predict_proba(X_test), grid.predict_proba(X_test))


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"hidden_layer_sizes": (4.7,)}, "hidden_layer_sizes holds 4.7"),
        ({"activation": "softmax"}, "activation"),
        ({"initializer": "she"}, "initializer"),
        ({"early_stopping": "yes"}, "early_stopping"),
    ],
)
def test_mistaken_choices_are_named(choices, message) -> None:
    with pytest.raises(ValueError, match=message):
        MLPClassifier(**choices).fit([[0.0], [1.0]], [0, 1])
