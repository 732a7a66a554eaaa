"""Small rows and quick estimators for the tests of what people do to them."""

from __future__ import annotations

import numpy as np

from glasshouse import MLPClassifier, MLPRegressor

rng = np.random.default_rng(0)
X = rng.normal(0, 1, (60, 4))
y = (X[:, 0] + X[:, 1] > 0).astype(int)
y3 = np.digitize(X[:, 0], [-0.5, 0.5])
numbers = X[:, 0] * 3 + 1
two = np.column_stack((numbers, X[:, 1] * 1000))
labels = (X[:, :3] > 0).astype(int)


def classifier(**choices):
    return MLPClassifier(**{"hidden_layer_sizes": (5,), "max_iter": 5, "random_state": 0} | choices)


def regressor(**choices):
    return MLPRegressor(**{"hidden_layer_sizes": (5,), "max_iter": 5, "random_state": 0} | choices)
