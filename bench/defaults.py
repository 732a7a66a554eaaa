"""What decided each default that differs from scikit-learn's: ``python -m bench.defaults FOLDER``.

Test scores (accuracy or R², a quarter held out) and seconds, with a default as it is and as scikit-learn has it, over
five seeds; FOLDER holds tables as CSV, and tables that are not there are left out.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import sklearn.linear_model
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPRegressor as PeerRegressor
from sklearn.preprocessing import StandardScaler

from glasshouse import LogisticRegression, MLPClassifier, MLPRegressor, TableEncoder
from glasshouse.tables.reading import read_table

SEEDS = range(5)
FILES = [("adult_train.csv.gz", "last", "classes"), ("california_housing.csv.gz", "median_house_value", "numbers")]
Table = tuple[str, str, np.ndarray, np.ndarray]


def tables(folder: Path | None) -> list[Table]:
    """(name, task, X, y): encoded, or standardised."""
    found: list[Table] = []
    for load in (load_breast_cancer, load_digits, load_diabetes):
        X, y = load(return_X_y=True)
        task = "numbers" if load is load_diabetes else "classes"
        found.append((load.__name__[5:], task, StandardScaler().fit_transform(X), y))
    for name, target, task in FILES if folder else []:
        if not (folder / name).exists():
            continue
        table = read_table(folder / name)
        cells = table.columns.pop(table.resolve(target))
        y = np.array(cells.to_pylist())
        found.append(
            (name.split(".")[0], task, TableEncoder().fit_transform(table), y.astype(float) if task == "numbers" else y)
        )
    return found


def scores(make: Callable[..., Any], X: np.ndarray, y: np.ndarray, **choices: Any) -> str:
    """Mean and deviation of the test score, and the median of the seconds."""
    found, seconds = [], []
    for seed in SEEDS:
        X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.25, random_state=seed)
        started = time.perf_counter()
        model = make(random_state=seed, **choices).fit(X_train, y_train)
        seconds.append(time.perf_counter() - started)
        found.append(model.score(X_test, y_test))
    return f"{np.mean(found):.4f} ± {np.std(found):.4f}, {np.median(seconds):.2f} s"


def scaled_peer(random_state: int) -> TransformedTargetRegressor:
    return TransformedTargetRegressor(PeerRegressor(random_state=random_state), transformer=StandardScaler())


def coefficients(tol: float, X: np.ndarray, y: np.ndarray, exact: np.ndarray) -> str:
    """How far the coefficients are from the minimum, and the seconds."""
    started = time.perf_counter()
    model = LogisticRegression(tol=tol, max_iter=10_000).fit(X, y)
    return f"within {np.abs(model.coef_ - exact).max():.0e}, {time.perf_counter() - started:.2f} s"


def main(folder: Path | None) -> None:
    warnings.simplefilter("ignore")
    rows: list[tuple[str, str, str, str]] = []
    for name, task, X, y in tables(folder):
        make = MLPRegressor if task == "numbers" else MLPClassifier
        ours = scores(make, X, y)
        other = scores(make, X, y, initializer="glorot_uniform")
        rows.append(("initializer 'auto' / glorot_uniform", name, ours, other))
        if len(y) < 10_000:
            deep = {"hidden_layer_sizes": (64,) * 20, "learning_rate_init": 0.01, "solver": "sgd"}
            glorot = scores(make, X, y, initializer="glorot_uniform", **deep)
            rows.append(("the same, 20 layers of 64, SGD", name, scores(make, X, y, **deep), glorot))
        if len(y) > 10_000:
            rows.append(("early_stopping 'auto' / False", name, ours, scores(make, X, y, early_stopping=False)))
        if len(y) > 1_000:
            rows.append(("dtype 'auto' / 'float64'", name, ours, scores(make, X, y, dtype="float64")))
        if task == "numbers":
            plain = scores(PeerRegressor, X, y)
            rows.append(
                ("targets standardised / as they are, scikit-learn's MLP", name, scores(scaled_peer, X, y), plain)
            )
        else:
            double = X.astype(np.float64)  # in float32 scikit-learn's own minimum is off by 0.1 on Adult
            exact = sklearn.linear_model.LogisticRegression(tol=1e-12, max_iter=100_000).fit(double, y).coef_
            cells = [coefficients(tol, double, y, exact) for tol in (1e-8, 1e-4)]
            rows.append(("LogisticRegression's tol 1e-8 / 1e-4: coefficients", name, *cells))
    print("| default, ours / scikit-learn's | table | ours | scikit-learn's |\n|---|---|---|---|")
    for row in sorted(rows, key=lambda row: row[0]):
        print(f"| {' | '.join(row)} |")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
