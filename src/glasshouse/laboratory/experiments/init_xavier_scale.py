"""Which scale does Xavier's initialisation draw weights at: 1/√fan_in, or √(2/(fan_in + fan_out))?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

import glasshouse as gh

from ..claims import Claim, Experiment, Observation
from ..figures import Dots
from ..rules import Rule

LAYERS = ((64, 64), (64, 16), (16, 64), (64, 256), (256, 64))


def observe(seed: int) -> Iterator[Observation]:
    """How far the standard deviation of drawn weights is from the one and the other formula, as a share."""
    for fan_in, fan_out in LAYERS:
        case = f"{fan_in} → {fan_out}"
        lecun, glorot = fan_in**-0.5, (2 / (fan_in + fan_out)) ** 0.5
        drawn = deviation("glorot_normal", fan_in, fan_out, seed)
        yield Observation("Xavier, by 1/√fan_in", abs(drawn / lecun - 1), case)
        yield Observation("Xavier, by √(2/(fan_in + fan_out))", abs(drawn / glorot - 1), case)
        drawn = deviation("lecun_normal", fan_in, fan_out, seed)
        yield Observation("LeCun, by 1/√fan_in", abs(drawn / lecun - 1), case)
        yield Observation("one tenth", 0.1, case)


def deviation(initializer: str, fan_in: int, fan_out: int, seed: int) -> float:
    """The standard deviation of a layer's weights, before it has learned anything."""
    X = np.random.default_rng(seed).standard_normal((20, fan_in))
    network = gh.MLPClassifier((fan_out,), initializer=initializer, learning_rate_init=1e-12, max_iter=1)
    network.set_params(random_state=seed, watch_health=False).fit(X, np.arange(20) % 2)
    return float(network.coefs_[0].std())


EXPERIMENT = Experiment(
    kind="initialisation",
    question="At which scale does Xavier's initialisation draw the weights of a layer?",
    setting="Weights of layers with so many inputs and outputs (fan_in → fan_out) are drawn, and their standard "
    "deviation is compared with a formula. The claim holds where it is right to a tenth.",
    measure="distance from the formula, as a share",
    over="layer",
    claims=(
        Claim(
            id="init-xavier-scale",
            says="Xavier's initialisation draws weights with a standard deviation of 1/√fan_in",
            rule=Rule("one tenth", "Xavier, by 1/√fan_in", by=0),
            when="Only in layers with as many outputs as inputs, where the two formulas agree. Elsewhere it is LeCun's "
            "scale. Xavier's takes both sides into account, since 1/√fan_in keeps the signal on its way up and "
            "1/√fan_out the gradient on its way down; the larger the difference of the two, the further off is the "
            "formula.",
        ),
        Claim(
            id="init-xavier-fans",
            says="Xavier's initialisation draws weights with a standard deviation of √(2/(fan_in + fan_out))",
            rule=Rule("one tenth", "Xavier, by √(2/(fan_in + fan_out))", by=0),
            when="Always; √(2/(fan_in + fan_out)) is the formula of Glorot and Bengio (2010), whose first author's "
            "first name is Xavier. Drawn uniformly, the limits are ±√(6/(fan_in + fan_out)), of the same standard "
            "deviation.",
        ),
        Claim(
            id="init-lecun-scale",
            says="LeCun's initialisation draws weights with a standard deviation of 1/√fan_in",
            rule=Rule("one tenth", "LeCun, by 1/√fan_in", by=0),
            when="Always; LeCun et al. (1998) chose it so that weighted sums have a variance of 1 if the inputs do. "
            "Times √2, it is He's.",
        ),
    ),
    observe=observe,
    figure=Dots("distance from the formula, as a share"),
)
