"""LogisticRegression: probabilities from one layer, brought to the minimum, with scikit-learn's names and manners."""

from __future__ import annotations

import os
from collections.abc import Sequence
from numbers import Real
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted

from ..network.initializers import Initializer
from ..network.predictor import PANEL
from ..training.batches import Data
from ..training.optimizers import LBFGS
from ..training.recipe import Recipe
from ..training.watchers import Watcher
from .base import Array, Run, answers, rows_that_count, shown_to_callbacks
from .linear import BaseLinear

__all__ = ["LogisticRegression"]


class LogisticRegression(BaseLinear):
    """Logistic regression: the probability of a class is the sigmoid, or softmax, of w x + b.

    The loss is cross-entropy plus ½ Σ w² / C, summed over the rows as in scikit-learn, brought to its minimum by
    L-BFGS; biases are not penalised.

    Parameters
    ----------
    C : float, default=1.0
        The inverse of the penalty's strength; ``np.inf`` for none.
    fit_intercept : bool, default=True
    tol : float, default=1e-8
        Stop when no part of the gradient of the mean loss is larger.
    max_iter : int, default=1000
        Iterations at most.
    class_weight : dict, 'balanced' or None, default=None
    warm_start : bool, default=False
        Begin with the weights of the last fit.

    Attributes
    ----------
    classes_ : (n_classes,)
    coef_, intercept_ : (1, n_features), (1,) for two classes, else (n_classes, n_features), (n_classes,)
    n_iter_ : int
        Iterations done.
    history_ : list of dict
        One flat row an iteration.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from glasshouse import LogisticRegression
    >>> X, y = load_iris(return_X_y=True)
    >>> LogisticRegression().fit(X, y).score(X, y) > 0.95
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseLinear._parameter_constraints,
        "C": [Interval(Real, 0, None, closed="right")],
        "tol": [Interval(Real, 0, None, closed="neither")],
    }
    _elsewhere: ClassVar[dict[str, str]] = {
        "penalty": "write C=numpy.inf for none, or MLPClassifier((), l1_ratio=1) for L1",
        "l1_ratio": "write MLPClassifier((), l1_ratio={!r})",
        "solver": "leave it out, it is L-BFGS",
        "random_state": "leave it out, nothing here is random",
        "n_jobs": "leave it out, GLASSHOUSE_NUM_THREADS says how many threads",
        "verbose": "leave it out, or give fit watchers",
    }

    @answers
    def __init__(
        self,
        *,
        C: float = 1.0,
        fit_intercept: bool = True,
        tol: float = 1e-8,
        max_iter: int = 1000,
        class_weight: Any = None,
        warm_start: bool = False,
    ):
        self.C = C
        self.fit_intercept = fit_intercept
        self.tol = tol
        self.max_iter = max_iter
        self.class_weight = class_weight
        self.warm_start = warm_start

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        watchers: Sequence[Watcher] = (),
        checkpoint: str | os.PathLike[str] | None = None,
        resume: bool = False,
    ) -> Self:
        """Train on X (n_samples, n_features) and labels y (n_samples,).

        Raises
        ------
        ValueError
            If X holds missing or infinite numbers, or y one class only.
        """
        shown = shown_to_callbacks(X, y, sample_weight)
        X, y, targets = self._classes(X, y, "cross_entropy")
        X, y, weight, _ = rows_that_count(X, y, self._weights(X, y, sample_weight, self.class_weight))
        mass = float(X.shape[0] if weight is None else weight.sum())
        recipe = Recipe(
            output=targets.output,
            loss=targets.loss,
            hidden_layer_sizes=(),
            initializer=Initializer("zeros"),
            dtype="float64",
            optimizer=LBFGS(),
            batch_size=min(PANEL, X.shape[0]),
            max_epochs=int(self.max_iter),
            l2=float(1 / (self.C * mass)),
            fit_intercept=bool(self.fit_intercept),
            tol=float(self.tol),
        )
        data = Data(X, targets.encode(y, "float64"), weight)
        return self._run(data, targets, recipe, None, Run(watchers, checkpoint, resume), self._begun(X, targets), shown)

    def predict_proba(self, X: Any) -> Array:
        """Probabilities (n_samples, n_classes), in the order of `classes_`."""
        check_is_fitted(self, "network_")
        return self.targets_.probabilities(self._outputs(X))

    def predict_log_proba(self, X: Any) -> Array:
        """The logarithm of `predict_proba`; -inf where a probability is 0."""
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))
