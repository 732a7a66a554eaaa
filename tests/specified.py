"""Random specifications of small networks, each a function of its number, and a network of the same in torch."""

from __future__ import annotations

import os
from decimal import Decimal

import numpy as np
import torch
from configurations import HIDDEN, PAIRS, targets

from glasshouse.network.losses import LOSSES
from glasshouse.tracing.notes import specification
from glasshouse.tracing.specification import Specification

OPTIMIZERS = (
    "sgd",
    "momentum",
    {"name": "momentum", "momentum": 0.5, "nesterov": True},
    "rmsprop",
    "adam",
    {"name": "adamw", "weight_decay": 0.1},
)


def typed(value: float, decimals: int = 2) -> Decimal:
    return Decimal(f"{value:.{decimals}f}")


def some(numbers: range, share: float = 0.25) -> list[int]:
    """Some of the networks of these numbers, others each time; all of them where GLASSHOUSE_EVERY is set."""
    if os.environ.get("GLASSHOUSE_EVERY"):
        return list(numbers)
    return np.random.default_rng().choice(numbers, round(share * len(numbers)), replace=False).tolist()


def random_specification(number: int, most_layers: int = 4, samples: int = 3, **fixed) -> Specification:
    """1 to 4 layers of 1 to 6 units, every activation, loss and convention; shared and missing weights among them."""
    rng = np.random.default_rng(number)

    def pick(*choices):
        return choices[rng.integers(len(choices))]

    loss, output = PAIRS[number % len(PAIRS)]
    sizes = rng.integers(1, 7, rng.integers(1, most_layers + 1) + 1).tolist()
    n = int(rng.integers(1, samples + 1))
    layers, values, count = [], {}, 0
    for k, (fan_in, fan_out) in enumerate(zip(sizes, sizes[1:])):
        last = k == len(sizes) - 2
        names = []
        for _ in range(fan_out):
            row = []
            for _ in range(fan_in):
                count += 1
                draw = rng.random()
                row.append("-" if draw < 0.05 else f"w{count - 1}" if draw < 0.1 and count > 2 else f"w{count}")
            names.append(row)
        for name in sorted({name for row in names for name in row if name != "-"}):
            values.setdefault(name, typed(rng.normal(0, 0.5)))
        bias = pick("-", "shared", "each", "number")
        if bias == "shared":
            values[f"b{k}s"] = typed(rng.normal(0, 0.5))
        layers.append(
            {
                "units": fan_out,
                "activation": output if last else pick(*HIDDEN),
                "weights": names,
                "bias": {
                    "-": "-",
                    "shared": f"b{k}s",
                    "each": [typed(v) for v in rng.normal(0, 0.5, fan_out)],
                    "number": typed(0.1),
                }[bias],
            }
        )
    used = {name for layer in layers for row in layer["weights"] for name in row}
    values = {name: value for name, value in values.items() if name in used or name.endswith("s")}
    X = [[typed(v) for v in row] for row in rng.normal(0, 1, (n, sizes[0]))]
    Y = targets(rng, loss, output, n, sizes[-1])
    if LOSSES[loss].targets == "any number" and output != "softmax":
        Y = rng.normal(0, 1, Y.shape).round(2)
    raw = {
        "inputs": X,
        "targets": Y.tolist(),
        "layers": layers,
        "values": values,
        "learning_rate": typed(pick(0.01, 0.1)),
        "loss": loss,
        "loss_scale": pick(1, Decimal("0.5"), "mean", Decimal("0.3")),
        "biases": pick("updated", "held"),
        "batch": pick("sum", "mean"),
        "batch_size": pick(None, 1),
        "optimizer": pick(*OPTIMIZERS),
        "steps": int(rng.integers(1, 3)),
    }
    return specification({k: v for k, v in (raw | fixed).items() if v is not None})


