"""What becomes of hidden units that all start with the same weights?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from sklearn.datasets import load_digits
from sklearn.preprocessing import scale

import glasshouse as gh

from ..claims import Claim, Experiment, Observation
from ..figures import Dots
from ..rules import Rule

UNITS = 16


def observe(seed: int) -> Iterator[Observation]:
    """How many of the hidden units are unlike all others after training, and how many rows are then right."""
    X, y = load_digits(return_X_y=True)
    rows = np.random.default_rng(seed).permutation(len(X))[:500]
    X, y = scale(X)[rows], y[rows]
    for activation in ("sigmoid", "tanh", "relu"):
        for arm, initializer in (("drawn", "auto"), ("all zero", "zeros")):
            network = gh.MLPClassifier((UNITS,), activation, initializer=initializer, random_state=seed)
            network.set_params(max_iter=30, batch_size=50, learning_rate_init=0.01, watch_health=False).fit(X, y)
            weights = network.coefs_[0].round(4)  # a column for each hidden unit
            yield Observation(arm, np.unique(weights, axis=1).shape[1], activation, "different units")
            yield Observation(arm, network.score(X, y), activation, "training accuracy")


EXPERIMENT = Experiment(
    kind="initialisation",
    question="What becomes of hidden units that all start with the same weights?",
    setting="500 rows of digits, standardised, and 16 hidden units: 30 epochs of Adam from weights that are drawn, and "
    "from weights that are all zero. Units whose incoming weights agree to four decimals count once.",
    measure="different units",
    over="activation",
    claims=(
        Claim(
            id="init-zeros",
            says="Hidden units that start with equal weights stay each other's twins, however long they learn",
            rule=Rule("drawn", "all zero", times=UNITS / 2, of="different units"),
            when="Equal units put out the same, so they are given the same gradient and take the same step; only "
            "chance in the draw (or in training, by dropout) tells them apart. Biases may start at 0, as the weights "
            "make the difference already. Rumelhart et al. (1986) named this problem of symmetry.",
        ),
        Claim(
            id="init-zeros-accuracy",
            says="A hidden layer that starts with equal weights learns less than one that is drawn",
            rule=Rule("drawn", "all zero", by=0.1, of="training accuracy"),
            when="With sigmoid the twins learn together, and 16 of them are worth one unit: a third of the digits. "
            "Tanh and ReLU put out 0 at 0, so neither side of them is given a gradient, and the network learns how "
            "frequent the classes are and nothing else.",
        ),
    ),
    observe=observe,
    figure=Dots("units; share of the rows"),
)
