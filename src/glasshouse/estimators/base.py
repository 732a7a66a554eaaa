"""What all estimators share: rows and weights checked, a run begun or resumed, and what is left after it."""

from __future__ import annotations

import difflib
import functools
import inspect
import os
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

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

from ..errors import HealthWarning, TrainingDiverged
from ..health.doctor import Doctor
from ..health.findings import Diagnosis
from ..health.prescription import warning_of
from ..health.remedies import Course
from ..network.network import Network
from ..network.predictor import Predictor, row_predictor
from ..training.batches import Data
from ..training.checkpoints import begin
from ..training.loop import Validation, fit
from ..training.recipe import Recipe
from ..training.state import State
from ..training.watchers import Watcher
from .callbacks import CallbackSupportMixin, callback_watchers, callbacks_done
from .targets import Numbers, Targets

if TYPE_CHECKING:
    from ..kernels import Row

__all__ = [
    "NUMBERS",
    "BaseNetwork",
    "Past",
    "Run",
    "answers",
    "classes_of",
    "single_precision_holds",
    "weights_of_classes",
]

Array = npt.NDArray[Any]
NUMBERS = (np.float64, np.float32, np.uint8)  # taken as they are; anything else becomes the first


class Past(NamedTuple):
    """What an earlier fit left that a warm start goes on with."""

    history: Sequence[dict[str, float]] = ()
    samples: int = 0


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
                cure = self._elsewhere[name].format(kwargs[name])
            else:
                near = difflib.get_close_matches(name, known, n=1)
                cure = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(known)}"
            raise TypeError(f"{type(self).__name__} has no parameter {name!r}: {cure}")
        init(self, *args, **kwargs)

    return answered


