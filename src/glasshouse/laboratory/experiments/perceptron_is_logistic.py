"""Does a sigmoid make logistic regression of a perceptron?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import scale

import glasshouse as gh

from ..claims import Claim, Experiment, Observation
from ..figures import Dots
from ..rules import Rule

EPOCHS = 800


def observe(seed: int) -> Iterator[Observation]:
    """How far apart weights are, as a share of their length: of two programs, and of two samples of the rows."""
    rng = np.random.default_rng(seed)
    for name, (X, y) in tables().items():
        rows, others = rng.integers(0, len(X), (2, len(X)))
        weights = LogisticRegression(C=1.0, tol=1e-10, max_iter=5000).fit(X[rows], y[rows]).coef_[0]
        again = LogisticRegression(C=1.0, tol=1e-10, max_iter=5000).fit(X[others], y[others]).coef_[0]
        unit = gh.MLPClassifier(
            (),  # no hidden layer: the inputs, one sum, a sigmoid, cross-entropy
            alpha=1.0,  # the same penalty: 1 / C
            solver=gh.SGD(momentum=0.95),
            learning_rate_init=0.3,
            batch_size=len(X),
            max_iter=EPOCHS,
            n_iter_no_change=EPOCHS,
            dtype="float64",
            random_state=seed,
        ).fit(X[rows], y[rows])
        length = np.linalg.norm(weights)
        yield Observation("another sample of the rows", float(np.linalg.norm(again - weights) / length), name)
        yield Observation(
            "perceptron with a sigmoid", float(np.linalg.norm(unit.coefs_[0][:, 0] - weights) / length), name
        )


def tables() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Standardised columns, and two classes."""
    wine, iris = load_wine(return_X_y=True), load_iris(return_X_y=True)
    cancer, diabetes = load_breast_cancer(return_X_y=True), load_diabetes(return_X_y=True)
    return {
        "wine": (scale(wine[0]), wine[1] == 1),
        "iris": (scale(iris[0]), iris[1] == 2),
        "breast cancer": (scale(cancer[0]), cancer[1]),
        "diabetes": (scale(diabetes[0]), diabetes[1] > np.median(diabetes[1])),
    }


EXPERIMENT = Experiment(
    kind="perceptron",
    question="Is a perceptron with a sigmoid the same thing as logistic regression?",
    setting="Rows are drawn with repetition from four tables, standardised. One unit with a sigmoid learns by "
    f"cross-entropy, {EPOCHS:,} gradient steps from random weights; scikit-learn's LogisticRegression fits the same "
    "rows with the same penalty (C = 1), and then another sample of them.",
    measure="distance from scikit-learn's weights, as a share of their length",
    over="table",
    claims=(
        Claim(
            id="perceptron-is-logistic",
            says="A perceptron with a sigmoid for its step, trained by cross-entropy, is logistic regression",
            rule=Rule("another sample of the rows", "perceptron with a sigmoid", times=1000),
            when="Both minimise the same function, and it is convex: there is one minimum, and whatever goes "
            "downhill long enough ends there, from any first weights. What is left here is how far the steps still "
            "had to go. It takes both changes, the sigmoid and the loss: Rosenblatt's rule has no single solution, "
            "and a sigmoid put on its sum afterwards changes no weight. The penalty matters too: without one, "
            "classes that a line separates have no minimum (Albert and Anderson, 1984).",
        ),
    ),
    observe=observe,
    figure=Dots("distance from scikit-learn's weights, as a share of their length", log=True),
)
