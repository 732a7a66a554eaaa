"""Plain predictors on the same rows, printed beside every network: majority or mean, a linear model, boosted trees."""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..estimators.targets import Classes, Target
from ..tables.encoded import Encoded
from ..training.watchers import Watcher, announce
from .scores import score_rows, scores

__all__ = ["Baseline", "baselines"]

Array = npt.NDArray[Any]
WORTH_THREADS = 5_000_000  # cells: below, threads that wait for each other cost more than they save on a busy machine


class Baseline(NamedTuple):
    """One plain predictor: its test scores, what each test row adds to them, and the seconds it took to train."""

    name: str
    scores: dict[str, float]
    rows: Array
    seconds: float


def baselines(
    targets: Target,
    train: tuple[Encoded, Array],
    test: tuple[Encoded, Array],
    seed: int,
    watchers: Sequence[Watcher] = (),
) -> list[Baseline]:
    """Train the plain predictors on encoded rows and judge them on others, the simplest first."""
    from sklearn.dummy import DummyClassifier, DummyRegressor
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression, Ridge
    from threadpoolctl import threadpool_limits

    if isinstance(targets, Classes):
        models = {
            "majority": DummyClassifier(),
            "logistic regression": LogisticRegression(max_iter=1000),
            "boosted trees": HistGradientBoostingClassifier(random_state=seed, early_stopping=_stopping(train[1])),
        }
    else:
        models = {
            "mean": DummyRegressor(),
            "ridge regression": Ridge(),
            "boosted trees": HistGradientBoostingRegressor(random_state=seed),
        }
    (X, y), (X_test, y_test) = (train[0].matrix(), train[1]), (test[0].matrix(), test[1])
    results = []
    for name, model in models.items():
        announce(watchers, name)
        started = time.perf_counter()
        with warnings.catch_warnings(), threadpool_limits(1 if X.size < WORTH_THREADS else None):
            warnings.simplefilter("ignore", ConvergenceWarning)  # a baseline near its optimum is a baseline
            model.fit(
                _for(name, X),
                y if isinstance(targets, Classes) else targets.encode(y, np.float64)[:, 0],
            )
        seconds = time.perf_counter() - started
        outputs = _outputs(model, targets, _for(name, X_test))
        results.append(Baseline(name, scores(targets, outputs, y_test), score_rows(targets, outputs, y_test), seconds))
    return results


def _for(name: str, X: Any) -> Any:
    """Boosted trees read arrays only."""
    return X.toarray() if name == "boosted trees" and hasattr(X, "indptr") else X


def _stopping(y: Array) -> bool | str:
    """The trees' default, unless a class has one row: that cannot be on both sides of the split they then make."""
    return "auto" if np.unique(y, return_counts=True)[1].min() > 1 else False


def _outputs(model: Any, targets: Target, X: Array) -> Array:
    if not isinstance(targets, Classes):
        return np.asarray(model.predict(X) * targets.scale[0] + targets.mean[0], np.float64)
    outputs = np.zeros((X.shape[0], len(targets.classes)))
    outputs[:, model.classes_] = model.predict_proba(X)
    return outputs
