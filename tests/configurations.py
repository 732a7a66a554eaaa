"""Random configurations of a training run, each a function of its number; run as a script, their digests.

``python configurations.py FOLDER FIRST LAST`` trains them, or goes on from the checkpoints that are in FOLDER.
"""

from __future__ import annotations

import hashlib
import os
import signal
import sys
from pathlib import Path

import numpy as np

from glasshouse.network.activations import ACTIVATIONS
from glasshouse.network.density import Density
from glasshouse.network.initializers import INITIALIZERS, Initializer
from glasshouse.network.losses import LOSSES
from glasshouse.training.batches import Data
from glasshouse.training.checkpoints import begin
from glasshouse.training.loop import Validation, fit
from glasshouse.training.optimizers import LBFGS, OPTIMIZERS
from glasshouse.training.recipe import Recipe
from glasshouse.training.rewiring import Evolution
from glasshouse.training.schedules import SCHEDULES, Plateau
from glasshouse.training.state import State
from glasshouse.training.watchers import Watcher

HIDDEN = [row.name for row in ACTIVATIONS.values() if row.hidden]
PAIRS = [(row.name, output) for row in LOSSES.values() for output in row.outputs]


def targets(rng, loss, output, n, k):
    """Targets that this loss can judge on these outputs."""
    if output == "softmax":
        return np.eye(k)[rng.integers(0, k, n)]
    kind = LOSSES[loss].targets
    if kind == "-1 and 1":
        return np.where(rng.random((n, k)) < 0.5, -1.0, 1.0)
    return rng.integers(0, 2 if kind == "0 to 1" else 3, (n, k)) * 1.0


def configuration(number: int) -> tuple[Recipe, Data, Validation | None]:
    """A recipe with everything in it that a recipe can have, and the rows to train it on."""
    rng = np.random.default_rng(1000 + number)

    def pick(*choices):
        return choices[rng.integers(len(choices))]

    loss, output = PAIRS[number % len(PAIRS)]
    optimizer = list(OPTIMIZERS.values())[rng.integers(len(OPTIMIZERS))]()
    whole = isinstance(optimizer, LBFGS)
    if whole and loss in ("absolute_error", "perceptron", "hinge", "huber"):
        loss, output = "squared_error", "identity"  # a line search wants a smooth loss
    dtype = "float64" if whole else pick("float32", "float64")
    hidden = tuple(int(size) for size in rng.integers(2, 9, rng.integers(1, 4)))
    schedule = list(SCHEDULES.values())[rng.integers(len(SCHEDULES))]()
    k = int(rng.integers(2, 4))
    n = int(rng.integers(20, 60))
    X = rng.normal(0, 1, (n, 5)).astype(dtype)
    data = Data(X, targets(rng, loss, output, n, k).astype(dtype), pick(None, rng.uniform(0.1, 2, n)))
    held = Data(X[::2].copy(), data.Y[::2].copy())
    validated = bool(pick(False, True))
    smooth = {
        "schedule": pick(Plateau(0.5, 1), schedule),
        "dropout": pick((), (0.2,), tuple(rng.uniform(0, 0.5, len(hidden)))),
        "l1": pick(0.0, 0.001),
        "clip_norm": pick(None, 0.1, 1.0),
        "average": float(pick(0.0, 0.9, 1.0)),
        "evolution": pick(None, Evolution(grow=pick("random", "gradient"), every=2, until=1.0)),
    }
    recipe = Recipe(
        output=output,
        loss=loss,
        hidden_layer_sizes=hidden,
        activation=tuple(HIDDEN[i] for i in rng.integers(0, len(HIDDEN), len(hidden))),
        initializer=pick("auto", Initializer("normal", 0.3), Initializer(list(INITIALIZERS)[rng.integers(4, 9)])),
        density=Density(pick(1.0, 0.5, 0.8), pick("erdos_renyi", "uniform")),
        dtype=dtype,
        optimizer=optimizer,
        learning_rate=float(pick(0.001, 0.01)),
        batch_size=int(rng.integers(3, 17)),
        max_epochs=int(rng.integers(3, 7)),
        shuffle=bool(pick(True, False)),
        l2=float(pick(0.0, 0.01)),
        loss_scale=float(pick(1.0, 0.5)),
        monitor=pick("validation_loss", "validation_score") if validated else "loss",
        tol=0.0,
        patience=pick(None, 3),
        fit_intercept=bool(pick(True, True, False)),
        seed=number,
        **({} if whole else smooth),
    )
    return recipe, data, Validation(held, score) if validated else None


def score(outputs, Y, weight):
    return -float(np.abs(outputs.astype(float) - Y).mean())


def run(number: int, checkpoint: Path | None, watcher: Watcher | None = None) -> str:
    """Train a configuration, going on from a checkpoint that is there; the digest of all that it ends with."""
    recipe, data, validation = configuration(number)
    rows = (data,) if validation is None else (data, validation.data)
    state = State.begun(recipe.initialized(5, data.Y.shape[1]), recipe)
    state, keepers = begin(state, rows, recipe, checkpoint, resume=checkpoint is not None)
    fit(state, data, recipe, validation, [*([] if watcher is None else [watcher]), *keepers])
    return digest(state)


def digest(state: State) -> str:
    """Of the weights that are kept, those that would go on, the moments and the history."""
    found = hashlib.sha256(repr((state.history, state.step, state.samples, state.cuts, state.waited)).encode())
    moments = [state.moments[name] for name in sorted(state.moments)]
    for vector in (state.chosen().parameters, state.network.parameters, *moments):
        found.update(vector.tobytes())
    return found.hexdigest()


class Kill(Watcher):
    """End the process as kill -9 does, or raise what it is given, at a random moment of the run."""

    def __init__(self, number: int, error: BaseException | None = None):
        self.left, self.error = int(np.random.default_rng(number).integers(1, 30)), error

    def count(self) -> None:
        self.left -= 1
        if self.left == 0:
            if self.error is not None:
                raise self.error
            os.kill(os.getpid(), signal.SIGKILL)

    def before_epoch(self, state) -> None:
        self.count()

    def after_step(self, state, work) -> None:
        self.count()


if __name__ == "__main__":
    folder = None if sys.argv[1] == "-" else Path(sys.argv[1])
    for number in range(int(sys.argv[2]), int(sys.argv[3])):
        print(run(number, None if folder is None else folder / f"{number}.checkpoint"))
