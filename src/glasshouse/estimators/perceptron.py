"""Perceptron: a line that moves whenever a row is on its wrong side, with scikit-learn's names and manners."""

from __future__ import annotations

import os
from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval

from ..network.initializers import Initializer
from ..training.batches import Data
from ..training.optimizers import SGD
from ..training.recipe import Recipe
from ..training.watchers import Watcher
from .base import Array, Run, answers, shown_to_callbacks, weights_of_classes
from .linear import BaseLinear

__all__ = ["Perceptron"]


class Perceptron(BaseLinear):
    """Rosenblatt's perceptron: a row on the wrong side of the line, or on it, moves the line by eta0 y x.

    The loss is max(0, -y z), z = w x + b, y = -1 or 1, taken row by row without a penalty; more than two classes are
    one line each, that class against the rest. The updates are those of scikit-learn's Perceptron without penalty. It
    stops as soon as an epoch makes no mistake, since nothing would change any more. `fit` takes no sample_weight: the
    rule depends on the order of the rows, so a row of weight 2 could not count as the row twice. Class weights scale
    the update: with two classes that of every row, with more that of a class's own rows on its own line.

    Parameters
    ----------
    eta0 : float, default=1.0
        The learning rate.
    fit_intercept : bool, default=True
    max_iter : int, default=1000
        Epochs at most.
    tol : float or None, default=1e-3
        Stop when the mean loss has not improved by this for `n_iter_no_change` epochs; None for no such stop.
    n_iter_no_change : int, default=5
    shuffle : bool, default=True
        Draw a new order of the rows every epoch.
    random_state : int, RandomState or None, default=0
    class_weight : dict, 'balanced' or None, default=None
    warm_start : bool, default=False
        Begin with the weights of the last fit.

    Attributes
    ----------
    classes_ : (n_classes,)
    coef_, intercept_ : (n_lines, n_features), (n_lines,)
    n_iter_ : int
        Epochs done.
    history_ : list of dict
        One flat row an epoch.

    References
    ----------
    Rosenblatt 1958, "The perceptron", Psychological Review 65.

    Examples
    --------
    >>> from glasshouse import Perceptron
    >>> X, y = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 0, 0, 1]  # AND
    >>> Perceptron().fit(X, y).predict(X).tolist()
    [0, 0, 0, 1]
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseLinear._parameter_constraints,
        "eta0": [Interval(Real, 0, None, closed="neither")],
        "tol": [Interval(Real, 0, None, closed="left"), None],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "shuffle": ["boolean"],
        "random_state": ["random_state"],
    }
    _elsewhere: ClassVar[dict[str, str]] = dict.fromkeys(
        ("penalty", "alpha", "l1_ratio", "early_stopping", "validation_fraction"),
        "write MLPClassifier((), loss='perceptron') for it",
    )

    @answers
    def __init__(
        self,
        *,
        eta0: float = 1.0,
        fit_intercept: bool = True,
        max_iter: int = 1000,
        tol: float | None = 1e-3,
        n_iter_no_change: int = 5,
        shuffle: bool = True,
        random_state: Any = 0,
        class_weight: Any = None,
        warm_start: bool = False,
    ):
        self.eta0 = eta0
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.shuffle = shuffle
        self.random_state = random_state
        self.class_weight = class_weight
        self.warm_start = warm_start

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: Any,
        y: Any,
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
        shown = shown_to_callbacks(X, y, None)
        X, y, targets = self._classes(X, y, "perceptron")
        recipe = Recipe(
            output=targets.output,
            loss=targets.loss,
            hidden_layer_sizes=(),
            initializer=Initializer("zeros"),
            dtype="float64",
            optimizer=SGD(momentum=0),
            learning_rate=float(self.eta0),
            batch_size=1,
            max_epochs=int(self.max_iter),
            shuffle=bool(self.shuffle),
            fit_intercept=bool(self.fit_intercept),
            tol=0.0 if self.tol is None else float(self.tol),
            patience=None if self.tol is None else int(self.n_iter_no_change),
            seed=int(check_random_state(self.random_state).randint(2**31 - 1)),
        )
        data = Data(X, self._weighted(targets.encode(y, "float64"), y, targets.classes))
        return self._run(data, targets, recipe, None, Run(watchers, checkpoint, resume), self._begun(X, targets), shown)

    def _weighted(self, Y: Array, y: Array, classes: Array) -> Array:
        """The signs Y, each times its class weight: max(0, -y z) and the update grow with y as they should."""
        if self.class_weight is None:
            return Y
        of_row = weights_of_classes(self.class_weight, y, np.ones(len(y)))
        weights = np.array([of_row[y == label][0] for label in classes.tolist()])
        rest = weights[0] if len(weights) == 2 else 1.0
        return np.where(Y > 0, weights[1:] if len(weights) == 2 else weights, -rest)
