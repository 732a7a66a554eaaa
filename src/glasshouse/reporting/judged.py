"""What the answers of a model on judged rows look like: where it errs, how its ranking and its certainty hold.

The numbers are scikit-learn's. Curves are thinned to a few hundred points, which a picture cannot tell from all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest
from sklearn import metrics

__all__ = ["area", "calibration", "classes_judged", "numbers_judged", "thinned"]

Array = npt.NDArray[Any]
POINTS = 150  # of a curve
DOTS = 700  # of a cloud
CURVES = 6  # classes that get a curve of their own: the hardest
CELLS = 200  # classes up to which the whole matrix of confusions is kept
RANKED = 200  # classes whose areas are worked out: those with the most rows
PAIRS = 30
BINS = 10
BARS = 30


def classes_judged(labels: Sequence[str], outputs: Array, y: Array) -> dict[str, Any]:
    """Confusions, curves and calibration of probabilities (n, n_classes); y holds places, -1 for an unknown label."""
    known = y >= 0
    places, p = (y, outputs) if known.all() else (y[known], outputs[known])
    if not len(places):
        return {"unknown": len(y)}
    named = p.argmax(axis=1)
    found = {
        "labels": list(labels),
        "unknown": int((~known).sum()),
        "confusion": _confusion(len(labels), places, named),
        "calibration": calibration(places, p),
    }
    present, rows = np.unique(places, return_counts=True)
    if len(labels) == 2 and len(present) == 2:
        return {**found, "curves": [_curves(1, places == 1, p[:, 1])]}
    if len(labels) > 2 and len(present) > 1:
        most = np.sort(present[np.argsort(-rows, kind="stable")[:RANKED]])
        areas = {k: area(places == k, p[:, k]) for k in most.tolist()}
        hardest = sorted(areas, key=lambda k: (areas[k], k))[:CURVES]
        return {
            **found,
            "areas": [{"class": k, "roc_auc": found_area} for k, found_area in areas.items()],
            "curves": [_curves(k, places == k, p[:, k]) for k in hardest],
        }
    return found


def _confusion(n_classes: int, places: Array, named: Array) -> dict[str, Any]:
    """How often each class was taken for each: the whole matrix where it can be held, and the most frequent errors."""
    pairs, counts = np.unique(places.astype(np.int64) * n_classes + named, return_counts=True)
    true, predicted = np.divmod(pairs, n_classes)
    wrong = np.flatnonzero(true != predicted)
    matrix = None
    if n_classes <= CELLS:
        matrix = np.zeros((n_classes, n_classes), np.int64)
        matrix[true, predicted] = counts
    return {
        "matrix": None if matrix is None else matrix.tolist(),
        "errors": [
            {"true": int(true[k]), "predicted": int(predicted[k]), "rows": int(counts[k])}
            for k in wrong[np.argsort(-counts[wrong], kind="stable")[:PAIRS]]
        ],
        "wrong": int(counts[wrong].sum()),
        "rows": len(places),
    }


def area(is_it: Array, p: Array) -> float:
    """The area under the ROC curve, by the ranks of those that are of the class; equal ones share theirs.

    Examples
    --------
    >>> area(np.array([False, True, False, True]), np.array([0.1, 0.4, 0.4, 0.8]))
    0.875
    """
    every, own = np.sort(p), p[is_it]
    ranks = (np.searchsorted(every, own, "left") + np.searchsorted(every, own, "right") + 1) / 2
    n = len(own)
    return float((ranks.sum() - n * (n + 1) / 2) / (n * (len(p) - n)))


def _curves(k: int, is_it: Array, p: Array) -> dict[str, Any]:
    """The two curves of one class against the rest."""
    false, true, _ = metrics.roc_curve(is_it, p)
    precision, recall, _ = metrics.precision_recall_curve(is_it, p)
    some = thinned(len(precision), POINTS)
    apart = thinned(len(false), POINTS)
    return {
        "class": k,
        "rows": int(is_it.sum()),
        "roc_auc": float(metrics.roc_auc_score(is_it, p)),
        "average_precision": float(metrics.average_precision_score(is_it, p)),
        "roc": {"false_positive_rate": false[apart].tolist(), "true_positive_rate": true[apart].tolist()},
        "precision_recall": {"recall": recall[some].tolist(), "precision": precision[some].tolist()},
    }


def thinned(n: int, most: int) -> Array:
    """The first, the last, and evenly spaced places between."""
    return np.unique(np.linspace(0, n - 1, min(n, most)).round().astype(int))


def calibration(places: Array, p: Array) -> dict[str, Any]:
    """How often it is right beside how often it says so: ten bins of equal width.

    Of two classes the certainty is the probability of the second, of more that of the class it names.
    """
    two = p.shape[1] == 2
    said = (p[:, 1] if two else p.max(axis=1)).astype(np.float64)
    came = places == 1 if two else p.argmax(axis=1) == places
    bins = np.minimum((said * BINS).astype(int), BINS - 1)
    rows = np.bincount(bins, minlength=BINS)
    filled = np.flatnonzero(rows)
    mean_said, mean_came = (np.bincount(bins, values, BINS)[filled] / rows[filled] for values in (said, came))
    bins_filled = []
    for k, s, c in zip(filled.tolist(), mean_said.tolist(), mean_came.tolist(), strict=True):
        chance = binomtest(round(c * rows[k]), int(rows[k])).proportion_ci(0.95, method="wilson")
        ends = {"from": k / BINS, "to": (k + 1) / BINS, "rows": int(rows[k])}
        bins_filled.append({**ends, "said": s, "came_true": c, "low": float(chance.low), "high": float(chance.high)})
    return {
        "of": "second class" if two else "named class",
        "bins": bins_filled,
        "expected_error": float(np.abs(mean_said - mean_came) @ rows[filled] / len(said)),
        "said": float(said.mean()),
        "came_true": float(came.mean()),
    }


def numbers_judged(outputs: Array, y: Array) -> dict[str, Any]:
    """Predicted beside true, and what is left over."""
    outputs, y = outputs.astype(np.float64), y.astype(np.float64)
    left = y - outputs
    low, high = np.quantile(left, (0.005, 0.995))
    width = high - low
    counts, edges = np.histogram(np.clip(left, low, high), BARS, (low, high) if width > 0 else (low - 1, high + 1))
    some = np.argsort(y, kind="stable")[thinned(len(y), DOTS)]
    return {
        "dots": {"true": y[some].tolist(), "predicted": outputs[some].tolist()},
        "residuals": {
            "counts": counts.tolist(),
            "edges": edges.tolist(),
            "mean": float(left.mean()),
            "deviation": float(left.std()),
            "quantiles": dict(zip(("5", "25", "50", "75", "95"), np.quantile(left, (0.05, 0.25, 0.5, 0.75, 0.95)))),
            "half_within": float(np.median(np.abs(left))),
            "nine_tenths_within": float(np.quantile(np.abs(left), 0.9)),
        },
        "rows": len(y),
    }
