"""Columns too good to be true: one that alone tells the target, or some that add up to it.

Such a column is most often filled in after the target is known (a discharge code, a total), or numbers the recording
that the row was cut from. The scores are then right for these rows and worthless for the next ones.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..health.leaking import FEWEST, LOOKED_AT, guessing, told_alone
from ..seeds import stream
from ..tables.encoded import Encoded
from ..tables.encodings import CategoryEncoding, Encoding
from ..tables.splitting import Split
from ..tables.table import Table
from ..tables.words import is_number

__all__ = ["Leak", "leaks"]

Array = npt.NDArray[Any]
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
    classes = task == "classification"
    plain = guessing(y_seen, classes)
    found, start = [], 0
    for encoding in encoded.encodings:
        features = slice(start, start + len(encoding.features))
        start = features.stop
        leak = _alone(encoding.name, np.ascontiguousarray(X[:, features]), y_seen, classes)
        if leak is not None and plain > 0:
            found.append(leak)
    total = None if classes else _sum(rows.take(seen), encoded, y[seen])
    return sorted(found, key=lambda leak: -leak.score) + ([] if total is None else [total])


def _alone(name: str, X: Array, y: Array, classes: bool) -> Leak | None:
    """The column if trees that have not seen a row err on it little enough."""
    from sklearn.metrics import accuracy_score, r2_score

    told = told_alone(X, y, classes)
    return None if told is None else Leak((name,), float((accuracy_score if classes else r2_score)(y, told)))


def _counts(encoding: Encoding) -> bool:
    """Whether a column holds numbers, be they taken for a code."""
    levels = (*encoding.levels, *encoding.known) if isinstance(encoding, CategoryEncoding) else ()
    return encoding.kind == "number" or (len(levels) > 0 and all(map(is_number, levels)))


def _sum(rows: Table, encoded: Encoded, y: Array) -> Leak | None:
    """Number columns that add up to the target, some of them perhaps taken away."""
    names = [encoding.name for encoding in encoded.encodings if _counts(encoding)]
    if len(names) < 2:
        return None
    values = np.column_stack([rows.columns[name].numbers(name) for name in names])
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
