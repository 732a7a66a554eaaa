"""What the two classifiers without a hidden layer share: the same engine, under two rows of its tables.

Both are z = w x + b. The perceptron decides by the sign of z and learns from its mistakes alone (the perceptron loss);
logistic regression passes z through a sigmoid, or softmax, and learns probabilities (cross-entropy).
"""

from __future__ import annotations

from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.multiclass import check_classification_targets

from ..network.network import Network
from .base import Array, BaseNetwork, classes_of, single_precision_holds
from .targets import Classes

__all__ = ["BaseLinear"]


class BaseLinear(ClassifierMixin, BaseNetwork):
    """A classifier without a hidden layer: decision values X coef_' + intercept_."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "fit_intercept": ["boolean"],
        "class_weight": [StrOptions({"balanced"}), dict, None],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "warm_start": ["boolean"],
    }

    def _classes(self, X: Any, y: Any, loss: str) -> tuple[Any, Array, Classes]:
        X, y = self._checked(X, y)
        check_classification_targets(y)
        targets = Classes(classes_of(y), loss)
        return single_precision_holds(X, np.float64), targets.checked(y), targets

    def _begun(self, X: Any, targets: Classes) -> Network | None:
        """The network of an earlier fit, for a warm start; None for zeros."""
        if not self.warm_start or not hasattr(self, "network_"):
            return None
        if not np.array_equal(self.classes_, targets.classes) or self.network_.n_features != X.shape[1]:
            raise ValueError("warm_start goes on with the columns and classes of the last fit: set warm_start=False")
        return self.network_.with_parameters(self.network_.parameters)

    @property
    def coef_(self) -> Array:
        """The weights, (1, n_features) for two classes, else (n_classes, n_features)."""
        return self.network_.views(self.network_.parameters)[0][0]

    @property
    def intercept_(self) -> Array:
        """The biases: (1,) for two classes, else (n_classes,)."""
        return self.network_.views(self.network_.parameters)[0][1]

    def decision_function(self, X: Any) -> Array:
        """w x + b: (n_samples,) for two classes, above 0 for the second, else (n_samples, n_classes)."""
        outputs = self._outputs(X, "identity")
        return outputs[:, 0] if outputs.shape[1] == 1 else outputs

    def predict(self, X: Any) -> Array:
        """The label with the largest decision value."""
        decision = self.decision_function(X)
        return np.asarray(self.classes_[(decision > 0).astype(int) if decision.ndim == 1 else decision.argmax(axis=1)])
