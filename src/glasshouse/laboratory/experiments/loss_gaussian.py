"""For which noise is squared error the right loss?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

import glasshouse as gh

from ..claims import Claim, Experiment, Observation
from ..figures import Dots
from ..rules import Rule

ROWS, INPUTS = 200, 20
LOSSES = {"squared error": "squared_error", "absolute error": "absolute_error", "Huber": "huber"}


def observe(seed: int) -> Iterator[Observation]:
    """How far the fitted function is from the planted one, for each noise and loss."""
    rng = np.random.default_rng(seed)
    planted = rng.normal(size=INPUTS) / np.sqrt(INPUTS)
    X, test = rng.normal(size=(ROWS, INPUTS)), rng.normal(size=(1000, INPUTS))
    for noise, errors in noises(rng):
        for arm, loss in LOSSES.items():
            model = gh.MLPRegressor(
                (),
                loss=loss,
                alpha=0,
                learning_rate="cosine",
                learning_rate_init=0.03,
                max_iter=200,
                tol=0,
                n_iter_no_change=200,
                watch_health=False,
                random_state=seed,
            )
            off = model.fit(X, X @ planted + errors).predict(test) - test @ planted
            distance = float(np.sqrt(np.mean(off**2)))
            yield Observation(arm, distance, noise)
            if arm == "squared error":
                yield Observation("squared error + 5 %", 1.05 * distance, noise)


def noises(rng: np.random.Generator) -> Iterator[tuple[str, np.ndarray]]:
    """Noises of one size: half of their errors are smaller than 0.5."""
    wild = rng.random(ROWS) < 0.05
    yield "uniform", rng.uniform(-1, 1, ROWS)
    yield "Gaussian", rng.normal(size=ROWS) * 0.741
    yield "Laplace", rng.laplace(size=ROWS) * 0.721
    yield "5 % outliers", rng.normal(size=ROWS) * np.where(wild, 10, 1) * 0.702
    yield "Student t, 2", rng.standard_t(2, ROWS) * 0.612


EXPERIMENT = Experiment(
    kind="losses",
    question="For which noise is squared error the right loss of a regression?",
    setting="A planted linear function of 20 inputs with a deviation of 1, and noise on 200 rows, half of it smaller "
    "than 0.5 whatever its shape. Linear networks learn it, and are compared with the function on rows without noise.",
    measure="root mean square distance from the planted function",
    over="noise",
    claims=(
        Claim(
            id="loss-gaussian",
            says="Squared error is the right loss for a regression with Gaussian noise",
            rule=Rule("absolute error", "squared error", times=1, cases=("Gaussian",)),
            when="With independent Gaussian errors of one size: squared error is then the negative log-likelihood, up "
            "to constants, and for a linear model nothing unbiased is closer on average. Absolute error is a good "
            "fifth farther off, near the √(π/2) = 1.25 of many rows. Huber's loss is hardly told apart from it.",
        ),
        Claim(
            id="loss-heavy-tails",
            says="Squared error is the right loss for a regression, whatever the noise",
            rule=Rule("absolute error", "squared error", times=1),
            when="Where large errors are rare: uniform and Gaussian noise. Where some are far out (Laplace, a few "
            "outliers, Student's t), a square lets them pull the function away, and absolute error comes closer. "
            "The right loss is the negative log-likelihood of the noise: absolute error is that of Laplace's. All "
            "noises here have the same median size, since the variance of Student's t with 2 degrees of freedom "
            "is infinite.",
        ),
        Claim(
            id="loss-huber",
            says="Huber's loss is a safe choice: whatever the noise, it is at most 5 % farther off than squared error",
            rule=Rule("squared error + 5 %", "Huber", times=1),
            when="In all noises here: it is squared error for small errors and absolute error for large ones (Huber "
            "1964). Where noise is Gaussian it is on average at most two per cent farther off; with outliers or "
            "Student's t it comes much closer. In Glasshouse it bends at one deviation of the targets, which the "
            "outliers themselves enlarge.",
        ),
    ),
    observe=observe,
    repetitions=16,
    figure=Dots("distance from the planted function", log=True, arms=tuple(LOSSES)),
)
