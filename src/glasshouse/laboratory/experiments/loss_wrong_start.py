"""A network starts sure of the wrong class: how long does each loss take to get it out of there?"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.preprocessing import scale

import glasshouse as gh

from ..claims import Claim, Experiment, Observation
from ..figures import Lines
from ..rules import Rule

RIGHT = ("0.5", "0.1", "0.01", "0.001")
RATES = {"cross_entropy": 0.25, "squared_error": 0.5}  # with dL/dz = ½ and ¼ at an output of one half
LARGER = (2, 4, 8, 16, 32, 64, 128, 256)
MATCHED, OWN = "equal steps at one half", "each at its best rate"


class Pushed(gh.Watcher):
    """Starts with another bias of the output, and ends the training as soon as 95 % of the rows are right."""

    def __init__(self, bias: float):
        self.bias = bias

    def before_fit(self, state: Any, data: Any, recipe: Any) -> None:
        state.network.parameters[-1] = self.bias  # biases come after the weights, the output's last of all

    def after_epoch(self, state: Any) -> bool:
        return bool(state.history[-1]["validation_score"] >= 0.95)


def observe(seed: int) -> Iterator[Observation]:
    """Epochs from each start, at a first rate and at the best of larger ones, which need not run longer than it."""
    X, y = load_breast_cancer(return_X_y=True)
    X, malignant = scale(X), y == 0  # the rarer class, so that most rows start on the wrong side
    for case in RIGHT:
        bias = math.log(1 / float(case) - 1)
        for arm, loss in (("cross-entropy", "cross_entropy"), ("squared error", "squared_error")):
            fewest = first = epochs(X, malignant, loss, bias, RATES[loss], 2000, seed)
            for times in LARGER:
                fewest = min(fewest, epochs(X, malignant, loss, bias, times * RATES[loss], fewest, seed))
            yield Observation(arm, first, case, MATCHED)
            yield Observation(arm, fewest, case, OWN)


def epochs(X: np.ndarray, y: np.ndarray, loss: str, bias: float, rate: float, most: int, seed: int) -> int:
    """How many it takes from this bias of the output; `most` if that is too few."""
    network = gh.MLPClassifier(
        16,
        "tanh",
        loss=loss,
        solver=gh.SGD(momentum=0),
        alpha=0,
        batch_size=len(X),
        learning_rate_init=rate,
        max_iter=most,
        tol=0,
        n_iter_no_change=most,
        watch_health=False,
        random_state=seed,
    )
    return len(network.fit(X, y, validation=(X, y), watchers=[Pushed(bias)]).history_)


EXPERIMENT = Experiment(
    kind="losses",
    question="A network starts sure of the wrong class: how long does each loss take to get it out of there?",
    setting="Breast cancer, 16 tanh units, a sigmoid output whose bias starts so that every row looks malignant, which "
    "most are not. Gradient descent on all rows, at rates with which both losses correct an output of one half by the "
    "same step (0.25 and 0.5), or at the best of nine rates each.",
    measure="epochs until 95 % of the rows are right",
    over="probability of the right class",
    claims=(
        Claim(
            id="loss-wrong-start",
            says="From a start that is sure of the wrong class, squared error takes more epochs than cross-entropy",
            rule=Rule("squared error", "cross-entropy", times=1, of=MATCHED, cases=RIGHT[1:]),
            when="As soon as the start is wrong, and the more so the surer it is: at rates with equal steps at one "
            "half, squared error takes half as long again at a probability of 0.1, three times as long at 0.01, "
            "and seven times or more at 0.001. There the slope of the sigmoid, a(1 − a), is a thousandth, while "
            "cross-entropy goes on with a full step. This is the demonstration of Nielsen (2015), with a table "
            "for his single row. Biases that start at 0 seldom lead there.",
        ),
        Claim(
            id="loss-wrong-start-rate",
            says="No learning rate makes up for what squared error loses by a start that is sure of the wrong class",
            rule=Rule("squared error", "cross-entropy", times=1, of=OWN, cases=RIGHT[1:]),
            when="Only where the start is very sure: at a probability of 0.001 squared error is still behind at its "
            "best rate. At 0.1, and mostly at 0.01, a larger rate does make up for it, since a long step along a "
            "flat slope is a step all the same. Such a rate has to be found first.",
        ),
    ),
    observe=observe,
    figure=Lines("probability of the right class at the start", "epochs until 95 % are right", log_x=True, log_y=True),
)
