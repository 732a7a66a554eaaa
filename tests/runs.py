"""Small training runs for the tests: a recipe, three blobs to tell apart, and a fit of one on the other."""

from __future__ import annotations

import numpy as np

from glasshouse.training.batches import Data
from glasshouse.training.loop import fit
from glasshouse.training.recipe import Recipe
from glasshouse.training.state import State


def recipe(**choices) -> Recipe:
    return Recipe(**{"output": "softmax", "loss": "cross_entropy", "dtype": "float64", **choices})


def blobs(n=300, seed=0, dtype=np.float64):
    rng = np.random.default_rng(seed)
    places = rng.integers(0, 3, n)
    X = rng.normal(0, 1, (n, 2)) + 3 * np.stack((np.cos(2.1 * places), np.sin(2.1 * places)), axis=1)
    return Data(X.astype(dtype), np.eye(3, dtype=dtype)[places])


def begun(chosen, data) -> State:
    return State.begun(chosen.initialized(data.X.shape[1], data.Y.shape[1]), chosen)


def train(chosen, data, validation=None, watchers=()) -> State:
    return fit(begun(chosen, data), data, chosen, validation, watchers)


def accuracy(outputs, Y, weight):
    return float((outputs.argmax(1) == Y.argmax(1)).mean())
