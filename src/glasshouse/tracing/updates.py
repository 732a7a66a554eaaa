"""The table of updates: what each optimiser does to one parameter, line by line, in the letters of its formula.

A row is a list of (name, formula). p is the parameter, g its gradient, t the number of the step; a name that ends in
_new is kept for the next step, where it is called without _new. The kernels' steps agree; a test says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ..training.optimizers import SGD, Stepping
from .expressions import Expression, Name, Number, parsed, substituted
from .specification import Given, Specification
from .steps import Step, Writer

__all__ = ["UPDATES", "Update", "settings", "update_of", "updates"]


class Update(NamedTuple):
    """One row: the lines; what is kept from step to step, by its letter and the optimiser's word; the settings read."""

    lines: tuple[tuple[str, str], ...]
    kept: dict[str, str]
    settings: tuple[str, ...] = ()


ADAM = (
    ("m_new", "beta_1 * m + (1 - beta_1) * g"),
    ("v_new", "beta_2 * v + (1 - beta_2) * g ** 2"),
    ("m_hat", "m_new / (1 - beta_1 ** t)"),
    ("v_hat", "v_new / (1 - beta_2 ** t)"),
)
BETAS = ("beta_1", "beta_2", "epsilon")
UPDATES = {
    "sgd": Update((("p_new", "p - eta * g"),), {}),
    "momentum": Update((("u_new", "momentum * u + g"), ("p_new", "p - eta * u_new")), {"u": "velocity"}, ("momentum",)),
    "nesterov": Update(
        (("u_new", "momentum * u + g"), ("p_new", "p - eta * (g + momentum * u_new)")),
        {"u": "velocity"},
        ("momentum",),
    ),
    "rmsprop": Update(
        (("v_new", "decay * v + (1 - decay) * g ** 2"), ("p_new", "p - eta * g / (sqrt(v_new) + epsilon)")),
        {"v": "second"},
        ("decay", "epsilon"),
    ),
    "adam": Update(
        (*ADAM, ("p_new", "p - eta * m_hat / (sqrt(v_hat) + epsilon)")), {"m": "first", "v": "second"}, BETAS
    ),
    "adamw": Update(
        (*ADAM, ("p_new", "p * (1 - eta * weight_decay) - eta * m_hat / (sqrt(v_hat) + epsilon)")),
        {"m": "first", "v": "second"},
        (*BETAS, "weight_decay"),
    ),
}


def update_of(optimizer: Stepping) -> Update:
    """The row of an optimiser."""
    if isinstance(optimizer, SGD):
        return UPDATES["sgd" if not optimizer.momentum else "nesterov" if optimizer.nesterov else "momentum"]
    return UPDATES[optimizer.name]


def settings(specification: Specification) -> dict[str, Given]:
    """The learning rate, the optimiser's settings, and its memory before the first step, by name."""
    optimizer = specification.stepping
    row = update_of(optimizer)
    found = {"eta": specification.learning_rate}
    found |= {name: Given.typed(getattr(optimizer, name)) for name in row.settings}
    moved = [name for name in specification.parameters if name not in specification.held]
    return found | {f"{letter}_{name}": Given(0.0, "0") for letter in row.kept for name in moved}


def updates(writer: Writer) -> Iterator[Step]:
    """The update of every parameter that moves."""
    specification, row = writer.of, update_of(writer.of.stepping)
    biases = {name for layer in specification.layers for name in layer.biases}
    for name in specification.parameters:
        if name in specification.held:
            continue
        lines = UPDATES["adam"].lines if row is UPDATES["adamw"] and name in biases else row.lines  # they do not decay
        letters: dict[str, Expression] = {
            "p": Name(writer.parameter(name)),
            "g": Name(writer.key(f"dL/d{name}")),
            "t": Number(str(writer.stage)),
            **{letter: Name(writer.parameter(f"{letter}_{name}")) for letter in row.kept},
        }
        for line, formula in lines:
            letter, new = line.removesuffix("_new"), line.endswith("_new")
            if letter == "p":
                key, kind = writer.parameter(name, writer.stage + 1), "update"
            else:
                base = f"{letter}_{name}"
                key, kind = writer.parameter(base, writer.stage + 1) if new else writer.key(base), "moment"
            yield Step(key, "Update", kind, name, substituted(parsed(formula), letters), (), writer.stage)
            letters[line] = Name(key)
