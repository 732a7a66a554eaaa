"""Trainings that ranks take part in together, each named; the same functions under mpirun and in threads."""

from __future__ import annotations

import numpy as np
from ranks import on_threads
from runs import accuracy, begun, blobs, recipe

from glasshouse.training.loop import Validation, fit
from glasshouse.training.optimizers import OPTIMIZERS
from glasshouse.training.state import State

N_ROWS, BATCH = 307, 32  # ten batches an epoch, the last of 19 rows


def weighted(n_rows=N_ROWS):
    """Rows that do not all count the same."""
    return blobs(n_rows)._replace(weight=np.random.default_rng(3).uniform(0.1, 2, n_rows))


def chosen(optimizer="adam", **choices):
    """A hundred steps of ten batches an epoch, with all that a step can have in it."""
    return recipe(
        **{
            "hidden_layer_sizes": (12, 7),
            "activation": ("tanh", "relu"),
            "optimizer": OPTIMIZERS[optimizer](),
            "learning_rate": 0.01,
            "batch_size": BATCH,
            "max_epochs": 10,
            "clip_norm": 0.5,
            "l2": 1e-3,
            "l1": 1e-4,
            "average": 0.9,
            "warm_up": 15,
            "monitor": "validation_loss",
            "patience": None,
            **choices,
        }
    )


def train(together, wanted, data=None, watchers=(), held=101) -> State:
    data = weighted() if data is None else data
    validation = Validation(blobs(held, seed=5), accuracy) if wanted.monitor != "loss" else None
    return fit(begun(wanted, data), data, wanted, validation, watchers, together)


def vectors(state: State) -> dict[str, np.ndarray]:
    """Everything a run ends with, as arrays by name."""
    found = {"parameters": state.network.parameters, "chosen": state.chosen().parameters, **state.moments}
    if state.average is not None:
        found["average"] = state.average
    return found | {"history": np.array([list(row.values()) for row in state.history])}


def furthest(one, other) -> float:
    """The largest difference between two runs, in any vector that they end with."""
    ours, theirs = vectors(one), vectors(other)
    assert ours.keys() == theirs.keys()
    return max(float(np.abs(ours[name] - theirs[name]).max(initial=0)) for name in ours)


def in_threads(n, wanted, data=None, watchers=lambda rank: (), held=101):
    """The states of n ranks, the same to the bit."""
    found = on_threads(n, lambda together: train(together, wanted, data, watchers(together.rank), held))
    for state in found:
        if isinstance(state, Exception):
            raise state
        assert furthest(state, found[0]) == 0
        assert (state.epoch, state.step, state.samples) == (found[0].epoch, found[0].step, found[0].samples)
    return found
