"""Can any initialisation keep the gradient of a deep network of sigmoid units?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from sklearn.datasets import load_digits
from sklearn.preprocessing import scale

import glasshouse as gh

from ..claims import Claim, Experiment, Observation
from ..figures import Lines
from ..rules import Rule

WIDE = "plain σ = 1"
USUAL = {"plain σ = 0.05": "normal", "Xavier": "glorot_normal", "He": "he_normal"}
NETWORKS: dict[str, tuple[str, str | gh.Initializer]] = {
    **{arm: ("sigmoid", name) for arm, name in USUAL.items()},
    WIDE: ("sigmoid", gh.Initializer("normal", scale=1.0)),
    "Xavier with tanh": ("tanh", "glorot_normal"),
}
DISTANCES = (1, 2, 4, 9, 19)  # from layer 20, in layers


def observe(seed: int) -> Iterator[Observation]:
    """What is left of the gradient after so many layers on its way down from the last of 20."""
    X, y = load_digits(return_X_y=True)
    rows = np.random.default_rng(seed).permutation(len(X))[:500]
    deltas = {}
    for arm, (activation, initializer) in NETWORKS.items():
        doctor = gh.Doctor(every=1)
        network = gh.MLPClassifier((64,) * 20, activation, initializer=initializer, random_state=seed)
        network.set_params(max_iter=1, batch_size=500).fit(scale(X)[rows], y[rows], watchers=[doctor])
        deltas[arm] = np.array(doctor.samples[0].deltas)  # the first look is at what passed before the first step
    for k in DISTANCES:
        left = {arm: delta[19 - k] / delta[19] for arm, delta in deltas.items()}
        for arm, share in left.items():
            yield Observation(arm, share, str(k))
        yield Observation("the best of the usual", max(left[arm] for arm in USUAL), str(k))
        yield Observation("a hundredth", 0.01, str(k))


EXPERIMENT = Experiment(
    kind="initialisation",
    question="Can any initialisation keep the gradient of a deep network of sigmoid units?",
    setting="500 rows of digits, standardised, through untrained networks of 20 layers of 64 units. The gradient is "
    "followed from layer 20 down; a tanh network under Xavier is there to compare.",
    measure="gradient that is left",
    over="distance",
    claims=(
        Claim(
            id="init-sigmoid",
            says="No usual initialisation keeps the gradient of sigmoid units as Xavier's keeps that of tanh",
            rule=Rule("Xavier with tanh", "the best of the usual", times=2),
            when="The slope of sigmoid is a quarter at most. Weights that keep the size of a signal, as Xavier's do "
            "for tanh, let a quarter of the gradient through a layer, He's a third; after 19 layers less than a "
            "billionth is left. Weights would have to be at least four times Xavier's to make up for it, which no "
            "usual recipe has.",
        ),
        Claim(
            id="init-sigmoid-xavier",
            says="With sigmoid units Xavier's initialisation prevents the gradient from vanishing",
            rule=Rule("Xavier", "a hundredth", times=1),
            when="In shallow networks only. Each layer leaves a quarter of the gradient, so after 2 layers there is a "
            "sixteenth, and from the fourth on less than a hundredth. Glorot and Bengio (2010) found sigmoid "
            "unsuited to deep networks in the very paper that Xavier's initialisation is from.",
        ),
        Claim(
            id="init-sigmoid-wide",
            says="With sigmoid units large plain random weights lose more of the gradient than Xavier's, since they "
            "saturate the units",
            rule=Rule("Xavier", WIDE, times=1),
            when="They do saturate units, two in five here, but lose far less. Weights of σ = 1 are 8 times Xavier's, "
            "and that outweighs the smaller slopes: a layer leaves about nine tenths. For sigmoid it is the other "
            "way round from tanh, whose slope of 1 needs no such help.",
        ),
    ),
    observe=observe,
    figure=Lines(
        "distance from the last hidden layer, in layers",
        "gradient that is left, as a share",
        log_y=True,
        arms=tuple(NETWORKS),
    ),
)
