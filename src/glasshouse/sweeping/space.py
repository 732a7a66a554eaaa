"""A space of recipes: for some options a list of choices or a range, read from TOML or a dict, and checked at once."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..errors import GlasshouseError, OptionError, choose, expect_number
from ..estimators.targets import Classes
from ..models.recipes import recipe_for
from ..pruning.criteria import criterion
from .default import DEFAULT

__all__ = ["KEYS", "OF_PRUNING", "Choices", "Range", "Space", "space_of"]

# What may be swept, and what each choice is: options of `train` that make a recipe, then two of `prune`.
# Appended to, never reordered: the place is which of a trial's draws an option gets.
KEYS = {
    "hidden": "units",
    "activation": "name",
    "initializer": "name",
    "optimizer": "name",
    "density": "number",
    "learning_rate": "number",
    "epochs": "whole",
    "batch_size": "whole",
    "dropout": "number",
    "l2": "number",
    "clip_norm": "number",
    "criterion": "name",
    "keep": "number",
    "warm_up": "whole",
}
OF_PRUNING = ("criterion", "keep")
ENDS = ("low", "high", "log", "whole")
DIGITS = 3  # of a drawn number: what is printed is what was trained


class Choices(NamedTuple):
    """One of these."""

    values: tuple[Any, ...]

    def at(self, u: float) -> Any:
        """The choice at a place from 0 to 1."""
        return self.values[int(u * len(self.values))]

    def every(self) -> Sequence[Any]:
        """All of them, each once."""
        return list(dict.fromkeys(self.values))

    def document(self) -> Any:
        """As TOML and JSON hold it."""
        return [list(value) if isinstance(value, tuple) else value for value in self.values]


class Range(NamedTuple):
    """Any number from low to high, both among them; of equal ratios equally often if `log`."""

    low: float
    high: float
    log: bool = False
    whole: bool = False

    def at(self, u: float) -> Any:
        """The number at a place from 0 to 1.

        Examples
        --------
        >>> Range(0.001, 0.1, log=True).at(0.5), Range(1, 4, whole=True).at(0.99)
        (0.01, 4)
        """
        high = self.high + 1 if self.whole else self.high
        value = self.low * (high / self.low) ** u if self.log else self.low + (high - self.low) * u
        value = int(value) if self.whole else float(f"{value:.{DIGITS}g}")
        return min(max(value, self.low), self.high)

    def every(self) -> Sequence[Any] | None:
        """All whole numbers of it; None where it is of any numbers."""
        return range(int(self.low), int(self.high) + 1) if self.whole else None

    def document(self) -> Any:
        """As TOML and JSON hold it."""
        return self._asdict()


class Space(NamedTuple):
    """The options that vary, each with what it may be."""

    options: dict[str, Choices | Range]
    name: str

    def document(self) -> dict[str, Any]:
        """As TOML and JSON hold it."""
        return {key: found.document() for key, found in self.options.items()}


def space_of(given: str | os.PathLike[str] | Mapping[str, Any] | None) -> Space:
    """The space of a file, of a dict of the same content, or the default one.

    Raises
    ------
    OptionError
        If it is neither, the file cannot be read, an option is unknown, or what it may be is no list and no range, or
        does not fit.

    Examples
    --------
    >>> space_of({"dropout": [0, 0.5]}).options["dropout"].at(0.7)
    0.5
    >>> space_of({"drop_out": [0, 0.5]})
    Traceback (most recent call last):
    glasshouse.errors.OptionError: the space: no option to sweep is called 'drop_out': did you mean 'dropout'?
    """
    if not isinstance(given, str | os.PathLike | Mapping | None):
        raise OptionError(f"space is {given!r}: give a dict, as {{'dropout': [0, 0.5]}}, or the path of a TOML file")
    name = "the default space" if given is None else "the space" if isinstance(given, Mapping) else os.fspath(given)
    document = given if isinstance(given, Mapping) else tomllib.loads(DEFAULT) if given is None else _read(Path(given))
    try:
        options = {choose("option to sweep", key, KEYS): _options(key, value) for key, value in document.items()}
        if not options:
            raise OptionError("it names no option: write dropout = [0.0, 0.5], for one")
    except GlasshouseError as error:
        raise OptionError(f"{name}: {error}") from error
    return Space(options, name)


def _read(path: Path) -> Mapping[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise OptionError(f"cannot read the space {path}: {error.strerror}: name a TOML file") from error
    except ValueError as error:  # what TOML is not, and what UTF-8 is not
        raise OptionError(f"the space {path} is no TOML ({error}): mend it, or see docs/sweeps.md") from error


def _options(key: str, value: Any) -> Choices | Range:
    if isinstance(value, Mapping):
        return _range(key, value)
    if not isinstance(value, list | tuple):
        example = "[[64], [128, 128]]" if KEYS[key] == "units" else '["a", "b"]' if KEYS[key] == "name" else "[1, 2]"
        also = "" if KEYS[key] in ("units", "name") else ", or a range, as {low = 1, high = 2}"
        raise OptionError(f"{key} is {value!r}: give a list of choices, as {example}{also}")
    if not value:
        raise OptionError(f"{key} is an empty list: give at least one choice, or leave it out")
    choices = tuple(tuple(choice) if isinstance(choice, list) else choice for choice in value)
    for choice in choices:
        _expect(key, choice)
    return Choices(choices)


def _range(key: str, ends: Mapping[str, Any]) -> Range:
    if KEYS[key] in ("units", "name"):
        raise OptionError(f"{key} is a range, and it is no number: give a list of choices")
    for name in ends:
        choose(f"part of the range of {key}", name, ENDS)
    for name in ("low", "high"):
        if name not in ends:
            raise OptionError(f"the range of {key} has no {name}: write {key} = {{low = …, high = …}}")
        _expect(key, ends[name])
    for name in ("log", "whole"):
        if not isinstance(ends.get(name, False), bool):
            raise OptionError(f"{name} of {key} is {ends[name]!r}: it must be true or false")
    found = Range(ends["low"], ends["high"], ends.get("log", False), ends.get("whole", False) or KEYS[key] == "whole")
    if found.low > found.high:
        raise OptionError(f"the range of {key} goes from {found.low} to {found.high}: low must be at most high")
    if found.log and not found.low > 0:
        raise OptionError(f"the range of {key} begins at {found.low}: with log it must begin above 0")
    if found.whole:
        for name in ("low", "high"):
            expect_number(f"{name} of {key}", ends[name], lambda v: True, "", whole=True)
    return found


def _expect(key: str, value: Any) -> None:
    """One choice alone, as `train` or `prune` would take it; whether choices fit each other is seen once drawn."""
    kind = KEYS[key]
    if kind == "units" and not isinstance(value, tuple):
        raise OptionError(f"{key} holds {value!r}: each choice is a list of units, as [128, 128], or [] for none")
    if kind == "name" and not isinstance(value, str):
        raise OptionError(f"{key} holds {value!r}: each choice is a name")
    if kind in ("number", "whole"):
        expect_number(key, value, lambda v: True, "a number" if kind == "number" else "", whole=kind == "whole")
    if key == "keep":
        expect_number(key, value, lambda v: 0 < v <= 1, "above 0 and at most 1, the share of connections that is kept")
    elif key == "criterion":
        criterion(value)
    else:
        recipe_for(Classes(np.arange(2)), 1000, 0, **{key: value})
