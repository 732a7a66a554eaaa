"""One row of raw cells as a network's inputs, without a table: the bits that the same cells give in a frame.

What a cell is most often (a number, text, nothing) is read here, one number at a time; whatever else it is goes through
`Encoding.read`, as a column of one cell.
"""

from __future__ import annotations

import datetime
import math
import re
from array import array
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ..errors import TableError
from .columns import YES_NO
from .dates import ORDERS
from .encoder import TableEncoding
from .encodings import (
    BEND,
    FAR,
    BooleanEncoding,
    CategoryEncoding,
    DateEncoding,
    Encoding,
    NumberEncoding,
    OneHotEncoding,
    PlainEncoding,
    ScaledEncoding,
)
from .frames import table_of
from .table import listed
from .taken import TRUTHS
from .words import INFINITE, LARGEST, MISSING, NUMBER, Words

__all__ = ["row_reader", "word"]

Reader = Callable[[Any], None]  # writes the features of one cell where they belong
SEQUENCES = (list, tuple)
NAN = float("nan")
_NUMBER, _INFINITE = re.compile(NUMBER), re.compile(INFINITE)
_WHOLE = 1e10  # from here on Arrow writes whole numbers with an exponent
_EPOCH = datetime.date(1970, 1, 1).toordinal()


def row_reader(encoder: TableEncoding, dtype: npt.DTypeLike) -> Callable[[Any], npt.NDArray[Any]]:
    """A function of one row, a mapping by column or a sequence in the order of the table, to x (n_features,).

    It writes the same array on each call.

    Raises
    ------
    TableError
        By the function: if the row lacks a column, has another length, or holds a number that is infinite.

    Examples
    --------
    >>> from glasshouse.tables.reading import read_table
    >>> encoder = TableEncoding.fit(read_table("example:iris"), exclude=("target",))
    >>> read = row_reader(encoder, np.float32)
    >>> bool((read([5.1, 3.5, 1.4, "0.2"]) == encoder.transform(read_table("example:iris"))[0][0]).all())
    True
    """
    cells = array("f", bytes(4 * len(encoder.feature_names)))  # which rounds as float32 columns do
    single = np.frombuffer(cells, np.float32)
    x = single if np.dtype(dtype) == np.float32 else np.zeros(len(cells), dtype)
    order = [name for name in encoder.names if name not in encoder.exclude]
    places = {name: place for place, name in enumerate(order)}
    columns: list[tuple[str, int, Reader]] = []
    start = 0
    for encoding in encoder.encodings:
        marks = {*encoder.marks.get("", ()), *encoder.marks.get(encoding.name, ())}
        columns.append((encoding.name, places[encoding.name], _reader(encoding, marks, cells, start)))
        start += len(encoding.features)

    def by_name(row: Mapping[str, Any]) -> None:
        for name, _, read in columns:
            try:
                cell = row[name]
            except KeyError:
                gone = [name for name, _, _ in columns if name not in row]
                more = f" (and {len(gone) - 1} more)" if len(gone) > 1 else ""
                cure = "add it, None if unknown"
                raise TableError(
                    f"the row lacks column {gone[0]!r}{more}, which the model was trained on: {cure}"
                ) from None
            read(cell)

    def by_place(row: Sequence[Any]) -> None:
        if len(row) != len(order):
            raise TableError(
                f"the row has {len(row)} cells where the model takes {len(order)}: give {listed(order)}, in this order"
            )
        for _, place, read in columns:
            read(row[place])

    def read(row: Any) -> npt.NDArray[Any]:
        (by_place if isinstance(row, SEQUENCES) else by_name)(row)
        if x is not single:
            x[...] = single
        return x

    return read


