"""Does sigmoid's bound prevent overflow, where inputs are large?"""

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
NETWORKS = 3  # drawn at each scale


def observe(seed: int) -> Iterator[Observation]:
    """Multiply the inputs, and note which trainings meet a number that is not finite."""
    X, y = load_digits(return_X_y=True)
    X = scale(X)
    for factor in SCALES:
        for name, word in (("ReLU", "relu"), ("sigmoid", "sigmoid")):
            seeds = np.random.default_rng(seed).integers(2**31, size=NETWORKS)
            runs = [overflows(word, int(first), X * float(factor), y) for first in seeds]
            yield Observation(name, float(np.mean(runs)), factor)


def overflows(activation: str, seed: int, X: np.ndarray, y: np.ndarray) -> bool:
    """Whether training meets a number that is not finite."""
    network = gh.MLPClassifier(
        (32,),
        activation=activation,
        solver="sgd",
        learning_rate_init=0.01,
        max_iter=5,
        dtype="float32",
        watch_health=False,
        random_state=seed,
    )
    try:
        network.fit(X, y)
    except gh.TrainingDiverged:
        return True
    return False


EXPERIMENT = Experiment(
    kind="activations",
    question="Does the bound of sigmoid's outputs prevent overflow?",
    setting="Digits, standardised, then multiplied by 1 to 10³⁰, in single precision: 5 epochs of gradient descent "
    "with momentum at 0.01, 32 hidden units, three networks of each.",
    measure="share of runs that overflow",
    over="scale of the inputs",
    claims=(
        Claim(
            id="activation-sigmoid-overflow",
            says="Sigmoid's bound prevents overflow: of runs that overflow with ReLU, half at least do not",
            rule=Rule("ReLU", "sigmoid", by=0.5),
            when="Wherever inputs are not scaled; with standardised ones neither overflows. Steps of gradient "
            "descent are as long as the gradient, which with ReLU grows with the inputs, so at a thousandfold "
            "the loss is no longer finite within the five epochs. Sigmoid's outputs end at 1, and where inputs "
            "are large its slope is 0. With Adam, whose steps do not grow with the gradient, ReLU bears a "
            "factor of 10¹⁸. Standardising the inputs prevents the overflow too, and nothing is lost to "
            "saturation.",
        ),
    ),
    observe=observe,
    figure=Lines("factor of the inputs", "share of runs that overflow", log_x=True),
)
