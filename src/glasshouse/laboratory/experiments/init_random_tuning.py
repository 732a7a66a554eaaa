"""Do plain random weights need a more careful choice of the learning rate?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from sklearn.datasets import load_digits
from sklearn.preprocessing import scale

import glasshouse as gh

from ..claims import Claim, Experiment, Observation
from ..figures import Lines
from ..rules import Rule

RATES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
INITIALIZERS = {
    "plain σ = 0.05": "normal",
    "plain σ = 1": gh.Initializer("normal", scale=1.0),
    "Xavier": "glorot_normal",
    "He": "he_normal",
}


def observe(seed: int) -> Iterator[Observation]:
    """How many of seven learning rates bring a network to 90 % of its rows within ten epochs."""
    X, y = load_digits(return_X_y=True)
    rows = np.random.default_rng(seed).permutation(len(X))[:400]
    X, y = scale(X)[rows], y[rows]
    for depth in (1, 2, 5):
        for arm, initializer in INITIALIZERS.items():
            network = gh.MLPClassifier((32,) * depth, initializer=initializer, solver="sgd", random_state=seed)
            network.set_params(batch_size=40, max_iter=10, watch_health=False)
            good = [learned(network.set_params(learning_rate_init=rate), X, y) for rate in RATES]
            yield Observation(arm, sum(good), str(depth))


def learned(network: gh.MLPClassifier, X: np.ndarray, y: np.ndarray) -> bool:
    """Whether ten epochs were enough; not where the rate was so high that the loss was no number any more."""
    try:
        return bool(network.fit(X, y).score(X, y) >= 0.9)
    except gh.TrainingDiverged:
        return False


EXPERIMENT = Experiment(
    kind="initialisation",
    question="Do plain random weights need a more careful choice of the learning rate?",
    setting="400 rows of digits, standardised; ReLU networks of 32 units a layer, ten epochs of SGD with momentum, at "
    "seven learning rates from 0.001 to 1. A rate is good if 90 % of the rows are right in the end.",
    measure="learning rates that are good, of seven",
    over="depth",
    claims=(
        Claim(
            id="init-random-tuning",
            says="Plain random weights need a more careful choice of the learning rate than He's",
            rule=Rule("He", "plain σ = 0.05", by=0),
            when="At every depth here: small weights make small gradients, so SGD needs larger steps, while the "
            "largest good step stays about where it was. With one layer there is one good rate less, with five there "
            "is none left. Adam forgives more, as it divides by the size of the gradient.",
        ),
    ),
    observe=observe,
    figure=Lines("hidden layers", "good learning rates, of seven"),
)
