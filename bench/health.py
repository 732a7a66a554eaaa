"""What the doctor's looks cost: the same fit with and without him, interleaved: ``python -m bench.health [--page]``."""

from __future__ import annotations

import os

os.environ["GLASSHOUSE_NUM_THREADS"] = "1"

import sys
import time
import warnings

import numpy as np
from sklearn.datasets import load_digits, load_iris

from bench import page
from glasshouse import MLPClassifier

ROUNDS = 25


def tables() -> dict[str, tuple[np.ndarray, np.ndarray, tuple[int, ...], int]]:
    """Rows, labels, hidden layers, epochs."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30_000, 106)).astype(np.float32)
    wide = rng.normal(size=(10_000, 784)).astype(np.float32)
    return {
        "iris, 4-100-3, 50 epochs": (*load_iris(return_X_y=True), (100,), 50),
        "digits, 64-100-10, 50 epochs": (*load_digits(return_X_y=True), (100,), 50),
        "30,000 rows, 106-128-128-1, 10 epochs": (X, (X[:, 0] > 0) * 1, (128, 128), 10),
        "10,000 rows, 784-300-100-10, 5 epochs": (wide, rng.integers(0, 10, 10_000), (300, 100), 5),
    }


def main() -> None:
    warnings.simplefilter("ignore")
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    lines = ["| fit | without, ms | with, times as long |", "|---|---|---|"]
    for name, (X, y, hidden, epochs) in tables().items():
        seconds = np.empty((ROUNDS, 2))
        for k in range(ROUNDS):
            for j, watch in enumerate((False, True)):
                model = MLPClassifier(
                    hidden, batch_size=128, max_iter=epochs, tol=0, n_iter_no_change=epochs, watch_health=watch
                )
                started = time.perf_counter()
                model.fit(X, y)
                seconds[k, j] = time.perf_counter() - started
        ratios = np.sort(seconds[:, 1] / seconds[:, 0])
        middle = f"{np.median(ratios):.3f} ({ratios[1]:.3f} to {ratios[-2]:.3f})"
        lines.append(f"| {name} | {np.median(seconds[:, 0]) * 1e3:,.0f} | {middle} |")
        print(lines[-1], flush=True)
    if "--page" in sys.argv:
        page.put("health", "\n".join(lines), page.PAGE.with_name("health.md"))


if __name__ == "__main__":
    main()
