"""The encodings that scikit-learn's preprocessing becomes: a number that is scaled, a category that is one of levels.

A `Pipeline` that comes in has learned already what its columns need; these two hold it. No rule decides for them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from ..errors import TableError
from .cells import Counted
from .read import SWITCH, Bounds, Read, nowhere, side_by_side
from .words import LARGEST, Words, is_number, numbers

__all__ = ["OneHotEncoding", "ScaledEncoding"]

TRUTHS = {"True": 1.0, "False": 0.0}  # as frames write a column of bool, which scikit-learn takes for numbers


@dataclass(frozen=True)
class ScaledEncoding:
    """One number column: (x - center) / scale.

    Attributes
    ----------
    fill : float or None
        What a missing cell takes, before it is scaled; with None such cells are refused.
    indicator : bool
        Whether a second feature is 1 where the cell is missing.

    Examples
    --------
    >>> import pyarrow as pa
    >>> age = ScaledEncoding("age", 30.0, 20.0, 10.0, True)
    >>> age.read(Words(pa.array(["40", None]))).codes.tolist()
    [[2.0, 0.0], [1.0, 1.0]]
    """

    name: str
    fill: float | None
    center: float
    scale: float
    indicator: bool
    kind: ClassVar[str] = "scaled"

    def __post_init__(self) -> None:
        if not (math.isfinite(self.center) and 0 < self.scale < math.inf):
            raise ValueError(f"column {self.name!r} has center {self.center} and scale {self.scale}")
        if self.fill is None and self.indicator:
            raise ValueError(f"column {self.name!r} tells missing cells, but has nothing to fill them with")
        if self.fill is not None and not (abs(self.fill) <= LARGEST and abs(self.scaled(self.fill)) <= LARGEST):
            raise ValueError(f"column {self.name!r} is filled with {self.fill}, scale {self.scale}")

    @classmethod
    def fit(cls, name: str, cells: Counted) -> ScaledEncoding:
        """Mean and deviation; missing cells take the mean, and are told where there are any."""
        values = cells.known.numbers(name)
        there = ~np.isnan(values)
        if not there.any():
            return cls(name, 0.0, 0.0, 1.0, True)
        mean = np.average(values[there], weights=cells.counts[there])
        away = (values - mean)[there]
        farthest = np.abs(away).max() or 1.0  # squares of numbers up to 1 neither overflow nor vanish
        deviation = farthest * math.sqrt(np.average((away / farthest) ** 2, weights=cells.counts[there]))
        return cls(name, float(mean), float(mean), float(deviation) or 1.0, not there.all())

    def scaled(self, value: float) -> float:
        return (value - self.center) / self.scale

    def numbers(self, words: Words) -> npt.NDArray[np.float64]:
        """Words as numbers, NaN where one is none; True and False are 1 and 0."""
        values = words.numbers(self.name)
        if words.numeric:
            return values
        values = values.copy()
        for word, value in TRUTHS.items():
            values[np.asarray(pc.equal(words.text, word).fill_null(False))] = value
        return values

    @property
    def features(self) -> list[str]:
        return [self.name, f"{self.name} missing"] if self.indicator else [self.name]

    @property
    def bounds(self) -> list[Bounds]:
        return [(-math.inf, math.inf), *[SWITCH] * self.indicator]

    def read(self, words: Words) -> Read:
        values = self.numbers(words)
        missing = np.isnan(values)
        if missing.any() and self.fill is None:
            cell = words[int(missing.argmax())]
            raise TableError(f"column {self.name!r} holds {cell!r}: this network takes numbers alone, fill such cells")
        with np.errstate(over="ignore"):
            scaled = (np.where(missing, self.fill or 0.0, values) - self.center) / self.scale
        far = np.abs(scaled) > LARGEST
        if far.any():
            cell = words[int(far.argmax())]
            raise TableError(
                f"column {self.name!r} holds {cell!r}: scaled by {self.scale:g} it is beyond {LARGEST:g}, mend it"
            )
        return Read(side_by_side(scaled, *[missing] * self.indicator), missing & ~words.missing, nowhere(words))


@dataclass(frozen=True)
class OneHotEncoding:
    """One category column: a feature of 0 and 1 for each level.

    A cell that is a level is that level, even where its text would mean missing elsewhere ('?'). A cell that is none
    and means missing is `fill`, or has the feature for missing, or no 1. Any other cell has no 1.

    Attributes
    ----------
    levels, known : tuple of str
        Those that have a feature, in its order; and those that are known but have none.
    fill : str or None
        The level that missing cells become; never beside `missing`.
    missing : bool
        Whether the last feature is 1 where the cell is missing.
    numeric : bool
        Whether levels are numbers, and cells are compared with them as numbers.

    Examples
    --------
    >>> import pyarrow as pa
    >>> port = OneHotEncoding("port", ("1", "2"), (), None, True, True)
    >>> port.features, port.read(Words(pa.array(["2.0", None, "7"]))).codes.tolist()
    (['port=1', 'port=2', 'port missing'], [1, 2, -1])
    """

    name: str
    levels: tuple[str, ...]
    known: tuple[str, ...]
    fill: str | None
    missing: bool
    numeric: bool
    kind: ClassVar[str] = "one_hot"

    def __post_init__(self) -> None:
        words = (*self.levels, *self.known)
        if self.numeric and not all(is_number(word) and abs(float(word)) <= LARGEST for word in words):
            raise ValueError(f"column {self.name!r} has levels {words[:5]} that are no numbers")
        if len(self.places) != len(words):
            raise ValueError(f"column {self.name!r} has levels {words[:5]}, two of which are one")
        if self.fill is not None and (self.missing or self.fill not in words):
            raise ValueError(f"column {self.name!r} is filled with {self.fill!r}, which is none of its levels")

    @classmethod
    def fit(cls, name: str, cells: Counted) -> OneHotEncoding:
        """A level for each word, and one for missing where there are missing cells."""
        gone = cells.known.missing
        levels = sorted(cells.where(~gone).words.to_pylist())
        return cls(name, tuple(levels), (), None, bool(gone.any()), False)

    @cached_property
    def places(self) -> dict[str | float, int]:
        """The feature of each level, -1 for those without; under numbers where levels are numbers."""
        places = [*range(len(self.levels)), *[-1] * len(self.known)]
        words = (*self.levels, *self.known)
        return dict(zip((float(word) for word in words) if self.numeric else words, places, strict=True))

    @property
    def of_missing(self) -> int:
        """The feature of missing cells, -1 for none."""
        if self.fill is not None:
            return self.places[float(self.fill) if self.numeric else self.fill]
        return len(self.levels) if self.missing else -1

    @property
    def features(self) -> list[str]:
        return [f"{self.name}={level}" for level in self.levels] + [f"{self.name} missing"] * self.missing

    @property
    def bounds(self) -> list[Bounds]:
        return [SWITCH] * len(self.features)

    def read(self, words: Words) -> Read:
        cells = numbers(self.name, words.text).tolist() if self.numeric else words.text.to_pylist()
        told = np.array([cell in self.places for cell in cells], bool)
        gone = words.missing & ~told
        code = np.array([self.places.get(cell, -1) for cell in cells], np.int32)
        code[gone] = self.of_missing
        return Read(code, nowhere(words), ~told & ~gone)
