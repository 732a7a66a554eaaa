"""The loss curve as drawn: its lines are the history, its marks are where they belong, and nothing to draw is said."""

from __future__ import annotations

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.datasets import load_iris

from glasshouse import LogisticRegression, LossCurveDisplay, MLPClassifier
from glasshouse.errors import OptionError

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def test_the_lines_are_the_history() -> None:
    X, y = load_iris(return_X_y=True)
    model = MLPClassifier(max_iter=30, early_stopping=True, random_state=0).fit(X, y)
    display = LossCurveDisplay.from_estimator(model, log=True)
    for line, name in zip(display.lines_, ("loss", "validation_loss"), strict=True):
        assert np.array_equal(line.get_ydata(), [row[name] for row in model.history_])
        assert line.get_xdata()[-1] == model.n_iter_
    assert display.ax_.get_yscale() == "log"
    best = max(model.history_, key=lambda row: row["validation_score"])
    words = f"best score {model.best_validation_score_:.3f}, epoch {best['epoch']}"
    assert display.ax_.texts[0].get_text() == words
    plt.close(display.figure_)


def test_it_draws_where_it_is_told_and_says_when_there_is_nothing() -> None:
    X, y = load_iris(return_X_y=True)
    figure, (left, right) = plt.subplots(1, 2)
    display = LossCurveDisplay.from_estimator(LogisticRegression().fit(X, y), ax=right)
    assert display.figure_ is figure
    assert (len(left.lines), len(right.lines)) == (0, 1)
    plt.close(figure)
    with pytest.raises(OptionError, match="MLPClassifier has no history: fit it first"):
        LossCurveDisplay.from_estimator(MLPClassifier())
    with pytest.raises(OptionError, match="there is no epoch to draw"):
        LossCurveDisplay([])


def test_a_history_of_several_fits_is_drawn_whole_and_the_kept_epoch_marked() -> None:
    X, y = load_iris(return_X_y=True)
    model = MLPClassifier(max_iter=6, early_stopping=True, warm_start=True, random_state=0)
    for early in (False, True, True):
        model.set_params(early_stopping=early).fit(X, y)
    display = LossCurveDisplay.from_estimator(model)
    assert [len(line.get_xdata()) for line in display.lines_] == [18, 18]
    kept = model.history_[model.best_epoch_ - 1]
    assert 13 <= model.best_epoch_ <= 18
    assert kept["validation_score"] == model.best_validation_score_
    assert display.ax_.texts[0].get_text() == f"best score {kept['validation_score']:.3f}, epoch {model.best_epoch_}"
    plt.close(display.figure_)
    partly = LossCurveDisplay.from_estimator(model.set_params(early_stopping=False).partial_fit(X, y))
    assert partly.lines_[1].get_xdata()[-1] == 19
    plt.close(partly.figure_)
