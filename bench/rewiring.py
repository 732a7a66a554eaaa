"""784-1000-1000-1000-10 with 1 % of its weights, sparse from the start: ``python -m bench.rewiring FOLDER [--page]``.

FOLDER holds mnist and fashion-mnist. All 60,000 images train, the network of the last epoch is judged, and nothing is
chosen by the test images. One run takes one core.
"""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

os.environ["GLASSHOUSE_NUM_THREADS"] = "1"

import numpy as np

from bench import page
from bench.cuts import PAGE
from bench.idx import images, labels
from glasshouse.network.density import Density
from glasshouse.network.predictor import Predictor
from glasshouse.training.batches import Data
from glasshouse.training.loop import fit
from glasshouse.training.optimizers import SGD
from glasshouse.training.recipe import Recipe
from glasshouse.training.rewiring import Evolution
from glasshouse.training.schedules import Cosine
from glasshouse.training.state import State

SEEDS = range(5)
SETS = ("mnist", "fashion-mnist")
WAYS = {
    "static": None,
    "SET": Evolution(every=500),
    "RigL": Evolution(grow="gradient", every=500),
}
SMOOTHING = 0.05


def run(job: tuple[Path, str, int]) -> tuple[float, int, float]:
    """Test accuracy, connections, seconds of training."""
    folder, way, seed = job
    X, y = images(folder, "train", "float32"), labels(folder, "train")
    test, answers = images(folder, "t10k", "float32"), labels(folder, "t10k")
    mean, deviation = X.mean(), X.std()
    X, test = (X - mean) / deviation, (test - mean) / deviation
    recipe = Recipe(
        output="softmax",
        loss="cross_entropy",
        hidden_layer_sizes=(1000, 1000, 1000),
        density=Density(0.01),
        evolution=WAYS[way],
        batch_size=64,
        optimizer=SGD(0.9),
        learning_rate=0.05,
        schedule=Cosine(),
        max_epochs=85,
        l2=5e-4,
        patience=None,
        seed=seed,
    )
    Y = (np.eye(10)[y] * (1 - SMOOTHING) + SMOOTHING / 10).astype(np.float32)
    started = time.perf_counter()
    network = fit(State.begun(recipe.initialized(784, 10), recipe), Data(X, Y), recipe).network
    seconds = time.perf_counter() - started
    return float(np.mean(Predictor(network)(test).argmax(1) == answers)), network.n_weights, seconds


def main(folder: Path) -> None:
    lines = ["| images | connections move by | connections | test accuracy, last epoch | s a run |", "|---" * 5 + "|"]
    for name in SETS:
        for way in WAYS:
            with ProcessPoolExecutor(len(os.sched_getaffinity(0))) as pool:
                found = np.array(list(pool.map(run, [(folder / name, way, seed) for seed in SEEDS])))
            scores, seconds = found[:, 0], found[:, 2].mean()
            spread = f"{scores.mean():.2%} ± {scores.std(ddof=1):.2%}"
            lines.append(f"| {name} | {way} | {found[0, 1]:,.0f} | {spread} | {seconds:.0f} |")
            print(lines[-1], flush=True)
    if "--page" in sys.argv:
        page.put("rewiring", "\n".join(lines), PAGE)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
