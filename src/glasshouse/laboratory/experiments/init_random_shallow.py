"""Is plain random initialisation good enough for one hidden layer?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits, make_classification, make_moons
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import scale

import glasshouse as gh

from ..claims import Claim, Experiment, Observation
from ..figures import Dots
from ..rules import Rule

PLAIN: dict[str, str | gh.Initializer] = {
    "plain σ = 0.05": "normal",
    "plain σ = 1": gh.Initializer("normal", scale=1.0),
}


def observe(seed: int) -> Iterator[Observation]:
    """By how much plain weights miss the test accuracy of He's."""
    tables = {
        "digits (64 inputs)": load_digits(return_X_y=True),
        "breast cancer (30)": load_breast_cancer(return_X_y=True),
        "planted (20)": make_classification(1500, 20, n_informative=6, random_state=seed),
        "moons (2)": make_moons(1500, noise=0.2, random_state=seed),
    }
    for table, (X, y) in tables.items():
        size = min(500, len(X) // 2)
        parts = train_test_split(scale(X), y, train_size=size, stratify=y, random_state=seed)
        he = accuracy("he_normal", seed, *parts)
        for arm, initializer in PLAIN.items():
            yield Observation(arm, he - accuracy(initializer, seed, *parts), table)
        yield Observation("one point", 0.01, table)


def accuracy(
    initializer: str | gh.Initializer,
    seed: int,
    train: np.ndarray,
    test: np.ndarray,
    y_train: np.ndarray,
    y_test: np.ndarray,
) -> float:
    """Of one hidden layer of 32 ReLU units, on the rows that were held out."""
    network = gh.MLPClassifier((32,), initializer=initializer, learning_rate_init=0.003, batch_size=32, max_iter=30)
    network.set_params(random_state=seed, watch_health=False).fit(train, y_train)
    return float(network.score(test, y_test))


EXPERIMENT = Experiment(
    kind="initialisation",
    question="Is plain random initialisation good enough for one hidden layer?",
    setting="One hidden layer of 32 ReLU units, 30 epochs of Adam on at most 500 rows of four tables, standardised; "
    "the other rows are predicted.",
    measure="test accuracy lost against He's initialisation",
    over="table",
    repetitions=12,
    claims=(
        Claim(
            id="init-random-shallow",
            says="With one hidden layer small plain random weights cost no more than a point of accuracy",
            rule=Rule("one point", "plain σ = 0.05", by=0),
            when="One layer cannot lose much of a signal, and 0.05 is not far from what tables of 20 to 60 inputs ask "
            "for, so nothing is lost, and where noise can be learned by heart small weights are even better. With "
            "the two inputs of the moons He's scale is 1, and a σ of 0.05 is still behind after 30 epochs.",
        ),
        Claim(
            id="init-random-shallow-large",
            says="With one hidden layer large plain random weights cost no more than a point of accuracy",
            rule=Rule("one point", "plain σ = 1", by=0),
            when="The other way round: σ = 1 is the right scale for the two inputs of the moons, and costs from 2 to "
            "18 points where there are 20 or more. No fixed σ suits all tables, which is the whole case for one that "
            "follows fan_in.",
        ),
    ),
    observe=observe,
    figure=Dots("test accuracy lost against He's", arms=("plain σ = 0.05", "plain σ = 1", "one point")),
)
