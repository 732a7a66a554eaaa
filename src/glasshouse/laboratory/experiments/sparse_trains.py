"""Does a sparse network train faster?"""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
from sklearn.datasets import load_digits

import glasshouse as gh

from ..claims import Claim, Experiment, Observation
from ..figures import Lines
from ..rules import Rule

SHARES = (0.9, 0.5, 0.2, 0.1, 0.05)
ROUNDS = 3


class Stopwatch(gh.Watcher):
    """The seconds of the fastest epoch."""

    seconds = np.inf

    def before_epoch(self, state: object) -> None:
        self.start = time.perf_counter()

    def after_epoch(self, state: object) -> None:
        self.seconds = min(self.seconds, time.perf_counter() - self.start)


def observe(seed: int) -> Iterator[Observation]:
    """Milliseconds of the fastest of nine epochs, dense and sparse networks taking their turn."""
    X, y = load_digits(return_X_y=True)
    watches = {share: Stopwatch() for share in (1.0, *SHARES)}
    for _ in range(ROUNDS):
        for share, watch in watches.items():
            density = gh.Density(share, "uniform")
            network = gh.MLPClassifier((256, 256), density=density, max_iter=3, random_state=seed, watch_health=False)
            network.fit(X / 16, y, watchers=[watch])
    for share in SHARES:
        yield Observation("dense", 1000 * watches[1.0].seconds, str(share))
        yield Observation("sparse", 1000 * watches[share].seconds, str(share))


EXPERIMENT = Experiment(
    kind="sparsity",
    question="Does an epoch of training take less time where only a share of the weights exists?",
    setting="64-256-256-10 ReLU networks on the 1,797 rows of digits, in batches of 200; a share of the weights of "
    "every layer exists from the start.",
    measure="time of an epoch, ms",
    over="share kept",
    claims=(
        Claim(
            id="sparse-trains-faster",
            says="A sparse network trains faster than a dense one with as many units",
            rule=Rule("dense", "sparse", times=1),
            when="It depends on how few there are: with nine tenths of the weights nothing is gained, with half of "
            "them little, with a tenth an epoch takes a fraction. Frameworks that only mask weights to 0 "
            "multiply all of them and gain nothing at any share; here no weight, gradient or moment exists "
            "where there is no connection. Fewer seconds an epoch are not fewer epochs: a sparse network may "
            "need more of them.",
        ),
    ),
    observe=observe,
    figure=Lines("share of weights that exist", "time of an epoch, ms", log_x=True, log_y=True),
    timed=True,
)