ACTIVATE = {
    "identity": lambda z: z,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "leaky_relu": lambda z: torch.nn.functional.leaky_relu(z, 0.01),
    "elu": torch.nn.functional.elu,
    "softplus": torch.nn.functional.softplus,
    "gelu": torch.nn.functional.gelu,
    "silu": torch.nn.functional.silu,
    "exp": torch.exp,
    "sign": lambda z: torch.where(z > 0, 1.0, -1.0).to(z),
    "softmax": lambda z: torch.softmax(z, 0),
}
TERMS = {  # of z where the loss reads z, else of a
    "squared_error": lambda a, y: (a - y) ** 2,
    "absolute_error": lambda a, y: abs(a - y),
    "huber": lambda a, y: torch.nn.functional.huber_loss(a, y, reduction="none"),
    "perceptron": lambda z, y: torch.where(y * z > 0, 0.0, -y * z),
    "hinge": lambda z, y: torch.where(y * z > 1, 0.0, 1 - y * z),
}
TERMS_OF_SUMS = {
    ("cross_entropy", "sigmoid"): lambda z, y: torch.nn.functional.binary_cross_entropy_with_logits(
        z, y, reduction="none"
    ),
    ("cross_entropy", "softmax"): lambda z, y: -y * torch.log_softmax(z, 0),
    ("poisson", "exp"): lambda z, y: torch.exp(z) - y * z,
    ("poisson", "softplus"): lambda z, y: (
        torch.nn.functional.softplus(z) - torch.xlogy(y, torch.nn.functional.softplus(z))
    ),
}
TERMS_BY_OUTPUT = {
    ("cross_entropy", "sigmoid"): lambda a, y: -torch.xlogy(y, a) - torch.xlogy(1 - y, 1 - a),
    ("cross_entropy", "softmax"): lambda a, y: -torch.xlogy(y, a),
    ("poisson", "exp"): lambda a, y: a - torch.xlogy(y, a),
    ("poisson", "softplus"): lambda a, y: a - torch.xlogy(y, a),
}


def terms_of(loss: str, output: str, z, a, y):
    """What each output adds to the loss, from z where that keeps its digits."""
    if (loss, output) in TERMS_OF_SUMS:
        return TERMS_OF_SUMS[loss, output](z, y)
    return TERMS[loss](z if LOSSES[loss].reads == "z" else a, y)


class Torch:
    """A specification's network with its parameters as leaves, by name."""

    def __init__(self, of: Specification, values: dict[str, float]):
        self.of = of
        self.leaves = {n: torch.tensor(values[n], dtype=torch.float64, requires_grad=True) for n in of.parameters}

    def forward(self, sample: int):
        """z and a of every unit, the terms of the loss, and the loss of a sample; all keep their gradients."""
        zero = torch.zeros((), dtype=torch.float64)
        below = [torch.tensor(given.value, dtype=torch.float64) for given in self.of.samples[sample]]
        found = {}
        for layer in self.of.layers:
            sums = []
            for row, bias in zip(layer.weights, layer.biases):
                parts = [self.leaves[name] * x for name, x in zip(row, below) if name is not None]
                sums.append(sum(parts, zero) + (zero if bias is None else self.leaves[bias]))
            z = torch.stack(sums)
            z = z if z.requires_grad else z.requires_grad_()
            a = ACTIVATE[layer.activation](z)
            z.retain_grad()
            a = a + 0 if a is z else a
            if a.requires_grad:
                a.retain_grad()
            found |= {name: (z, i) for i, name in enumerate(layer.sums)}
            found |= {name: (a, i) for i, name in enumerate(layer.units)}
            below = list(a)
        y = torch.tensor([given.value for given in self.of.answers[sample]], dtype=torch.float64)
        pair = (self.of.loss, self.of.layers[-1].activation)
        terms = terms_of(*pair, z, a, y) * self.of.scale
        return found, terms, terms.sum(), self.by_output(pair, a, y)

    def by_output(self, pair, a, y):
        """dL/da of the outputs, where the loss above was taken from z and does not know it."""
        if pair not in TERMS_BY_OUTPUT:
            return {}
        a = a.detach().clone().requires_grad_()
        (TERMS_BY_OUTPUT[pair](a, y).sum() * self.of.scale).backward()
        return dict(zip(self.of.layers[-1].units, a.grad, strict=True))
