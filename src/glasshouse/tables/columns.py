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

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from .cells import Counted
from .dates import ORDERS, moments, order_of
from .words import numbers

__all__ = ["ENCODED", "KINDS", "Column", "describe", "truths"]

KINDS = ("number", "category", "boolean", "date", "identifier", "text", "constant", "empty", "dropped")
ENCODED = ("number", "category", "boolean", "date")
YES_NO = {"true": "false", "t": "f", "yes": "no", "y": "n", "on": "off"}
FEW_CODES = 6  # values: more cost inputs and bought nothing (docs/performance.md)
ROWS_A_CODE = 20


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
    present = cells.where(~cells.known.missing)
    known, counts = present.known, present.counts
    n_rows, n_present, distinct = cells.n_rows, present.n_rows, len(known)
    n_missing = n_rows - n_present
    first = known[0] if distinct else ""

    def column(kind: str, reason: str, unreadable: int = 0, example: Any = first) -> Column:
        return Column(name, kind, reason, n_missing, distinct, unreadable, str(example))

    if said is not None:
        odd = present.where(np.isnan(READERS[said](name, known.text)) if said in READERS else np.zeros(distinct, bool))
        return column(said, "it was said so", odd.n_rows, odd.known[0] if len(odd.known) else first)
    if distinct == 0:
        return column("empty", "every cell is missing")
    if distinct == 1 and n_missing == 0:
        return column("constant", f"every cell is {first!r}")
    readable = ~np.isnan(known.values)
    n_readable, odd = int(counts[readable].sum()), present.where(~readable)
    if n_readable >= 0.9 * n_present and len(odd.known) <= 3:
        values = known.numbers(name)
        if len(odd.known):
            return column("number", f"{n_readable} of {n_present} cells are numbers", odd.n_rows, odd.known[0])
        if n_rows >= 20 and n_missing == 0 and distinct == n_rows and is_range(values):
            return column("identifier", "counts the rows")
        if 2 < distinct <= FEW_CODES and n_present >= ROWS_A_CODE * distinct and is_code(values):
            return column("category", f"{distinct} whole numbers: a code, or --as {name}=number")
        return column("number", "every cell is a number")
    words = known.text
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
