"""Does anything bring dead ReLU units back?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.datasets import load_digits

import glasshouse as gh

from ..claims import Claim, Experiment, Observation
from ..figures import Dots
from ..rules import Rule

HIGH, LOW = 0.3, 0.03
SLOPES = {"relu": 0.0, "leaky_relu": 0.01}  # below 0


def observe(seed: int) -> Iterator[Observation]:
    """Kill units by a high rate; train on at a tenth of it, as ReLU and as leaky ReLU."""
    X, y = load_digits(return_X_y=True)
    X = X / 16
    killed, leaky = network(seed).fit(X, y), network(seed, activation="leaky_relu", max_iter=1).fit(X, y)
    for mine, theirs in zip(leaky.coefs_ + leaky.intercepts_, killed.coefs_ + killed.intercepts_, strict=True):
        mine[...] = theirs
    dead = silent(killed, X)
    for way, going_on in (("as ReLU", killed), ("as leaky ReLU", leaky)):
        after = silent(going_on.set_params(learning_rate_init=LOW, max_iter=15).fit(X, y), X)
        for layer, (before, units) in enumerate(zip(dead, after, strict=True), start=1):
            yield Observation(way, float(np.mean(~units[before])), str(layer))
    for layer in (1, 2):
        yield Observation("a quarter", 0.25, str(layer))


def network(seed: int, **choices: Any) -> gh.MLPClassifier:
    settings = {"learning_rate_init": HIGH, "max_iter": 15, **choices}
    return gh.MLPClassifier((64, 64), alpha=0, warm_start=True, watch_health=False, random_state=seed, **settings)


def silent(trained: gh.MLPClassifier, X: np.ndarray) -> list[np.ndarray]:
    """Of each hidden layer, which units have a weighted sum above 0 on no row: a ReLU is dead then."""
    units: list[np.ndarray] = []
    a = X
    for w, b in zip(trained.coefs_[:-1], trained.intercepts_[:-1], strict=True):
        z = a @ w + b
        units.append(np.all(z <= 0, axis=0))
        a = np.where(z > 0, z, SLOPES[trained.activation] * z)
    return units


EXPERIMENT = Experiment(
    kind="activations",
    question="Do dead ReLU units come back to life?",
    setting="Digits, between 0 and 1, two hidden layers of 64 ReLU units, 15 epochs of Adam at 0.3; then 15 "
    "more at 0.03, as they are or as leaky ReLU with the same weights. A unit is silent if its weighted sum is above 0 "
    "on no row; a silent ReLU is dead.",
    measure="share of the dead units that put out something again",
    over="layer",
    claims=(
        Claim(
            id="activation-dead-stay",
            says="A dead ReLU stays dead while training goes on at a lower rate: fewer than a quarter come back",
            rule=Rule("a quarter", "as ReLU", by=0),
            when="Always in the first layer: a unit with slope 0 on every row gets no gradient at all, and its "
            "inputs never change, so not one comes back at any rate. In the second layer a unit comes back now "
            "and then, as the layer below it moves and hands it other inputs. A penalty on the weights, which "
            "is left out here, moves dead units too, slowly.",
        ),
        Claim(
            id="activation-leaky-revives",
            says="Leaky ReLU in the place of dead ReLU units brings a quarter of them back at least",
            rule=Rule("as leaky ReLU", "a quarter", by=0),
            when="In the second layer, where most of them come back; in the first, one in ten. With a slope of 0.01 "
            "a silent unit gets a hundredth of the gradient; where a long step has thrown it far below 0, "
            "fifteen epochs do not take it back, though in deeper layers its inputs come to meet it. Silent "
            "leaky units are not dead: they still put out different numbers for different rows.",
        ),
    ),
    observe=observe,
    repetitions=12,
    figure=Dots("share of the dead that are back, by layer"),
)
