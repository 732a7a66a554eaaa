"""Inputs that alone tell the target: a small decision tree on one of them, judged on rows it has not seen."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["CLOSED", "Leaking", "guessing", "leaking", "told_alone"]

Array = npt.NDArray[Any]
LOOKED_AT = 3000  # rows: enough to tell 98 % from 97, and a column then costs milliseconds
FEWEST = 50  # rows, below which even a poor column is sometimes right on all of them
FOLDS = 5
CLOSED = 0.98  # of the distance from the commonest class, or from the mean, to no error at all


class Leaking(NamedTuple):
    """An input, and how far it goes alone from guessing to no error: 1 is all the way."""

    column: int
    closed: float


def guessing(y: Array, classes: bool) -> float:
    """The error of always answering the commonest class, or the mean: wrong labels, or squared distances."""
    if classes:
        return float(len(y) - np.unique(y, return_counts=True)[1].max())
    return float(((y - y.mean()) ** 2).sum())


def told_alone(X: Array, y: Array, classes: bool) -> Array | None:
    """What trees say of each row they have not seen, from these inputs alone; None once they err too much.

    Their errors must stay below 2 % of `guessing`: once there are more the other folds cannot mend it.
    """
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor  # 10 MB that a fit does not need

    tree = (DecisionTreeClassifier if classes else DecisionTreeRegressor)(random_state=0)
    errors, most, told = 0.0, (1 - CLOSED) * guessing(y, classes), np.empty(len(y), y.dtype)
    for fold in np.array_split(np.arange(len(y)), FOLDS):
        others = np.delete(np.arange(len(y)), fold)
        tree.fit(X[others], y[others], check_input=False)
        told[fold] = tree.predict(X[fold], check_input=False)
        wrong = told[fold] != y[fold] if classes else (told[fold] - y[fold]) ** 2
        errors += float(wrong.sum())
        if errors > most:
            return None
    return told


def leaking(X: Array, y: Array, classes: bool, rng: np.random.Generator) -> list[Leaking]:
    """Look at each column of X (n_samples, n_features) by itself."""
    some = rng.permutation(len(y))[:LOOKED_AT]
    X, y = np.asarray(X[some], np.float32), y[some]
    plain = guessing(y, classes)
    if len(y) < FEWEST or plain <= 0 or (classes and 2 * len(np.unique(y)) > len(y)):
        return []
    found = []
    for column in range(X.shape[1]):
        told = told_alone(np.ascontiguousarray(X[:, column : column + 1]), y, classes)
        if told is not None:
            wrong = told != y if classes else (told - y) ** 2
            found.append(Leaking(column, 1 - float(wrong.sum()) / plain))
    return found
