"""The table of schedules: small frozen objects that say what share of the learning rate a step uses."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from ..errors import choose, expect_number

__all__ = [
    "SCHEDULES",
    "Constant",
    "Cosine",
    "InverseScaling",
    "OneCycle",
    "Plateau",
    "Progress",
    "Schedule",
    "StepDecay",
    "schedule",
]


class Progress(NamedTuple):
    """Where a run stands before a step.

    Attributes
    ----------
    epoch, epochs : int
        Epochs done, and of the whole run.
    step, steps : int
        Batches done, and of the whole run.
    samples : int
        Rows seen in the epochs done.
    cuts : int
        How often a plateau has cut the rate.
    """

    epoch: int
    epochs: int
    step: int
    steps: int
    samples: int
    cuts: int


@dataclass(frozen=True)
class Constant:
    """The same rate throughout."""

    name: ClassVar[str] = "constant"
    planned: ClassVar[bool] = False
    formula: ClassVar[str] = "1"

    def factor(self, at: Progress) -> float:
        """The share of the learning rate that is left."""
        return 1.0


@dataclass(frozen=True)
class StepDecay:
    """Times `decay` after every so many epochs."""

    every: int = 50
    decay: float = 0.1
    name: ClassVar[str] = "step"
    planned: ClassVar[bool] = False
    formula: ClassVar[str] = "decay ** (epoch // every)"

    def __post_init__(self) -> None:
        expect_number("every", self.every, lambda v: v >= 1, "of at least 1", whole=True)
        expect_number("decay", self.decay, lambda v: 0 < v <= 1, "above 0 and at most 1")

    def factor(self, at: Progress) -> float:
        """The share of the learning rate that is left."""
        return float(self.decay ** (at.epoch // self.every))


@dataclass(frozen=True)
class Cosine:
    """Half a cosine from 1 to `final` over the epochs of the run (Loshchilov, Hutter 2017)."""

    final: float = 0.0
    name: ClassVar[str] = "cosine"
    planned: ClassVar[bool] = True  # for a number of epochs, which can then not be raised
    formula: ClassVar[str] = "final + (1 - final) * (1 + cos(pi * min(epoch / epochs, 1))) / 2"

    def __post_init__(self) -> None:
        expect_number("final", self.final, lambda v: 0 <= v <= 1, "from 0 to 1")

    def factor(self, at: Progress) -> float:
        """The share of the learning rate that is left."""
        return self.final + (1 - self.final) * (1 + math.cos(math.pi * min(at.epoch / at.epochs, 1))) / 2


@dataclass(frozen=True)
class OneCycle:
    """Up from `start` to 1 over the share `rise` of the steps, then down to `final`, by half cosines (Smith 2018)."""

    rise: float = 0.3
    start: float = 0.04
    final: float = 4e-6
    name: ClassVar[str] = "one_cycle"
    planned: ClassVar[bool] = True
    formula: ClassVar[str] = (
        "1 + (start - 1) * (1 + cos(pi * step / top)) / 2 if step < top else "
        "final + (1 - final) * (1 + cos(pi * (step - top) / (steps - 1 - top))) / 2, top = max(rise * steps - 1, 0)"
    )

    def __post_init__(self) -> None:
        expect_number("rise", self.rise, lambda v: 0 <= v < 1, "at least 0 and below 1")
        for name in ("start", "final"):
            expect_number(name, getattr(self, name), lambda v: 0 < v <= 1, "above 0 and at most 1")

    def factor(self, at: Progress) -> float:
        """The share of the learning rate that is left."""
        top = max(self.rise * at.steps - 1, 0.0)
        if at.step < top:
            return 1 + (self.start - 1) * (1 + math.cos(math.pi * at.step / top)) / 2
        down = min((at.step - top) / max(at.steps - 1 - top, 1.0), 1.0)
        return self.final + (1 - self.final) * (1 + math.cos(math.pi * down)) / 2


@dataclass(frozen=True)
class Plateau:
    """Times `decay` whenever what is monitored has not improved by `tol` for more than `patience` epochs.

    A cut gives the run its patience back; at `lowest` it is cut no more.
    """

    decay: float = 0.1
    patience: int = 5
    lowest: float = 1e-6
    name: ClassVar[str] = "plateau"
    planned: ClassVar[bool] = False
    formula: ClassVar[str] = "decay ** cuts"

    def __post_init__(self) -> None:
        expect_number("decay", self.decay, lambda v: 0 < v < 1, "above 0 and below 1")
        expect_number("patience", self.patience, lambda v: v >= 0, "of at least 0", whole=True)
        expect_number("lowest", self.lowest, lambda v: 0 < v < math.inf, "above 0")

    def factor(self, at: Progress) -> float:
        """The share of the learning rate that is left."""
        return float(self.decay**at.cuts)

    def is_low(self, learning_rate: float, cuts: int) -> bool:
        """Whether the rate is as low as it may get."""
        return learning_rate * self.decay**cuts <= self.lowest


@dataclass(frozen=True)
class InverseScaling:
    """Down with a power of the rows seen, as scikit-learn's ``'invscaling'``."""

    power: float = 0.5
    name: ClassVar[str] = "invscaling"
    planned: ClassVar[bool] = False
    formula: ClassVar[str] = "1 / (samples + 1) ** power"

    def __post_init__(self) -> None:
        expect_number("power", self.power, lambda v: 0 <= v < math.inf, "at least 0")

    def factor(self, at: Progress) -> float:
        """The share of the learning rate that is left."""
        return float(1 / (at.samples + 1) ** self.power)


Schedule = Constant | StepDecay | Cosine | OneCycle | Plateau | InverseScaling
SCHEDULES: dict[str, type[Schedule]] = {
    row.name: row for row in (Constant, StepDecay, Cosine, OneCycle, Plateau, InverseScaling)
}


def schedule(choice: str | Schedule) -> Schedule:
    """Return the schedule of a name with its default settings, or the one given.

    Examples
    --------
    >>> schedule("cosine")
    Cosine(final=0.0)
    """
    return SCHEDULES[choose("schedule", choice, SCHEDULES)]() if isinstance(choice, str) else choice
