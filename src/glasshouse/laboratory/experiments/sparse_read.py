"""Can one read off a sparse network which inputs matter?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

import glasshouse as gh

from ..claims import Claim, Experiment, Observation
from ..figures import Lines
from ..rules import Rule

SHARES = (1.0, 0.5, 0.2, 0.1, 0.05, 0.02)
INPUTS, MATTER = 30, 3


def observe(seed: int) -> Iterator[Observation]:
    """Of the inputs that matter and of those that do not, the share that still has a way to the output."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(500, INPUTS))
    y = X[:, 0] + np.maximum(X[:, 1], 0) + X[:, 2] ** 2 / 2 + 0.3 * rng.normal(size=len(X))
    for share in SHARES:
        plan = {"max_iter": 100, "n_iter_no_change": 100, "batch_size": 50, "learning_rate_init": 0.005}
        plan |= {"random_state": seed, "watch_health": False}
        pruned = gh.MLPRegressor((64,), **plan).fit(X, y, watchers=[gh.GradualPruning(share)])
        drawn = gh.MLPRegressor((64,), **plan, density=share).fit(X, y)
        for of, network in (("pruned", pruned), ("sparse from the start", drawn)):
            read = inputs_read(network)
            yield Observation("3 that matter", float(read[:MATTER].mean()), str(share), of)
            yield Observation("27 that do not", float(read[MATTER:].mean()), str(share), of)


def inputs_read(network: gh.MLPRegressor) -> np.ndarray:
    """Of each input, whether a path of connections leads from it to the output."""
    first, second = (np.abs(weights) for weights in network.coefs_)
    return np.asarray((first @ second).sum(axis=1) > 0)


EXPERIMENT = Experiment(
    kind="sparsity",
    question="Can one read off a sparse network which inputs matter?",
    setting="A planted table of 500 rows and 30 inputs, three of which make up the target. One network of 64 ReLU "
    "units is pruned by magnitude while it trains, the connections of the other are drawn at random; an input is read "
    "if a path leads from it to the output.",
    measure="share of the inputs that is read",
    over="share kept",
    claims=(
        Claim(
            id="sparse-read",
            says="A pruned network can be read: it still looks at the inputs that matter, and at no others",
            rule=Rule("3 that matter", "27 that do not", by=0.9, of="pruned"),
            when="It depends on how far it is pruned. At half of the weights every input still has some path to the "
            "output; between a fifth and a tenth exactly the three that matter are left; further down these "
            "go, too. So the share has to be chosen, by the score on held-out rows. The inputs here are "
            "independent of each other: of two that say the same, either may be left.",
        ),
        Claim(
            id="sparse-read-random",
            says="A network that is sparse from the start can be read: it looks at the inputs that matter, and at no "
            "others",
            rule=Rule("3 that matter", "27 that do not", by=0.9, of="sparse from the start"),
            when="Nowhere: which connections exist is drawn at random, so the inputs that matter are read no more "
            "often than the others. Fewer connections make a network readable only if what was learned decides "
            "which.",
        ),
    ),
    observe=observe,
    figure=Lines("share of weights kept", "share of the inputs that is read", log_x=True),
)
