"""Perceptron and LogisticRegression are scikit-learn's, number by number: the same engine without a hidden layer."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine, make_classification
from sklearn.linear_model import LogisticRegression as PeerLogisticRegression
from sklearn.linear_model import Perceptron as PeerPerceptron
from sklearn.preprocessing import StandardScaler

from glasshouse import LogisticRegression, MLPClassifier, Perceptron

TABLES = [load_breast_cancer, load_iris, load_wine, load_digits]
quiet = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def standardised(load):
    X, y = load(return_X_y=True)
    return StandardScaler().fit_transform(X), y


@quiet
@pytest.mark.parametrize("class_weight", [None, "balanced", {0: 2.0, 1: 0.5}])
@pytest.mark.parametrize("max_iter", [1, 4, 20])
@pytest.mark.parametrize("load", TABLES)
def test_the_perceptron_makes_scikit_learns_updates(load, max_iter, class_weight) -> None:
    X, y = standardised(load)
    choices = {"shuffle": False, "tol": None, "max_iter": max_iter, "class_weight": class_weight}
    ours, theirs = Perceptron(**choices).fit(X, y), PeerPerceptron(**choices).fit(X, y)
    assert np.abs(ours.coef_ - theirs.coef_).max() <= 1e-10
    assert np.abs(ours.intercept_ - theirs.intercept_).max() <= 1e-10
    assert np.array_equal(ours.predict(X), theirs.predict(X))
    assert np.allclose(ours.decision_function(X), theirs.decision_function(X))


@quiet
@pytest.mark.parametrize("choices", [{"eta0": 0.1}, {"fit_intercept": False}])
def test_the_perceptrons_other_choices_are_scikit_learns(choices) -> None:
    X, y = standardised(load_wine)
    choices = {"shuffle": False, "tol": None, "max_iter": 5} | choices
    ours, theirs = Perceptron(**choices).fit(X, y), PeerPerceptron(**choices).fit(X, y)
    assert np.abs(ours.coef_ - theirs.coef_).max() <= 1e-10
    assert np.abs(ours.intercept_ - theirs.intercept_).max() <= 1e-10


def test_the_perceptron_stops_once_it_makes_no_mistake_and_on_no_improvement() -> None:
    X, y = standardised(load_wine)
    separable = Perceptron(shuffle=False, tol=None).fit(X, y)
    assert separable.n_iter_ < 50
    assert separable.score(X, y) == 1
    assert separable.history_[-1]["loss"] == 0
    X, y = make_classification(300, n_features=5, flip_y=0.3, random_state=0)
    assert Perceptron().fit(X, y).n_iter_ < 100


def test_the_perceptron_learns_and_and_not_xor() -> None:
    X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], float)
    assert Perceptron().fit(X, [0, 0, 0, 1]).score(X, [0, 0, 0, 1]) == 1
    assert Perceptron().fit(X, [0, 1, 1, 0]).score(X, [0, 1, 1, 0]) < 1


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("load", TABLES)
def test_logistic_regression_finds_scikit_learns_coefficients(load, weighted) -> None:
    X, y = standardised(load)
    weight = np.random.default_rng(0).uniform(0, 3, len(y)) if weighted else None
    ours = LogisticRegression().fit(X, y, weight)
    theirs = PeerLogisticRegression(tol=1e-10, max_iter=10_000).fit(X, y, weight)
    assert np.abs(ours.coef_ - theirs.coef_).max() <= 1e-4
    assert np.abs(ours.intercept_ - theirs.intercept_).max() <= 1e-4
    assert np.allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-5)
    assert np.allclose(ours.decision_function(X), theirs.decision_function(X), atol=1e-2)
    assert np.array_equal(ours.predict(X), theirs.predict(X))


@pytest.mark.parametrize(
    "choices", [{"C": 0.01}, {"C": 50.0}, {"fit_intercept": False}, {"class_weight": "balanced"}, {"C": np.inf}]
)
def test_logistic_regressions_other_choices_are_scikit_learns(choices) -> None:
    X, y = make_classification(400, n_features=6, n_informative=4, n_classes=3, flip_y=0.2, random_state=1)
    ours = LogisticRegression(**choices).fit(X, y)
    theirs = PeerLogisticRegression(tol=1e-10, max_iter=10_000, **choices).fit(X, y)
    assert np.allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-5)


@quiet
@pytest.mark.parametrize("estimator", [Perceptron(shuffle=False, max_iter=5), LogisticRegression()])
def test_csr_rows_are_dense_rows(estimator) -> None:
    X, y = load_digits(return_X_y=True)
    dense = estimator.fit(X / 16, y).coef_.copy()
    assert np.array_equal(estimator.fit(scipy.sparse.csr_array(X / 16), y).coef_, dense)
    assert np.array_equal(estimator.predict(scipy.sparse.csc_array(X / 16)), estimator.predict(X / 16))


def test_warm_starts_begin_where_the_last_fit_ended() -> None:
    X, y = standardised(load_digits)
    model = LogisticRegression(warm_start=True).fit(X, y)
    first = model.n_iter_
    assert first > 20
    assert model.fit(X, y).n_iter_ <= first + 1
    assert [row["epoch"] for row in model.history_] == list(range(1, model.n_iter_ + 1))
    for rows, labels in ((X[y < 2], y[y < 2]), (X, y + 7), (X[:, :5], y)):
        with pytest.raises(ValueError, match="warm_start goes on with the columns and classes of the last fit"):
            model.fit(rows, labels)
    no_bias = LogisticRegression(warm_start=True).fit(X, y).set_params(fit_intercept=False).fit(X, y)
    assert not no_bias.intercept_.any()


def test_parameters_of_scikit_learn_that_stand_elsewhere_are_answered() -> None:
    for wrong, message in (
        (lambda: Perceptron(penalty="l2"), r"Perceptron has no parameter 'penalty': write MLPClassifier\(\(\)"),
        (lambda: LogisticRegression(solver="saga"), "no parameter 'solver': leave it out, it is L-BFGS"),
        (lambda: LogisticRegression(maxiter=10), "no parameter 'maxiter': did you mean 'max_iter'"),
        (lambda: MLPClassifier(momentum=0.5), r"no parameter 'momentum': write solver=SGD\(momentum=0.5\)"),
        (lambda: MLPClassifier(zzz=1), "no parameter 'zzz': it has hidden_layer_sizes, activation"),
    ):
        with pytest.raises(TypeError, match=message):
            wrong()
    with pytest.raises(TypeError, match="sample_weight"):
        Perceptron().fit([[0.0], [1.0]], [0, 1], sample_weight=[1, 2])
