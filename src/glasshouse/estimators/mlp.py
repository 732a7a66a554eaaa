"""MLPClassifier and MLPRegressor: scikit-learn's names and manners on this package's loop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin, _fit_context
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from ..training.watchers import Watcher
from .base import Array, BaseMLP
from .targets import Classes, Numbers

__all__ = ["MLPClassifier", "MLPRegressor"]

PARAMETERS = """
    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int, default=(100,)
        Units of each hidden layer; ``()`` for none.
    activation : {'relu', 'tanh', 'sigmoid', 'logistic', 'identity'}, default='relu'
        Of the hidden layers.
    initializer : str, default='auto'
        'auto' gives every layer what its activation wants: he_normal for relu, glorot_uniform for tanh and sigmoid.
    solver : {'adam', 'sgd'}, default='adam'
        How a gradient becomes a step. 'sgd' is without momentum.
    alpha : float, default=0.0001
        L2: adds alpha / (2 * batch size) * sum of w² to the loss.
    batch_size : int or 'auto', default='auto'
        min(200, n_samples) if 'auto'.
    learning_rate_init : float, default=0.001
    max_iter : int, default=200
        Epochs at most.
    shuffle : bool, default=True
        Draw a new order of the rows every epoch.
    random_state : int, RandomState or None, default=None
        Seeds weights, order and the validation split.
    tol, n_iter_no_change : float, int, default=1e-4, 10
        Stop when the training loss, or the validation score if there is one, has not improved by `tol` for
        `n_iter_no_change` epochs.
    early_stopping : bool or 'auto', default='auto'
        Hold out `validation_fraction` of the rows to choose the best epoch. 'auto' does so above 10,000 rows.
    validation_fraction : float, default=0.1
    beta_1, beta_2, epsilon : float, default=0.9, 0.999, 1e-8
        Of Adam.
    dtype : {'auto', 'float32', 'float64'}, default='auto'
        Precision of the arithmetic. 'auto' is float64 for fewer than 1,000 rows of float64, else float32.
"""


class MLPClassifier(ClassifierMixin, BaseMLP):  # type: ignore[misc]  # scikit-learn is untyped
    __doc__ = f"""A multilayer perceptron that tells classes apart.

    Two classes are one sigmoid output, more are one softmax output each; the loss is cross-entropy,
    -Σ_c y_c log a_c, averaged over the batch.
{PARAMETERS}
    Attributes
    ----------
    classes_ : (n_classes,)
    network_ : Network
        Frozen layers over one vector of parameters.
    history_ : list of dict
        One row an epoch: epoch, loss and, with validation, validation_loss and validation_score.
    loss_curve_, n_iter_, coefs_, intercepts_ :
        As in scikit-learn, but that losses are without the L2 term.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.preprocessing import scale
    >>> from glasshouse import MLPClassifier
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> MLPClassifier(early_stopping=True, random_state=0).fit(scale(X), y).score(scale(X), y) > 0.9
    True
    """

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def fit(
        self, X: Any, y: Any, *, validation: tuple[Any, Any] | None = None, watchers: Sequence[Watcher] = ()
    ) -> Self:
        """Train on X (n_samples, n_features) and labels y (n_samples,).

        Parameters
        ----------
        validation : (X, y) or None
            Rows that choose the best epoch; nothing is then held out of X.
        watchers : sequence of Watcher
            Called after every step and epoch.

        Raises
        ------
        ValueError
            If X holds missing or infinite numbers, or y one class only.
        TrainingDiverged
            If the loss stops being finite: lower `learning_rate_init`.
        """
        X, y = validate_data(self, X, y, dtype=(np.float64, np.float32))
        check_classification_targets(y)
        self.classes_ = np.unique(y)
        if len(self.classes_) < 2:
            raise ValueError(
                f"y holds one class only, {self.classes_[0]!r}: a classifier needs rows of at least two classes"
            )
        return self._fit(X, y, Classes(self.classes_), validation, watchers)

    def predict_proba(self, X: Any) -> Array:
        """Probabilities (n_samples, n_classes), in the order of `classes_`."""
        check_is_fitted(self)
        return Classes(self.classes_).probabilities(self._outputs(X))

    def predict_log_proba(self, X: Any) -> Array:
        """The logarithm of `predict_proba`; -inf where a probability is 0."""
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def predict(self, X: Any) -> Array:
        """The likeliest label of each row."""
        check_is_fitted(self)
        return self.targets_.decode(self._outputs(X))


class MLPRegressor(RegressorMixin, BaseMLP):  # type: ignore[misc]  # scikit-learn is untyped
    __doc__ = f"""A multilayer perceptron that predicts numbers.

    The loss is ½ Σ (a - y)², averaged over the batch, on targets standardised to mean 0 and deviation 1; the scale is
    folded into the last layer afterwards.
{PARAMETERS}
    Attributes
    ----------
    network_ : Network
        Frozen layers over one vector of parameters; its outputs are in the units of y.
    history_ : list of dict
        One row an epoch: epoch, loss and, with validation, validation_loss and validation_score.
    loss_curve_, n_iter_, coefs_, intercepts_ :
        As in scikit-learn, but that losses are of standardised targets and without the L2 term.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from glasshouse import MLPRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = MLPRegressor(max_iter=50, early_stopping=True, random_state=0).fit(X * 20, y)
    >>> model.score(X * 20, y) > 0.4
    True
    """

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def fit(
        self, X: Any, y: Any, *, validation: tuple[Any, Any] | None = None, watchers: Sequence[Watcher] = ()
    ) -> Self:
        """Train on X (n_samples, n_features) and y (n_samples,) or (n_samples, n_outputs).

        Parameters
        ----------
        validation : (X, y) or None
            Rows that choose the best epoch; nothing is then held out of X.
        watchers : sequence of Watcher
            Called after every step and epoch.

        Raises
        ------
        ValueError
            If X or y hold missing or infinite numbers.
        TrainingDiverged
            If the loss stops being finite: lower `learning_rate_init`.
        """
        X, y = validate_data(self, X, y, dtype=(np.float64, np.float32), multi_output=True, y_numeric=True)
        y = np.asarray(y, np.float64)
        return self._fit(X, y, Numbers.of(y), validation, watchers)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def predict(self, X: Any) -> Array:
        """The predicted number of each row."""
        check_is_fitted(self)
        return self.targets_.decode(self._outputs(X))
