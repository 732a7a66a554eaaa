"""On which side does an activation saturate, and at what weights?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.special import expit
from sklearn.datasets import load_digits
from sklearn.preprocessing import scale

import glasshouse as gh

from ..claims import Claim, Experiment, Observation
from ..figures import Lines
from ..rules import Rule

FACTORS = (1, 3, 10, 30, 100)
BELOW, ABOVE, ANYWHERE, LESSER = "where z < 0", "where z > 0", "in all", "the lesser side"
FLAT = 0.05  # of the largest slope


def observe(seed: int) -> Iterator[Observation]:
    """Multiply the first weights of a layer, and count at how many values of its units there is next to no slope."""
    X, y = load_digits(return_X_y=True)
    for name, word in (("sigmoid", "sigmoid"), ("ReLU", "relu")):
        # One epoch of steps too small to change anything: the weights are the first ones.
        network = gh.MLPClassifier((64,), activation=word, learning_rate_init=1e-12, max_iter=1, random_state=seed)
        z = scale(X) @ network.fit(scale(X), y).coefs_[0]
        for factor in FACTORS:
            flat = slope(name, factor * z) < FLAT
            below, above = float(np.mean(flat & (z < 0))), float(np.mean(flat & (z > 0)))
            for of, share in ((BELOW, below), (ABOVE, above), (ANYWHERE, below + above), (LESSER, min(below, above))):
                yield Observation(name, share, str(factor), of)


def slope(name: str, z: np.ndarray) -> np.ndarray:
    """f'(z) as a share of the largest slope f has, which is 1 for ReLU and 1/4 for sigmoid."""
    if name == "ReLU":
        return np.where(z > 0, 1.0, 0.0)
    a: np.ndarray = expit(z)
    return np.asarray(4 * a * (1 - a))


EXPERIMENT = Experiment(
    kind="activations",
    question="Which of sigmoid and ReLU saturates on both sides?",
    setting="Digits, standardised, through one untrained layer of 64 units, whose first weights (Glorot's for sigmoid, "
    "He's for ReLU) are multiplied by 1 to 100. Flat is a unit at a row where its slope is below 5 % of its largest.",
    measure="share of units and rows that are flat",
    over="factor of the weights",
    claims=(
        Claim(
            id="activation-relu-saturates",
            says="Sigmoid saturates on both sides, a tenth of all values at least on each, where ReLU does so on one",
            rule=Rule("sigmoid", "ReLU", by=0.1, of=LESSER),
            when="Where weights are large enough for sigmoid to saturate at all: next to nowhere at the first "
            "weights, at a twentieth of all values on either side for weights three times as large, at nearly "
            "half on either side for a hundredfold. ReLU is flat below 0, always and exactly, and never above. "
            "So what large weights do to sigmoid they cannot do to ReLU: times any positive number, it is on "
            "where it was on.",
        ),
        Claim(
            id="activation-relu-flat-less",
            says="ReLU is flat at fewer values than sigmoid",
            rule=Rule("sigmoid", "ReLU", by=0, of=ANYWHERE),
            when="Only where weights are large. ReLU is flat at half of all values whatever the weights, as half of "
            "the sums are negative; sigmoid at its first weights is flat almost nowhere, and overtakes ReLU "
            "between three and ten times as large ones. What speaks for ReLU at the start is not how often its "
            "slope is small, but that it is 1 elsewhere where sigmoid's is ¼.",
        ),
    ),
    observe=observe,
    figure=Lines(
        "factor of the first weights",
        "share of values that are flat",
        log_x=True,
        quantities=(BELOW, ABOVE, ANYWHERE),
    ),
)
