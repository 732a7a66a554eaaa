"""What all estimators share: rows and weights checked, a run begun or resumed, and what is left after it."""

from __future__ import annotations

import difflib
import functools
import inspect
import os
import warnings
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.validation import (
    _check_sample_weight,
    check_is_fitted,
    column_or_1d,
    validate_data,
)

from ..errors import TrainingDiverged
from ..network.network import Network
from ..network.predictor import Predictor
from ..training.batches import Data
from ..training.checkpoints import begin
from ..training.loop import Validation, fit
from ..training.recipe import Recipe
from ..training.state import State
from ..training.watchers import Watcher
from .callbacks import CallbackSupportMixin, callback_watchers, callbacks_done
from .targets import Classes, Targets

__all__ = ["BaseNetwork", "Run", "answers", "checked_labels", "known_labels", "single_precision_holds"]

Array = npt.NDArray[Any]


class Run(NamedTuple):
    """How a fit runs, apart from what it learns from: who watches, and where it is kept."""

    watchers: Sequence[Watcher] = ()
    checkpoint: str | os.PathLike[str] | None = None
    resume: bool = False


def answers(init: Callable[..., None]) -> Callable[..., None]:
    """Decorate a constructor so that a parameter it does not have is answered with what to write instead."""
    known = list(inspect.signature(init).parameters)[1:]

    @functools.wraps(init)
    def answered(self: BaseNetwork, *args: Any, **kwargs: Any) -> None:
        for name in [name for name in kwargs if name not in known]:
            if name in self._elsewhere:
                cure = "write " + self._elsewhere[name].format(kwargs[name])
            else:
                near = difflib.get_close_matches(name, known, n=1)
                cure = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(known)}"
            raise TypeError(f"{type(self).__name__} has no parameter {name!r}: {cure}")
        init(self, *args, **kwargs)

    return answered


