"""MLPRegressor: a multilayer perceptron that predicts numbers, with scikit-learn's names and manners."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np
from scipy.sparse import issparse
from sklearn.base import RegressorMixin, _fit_context
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from ..network.losses import SMOOTH
from ..training.rewiring import Evolution
from ..training.watchers import Watcher
from .base import Array, Run, answers, rows_that_count, shown_to_callbacks
from .mlp import BaseMLP
from .targets import Numbers
from .words import FIT, LEAVES, PARAMETERS

__all__ = ["MLPRegressor"]

JUDGES_NUMBERS = ("squared_error", "absolute_error", "huber", "poisson")


class MLPRegressor(RegressorMixin, BaseMLP):
    __doc__ = f"""A multilayer perceptron that predicts numbers, one or several.

    The loss is ½ Σ (a - y)², averaged over the batch, on targets standardised to mean 0 and deviation 1; the scale is
    folded into the last layer afterwards. absolute_error and huber (which bends at one deviation) mind outliers less;
    poisson, a - y log a, is for counts, on exp outputs.
{PARAMETERS}    out_activation : str, default='auto'
        Of the outputs: identity, or exp for poisson. Others keep the targets as they are: 'sigmoid' for shares,
        'softplus' for positive numbers.

    Attributes
    ----------
{LEAVES}

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from glasshouse import MLPRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = MLPRegressor(max_iter=50, early_stopping=True, random_state=0).fit(X * 20, y)
    >>> model.score(X * 20, y) > 0.4
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseMLP._parameter_constraints,
        "loss": [StrOptions({*JUDGES_NUMBERS, "poisson"}), callable],
        "out_activation": [StrOptions({"auto", "logistic", *SMOOTH})],
    }

    @answers
    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
        loss: Any = "squared_error",
        out_activation: str = "auto",
        initializer: Any = "auto",
        solver: Any = "adam",
        alpha: float = 0.0001,
        l1_ratio: float = 0.0,
        batch_size: int | str = "auto",
        learning_rate: Any = "constant",
        learning_rate_init: float = 0.001,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: bool = False,
        warm_start: bool = False,
        early_stopping: bool | str = "auto",
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        dropout: Any = 0.0,
        clip_norm: float | None = None,
        average: bool | float = False,
        density: Any = 1.0,
        evolution: Evolution | None = None,
        dtype: str = "auto",
        watch_health: bool = True,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.loss = loss
        self.out_activation = out_activation
        self.initializer = initializer
        self.solver = solver
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.dropout = dropout
        self.clip_norm = clip_norm
        self.average = average
        self.density = density
        self.evolution = evolution
        self.dtype = dtype
        self.watch_health = watch_health

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        groups: Any = None,
        validation: tuple[Any, ...] | None = None,
        watchers: Sequence[Watcher] = (),
        checkpoint: str | os.PathLike[str] | None = None,
        resume: bool = False,
    ) -> Self:
        """Train on X (n_samples, n_features) and y (n_samples,) or (n_samples, n_outputs)."""
        X, y = self._checked(X, y, multi_output=True, y_numeric=True)
        y, shown = _numbers(y), shown_to_callbacks(X, y, sample_weight)
        weight, run = self._weights(X, y, sample_weight), Run(watchers, checkpoint, resume)
        _, counting, of_counting, _ = rows_that_count(X, y, weight)
        targets = self._targets(counting, of_counting)
        return self._fit(X, targets.checked(y), targets, weight, groups, validation, run, shown)

    fit.__doc__ = f"{fit.__doc__}\n{FIT}        "

    @available_if(BaseMLP._stochastic)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Take one epoch over these rows, going on from the last call, or from a fit.

        The first call learns the scale of the targets: give it rows like those to come.
        """
        first = not hasattr(self, "targets_")
        X, y = self._checked(X, y, multi_output=True, y_numeric=True, reset=first)
        y, weight = _numbers(y), self._weights(X, y, sample_weight)
        targets = self._targets(y, weight) if first else self.targets_
        return self._fit_part(X, targets.checked(y), targets, weight)

    def _targets(self, y: Array, weight: Array | None) -> Numbers:
        output = self.out_activation
        if output == "auto":
            output = "exp" if self.loss == "poisson" else "identity"
        return Numbers.of(y, weight, self.loss, {"logistic": "sigmoid"}.get(output, output))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def predict(self, X: Any) -> Array:
        """The predicted number of each row."""
        check_is_fitted(self, "network_")
        return self.targets_.decode(self._outputs(X))


def _numbers(y: Any) -> Array:
    return np.ascontiguousarray(y.toarray() if issparse(y) else y, np.float64)
