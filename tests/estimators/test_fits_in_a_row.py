"""Fits that follow each other: failed calls, parts, warm starts, resumed runs and threads leave nothing half done."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from hostile import X, classifier, numbers, regressor, two, y, y3
from sklearn.exceptions import NotFittedError

from glasshouse import LogisticRegression, OptionError

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.mark.parametrize(
    "failing",
    [
        lambda model: model.partial_fit(X, y, classes=[0, 1], sample_weight=np.ones(3)),
        lambda model: model.partial_fit(X, y, classes=[5, 6]),
        lambda model: model.fit(X, y, groups=[1, 2]),
        lambda model: model.fit(X, y, watchers=None),
    ],
)
def test_a_call_that_failed_leaves_no_half_fitted_estimator(failing) -> None:
    model = classifier()
    with pytest.raises((ValueError, TypeError)):
        failing(model)
    with pytest.raises(NotFittedError):
        model.predict(X)
    assert model.partial_fit(X, y, classes=[0, 1]).predict(X).shape == (60,)


def test_what_a_part_or_a_warm_start_cannot_change_is_said() -> None:
    for changed in (
        {"solver": "sgd"},
        {"hidden_layer_sizes": (9,)},
        {"activation": "tanh"},
        {"loss": "squared_error"},
        {"density": 0.1},
        {"average": True},
    ):
        model = classifier().partial_fit(X, y).set_params(**changed)
        with pytest.raises(
            ValueError, match=r"partial_fit goes on with .*, which is now .*: set it back, or begin with fit"
        ):
            model.partial_fit(X, y)
        assert classifier().partial_fit(X, y).set_params(learning_rate_init=0.1).partial_fit(X, y).n_iter_ == 2
    for changed in ({"activation": "tanh"}, {"density": 0.3}, {"hidden_layer_sizes": (5, 5)}):
        model = classifier(warm_start=True).fit(X, y).set_params(**changed)
        with pytest.raises(
            ValueError, match="warm_start goes on with a network 4 - 5 relu - 1 sigmoid, these parameters"
        ):
            model.fit(X, y)
    with pytest.raises(ValueError, match="warm_start goes on with the classes of the last fit"):
        classifier(warm_start=True).fit(X, y).fit(X, y + 7)
    with pytest.raises(ValueError, match="warm_start goes on with a network 4 - 5 relu"):
        classifier(warm_start=True).fit(X, y).fit(X[:, :2], y)
    with pytest.raises(ValueError, match="warm_start goes on with a network 4 - 5 relu - 1 identity"):
        regressor(warm_start=True).fit(X, numbers).fit(X, two)


def test_a_fitted_model_answers_as_fitted_whatever_its_parameters_become() -> None:
    model = classifier().fit(X, y)
    before = model.predict(X)
    assert np.array_equal(model.set_params(loss="hinge").predict(X), before)
    assert hasattr(model, "predict_proba")


def test_another_loss_of_ones_own_does_not_go_on_from_a_checkpoint(tmp_path) -> None:
    def first(a, y):
        return ((a - y) ** 2).sum(1), 2 * (a - y)

    def second(a, y):
        return (abs(a - y)).sum(1), np.sign(a - y)

    regressor(loss=first).fit(X, numbers, checkpoint=tmp_path / "run")
    with pytest.raises(
        OptionError, match=r"was written with loss 'custom: .*first .*', this run has 'custom: .*second "
    ):
        regressor(loss=second).fit(X, numbers, checkpoint=tmp_path / "run", resume=True)
    more = regressor(loss=first, max_iter=9).fit(X, numbers, checkpoint=tmp_path / "run", resume=True)
    assert np.array_equal(more.predict(X), regressor(loss=first, max_iter=9).fit(X, numbers).predict(X))


def test_two_fits_in_two_threads_do_not_know_of_each_other() -> None:
    import threading

    found = {}

    def fit(name, kind):
        found[name] = kind.fit(X, y3).network_.parameters

    kinds = {
        "logistic": LogisticRegression,
        "lbfgs": lambda: classifier(solver="lbfgs", max_iter=80),
        "adam": lambda: classifier(max_iter=80),
    }
    threads = [threading.Thread(target=fit, args=((name, k), make())) for name, make in kinds.items() for k in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name, make in kinds.items():
        for k in range(3):
            assert np.array_equal(found[name, k], make().fit(X, y3).network_.parameters)


def squared(weight, a, y):
    return weight * ((a - y) ** 2).sum(1), 2 * weight * (a - y)


def test_what_a_loss_does_is_known_again_not_its_name_alone(tmp_path) -> None:
    for k, (one, other) in enumerate(
        (
            (functools.partial(squared, 1), functools.partial(squared, 9)),
            (lambda a, y: squared(1, a, y), lambda a, y: squared(2, a, y)),
        )
    ):
        regressor(loss=one, max_iter=2).fit(X, numbers, checkpoint=tmp_path / str(k))
        assert regressor(loss=one, max_iter=4).fit(X, numbers, checkpoint=tmp_path / str(k), resume=True).n_iter_ == 4
        with pytest.raises(OptionError, match="was written with loss"):
            regressor(loss=other, max_iter=4).fit(X, numbers, checkpoint=tmp_path / str(k), resume=True)


def test_parts_may_lack_a_class_and_cost_the_same_each() -> None:
    model = classifier(class_weight={0: 1, 1: 5})
    for _ in range(3):
        model.partial_fit(X[y == 0], y[y == 0], classes=[0, 1]).partial_fit(X[y == 1], y[y == 1])
    assert model.n_iter_ == 6
    history = model.history_
    assert model.partial_fit(X, y).history_ is history  # nothing is copied
    with pytest.raises(ValueError, match="y holds one class only, 0"):
        classifier().partial_fit(X, y * 0, classes=[0])
    for changed, message in (
        ({"loss": "hinge"}, "partial_fit goes on with loss 'cross_entropy', which is now 'hinge'"),
        ({"dtype": "float32"}, "partial_fit goes on with dtype 'float64', which is now 'float32'"),
        ({"hidden_layer_sizes": (9,)}, "partial_fit goes on with hidden_layer_sizes"),
    ):
        with pytest.raises(ValueError, match=message):
            classifier().fit(X, y).set_params(**changed).partial_fit(X, y)
    with pytest.raises(ValueError, match="partial_fit goes on with out_activation 'identity', which is now 'softplus'"):
        regressor().partial_fit(X, numbers).set_params(out_activation="softplus").partial_fit(X, numbers)
    broken = classifier(loss=lambda a, y: None)
    with pytest.raises(OptionError, match="a custom loss returned"):
        broken.partial_fit(X, y)
    with pytest.raises(NotFittedError):
        broken.predict(X)


def test_a_warm_start_that_is_resumed_counts_each_epoch_once(tmp_path) -> None:
    choices = {"warm_start": True, "n_iter_no_change": 50}
    model = classifier(max_iter=3, **choices).fit(X, y, checkpoint=tmp_path / "run")
    model.set_params(max_iter=6).fit(X, y, checkpoint=tmp_path / "run", resume=True)
    assert (model.n_iter_, model.t_) == (6, 360)
