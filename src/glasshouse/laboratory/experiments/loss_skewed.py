"""With noise that is not symmetric, what does each loss find: the mean or the median?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

import glasshouse as gh

from ..claims import Claim, Experiment, Observation
from ..figures import Lines
from ..rules import Rule

SPREADS = ("0.5", "0.75", "1")
ROWS, INPUTS = 1000, 5
LOSSES = {"squared error": "squared_error", "absolute error": "absolute_error"}


def observe(seed: int) -> Iterator[Observation]:
    """How far what was learned is from the mean and from the median of the targets, both of which are known."""
    rng = np.random.default_rng(seed)
    planted = rng.normal(size=INPUTS)
    X, test = rng.normal(size=(ROWS, INPUTS)), rng.normal(size=(1000, INPUTS))
    for case in SPREADS:
        spread = float(case)
        y = X @ planted + rng.lognormal(0, spread, ROWS)
        for of, loss in LOSSES.items():
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
            noise = model.fit(X, y).predict(test) - test @ planted
            yield Observation("from the mean", distance(noise, np.exp(spread**2 / 2)), case, of)
            yield Observation("from the median", distance(noise, 1.0), case, of)


def distance(learned: np.ndarray, true: float) -> float:
    """Root mean square."""
    return float(np.sqrt(np.mean((learned - true) ** 2)))


EXPERIMENT = Experiment(
    kind="losses",
    question="With noise that is not symmetric, what does a regression find: the mean or the median?",
    setting="A planted linear function of 5 inputs with log-normal noise on 1,000 rows: its median is 1, its mean "
    "exp(σ²/2). Linear networks learn it, and are compared with the true mean and median of 1,000 other rows.",
    measure="root mean square distance",
    over="σ",
    claims=(
        Claim(
            id="loss-skewed-mean",
            says="With skewed noise, squared error finds the mean rather than the median",
            rule=Rule("from the median", "from the mean", times=1, of="squared error"),
            when="Always, given rows enough: of all numbers, the mean has the smallest average square of a distance. "
            "With symmetric noise mean and median are one, and both losses look for the same. Whoever adds "
            "predictions up, such as costs of many orders, wants the mean.",
        ),
        Claim(
            id="loss-skewed-median",
            says="With skewed noise, absolute error finds the median rather than the mean",
            rule=Rule("from the mean", "from the median", times=1, of="absolute error"),
            when="Always, given rows enough: the median has the smallest average distance, since a step towards either "
            "side nears one half of the targets and leaves the other. It is the typical case, and does not move "
            "when the largest targets grow. With weights on the two sides it becomes any other quantile (Koenker "
            "and Bassett 1978).",
        ),
    ),
    observe=observe,
    figure=Lines("σ of the log-normal noise", "distance of what was learned"),
)
