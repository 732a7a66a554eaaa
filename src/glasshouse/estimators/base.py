"""What the estimators share: checked parameters, the recipe they stand for, the fit, and what is left after it."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted, validate_data

from ..network.activations import ACTIVATIONS
from ..network.initializers import ALIASES, INITIALIZERS
from ..network.predictor import Predictor
from ..seeds import stream
from ..training.batches import Data
from ..training.loop import Validation, fit
from ..training.optimizers import OPTIMIZERS, SGD, Adam
from ..training.recipe import Recipe
from ..training.state import State
from ..training.watchers import Watcher
from .targets import Classes, Targets

__all__ = ["BaseMLP"]

Array = npt.NDArray[Any]
EARLY_STOPPING_FROM = 10_000  # samples: below, a tenth of them is worth more as training data
SINGLE_PRECISION_FROM = 1_000  # samples: below, float64 costs nothing


class BaseMLP(BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """A multilayer perceptron with scikit-learn's parameter names; see MLPClassifier and MLPRegressor."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
        "activation": [StrOptions({name for name, row in ACTIVATIONS.items() if row.elementwise} | {"logistic"})],
        "initializer": [StrOptions({"auto", *INITIALIZERS, *ALIASES})],
        "solver": [StrOptions(set(OPTIMIZERS))],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "shuffle": ["boolean"],
        "random_state": ["random_state"],
        "tol": [Interval(Real, 0, None, closed="left")],
        "early_stopping": [StrOptions({"auto"}), "boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "beta_1": [Interval(Real, 0, 1, closed="left")],
        "beta_2": [Interval(Real, 0, 1, closed="left")],
        "epsilon": [Interval(Real, 0, None, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "dtype": [StrOptions({"auto", "float32", "float64"})],
    }

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: str = "relu",
        *,
        initializer: str = "auto",
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate_init: float = 0.001,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        early_stopping: bool | str = "auto",
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: int = 10,
        dtype: str = "auto",
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.initializer = initializer
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate_init = learning_rate_init
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.dtype = dtype

    def _dtype_for(self, X: Array) -> str:
        if self.dtype != "auto":
            return self.dtype
        return "float64" if X.dtype == np.float64 and len(X) < SINGLE_PRECISION_FROM else "float32"

    def _recipe(self, targets: Targets, n_samples: int, dtype: str, validated: bool) -> Recipe:
        """Every choice of this fit. The L2 term is scikit-learn's: alpha over the samples of a batch."""
        batch_size = min(200, n_samples) if self.batch_size == "auto" else min(int(self.batch_size), n_samples)
        return Recipe(
            output=targets.output,
            loss=targets.loss,
            loss_scale=targets.loss_scale,
            hidden_layer_sizes=_sizes(self.hidden_layer_sizes),
            activation=self.activation,
            initializer=self.initializer,
            dtype=dtype,
            optimizer=Adam(self.beta_1, self.beta_2, self.epsilon) if self.solver == "adam" else SGD(),
            learning_rate=self.learning_rate_init,
            batch_size=batch_size,
            max_epochs=self.max_iter,
            shuffle=self.shuffle,
            l2=self.alpha / batch_size,
            monitor="validation_score" if validated else "loss",
            tol=self.tol,
            patience=self.n_iter_no_change,
            seed=int(check_random_state(self.random_state).randint(2**31 - 1)),
        )

    def _fit(
        self, X: Array, y: Array, targets: Targets, validation: tuple[Any, Any] | None, watchers: Sequence[Watcher]
    ) -> Self:
        dtype = self._dtype_for(X)
        early = len(X) > EARLY_STOPPING_FROM if self.early_stopping == "auto" else self.early_stopping
        recipe = self._recipe(targets, len(X), dtype, validated=bool(early) or validation is not None)
        Y = targets.encode(y, dtype)
        X = _within(np.ascontiguousarray(X), dtype)
        held_out = None
        if validation is not None:
            held_out = Data(*self._validation_rows(validation, targets, dtype))
        elif early:
            X, X_held, Y, Y_held = train_test_split(
                X,
                Y,
                test_size=self.validation_fraction,
                random_state=int(stream(recipe.seed, "split").integers(2**31 - 1)),
                stratify=y if isinstance(targets, Classes) and np.unique(y, return_counts=True)[1].min() > 1 else None,
            )
            held_out = Data(X_held, Y_held)
        chooser = None if held_out is None else Validation(held_out, targets.score)
        state = State.begun(recipe.initialized(X.shape[1], targets.n_outputs), recipe)
        fit(state, Data(X, Y), recipe, chooser, watchers)
        self.recipe_ = recipe
        self.targets_ = targets
        self.network_ = targets.finished(state.network)
        self.history_ = state.history
        self.n_iter_ = state.epoch
        self.t_ = state.step
        self.loss_curve_ = [row["loss"] for row in state.history]
        self.loss_ = self.loss_curve_[-1]
        self.best_loss_ = min(self.loss_curve_)
        self.validation_scores_ = None if chooser is None else [row["validation_score"] for row in state.history]
        self.best_validation_score_ = None if chooser is None or state.best is None else state.best.value
        self.n_outputs_ = targets.n_outputs
        self.n_layers_ = len(self.network_.layers) + 1
        self.out_activation_ = targets.output
        if state.waited < recipe.patience and chooser is None:
            warnings.warn(
                f"the loss had not settled after max_iter={recipe.max_epochs} epochs: raise max_iter",
                ConvergenceWarning,
                stacklevel=3,
            )
        return self

    def _validation_rows(self, validation: tuple[Any, Any], targets: Targets, dtype: str) -> tuple[Array, Array]:
        X, y = validation
        X = np.ascontiguousarray(validate_data(self, X, reset=False, dtype=(np.float64, np.float32)))
        y = np.asarray(y)
        if isinstance(targets, Classes) and not np.isin(y, targets.classes).all():
            unknown = np.setdiff1d(y, targets.classes).tolist()[0]
            raise ValueError(f"validation holds the class {unknown!r}, which y does not: leave such rows out")
        return X, targets.encode(y, dtype)

    def _outputs(self, X: Any) -> Array:
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=(np.float64, np.float32))
        return Predictor(self.network_)(_within(X, self.network_.dtype))

    @property
    def coefs_(self) -> list[Array]:
        """The weights of each layer as scikit-learn has them: (fan_in, fan_out)."""
        return [w.T for w, _ in self.network_.views(self.network_.parameters)]

    @property
    def intercepts_(self) -> list[Array]:
        """The biases of each layer: (fan_out,)."""
        return [b for _, b in self.network_.views(self.network_.parameters)]


def _sizes(hidden_layer_sizes: Any) -> tuple[int, ...]:
    sizes = np.atleast_1d(np.asarray(hidden_layer_sizes, dtype=object)).tolist()
    for size in sizes:
        if not isinstance(size, Integral) or size < 1:
            raise ValueError(
                f"hidden_layer_sizes holds {size!r}: every layer needs a whole number of units, at least 1"
            )
    return tuple(int(size) for size in sizes)


def _within(X: Array, dtype: npt.DTypeLike) -> Array:
    """X, if its numbers are numbers of this precision too."""
    largest = float(np.abs(X).max(initial=0)) if np.dtype(dtype).itemsize < X.dtype.itemsize else 0.0
    if largest > float(np.finfo(dtype).max):
        raise ValueError(
            f"X holds {largest:g}, too large for {np.dtype(dtype)}: scale the columns, or set dtype='float64'"
        )
    return X