class BaseNetwork(CallbackSupportMixin, BaseEstimator):
    """An estimator whose model is a `Network`; see Perceptron, LogisticRegression, MLPClassifier, MLPRegressor."""

    health_: Diagnosis
    _elsewhere: ClassVar[dict[str, str]] = {}  # scikit-learn's parameters that are spelled otherwise here, and how

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _checked(self, X: Any, y: Any, **checks: Any) -> tuple[Any, Any]:
        """X (n_samples, n_features), an array or CSR, and y, as scikit-learn checks them."""
        X, y = validate_data(self, X, y, dtype=NUMBERS, accept_sparse="csr", **checks)
        return X, y

    def _weights(
        self, X: Any, y: Array, sample_weight: Any, class_weight: Any = None, classes: Array | None = None
    ) -> Array | None:
        """The weight of each row, those of its class included; None for equal ones."""
        if sample_weight is None and class_weight is None:
            return None
        weight = np.ones(X.shape[0])
        if sample_weight is not None:
            weight = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
        if class_weight is not None:
            weight = weight * weights_of_classes(class_weight, y, weight, classes)
        with np.errstate(over="ignore"):
            total = weight.sum()
        if not 0 < total < np.inf:
            raise ValueError(f"the weights of the rows add up to {total:g}: they must add up to a number above 0")
        return weight

    def _run(
        self,
        data: Data,
        targets: Targets,
        recipe: Recipe,
        validation: Validation | None,
        run: Run,
        network: Network | None,
        shown: dict[str, Any],
    ) -> Self:
        """Train, and keep what came of it; after a divergence the last finite weights are kept, and it is raised.

        A network that is given is one of an earlier fit, whose history goes on; `shown` is what callbacks see.
        """
        if not isinstance(run.watchers, Sequence) or not all(isinstance(watcher, Watcher) for watcher in run.watchers):
            raise TypeError(f"watchers is {run.watchers!r}: it must be a list of Watcher objects")
        before = Past() if network is None else Past(self.history_, self.t_)
        network = recipe.initialized(data.X.shape[1], targets.n_outputs) if network is None else network
        rows = (data,) if validation is None else (data, validation.data)
        state, keepers = begin(State.begun(network, recipe), rows, recipe, run.checkpoint, run.resume)
        if state.epoch:  # resumed: its history is the whole run's already
            before = Past()
        callbacks = callback_watchers(
            self, recipe.max_epochs, shown, lambda state: self._attributes(state, targets, recipe, validation, before)
        )
        doctors = [watcher for watcher in run.watchers if isinstance(watcher, Doctor)]
        new = [Doctor()] if self._is_watched() and not doctors else []
        doctors = doctors or new
        self.__dict__.pop("health_", None)
        try:
            fit(state, data, recipe, validation, [*run.watchers, *new, *callbacks, *keepers])
        except TrainingDiverged as error:
            self.__dict__.update(self._attributes(state, targets, recipe, validation, before))
            if doctors:
                self.health_ = error.diagnosis
            raise
        self.__dict__.update(self._attributes(state, targets, recipe, validation, before))
        callbacks_done(callbacks, state)
        self._warn(state, recipe, validation)
        for doctor in doctors:
            self.health_ = doctor.diagnose(state, data, recipe, self.__dict__.get("feature_names_in_", ()))
            self._warn_of_health(recipe)
        return self

    def _is_watched(self) -> bool:
        """Whether a doctor looks on; there is little to look at without hidden layers."""
        return False

    def _warn_of_health(self, recipe: Recipe) -> None:
        """Once for a line that calls `fit`, whatever was found: a search warns of its first ill network alone."""
        words = warning_of(self.health_, Course(recipe), type(self).__name__)
        if words is None:
            return
        caller = sys._getframe(5)
        said = caller.f_globals.setdefault("__warningregistry__", {})  # where Python keeps what has been said
        key = (HealthWarning, caller.f_lineno)
        if key not in said:
            warnings.warn(words, HealthWarning, stacklevel=6)
            said[key] = True

    def _warn(self, state: State, recipe: Recipe, validation: Validation | None) -> None:
        """Say how a fit ended, if not as it should."""
        row = state.history[-1]
        patient = recipe.patience is not None and state.waited < recipe.patience
        if state.interrupted:
            words = f"training was stopped by hand after epoch {state.epoch}: the model is the best so far"
            warnings.warn(words, UserWarning, stacklevel=6)
        elif state.settled and row.get("gradient", 0) > recipe.tol and validation is None:
            words = f"no step goes down any further, at a gradient of {row['gradient']:.2g}: scale the columns of X"
            warnings.warn(words, ConvergenceWarning, stacklevel=6)
        elif state.epoch >= recipe.max_epochs and validation is None and not state.settled and patient:
            words = f"the loss had not settled after max_iter={recipe.max_epochs} epochs: raise max_iter"
            warnings.warn(words, ConvergenceWarning, stacklevel=6)

    def _attributes(
        self, state: State, targets: Targets, recipe: Recipe, validation: Validation | None, before: Past
    ) -> dict[str, Any]:
        """What a fit leaves behind, by scikit-learn's names and our own."""
        history, earlier = state.history, len(before.history)
        if earlier:
            history = [*before.history, *({**row, "epoch": earlier + row["epoch"]} for row in state.history)]
        network = targets.finished(state.chosen())
        found = {
            "recipe_": recipe,
            "targets_": targets,
            "network_": network,
            "history_": history,
            "best_epoch_": None if state.best is None else earlier + state.best.epoch,
            "n_iter_": len(history),
            "t_": before.samples + state.samples,
            "n_outputs_": targets.n_outputs,
            "n_layers_": len(network.layers) + 1,
            "out_activation_": targets.output,
        }
        return found | ({} if isinstance(targets, Numbers) else {"classes_": targets.classes})

    def _outputs(self, X: Any, output: str | None = None) -> Array:
        """The network's outputs for rows of X; with `output`, under another activation of the last layer."""
        check_is_fitted(self, "network_")
        X = validate_data(self, X, reset=False, dtype=NUMBERS, accept_sparse="csr")
        network = self.network_ if output is None else self.network_.with_output(output)
        return Predictor(network)(single_precision_holds(X, self.network_.dtype))

    def predictor(self) -> Row:
        """A function of one row, about a microsecond a call: no checks but of type and length.

        It takes x (n_features,), an array in the precision of the network (`network_.dtype`), and returns the outputs:
        a probability of each class, or of the second of two; numbers; or the side of each line. They are always in
        the same array: copy what you keep.

        Raises
        ------
        NotFittedError
            Before `fit`.

        Examples
        --------
        >>> from glasshouse import LogisticRegression
        >>> LogisticRegression().fit([[-1.0], [1.0]], [0, 1]).predictor()(np.zeros(1))
        array([0.5])
        """
        check_is_fitted(self, "network_")
        return row_predictor(self.network_)

    @property
    def loss_curve_(self) -> list[float]:
        """The loss of each epoch, penalties included."""
        return [row["loss"] + row["penalty"] for row in self.history_]

    @property
    def loss_(self) -> float:
        """The last of `loss_curve_`."""
        return self.loss_curve_[-1] if self.history_ else float("nan")

    @property
    def best_loss_(self) -> float | None:
        """The smallest of `loss_curve_`; None where validation rows chose."""
        return None if self.best_epoch_ is not None or not self.history_ else min(self.loss_curve_)

    @property
    def validation_scores_(self) -> list[float] | None:
        """The score of the rows that chose, epoch by epoch; None where none did."""
        if self.best_epoch_ is None:
            return None
        return [row.get("validation_score", float("nan")) for row in self.history_]

    @property
    def best_validation_score_(self) -> float | None:
        """The score of the weights that were kept; None where no rows chose."""
        return None if self.best_epoch_ is None else self.history_[self.best_epoch_ - 1]["validation_score"]

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