class BaseNetwork(CallbackSupportMixin, BaseEstimator):
    """An estimator whose model is a `Network`; see Perceptron, LogisticRegression, MLPClassifier, MLPRegressor."""

    _elsewhere: ClassVar[dict[str, str]] = {}  # scikit-learn's parameters that are spelled otherwise here, and how

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _checked(self, X: Any, y: Any, **checks: Any) -> tuple[Any, Any]:
        """X (n_samples, n_features), an array or CSR, and y, as scikit-learn checks them."""
        X, y = validate_data(self, X, y, dtype=(np.float64, np.float32), accept_sparse="csr", **checks)
        return X, y

    def _weights(self, X: Any, y: Array, sample_weight: Any, class_weight: Any = None) -> Array | None:
        """The weight of each row, those of its class included; None for equal ones."""
        if sample_weight is None and class_weight is None:
            return None
        weight = np.ones(X.shape[0])
        if sample_weight is not None:
            weight = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
            if not weight.any():
                raise ValueError("sample_weight is 0 for every row: at least one must count")
        if class_weight is not None:
            weight = weight * compute_sample_weight(class_weight, y)
        return weight

    def _run(
        self,
        data: Data,
        targets: Targets,
        recipe: Recipe,
        validation: Validation | None,
        run: Run,
        network: Network | None,
        shown: tuple[Any, Any],
    ) -> Self:
        """Train, and keep what came of it; after a divergence the last finite weights are kept, and it is raised."""
        network = recipe.initialized(data.X.shape[1], targets.n_outputs) if network is None else network
        rows = (data,) if validation is None else (data, validation.data)
        state, keepers = begin(State.begun(network, recipe), rows, recipe, run.checkpoint, run.resume)
        X, y = shown
        metadata = {} if data.weight is None else {"metadata": {"sample_weight": data.weight}}
        callbacks = callback_watchers(
            self,
            recipe.max_epochs,
            {"X": X, "y": y, **metadata},
            lambda state: self._attributes(state, targets, recipe, validation),
        )
        try:
            fit(state, data, recipe, validation, [*run.watchers, *callbacks, *keepers])
        except TrainingDiverged:
            self.__dict__.update(self._attributes(state, targets, recipe, validation))
            raise
        self.__dict__.update(self._attributes(state, targets, recipe, validation))
        callbacks_done(callbacks, state)
        out_of_patience = recipe.patience is None or state.waited >= recipe.patience
        if state.interrupted:
            warnings.warn(
                f"training was stopped by hand after epoch {state.epoch}: the model is the best so far", stacklevel=4
            )
        elif state.epoch >= recipe.max_epochs and validation is None and not (state.settled or out_of_patience):
            warnings.warn(
                f"the loss had not settled after max_iter={recipe.max_epochs} epochs: raise max_iter",
                ConvergenceWarning,
                stacklevel=4,
            )
        return self

    def _attributes(
        self, state: State, targets: Targets, recipe: Recipe, validation: Validation | None
    ) -> dict[str, Any]:
        """What a fit leaves behind, by scikit-learn's names and our own."""
        curve = [row["loss"] + row["penalty"] for row in state.history]
        scores = None if validation is None else [row["validation_score"] for row in state.history]
        network = targets.finished(state.chosen())
        found = {
            "recipe_": recipe,
            "targets_": targets,
            "network_": network,
            "history_": state.history,
            "n_iter_": state.epoch,
            "t_": state.samples,
            "loss_curve_": curve,
            "loss_": curve[-1] if curve else float("nan"),
            "best_loss_": min(curve) if curve and validation is None else None,
            "validation_scores_": scores,
            "best_validation_score_": max(scores) if scores else None,
            "n_outputs_": targets.n_outputs,
            "n_layers_": len(network.layers) + 1,
            "out_activation_": targets.output,
        }
        return found | ({"classes_": self.classes_} if hasattr(self, "classes_") else {})

    def _outputs(self, X: Any, output: str | None = None) -> Array:
        """The network's outputs for rows of X; with `output`, under another activation of the last layer."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=(np.float64, np.float32), accept_sparse="csr")
        network = self.network_ if output is None else self.network_.with_output(output)
        return Predictor(network)(single_precision_holds(X, self.network_.dtype))

    @property
    def coefs_(self) -> list[Array]:
        """The weights of each layer as scikit-learn has them: (fan_in, fan_out), with zeros where a layer is sparse."""
        return [
            layer.dense(w).T
            for layer, (w, _) in zip(self.network_.layers, self.network_.views(self.network_.parameters), strict=True)
        ]

    @property
    def intercepts_(self) -> list[Array]:
        """The biases of each layer: (fan_out,)."""
        return [b for _, b in self.network_.views(self.network_.parameters)]


def checked_labels(y: Any) -> tuple[Array, Array]:
    """A column of labels, and the classes in it.

    Raises
    ------
    ValueError
        If y holds one class only, or numbers that are no labels.
    """
    y = column_or_1d(y, warn=True)
    classes = np.unique(y)
    if len(classes) < 2:
        raise ValueError(f"y holds one class only, {classes[0]!r}: a classifier needs rows of at least two classes")
    return y, classes


def known_labels(y: Array, targets: Targets, where: str) -> Array:
    """y, if every label of it is among the classes."""
    if isinstance(targets, Classes) and not np.isin(y, targets.classes).all():
        unknown = np.setdiff1d(y, targets.classes).tolist()[0]
        raise ValueError(f"{where} holds the class {unknown!r}, which y does not: leave such rows out")
    return y


def single_precision_holds(X: Any, dtype: npt.DTypeLike) -> Any:
    """X, if its numbers are numbers of this precision too."""
    numbers = X.data if sparse.issparse(X) else np.ascontiguousarray(X)
    largest = float(np.abs(numbers).max(initial=0)) if np.dtype(dtype).itemsize < X.dtype.itemsize else 0.0
    if largest > float(np.finfo(dtype).max):
        raise ValueError(
            f"X holds {largest:g}, too large for {np.dtype(dtype)}: scale the columns, or set dtype='float64'"
        )
    return X if sparse.issparse(X) else numbers
