"""How hard does each loss push back when a sigmoid output is sure of the wrong class?"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

import glasshouse as gh

from ..claims import Claim, Experiment, Observation
from ..figures import Lines
from ..rules import Rule

RIGHT = ("0.5", "0.1", "0.01", "0.001")
LOSSES = {"cross-entropy": "cross_entropy", "squared error": "squared_error"}


def observe(seed: int) -> Iterator[Observation]:
    """The size of dL/dz at each confidence, as a multiple of what it is at an output of one half."""
    rng = np.random.default_rng(seed)
    x, w, y = rng.normal(size=3), rng.normal(size=3), int(rng.integers(2))
    in_doubt = {arm: slope(loss, x, w, y, 0.5) for arm, loss in LOSSES.items()}
    for case in RIGHT:
        for arm, loss in LOSSES.items():
            yield Observation(arm, slope(loss, x, w, y, float(case)) / in_doubt[arm], case)
        yield Observation("a mistake in doubt", 1.0, case)


def slope(loss: str, x: np.ndarray, w: np.ndarray, y: int, right: float) -> float:
    """|dL/dz| of one sigmoid unit, its weights as long as gives the right class this probability."""
    one = right if y else 1 - right  # what the output, the probability of class 1, then is
    w = w * math.log(one / (1 - one)) / (w @ x)
    step = gh.trace(
        {
            "inputs": {f"x{k}": float(value) for k, value in enumerate(x)},
            "targets": {"y": y},
            "learning_rate": 0.1,
            "loss": loss,
            "layers": [{"units": ["p"], "sums": ["z"], "activation": "sigmoid", "weights": [["w0", "w1", "w2"]]}],
            "values": {f"w{k}": float(value) for k, value in enumerate(w)},
        }
    )
    return abs(step.values["dL/dz"])


EXPERIMENT = Experiment(
    kind="losses",
    question="How hard does each loss push back when a sigmoid output is sure of the wrong class?",
    setting="One sigmoid unit with random inputs and a random target. Its random weights are made as long as gives the "
    "right class the probability in question; a traced training step says what dL/dz is.",
    measure="size of dL/dz, over that at an output of one half",
    over="probability of the right class",
    claims=(
        Claim(
            id="loss-confident-gradient",
            says="Cross-entropy punishes a confident mistake harder than squared error does",
            rule=Rule("cross-entropy", "squared error", times=1, cases=RIGHT[1:]),
            when="Always, for a sigmoid output, and the more so the surer it is. Under cross-entropy dL/dz is a − y, "
            "which nears 1 as the mistake nears certainty. Under squared error it is that times 2a(1 − a), twice "
            "the slope of the sigmoid, which then nears 0. Each is compared with its own correction of an output "
            "of one half, so that no factor in front of a loss plays a part. With identity outputs squared error "
            "has no such slope in it, and does not stall.",
        ),
        Claim(
            id="loss-squared-stalls",
            says="Under squared error a sigmoid output that is sure of the wrong class learns less than one in doubt",
            rule=Rule("a mistake in doubt", "squared error", times=1, cases=RIGHT[1:]),
            when="From a probability of about a fifth downwards. Between a half and a third squared error still "
            "corrects the larger mistake more; beyond that the flat end of the sigmoid wins, and at one in a thousand "
            "less than a hundredth of the correction is left (Nielsen 2015 calls it the learning slowdown).",
        ),
    ),
    observe=observe,
    repetitions=4,
    figure=Lines("probability of the right class", "dL/dz, over that at one half", log_x=True, log_y=True),
)
