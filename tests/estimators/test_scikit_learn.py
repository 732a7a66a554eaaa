"""scikit-learn's own checks of an estimator, every one of them, with no expected failure."""

from __future__ import annotations

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from glasshouse import LogisticRegression, MLPClassifier, MLPRegressor, Perceptron


@pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning", "ignore::sklearn.exceptions.SkipTestWarning"
)
@parametrize_with_checks([Perceptron(), LogisticRegression(), MLPClassifier(), MLPRegressor()])
def test_scikit_learn_checks(estimator, check) -> None:
    check(estimator)
