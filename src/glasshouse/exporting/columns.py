"""What one row is before it is encoded: the numbers and codes of each column, and what becomes of them.

C is written from this view, whatever kind of encoding a column has; ONNX shares what both have to decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import TableError
from ..tables.columns import truths
from ..tables.corrections import marked
from ..tables.dates import moments
from ..tables.encoder import TableEncoding
from ..tables.encodings import BooleanEncoding, CategoryEncoding, DateEncoding, Encoding, NumberEncoding, scaled
from ..tables.table import Table
from ..tables.taken import OneHotEncoding, ScaledEncoding
from ..tables.words import Words

__all__ = ["DATE_PARTS", "Codes", "Column", "Number", "columns_of", "encoded", "needs_double", "raw_rows"]

Array = npt.NDArray[Any]
MISSING, OTHER = "missing", "other"
FAR_CENTER = 32.0  # scales from 0, beyond which single precision loses digits of the distance to the centre
SCALES = 1e-30, 1e30  # that divide in single precision
DATE_PARTS = {  # what is given of a date
    "days": "days since 1970-01-01, with the share of the day",
    "month": "month, 1 to 12",
    "weekday": "day of the week, 0 for Monday",
    "hour": "hour, with the share of it",
}


def needs_double(center: float, scale: float) -> bool:
    """Whether a number has to be given in double precision."""
    return abs(center) > FAR_CENTER * scale or not SCALES[0] <= scale <= SCALES[1]


@dataclass(frozen=True)
class Number:
    """One number, and the feature it becomes: (x - center) / scale, bent at its ends or not.

    Attributes
    ----------
    part : str
        Of a date; '' for a number.
    fill : float or None
        What a missing number is taken as; None where it cannot be missing.
    """

    part: str
    feature: int
    fill: float | None
    center: float
    scale: float
    bent: bool


@dataclass(frozen=True)
class Codes:
    """A choice among words, by its place.

    Attributes
    ----------
    words : tuple of str
        What each code stands for; two of them may be 'other', which is any other word, and 'missing'.
    values : for each code, (feature, value) pairs
        What becomes of it; every other feature of the column is 0. Code k of a category is its k-th feature; codes
        without one are the last.
    """

    words: tuple[str, ...]
    values: tuple[tuple[tuple[int, float], ...], ...]


@dataclass(frozen=True)
class Column:
    """One column of a raw row: some numbers, all missing at once, or a code.

    Attributes
    ----------
    indicator : int or None
        The feature that is 1 where the numbers are missing.
    """

    name: str
    encoding: Encoding = field(repr=False)
    numbers: tuple[Number, ...] = ()
    indicator: int | None = None
    codes: Codes | None = None

    @property
    def may_miss(self) -> bool:
        """Whether numbers of it may be missing."""
        return self.indicator is not None or any(number.fill is not None for number in self.numbers)


def columns_of(encoder: TableEncoding) -> list[Column]:
    """The columns an encoder reads, in its order."""
    found, feature = [], 0
    for encoding in encoder.encodings:
        found.append(_column(encoding, feature))
        feature += len(encoding.features)
    return found


def _column(encoding: Encoding, at: int) -> Column:
    if isinstance(encoding, CategoryEncoding | OneHotEncoding | BooleanEncoding):
        return Column(encoding.name, encoding, codes=_codes(encoding, at))
    made: tuple[Number, ...]
    if isinstance(encoding, NumberEncoding):
        made = (Number("", at, encoding.median, encoding.median, encoding.scale, True),)
        return Column(encoding.name, encoding, made, at + 1 if encoding.indicator else None)
    if isinstance(encoding, DateEncoding):
        if not encoding.parts:  # of a date that was the same in every row: whether it is there
            gone = ((at, 1.0),) if encoding.indicator else ()
            return Column(encoding.name, encoding, codes=Codes(("there", MISSING), ((), gone)))
        made = tuple(
            Number(part, at + k, median, median, scale, True)
            for k, (part, median, scale) in enumerate(
                zip(encoding.parts, encoding.medians, encoding.scales, strict=True)
            )
        )
        return Column(encoding.name, encoding, made, at + len(made) if encoding.indicator else None)
    if isinstance(encoding, ScaledEncoding):
        made = (Number("", at, encoding.fill, encoding.center, encoding.scale, False),)
        return Column(encoding.name, encoding, made, at + 1 if encoding.indicator else None)
    return Column(encoding.name, encoding, (Number("", at, None, 0.0, 1.0, False),))


def _codes(encoding: CategoryEncoding | OneHotEncoding | BooleanEncoding, at: int) -> Codes:
    if isinstance(encoding, BooleanEncoding):
        gone = ((at, 0.5), *[(at + 1, 1.0)] * encoding.indicator)
        return Codes(("no", "yes", MISSING), ((), ((at, 1.0),), gone))
    words, n = encoding.levels, len(encoding.levels)
    features = [OTHER] * (isinstance(encoding, CategoryEncoding) and encoding.other) + [MISSING] * encoding.missing
    ends = features + [word for word in (OTHER, MISSING) if word not in features]
    values = [((at + k, 1.0),) if k < n + len(features) else () for k in range(n + 2)]
    if isinstance(encoding, OneHotEncoding) and encoding.fill is not None:
        values[n + ends.index(MISSING)] = values[words.index(encoding.fill)] if encoding.fill in words else ()
    return Codes((*words, *ends), tuple(values))


def raw_rows(encoder: TableEncoding, table: Table) -> list[list[Array]]:
    """For each column its numbers as float64, NaN where one is missing, or its codes; one array of rows for each."""
    table = marked(table, encoder.marks)
    cells = encoder.cells(table)
    rows = []
    for column, words in zip(columns_of(encoder), (c.known for c in cells), strict=True):
        rows.append([_coded(column, column.codes, words)] if column.codes else _numbers(column, words))
    return [[part[c.places] for part in parts] for parts, c in zip(rows, cells, strict=True)]


def _numbers(column: Column, words: Words) -> list[Array]:
    if isinstance(column.encoding, DateEncoding):
        found = moments(words.text, column.encoding.order)._asdict()
        return [found[part] for part in column.encoding.parts]
    taken = column.encoding
    values = taken.numbers(words) if isinstance(taken, ScaledEncoding) else words.numbers(column.name)
    if not column.may_miss and np.isnan(values).any():
        cell = words[int(np.isnan(values).argmax())]
        raise TableError(f"column {column.name!r} holds {cell!r}: this network takes numbers alone, fill such cells")
    return [values]


def _coded(column: Column, codes: Codes, words: Words) -> Array:
    if isinstance(column.encoding, BooleanEncoding):
        values = truths(words.text)
        return np.where(np.isnan(values), len(codes.words) - 1, np.nan_to_num(values)).astype(np.int64)
    if isinstance(column.encoding, DateEncoding):
        return np.isnan(moments(words.text, column.encoding.order).days).astype(np.int64)
    place = np.asarray(column.encoding.read(words).codes, np.int64)  # -1 where the cell has no feature
    without = next((code for code, pairs in enumerate(codes.values) if not pairs), 0)
    return np.where(place < 0, without, place)


def encoded(columns: Sequence[Column], raw: Sequence[Sequence[Array]], n_features: int) -> npt.NDArray[np.float32]:
    """Raw rows as the network takes them, by this view alone: what C does, a row at a time."""
    X = np.zeros((len(raw[0][0]), n_features), np.float32)
    for column, parts in zip(columns, raw, strict=True):
        for number, part in zip(column.numbers, parts):
            filled = part if number.fill is None else np.where(np.isnan(part), number.fill, part)
            bent = scaled(filled, number.center, number.scale)
            X[:, number.feature] = bent if number.bent else (filled - number.center) / number.scale
        if column.indicator is not None:
            X[:, column.indicator] = np.isnan(parts[0])
        if column.codes is not None:
            for code, pairs in enumerate(column.codes.values):
                for feature, value in pairs:
                    X[parts[0] == code, feature] = value
    return X
