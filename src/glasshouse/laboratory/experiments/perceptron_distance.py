"""Is the weighted sum of a perceptron a distance?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from sklearn.datasets import load_breast_cancer, load_iris, load_wine
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import scale

import glasshouse as gh

from ..claims import Claim, Experiment, Observation
from ..figures import Dots
from ..rules import Rule

EPSILON = float(np.finfo(float).eps)  # nothing that is worked out in double precision is known better


def observe(seed: int) -> Iterator[Observation]:
    """How far the weighted sum, and the sum over ‖w‖, are from the distance to the nearest point of the line."""
    for table, (X, y) in tables().items():
        train, test, y_train, _ = train_test_split(scale(X), y, train_size=0.5, random_state=seed)
        perceptron = gh.Perceptron(random_state=seed).fit(train, y_train)
        w, b = perceptron.coef_[0], perceptron.intercept_[0]
        z = np.abs(perceptron.decision_function(test))
        distance = np.linalg.norm(test - nearest(test, w, b), axis=1)
        for arm, said in (("weighted sum", z), ("weighted sum over ‖w‖", z / np.linalg.norm(w))):
            error = float(np.mean(np.abs(said - distance) / distance))
            yield Observation(arm, max(error, EPSILON), table)
        yield Observation("a tenth", 0.1, table)


def nearest(X: np.ndarray, w: np.ndarray, b: float) -> np.ndarray:
    """The nearest points with w x + b = 0, found as the least-squares solution of that one equation."""
    step, *_ = np.linalg.lstsq(w[None, :], -(X @ w + b)[None, :], rcond=None)
    return np.asarray(X + step.T)


def tables() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Rows, and one class against the rest."""
    wine, iris = load_wine(return_X_y=True), load_iris(return_X_y=True)
    return {
        "iris": (iris[0], iris[1] == 2),
        "wine": (wine[0], wine[1] == 1),
        "breast cancer": load_breast_cancer(return_X_y=True),
    }


EXPERIMENT = Experiment(
    kind="perceptron",
    question="Is the weighted sum of a perceptron the distance of a point from its line?",
    setting="Perceptrons learn half of a table, standardised: virginica among iris flowers, the second of "
    "three wines, breast cancer. The other half is measured. The distance is that to the nearest point of the line, "
    "found by least squares.",
    measure="relative error, taken for the distance",
    over="table",
    claims=(
        Claim(
            id="perceptron-distance",
            says="The weighted sum is the distance from the line, once it is divided by the length of the weights",
            rule=Rule("weighted sum", "weighted sum over ‖w‖", times=1000),
            when="It always is. The nearest point of the line lies along w, and z grows by ‖w‖ for each unit of the "
            "way there. What is left is the rounding of double precision, in the sixteenth digit. The sign of z says "
            "on which side the point lies.",
        ),
        Claim(
            id="perceptron-distance-unscaled",
            says="The weighted sum itself measures the distance from the line, to a tenth of it",
            rule=Rule("a tenth", "weighted sum", by=0),
            when="It does only where ‖w‖ happens to be 1. Rosenblatt's rule adds rows to w with every mistake, so "
            "that w grows long: on these tables the sum is some 7 to 35 times the distance. Within one perceptron "
            "the sum still orders points by their distance, as the factor is the same for all of them; sums of two "
            "perceptrons cannot be compared.",
        ),
    ),
    observe=observe,
    figure=Dots("relative error, taken for the distance", log=True),
)
