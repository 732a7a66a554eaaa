"""What does a unit's activation cost, apart from its weighted sum?"""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np

import glasshouse as gh

from ..claims import Claim, Experiment, Observation
from ..figures import Lines
from ..rules import Rule

WIDTHS = (64, 256, 1024)
ACTIVATIONS = {"identity": "identity", "ReLU": "relu", "sigmoid": "sigmoid"}
UNITS = 200_000  # that one prediction computes, whatever the width
ROUNDS = 80


def observe(seed: int) -> Iterator[Observation]:
    """Time predictions of one hidden layer; what they take longer than with identity is the activation's."""
    for width in WIDTHS:
        seconds = times(width, seed)
        for name in ("ReLU", "sigmoid"):
            yield Observation(name, (seconds[name] - seconds["identity"]) / UNITS * 1e9, str(width))


def times(width: int, seed: int) -> dict[str, float]:
    """The shortest prediction with each activation; in turn, so that a busy moment meets all of them."""
    X = np.random.default_rng(seed).standard_normal((UNITS // width, 4), np.float32)
    networks = {name: network(width, word, seed, X) for name, word in ACTIVATIONS.items()}
    best = dict.fromkeys(networks, np.inf)
    for _ in range(ROUNDS):
        for name, each in networks.items():
            start = time.perf_counter()
            each.predict(X)
            best[name] = min(best[name], time.perf_counter() - start)
    return best


def network(width: int, activation: str, seed: int, X: np.ndarray) -> gh.MLPRegressor:
    made = gh.MLPRegressor(
        (width,), activation=activation, dtype="float32", max_iter=1, watch_health=False, random_state=seed
    )
    made.fit(X, X[:, 0])
    return made


EXPERIMENT = Experiment(
    kind="activations",
    question="Is ReLU cheaper to compute than sigmoid?",
    setting="Predictions of a network with 4 inputs and one hidden layer, 200,000 units' values in each, in single "
    "precision. The time with identity units is taken off; of 80 rounds in turn the shortest counts.",
    measure="time of one value of one unit above identity, ns",
    over="width",
    claims=(
        Claim(
            id="activation-relu-kernel",
            says="ReLU takes less time to compute than sigmoid",
            rule=Rule("sigmoid", "ReLU", by=0),
            when="At every width: ReLU is one comparison, hidden behind the reading of the number it looks at, so "
            "that it costs no more than identity; sigmoid takes an exponential and a division. How much that is "
            "depends on the processor: vector instructions compute several exponentials at once, and leave well "
            "under a nanosecond of difference. Whether training notices is another question "
            "(activation-relu-training).",
        ),
    ),
    observe=observe,
    repetitions=6,
    timed=True,
    figure=Lines("units in the hidden layer", "time above identity, ns a value", log_x=True),
)
