"""Is the output of a sigmoid a probability, and does a perceptron have one too?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.special import expit
from sklearn.datasets import load_diabetes, load_digits, make_moons
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import scale

import glasshouse as gh

from ..claims import Claim, Experiment, Observation
from ..figures import Dots
from ..rules import Rule


def observe(seed: int) -> Iterator[Observation]:
    """By how much shares of held-out rows differ from what was said of them."""
    for table, (X, y) in tables(seed).items():
        train, test, y_train, y_test = train_test_split(scale(X), y, train_size=0.5, random_state=seed)
        perceptron = gh.Perceptron(random_state=seed).fit(train, y_train)
        seen, z = perceptron.decision_function(train), perceptron.decision_function(test)
        sigmoid = gh.LogisticRegression().fit(train, y_train).predict_proba(test)[:, 1]
        drawn = np.random.default_rng((seed, len(X))).random(len(test)) < sigmoid
        yield Observation("perceptron: step", calibration(z > 0, y_test), table)
        yield Observation("perceptron: scaled", calibration((z - seen.min()) / np.ptp(seen), y_test), table)
        yield Observation("perceptron: sigmoid", calibration(expit(z), y_test), table)
        yield Observation("logistic regression", calibration(sigmoid, y_test), table)
        yield Observation("true probabilities", calibration(sigmoid, drawn), table)


def calibration(said: np.ndarray, y: np.ndarray) -> float:
    """The mean over the rows of |share of the class − mean of what was said| in their tenth of the scale."""
    tenth = np.clip(np.floor(10 * said), 0, 9).astype(int)
    gaps = [abs(np.sum(y[tenth == k]) - np.sum(np.clip(said[tenth == k], 0, 1))) for k in range(10)]
    return float(np.sum(gaps) / len(y))


def tables(seed: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Rows and two classes; of the planted ones the log-odds are a weighted sum."""
    rng = np.random.default_rng(seed)
    planted = rng.standard_normal((1000, 5))
    digits, diabetes = load_digits(return_X_y=True), load_diabetes(return_X_y=True)
    return {
        "planted": (planted, rng.random(1000) < expit(planted @ rng.standard_normal(5))),
        "two moons": make_moons(1000, noise=0.3, random_state=seed),
        "digits": (digits[0], digits[1] % 2),
        "diabetes": (diabetes[0], diabetes[1] > np.median(diabetes[1])),
    }


EXPERIMENT = Experiment(
    kind="perceptron",
    question="Is the output of a sigmoid a probability, and does a perceptron have one too?",
    setting="A perceptron and logistic regression learn half of each table. The other rows are put into ten groups by "
    "what is said of them, and the share of the class in a group is compared with the mean of what was said. Even "
    "true probabilities are off by something on so few rows: labels drawn by the sigmoid's output show by how much.",
    measure="calibration error",
    over="table",
    repetitions=12,
    claims=(
        Claim(
            id="perceptron-probability",
            says="The output of logistic regression's sigmoid is a probability; a perceptron's answer is not",
            rule=Rule("perceptron: step", "logistic regression", times=1.5),
            when="Cross-entropy is least where what is said agrees with the shares, so the outputs are probabilities "
            "as far as a weighted sum can be the log-odds. On planted rows, where it is, they come close to true "
            "ones; on digits the gap is wider. A step says 0 or 1, and is off by about the share of its mistakes. "
            "Where classes hardly overlap, as in breast cancer, it makes few, and the difference is small.",
        ),
        Claim(
            id="perceptron-probability-scaled",
            says="Scaling a perceptron's weighted sum to the range from 0 to 1 does not make a probability of it",
            rule=Rule("perceptron: scaled", "logistic regression", times=1.5),
            when="It depends on how the sums spread. On diabetes, whose classes overlap widely, the line from the "
            "smallest sum to the largest happens to lie near the sigmoid, and hardly anything is lost. On digits a "
            "few far rows stretch the scale, even and odd numbers alike end up in its upper part, and the error is "
            "more than ten times that of logistic regression. Nothing in the scaling looks at how often a class "
            "occurs.",
        ),
        Claim(
            id="perceptron-probability-sigmoid",
            says="A sigmoid on the weighted sum of a trained perceptron gives as good a probability as logistic "
            "regression",
            rule=Rule("logistic regression", "perceptron: sigmoid", times=1),
            when="The output then lies between 0 and 1, but that alone is no probability. Rosenblatt's rule cares "
            "for the sign of the sum only; its length depends on how many mistakes there were. Mostly it is far too "
            "long, and the sigmoid of a large sum is nearly the step again. The sum becomes a probability if two "
            "numbers, a slope and a shift, are fitted on other rows (Platt, 1999), or if the sigmoid and "
            "cross-entropy are there from the start.",
        ),
    ),
    observe=observe,
    figure=Dots("calibration error: mean gap between share and what was said", log=True),
)
