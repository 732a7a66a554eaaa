"""LeNet-300-100 on MNIST with ever fewer weights: ``python -m bench.lenet MNIST [TIMES …] [--page]``.

One recipe for every compression: a dense network is trained for 20 epochs and then cut along a cubic curve by magnitude
while it trains on, taught in part by what the dense one answers; the cuts end at 60 % of 1000 epochs, and the network
of the last epoch is judged. Nothing is chosen by the test images. 266,200 weights count; the 410 biases do not, and are
not cut.
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
from glasshouse.network.predictor import Predictor
from glasshouse.pruning.criteria import criterion
from glasshouse.pruning.cutting import Cutting
from glasshouse.pruning.cycle import taught
from glasshouse.pruning.schedule import Cubic
from glasshouse.training.batches import Data
from glasshouse.training.loop import fit
from glasshouse.training.optimizers import SGD
from glasshouse.training.recipe import Recipe
from glasshouse.training.schedules import Cosine
from glasshouse.training.state import State

SEEDS = range(5)
TIMES = (56, 68, 87)
VALIDATION = 5000  # images that were set aside while the recipe was sought, and train nothing here either
DENSE_EPOCHS, EPOCHS, LAST_CUT = 20, 1000, 600
SHARE, TEMPERATURE = 0.9, 4.0  # of the dense network's answers


def recipe(epochs: int, seed: int, dropout: tuple[float, ...] = ()) -> Recipe:
    return Recipe(
        output="softmax",
        loss="cross_entropy",
        hidden_layer_sizes=(300, 100),
        batch_size=128,
        optimizer=SGD(0.9),
        learning_rate=0.1,
        schedule=Cosine(),
        max_epochs=epochs,
        dropout=dropout,
        l2=2e-5,
        patience=None,
        seed=seed,
    )


def run(job: tuple[Path, int, int]) -> tuple[float, float, int, float]:
    """Test errors of the dense and the pruned network, weights that are left, seconds."""
    folder, times, seed = job
    started = time.perf_counter()
    X, y = images(folder, "train", "float32")[:-VALIDATION], labels(folder, "train")[:-VALIDATION]
    test, answers = images(folder, "t10k", "float32"), labels(folder, "t10k")

    def error(network) -> float:  # type: ignore[no-untyped-def]
        return float(np.mean(Predictor(network)(test).argmax(1) != answers))

    data, first = Data(X, np.eye(10, dtype=np.float32)[y]), recipe(DENSE_EPOCHS, seed, (0.2,))
    dense = fit(State.begun(first.initialized(784, 10), first), data, first).network
    second = recipe(EPOCHS, seed)
    lessons = taught(data, dense, "cross_entropy", SHARE, TEMPERATURE)
    state = State.begun(dense.with_parameters(dense.parameters), second)
    schedule = Cubic(1 / times, 0, LAST_CUT, start=0.15)
    fit(state, lessons, second, None, [Cutting(schedule, criterion("magnitude"), None, dense.n_weights)])
    return error(dense), error(state.network), state.network.n_weights, time.perf_counter() - started


def main(folder: Path, several: list[int]) -> None:
    lines = ["| fewer weights | kept | dense, test error | pruned, test error | s a run |", "|---|---|---|---|---|"]
    for times in several:
        with ProcessPoolExecutor(len(os.sched_getaffinity(0))) as pool:
            found = np.array(list(pool.map(run, [(folder, times, seed) for seed in SEEDS])))
        dense, pruned = (f"{found[:, k].mean():.2%} ± {found[:, k].std(ddof=1):.2%}" for k in (0, 1))
        lines.append(f"| {times}× | {found[0, 2]:,.0f} | {dense} | {pruned} | {found[:, 3].mean():.0f} |")
        print(lines[-1], flush=True)
    if "--page" in sys.argv:
        page.put("lenet", "\n".join(lines), PAGE)


if __name__ == "__main__":
    wanted = [int(word) for word in sys.argv[2:] if word.isdigit()]
    main(Path(sys.argv[1]), wanted or list(TIMES))
