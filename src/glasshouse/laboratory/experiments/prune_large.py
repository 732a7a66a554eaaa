"""Of as many connections, is a large network that was pruned better than a small dense one?"""

from __future__ import annotations

from collections.abc import Iterator

from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import scale

import glasshouse as gh

from ..claims import Claim, Experiment, Observation
from ..figures import Lines
from ..rules import Rule

LARGE = 128
SMALL = (2, 4, 8, 16, 32)
INPUTS, CLASSES = 64, 10


def observe(seed: int) -> Iterator[Observation]:
    """The accuracy on held-out rows of two networks of as many connections, trained for as many epochs."""
    X, y = load_digits(return_X_y=True)
    X, X_test, y, y_test = train_test_split(scale(X), y, train_size=0.5, random_state=seed, stratify=y)

    def accuracy(units: int, *watchers: gh.Watcher) -> float:
        network = gh.MLPClassifier((units,), max_iter=60, n_iter_no_change=60, learning_rate_init=0.005)
        network.set_params(random_state=seed, watch_health=False)
        return float(network.fit(X, y, watchers=list(watchers)).score(X_test, y_test))

    for units in SMALL:
        connections = str(units * (INPUTS + CLASSES))
        yield Observation("small and dense", accuracy(units), connections)
        yield Observation("large, pruned", accuracy(LARGE, gh.GradualPruning(units / LARGE)), connections)


EXPERIMENT = Experiment(
    kind="sparsity",
    question="Of as many connections, is a large network that was pruned better than a small dense one?",
    setting="Half of digits, standardised, 60 epochs. One network begins with 128 units and is pruned by magnitude "
    "over the first 45 epochs; the other has 2 to 32 units, just so many that both end with as many connections.",
    measure="accuracy on held-out rows",
    over="connections",
    claims=(
        Claim(
            id="prune-large-then-small",
            says="A large network that is pruned classifies better than a dense one of as many connections",
            rule=Rule("large, pruned", "small and dense", by=0),
            when="Always here, and most where connections are few: the small network needs every unit and gets "
            "stuck with those it has, the large one chooses among many which to keep, and which inputs to "
            "read. With 2,368 connections half a point is left of it. Zhu & Gupta (2017) found the same in "
            "much larger networks. Training costs what the large one costs.",
        ),
    ),
    observe=observe,
    figure=Lines("connections", "accuracy on held-out rows", log_x=True),
)
