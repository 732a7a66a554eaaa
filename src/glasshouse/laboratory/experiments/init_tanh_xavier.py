"""Does Xavier's initialisation keep the signal, and the gradient, in a deep network of tanh units?"""

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
    "plain σ = 0.05": "normal",
    "plain σ = 1": gh.Initializer("normal", scale=1.0),
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
        network = gh.MLPClassifier((64,) * 20, "tanh", initializer=initializer, random_state=seed)
        network.set_params(max_iter=1, batch_size=500).fit(scale(X)[rows], y[rows], watchers=[doctor])
        before = doctor.samples[0]  # the first look is at the rows as they passed before the first step
        forward = np.array(before.sizes) / before.sizes[0]
        backward = np.array(before.deltas) / before.deltas[19]
        for k in LAYERS:
            yield Observation(arm, forward[k - 1], str(k), "activations")
            yield Observation(arm, backward[k - 1], str(k), "gradients")
            yield Observation(arm, max(backward[k - 1], 1 / backward[k - 1]), str(k), "change of the gradients")
    for k in LAYERS:
        yield Observation("a change of 100 times", 100, str(k), "change of the gradients")


EXPERIMENT = Experiment(
    kind="initialisation",
    question="Does Xavier's initialisation keep the signal of tanh through a deep network?",
    setting="500 rows of digits, standardised, through untrained networks of 20 layers of 64 tanh units. Activations "
    "are compared with those of layer 1, gradients with those of layer 20, where they come from.",
    measure="size (root mean square), by that at the start",
    over="layer",
    claims=(
        Claim(
            id="init-tanh-xavier",
            says="Xavier's initialisation keeps the signal of tanh through depth; a small plain random one loses it",
            rule=Rule("Xavier", "plain σ = 0.05", times=2, of="activations", cases=("5", "10", "20")),
            when="Around 0 tanh is a straight line of slope 1, and there weights of variance 1/n keep the variance of "
            "n inputs. Further out tanh bends, so the signal still shrinks, to about a quarter at layer 20; but ever "
            "more slowly, for the smaller it is the straighter is tanh. A plain σ of 0.05 loses it by a factor of "
            "10⁷.",
        ),
        Claim(
            id="init-tanh-gradient",
            says="With tanh units Xavier's initialisation prevents gradients that vanish or explode",
            rule=Rule(
                "a change of 100 times", "Xavier", times=1, of="change of the gradients", cases=("1", "5", "10", "15")
            ),
            when="From the last of 20 layers to the first the gradient falls to about a fifth; a hundredfold change "
            "would be a warning. It is the scale that does it: with σ = 0.05 the gradient vanishes, and with σ = 1 "
            "it explodes by more than 10⁵, although three of four units are saturated, since each weight is 8 times "
            "Xavier's.",
        ),
        Claim(
            id="init-tanh-he",
            says="Xavier's initialisation keeps the signal of tanh better than He's, which is made for ReLU",
            rule=Rule("Xavier", "He", times=1, of="activations", cases=("2", "5", "10", "20")),
            when="It does not: tanh shrinks whatever it is given, and Xavier's derivation leaves that out. He's "
            "weights, larger by √2, make up for it, and the activations settle at about 0.55 (PyTorch gives tanh a "
            "gain of 5/3 for the same reason). Few units are saturated by it: one in eleven in the first layer, "
            "where the inputs are largest, and one in 200 further up.",
        ),
    ),
    observe=observe,
    figure=Lines("layer", "size, by that at the start", log_y=True, quantities=("activations", "gradients")),
)
