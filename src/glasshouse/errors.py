"""Every error Glasshouse raises: one line that names the thing, the value, the limit and the cure.

::

    GlasshouseError                exit code 2
    ├── TableError                 a table that cannot be read, or lacks a column, a row, a class
    ├── ModelFileError             a file that is not a whole Glasshouse model
    ├── SpecificationError         a network to trace that cannot be read, or whose parts do not fit
    ├── AnswersError               a solution made by hand that cannot be read
    ├── OptionError                a choice that does not exist or does not fit
    ├── WorldError                 ranks that are not in one world, or do not agree about the run
    └── TrainingDiverged           exit code 3: the loss or the gradient stopped being a number

`HealthWarning` is no error: it says that a fit has ended with a network that is severely ill.

All but the last two are also `ValueError`, `WorldError` is also `RuntimeError` and `TrainingDiverged` also
`FloatingPointError`, so that callers who know only Python's own errors catch them too.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from numbers import Integral, Real
from typing import Any

__all__ = [
    "AnswersError",
    "GlasshouseError",
    "HealthWarning",
    "ModelFileError",
    "OptionError",
    "SpecificationError",
    "TableError",
    "TrainingDiverged",
    "WorldError",
    "choose",
    "expect_number",
]


class GlasshouseError(Exception):
    """What every error of this package is; `exit_code` is what the command line ends with."""

    exit_code = 2


class TableError(GlasshouseError, ValueError):
    """A table that cannot be read, or does not hold what was asked of it."""


class ModelFileError(GlasshouseError, ValueError):
    """A file that is not a whole model of this package."""


class SpecificationError(GlasshouseError, ValueError):
    """A description of a network to trace that cannot be read, or describes none.

    Attributes
    ----------
    place : tuple
        The part of the description that is meant, as keys and indices.
    """

    def __init__(self, message: str, *place: str | int):
        self.place = place
        super().__init__(message)


class AnswersError(GlasshouseError, ValueError):
    """A solution made by hand that cannot be read, or names what its network does not have."""


class OptionError(GlasshouseError, ValueError):
    """A choice that does not exist, or does not fit the others."""


class WorldError(GlasshouseError, RuntimeError):
    """Ranks, processes that train together, that are not in one world or do not agree about the run."""


class TrainingDiverged(GlasshouseError, FloatingPointError):
    """The loss or the gradient is no longer a finite number; the weights are the last finite ones.

    Attributes
    ----------
    epoch, step : int
        Where it happened, counted from 1.
    layer : int or None
        The first layer, counted from 1, whose activations are not finite; None where all still are.
    largest_activation : float
        The largest finite magnitude among the activations of that step.
    diagnosis : health.findings.Diagnosis or None
        What a doctor who watched says of it.
    """

    exit_code = 3

    def __init__(self, epoch: int, step: int, layer: int | None, largest_activation: float, learning_rate: float):
        self.epoch, self.step, self.layer = epoch, step, layer
        self.largest_activation, self.learning_rate = largest_activation, learning_rate
        self.diagnosis: Any = None
        where = "the loss or its gradient" if layer is None else f"layer {layer}"
        super().__init__(
            f"training diverged in epoch {epoch}, step {step}: {where} is not finite (largest activation "
            f"{largest_activation:.3g}, learning rate {learning_rate:g}): try learning rate {learning_rate / 10:g}"
        )

    def __reduce__(self) -> tuple[type, tuple[int, int, int | None, float, float]]:
        return type(self), (self.epoch, self.step, self.layer, self.largest_activation, self.learning_rate)


class HealthWarning(UserWarning):
    """A network that is severely ill; the estimator's `health_` says more."""


def choose(what: str, name: str, known: Iterable[str]) -> str:
    """Return `name` if it is known; else raise `OptionError` with the nearest name, or all of them.

    Examples
    --------
    >>> choose("activation", "relu", ["relu", "tanh"])
    'relu'
    >>> choose("activation", "rellu", ["relu", "tanh"])
    Traceback (most recent call last):
    glasshouse.errors.OptionError: no activation is called 'rellu': did you mean 'relu'?
    """
    names = list(known)
    if name in names:
        return name
    near = difflib.get_close_matches(str(name), names, n=1)
    cure = f"did you mean {near[0]!r}?" if near else f"choose one of {', '.join(names)}"
    raise OptionError(f"no {what} is called {name!r}: {cure}")


def expect_number(name: str, value: Any, good: Callable[[Any], bool], limit: str, *, whole: bool = False) -> None:
    """Raise `OptionError` unless `value` is a number, a whole one if `whole`, and `good` holds of it.

    Examples
    --------
    >>> expect_number("momentum", 1.5, lambda m: 0 <= m < 1, "at least 0 and below 1")
    Traceback (most recent call last):
    glasshouse.errors.OptionError: momentum is 1.5: it must be at least 0 and below 1
    """
    kind = Integral if whole else Real
    if isinstance(value, bool) or not isinstance(value, kind) or not good(value):
        raise OptionError(f"{name} is {value!r}: it must be {'a whole number ' if whole else ''}{limit}")
