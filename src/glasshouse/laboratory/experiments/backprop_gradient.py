"""Is what backpropagation works out the derivative of the loss?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

import glasshouse as gh

from ..claims import Claim, Experiment, Observation
from ..figures import Lines
from ..rules import Rule

ACTIVATIONS = ("sigmoid", "tanh", "relu", "softplus", "gelu")
STEPS = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9)
PARAMETERS = ("w1", "w2", "w3", "w4", "w5", "w6", "w7", "w8", "b1", "b2")


def observe(seed: int) -> Iterator[Observation]:
    """How far the gradient is from quotients of differences, as a share of its length."""
    rng = np.random.default_rng(seed)
    values = {name: float(rng.standard_normal()) for name in PARAMETERS}
    for activation in ACTIVATIONS:
        worked_out = gh.trace(network(activation, values)).values
        gradient = np.array([worked_out[f"dL/d{name}"] for name in PARAMETERS])
        here = loss(activation, values)
        for h in STEPS:
            after = np.array([loss(activation, values | {name: values[name] + h}) for name in PARAMETERS])
            before = np.array([loss(activation, values | {name: values[name] - h}) for name in PARAMETERS])
            for arm, slopes in (("one-sided", (after - here) / h), ("two-sided", (after - before) / (2 * h))):
                off = float(np.linalg.norm(slopes - gradient) / np.linalg.norm(gradient))
                yield Observation(arm, off, f"{h:g}", activation)
                if h == 1e-4:
                    yield Observation(arm, off, activation, "differences over 0.0001")


def loss(activation: str, values: dict[str, float]) -> float:
    """The squared error of the network with these weights: the way forward only."""
    return float(gh.trace(network(activation, values)).losses[0])


def network(activation: str, values: dict[str, float]) -> dict[str, Any]:
    """The 2-2-2 network of the course sheet with other weights, and any activation of its hidden units."""
    return {
        "inputs": {"x1": 0.05, "x2": 0.10},
        "targets": {"y1": 0.01, "y2": 0.99},
        "learning_rate": 0.3,
        "layers": [
            {"units": ["h1", "h2"], "activation": activation, "weights": [["w1", "w3"], ["w2", "w4"]], "bias": "b1"},
            {"units": ["o1", "o2"], "activation": "sigmoid", "weights": [["w5", "w7"], ["w6", "w8"]], "bias": "b2"},
        ],
        "values": values,
    }


EXPERIMENT = Experiment(
    kind="backpropagation",
    question="Is what backpropagation works out the derivative of the loss?",
    setting="The 2-2-2 network of the course sheet with random weights and five activations of the hidden units. Every "
    "weight and bias is moved by h, the squared error worked out again, and the quotient of the differences compared "
    "with the gradient. One-sided quotients err by an amount that goes with h, two-sided ones by one that goes with "
    "h²: the measure of what such a difference can show.",
    measure="distance of the quotients from the gradient, as a share of its length",
    over="activation",
    claims=(
        Claim(
            id="backprop-gradient",
            says="Backpropagation's gradient is the derivative of the loss with respect to every weight",
            rule=Rule("one-sided", "two-sided", times=100, of="differences over 0.0001"),
            when="It is, wherever there is a derivative: backpropagation is the chain rule, from the loss back "
            "(Rumelhart, Hinton and Williams, 1986). A quotient of differences only comes near: its error falls with "
            "h, or with h² if both sides are taken, until the rounding of the losses outweighs it, here below "
            "0.00001. ReLU has no derivative at 0; where h carries a sum across it, as at h = 0.1 now and then, the "
            "quotient is off. A gradient with a slip would stay at its distance, however small h is.",
        ),
    ),
    observe=observe,
    figure=Lines("h", "distance from the gradient", log_x=True, log_y=True, quantities=("sigmoid", "relu")),
)
