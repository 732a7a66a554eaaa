"""What people do to estimators: it ends in a right result, or in one line with the thing, the value and the cure."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from hostile import X, classifier, labels, numbers, regressor, rng, two, y, y3
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression as PeerLogisticRegression

import glasshouse as gh
from glasshouse import LogisticRegression, MLPClassifier, MLPRegressor, OptionError, Perceptron

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def unscaled(kind):
    a = rng.normal(0, 1, 500)
    classes = (a + 0.5 * rng.normal(0, 1, 500) > 0).astype(int)
    columns = {
        "salary and age": np.column_stack((50_000 + 15_000 * a, rng.uniform(18, 80, 500))),
        "years": (2000 + 10 * a)[:, None],
        "pixels": np.clip(rng.random((500, 300)) * 255 + classes[:, None] * 5, 0, 255),
    }
    return columns[kind], classes


@pytest.mark.parametrize("kind", ["salary and age", "years", "pixels"])
def test_columns_that_nobody_scaled_are_learned_all_the_same(kind) -> None:
    rows, classes = unscaled(kind)
    ours = LogisticRegression().fit(rows, classes)
    theirs = PeerLogisticRegression(max_iter=10_000).fit(rows, classes)
    assert ours.score(rows, classes) >= theirs.score(rows, classes) - 0.01
    assert classifier(hidden_layer_sizes=(), solver="lbfgs", max_iter=500).fit(rows, classes).score(rows, classes) > 0.8


def test_an_end_short_of_the_minimum_is_said() -> None:
    rows, classes = unscaled("pixels")
    with pytest.warns(
        ConvergenceWarning, match=r"had not settled after max_iter=3 epochs|no step goes down any further"
    ):
        LogisticRegression(max_iter=3).fit(rows, classes)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        LogisticRegression().fit(X, y3)
    separable = MLPClassifier((), solver="lbfgs", alpha=0, tol=1e-300, max_iter=5000)
    assert separable.fit(X, y).score(X, y) == 1


def test_targets_in_any_memory_layout_and_kind_of_frame() -> None:
    for frame in (np.asfortranarray(two), pd.DataFrame(two), two.tolist()):
        assert np.array_equal(regressor().fit(X, frame).predict(X), regressor().fit(X, two).predict(X))
    for frame in (np.asfortranarray(labels), pd.DataFrame(labels), scipy.sparse.csr_array(labels)):
        assert np.array_equal(classifier().fit(X, frame).predict(X), classifier().fit(X, labels).predict(X))
    assert classifier().fit(X, y, validation=(X, y[:, None])).n_iter_ == 5


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (
            lambda: regressor().partial_fit(X, two).partial_fit(X, numbers),
            r"y has the shape \(60,\): give 2 numbers a row",
        ),
        (lambda: regressor().fit(X, two, validation=(X, numbers)), r"validation has the shape \(60,\): give 2 numbers"),
        (
            lambda: classifier().partial_fit(X, labels).partial_fit(X, labels * 2),
            "y holds 2: many labels are columns of 0",
        ),
        (lambda: classifier().fit(X, labels, validation=(X, labels * 0.7)), "validation holds 0.7: many labels"),
        (lambda: classifier().fit(X, labels * 5), "y holds 5: many labels are columns of 0 and 1"),
        (lambda: classifier().fit(X, labels * 2 - 1), "y holds -1: many labels"),
        (
            lambda: regressor(loss="poisson").partial_fit(X, y).partial_fit(X, -y),
            "poisson judges counts, and y holds -1",
        ),
        (
            lambda: regressor(loss="poisson").fit(X, y, validation=(X, -y)),
            "poisson judges counts, and validation holds -1",
        ),
        (lambda: classifier().partial_fit(X, y).partial_fit(X, labels), r"y has the shape \(60, 3\): give one column"),
        (lambda: classifier().partial_fit(X, labels).partial_fit(X, y), r"y has the shape \(60,\): give 3 columns"),
        (lambda: regressor().fit(X, numbers, validation=(X, numbers * np.nan)), "validation holds missing or infinite"),
        (lambda: regressor().fit(X, numbers, validation=(X, ["a"] * 60)), "validation holds what is no number"),
        (lambda: classifier().partial_fit(X, y, classes=[5, 6]), "y holds the class 0, the classes are 5, 6"),
        (
            lambda: classifier().fit(X, np.array([1, "a"] * 30, dtype=object)),
            "mixes words and numbers|different types|Unknown label",
        ),
        (lambda: classifier().fit(X, np.ones(60, int)), "y holds one class only, 1: a classifier needs"),
        (lambda: regressor().fit(X, np.full(60, 1e307) * 9), "too large to be averaged: scale it down"),
        (
            lambda: regressor(out_activation="relu", dtype="float32").fit(X, abs(numbers) * 1e39),
            "too large for float32",
        ),
    ],
)
def test_targets_that_do_not_fit_are_named(act, message) -> None:
    with pytest.raises(ValueError, match=message):
        act()


@pytest.mark.parametrize("scale", [1e-200, 1e160, 1e290])
def test_targets_of_any_size_are_predicted_in_their_size(scale) -> None:
    found = MLPRegressor((16,), solver="lbfgs", random_state=0).fit(X, numbers * scale).predict(X)
    assert np.corrcoef(found / scale, numbers)[0, 1] > 0.95
    assert np.abs(found / scale).max() < 20


def test_balanced_classes_count_the_weights_of_the_rows() -> None:
    weight = np.arange(60.0) ** 2
    ours = LogisticRegression(class_weight="balanced").fit(X, y3, weight)
    theirs = PeerLogisticRegression(class_weight="balanced", tol=1e-10, max_iter=10_000).fit(X, y3, weight)
    assert np.allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-4)


@pytest.mark.parametrize("kind", [classifier, LogisticRegression, Perceptron])
def test_class_weights_that_cannot_be_are_named(kind) -> None:
    for weights, message in (
        ({0: -1, 1: 1}, "class_weight of class 0 is -1: it must be a number of at least 0"),
        ({0: np.nan}, "class_weight of class 0 is nan"),
        ({0: None}, "class_weight of class 0 is None"),
        ({7: 1.0}, "class_weight names the class 7, which y does not hold"),
    ):
        with pytest.raises(ValueError, match=message):
            kind(class_weight=weights).fit(X, y)
    if kind is not Perceptron:
        with pytest.raises(ValueError, match="the weights of the rows add up to 0"):
            kind(class_weight={0: 0, 1: 0}).fit(X, y)
        with pytest.raises(ValueError, match="the weights of the rows add up to inf"):
            kind().fit(X, y, np.full(60, 1e308))


def test_a_row_of_weight_zero_takes_no_part_at_all() -> None:
    weight = np.ones(60)
    weight[:10] = 0
    far = X.copy()
    far[:10] = 1e30
    for dtype in ("float32", "float64"):
        one = classifier(dtype=dtype, early_stopping=True).fit(far, y, weight)
        other = classifier(dtype=dtype, early_stopping=True).fit(X[10:], y[10:])
        assert np.array_equal(one.network_.parameters, other.network_.parameters)


def test_rows_are_held_out_where_classes_are_many_or_rows_few() -> None:
    many = np.tile(X, (200, 1))
    assert MLPClassifier((5,), max_iter=1).fit(many, np.arange(12_000) // 9).n_iter_ == 1
    for choices, rows in (({"validation_fraction": 0.99}, 5), ({}, 1)):
        with pytest.raises(ValueError, match=r"change it, or early_stopping=False|at least two classes"):
            classifier(early_stopping=True, **choices).fit(X[:rows], y[:rows])
    with pytest.raises(ValueError, match="groups holds one group only"):
        classifier(early_stopping=True).fit(X, y, groups=np.zeros(60))
    with pytest.raises(ValueError, match="the rows left to train hold one class only"):
        classifier(early_stopping=True).fit(X, y, groups=y)


def test_csr_with_a_place_twice_is_their_sum() -> None:
    twice = scipy.sparse.csr_array((np.array([1.5, 2.5, 1.0]), np.array([0, 0, 1]), np.array([0, 2, 3])), shape=(2, 3))
    rows = scipy.sparse.vstack((twice, twice)).tocsr()
    dense = rows.toarray()
    target = [0, 1, 1, 0]
    assert np.array_equal(
        classifier().fit(rows, target).predict_proba(dense), classifier().fit(dense, target).predict_proba(rows)
    )


@pytest.mark.parametrize(
    ("act", "error", "message"),
    [
        (
            lambda: classifier().fit(X, y, watchers=gh.Watcher()),
            TypeError,
            "watchers is <.*>: it must be a list of Watcher",
        ),
        (lambda: classifier().fit(X, y, watchers=[print]), TypeError, "it must be a list of Watcher objects"),
        (lambda: classifier(loss=lambda a, y: None).fit(X, y), OptionError, "a custom loss returned NoneType: return"),
        (lambda: classifier(loss=lambda a, y: (a[:, 0] * 1j, a)).fit(X, y), OptionError, "returned complex128 and"),
        (lambda: classifier(dropout=["a"]).fit(X, y), OptionError, "dropout is 'a': it must be at least 0"),
        (lambda: classifier(dropout=[None]).fit(X, y), OptionError, "dropout is None"),
        (
            lambda: classifier(hidden_layer_sizes=(), dropout=0.5).fit(X, y),
            OptionError,
            "there are none: set dropout to 0",
        ),
        (lambda: MLPRegressor("poisson").fit(X, y), ValueError, "hidden_layer_sizes.*Got 'poisson'"),
        (lambda: classifier(learning_rate_init=1e39).fit(X.astype(np.float32), y), OptionError, "beyond float32"),
        (lambda: gh.Cosine("a"), OptionError, "final is 'a': it must be from 0 to 1"),
        (lambda: gh.StepDecay(1.5), OptionError, "every is 1.5: it must be a whole number"),
        (lambda: gh.Density("a"), OptionError, "density is 'a'"),
        (lambda: gh.Initializer(["normal"]), OptionError, "no initializer is called"),
        (lambda: gh.Initializer("normal", "a"), OptionError, "the scale of normal is 'a'"),
        (lambda: classifier().fit(X, y, checkpoint="/no/where/x"), gh.GlasshouseError, "there is no folder /no/where"),
        (lambda: classifier().fit(X, y, resume=True), OptionError, "resume needs the checkpoint"),
    ],
)
def test_choices_that_cannot_be_are_named(act, error, message) -> None:
    with pytest.raises(error, match=message):
        act()


def test_numbers_of_numpy_are_numbers_everywhere(tmp_path) -> None:
    model = classifier(
        early_stopping=np.True_,
        learning_rate=gh.Plateau(patience=np.int64(2)),
        solver=gh.SGD(momentum=np.float32(0.5)),
        initializer=gh.Initializer("normal", scale=np.float32(0.1)),
        max_iter=np.int64(3),
    )
    assert len(model.fit(X, y, checkpoint=tmp_path / "run").validation_scores_) == 3
    with pytest.raises(ValueError, match="partial_fit holds no rows out"):
        model.partial_fit(X, y)


def test_callbacks_see_the_users_own_rows_and_weights() -> None:
    callback = pytest.importorskip("sklearn.callback", reason="scikit-learn before 1.9 has no callbacks")
    weight = np.ones(60)
    weight[:5] = 0
    for choices, given in (({"early_stopping": True}, np.ones(60)), ({"class_weight": "balanced"}, None), ({}, weight)):
        monitor = callback.ScoringMonitor(scoring="accuracy")
        classifier(**choices).set_callbacks(monitor).fit(X, y, given)
        assert len([row for row in monitor.get_logs().data if row["task_name"] == "epoch"]) == 5


def test_rows_that_choose_are_weighted_like_rows_that_train() -> None:
    given = classifier(class_weight={0: 1, 1: 50}).fit(X, y, validation=(X, y))
    by_hand = classifier(class_weight={0: 1, 1: 50}).fit(X, y, validation=(X, y, np.ones(60)))
    assert given.history_ == by_hand.history_
    assert given.history_[0]["validation_loss"] == pytest.approx(given.history_[0]["loss"], rel=0.5)


def test_rows_of_weight_zero_decide_nothing() -> None:
    rows, weight = rng.normal(0, 1, (1200, 3)), np.zeros(1200)
    weight[:300] = 1
    target = rows[:, 0].copy()
    target[700] = 1e300
    one = MLPRegressor((4,), max_iter=3, random_state=0).fit(rows, target, weight)
    other = MLPRegressor((4,), max_iter=3, random_state=0).fit(rows[:300], target[:300])
    assert one.network_.dtype == other.network_.dtype == np.float64
    assert np.array_equal(one.network_.parameters, other.network_.parameters)
    rows[900] = 1e200
    assert MLPRegressor((4,), dtype="float32", max_iter=3).fit(rows, target, weight).n_iter_ == 3


def test_groups_of_any_kind_of_word() -> None:
    groups = np.array(["a", None, 3] * 20, dtype=object)
    assert (
        len(classifier(early_stopping=True, validation_fraction=0.4).fit(X, y, groups=groups).validation_scores_) == 5
    )
    with pytest.raises(ValueError, match=r"validation_fraction=0\.9 leaves no group on one side"):
        classifier(early_stopping=True, validation_fraction=0.9).fit(X, y, groups=np.arange(60) % 2)