def classes_of(y: Any) -> Array:
    """The classes in a column of labels.

    Raises
    ------
    ValueError
        If there is one only, or they cannot be told apart.
    """
    try:
        classes = np.unique(column_or_1d(y, warn=True))
    except TypeError as error:
        raise ValueError("y mixes words and numbers: write all labels as one of them") from error
    if len(classes) < 2:
        raise ValueError(
            f"y holds one class only, {classes.tolist()[0]!r}: a classifier needs rows of at least two classes"
        )
    return classes


def shown_to_callbacks(X: Any, y: Any, sample_weight: Any) -> dict[str, Any]:
    """What scikit-learn's callbacks are told of a fit: the user's own rows and weights."""
    metadata = {} if sample_weight is None else {"metadata": {"sample_weight": sample_weight}}
    return {"X": X, "y": y, **metadata}


def rows_that_count(X: Any, y: Array, weight: Array | None) -> tuple[Any, Array, Array | None, Array | None]:
    """X, y and weight without the rows of weight 0, and the numbers of those that stay (None for all)."""
    if weight is None or weight.all():
        return X, y, weight, None
    rows = np.flatnonzero(weight)
    return X[rows], y[rows], weight[rows], rows


def weights_of_classes(class_weight: Any, y: Array, sample_weight: Array, classes: Array | None = None) -> Array:
    """The weight of each row's class; 'balanced' gives all classes the same weight together, sample weights counted.

    Raises
    ------
    ValueError
        If a weight is negative or no number, or one is given for what is none of the classes (those of y, if None).
    """
    if y.ndim == 2:  # many labels: scikit-learn's product over the columns
        return np.asarray(compute_sample_weight(class_weight, y))
    present, places = np.unique(y, return_inverse=True)
    if isinstance(class_weight, str):
        total = np.bincount(places, weights=sample_weight)
        return np.asarray((total.sum() / (len(present) * np.where(total > 0, total, np.inf)))[places])
    if not isinstance(class_weight, Mapping):
        raise ValueError(f"class_weight is {class_weight!r}: give 'balanced', or the weight of each class")
    known = (present if classes is None else classes).tolist()
    for label, value in class_weight.items():
        if label not in known:
            raise ValueError(f"class_weight names the class {label!r}, which y does not hold: leave it out")
        good = isinstance(value, Real) and 0 <= float(value) < np.inf
        if not good:
            raise ValueError(f"class_weight of class {label!r} is {value!r}: it must be a number of at least 0")
    return np.array([float(class_weight.get(label, 1.0)) for label in present.tolist()])[places]


def single_precision_holds(X: Any, dtype: npt.DTypeLike) -> Any:
    """X, if its numbers are numbers of this precision too; a CSR matrix with every place once."""
    if sparse.issparse(X) and not X.has_canonical_format:
        X = X.copy()
        X.sum_duplicates()
    if sparse.issparse(X) and X.dtype == np.uint8:
        X = X.astype(np.float32)
    numbers = X.data if sparse.issparse(X) else np.ascontiguousarray(X)
    narrower = np.dtype(dtype).itemsize < X.dtype.itemsize and numbers.size > 0
    largest = float(max(numbers.max(), -numbers.min())) if narrower else 0.0  # without a second X in memory
    if largest > float(np.finfo(dtype).max):
        raise ValueError(
            f"X holds {largest:g}, too large for {np.dtype(dtype)}: scale the columns, or set dtype='float64'"
        )
    return X if sparse.issparse(X) else numbers
