"""Does training after a cut bring back what the cut lost?"""

from __future__ import annotations

import copy
from collections.abc import Iterator

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import scale

import glasshouse as gh

from ..claims import Claim, Experiment, Observation
from ..figures import Lines
from ..rules import Rule

SHARES = (0.5, 0.35, 0.2, 0.1, 0.05)
MORE = 100  # epochs


def observe(seed: int) -> Iterator[Observation]:
    """The accuracy that is lost by a cut alone, and by a cut that 100 more epochs follow."""
    X, y = load_digits(return_X_y=True)
    X, X_test, y, y_test = train_test_split(scale(X), y, train_size=0.5, random_state=seed, stratify=y)
    dense = gh.MLPClassifier((64,), max_iter=100, n_iter_no_change=100, random_state=seed, watch_health=False).fit(X, y)
    whole = further(dense, X, y, 1.0, MORE).score(X_test, y_test)
    for share in SHARES:
        yield Observation("cut", whole - further(dense, X, y, share, 1, 1e-12).score(X_test, y_test), str(share))
        trained = further(dense, X, y, share, MORE)
        yield Observation("cut, then trained", whole - trained.score(X_test, y_test), str(share))
        yield Observation("a point", 0.01, str(share))


def further(
    dense: gh.MLPClassifier, X: np.ndarray, y: np.ndarray, share: float, epochs: int, rate: float = 0.001
) -> gh.MLPClassifier:
    """The network cut by magnitude and trained for more epochs; at a rate of 1e-12 the cut alone changes it."""
    pruned: gh.MLPClassifier = copy.deepcopy(dense).set_params(
        warm_start=True, max_iter=epochs, learning_rate_init=rate
    )
    pruned.fit(X, y, watchers=[gh.GradualPruning(share, until=0)])
    return pruned


EXPERIMENT = Experiment(
    kind="sparsity",
    question="Does training after a cut bring back what the cut lost?",
    setting="64-64-10 ReLU networks, trained for 100 epochs on half of digits, standardised. All but the largest "
    "weights are cut at once, and what is left is trained for 100 epochs more, or not; the dense network trains on "
    "for as long.",
    measure="accuracy lost on held-out rows, against the dense network",
    over="share kept",
    claims=(
        Claim(
            id="prune-retrain",
            says="Training what a cut has left wins accuracy back",
            rule=Rule("cut", "cut, then trained", by=0),
            when="Always here: what is left takes over from what was cut. The more was cut the more there is to "
            "win, until so few weights remain that they cannot do the task. That is why pruning in practice "
            "means cutting a little, training a little, and so on (Han et al. 2015).",
        ),
        Claim(
            id="prune-retrain-all",
            says="Training what a cut has left wins all of it back, within a point",
            rule=Rule("a point", "cut, then trained", by=0),
            when="It depends on how much was cut. With a third to a half of the weights the network is as good as "
            "before, within a point; with a fifth two points are missing, with a tenth about ten. Cutting in "
            "several steps with training in between reaches further than this single cut.",
        ),
    ),
    observe=observe,
    figure=Lines("share of weights kept", "accuracy lost on held-out rows", log_x=True),
)
