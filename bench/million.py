"""A million hidden units and ten million connections, trained with SET: ``python -m bench.million``."""

from __future__ import annotations

import resource
import time

import numpy as np

from glasshouse.network.density import Density
from glasshouse.training.batches import Data
from glasshouse.training.loop import fit
from glasshouse.training.optimizers import SGD
from glasshouse.training.recipe import Recipe
from glasshouse.training.rewiring import Evolution
from glasshouse.training.state import State

ROWS, FEATURES = 640, 1000


def main() -> None:
    recipe = Recipe(
        output="softmax",
        loss="cross_entropy",
        hidden_layer_sizes=(500_000, 500_000),
        density=Density(4e-5),
        evolution=Evolution(),
        batch_size=32,
        optimizer=SGD(0.9),
        learning_rate=0.01,
        max_epochs=3,
    )
    rng = np.random.default_rng(0)
    X = rng.normal(size=(ROWS, FEATURES)).astype(np.float32)
    Y = np.eye(2, dtype=np.float32)[(X[:, 0] > 0) * 1]
    state = State.begun(recipe.initialized(FEATURES, 2), recipe)
    started = time.perf_counter()
    fit(state, Data(X, Y), recipe)
    seconds = (time.perf_counter() - started) / state.step
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    losses = ", ".join(f"{row['loss']:.0f}" for row in state.history)
    print(f"{state.network.n_weights:,} connections, {seconds:.1f} s a step of 32 rows, {peak:.1f} GB; loss {losses}")


if __name__ == "__main__":
    main()
