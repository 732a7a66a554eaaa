"""Once it has trained to the end, is a network under squared error a worse classifier than under cross-entropy?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits, make_classification, make_moons
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

import glasshouse as gh

from ..claims import Claim, Experiment, Observation
from ..figures import Dots
from ..rules import Rule

WRONG, SURE, CALIBRATED = "share that is wrong", "log loss", "calibration error"


def observe(seed: int) -> Iterator[Observation]:
    """What both losses come to on held-out rows: the same network from the same start, in the same order of rows."""
    for table, X, y, n in tables(seed):
        train, test, y_train, y_test = train_test_split(X, y, train_size=n, stratify=y, random_state=seed)
        scaler = StandardScaler().fit(train)
        wrong = {}
        for arm, loss in (("cross-entropy", "cross_entropy"), ("squared error", "squared_error")):
            network = gh.MLPClassifier(
                32,
                loss=loss,
                learning_rate_init=0.01,
                batch_size=50,
                max_iter=100,
                n_iter_no_change=100,
                watch_health=False,
                random_state=seed,
            )
            p = network.fit(scaler.transform(train), y_train).predict_proba(scaler.transform(test))
            wrong[arm] = float(np.mean(p.argmax(axis=1) != y_test))
            yield Observation(arm, wrong[arm], table, WRONG)
            yield Observation(arm, float(log_loss(y_test, p.clip(1e-12, 1))), table, SURE)
            yield Observation(arm, calibration_error(p, y_test), table, CALIBRATED)
        yield Observation("what it costs", wrong["squared error"] - wrong["cross-entropy"], table, "cost")
        yield Observation("one row in a hundred", 0.01, table, "cost")


def tables(seed: int) -> Iterator[tuple[str, np.ndarray, np.ndarray, int]]:
    """Tables, and how many of their rows are trained on; the others, several hundred, are held out."""
    yield "breast cancer", *load_breast_cancer(return_X_y=True), 250
    yield "digits", *load_digits(return_X_y=True), 500
    yield "moons", *make_moons(2300, noise=0.3, random_state=seed), 300
    yield "planted", *make_classification(2300, 10, n_informative=5, flip_y=0.1, random_state=seed), 300


def calibration_error(p: np.ndarray, y: np.ndarray) -> float:
    """How far the chance a network gives its answers is from how often they are right, over ten bins of that chance."""
    chance, right = p.max(axis=1), p.argmax(axis=1) == y
    off = np.bincount((chance * 10).astype(int).clip(max=9), right - chance, minlength=10)
    return float(np.abs(off).sum() / len(y))


EXPERIMENT = Experiment(
    kind="losses",
    question="Trained to the end, is a network under squared error a worse classifier than under cross-entropy?",
    setting="32 ReLU units, sigmoid or softmax outputs, Adam at 0.01 for 100 epochs on 250 to 500 rows. Several "
    "hundred others are held out.",
    measure="on held-out rows",
    over="table",
    claims=(
        Claim(
            id="loss-final",
            says="In the end squared error classifies as well as cross-entropy: it gets at most one more row in a "
            "hundred wrong",
            rule=Rule("one row in a hundred", "what it costs", by=0, of="cost"),
            when="On all tables here. Squared error too is smallest, on average, at the true probability of a class "
            "(it is the score of Brier, 1950), so both losses want the same outputs and differ in how they get "
            "there. Hui and Belkin (2020) found the same on most of their tasks in language, speech and vision, "
            "with linear outputs there.",
        ),
        Claim(
            id="loss-confidence",
            says="The probabilities of cross-entropy are better calibrated than those of squared error",
            rule=Rule("squared error", "cross-entropy", by=0, of=CALIBRATED),
            when="It depends on the table: on digits, and a little on breast cancer, squared error is the better "
            "calibrated one; on the noisy tables (moons, planted) the two are close. Both losses are proper "
            "scores, smallest on average at the true probabilities (Gneiting and Raftery 2007), so neither has an "
            "advantage in principle. Where a network has more weights than rows, the difference is how they "
            "overfit: cross-entropy gains as long as outputs grow surer, even of rows that are right already.",
        ),
        Claim(
            id="loss-log-loss",
            says="On rows it has not seen, a network trained for cross-entropy has the smaller cross-entropy",
            rule=Rule("squared error", "cross-entropy", times=1, of=SURE),
            when="It depends on the table. That a network was trained for this very number is a promise about the rows "
            "it was trained on. On breast cancer and digits, where it gets all of those right, it goes on to make "
            "them surer, and pays for every held-out row that it is surely wrong about. On moons the two agree; "
            "with flipped labels (planted) squared error tends to be the worse one, as it too may give a wrong "
            "row a probability near 0, and its own loss hardly minds.",
        ),
    ),
    observe=observe,
    repetitions=12,
    figure=Dots("held-out rows", quantities=(WRONG, SURE, CALIBRATED)),
)
