"""Preflight of an estimator: what its first weights, its rate and its rows will do, before it is trained."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import clone, is_regressor

from ..errors import OptionError
from ..health.preflight import Preflight, preflight_of
from ..training.batches import Data
from .base import single_precision_holds
from .mlp import BaseMLP

__all__ = ["preflight"]


def preflight(estimator: Any, X: Any, y: Any) -> Preflight:
    """Measure what an estimator will meet on these rows; nothing is trained, and the estimator is left as it is.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
        Its parameters are what is looked at.
    X, y : (n_samples, n_features), (n_samples,)

    Returns
    -------
    Preflight
        Print it: how signal comes through under each initialiser, which one is recommended and why, a learning rate,
        and what is wrong with the rows.

    Raises
    ------
    OptionError
        If it is no such estimator.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.preprocessing import scale
    >>> from glasshouse import MLPClassifier, preflight
    >>> X, y = load_iris(return_X_y=True)
    >>> preflight(MLPClassifier((50,) * 8, random_state=0), scale(X), y).recommended.name
    'orthogonal'
    """
    if not isinstance(estimator, BaseMLP):
        raise OptionError(
            f"{type(estimator).__name__} is no MLPClassifier or MLPRegressor: there is nothing to look at"
        )
    estimator, names = clone(estimator), [str(name) for name in getattr(X, "columns", ())]
    X, y = estimator._checked(X, y, multi_output=True, y_numeric=is_regressor(estimator))
    targets = estimator._targets(np.asarray(y, np.float64) if is_regressor(estimator) else y, None)
    dtype = estimator._dtype_for(X)
    data = Data(single_precision_holds(X, dtype), targets.encode(targets.checked(y), dtype))
    return preflight_of(estimator._recipe(targets, data, False, estimator._seed()), data, names)
