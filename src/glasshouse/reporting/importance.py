"""Which columns a model leans on: how far its score falls when the cells of one column are dealt out anew.

A column is permuted as a whole, so that the levels of a category or the parts of a date move together, on rows that
the model was not trained on where there are such (Breiman 2001).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn import metrics

from ..estimators.targets import Classes, Numbers
from ..models.model import Model
from ..network.predictor import Predictor
from ..tables.encoded import Encoded

__all__ = ["importance", "main_score"]

Array = npt.NDArray[Any]
ROWS, REPEATS = 2000, 5
FEWEST_ROWS, FEWEST_REPEATS = 100, 3
WORK = 3e9  # multiplications, about half a second: rows become fewer before it takes longer
MOST_COLUMNS = 1000
RARE = 0.2  # of the rows: a class below it makes accuracy say little


def main_score(model: Model, y: Array) -> str:
    """The score that stands for the model: accuracy, or the area under its curve where one class is rare; R²."""
    if isinstance(model.targets, Numbers):
        return "r2"
    share = np.mean(y == 1)
    two = len(model.one_column.classes) == 2 if isinstance(model.one_column, Classes) else False
    return "roc_auc" if two and 0 < min(share, 1 - share) < RARE and not (y < 0).any() else "accuracy"


def importance(model: Model, rows: Encoded, y: Array, metric: str, repeats: int = REPEATS) -> dict[str, Any]:
    """The mean drop of the score over some repeats, and its spread, of each column.

    Examples
    --------
    >>> import glasshouse as gh
    >>> from glasshouse.tables.reading import read_table
    >>> model = gh.train("example:iris", target="target", baselines=False, out="")
    >>> iris = read_table("example:iris")
    >>> found = importance(model, model.encoder.encode(iris), model.labels_in(iris).y, "accuracy")
    >>> max(found["columns"], key=lambda column: column["drop"])["name"].startswith("petal")
    True
    """
    encodings = rows.encodings[:MOST_COLUMNS]
    each = max(1, len(encodings)) * model.network.n_weights
    rng = np.random.default_rng(model.recipe.seed)
    n = int(min(len(y), ROWS, max(FEWEST_ROWS, WORK / (each * repeats))))
    if each * n * repeats > WORK:
        repeats = min(repeats, FEWEST_REPEATS)
    some = np.sort(rng.permutation(len(y))[:n])
    X, y = rows.write(some), y[some]
    if metric == "roc_auc" and len(np.unique(y)) < 2:  # the few rows of the rare class are not among these
        metric = "accuracy"
    predict = Predictor(model.network)
    whole = _score(metric, model, predict(X), y)
    start, columns = 0, []
    for encoding in encodings:
        features = slice(start, start + len(encoding.features))
        start = features.stop
        own = X[:, features].copy()
        drops = np.zeros(repeats)
        for k in range(repeats):
            X[:, features] = own[rng.permutation(n)]
            drops[k] = whole - _score(metric, model, predict(X), y)
        X[:, features] = own
        columns.append({"name": encoding.name, "drop": float(drops.mean()), "spread": float(drops.std())})
    return {
        "metric": metric,
        "score": whole,
        "rows": n,
        "of_rows": len(rows),
        "repeats": repeats,
        "columns": columns,
        "left_out": len(rows.encodings) - len(encodings),
    }


def _score(metric: str, model: Model, outputs: Array, y: Array) -> float:
    target = model.one_column
    if isinstance(target, Numbers):
        return float(metrics.r2_score(y, target.decode(outputs)))
    p = target.probabilities(outputs)
    if metric == "roc_auc":
        return float(metrics.roc_auc_score(y, p[:, 1]))
    return float(np.mean(p.argmax(axis=1) == y))
