"""A table as the page shows it: how each column is understood, and what it holds, worked out once for each way."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from ..errors import TableError
from ..models.labels import labels_for, task_of
from ..tables.cells import Counted
from ..tables.columns import ENCODED, Column, describe
from ..tables.corrections import Corrections
from ..tables.encodings import ENCODINGS
from ..tables.spread import days_of, frequent, histogram
from ..tables.table import Table

__all__ = ["Understood", "bars"]

MOST_BARS = 24
MOST_DRAWN = 1000  # columns
MOST_CLASSES = 200
LONGEST = 60  # signs of a label
TARGETS = ("target", "class", "label", "y")


class Understood:
    """A table, and what was worked out of it: a column that a correction does not touch is not looked at again.

    Examples
    --------
    >>> from glasshouse.tables.reading import read_table
    >>> twin = Understood(read_table("example:iris")).twin("example:iris", None, {}, ["2"])
    >>> twin["target"], [column["inputs"] for column in twin["columns"]]
    ('target', [1, 0, 1, 1, 0])
    """

    def __init__(self, table: Table):
        self.table = table
        self._columns: dict[tuple[str, str | None], dict[str, Any]] = {}
        self._answers: dict[str, tuple[str, list[str] | None]] = {}

    @cached_property
    def suggested(self) -> str:
        """The target to begin with: a column that is called so, else the last that can be learned.

        Raises
        ------
        TableError
            If none can be.
        """
        names = list(self.table.columns)
        called = [name for word in TARGETS for name in names if name.strip().lower() == word]
        for name in [*called, *reversed(names)]:
            with contextlib.suppress(TableError):
                task_of(name, self.table.columns[name].counted())
                return name
        raise TableError(
            f"{self.table.name} has no column that can be learned: each is empty, constant, or all different texts"
        )

    def twin(self, id: str, target: str | None, kinds: Mapping[str, str], drop: Sequence[str]) -> dict[str, Any]:
        """All that the page shows of it.

        Raises
        ------
        TableError
            If a column does not exist, or the target cannot be learned.
        """
        table = self.table
        target = table.resolve(target) if target else self.suggested
        said = Corrections(kinds, drop).said(table)
        columns = [self._column(name, said.get(name)) for name in table.columns]
        task, classes = self._answer(target)
        notes = [] if self._drawn else [f"more than {MOST_DRAWN:,} columns: their values are not drawn"]
        return {
            "id": id,
            "name": table.name,
            "rows": table.n_rows,
            "dialect": None if table.dialect is None else str(table.dialect),
            "notes": [*table.notes, *notes],
            "target": target,
            "task": task,
            "classes": classes,
            "kinds": list(ENCODED),
            "columns": [{**column, "inputs": 0} if column["name"] == target else column for column in columns],
        }

    def checked(self, target: str, kinds: Mapping[str, str], drop: Sequence[str]) -> str:
        """The name of the target, if a training on it with these corrections can begin.

        Raises
        ------
        TableError
            If a column does not exist, the target cannot be learned, or nothing is left to learn from.
        """
        target = self.table.resolve(target)
        self._answer(target)
        said = Corrections(kinds, drop).said(self.table)
        names = (name for name in self.table.columns if name != target)
        if all(self._column(name, said.get(name))["dropped"] for name in names):
            raise TableError(f"{self.table.name} has no column left to learn {target!r} from: drop fewer")
        return target

    @property
    def _drawn(self) -> bool:
        return len(self.table.columns) <= MOST_DRAWN

    def _answer(self, target: str) -> tuple[str, list[str] | None]:
        """The task, and the first classes."""
        if target not in self._answers:
            cells = self.table.columns[target]
            task = task_of(target, cells.counted())
            classes = labels_for(target, cells, task).classes
            self._answers[target] = task, None if classes is None else classes[:MOST_CLASSES].tolist()
        return self._answers[target]

    def _column(self, name: str, said: str | None) -> dict[str, Any]:
        """A column as it is understood where this is said of it; as an input, whatever the target."""
        key = name, said
        if key not in self._columns:
            cells = self.table.columns[name].counted()
            column = describe(name, cells, said)
            self._columns[key] = {
                "name": name,
                "kind": column.kind,
                "reason": column.reason,
                "missing": column.missing,
                "distinct": column.distinct,
                "unreadable": column.unreadable,
                "example": _short(column.example),
                "dropped": not column.kept,
                "bars": bars(column, cells) if self._drawn else [],
                "inputs": len(ENCODINGS[column.kind].fit(name, cells).features) if column.kept else 0,
            }
        return self._columns[key]


def bars(column: Column, cells: Counted) -> list[dict[str, Any]]:
    """What a column holds: a histogram, or its most frequent values; each bar with its share of the rows."""
    present = cells.where(~cells.known.missing)
    if not len(present.known):
        return []
    if column.kind in ("number", "date", "identifier"):
        date = column.kind == "date"
        found = _stretches(days_of(present.words) if date else present.known.numbers(column.name), present, date)
    else:
        found = frequent(present, MOST_BARS)
    return [{"label": _short(label), "share": count / max(1, cells.n_rows)} for label, count in found]


def _stretches(values: Any, present: Counted, date: bool) -> list[tuple[str, int]]:
    """Each value where there are few, else equal stretches, the outermost to the ends."""
    single = np.unique(values[~np.isnan(values)])
    if len(single) <= MOST_BARS:
        return [(_written(value, date), int(present.counts[values == value].sum())) for value in single.tolist()]
    found = histogram(values, present.counts, MOST_BARS)
    assert found is not None  # there are values
    edges = [_written(edge, date) for edge in (found.low, *found.edges[1:-1].tolist(), found.high)]
    return [(f"{low} to {high}", int(count)) for low, high, count in zip(edges, edges[1:], found.counts, strict=False)]


def _written(value: float, date: bool) -> str:
    return str(np.datetime64(int(np.floor(value)), "D")) if date else f"{value:.4g}"


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
