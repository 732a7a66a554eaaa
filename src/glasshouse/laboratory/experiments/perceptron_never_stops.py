"""Does Rosenblatt's rule come to rest where no line separates the classes?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.datasets import load_iris, make_moons
from sklearn.preprocessing import scale

import glasshouse as gh

from ..claims import Claim, Experiment, Observation
from ..figures import Lines
from ..rules import Rule

EPOCHS = 200
SHOWN = (1, 2, 3, 5, 10, 20, 30, 50, 100, EPOCHS)


class Way(gh.Watcher):
    """How far the weights go in every epoch: the lengths of its steps, added up."""

    def before_fit(self, state: Any, data: Any, recipe: Any) -> None:
        self.weights, self.epochs = state.network.parameters.copy(), [0.0]

    def after_step(self, state: Any, work: Any) -> None:
        self.epochs[-1] += float(np.linalg.norm(state.network.parameters - self.weights))
        self.weights = state.network.parameters.copy()

    def after_epoch(self, state: Any) -> None:
        self.epochs.append(0.0)


def observe(seed: int) -> Iterator[Observation]:
    """How far the weights still go, epoch by epoch, by Rosenblatt's rule and by logistic regression's gradient."""
    for table, (X, y) in tables(seed).items():
        rule = gh.Perceptron(tol=None, max_iter=EPOCHS, random_state=seed)
        logistic = gh.MLPClassifier(
            (),
            solver=gh.SGD(),
            learning_rate_init=0.3,
            alpha=1.0,
            batch_size=len(X),
            max_iter=EPOCHS,
            n_iter_no_change=EPOCHS,
            dtype="float64",
            random_state=seed,
        )
        for arm, unit in (("Rosenblatt", rule), ("logistic", logistic)):
            way = Way()
            unit.fit(X, y, watchers=[way])
            for epoch in SHOWN:
                yield Observation(arm, way.epochs[epoch - 1] / way.epochs[0], str(epoch), table)
            yield Observation(arm, way.epochs[EPOCHS - 1] / way.epochs[0], table, "way of the last epoch")


def tables(seed: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Rows that no line separates."""
    corners = np.array([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
    moons, crescent = make_moons(60, noise=0.2, random_state=seed)
    flowers, kind = load_iris(return_X_y=True)
    return {
        "XOR": (corners, corners[:, 0] * corners[:, 1] < 0),
        "two moons": (moons, crescent == 1),
        "iris": (scale(flowers[kind > 0]), kind[kind > 0] == 2),
    }


EXPERIMENT = Experiment(
    kind="perceptron",
    question="Does Rosenblatt's rule come to rest where no line separates the classes?",
    setting="XOR, 60 points of two moons that overlap, and the iris kinds versicolor and virginica. Rosenblatt's rule "
    "goes from row to row; logistic regression (C = 1) follows the gradient of all rows. The way the weights go in an "
    "epoch is measured, that of the first being 1.",
    measure="way of the weights in an epoch",
    over="table",
    repetitions=6,
    claims=(
        Claim(
            id="perceptron-never-stops",
            says="Where no line separates the classes, Rosenblatt's rule never stops, and logistic regression does",
            rule=Rule("Rosenblatt", "logistic", times=100, of="way of the last epoch"),
            when="An epoch without a mistake would be a line that separates the rows; where there is none, every "
            "epoch has at least one mistake, and moves the line. On XOR each of the four rows is one, epoch after "
            "epoch. The weights wander, but not away: their length stays bounded (Block and Levin, 1970). So what "
            "comes out is whatever line was there last; keep the best one instead (Gallant, 1990), or the mean of "
            "all. Cross-entropy with a penalty is convex and has a minimum, so its gradient fades.",
        ),
    ),
    observe=observe,
    figure=Lines(
        "epoch",
        "way of the weights, first epoch = 1",
        log_x=True,
        log_y=True,
        quantities=("XOR", "iris"),
    ),
)
