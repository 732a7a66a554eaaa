"""The encoding of one column: what was learned from its training cells to turn text into numbers.

Numbers become z = (x - median) / interquartile range (where that is 0, the median distance of the values that differ),
then z / sqrt(1 + (z / 3)²), which leaves the middle as it is and keeps the far ends within ±3. A missing number takes
the median, with an indicator beside it if training had any.
Yes and no become 1 and 0, dates their parts, scaled as numbers.
Categories become one column of 0 and 1 for each level, with one for rarer levels together and one for missing.
Only sums, products, a square root and comparisons: all of it can be written in C and ONNX.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ..errors import TableError
from .cells import Counted
from .columns import truths
from .dates import ORDERS, PARTS, moments, order_of
from .read import SWITCH, Bounds, Read, nowhere, side_by_side
from .sketches import quantiles, tally_of
from .taken import OneHotEncoding, ScaledEncoding
from .words import Words

__all__ = [
    "ENCODINGS",
    "BooleanEncoding",
    "CategoryEncoding",
    "DateEncoding",
    "Encoding",
    "NumberEncoding",
    "OneHotEncoding",
    "PlainEncoding",
    "Read",
    "ScaledEncoding",
]


RARE = 5  # rows below which a level is not told apart
MOST_LEVELS = 256
BEND = 3.0  # where smooth clipping ends up
CLIPPED = (-BEND, BEND)
FAR = 1e6  # scaled values beyond are 3 to the last bit of float32


@dataclass(frozen=True)
class NumberEncoding:
    """One number column: centred, scaled, softly clipped."""

    name: str
    median: float
    scale: float
    indicator: bool
    kind: ClassVar[str] = "number"

    def __post_init__(self) -> None:
        if not (math.isfinite(self.median) and 0 < self.scale < math.inf):
            raise ValueError(f"column {self.name!r} has median {self.median} and scale {self.scale}")

    @classmethod
    def fit(cls, name: str, cells: Counted) -> NumberEncoding:
        return cls.of(name, cells.known.numbers(name), cells.counts)

    @classmethod
    def of(cls, name: str, values: npt.NDArray[np.float64], counts: npt.NDArray[np.int64]) -> NumberEncoding:
        """Learn from numbers, NaN where there is none, and how many rows hold each."""
        missing = np.isnan(values)
        if missing.all():
            return cls(name, 0.0, 1.0, True)
        tally = tally_of(values[~missing], counts[~missing])
        low, median, high = quantiles(tally.values, tally.counts, (0.25, 0.5, 0.75))
        distances = np.abs(tally.values - median)
        away = distances > 0
        scale = high - low or (quantiles(distances[away], tally.counts[away], (0.5,))[0] if away.any() else 1.0)
        return cls(name, float(median), float(scale), bool(missing.any()))

    @property
    def features(self) -> list[str]:
        return [self.name, f"{self.name} missing"] if self.indicator else [self.name]

    @property
    def bounds(self) -> list[Bounds]:
        return [CLIPPED, *[SWITCH] * self.indicator]

    def codes(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
        """(n, n_features) of numbers, NaN where there is none."""
        missing = np.isnan(values)
        value = scaled(np.where(missing, self.median, values), self.median, self.scale)
        return side_by_side(value, *[missing] * self.indicator)

    def read(self, words: Words) -> Read:
        values = words.numbers(self.name)
        return Read(self.codes(values), np.isnan(values) & ~words.missing, nowhere(words))


def scaled(values: npt.NDArray[np.float64], median: float, scale: float) -> npt.NDArray[np.float64]:
    """Centred, scaled, softly clipped."""
    with np.errstate(over="ignore"):  # a scale near 0 sends far values to infinity, and clipping brings them back
        z = np.clip((values - median) / scale, -FAR, FAR)
    return np.asarray(z / np.sqrt(1 + (z / BEND) ** 2))


@dataclass(frozen=True)
class BooleanEncoding:
    """One column of yes and no: 1 and 0, and ½ where it is missing, with an indicator beside it if training had any."""

    name: str
    indicator: bool
    kind: ClassVar[str] = "boolean"

    @classmethod
    def fit(cls, name: str, cells: Counted) -> BooleanEncoding:
        return cls(name, bool(np.isnan(truths(cells.words)).any()))

    @property
    def features(self) -> list[str]:
        return [self.name, f"{self.name} missing"] if self.indicator else [self.name]

    @property
    def bounds(self) -> list[Bounds]:
        return [SWITCH] * len(self.features)

    def read(self, words: Words) -> Read:
        values = truths(words.text)
        missing = np.isnan(values)
        value = np.where(missing, 0.5, values)
        return Read(side_by_side(value, *[missing] * self.indicator), nowhere(words), missing & ~words.missing)


@dataclass(frozen=True)
class DateEncoding:
    """One column of dates: days since 1970, month, weekday, hour, where they differ in training, scaled as numbers."""

    name: str
    order: str
    parts: tuple[str, ...]
    medians: tuple[float, ...]
    scales: tuple[float, ...]
    indicator: bool
    kind: ClassVar[str] = "date"

    def __post_init__(self) -> None:
        numbers = (*self.medians, *self.scales)
        whole = len(self.parts) == len(self.medians) == len(self.scales) and set(self.parts) <= set(PARTS)
        if not (
            whole and self.order in ORDERS and all(map(math.isfinite, numbers)) and min(self.scales, default=1) > 0
        ):
            raise ValueError(f"column {self.name!r} has parts {self.parts}, scales {self.scales}")

    @classmethod
    def fit(cls, name: str, cells: Counted) -> DateEncoding:
        order = order_of(cells.where(~cells.known.missing).words) or next(iter(ORDERS))
        found = moments(cells.words, order)._asdict()
        there = ~np.isnan(found["days"])
        parts = tuple(part for part in PARTS if len(np.unique(found[part][there])) > 1)
        columns = [NumberEncoding.of(part, found[part], cells.counts) for part in parts]
        return cls(
            name,
            order,
            parts,
            tuple(column.median for column in columns),
            tuple(column.scale for column in columns),
            not there.all(),
        )

    @property
    def features(self) -> list[str]:
        return [f"{self.name} {part}" for part in self.parts] + [f"{self.name} missing"] * self.indicator

    @property
    def bounds(self) -> list[Bounds]:
        return [CLIPPED] * len(self.parts) + [SWITCH] * self.indicator

    def read(self, words: Words) -> Read:
        found = moments(words.text, self.order)._asdict()
        missing = np.isnan(found["days"])
        values = [
            scaled(np.where(missing, median, found[part]), median, scale)
            for part, median, scale in zip(self.parts, self.medians, self.scales, strict=True)
        ]
        codes = side_by_side(*values, *[missing] * self.indicator) if self.features else np.empty((len(words), 0), "f4")
        return Read(codes, missing & ~words.missing, nowhere(words))


@dataclass(frozen=True)
class CategoryEncoding:
    """One category column: a level each, then the rarer ones together, then missing, where training had enough."""

    name: str
    levels: tuple[str, ...]
    known: tuple[str, ...]  # rarer levels that training did have
    other: bool
    missing: bool
    kind: ClassVar[str] = "category"

    @classmethod
    def fit(cls, name: str, cells: Counted) -> CategoryEncoding:
        gone = cells.known.missing
        present = cells.where(~gone)
        ranked = sorted(
            zip(present.words.to_pylist(), present.counts.tolist(), strict=True), key=lambda pair: (-pair[1], pair[0])
        )
        n_levels = min(sum(count >= RARE for _, count in ranked), MOST_LEVELS)
        levels, rare = ranked[:n_levels], ranked[n_levels:]
        return cls(
            name,
            tuple(sorted(word for word, _ in levels)),
            tuple(sorted(word for word, _ in rare)),
            sum(count for _, count in rare) >= RARE,
            int(cells.counts[gone].sum()) >= RARE,
        )

    @property
    def features(self) -> list[str]:
        words = [f"{self.name}={level}" for level in self.levels]
        return words + [f"{self.name} other"] * self.other + [f"{self.name} missing"] * self.missing

    @property
    def bounds(self) -> list[Bounds]:
        return [SWITCH] * len(self.features)

    def read(self, words: Words) -> Read:
        gone, text = words.missing, words.text
        level = np.asarray(pc.index_in(text, value_set=pa.array(self.levels, pa.string())).fill_null(-1))
        other = (level < 0) & ~gone
        rare = np.asarray(pc.is_in(text, value_set=pa.array(self.known, pa.string())), bool)
        code = np.where(gone, len(self.features) - 1 if self.missing else -1, level).astype(np.int32)
        code[other] = len(self.levels) if self.other else -1
        return Read(code, nowhere(words), other & ~rare)


@dataclass(frozen=True)
class PlainEncoding:
    """One number column as it is: what a network that was trained elsewhere takes. No rule decides for it."""

    name: str
    kind: ClassVar[str] = "plain"

    @classmethod
    def fit(cls, name: str, cells: Counted) -> PlainEncoding:
        return cls(name)

    @property
    def features(self) -> list[str]:
        return [self.name]

    @property
    def bounds(self) -> list[Bounds]:
        return [(-math.inf, math.inf)]

    def read(self, words: Words) -> Read:
        values = words.numbers(self.name)
        missing = np.isnan(values)
        if missing.any():
            cell = words[int(missing.argmax())]
            raise TableError(f"column {self.name!r} holds {cell!r}: this network takes numbers alone, fill such cells")
        return Read(side_by_side(values), nowhere(words), nowhere(words))


Encoding = (
    NumberEncoding | CategoryEncoding | BooleanEncoding | DateEncoding | PlainEncoding | ScaledEncoding | OneHotEncoding
)
ENCODINGS: dict[str, type[Encoding]] = {
    e.kind: e
    for e in (
        NumberEncoding,
        CategoryEncoding,
        BooleanEncoding,
        DateEncoding,
        PlainEncoding,
        ScaledEncoding,
        OneHotEncoding,
    )
}
