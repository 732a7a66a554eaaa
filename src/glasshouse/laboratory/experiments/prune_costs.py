"""What does it cost to find the weights that count least?"""

from __future__ import annotations

import time
from collections.abc import Iterator
from statistics import median
from typing import Any

from sklearn.datasets import load_digits

import glasshouse as gh

from ..claims import Claim, Experiment, Observation
from ..figures import Dots
from ..rules import Rule

CRITERIA = {
    "magnitude": "magnitude",
    "loss sensitivity": "loss_sensitivity",
    "output sensitivity": "output_sensitivity",
    "OBD": "obd",
}
ROUNDS = 3


class Stopwatch(gh.GradualPruning):
    """Prunes before the first epoch, and says how long that took."""

    def before_epoch(self, state: Any) -> None:
        start = time.perf_counter()
        super().before_epoch(state)
        self.seconds = time.perf_counter() - start


def observe(seed: int) -> Iterator[Observation]:
    """Milliseconds that a cut to a tenth takes: what each criterion reckons, and the cut itself."""
    X, y = load_digits(return_X_y=True)
    for activation in ("relu", "tanh", "sigmoid"):
        found: dict[str, list[float]] = {arm: [] for arm in CRITERIA}
        for _ in range(ROUNDS):
            for arm, criterion in CRITERIA.items():
                watch = Stopwatch(0.1, criterion, until=0)
                network = gh.MLPClassifier((64, 64), activation=activation, max_iter=1, random_state=seed)
                network.fit(X / 16, y, watchers=[watch])
                found[arm].append(watch.seconds)
        for arm, seconds in found.items():
            yield Observation(arm, 1000 * median(seconds), activation)


EXPERIMENT = Experiment(
    kind="sparsity",
    question="What does it cost to find the weights that count least?",
    setting="A 64-64-64-10 network and the 1,797 rows of digits, once for each activation. Each criterion cuts it to "
    "a tenth of its weights; the cut itself is in the time.",
    measure="time of one cut, ms",
    over="activation",
    claims=(
        Claim(
            id="prune-obd-costs",
            says="Optimal Brain Damage is expensive: its second derivatives take far longer than looking for small "
            "weights",
            rule=Rule("OBD", "magnitude", times=10),
            when="Always: magnitude only looks at the weights, while the second derivatives pass every row through "
            "the network, forward and back, several times. It is a matter of tenths of a second here, and paid "
            "once a cut. What nobody could pay for is the whole Hessian; its diagonal is had in a few passes "
            "(LeCun, Denker & Solla 1990).",
        ),
        Claim(
            id="prune-sensitivity-costs",
            says="Cutting by the sensitivity of the outputs costs less than Optimal Brain Damage",
            rule=Rule("OBD", "output sensitivity", times=1.1),
            when="How strongly each output depends on each weight takes a pass back for every output, and so do "
            "second derivatives of the loss. With ReLU that is all there is to them and both cost the same; "
            "tanh and sigmoid bend, and what that adds makes Optimal Brain Damage dearer by a fifth to a "
            "third.",
        ),
        Claim(
            id="prune-loss-sensitivity-costs",
            says="Cutting by the sensitivity of the loss costs less than Optimal Brain Damage",
            rule=Rule("OBD", "loss sensitivity", times=1.1),
            when="The loss is one number, so one pass back gives its slope in every weight, however many outputs "
            "there are; Optimal Brain Damage took about five times as long. If a criterion is to be cheap and "
            "yet look at rows, this is the one.",
        ),
    ),
    observe=observe,
    figure=Dots("time of one cut, ms", log=True),
    timed=True,
)
