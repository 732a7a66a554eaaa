"""What keeps ReLU units from dying?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.datasets import load_digits
from sklearn.preprocessing import scale

import glasshouse as gh

from ..claims import Claim, Experiment, Observation
from ..figures import Dots
from ..rules import Rule

HIGH, LOW = 0.3, 0.03
SLOPES = {"relu": 0.0, "leaky_relu": 0.01}  # below 0


def observe(seed: int) -> Iterator[Observation]:
    """Train at a rate that kills; at a tenth of it; with leaky ReLU; with standardised inputs."""
    X, y = load_digits(return_X_y=True)
    X = X / 16
    ways = {
        "ReLU at 0.3": silent(network(seed).fit(X, y), X),
        "a tenth of the rate": silent(network(seed, learning_rate_init=LOW).fit(X, y), X),
        "leaky ReLU": silent(network(seed, activation="leaky_relu").fit(X, y), X),
        "standardised": silent(network(seed).fit(scale(X), y), scale(X)),
    }
    for way, layers in ways.items():
        for layer, units in enumerate(layers, start=1):
            yield Observation(way, float(units.mean()), str(layer))


def network(seed: int, **choices: Any) -> gh.MLPClassifier:
    settings = {"learning_rate_init": HIGH, "max_iter": 15, **choices}
    return gh.MLPClassifier((64, 64), watch_health=False, random_state=seed, **settings)


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
    question="What keeps ReLU units alive?",
    setting="Digits, between 0 and 1, two hidden layers of 64 ReLU units, 15 epochs of Adam at 0.3; or at 0.03, with "
    "leaky ReLU, with standardised inputs. A unit is silent if its weighted sum is above 0 on no row.",
    measure="share of units that are silent",
    over="layer",
    claims=(
        Claim(
            id="activation-rate-prevents",
            says="A tenth of the learning rate, which the doctor prescribes, keeps a fifth of all units from death",
            rule=Rule("ReLU at 0.3", "a tenth of the rate", by=0.2),
            when="In both layers: with a tenth of the rate about a quarter fall silent, with the full rate nearly "
            "all. The long step is what kills, so a shorter one is the first thing to try; it is also what "
            "`health_` recommends where it finds dead units. It has to come before: a dead unit does not profit "
            "from it (activation-dead-stay).",
        ),
        Claim(
            id="activation-leaky-prevents",
            says="Leaky ReLU from the start keeps a fifth of all units from falling silent",
            rule=Rule("ReLU at 0.3", "leaky ReLU", by=0.2),
            when="In the second layer, not in the first, where it is one unit in ten: leaky ReLU falls silent as "
            "easily as ReLU when a step is too long and all inputs are positive. What it prevents is that "
            "silence is the end: gradients get through, to the unit and to those below it.",
        ),
        Claim(
            id="activation-scaling-prevents",
            says="Standardised inputs keep a fifth of all units from death",
            rule=Rule("ReLU at 0.3", "standardised", by=0.2),
            when="In the first layer, where it prevents all deaths; in the second, none. Inputs between 0 and 1 are "
            "all positive, so that one step that lowers all weights of a unit lowers its sum on every row. "
            "Standardised ones come in both signs. The inputs of the second layer are outputs of ReLU, whatever "
            "is done to the first layer's.",
        ),
    ),
    observe=observe,
    repetitions=16,
    figure=Dots("share of silent units, by layer"),
)
