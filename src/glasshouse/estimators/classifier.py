"""MLPClassifier: a multilayer perceptron that tells classes apart, with scikit-learn's names and manners."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import ClassifierMixin, _fit_context
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_is_fitted

from ..network.losses import LOSSES
from ..training.rewiring import Evolution
from ..training.watchers import Watcher
from .base import Array, Run, answers, classes_of, shown_to_callbacks
from .mlp import BaseMLP
from .targets import Classes, Labels
from .words import FIT, LEAVES, PARAMETERS

__all__ = ["MLPClassifier"]

JUDGES_CLASSES = ("cross_entropy", "squared_error", "absolute_error", "huber", "hinge", "perceptron")


def _has_probabilities(estimator: Any) -> bool:
    if estimator._margins():
        raise AttributeError(
            f"loss {estimator.loss!r} learns no probabilities: use decision_function, or cross_entropy"
        )
    return True


def _has_margins(estimator: Any) -> bool:
    if not estimator._margins():
        raise AttributeError(f"loss {estimator.loss!r} learns probabilities: use predict_proba")
    return True


class MLPClassifier(ClassifierMixin, BaseMLP):
    __doc__ = f"""A multilayer perceptron that tells classes apart.

    Two classes are one sigmoid output, more are one softmax output each; a matrix y of zeros and ones is as many
    labels, a sigmoid output each. The loss is cross-entropy, -Σ_c y_c log a_c, averaged over the batch; squared_error,
    absolute_error and huber judge the same outputs. hinge and perceptron learn decision values, one class against the
    rest.
{PARAMETERS}    class_weight : dict, 'balanced' or None, default=None
        Multiplies the weight of every row of a class; 'balanced' gives all classes the same weight together.

    Attributes
    ----------
    classes_ : (n_classes,)
{LEAVES}

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.preprocessing import scale
    >>> from glasshouse import MLPClassifier
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> MLPClassifier(early_stopping=True, random_state=0).fit(scale(X), y).score(scale(X), y) > 0.9
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseMLP._parameter_constraints,
        "loss": [StrOptions(set(JUDGES_CLASSES)), callable],
        "class_weight": [StrOptions({"balanced"}), dict, list, None],
    }

    @answers
    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
        loss: Any = "cross_entropy",
        class_weight: Any = None,
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
        self.class_weight = class_weight
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

    def _margins(self) -> bool:
        """Whether decision values are learned instead of probabilities: as fitted, or as it would be."""
        loss = self.targets_.loss if hasattr(self, "targets_") else self.loss
        return isinstance(loss, str) and LOSSES[loss].targets == "-1 and 1"

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
        """Train on X (n_samples, n_features) and labels y (n_samples,), or (n_samples, n_labels) of zeros and ones."""
        X, y = self._checked(X, y, multi_output=True)
        shown, targets = shown_to_callbacks(X, y, sample_weight), self._targets(y)
        y, run = targets.checked(y), Run(watchers, checkpoint, resume)
        weight = self._weights(X, y, sample_weight, self.class_weight)
        return self._fit(X, y, targets, weight, groups, validation, run, shown)

    fit.__doc__ = f"{fit.__doc__}\n{FIT}        "

    @available_if(BaseMLP._stochastic)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Self:
        """Take one epoch over these rows, going on from the last call, or from a fit.

        Parameters
        ----------
        classes : (n_classes,) or None
            Every class there will be; needed at the first call only, unless y holds them all.
        """
        first = not hasattr(self, "targets_")
        X, y = self._checked(X, y, multi_output=True, reset=first)
        named = None if classes is None else np.unique(classes)
        targets = self._targets(y, named) if first else self.targets_
        if named is not None and not np.array_equal(named, targets.classes):
            raise ValueError(
                f"classes are {named.tolist()}, those so far {targets.classes.tolist()}: leave classes out"
            )
        y = targets.checked(y)
        weight = self._weights(X, y, sample_weight, self.class_weight, targets.classes)
        return self._fit_part(X, y, targets, weight)

    def _targets(self, y: Any, classes: Array | None = None) -> Classes | Labels:
        """What y holds: the classes of a column, or the labels of a matrix."""
        check_classification_targets(y)
        if type_of_target(y) == "multilabel-indicator":
            if isinstance(self.loss, str) and LOSSES[self.loss].targets == "-1 and 1":
                raise ValueError(
                    f"loss {self.loss!r} tells classes of one column apart: for many labels use cross_entropy"
                )
            return Labels(np.arange(y.shape[1]), self.loss)
        return Classes(classes_of(y if classes is None else classes), self.loss)

    @available_if(_has_probabilities)
    def predict_proba(self, X: Any) -> Array:
        """Probabilities (n_samples, n_classes), in the order of `classes_`."""
        check_is_fitted(self, "network_")
        return self.targets_.probabilities(self._outputs(X))

    @available_if(_has_probabilities)
    def predict_log_proba(self, X: Any) -> Array:
        """The logarithm of `predict_proba`; -inf where a probability is 0."""
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    @available_if(_has_margins)
    def decision_function(self, X: Any) -> Array:
        """z of the outputs: (n_samples,) for two classes, above 0 for the second, else (n_samples, n_classes)."""
        outputs = self._outputs(X, "identity")
        return outputs[:, 0] if outputs.shape[1] == 1 else outputs

    def predict(self, X: Any) -> Array:
        """The likeliest label of each row; with many labels, a 1 for each that is likelier than not."""
        check_is_fitted(self, "network_")
        return self.targets_.decode(self._outputs(X, "identity" if self._margins() else None))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
