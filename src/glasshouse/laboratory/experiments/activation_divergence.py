"""Does training with unbounded ReLU diverge at learning rates that bounded units bear?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.preprocessing import scale

import glasshouse as gh

from ..claims import Claim, Experiment, Observation
from ..figures import Lines
from ..rules import Rule

RATES = (0.03, 0.1, 0.3, 1, 3)
NETWORKS = 5  # drawn at each rate
ACTIVATIONS = {"ReLU": "relu", "tanh": "tanh", "sigmoid": "sigmoid"}
DIVERGED, WORSE = "no longer finite", "no better than the mean"


def observe(seed: int) -> Iterator[Observation]:
    """Train at each rate, and note which runs end in numbers that are not finite, and which learn nothing."""
    X, y = load_diabetes(return_X_y=True)
    for rate in RATES:
        for name, word in ACTIVATIONS.items():
            scores = [
                score(word, rate, first, scale(X), y)
                for first in np.random.default_rng(seed).integers(2**31, size=NETWORKS)
            ]
            yield Observation(name, float(np.mean([each is None for each in scores])), str(rate), DIVERGED)
            yield Observation(name, float(np.mean([each is None or each <= 0 for each in scores])), str(rate), WORSE)


def score(activation: str, rate: float, seed: int, X: np.ndarray, y: np.ndarray) -> float | None:
    """R² after 15 epochs, which is 0 for answering the mean; None if training diverged."""
    network = gh.MLPRegressor(
        (32,),
        activation=activation,
        solver=gh.SGD(momentum=0),
        learning_rate_init=rate,
        max_iter=15,
        watch_health=False,
        random_state=int(seed),
    )
    try:
        return float(network.fit(X, y).score(X, y))
    except gh.TrainingDiverged:
        return None


EXPERIMENT = Experiment(
    kind="activations",
    question="Does ReLU, whose outputs have no bound, make training diverge?",
    setting="Diabetes, standardised, one hidden layer of 32 units, squared error, 15 epochs of plain gradient descent, "
    "nothing clipped; five networks at each rate and activation.",
    measure="share of runs",
    over="learning rate",
    claims=(
        Claim(
            id="activation-unbounded",
            says="At high learning rates training with ReLU diverges where with sigmoid it stays finite, "
            "in a tenth of all runs",
            rule=Rule("ReLU", "sigmoid", by=0.1, of=DIVERGED),
            when="From a rate of 0.3 on, where about every second run diverges, and at 1 every one. With ReLU "
            "outputs grow with the weights, gradients with the outputs, and a squared error makes the next step "
            "longer still; within a few epochs the numbers are no longer finite. Outputs of sigmoid and tanh "
            "end at 1, and with them that circle: their loss may jump about, but stays a number. At 0.1 and "
            "below nothing diverges; and with cross-entropy, whose gradient is bounded itself, the same network "
            "on digits stays finite at rates up to 100.",
        ),
        Claim(
            id="activation-bounded-learns",
            says="At high learning rates sigmoid still learns where ReLU does not, in a tenth of all runs",
            rule=Rule("ReLU", "sigmoid", by=0.1, of=WORSE),
            when="In a narrow range around 0.3. At 1 sigmoid's runs are finite, and most no better than answering "
            "the mean; at 3 none is. That numbers stay finite does not mean that anything is learned: sigmoid's "
            "slope makes every step a few times shorter, which moves the limit by about that factor. Below, "
            "both learn.",
        ),
    ),
    observe=observe,
    figure=Lines("learning rate", "share of runs", log_x=True, quantities=(DIVERGED, WORSE)),
)
