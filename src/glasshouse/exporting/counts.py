"""Raw numbers as whole ones: what a sensor counts, and how a count becomes an int8 input without a floating point.

A count stands for count * unit. Its distance to the centre, shifted up as far as 31 bits allow, is multiplied and
shifted as sums are (`integer.requantized`): into the input itself, or, where the encoding bends the ends of numbers,
into z in 1024ths, which a table of thresholds turns into the input that is nearest.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..tables.encodings import scaled
from .columns import Column, Number
from .integer import Scale, multiplier_of, requantized

__all__ = ["MISSING_COUNT", "Counted", "Counts", "unit_for"]

Array = npt.NDArray[Any]
MISSING_COUNT = -32768
LARGEST = 32767
ROOM = 16000  # a unit is so fine that the largest number of the table is a count up to this, or exact up to LARGEST
STEPS = 1024  # of z, where it is bent
MOST_DECIMALS = 6
FEWEST = 16  # counts in a scale, below which numbers are counted from an offset
FAR = 64  # scales, at which a bent number is within half an input of its end
FAR_STEPS = 512  # of inputs: twice as many as there are


def unit_for(values: Array, center: float = 0.0, far: float = math.inf) -> float:
    """The power of ten in which numbers are counted: 1 for whole numbers that fit int16, 0.01 for two decimals.

    Numbers further than `far` from the centre need no count of their own, only one as far.

    Examples
    --------
    >>> unit_for(np.array([1.41, -94.4])), unit_for(np.array([3.0, 250.0])), unit_for(np.array([1484705.0]))
    (0.01, 1.0, 100.0)
    >>> unit_for(np.array([1.41, 2.5, 1484705.0]), 2.0, 100.0)
    0.01
    """
    values = values[np.isfinite(values)]
    near = np.abs(values[np.abs(values - center) <= far])
    largest = float(np.abs(np.clip(values, center - far, center + far)).max(initial=0.0)) or 1.0
    for decimals in range(MOST_DECIMALS + 1):
        whole = near * 10.0**decimals
        if largest * 10**decimals <= LARGEST and bool((np.abs(whole - np.round(whole)) < 1e-6).all()):
            return float(f"1e{-decimals}")
    return float(f"1e{math.ceil(math.log10(largest / ROOM))}")


@dataclass(frozen=True)
class Counted:
    """How the count of one number becomes an input.

    Attributes
    ----------
    unit : float
        What one count is.
    offset : float
        What is taken from a number before it is counted: 0, unless numbers lie far from 0 for their spread.
    largest : int
        Counts are from -largest to largest.
    limit : int
        Beyond this distance to the centre an input does not change any more: a distance is cut off there.
    ease : int
        How far the distance to the centre is shifted up before it is multiplied.
    fill : int or None
        The count a missing one is taken as.
    """

    number: Number
    unit: float
    offset: float
    center: int
    largest: int
    limit: int
    ease: int
    multiplier: int
    shift: int
    fill: int | None

    @classmethod
    def of(cls, number: Number, unit: float, inputs: Scale, largest: int = LARGEST, offset: float = 0.0) -> Counted:
        """Of counts that are no larger than `largest`."""
        step = number.scale / STEPS if number.bent else number.scale * inputs.scale
        limit = 2 * largest
        most = 0.4999 if number.bent else 1 / 64  # a step of an input has to be rounded well, 1024ths have not
        if unit / step >= most * 2 ** (30 - limit.bit_length()):  # a sum that moves little: its ends are cut off
            limit = min(limit, math.ceil((FAR * STEPS if number.bent else FAR_STEPS) * step / unit))
        ease = 30 - limit.bit_length()
        multiplier, shift = multiplier_of(np.array([min(unit / step / (1 << ease), 0.4999)]))
        center = _within((number.center - offset) / unit, largest)
        fill = None if number.fill is None else _within((number.fill - offset) / unit, largest)
        return cls(number, unit, offset, center, largest, limit, ease, int(multiplier[0]), int(shift[0]), fill)

    def counts(self, values: Array) -> npt.NDArray[np.int64]:
        """Numbers as counts, the nearest; beyond the largest the last one."""
        whole = np.clip(np.floor((np.nan_to_num(values) - self.offset) / self.unit + 0.5), -self.largest, self.largest)
        return np.where(np.isnan(values), MISSING_COUNT, whole).astype(np.int64)

    def inputs(self, counts: Array, scale: Scale, thresholds: Array) -> Array:
        """Counts, none missing, as int8."""
        distance = np.clip(np.asarray(counts, np.int64) - self.center, -self.limit, self.limit) << self.ease
        z = requantized(distance, np.array(self.multiplier), np.array(self.shift)).astype(np.int64)
        if self.number.bent:
            z = np.sign(z) * np.searchsorted(thresholds, np.abs(z), side="right")
        return np.clip(z + scale.zero, -128, 127).astype(np.int8)


def _within(value: float, largest: int) -> int:
    return round(max(-largest, min(value, largest)))


@dataclass(frozen=True, eq=False)
class Counts:
    """A raw row of counts and codes to the int8 inputs of a network.

    Attributes
    ----------
    numbers : for each column, for each of its numbers, a Counted
    thresholds : (n,) uint16
        From which z, in 1024ths, a bent number is k or more, for k from 1 on.
    """

    columns: tuple[Column, ...]
    numbers: tuple[tuple[Counted, ...], ...]
    inputs: Scale
    n_features: int
    thresholds: npt.NDArray[np.uint16]

    @classmethod
    def of(cls, columns: Sequence[Column], inputs: Scale, n_features: int, rows: Sequence[Sequence[Array]]) -> Counts:
        """Choose units by raw rows."""
        made = tuple(
            tuple(_counted(number, part, inputs) for number, part in zip(column.numbers, parts))
            for column, parts in zip(columns, rows, strict=True)
        )
        return cls(tuple(columns), made, inputs, n_features, thresholds_of(inputs))

    def quantized(self, value: float) -> int:
        return int(self.inputs.quantized(np.array([value]))[0])

    def raw(self, rows: Sequence[Sequence[Array]]) -> list[list[Array]]:
        """Numbers as counts, codes as they are."""
        return [
            [number.counts(part) for number, part in zip(numbers, parts)] or list(parts)
            for numbers, parts in zip(self.numbers, rows, strict=True)
        ]

    def encode(self, raw: Sequence[Sequence[Array]]) -> npt.NDArray[np.int8]:
        """Counts and codes to (n, n_features)."""
        n = len(raw[0][0])
        q = np.full((n, self.n_features), self.inputs.zero, np.int8)
        for column, numbers, parts in zip(self.columns, self.numbers, raw, strict=True):
            for number, part in zip(numbers, parts):
                filled = part if number.fill is None else np.where(part == MISSING_COUNT, number.fill, part)
                q[:, number.number.feature] = number.inputs(filled, self.inputs, self.thresholds)
            if column.indicator is not None:
                gone = parts[0] == MISSING_COUNT
                q[gone, column.indicator] = self.quantized(1.0)
            if column.codes is not None:
                for code, pairs in enumerate(column.codes.values):
                    for feature, value in pairs:
                        q[parts[0] == code, feature] = self.quantized(value)
        return q


def _counted(number: Number, values: Array, inputs: Scale) -> Counted:
    """Counts so fine that a scale is at least 16 of them; if need be, from a round number near the centre."""
    far = FAR / 2 * number.scale if number.bent else math.inf
    unit = unit_for(values, number.center, far)
    if unit <= number.scale / FEWEST:
        return Counted.of(number, unit, inputs)
    offset = round(number.center, -math.floor(math.log10(number.scale)))
    finer = unit_for(values - offset, number.center - offset, far)
    return Counted.of(number, finer, inputs, offset=offset) if finer < unit else Counted.of(number, unit, inputs)


def thresholds_of(inputs: Scale) -> npt.NDArray[np.uint16]:
    """The least z in 1024ths that is nearer to k than to k - 1 once it is bent, for every k it can reach."""
    z = np.arange(1 << 16)
    k = np.floor(scaled(z / STEPS, 0.0, 1.0) / inputs.scale + 0.5)
    return np.searchsorted(k, np.arange(1, min(k[-1], 255) + 1)).astype(np.uint16)
