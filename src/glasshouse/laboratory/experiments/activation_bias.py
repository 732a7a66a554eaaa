"""Does it depend on the biases a ReLU network begins with how many of its units die?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from sklearn.datasets import load_digits

import glasshouse as gh

from ..claims import Claim, Experiment, Observation
from ..figures import Dots
from ..rules import Rule

BIASES = (-3, -1, -0.1, 0.1, 1)


def observe(seed: int) -> Iterator[Observation]:
    """Count dead units at the start and after training, from each bias and from none."""
    X, y = load_digits(return_X_y=True)
    X = X / 16
    _, usual = dead_from(0, seed, X, y)
    for bias in BIASES:
        start, end = dead_from(bias, seed, X, y)
        yield Observation("as it begins", start, str(bias))
        yield Observation("trained", end, str(bias))
        yield Observation("trained from bias 0", usual, str(bias))


def dead_from(bias: float, seed: int, X: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """The share of dead units with these first biases, before training and after."""
    # One epoch of steps too small to change anything makes the first weights; training then goes on from what is set.
    network = gh.MLPClassifier(
        (64,), learning_rate_init=1e-12, max_iter=1, warm_start=True, watch_health=False, random_state=seed
    ).fit(X, y)
    network.intercepts_[0][:] = bias
    start = dead(network, X)
    return start, dead(network.set_params(learning_rate_init=0.03, max_iter=15).fit(X, y), X)


def dead(network: gh.MLPClassifier, X: np.ndarray) -> float:
    """The share of units that put out 0 on every row."""
    return float(np.mean((X @ network.coefs_[0] + network.intercepts_[0] <= 0).all(axis=0)))


EXPERIMENT = Experiment(
    kind="activations",
    question="What do the first biases do to ReLU units?",
    setting="Digits, between 0 and 1, one hidden layer of 64 units, all of whose biases begin at the same value; "
    "15 epochs of Adam at 0.03. A dead unit puts out 0 on every row.",
    measure="share of dead units",
    over="first bias",
    claims=(
        Claim(
            id="activation-bias-kills",
            says="First biases below 0 cost a ReLU network a tenth of its units at least, which die and stay dead",
            rule=Rule("trained", "trained from bias 0", by=0.1, cases=("-3", "-1", "-0.1")),
            when="With biases of -1 and below. The weighted sum of a unit must reach above 0 on some row before "
            "anything is learned; at -3 nearly no unit's does, so the network is dead before the first step and "
            "stays so. A tenth below 0 makes little difference, as first weights spread the sums further than "
            "that. Biases of 0, as here by default, are the usual choice.",
        ),
        Claim(
            id="activation-bias-saves",
            says="First biases above 0 keep ReLU units alive, one in twenty at least that would have died from 0",
            rule=Rule("trained from bias 0", "trained", by=0.05, cases=("0.1", "1")),
            when="With a bias of 1, not with the 0.1 that is often advised (Goodfellow et al. 2016, section 6.3). "
            "All units are on at first then, and steps have further to push before one is off on every row. 0.1 "
            "is small beside the spread of the sums. The deaths come from the rate, here 0.03: a lower one or "
            "standardised inputs do more (activation-rate-prevents, activation-scaling-prevents).",
        ),
    ),
    observe=observe,
    repetitions=12,
    figure=Dots("share of dead units, by the first bias of every unit"),
)