def word(value: Any) -> str | None:
    """A value as the cell that a frame makes of it: text, or None where it is missing.

    Examples
    --------
    >>> word(" Bern "), word(2.0), word(True), word(float("nan")), word(datetime.datetime(2024, 5, 1, 12))
    ('Bern', '2', 'True', None, '2024-05-01 12:00:00')
    """
    kind = type(value)
    if kind is str:
        return value.strip()  # type: ignore[no-any-return]
    if value is None:
        return None
    if kind is bool or kind is int:
        return str(value)
    if kind is float and value and -_WHOLE < value < _WHOLE and value == int(value):
        return str(int(value))
    plain = _plain(value)
    if plain is not value:
        return word(plain)
    if isinstance(value, datetime.datetime):
        if value.tzinfo is None and value.year >= 1970:
            return f"{value:%Y-%m-%d %H:%M:%S}"
    elif isinstance(value, datetime.date):
        return value.isoformat()
    return _cell_of_a_frame(value)


def _plain(value: Any) -> Any:
    """A number or text of numpy's as Python's; anything else as it is."""
    if isinstance(value, np.generic):
        if isinstance(value, np.float32):
            return float(str(value))  # the number that is written
        if isinstance(value, np.datetime64):
            return value.astype("datetime64[us]").item()
        if isinstance(value, np.timedelta64):  # which numpy counts among the whole numbers
            kept = np.datetime_data(value.dtype)[0] in ("s", "ms", "us", "ns")
            return value if kept else value.astype("timedelta64[s]")
        if isinstance(value, np.float64 | np.integer | np.bool_ | np.str_):
            return value.item()
    return value


def _cell_of_a_frame(value: Any) -> str | None:
    try:
        cells = pa.array([value], from_pandas=True)
        if pa.types.is_nested(cells.type):  # several values are written as Python writes them
            return str(value).strip()
        return table_of(pa.table({"cell": cells})).columns["cell"][0]
    except (pa.ArrowException, OverflowError, TypeError):
        return str(value).strip()


def _reader(encoding: Encoding, marks: Collection[str], out: array[float], at: int) -> Reader:
    def by_table(value: Any) -> None:
        codes = encoding.read(Words(pa.array([word(value)], pa.string()))).codes
        for k in range(len(encoding.features)):
            out[at + k] = codes[0, k]

    read = READERS[type(encoding)](encoding, out, at, by_table)
    if not marks:
        return read

    def unmarked(value: Any) -> None:
        read(None if word(value) in marks else value)

    return unmarked


def _number(value: Any) -> float | None:
    """A cell as a number, NaN where it is missing or none; None for cells that only a table can judge."""
    kind = type(value)
    if kind is str:
        value = value.strip()
        if not _NUMBER.fullmatch(value):
            return None if _INFINITE.fullmatch(value) else NAN
        value = float(value)
    elif kind is not float and kind is not int:
        if value is None or kind is bool:
            return NAN
        plain = _plain(value)
        return None if plain is value else _number(plain)
    return float(value) + 0.0 if -LARGEST <= value <= LARGEST else NAN if value != value else None  # noqa: PLR0124


def _bent(value: float, median: float, scale: float) -> float:
    """As `encodings.scaled`, in the order of its operations."""
    z = (value - median) / scale
    z = FAR if z > FAR else -FAR if z < -FAR else z
    third = z / BEND
    return z / math.sqrt(1 + third * third)


def _number_reader(encoding: NumberEncoding, out: array[float], at: int, by_table: Reader) -> Reader:
    median, scale, indicator = encoding.median, encoding.scale, encoding.indicator

    def read(value: Any) -> None:
        number = value + 0.0 if type(value) is float and -LARGEST <= value <= LARGEST else _number(value)
        if number is None:
            return by_table(value)
        missing = math.isnan(number)
        out[at] = 0.0 if missing else _bent(number, median, scale)
        if indicator:
            out[at + 1] = missing

    return read


def _boolean_reader(encoding: BooleanEncoding, out: array[float], at: int, by_table: Reader) -> Reader:
    truths = {**dict.fromkeys([*YES_NO, "1", "1.0"], 1.0), **dict.fromkeys([*YES_NO.values(), "0", "0.0"], 0.0)}

    def read(value: Any) -> None:
        cell = word(value)
        truth = None if cell is None else truths.get(cell.lower())
        out[at] = 0.5 if truth is None else truth
        if encoding.indicator:
            out[at + 1] = truth is None

    return read


