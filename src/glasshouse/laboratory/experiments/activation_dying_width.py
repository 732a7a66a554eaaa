"""Are large networks the ones in which ReLU units die, and which suffer from it?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from sklearn.datasets import load_digits
from sklearn.preprocessing import scale

import glasshouse as gh

from ..claims import Claim, Experiment, Observation
from ..figures import Lines
from ..rules import Rule

WIDTHS, RATES = (8, 16, 32, 64), (0.01, 0.03, 0.1)
DEAD, LOST = "share of dead units", "rows right, leaky ReLU less ReLU"
DEAD_AT, LOST_AT = "dead units", "rows lost"


def observe(seed: int) -> Iterator[Observation]:
    """Train networks of growing width with ReLU and with leaky ReLU, which cannot die, at three rates."""
    X, y = load_digits(return_X_y=True)
    X = scale(X)
    for rate in RATES:
        for width in WIDTHS:
            relu, leaky = (
                gh.MLPClassifier(
                    (width, width),
                    activation=word,
                    learning_rate_init=rate,
                    max_iter=15,
                    watch_health=False,
                    random_state=seed,
                ).fit(X, y)
                for word in ("relu", "leaky_relu")
            )
            share, lost = dead(relu, X), leaky.score(X, y) - relu.score(X, y)
            yield Observation(f"at {rate}", share, str(width), DEAD)
            yield Observation(f"at {rate}", lost, str(width), LOST)
            # The same numbers with the rate as the case: what the claims compare is the widths.
            yield Observation(f"{width} wide", share, str(rate), DEAD_AT)
            yield Observation(f"{width} wide", lost, str(rate), LOST_AT)


def dead(network: gh.MLPClassifier, X: np.ndarray) -> float:
    """The share of the second layer's units that put out 0 on every row."""
    a = X
    for w, b in zip(network.coefs_[:-1], network.intercepts_[:-1], strict=True):
        a = np.maximum(a @ w + b, 0)
    return float(np.mean((a == 0).all(axis=0)))


EXPERIMENT = Experiment(
    kind="activations",
    question="Do dead units trouble large networks more than small ones?",
    setting="Digits, standardised, two hidden layers of 8 to 64 units, 15 epochs of Adam at three rates. What dead "
    "units cost is the share of rows that leaky ReLU has right and ReLU has not.",
    measure="share of the second layer's units, or of rows",
    over="learning rate",
    claims=(
        Claim(
            id="activation-dies-large",
            says="At the same learning rate more ReLU units die in a large network, by one in twenty at least",
            rule=Rule("64 wide", "8 wide", by=0.05, of=DEAD_AT),
            when="At high rates. Adam moves every weight of a unit by about the rate, whatever the gradient; so the "
            "weighted sum of a unit with 64 inputs moves eight times as far in a step as that of one with 8. At "
            "0.1 six of ten units die in the wide network, one of ten in the narrow one; at 0.01 hardly any in "
            "either. So wide layers want lower rates.",
        ),
        Claim(
            id="activation-dead-hinder-large",
            says="Dead units hinder learning more in large networks, by one row in twenty at least",
            rule=Rule("64 wide", "8 wide", by=0.05, of=LOST_AT),
            when="Not at these rates: more units die in the wide network, but more are left than it needs, so that "
            "in none of them does leaky ReLU have one row in twenty more right. What dead units cost depends on "
            "how many are left alive, not on how many have died; where nearly all die, at a rate of 0.3, "
            "networks of every width learn nothing.",
        ),
    ),
    observe=observe,
    figure=Lines("units in each hidden layer", "share", log_x=True, quantities=(DEAD, LOST)),
)
