"""Does He's initialisation prevent dormant ReLU units?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from sklearn.datasets import load_digits
from sklearn.preprocessing import scale

import glasshouse as gh

from ..claims import Claim, Experiment, Observation
from ..figures import Lines
from ..rules import Rule

INITIALIZERS = {"plain σ = 0.05": "normal", "Xavier": "glorot_normal", "He": "he_normal"}
DEPTHS = (2, 5, 10, 20)


def observe(seed: int) -> Iterator[Observation]:
    """The share of hidden units that put out 0 on every row: before training, and after ten epochs."""
    X, y = load_digits(return_X_y=True)
    rows = np.random.default_rng(seed).permutation(len(X))[:400]
    X, y = scale(X)[rows], y[rows]
    for depth in DEPTHS:
        for arm, initializer in INITIALIZERS.items():
            network = gh.MLPClassifier((32,) * depth, initializer=initializer, solver="sgd", random_state=seed)
            network.set_params(batch_size=40, watch_health=False)
            network.set_params(max_iter=1, learning_rate_init=1e-30).fit(X, y)
            yield Observation(arm, dormant(network, X), str(depth), "before training")
            network.set_params(max_iter=10, learning_rate_init=0.01).fit(X, y)
            yield Observation(arm, dormant(network, X), str(depth), "after ten epochs")


def dormant(network: gh.MLPClassifier, h: np.ndarray) -> float:
    """The share of hidden units that are 0 for every one of these rows."""
    zero: list[bool] = []
    for w, b in zip(network.coefs_[:-1], network.intercepts_[:-1], strict=True):
        h = np.maximum(0, h @ w + b)
        zero += (h == 0).all(axis=0).tolist()
    return float(np.mean(zero))


EXPERIMENT = Experiment(
    kind="initialisation",
    question="Does He's initialisation prevent dormant ReLU units?",
    setting="400 rows of digits, standardised; networks of 32 ReLU units a layer, biases 0 at first, ten epochs of SGD "
    "with momentum at a rate of 0.01. A unit is dormant if it puts out 0 on every row.",
    measure="share of hidden units that are dormant",
    over="depth",
    claims=(
        Claim(
            id="init-he-dormant",
            says="He's initialisation draws fewer ReLU units that are dormant from the start than a plain random one",
            rule=Rule("plain σ = 0.05", "He", by=0.01, of="before training"),
            when="It cannot: whether a weighted sum is negative does not depend on how all weights are scaled. With "
            "biases of 0 the same draw makes the same units dormant at any scale, σ = 0.05 or He's. Deep layers have "
            "more of them, since rows become alike on their way up (init-he-alike), and a unit is then 0 on all of "
            "them at once.",
        ),
        Claim(
            id="init-he-dormant-trained",
            says="After training fewer ReLU units are dormant under He's initialisation than under a plain random one",
            rule=Rule("plain σ = 0.05", "He", by=0.01, of="after ten epochs"),
            when="From 5 layers on. As long as the layers below learn, a unit that was drawn dormant can wake up "
            "again, and under He's weights they learn. Where the signal has faded nothing does, and the smallest "
            "step of a bias outweighs what comes in, which puts more units to sleep. With 2 layers there are hardly "
            "any. Steps that are too large make dormant units under any initialisation.",
        ),
    ),
    observe=observe,
    figure=Lines("hidden layers", "dormant units, as a share", log_x=True),
)
