"""Does a network stop learning if the slope of the activation is left out?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.preprocessing import scale

import glasshouse as gh

from ..claims import Claim, Experiment, Observation
from ..figures import Lines
from ..rules import Rule

RATES = (0.1, 0.3, 1, 3, 10)
STEPS = 200


def slope_left_out(a: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Squared errors, and a dL/da from which the slope a (1 − a), which comes next, drops out again."""
    return np.sum((a - y) ** 2, axis=1), 2 * (a - y) / np.maximum(a * (1 - a), 1e-12)


def observe(seed: int) -> Iterator[Observation]:
    """The mean squared error after training by the gradient, and by the one with the slip."""
    X, y = load_breast_cancer(return_X_y=True)
    for rate in RATES:
        for arm, loss in (("slope left out", slope_left_out), ("slope kept", "squared_error")):
            network = gh.MLPClassifier(
                (8,),
                activation="sigmoid",
                loss=loss,
                solver=gh.SGD(momentum=0),
                learning_rate_init=rate,
                alpha=0,
                batch_size=len(X),
                max_iter=STEPS,
                n_iter_no_change=STEPS,
                dtype="float64",
                random_state=seed,
            ).fit(scale(X), y)
            error = np.mean((network.predict_proba(scale(X))[:, 1] - y) ** 2)
            yield Observation(arm, float(error), f"{rate:g}")


EXPERIMENT = Experiment(
    kind="backpropagation",
    question="Does a network stop learning if the slope of the activation is left out at the output?",
    setting=f"Breast cancer, standardised, 8 sigmoid units and a sigmoid output, squared error, {STEPS} steps on all "
    "rows. One network follows the gradient, its twin with the same first weights one whose dL/dz at the output lacks "
    "the factor a (1 − a).",
    measure="mean squared error on the training rows",
    over="learning rate",
    claims=(
        Claim(
            id="backprop-slip",
            says="Leaving out the slope of the activation at the output makes a network learn worse",
            rule=Rule("slope left out", "slope kept", times=1),
            when="At a sigmoid output it does not. Without the slope the gradient is 2 (a − y), and but for the 2 "
            "that is the gradient of cross-entropy, a loss that suits classes better and does not stall where a is "
            "wrong and flat. The slope is a quarter at most, so the steps become longer as well. This is why the "
            "slip is so easily missed: the error falls nicely. Differences show it at once. Of hidden units this "
            "says nothing: their slopes differ from unit to unit, and without them it is the gradient of no loss.",
        ),
    ),
    observe=observe,
    figure=Lines("learning rate", f"mean squared error after {STEPS} steps", log_x=True, log_y=True),
)
