"""Which columns a model leans on: how far its score falls when the cells of one column are dealt out anew.

A column is permuted as a whole, so that the levels of a category or the parts of a date move together, on rows that
the model was not trained on where there are such (Breiman 2001).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn import metrics

from ..estimators.targets import Numbers
from ..models.model import Model
from ..network.predictor import Predictor
from ..tables.encoded import Encoded
from .judged import area

__all__ = ["importance"]

Array = npt.NDArray[Any]
ROWS, REPEATS = 2000, 5
FEWEST_ROWS, FEWEST_REPEATS = 100, 3
WORK = 2e10  # multiplications, about a second: rows become fewer, then repeats, then columns, before it takes longer
MOST_COLUMNS = 1000
ANSWER = 100  # multiplications that one output costs besides, until it is a probability and a score


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
    tried = min(len(rows.encodings), MOST_COLUMNS)
    each = model.network.n_weights + ANSWER * model.network.n_outputs
    rng = np.random.default_rng(model.recipe.seed)
    n = int(min(len(y), ROWS, max(FEWEST_ROWS, WORK / (each * max(1, tried) * repeats))))
    if each * tried * n * repeats > WORK:
        repeats = min(repeats, FEWEST_REPEATS)
    tried = min(tried, int(WORK / (each * n * repeats)))
    start, places = 0, []
    for encoding in rows.encodings:
        places.append(slice(start, start + len(encoding.features)))
        start = places[-1].stop
    some = np.sort(rng.permutation(len(y))[:n])
    X, y = rows.write(some), y[some]
    if metric == "roc_auc" and len(np.unique(y)) < 2:  # the few rows of the rare class are not among these
        metric = "accuracy"
    predict = Predictor(model.network)
    whole = _score(metric, model, predict(X), y)
    columns = []
    for k in _heaviest(model, places, tried):
        features = places[k]
        own = X[:, features].copy()
        drops = np.zeros(repeats)
        for deal in range(repeats):
            X[:, features] = own[rng.permutation(n)]
            drops[deal] = whole - _score(metric, model, predict(X), y)
        X[:, features] = own
        columns.append({"name": rows.encodings[k].name, "drop": float(drops.mean()), "spread": float(drops.std())})
    return {
        "metric": metric,
        "score": whole,
        "rows": n,
        "of_rows": len(rows),
        "repeats": repeats,
        "columns": columns,
        "left_out": len(rows.encodings) - len(columns),
    }


def _heaviest(model: Model, places: Sequence[slice], most: int) -> list[int]:
    """The columns that have the largest weights in the first layer, in the order of the table; all, if they are few."""
    if most >= len(places):
        return list(range(len(places)))
    network = model.network
    leading = np.abs(network.layers[0].dense(network.views(network.parameters)[0][0])).sum(axis=0)
    order = np.argsort([-leading[own].sum() for own in places], kind="stable")
    return sorted(order[:most].tolist())


def _score(metric: str, model: Model, outputs: Array, y: Array) -> float:
    target = model.one_column
    if isinstance(target, Numbers):
        return float(metrics.r2_score(y, target.decode(outputs)))
    p = target.probabilities(outputs)
    if metric == "roc_auc":
        return area(y == 1, p[:, 1])
    return float(np.mean(p.argmax(axis=1) == y))
