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

from .columns import missing_mask, numbers, truths
from .dates import ORDERS, PARTS, moments, order_of

__all__ = [
    "ENCODINGS",
    "BooleanEncoding",
    "CategoryEncoding",
    "DateEncoding",
    "Encoding",
    "NumberEncoding",
]


def count(mask: pa.Array) -> int:
    """How often a mask is true: 0 in one of no rows."""
    return int(np.asarray(mask, bool).sum())


RARE = 5  # rows below which a level is not told apart
MOST_LEVELS = 256
BEND = 3.0  # where smooth clipping ends up
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
    def fit(cls, name: str, cells: pa.Array) -> NumberEncoding:
        return cls.of(name, numbers(name, cells))

    @classmethod
    def of(cls, name: str, values: npt.NDArray[np.float64]) -> NumberEncoding:
        """Learn from numbers, NaN where there is none."""
        missing = np.isnan(values)
        if missing.all():
            return cls(name, 0.0, 1.0, True)
        low, median, high = np.quantile(values[~missing], (0.25, 0.5, 0.75))
        distances = np.abs(values[~missing] - median)
        scale = high - low or (float(np.median(distances[distances > 0])) if distances.any() else 1.0)
        return cls(name, float(median), float(scale), bool(missing.any()))

    @property
    def features(self) -> list[str]:
        return [self.name, f"{self.name} missing"] if self.indicator else [self.name]

    def write(self, cells: pa.Array, out: npt.NDArray[np.float32]) -> tuple[int, int]:
        """Fill (n, n_features); return how many cells were no numbers, and 0."""
        values = numbers(self.name, cells)
        missing = np.isnan(values)
        out[:, 0] = scaled(np.where(missing, self.median, values), self.median, self.scale)
        if self.indicator:
            out[:, 1] = missing
        return int(missing.sum()) - count(missing_mask(cells)), 0


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
    def fit(cls, name: str, cells: pa.Array) -> BooleanEncoding:
        return cls(name, bool(np.isnan(truths(cells)).any()))

    @property
    def features(self) -> list[str]:
        return [self.name, f"{self.name} missing"] if self.indicator else [self.name]

    def write(self, cells: pa.Array, out: npt.NDArray[np.float32]) -> tuple[int, int]:
        """Fill (n, n_features); return 0, and how many cells are neither yes nor no."""
        values = truths(cells)
        missing = np.isnan(values)
        out[:, 0] = np.where(missing, 0.5, values)
        if self.indicator:
            out[:, 1] = missing
        return 0, int(missing.sum()) - count(missing_mask(cells))


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
    def fit(cls, name: str, cells: pa.Array) -> DateEncoding:
        order = order_of(pc.filter(cells, pc.invert(missing_mask(cells)))) or next(iter(ORDERS))
        found = moments(cells, order)._asdict()
        there = ~np.isnan(found["days"])
        parts = tuple(part for part in PARTS if len(np.unique(found[part][there])) > 1)
        columns = [NumberEncoding.of(part, found[part]) for part in parts]
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

    def write(self, cells: pa.Array, out: npt.NDArray[np.float32]) -> tuple[int, int]:
        """Fill (n, n_features); return how many cells were no dates, and 0."""
        found = moments(cells, self.order)._asdict()
        missing = np.isnan(found["days"])
        for k, (part, median, scale) in enumerate(zip(self.parts, self.medians, self.scales, strict=True)):
            out[:, k] = scaled(np.where(missing, median, found[part]), median, scale)
        if self.indicator:
            out[:, -1] = missing
        return int(missing.sum()) - count(missing_mask(cells)), 0


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
    def fit(cls, name: str, cells: pa.Array) -> CategoryEncoding:
        gone = missing_mask(cells)
        counted = pc.value_counts(pc.filter(cells, pc.invert(gone))).to_pylist()
        ranked = sorted(counted, key=lambda pair: (-pair["counts"], pair["values"]))
        levels = [pair["values"] for pair in ranked if pair["counts"] >= RARE][:MOST_LEVELS]
        rare = [pair for pair in ranked if pair["values"] not in set(levels)]
        return cls(
            name,
            tuple(sorted(levels)),
            tuple(sorted(pair["values"] for pair in rare)),
            sum(pair["counts"] for pair in rare) >= RARE,
            count(gone) >= RARE,
        )

    @property
    def features(self) -> list[str]:
        words = [f"{self.name}={level}" for level in self.levels]
        return words + [f"{self.name} other"] * self.other + [f"{self.name} missing"] * self.missing

    def write(self, cells: pa.Array, out: npt.NDArray[np.float32]) -> tuple[int, int]:
        """Fill (n, n_features); return 0, and how many cells hold a category that training never had."""
        gone = np.asarray(missing_mask(cells))
        place = np.asarray(pc.index_in(cells, value_set=pa.array(self.levels, pa.string())).fill_null(-1))
        rows = np.arange(len(cells))
        found = (place >= 0) & ~gone
        out[:] = 0
        out[rows[found], place[found]] = 1
        if self.other:
            out[:, len(self.levels)] = ~found & ~gone
        if self.missing:
            out[:, -1] = gone
        rare = np.asarray(pc.is_in(cells, value_set=pa.array(self.known, pa.string())))
        return 0, int((~found & ~gone & ~rare).sum())


Encoding = NumberEncoding | CategoryEncoding | BooleanEncoding | DateEncoding
ENCODINGS: dict[str, type[Encoding]] = {
    e.kind: e for e in (NumberEncoding, CategoryEncoding, BooleanEncoding, DateEncoding)
}
