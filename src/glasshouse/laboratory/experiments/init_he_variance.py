"""What does He's initialisation keep through depth: the size of activations, or what they differ in from row to row?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from sklearn.datasets import load_digits
from sklearn.preprocessing import scale

import glasshouse as gh

from ..claims import Claim, Experiment, Observation
from ..figures import Lines
from ..rules import Rule

LAYERS = (1, 2, 5, 10, 15, 20)


def observe(seed: int) -> Iterator[Observation]:
    """Mean square and variance over the rows, by those of the first layer: untrained networks, passed by hand."""
    X, y = load_digits(return_X_y=True)
    rows = np.random.default_rng(seed).permutation(len(X))[:500]
    h = scale(X)[rows]
    network = gh.MLPClassifier((64,) * 20, "relu", initializer="he_normal", learning_rate_init=1e-12, max_iter=1)
    network.set_params(random_state=seed, watch_health=False).fit(h, y[rows])
    sizes, variances = [], []
    for w in network.coefs_[:-1]:
        h = np.maximum(0, h @ w)
        sizes.append(float(np.mean(h**2)))
        variances.append(float(h.var(axis=0).mean()))
    for k in LAYERS:
        yield Observation("mean square", sizes[k - 1] / sizes[0], str(k))
        yield Observation("variance over rows", variances[k - 1] / variances[0], str(k))
        yield Observation("half of layer 1's", 0.5, str(k))


EXPERIMENT = Experiment(
    kind="initialisation",
    question="Does He's initialisation keep the variance of activations through depth?",
    setting="500 rows of digits, standardised, through untrained networks of 20 layers of 64 ReLU units. Both numbers "
    "are compared with those of layer 1.",
    measure="share of it that is left",
    over="layer",
    repetitions=16,
    claims=(
        Claim(
            id="init-he-variance",
            says="He's initialisation keeps the variance of ReLU's activations across the layers",
            rule=Rule("variance over rows", "half of layer 1's", times=1, cases=("2", "10", "20")),
            when="It keeps their mean square, on average over draws; what He et al. (2015) call variance is taken over "
            "random weights. Of the variance over the rows, which is what a network can learn from, a fifth is left "
            "at layer 20: ever more of an activation is a mean that all rows share.",
        ),
        Claim(
            id="init-he-alike",
            says="Rows become more alike from layer to layer of ReLU units, also with He's initialisation",
            rule=Rule("mean square", "variance over rows", times=1, cases=("2", "5", "10", "20")),
            when="ReLU puts out nothing below 0, so its outputs have a mean, which the next layer mixes into all of "
            "its sums: the angle between two rows shrinks with every layer (Cho and Saul 2009). Tanh, whose outputs "
            "have mean 0, keeps rows apart. Batch normalisation and residual connections are remedies.",
        ),
    ),
    observe=observe,
    figure=Lines("layer", "size, by that at layer 1", log_y=True),
)
