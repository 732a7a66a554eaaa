"""How much of the gradient at the last hidden layer is left at the first, and with which activation?"""

from __future__ import annotations

from collections.abc import Iterator

from sklearn.datasets import load_digits
from sklearn.preprocessing import scale

import glasshouse as gh

from ..claims import Claim, Experiment, Observation
from ..figures import Lines
from ..rules import Rule

DEPTHS = (2, 5, 10, 20)
ACTIVATIONS = {"ReLU": "relu", "tanh": "tanh", "sigmoid": "sigmoid"}


def observe(seed: int) -> Iterator[Observation]:
    """|dL/dz| of the first hidden layer over that of the last, before anything was learned."""
    X, y = load_digits(return_X_y=True)
    for depth in DEPTHS:
        for name, word in ACTIVATIONS.items():
            # One epoch of steps too small to change anything: the doctor then sees the first weights.
            network = gh.MLPClassifier(
                (64,) * depth, activation=word, learning_rate_init=1e-12, max_iter=1, random_state=seed
            )
            layers = network.fit(scale(X), y).health_.seen.hidden
            yield Observation(name, layers[0].delta / layers[-1].delta, str(depth))
        yield Observation("a hundredth", 0.01, str(depth))


EXPERIMENT = Experiment(
    kind="activations",
    question="Does the gradient vanish on its way down, and less so through ReLU?",
    setting="Digits, standardised, through untrained layers of 64 units: He's first weights for ReLU, Glorot's for "
    "sigmoid and tanh.",
    measure="|dL/dz| of the first hidden layer over that of the last",
    over="depth",
    claims=(
        Claim(
            id="activation-sigmoid-vanishes",
            says="Through layers of sigmoid units the gradient vanishes: less than a hundredth arrives at the first",
            rule=Rule("a hundredth", "sigmoid", times=1),
            when="From five layers on; through two a fifth arrives. Each layer multiplies the gradient by sigmoid's "
            "slope, which is at most ¼, and Glorot's first weights do not make up for it: 3 thousandths arrive "
            "through five layers, 2 millionths through ten, a trillionth through twenty (Hochreiter 1991). "
            "Weights four times as large undo the factor ¼ while units are near their middle: then an eighth "
            "arrives through five layers, but still less than a ten-thousandth through twenty.",
        ),
        Claim(
            id="activation-relu-vanishes-less",
            says="ReLU lets more of the gradient through than sigmoid",
            rule=Rule("ReLU", "sigmoid", times=1),
            when="At every depth, by a factor of 5 with two layers and of nearly 10¹² with twenty. Where a ReLU is "
            "on its slope is 1, and He's first weights make up for the half that is off, so that at the first "
            "layer about as much arrives as left the last. That the slope does not shrink is what counts: tanh, "
            "which has slope 1 at 0, keeps a fifth through twenty layers.",
        ),
        Claim(
            id="activation-relu-vanishes",
            says="The gradient vanishes through layers of ReLU as it does through sigmoid",
            rule=Rule("a hundredth", "ReLU", times=1),
            when="It does not with the first weights that suit ReLU: through twenty layers the gradient stays what "
            "it was, give or take a half. With weights that are too small for the width it vanishes with any "
            "activation (init-relu-he), and where all units of a layer are dead nothing arrives at all "
            "(activation-relu-dies).",
        ),
    ),
    observe=observe,
    figure=Lines("hidden layers", "gradient, first layer over last", log_y=True),
)
