"""Do sigmoid's outputs stay between 0 and 1, whatever comes in?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from sklearn.datasets import load_digits
from sklearn.preprocessing import scale

import glasshouse as gh

from ..claims import Claim, Experiment, Observation
from ..figures import Lines
from ..rules import Rule

SCALES = ("1", "1e3", "1e6", "1e30")


def observe(seed: int) -> Iterator[Observation]:
    """Multiply the inputs, and note how far a layer's outputs are from ½."""
    X = scale(load_digits().data)
    for factor in SCALES:
        for name, word in (("ReLU", "relu"), ("sigmoid", "sigmoid")):
            outputs = layer(word, seed, X).predict(X * float(factor))
            yield Observation(name, float(np.abs(outputs - 0.5).max()), factor)
        yield Observation("½ and a rounding error", 0.5 + 1e-6, factor)


def layer(activation: str, seed: int, X: np.ndarray) -> gh.MLPRegressor:
    """A single layer of 32 units with its first weights: the steps of its one epoch are too small to change any."""
    targets = np.random.default_rng(seed).random((len(X), 32))
    made = gh.MLPRegressor(
        (), out_activation=activation, learning_rate_init=1e-12, max_iter=1, dtype="float32", random_state=seed
    )
    made.fit(X, targets)
    return made


EXPERIMENT = Experiment(
    kind="activations",
    question="Is sigmoid bounded whatever comes in?",
    setting="Digits, standardised, then multiplied by 1 to 10³⁰, through one untrained layer of 32 units in single "
    "precision.",
    measure="largest distance of an output from ½",
    over="scale of the inputs",
    claims=(
        Claim(
            id="activation-sigmoid-bounded",
            says="Sigmoid's outputs lie between 0 and 1, whatever comes in",
            rule=Rule("½ and a rounding error", "sigmoid", times=1),
            when="Always, also in single precision and for inputs of 10³⁰: far from 0 it rounds to exactly 0 or 1. A "
            "ReLU hands on what it gets, 10³¹ where that comes in. What is lost is how far out a row was: all "
            "far rows look alike.",
        ),
    ),
    observe=observe,
    figure=Lines("factor of the inputs", "largest distance from ½", log_x=True, log_y=True),
)
