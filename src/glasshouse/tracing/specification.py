"""A specification: a small network with names and numbers of a person's own, and every convention stated.

It is what a trace is made of. Shapes, names and ranges are checked here, so that whatever comes after can trust them;
how one is written down is the business of `notes`.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from keyword import iskeyword
from typing import Any

from ..errors import OptionError, SpecificationError, choose, expect_number
from ..network.activations import ACTIVATIONS, activation
from ..network.losses import LOSSES, loss_for
from ..training.optimizers import LBFGS, SGD, Optimizer, Stepping
from .arithmetic import fixed

__all__ = ["BATCHES", "BIASES", "Given", "Marks", "Specification", "TracedLayer"]

BIASES = ("updated", "held")
BATCHES = ("mean", "sum")
NAME = re.compile(r"[^\W\d]\w*")
LOSS_WORDS = {"squared_error": "sum of squared errors", "absolute_error": "sum of absolute errors"}
RESERVED = (
    *("loss", "L", "dL", "eta", "pi", "exp", "log", "sqrt", "tanh", "erf", "abs", "max", "min"),
    *("momentum", "beta_1", "beta_2", "epsilon", "decay", "weight_decay"),
)
MEMORY = ("u", "m", "v", "m_hat", "v_hat")  # of an optimiser, for each parameter: u_w1
MOST_NUMBERS = 200_000


@dataclass(frozen=True)
class Given:
    """A number that nobody works out: as it was typed, or one with too many digits to be."""

    value: float
    text: str | None = None

    @classmethod
    def typed(cls, value: Any) -> Given:
        """Of what a reader of TOML or JSON hands on, digits and all."""
        written = value if isinstance(value, Decimal) else Decimal(repr(value))
        return cls(float(value), f"{written:f}")

    def shown(self, decimals: int) -> str:
        """As it was typed; else with so many decimals."""
        return fixed(self.value, decimals) if self.text is None else self.text


@dataclass(frozen=True)
class TracedLayer:
    """One layer by names.

    Attributes
    ----------
    units, sums : tuple of str
        What its activations a and its weighted sums z are called.
    weights : (fan_out, fan_in) tuples of str or None
        The name of each weight; None where there is no connection.
    biases : tuple of str or None
        The name of each unit's bias; a name that stands twice is shared.
    """

    activation: str
    units: tuple[str, ...]
    sums: tuple[str, ...]
    weights: tuple[tuple[str | None, ...], ...]
    biases: tuple[str | None, ...]

    def places(self) -> Iterator[tuple[int, int, str]]:
        """(unit, input, name) of each weight there is."""
        for i, row in enumerate(self.weights):
            for j, name in enumerate(row):
                if name is not None:
                    yield i, j, name


@dataclass(frozen=True)
class Marks:
    """What a line of a hand-made solution earns: points by name, one by default, times a share by verdict."""

    points: Mapping[str, float] = field(default_factory=dict)
    default: float = 1.0
    rounding: float = 1.0
    truncated: float = 1.0
    follows: float = 1.0

    def __post_init__(self) -> None:
        for name in ("rounding", "truncated", "follows"):
            expect_number(name, getattr(self, name), lambda v: 0 <= v <= 1, "from 0 to 1, a share of the points")
        for name, value in {"default": self.default, **self.points}.items():
            expect_number(name, value, lambda v: 0 <= v < math.inf, "points, at least 0")


@dataclass(frozen=True)
class Specification:
    """A network, its samples, and the conventions of a training step.

    Attributes
    ----------
    inputs, targets : tuple of str
        Their names.
    values : mapping of str to Given
        Weights and biases.
    samples, answers : tuples of tuples of Given
        A row of inputs and a row of targets for each sample.
    loss_scale : float or 'mean'
        Multiplies the loss of a sample: 0.5 is the half sum; 'mean' divides it by the number of outputs.
    biases : str
        'updated' or 'held'.
    batch : str
        Whether losses and gradients of several samples are added up ('sum') or averaged ('mean').
    batch_size : int or None
        How many samples a step takes, one step after the other; None for all.
    titles : mapping of str to str
        What an input of a fitted model is called in its table.
    remarks : tuple of str
        What else is to be said of it.

    Raises
    ------
    SpecificationError
        If the parts do not fit each other: the message names the part, and `place` where it stands in a file.
    """

    title: str
    inputs: tuple[str, ...]
    targets: tuple[str, ...]
    layers: tuple[TracedLayer, ...]
    values: Mapping[str, Given]
    samples: tuple[tuple[Given, ...], ...]
    answers: tuple[tuple[Given, ...], ...]
    learning_rate: Given
    loss: str = "squared_error"
    loss_scale: float | str = 1.0
    biases: str = "updated"
    batch: str = "mean"
    batch_size: int | None = None
    optimizer: Optimizer = field(default_factory=lambda: SGD(momentum=0))
    steps: int = 1
    aliases: Mapping[str, str] = field(default_factory=dict)
    marks: Marks = field(default_factory=Marks)
    titles: Mapping[str, str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self._expect_conventions()
        self._expect_names()
        self._expect_shapes()
        self._expect_targets()

    @property
    def stepping(self) -> Stepping:
        """The optimiser, which takes steps."""
        assert not isinstance(self.optimizer, LBFGS)
        return self.optimizer

    @property
    def scale(self) -> float:
        """The factor of a sample's loss as a number."""
        return 1 / len(self.targets) if isinstance(self.loss_scale, str) else self.loss_scale

    @property
    def parameters(self) -> tuple[str, ...]:
        """Weights, then biases, each name once, in the order of the network."""
        weights = [name for layer in self.layers for _, _, name in layer.places()]
        biases = [name for layer in self.layers for name in layer.biases if name is not None]
        return tuple(dict.fromkeys([*weights, *biases]))

    @property
    def held(self) -> frozenset[str]:
        """The parameters that no step updates."""
        if self.biases == "updated":
            return frozenset()
        return frozenset(name for layer in self.layers for name in layer.biases if name is not None)

    def batch_of(self, stage: int) -> tuple[int, ...]:
        """The places of a step's samples, steps counted from 1, round and round; after the last step, all of them."""
        n, size = len(self.samples), self.batch_size or len(self.samples)
        if stage > self.steps:
            return tuple(range(n))
        return tuple(((stage - 1) * size + k) % n for k in range(size))

    def conventions(self) -> dict[str, str]:
        """Every convention, said in words."""
        scaled = {1.0: "", 0.5: "half the ", "mean": f"1/{len(self.targets)} of the "}.get(
            self.loss_scale, f"{self.loss_scale} times the "
        )
        several = len(self.samples) > 1 and self.batch_size != 1
        return {
            "loss": f"{scaled}{LOSS_WORDS.get(self.loss, self.loss.replace('_', ' '))}"
            + (f", its {self.batch} over the samples" if several else ""),
            "learning rate": f"eta = {self.learning_rate.shown(6)}",
            "optimiser": _described(self.optimizer),
            "biases": self.biases if any(b for layer in self.layers for b in layer.biases) else "none",
        }

    def _expect_conventions(self) -> None:
        with _placed("loss"):
            loss_for(self.loss, activation(self.layers[-1].activation).name)
        with _placed("biases"):
            choose("biases", self.biases, BIASES)
        with _placed("batch"):
            choose("batch", self.batch, BATCHES)
        with _placed("loss_scale"):
            if isinstance(self.loss_scale, str):
                choose("loss_scale", self.loss_scale, ("mean",))
            else:
                expect_number("loss_scale", self.loss_scale, lambda v: 0 < v < math.inf, "a number above 0, or 'mean'")
        with _placed("learning_rate"):
            expect_number("learning_rate", self.learning_rate.value, lambda v: 0 < v < math.inf, "a number above 0")
        with _placed("steps"):
            expect_number("steps", self.steps, lambda v: 1 <= v <= 1_000_000, "from 1 to 1,000,000", whole=True)
        with _placed("batch_size"):
            n = len(self.samples)
            size = n if self.batch_size is None else self.batch_size
            expect_number("batch_size", size, lambda v: 1 <= v <= n, f"from 1 to {n}", whole=True)
        if isinstance(self.optimizer, LBFGS):
            raise SpecificationError("optimizer is lbfgs: it searches along a line, take one with steps", "optimizer")
        for k, layer in enumerate(self.layers[:-1]):
            if not ACTIVATIONS[layer.activation].hidden:
                good = ", ".join(row.name for row in ACTIVATIONS.values() if row.hidden)
                raise SpecificationError(
                    f"activation {layer.activation!r} belongs to the last layer: choose one of {good}",
                    *("layers", k, "activation"),
                )

    def _expect_names(self) -> None:
        homes: dict[str, tuple[str | int, ...]] = dict.fromkeys(self.inputs, ("inputs",))
        every = [*self.inputs, *self.targets, *self.parameters]
        homes |= dict.fromkeys(self.targets, ("targets",))
        for k, layer in enumerate(self.layers):
            every += [*layer.units, *layer.sums]
            homes |= dict.fromkeys(layer.units, ("layers", k, "units")) | dict.fromkeys(
                layer.sums, ("layers", k, "sums")
            )
            homes |= {name: ("layers", k, "weights", name) for _, _, name in layer.places()}
            homes |= {name: ("layers", k, "bias", name) for name in layer.biases if name is not None}
        taken = {*RESERVED, *ACTIVATIONS, *(f"loss_{unit}" for layer in self.layers for unit in layer.units)}
        taken |= {f"{letter}_{name}" for letter in MEMORY for name in self.parameters}
        for name, count in Counter(every).items():
            if not NAME.fullmatch(name) or name.endswith("_new"):
                raise SpecificationError(
                    f"{name!r} is no name: write a letter, then letters, digits and _, but not _new", *homes[name]
                )
            if name in taken or iskeyword(name):
                raise SpecificationError(f"the name {name!r} is taken: choose another", *homes[name])
            if count > 1:
                raise SpecificationError(
                    f"the name {name!r} stands for {count} things: give each its own", *homes[name]
                )
        both = {n for layer in self.layers for _, _, n in layer.places()} & {n for la in self.layers for n in la.biases}
        for name in sorted(both):
            raise SpecificationError(f"{name!r} is a weight and a bias: give each its own name", *homes[name])
        for name in self.parameters:
            if name not in self.values:
                what = "bias" if homes[name][2] == "bias" else "weight"
                raise SpecificationError(f"the {what} {name!r} has no value: give it one under [values]", *homes[name])

    def _expect_shapes(self) -> None:
        fan_in, above = len(self.inputs), "the inputs"
        for k, layer in enumerate(self.layers):
            for unit, row in zip(layer.units, layer.weights):
                if len(row) != fan_in:
                    raise SpecificationError(
                        f"unit {unit!r} has {len(row)} weights for the {fan_in} values of {above}: give one for each, "
                        "or '-' for no connection",
                        *("layers", k, "weights"),
                    )
            for what, key, found in (
                ("rows of weights", "weights", layer.weights),
                ("biases", "bias", layer.biases),
                ("sums", "sums", layer.sums),
            ):
                if len(found) != len(layer.units):
                    raise SpecificationError(
                        f"layer {k + 1} has {len(found)} {what} for {len(layer.units)} units: give one for each",
                        *("layers", k, key),
                    )
            fan_in, above = len(layer.units), f"layer {k + 1}"
        if len(self.targets) != fan_in:
            raise SpecificationError(
                f"there are {len(self.targets)} targets for {fan_in} outputs: give one for each", "targets"
            )
        rows = len(self.samples), len(self.answers)
        if not rows[0] or rows[0] != rows[1]:
            raise SpecificationError(
                f"there are {rows[0]} rows of inputs and {rows[1]} of targets: give one of each a sample", "targets"
            )
        for what, given, names in (("inputs", self.samples, self.inputs), ("targets", self.answers, self.targets)):
            for k, sample in enumerate(given, start=1):
                if len(sample) != len(names):
                    raise SpecificationError(f"sample {k} has {len(sample)} {what}: give {len(names)}", what)
        work = sum(1 for layer in self.layers for _ in layer.places()) * len(self.samples)
        if work > MOST_NUMBERS:
            raise SpecificationError(
                f"{work:,} products a step are more than anybody reads: trace at most {MOST_NUMBERS:,}"
            )

    def _expect_targets(self) -> None:
        row = LOSSES[self.loss]
        good = GOOD_TARGETS.get(row.targets, math.isfinite)
        for k, answers in enumerate(self.answers, start=1):
            for name, given in zip(self.targets, answers, strict=True):
                if not good(given.value):
                    raise SpecificationError(
                        f"the target {name!r} of sample {k} is {given.shown(6)}: {row.name} wants {row.targets}",
                        "targets",
                    )
            total = sum(given.value for given in answers)
            if self.loss == "cross_entropy" and self.layers[-1].activation == "softmax" and abs(total - 1) > 1e-13:
                raise SpecificationError(
                    f"the targets of sample {k} add up to {total:g}: cross_entropy of softmax wants 1", "targets"
                )


GOOD_TARGETS: dict[str, Callable[[float], bool]] = {
    "0 to 1": lambda v: 0 <= v <= 1,
    "-1 and 1": lambda v: v in (-1, 1),
    "0 or more": lambda v: v >= 0,
}


@contextmanager
def _placed(*place: str | int) -> Iterator[None]:
    """Say of a wrong choice where it stands."""
    try:
        yield
    except OptionError as error:
        raise SpecificationError(str(error), *place) from error


def _described(optimizer: Optimizer) -> str:
    if isinstance(optimizer, SGD):
        if not optimizer.momentum:
            return "gradient descent"
        return f"momentum {optimizer.momentum:g}{', Nesterov' if optimizer.nesterov else ''}"
    return {"rmsprop": "RMSprop", "adam": "Adam", "adamw": "AdamW, by which weights decay and biases do not"}[
        optimizer.name
    ]
