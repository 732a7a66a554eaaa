"""Columns too good to be true: one that alone tells the target, or some that add up to it.

Such a column is most often filled in after the target is known (a discharge code, a total), or numbers the recording
that the row was cut from. The scores are then right for these rows and worthless for the next ones.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.metrics import accuracy_score, r2_score
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from ..seeds import stream
from ..tables.columns import is_number, numbers
from ..tables.encoded import Encoded
from ..tables.encodings import CategoryEncoding, Encoding
from ..tables.splitting import Split
from ..tables.table import Table

__all__ = ["Leak", "leaks"]

Array = npt.NDArray[Any]
LOOKED_AT = 3000  # rows: enough to tell 98 % from 97, and a column then costs milliseconds
FEWEST = 50  # rows, below which even a poor column is sometimes right on all of them
FOLDS = 5
CLOSED = 0.98  # of the distance from the commonest class, or from the mean, to no error at all
EXACT = 1e-6  # the largest share of the target's spread that a sum may be off: a float32 table's rounding


class Leak(NamedTuple):
    """Columns that tell the target: one alone, with its cross-validated score, or several as a sum.

    Attributes
    ----------
    score : float
        Accuracy, or R² for numbers.
    weights : tuple of int
        1 or -1 for each column of a sum; empty for a column alone.
    """

    columns: tuple[str, ...]
    score: float
    weights: tuple[int, ...] = ()


def leaks(rows: Table, encoded: Encoded, y: Array, task: str, parts: Split, seed: int) -> list[Leak]:
    """Look for them: a decision tree on each column alone, cross-validated on rows that are not for the test.

    Parameters
    ----------
    encoded : Encoded
        The rows as the network sees them.
    y : (n_rows,)
        The target.
    """
    rng = stream(seed, "leaks")
    seen = rng.permutation(np.concatenate((parts.train, parts.validation)))[:LOOKED_AT]
    if len(seen) < FEWEST or (task == "classification" and 2 * len(np.unique(y[seen])) > len(seen)):
        return []
    X, y_seen = encoded.take(seen).dense(), y[seen]
    if task == "classification":
        tree, plain = DecisionTreeClassifier(random_state=0), len(seen) - np.unique(y_seen, return_counts=True)[1].max()
    else:
        tree, plain = DecisionTreeRegressor(random_state=0), ((y_seen - y_seen.mean()) ** 2).sum()
    found, start = [], 0
    for encoding in encoded.encodings:
        features = slice(start, start + len(encoding.features))
        start = features.stop
        leak = _alone(encoding.name, np.ascontiguousarray(X[:, features]), y_seen, tree, float(plain))
        if leak is not None and plain > 0:
            found.append(leak)
    total = None if task == "classification" else _sum(rows.take(seen), encoded, y[seen])
    return sorted(found, key=lambda leak: -leak.score) + ([] if total is None else [total])


def _alone(name: str, X: Array, y: Array, tree: Any, plain: float) -> Leak | None:
    """The column if trees that have not seen a row err on it little enough: all of them less than `plain` does.

    Errors are wrong labels or squared distances, and once there are too many the other folds cannot mend it.
    """
    errors, score = 0.0, accuracy_score if isinstance(tree, DecisionTreeClassifier) else r2_score
    told = np.empty(len(y), y.dtype)
    for fold in np.array_split(np.arange(len(y)), FOLDS):
        others = np.delete(np.arange(len(y)), fold)
        tree.fit(X[others], y[others], check_input=False)
        told[fold] = tree.predict(X[fold], check_input=False)
        wrong = told[fold] != y[fold] if score is accuracy_score else (told[fold] - y[fold]) ** 2
        errors += float(wrong.sum())
        if errors > (1 - CLOSED) * plain:
            return None
    return Leak((name,), float(score(y, told)))


def _counts(encoding: Encoding) -> bool:
    """Whether a column holds numbers, be they taken for a code."""
    levels = (*encoding.levels, *encoding.known) if isinstance(encoding, CategoryEncoding) else ()
    return encoding.kind == "number" or (len(levels) > 0 and all(map(is_number, levels)))


def _sum(rows: Table, encoded: Encoded, y: Array) -> Leak | None:
    """Number columns that add up to the target, some of them perhaps taken away."""
    names = [encoding.name for encoding in encoded.encodings if _counts(encoding)]
    if len(names) < 2:
        return None
    values = np.column_stack([rows.columns[name].each(partial(numbers, name)) for name in names])
    whole = np.asarray(~np.isnan(values).any(axis=1))
    values, y = values[whole], y[whole]
    if len(y) < 2 * len(names) or np.ptp(y) == 0:  # few rows are the sum of many columns by chance
        return None
    scale = np.maximum(np.abs(values).max(axis=0), np.finfo(float).tiny)
    weights = np.linalg.lstsq(values / scale, y, rcond=None)[0] / scale
    ones = np.rint(weights)
    used = ones != 0
    if used.sum() < 2 or np.abs(ones).max() > 1 or np.abs(values @ ones - y).max() > EXACT * y.std():
        return None
    return Leak(tuple(np.array(names)[used].tolist()), 1.0, tuple(ones[used].astype(int).tolist()))
