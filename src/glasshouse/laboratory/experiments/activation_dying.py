"""Do ReLU units die, at which learning rates, and what does it cost?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from sklearn.datasets import load_digits
from sklearn.preprocessing import scale

import glasshouse as gh

from ..claims import Claim, Experiment, Observation
from ..figures import Lines
from ..rules import Rule

RATES = (0.001, 0.01, 0.03, 0.1, 0.3, 1)
SILENT, RIGHT = "share of silent units", "share of rows that are right"
ARMS = ("ReLU", "leaky ReLU", "ReLU, layer 1")
SLOPES = {"relu": 0.0, "leaky_relu": 0.01}  # below 0


def observe(seed: int) -> Iterator[Observation]:
    """Train at each rate, and count the units of the second layer whose weighted sum is above 0 on no row."""
    X, y = load_digits(return_X_y=True)
    X = scale(X)
    for rate in RATES:
        for name, word in (("ReLU", "relu"), ("leaky ReLU", "leaky_relu")):
            network = gh.MLPClassifier(
                (64, 64), activation=word, learning_rate_init=rate, max_iter=15, watch_health=False, random_state=seed
            ).fit(X, y)
            first, second = silent(network, X)
            yield Observation(name, second, str(rate), SILENT)
            yield Observation(name, network.score(X, y), str(rate), RIGHT)
            if name == "ReLU":
                yield Observation("ReLU, layer 1", first, str(rate), SILENT)
        yield Observation("a tenth", 0.1, str(rate), SILENT)


def silent(network: gh.MLPClassifier, X: np.ndarray) -> list[float]:
    """Of each hidden layer, the share of units whose weighted sum is above 0 on no row: a ReLU is dead then."""
    shares, a = [], X
    for w, b in zip(network.coefs_[:-1], network.intercepts_[:-1], strict=True):
        z = a @ w + b
        shares.append(float(np.mean((z <= 0).all(axis=0))))
        a = np.where(z > 0, z, SLOPES[network.activation] * z)
    return shares


EXPERIMENT = Experiment(
    kind="activations",
    question="At which learning rates do ReLU units die, and does it matter?",
    setting="Digits, standardised, two hidden layers of 64 units, 15 epochs of Adam at 0.001 to 1. A unit of "
    "the second layer is silent if its weighted sum is above 0 on no row; a silent ReLU is dead.",
    measure="share of the second layer's units",
    over="learning rate",
    claims=(
        Claim(
            id="activation-relu-dies",
            says="ReLU units die while a network trains, a tenth of them at least",
            rule=Rule("ReLU", "a tenth", by=0, of=SILENT),
            when="At high rates: none die at 0.001, a few in a hundred at 0.01, most from 0.1 on. A step that is too "
            "long pushes a unit's bias and weights so far down that its sum is negative on every row; then its "
            "slope is 0 everywhere, and no gradient brings it back. The first layer loses none: its inputs, "
            "being standardised, come in both signs, and a plane cannot easily leave all rows on one side. "
            "Those of the second layer are outputs of ReLU, never negative, and negative weights suffice.",
        ),
        Claim(
            id="activation-dead-hinder",
            says="Dead units hinder learning: with leaky ReLU, which cannot die, more rows are right, by 0.01 at least",
            rule=Rule("leaky ReLU", "ReLU", by=0.01, of=RIGHT),
            when="At rates of 0.3 and 1, where nearly all of the second layer is dead and the network answers no "
            "better than a guess, while leaky ReLU has nine rows of ten right. At 0.1 six units of ten are dead "
            "and it costs next to nothing: the others do their work. At rates one would choose there is no "
            "difference.",
        ),
        Claim(
            id="activation-leaky-silent",
            says="At rates at which ReLU units die, fewer units fall silent with leaky ReLU",
            rule=Rule("ReLU", "leaky ReLU", by=0, of=SILENT, cases=("0.1", "0.3", "1")),
            when="At each of these rates: about four to five units of ten rather than six to ten are silent. A leaky "
            "unit that has gone silent keeps a hundredth of its slope, so it goes on moving, and what it puts "
            "out still depends on the row (Maas et al. 2013). It falls silent for the same reason as a ReLU "
            "does, the step that is too long; that is not cured.",
        ),
    ),
    observe=observe,
    figure=Lines("learning rate of Adam", "share", log_x=True, quantities=(SILENT, RIGHT), arms=ARMS),
)
