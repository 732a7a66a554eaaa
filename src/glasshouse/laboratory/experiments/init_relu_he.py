"""What becomes of the signal, and of the gradient, in a deep ReLU network that has not learned anything yet?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from sklearn.datasets import load_digits
from sklearn.preprocessing import scale

import glasshouse as gh

from ..claims import Claim, Experiment, Observation
from ..figures import Lines
from ..rules import Rule

INITIALIZERS = {
    "plain ± 0.05": "uniform",
    "plain σ = 0.05": "normal",
    "Xavier": "glorot_normal",
    "He": "he_normal",
}
LAYERS = (1, 2, 5, 10, 15, 20)


def observe(seed: int) -> Iterator[Observation]:
    """The size of every layer's activations by that of the first, and of its gradients by that of the last."""
    X, y = load_digits(return_X_y=True)
    rows = np.random.default_rng(seed).permutation(len(X))[:500]
    for arm, initializer in INITIALIZERS.items():
        doctor = gh.Doctor(every=1)
        network = gh.MLPClassifier((64,) * 20, "relu", initializer=initializer, random_state=seed)
        network.set_params(max_iter=1, batch_size=500).fit(scale(X)[rows], y[rows], watchers=[doctor])
        before = doctor.samples[0]  # the first look is at the rows as they passed before the first step
        forward = np.array(before.sizes) / before.sizes[0]
        backward = np.array(before.deltas) / before.deltas[19]
        for k in LAYERS:
            yield Observation(arm, kept(forward[k - 1]), str(k), "activations")
            yield Observation(arm, kept(backward[k - 1]), str(k), "gradients")
            if arm == "Xavier" and k > 1:
                share = forward[k - 1] ** (2 / (k - 1))  # of the mean square, by the layer
                yield Observation("distance from 1", abs(np.log(share)), str(k), "share that a layer keeps")
                yield Observation("distance from ½", abs(np.log(2 * share)), str(k), "share that a layer keeps")


def kept(ratio: float) -> float:
    """The share of a signal that is kept: one that has grown to twice its size counts like one that was halved."""
    return float(min(ratio, 1 / ratio))


EXPERIMENT = Experiment(
    kind="initialisation",
    question="What becomes of the signal in a deep ReLU network before it has learned anything?",
    setting="500 rows of digits, standardised, through untrained networks of 20 layers of 64 ReLU units. Activations "
    "are compared with those of layer 1, gradients with those of layer 20, where they come from; growing to twice "
    "the size counts like shrinking to a half. In layers that are all as wide LeCun's scale is Xavier's.",
    measure="size that is kept, as a share",
    over="layer",
    claims=(
        Claim(
            id="init-relu-he",
            says="He's initialisation keeps the signal of ReLU through depth; a plain random one loses it",
            rule=Rule("He", "plain σ = 0.05", times=2, of="activations", cases=("2", "5", "10", "20")),
            when="ReLU cuts off half of what comes in, so a layer of n inputs keeps the mean square if its weights "
            "have a variance of 2/n; that is He's (He et al. 2015). Here 2/n is 0.177²: a plain σ of 0.05 multiplies "
            "the signal by 0.28 in every layer, and after 20 of them it is some 10¹⁰ times smaller. What He keeps is "
            "the mean square, and on average over many drawings: a single network wanders, at layer 20 here by a "
            "factor of about 2.",
        ),
        Claim(
            id="init-relu-xavier",
            says="Xavier's initialisation loses half of ReLU's signal, as a mean square, in every layer",
            rule=Rule(
                "distance from 1",
                "distance from ½",
                times=2,
                of="share that a layer keeps",
                cases=("5", "10", "15", "20"),
            ),
            when="Glorot and Bengio (2010) asked that a layer keeps the variance of what it is given, for units that "
            "are linear around 0. ReLU passes one half of it. In a network of 2 layers nobody notices; after 20 "
            "layers the activations are about a thousand times smaller.",
        ),
        Claim(
            id="init-relu-gradient",
            says="He's initialisation keeps the gradient of ReLU on its way down, too; Xavier's lets it fade",
            rule=Rule("He", "Xavier", times=2, of="gradients", cases=("1", "5", "10", "15")),
            when="On the way down a gradient is multiplied by the same weights and passes the same half of the units, "
            "so in layers of equal width what keeps the signal keeps the gradient. Under Xavier it reaches the first "
            "of 20 layers about a thousand times smaller; SGD hardly moves it then, Adam does, since it divides by "
            "the size of the gradient.",
        ),
    ),
    observe=observe,
    figure=Lines("layer", "size that is kept, as a share", log_y=True, quantities=("activations", "gradients")),
)
