"""Does a step against the gradient lower the error?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from sklearn.datasets import load_wine
from sklearn.preprocessing import scale

import glasshouse as gh

from ..claims import Claim, Experiment, Observation
from ..figures import Lines
from ..rules import Rule

RATES = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30)
ONE, MANY = "one row (course sheet)", "178 rows (wine)"


def observe(seed: int) -> Iterator[Observation]:
    """The loss before and after the first step, from random weights."""
    for rate in RATES:
        for of, (before, after) in ((ONE, course_sheet(seed, rate)), (MANY, wine(seed, rate))):
            yield Observation("before the step", before, f"{rate:g}", of)
            yield Observation("after the step", after, f"{rate:g}", of)


def course_sheet(seed: int, rate: float) -> list[float]:
    """Squared errors of the sheet's 2-2-2 network, from other weights."""
    rng = np.random.default_rng(seed)
    weights = {name: float(rng.standard_normal()) for name in ("w1", "w2", "w3", "w4", "w5", "w6", "w7", "w8")}
    specification = {
        "inputs": {"x1": 0.05, "x2": 0.10},
        "targets": {"y1": 0.01, "y2": 0.99},
        "learning_rate": rate,
        "biases": "held",
        "layers": [
            {"units": ["h1", "h2"], "activation": "sigmoid", "weights": [["w1", "w3"], ["w2", "w4"]], "bias": "b1"},
            {"units": ["o1", "o2"], "activation": "sigmoid", "weights": [["w5", "w7"], ["w6", "w8"]], "bias": "b2"},
        ],
        "values": {**weights, "b1": 0.35, "b2": 0.60},
    }
    return list(gh.trace(specification).losses)


def wine(seed: int, rate: float) -> list[float]:
    """Cross-entropies of 13-8-3, tanh: an epoch is one step on all rows, and its loss is that before the step."""
    X, y = load_wine(return_X_y=True)
    network = gh.MLPClassifier(
        (8,),
        activation="tanh",
        solver=gh.SGD(momentum=0),
        learning_rate_init=rate,
        alpha=0,
        batch_size=len(X),
        max_iter=2,
        dtype="float64",
        random_state=seed,
    ).fit(scale(X), y)
    return [row["loss"] for row in network.history_]


EXPERIMENT = Experiment(
    kind="backpropagation",
    question="Does a step against the gradient lower the error?",
    setting="One step from random weights, on all rows at once: of the course sheet's 2-2-2 network with its single "
    "row, and of a network of 8 tanh units on the 178 rows of wine.",
    measure="loss",
    over="learning rate",
    claims=(
        Claim(
            id="backprop-descends",
            says="A step against the gradient lowers the error",
            rule=Rule("before the step", "after the step", times=1, of=MANY),
            when="The gradient is the slope where one stands, so a step lowers the error if it is short enough for "
            "the slope to last: if slopes change by at most L per unit of the way, any learning rate below 2/L will "
            "do (Nesterov, 2004). On wine that goes well up to a rate of 3. At 10 most networks are thrown beyond "
            "the valley, at 30 all of them, to losses many times as large. A step on some of the rows only may raise "
            "the error of all.",
        ),
        Claim(
            id="backprop-descends-sheet",
            says="One step of backpropagation lowers the error of the course sheet's network",
            rule=Rule("before the step", "after the step", times=1, of=ONE),
            when="It does at every rate tried, up to 30. There is one row, so no other can be hurt, and its targets "
            "are 0.01 and 0.99: however far a step pushes the sums, the sigmoids end at 0 and 1, next to them. That "
            "is a property of this example and not of the method: with more rows the same rates fail.",
        ),
    ),
    observe=observe,
    figure=Lines("learning rate", "loss", log_x=True, log_y=True, quantities=(ONE, MANY)),
)
