"""The kind of a column, by written rules over all of its cells, with the rule that decided kept beside it.

====================  ==================================================================================
kind                  rule, the first that holds
====================  ==================================================================================
dropped (dropped)     it was said so
empty (dropped)       every cell is missing
constant (dropped)    every cell is the same
identifier (dropped)  whole numbers that count the rows, each of a range once, in 20 rows or more
category (a code)     whole numbers from 0 to 99, of 3 to 6 values, 20 rows or more a value
number                at least nine of ten cells that are there are numbers, the others one of three words at most
                      (leading zeros make a code, not a number)
boolean               two words that mean yes and no: true false, t f, yes no, y n, on off, in any case
date                  every cell is a date: year-month-day, day.month.year or month/day/year, with a time or without
text (dropped)        more than 20 different values, and more than half as many as there are rows
category              everything else
====================  ==================================================================================
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ..errors import TableError
from .cells import Counted
from .dates import ORDERS, moments, order_of

__all__ = [
    "ENCODED",
    "KINDS",
    "MISSING",
    "Column",
    "describe",
    "is_missing",
    "is_number",
    "missing_mask",
    "numbers",
    "readings",
    "truths",
]

KINDS = ("number", "category", "boolean", "date", "identifier", "text", "constant", "empty", "dropped")
ENCODED = ("number", "category", "boolean", "date")
YES_NO = {"true": "false", "t": "f", "yes": "no", "y": "n", "on": "off"}
MISSING = ("", "?", "NA", "N/A", "na", "n/a", "NaN", "nan", "NAN", "null", "NULL", "#N/A")
NUMBER = r"^[+-]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$"
INFINITE = r"(?i)^[+-]?inf(?:inity)?$"
LARGEST = 1e30
FEW_CODES = 6  # values: more cost inputs and bought nothing (docs/performance.md)
ROWS_A_CODE = 20
_NUMBER = re.compile(NUMBER)


@dataclass(frozen=True)
class Column:
    """What was found about one column.

    Attributes
    ----------
    unreadable : int
        Cells of a number column that are neither numbers nor missing; they count as missing, and are said.
    example : str
        The first such cell, or the first value.
    """

    name: str
    kind: str
    reason: str
    missing: int
    distinct: int
    unreadable: int
    example: str

    @property
    def kept(self) -> bool:
        return self.kind in ENCODED


def is_missing(cell: str) -> bool:
    return cell in MISSING


def is_number(cell: str) -> bool:
    return _NUMBER.match(cell) is not None


def missing_mask(words: pa.Array) -> npt.NDArray[np.bool_]:
    """Where a word is one of the marks for missing, or null."""
    return np.asarray(pc.or_(pc.is_in(words, value_set=pa.array(MISSING)), pc.is_null(words)).fill_null(True), bool)


def numbers(name: str, words: pa.Array) -> npt.NDArray[np.float64]:
    """Words as numbers, NaN where one is missing or no number.

    Raises
    ------
    TableError
        If one is infinite, in word or in size, or beyond 1e30, where float32 arithmetic ends soon.
    """
    values = readings(words)
    infinite = np.abs(values) > LARGEST
    if infinite.any():
        raise TableError(
            f"column {name!r} holds {words[int(infinite.argmax())].as_py()!r}: a number must be finite "
            f"and within {LARGEST:g}: mend it, or leave the cell empty"
        )
    return values


def readings(words: pa.Array) -> npt.NDArray[np.float64]:
    """Words as numbers, infinite ones among them; NaN where one is missing or no number."""
    readable = pc.match_substring_regex(words, NUMBER).fill_null(False)
    values = np.full(len(words), np.nan)
    if pc.any(readable).as_py():
        values[np.asarray(readable)] = pc.cast(pc.filter(words, readable), pa.float64()).to_numpy(zero_copy_only=False)
    values[np.asarray(pc.match_substring_regex(words, INFINITE).fill_null(False))] = np.inf
    return values


def truths(words: pa.Array) -> npt.NDArray[np.float64]:
    """1 for yes, 0 for no, also where they are written so; NaN for anything else."""
    words = pc.utf8_lower(words)
    yes = np.asarray(pc.is_in(words, value_set=pa.array([*YES_NO, "1", "1.0"])))
    no = np.asarray(pc.is_in(words, value_set=pa.array([*YES_NO.values(), "0", "0.0"])))
    return np.where(yes, 1.0, np.where(no, 0.0, np.nan))


def describe(name: str, cells: Counted, said: str | None = None) -> Column:
    """Decide the kind of a column, unless it was `said`.

    Raises
    ------
    TableError
        If a number is infinite.

    Examples
    --------
    >>> from glasshouse.tables.cells import Cells
    >>> describe("age", Cells.of(["31", "", "45"]).counted()).kind
    'number'
    """
    present = cells.where(~missing_mask(cells.words))
    words, counts = present.words, present.counts
    n_rows, n_present, distinct = cells.n_rows, present.n_rows, len(words)
    n_missing = n_rows - n_present
    first = words[0].as_py() if distinct else ""

    def column(kind: str, reason: str, unreadable: int = 0, example: Any = first) -> Column:
        return Column(name, kind, reason, n_missing, distinct, unreadable, str(example))

    if said is not None:
        odd = present.where(np.isnan(READERS[said](name, words)) if said in READERS else np.zeros(distinct, bool))
        return column(said, "it was said so", odd.n_rows, odd.words[0].as_py() if len(odd.words) else first)
    if distinct == 0:
        return column("empty", "every cell is missing")
    if distinct == 1 and n_missing == 0:
        return column("constant", f"every cell is {first!r}")
    readable = np.asarray(pc.or_(pc.match_substring_regex(words, NUMBER), pc.match_substring_regex(words, INFINITE)))
    n_readable, odd = int(counts[readable].sum()), present.where(~readable)
    if n_readable >= 0.9 * n_present and len(odd.words) <= 3:
        values = numbers(name, words)
        if len(odd.words):
            reason = f"{n_readable} of {n_present} cells are numbers"
            return column("number", reason, odd.n_rows, odd.words[0].as_py())
        if n_rows >= 20 and n_missing == 0 and distinct == n_rows and is_range(values):
            return column("identifier", "counts the rows")
        if 2 < distinct <= FEW_CODES and n_present >= ROWS_A_CODE * distinct and is_code(values):
            return column("category", f"{distinct} whole numbers: a code, or --as {name}=number")
        return column("number", "every cell is a number")
    lower = {str(word).lower() for word in words[:9].to_pylist()}
    if len(lower) == 2 and any(lower == {yes, no} for yes, no in YES_NO.items()):
        return column("boolean", f"{' and '.join(sorted(lower))}")
    if pc.all(pc.match_substring_regex(words, r"^[0-9]{1,4}[-/.][0-9]")).as_py() and (order := order_of(words)):
        return column("date", f"every cell is a date, {order}")
    if distinct > 20 and distinct > 0.5 * n_rows:
        return column("text", f"{distinct} different values in {n_rows} rows")
    return column("category", f"{distinct} different values")


READERS: dict[str, Callable[[str, pa.Array], npt.NDArray[np.float64]]] = {
    "number": numbers,
    "boolean": lambda name, words: truths(words),
    "date": lambda name, words: moments(words, order_of(words) or next(iter(ORDERS))).days,
}


def is_code(values: npt.NDArray[np.float64]) -> bool:
    """Whether these are whole numbers from 0 to 99."""
    return bool((values == np.floor(values)).all() and values.min() >= 0 and values.max() <= 99)


def is_range(values: npt.NDArray[np.float64]) -> bool:
    """Whether these are whole numbers from one to another, each once."""
    ordered = np.sort(values)
    return bool(ordered[0] == np.floor(ordered[0]) and (np.diff(ordered) == 1).all())
