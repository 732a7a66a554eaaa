"""Does cutting the smallest weights cut what matters, where inputs differ in scale?"""

from __future__ import annotations

import copy
from collections.abc import Iterator

import numpy as np

import glasshouse as gh

from ..claims import Claim, Experiment, Observation
from ..figures import Lines
from ..rules import Rule

INPUTS = 8
KEPT = 0.25


def observe(seed: int) -> Iterator[Observation]:
    """The R² that one cut to a quarter of the weights costs, with inputs from scale 1 to a larger one."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(1500, INPUTS))
    matters = rng.permutation(np.geomspace(1, 0.02, INPUTS))
    y = np.tanh(2 * X @ matters) + 0.1 * rng.normal(size=len(X))
    for spread in (1, 10, 100):
        raw = X * np.geomspace(1, spread, INPUTS)
        dense = gh.MLPRegressor((16,), activation="tanh", solver="lbfgs", max_iter=300, alpha=0.1)
        dense.set_params(random_state=seed, watch_health=False).fit(raw[:500], y[:500])
        for arm, criterion in (("OBD", "obd"), ("magnitude", "magnitude")):
            pruned = cut(dense, raw[:500], y[:500], criterion)
            yield Observation(arm, dense.score(raw[500:], y[500:]) - pruned.score(raw[500:], y[500:]), str(spread))


def cut(dense: gh.MLPRegressor, X: np.ndarray, y: np.ndarray, criterion: str) -> gh.MLPRegressor:
    """The network with a quarter of its weights; a fit prunes it, at a rate at which that changes nothing else."""
    pruned: gh.MLPRegressor = copy.deepcopy(dense).set_params(
        warm_start=True, max_iter=1, solver="adam", learning_rate_init=1e-12
    )
    pruned.fit(X, y, watchers=[gh.GradualPruning(KEPT, criterion, until=0)])
    return pruned


EXPERIMENT = Experiment(
    kind="sparsity",
    question="Does cutting the smallest weights cut what matters, where inputs differ in scale?",
    setting="A smooth function of eight inputs, some of which matter more than others, learned by 16 tanh units from "
    "inputs as they are: the first has scale 1, the last a larger one. Three quarters of the weights are cut at once.",
    measure="R² lost on held-out rows",
    over="ratio of scales",
    claims=(
        Claim(
            id="prune-magnitude-overlooks",
            says="Cutting the smallest weights overlooks small ones that matter: it loses more than Optimal Brain "
            "Damage does, by a tenth of R² at least",
            rule=Rule("magnitude", "OBD", by=0.1),
            when="Where inputs have one scale, a small weight mostly is one that counts little. Where an input is a "
            "hundred times as large, its weight is as much smaller and still carries as much: magnitude cuts "
            "it, the second derivative counts the input in. How much is lost depends on whether the large "
            "inputs are those that matter. Standardised inputs do away with the difference, which is why this "
            "package standardises the columns of a table.",
        ),
    ),
    observe=observe,
    repetitions=12,
    figure=Lines("largest scale of an input over the smallest", "R² lost on held-out rows", log_x=True),
)