def _date_reader(encoding: DateEncoding, out: array[float], at: int, by_table: Reader) -> Reader:
    order = re.compile(ORDERS[encoding.order])
    learned = list(zip(encoding.parts, encoding.medians, encoding.scales, strict=True))

    def read(value: Any) -> None:
        cell = word(value)
        parts = None if cell is None else _parts(order, cell)
        for k, (part, median, scale) in enumerate(learned):
            out[at + k] = _bent(median if parts is None else parts[part], median, scale)
        if encoding.indicator:
            out[at + len(learned)] = parts is None

    return read


def _parts(order: re.Pattern[str], cell: str) -> dict[str, float] | None:
    """As `dates.moments`, of one cell."""
    found = order.fullmatch(cell)
    if found is None:
        return None
    year, month, day, hour, minute, second = (
        int(found[name] or 0) for name in ("year", "month", "day", "hour", "minute", "second")
    )
    if hour > 23 or minute > 59 or second > 60:
        return None
    try:
        days = datetime.date(year, month, day).toordinal() - _EPOCH
    except ValueError:
        return None
    hours = hour + minute / 60 + second / 3600
    return {"days": days + hours / 24, "month": month, "weekday": (days + 3) % 7, "hour": hours}


def _category_reader(encoding: CategoryEncoding, out: array[float], at: int, by_table: Reader) -> Reader:
    places: dict[str | None, int] = {level: place for place, level in enumerate(encoding.levels)}
    places.update(dict.fromkeys((*MISSING, None), len(encoding.features) - 1 if encoding.missing else -1))
    other = len(encoding.levels) if encoding.other else -1
    show = _switch(out, at)

    def read(value: Any) -> None:
        place = places.get(value) if type(value) is str else None
        show(places.get(word(value), other) if place is None else place)

    return read


def _switch(out: array[float], at: int) -> Callable[[int], None]:
    """A function of which of several features is 1, -1 for none."""
    last = -1

    def show(code: int) -> None:
        nonlocal last
        if last >= 0:
            out[at + last] = 0.0
        if code >= 0:
            out[at + code] = 1.0
        last = code

    return show


def _plain_reader(encoding: PlainEncoding, out: array[float], at: int, by_table: Reader) -> Reader:
    def read(value: Any) -> None:
        number = _number(value)
        if number is None or math.isnan(number):
            return by_table(value)
        out[at] = number

    return read


def _scaled_reader(encoding: ScaledEncoding, out: array[float], at: int, by_table: Reader) -> Reader:
    fill, center, scale, indicator = encoding.fill, encoding.center, encoding.scale, encoding.indicator

    def read(value: Any) -> None:
        number = _number(value)
        if number is None:
            return by_table(value)
        missing = math.isnan(number)
        if missing:
            truth = TRUTHS.get(word(value) or "")
            number, missing = (fill, True) if truth is None else (truth, False)
            if number is None:
                return by_table(value)
        number = (number - center) / scale
        if not -LARGEST <= number <= LARGEST:
            return by_table(value)
        out[at] = number
        if indicator:
            out[at + 1] = missing

    return read


def _one_hot_reader(encoding: OneHotEncoding, out: array[float], at: int, by_table: Reader) -> Reader:
    places, numeric = encoding.places, encoding.numeric
    gone = dict.fromkeys((*MISSING, None), encoding.of_missing)
    show = _switch(out, at)

    def read(value: Any) -> None:
        key = _number(value) if numeric else word(value)
        place = places.get(key) if key is not None else None
        if place is None:
            if numeric and key is None:  # by the table, which refuses what is infinite
                place = int(encoding.read(Words(pa.array([word(value)], pa.string()))).codes[0])
            else:
                place = gone.get(word(value), -1)
        show(place)

    return read


READERS: dict[type[Encoding], Callable[[Any, array[float], int, Reader], Reader]] = {
    NumberEncoding: _number_reader,
    BooleanEncoding: _boolean_reader,
    DateEncoding: _date_reader,
    CategoryEncoding: _category_reader,
    PlainEncoding: _plain_reader,
    ScaledEncoding: _scaled_reader,
    OneHotEncoding: _one_hot_reader,
}
