"""The table of optimisers: small frozen objects with their settings; a step is one sweep over the flat vector."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy.typing as npt

from ..errors import OptionError, choose, expect_number

if TYPE_CHECKING:
    from ..kernels import Arrays

__all__ = ["LBFGS", "OPTIMIZERS", "SGD", "Adam", "AdamW", "Optimizer", "Pull", "RMSprop", "optimizer"]

Moments = Mapping[str, npt.NDArray[Any]]


class Pull(NamedTuple):
    """What a step adds to the gradient of the data: the share left by clipping, L2, and L1 (a proximal step)."""

    clip: float = 1.0
    l2: float = 0.0
    l1: float = 0.0


@dataclass(frozen=True)
class SGD:
    """u := momentum u + g; w := w - rate u, or w - rate (g + momentum u) with `nesterov` (Sutskever et al. 2013).

    Examples
    --------
    >>> SGD(momentum=0)  # a plain step down the gradient
    SGD(momentum=0, nesterov=True)
    """

    momentum: float = 0.9
    nesterov: bool = True
    name: ClassVar[str] = "sgd"

    def __post_init__(self) -> None:
        _share("momentum", self.momentum)
        if not isinstance(self.nesterov, bool):
            raise OptionError(f"nesterov is {self.nesterov!r}: it must be True or False")

    @property
    def moments(self) -> tuple[str, ...]:
        return ("velocity",) if self.momentum else ()

    def step(self, arrays: Arrays, moments: Moments, t: int, rate: float, pull: Pull) -> None:
        """Update the parameters and moments in place; t counts steps from 1."""
        if self.momentum:
            reach = rate / (1 - self.momentum)
            arrays.momentum(
                moments["velocity"],
                rate,
                self.momentum,
                self.nesterov,
                reach,
                pull.clip,
                pull.l2,
                1.0,
                pull.l1,
            )
        else:
            arrays.sgd(rate, pull.clip, pull.l2, 1.0, pull.l1)


@dataclass(frozen=True)
class RMSprop:
    """v is a running mean of g²; w := w - rate g / (sqrt(v) + epsilon) (Tieleman, Hinton 2012)."""

    decay: float = 0.99
    epsilon: float = 1e-8
    name: ClassVar[str] = "rmsprop"
    moments: ClassVar[tuple[str, ...]] = ("second",)

    def __post_init__(self) -> None:
        _share("decay", self.decay)
        _positive("epsilon", self.epsilon)

    def step(self, arrays: Arrays, moments: Moments, t: int, rate: float, pull: Pull) -> None:
        """Update the parameters and moments in place; t counts steps from 1."""
        arrays.rmsprop(moments["second"], rate, 1 - self.decay, self.epsilon, pull.clip, pull.l2, 1.0, pull.l1)


@dataclass(frozen=True)
class Adam:
    """m and v are running means of g and g²; w := w - rate m̂ / (sqrt(v̂) + epsilon) (Kingma, Ba 2015)."""

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    name: ClassVar[str] = "adam"
    moments: ClassVar[tuple[str, ...]] = ("first", "second")

    def __post_init__(self) -> None:
        _share("beta_1", self.beta_1)
        _share("beta_2", self.beta_2)
        _positive("epsilon", self.epsilon)

    def step(self, arrays: Arrays, moments: Moments, t: int, rate: float, pull: Pull) -> None:
        """Update the parameters and moments in place; t counts steps from 1."""
        _adam(self, arrays, moments, t, rate, 1.0, pull)


@dataclass(frozen=True)
class AdamW:
    """w := w (1 - rate weight_decay), then Adam's step: the decay stays out of m and v (Loshchilov, Hutter 2019)."""

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.01
    name: ClassVar[str] = "adamw"
    moments: ClassVar[tuple[str, ...]] = ("first", "second")

    def __post_init__(self) -> None:
        _share("beta_1", self.beta_1)
        _share("beta_2", self.beta_2)
        _positive("epsilon", self.epsilon)
        expect_number("weight_decay", self.weight_decay, lambda d: 0 <= d < float("inf"), "a number of at least 0")

    def step(self, arrays: Arrays, moments: Moments, t: int, rate: float, pull: Pull) -> None:
        """Update the parameters and moments in place; t counts steps from 1."""
        _adam(self, arrays, moments, t, rate, 1 - rate * self.weight_decay, pull)


def _adam(row: Adam | AdamW, arrays: Arrays, moments: Moments, t: int, rate: float, keep: float, pull: Pull) -> None:
    arrays.adam(
        moments["first"],
        moments["second"],
        rate,
        1 - row.beta_1,
        1 - row.beta_2,
        row.epsilon,
        1 / (1 - row.beta_1**t),
        1 / (1 - row.beta_2**t),
        pull.clip,
        pull.l2,
        keep,
        pull.l1,
    )


@dataclass(frozen=True)
class LBFGS:
    """The quasi-Newton step of the last `memory` changes of all rows' gradient, and a line search (Liu, Nocedal 1989).

    An epoch is one iteration. It has no learning rate, no batches and nothing random; see `lbfgs`.
    """

    memory: int = 10
    name: ClassVar[str] = "lbfgs"
    moments: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        expect_number("memory", self.memory, lambda m: m >= 1, "of at least 1", whole=True)


Stepping = SGD | RMSprop | Adam | AdamW
Optimizer = Stepping | LBFGS
OPTIMIZERS: dict[str, type[Optimizer]] = {row.name: row for row in (SGD, RMSprop, Adam, AdamW, LBFGS)}


def optimizer(choice: str | Optimizer) -> Optimizer:
    """Return the optimiser of a name with its default settings, or the one given.

    Examples
    --------
    >>> optimizer("adam")
    Adam(beta_1=0.9, beta_2=0.999, epsilon=1e-08)
    """
    return OPTIMIZERS[choose("solver", choice, OPTIMIZERS)]() if isinstance(choice, str) else choice


def _share(name: str, value: float) -> None:
    expect_number(name, value, lambda v: 0 <= v < 1, "at least 0 and below 1")


def _positive(name: str, value: float) -> None:
    expect_number(name, value, lambda v: 0 < v < float("inf"), "a number above 0")
