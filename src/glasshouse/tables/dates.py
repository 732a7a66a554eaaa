"""Dates in columns of text: the three orders people write them in, and the parts a network can learn from."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["ORDERS", "PARTS", "Moments", "moments", "order_of"]

TIME = (
    r"(?:[ T](?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:\.[0-9]+)?)?)?"
    r"(?:Z|[+-][0-9]{2}:?[0-9]{2})?$"
)
_YEAR, _MONTH, _DAY = r"(?P<year>[0-9]{4})", r"(?P<month>[0-9]{1,2})", r"(?P<day>[0-9]{1,2})"
ORDERS = {
    "year-month-day": rf"^{_YEAR}[-/.]{_MONTH}[-/.]{_DAY}{TIME}",
    "day.month.year": rf"^{_DAY}[-/.]{_MONTH}[-/.]{_YEAR}{TIME}",
    "month/day/year": rf"^{_MONTH}[-/.]{_DAY}[-/.]{_YEAR}{TIME}",
}
PARTS = ("days", "month", "weekday", "hour")


class Moments(NamedTuple):
    """The parts of each date, NaN where a cell is none: days since 1970, month from 1, weekday from Monday, hour."""

    days: npt.NDArray[np.float64]
    month: npt.NDArray[np.float64]
    weekday: npt.NDArray[np.float64]
    hour: npt.NDArray[np.float64]


def order_of(cells: pa.Array) -> str | None:
    """The first order in which every cell is a date; None if there is none."""
    for order in ORDERS:
        if len(cells) and not np.isnan(moments(cells, order).days).any():
            return order
    return None


def moments(cells: pa.Array, order: str) -> Moments:
    """Read cells as dates written in this order.

    Examples
    --------
    >>> import pyarrow as pa
    >>> moments(pa.array(["1970-01-02 12:00", "soon"]), "year-month-day").days.tolist()
    [1.5, nan]
    """
    found: Any = pc.extract_regex(cells, ORDERS[order])
    part = {
        name: np.array(pc.cast(pc.struct_field(found, name), pa.string()).fill_null("").to_pylist(), dtype=object)
        for name in ("year", "month", "day", "hour", "minute", "second")
    }
    good = part["year"] != ""
    number = {name: np.where(good & (words != ""), words, "0").astype(np.int64) for name, words in part.items()}
    good &= (number["month"] >= 1) & (number["month"] <= 12) & (number["year"] > 0)
    good &= (number["hour"] < 24) & (number["minute"] < 60) & (number["second"] < 61)
    months = (np.where(good, number["year"], 1970) - 1970) * 12 + np.where(good, number["month"], 1) - 1
    first = months.astype("datetime64[M]").astype("datetime64[D]")
    length = ((months + 1).astype("datetime64[M]").astype("datetime64[D]") - first).astype(np.int64)
    good &= (number["day"] >= 1) & (number["day"] <= length)
    hours = number["hour"] + number["minute"] / 60 + number["second"] / 3600
    day = first.astype(np.int64) + number["day"] - 1
    parts = (day + hours / 24, number["month"], (day + 3) % 7, hours)  # 1970 began on a Thursday
    return Moments(*(np.where(good, values, np.nan) for values in parts))
