"""Which criterion keeps the accuracy of a network that is cut once and not trained again?"""

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

SHARES = (0.5, 0.35, 0.25, 0.15, 0.1)
CRITERIA = {
    "OBD": "obd",
    "magnitude": "magnitude",
    "output sensitivity": "output_sensitivity",
    "loss sensitivity": "loss_sensitivity",
}


def observe(seed: int) -> Iterator[Observation]:
    """The accuracy on held-out rows that one cut costs, by each criterion."""
    X, y = load_digits(return_X_y=True)
    X, X_test, y, y_test = train_test_split(scale(X), y, train_size=0.5, random_state=seed, stratify=y)
    dense = gh.MLPClassifier((64,), max_iter=100, random_state=seed, watch_health=False).fit(X, y)
    for share in SHARES:
        lost = {
            arm: dense.score(X_test, y_test) - cut(dense, X, y, share, criterion).score(X_test, y_test)
            for arm, criterion in CRITERIA.items()
        }
        for arm in CRITERIA:
            yield Observation(arm, lost[arm], str(share))
        yield Observation("OBD and a point", lost["OBD"] + 0.01, str(share))


def cut(dense: gh.MLPClassifier, X: np.ndarray, y: np.ndarray, share: float, criterion: str) -> gh.MLPClassifier:
    """The network with this share of its weights; a fit prunes it, at a rate at which that changes nothing else."""
    pruned: gh.MLPClassifier = copy.deepcopy(dense).set_params(warm_start=True, max_iter=1, learning_rate_init=1e-12)
    pruned.fit(X, y, watchers=[gh.GradualPruning(share, criterion, until=0)])
    return pruned


EXPERIMENT = Experiment(
    kind="sparsity",
    question="Which criterion keeps the accuracy of a network that is cut once and not trained again?",
    setting="64-64-10 ReLU networks, trained for 100 epochs on half of digits, standardised. All but a share of their "
    "weights are cut at once, and the other half of the rows is classified.",
    measure="accuracy lost on held-out rows",
    over="share kept",
    claims=(
        Claim(
            id="prune-obd-keeps",
            says="At the same share of weights, Optimal Brain Damage keeps more of the accuracy than cutting the "
            "smallest weights does",
            rule=Rule("magnitude", "OBD", by=0),
            when="Half of the weights may go by either criterion for a point or two; the fewer stay, the further "
            "ahead Optimal Brain Damage is. Size says how strong a weight is, the second derivative how much "
            "the loss feels it (LeCun, Denker & Solla 1990): a weight on an input that hardly varies may be as "
            "large as it likes. The diagonal of the Hessian describes the loss at a minimum and for small "
            "changes, so the network has to be trained to its end. Training after the cut makes most of the "
            "difference disappear.",
        ),
        Claim(
            id="prune-sensitivity-keeps",
            says="Cutting by how sensitive the outputs are to a weight keeps as much accuracy as Optimal Brain "
            "Damage, within a point",
            rule=Rule("OBD and a point", "output sensitivity", by=0),
            when="It holds while half of the weights stay. Below that it lags behind Optimal Brain Damage by a "
            "point or three, or not at all, which differs from network to network. The two have much in "
            "common: with ReLU the second derivative of the loss is a weighted square of how the outputs "
            "change, and where the loss is flat the weights of that sum are all that sets them apart "
            "(Engelbrecht 2001).",
        ),
        Claim(
            id="prune-loss-sensitivity-keeps",
            says="Cutting by how sensitive the loss is to a weight keeps as much accuracy as Optimal Brain Damage, "
            "within a point",
            rule=Rule("OBD and a point", "loss sensitivity", by=0),
            when="It is within a point where half of the weights stay, a little behind where a quarter does, and "
            "ahead at a tenth, by less than networks differ among themselves. It asks for the slope of the "
            "loss, which is nearly 0 once a network is trained: the criterion was made for networks before "
            "training (Lee et al. 2019).",
        ),
    ),
    observe=observe,
    repetitions=16,
    figure=Lines("share of weights kept", "accuracy lost on held-out rows", log_x=True, arms=tuple(CRITERIA)),
)
