"""The encoding of a table: what was learned from the training rows to turn columns of text into a matrix of numbers.

Numbers become z = (x - median) / interquartile range (where that is 0, the median distance of the values that differ),
then z / sqrt(1 + (z / 3)²), which leaves the middle as it is and keeps the far ends within ±3. A missing number takes
the median, with an indicator beside it if training had any.
Categories become one column of 0 and 1 for each level, with one for rarer levels together and one for missing.
Only sums, products, a square root and comparisons: all of it can be written in C and ONNX.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ..errors import TableError
from ..storage import as_type, restored
from .columns import Column, describe, missing_mask, numbers
from .table import Table

__all__ = ["CategoryEncoding", "NumberEncoding", "Surprises", "TableEncoding"]

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
        values = numbers(name, cells)
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
        with np.errstate(over="ignore"):  # a scale near 0 sends far values to infinity, and clipping brings them back
            z = np.clip((np.where(missing, self.median, values) - self.median) / self.scale, -FAR, FAR)
        out[:, 0] = z / np.sqrt(1 + (z / BEND) ** 2)
        if self.indicator:
            out[:, 1] = missing
        return int(missing.sum()) - pc.sum(missing_mask(cells)).as_py(), 0


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
            pc.sum(gone).as_py() >= RARE,
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


Encoding = NumberEncoding | CategoryEncoding
ENCODINGS: dict[str, type[NumberEncoding] | type[CategoryEncoding]] = {
    e.kind: e for e in (NumberEncoding, CategoryEncoding)
}


@dataclass(frozen=True)
class Surprises:
    """Cells that were not as in training, counted: unreadable numbers and unseen categories, by column."""

    unreadable: dict[str, int]
    unseen: dict[str, int]


@dataclass(frozen=True)
class TableEncoding:
    """Columns of text to a matrix (n_rows, n_features) of float32.

    Attributes
    ----------
    encodings : tuple of NumberEncoding or CategoryEncoding
        In the order of the columns.
    names : tuple of str
        All columns of the training table in their order, for tables without a header.
    exclude : tuple of str
        Those that are never read: the target.

    Examples
    --------
    >>> from glasshouse.tables.reading import read_table
    >>> iris = read_table("example:iris")
    >>> encoder = TableEncoding.fit(iris, exclude=("target",))
    >>> encoder.transform(iris)[0].shape
    (150, 4)
    """

    encodings: tuple[Encoding, ...]
    names: tuple[str, ...]
    exclude: tuple[str, ...] = ()

    @classmethod
    def fit(cls, table: Table, exclude: tuple[str, ...] = (), columns: list[Column] | None = None) -> TableEncoding:
        """Learn from all rows of a table; `columns` are kinds already decided, over more rows than these.

        Raises
        ------
        TableError
            If no column is left to learn from.
        """
        if columns is None:
            columns = [describe(name, cells) for name, cells in table.columns.items() if name not in exclude]
        kept = [column for column in columns if column.kept and column.name not in exclude]
        if not kept:
            raise TableError(
                f"{table.name} has no column to learn from: every one is empty, constant, an identifier or text"
            )
        encodings = tuple(ENCODINGS[column.kind].fit(column.name, table.columns[column.name]) for column in kept)
        return cls(encodings, tuple(table.columns), exclude)

    @property
    def feature_names(self) -> list[str]:
        return [feature for encoding in self.encodings for feature in encoding.features]

    def transform(self, table: Table) -> tuple[npt.NDArray[np.float32], Surprises]:
        """Encode a table that has the training table's columns, by name, or by place where it has no header.

        Raises
        ------
        TableError
            If a column is missing, or a number is infinite.
        """
        out = np.empty((table.n_rows, len(self.feature_names)), np.float32)
        unreadable, unseen, start = {}, {}, 0
        for encoding, cells in zip(self.encodings, self._cells(table), strict=True):
            end = start + len(encoding.features)
            odd, new = encoding.write(cells, out[:, start:end])
            if odd:
                unreadable[encoding.name] = odd
            if new:
                unseen[encoding.name] = new
            start = end
        return out, Surprises(unreadable, unseen)

    def _cells(self, table: Table) -> list[pa.Array]:
        if not table.named:
            return self._cells_by_place(table)
        gone = [encoding.name for encoding in self.encodings if encoding.name not in table.columns]
        if not gone:
            return [table.columns[encoding.name] for encoding in self.encodings]
        more = f" (and {len(gone) - 1} more)" if len(gone) > 1 else ""
        raise TableError(
            f"{table.name} lacks column {gone[0]!r}{more}, which the model was trained on: add it, empty if unknown"
        )

    def _cells_by_place(self, table: Table) -> list[pa.Array]:
        """The columns of a table without a header: all of them, or all but the target."""
        read = [name for name in self.names if name not in self.exclude]
        for names in (list(self.names), read):
            if len(names) == len(table.columns):
                cells = dict(zip(names, table.columns.values(), strict=True))
                return [cells[encoding.name] for encoding in self.encodings]
        raise TableError(
            f"{table.name} has {len(table.columns)} columns and no header, the model was trained on {len(self.names)}: "
            "give the same columns in the same order, or a header"
        )

    def to_dict(self) -> dict[str, Any]:
        """The encoder as JSON holds it."""
        encodings = [{"kind": encoding.kind, **asdict(encoding)} for encoding in self.encodings]
        return {"encodings": encodings, "names": list(self.names), "exclude": list(self.exclude)}

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> TableEncoding:
        """The encoder of `to_dict`."""
        encodings: list[Encoding] = []
        for settings in document["encodings"]:
            fields = dict(settings)
            encodings.append(restored(ENCODINGS[fields.pop("kind")], fields))
        names, exclude = (as_type(document[part], tuple[str, ...], part) for part in ("names", "exclude"))
        return cls(tuple(encodings), names, exclude)
