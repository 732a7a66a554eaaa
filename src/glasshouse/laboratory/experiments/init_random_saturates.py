"""Do large plain random weights saturate units, and the more the deeper a layer lies?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from sklearn.datasets import load_digits
from sklearn.preprocessing import scale

import glasshouse as gh

from ..claims import Claim, Experiment, Observation
from ..figures import Lines
from ..rules import Rule

INITIALIZERS = {
    "plain σ = 1": gh.Initializer("normal", scale=1.0),
    "plain σ = 0.05": "normal",
    "Xavier": "glorot_normal",
    "He": "he_normal",
}
LAYERS = (1, 2, 5, 10, 15, 20)


def observe(seed: int) -> Iterator[Observation]:
    """The share of a layer's outputs at which the slope is below 5 % of the largest."""
    X, y = load_digits(return_X_y=True)
    rows = np.random.default_rng(seed).permutation(len(X))[:500]
    for activation in ("tanh", "sigmoid"):
        for arm, initializer in INITIALIZERS.items():
            doctor = gh.Doctor(every=1)
            network = gh.MLPClassifier((64,) * 20, activation, initializer=initializer, random_state=seed)
            network.set_params(max_iter=1, batch_size=500).fit(scale(X)[rows], y[rows], watchers=[doctor])
            # the first look is at the rows as they passed before the first step
            shares = [float(flat.mean()) for flat in doctor.samples[0].flat]
            for k in LAYERS:
                yield Observation(arm, shares[k - 1], str(k), activation)
            if arm == "plain σ = 1":
                yield Observation("layer 1", shares[0], of=f"{activation}, σ = 1")
                yield Observation("layer 20", shares[19], of=f"{activation}, σ = 1")


EXPERIMENT = Experiment(
    kind="initialisation",
    question="Do large plain random weights saturate units, and the more the deeper a layer lies?",
    setting="500 rows of digits, standardised, through untrained networks of 20 layers of 64 units. An output is "
    "saturated where the slope is below 5 % of the largest: beyond |z| = 2.18 for tanh, 4.36 for sigmoid.",
    measure="share of outputs that are saturated",
    over="layer",
    claims=(
        Claim(
            id="init-random-saturates",
            says="Plain random weights saturate tanh units if they are large; weights scaled by the width do not",
            rule=Rule("plain σ = 1", "Xavier", by=0.5, of="tanh"),
            when="Each unit here adds up 64 inputs, so with σ = 1 its weighted sum is some 8 times as large as they "
            "are, and tanh is flat beyond 2. Weights scaled by the width keep the sum near the size of one input, "
            "whether the scale is Xavier's or He's. A small plain σ saturates nothing either; it loses the signal "
            "instead.",
        ),
        Claim(
            id="init-sigmoid-saturates",
            says="Plain random weights saturate sigmoid units if they are large; weights scaled by the width do not",
            rule=Rule("plain σ = 1", "Xavier", by=0.25, of="sigmoid"),
            when="Sigmoid saturates later, beyond 4.4, and puts out 0 to 1, so that weighted sums above the first "
            "layer are smaller: two in five outputs saturate, against three in four with tanh.",
        ),
        Claim(
            id="init-random-saturates-deep",
            says="The deeper a layer lies, the more of its units do large plain random weights saturate",
            rule=Rule("layer 20", "layer 1", by=0.05, of="tanh, σ = 1"),
            when="It is the same in every layer: saturated outputs are near -1 and 1 whatever comes in, so the next "
            "layer is given what this one was given. The first differs by two points in a hundred, since its inputs "
            "are standardised rows. With sigmoid the first layer is the worst. What grows with depth is the harm: "
            "see init-saturated-slow.",
        ),
    ),
    observe=observe,
    figure=Lines("layer", "saturated outputs, as a share", quantities=("tanh", "sigmoid")),
)
