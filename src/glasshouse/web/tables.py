"""Twins of tables: what stands in one, how its columns are understood, and what they hold, as JSON."""

from __future__ import annotations

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import GlasshouseError, TableError
from ..models.labels import labels_for, task_of
from ..tables.cells import Counted
from ..tables.columns import ENCODED, Column, missing_mask, numbers
from ..tables.corrections import Corrections
from ..tables.dates import ORDERS, moments, order_of
from ..tables.encoder import TableEncoding
from ..tables.reading import Reading, Table, as_table
from .folder import Folder

__all__ = ["Tables", "checked_columns", "suggested", "table_twin"]

MOST_BARS = 24
MOST_DRAWN = 1000  # columns
MOST_CLASSES = 200
LONGEST = 60  # signs of a label
KEPT = 4  # tables in memory
TARGETS = ("target", "class", "label", "y")


class Tables:
    """The tables of a folder, read once while they stay as they are.

    Parameters
    ----------
    folder : Folder
    given, reading : str or None, Reading or None
        The id of the table that was named at the start, and how that one is written.
    """

    def __init__(self, folder: Folder, given: str | None = None, reading: Reading | None = None):
        self.folder, self.given, self.reading = folder, given, reading
        self._read: OrderedDict[tuple[Any, ...], Table] = OrderedDict()
        self._lock = threading.Lock()

    def reading_of(self, id: str) -> Reading | None:
        return self.reading if id == self.given else None

    def read(self, id: str) -> Table:
        """The table of an id.

        Raises
        ------
        TableError
            If there is none, or it cannot be read.
        """
        place = self.folder.table(id)
        key: tuple[Any, ...] = (place.source,)
        if place.bytes is not None:
            status = Path(place.source).stat()
            key = (place.source, status.st_mtime_ns, status.st_size)
        with self._lock:
            if key in self._read:
                self._read.move_to_end(key)
                return self._read[key]
        try:
            table = as_table(place.source, self.reading_of(id))
        except GlasshouseError as error:  # the page knows ids, not where the folder stands
            raise type(error)(str(error).replace(place.source, place.name)) from error
        table = Table(place.name, table.columns, table.dialect, table.notes)
        with self._lock:
            self._read[key] = table
            while len(self._read) > KEPT:
                self._read.popitem(last=False)
        return table


def suggested(table: Table) -> str:
    """The target to begin with: a column that is called so, else the last that can be learned.

    Raises
    ------
    TableError
        If none can be.
    """
    names = list(table.columns)
    called = [name for word in TARGETS for name in names if name.strip().lower() == word]
    for name in [*called, *reversed(names)]:
        with contextlib.suppress(TableError):
            task_of(name, table.columns[name])
            return name
    raise TableError(f"{table.name} has no column that can be learned: each is empty, constant, or all different texts")


def table_twin(
    id: str, table: Table, target: str | None, kinds: Mapping[str, str], drop: Sequence[str]
) -> dict[str, Any]:
    """All that the page shows of a table.

    Raises
    ------
    TableError
        If a column does not exist, or the target cannot be learned.
    """
    corrections = Corrections(kinds, drop)
    target = suggested(table) if not target else table.resolve(target)
    columns = corrections.describe(table)
    task = task_of(target, table.columns[target])
    classes = labels_for(target, table.columns[target], task).classes
    drawn = len(columns) <= MOST_DRAWN
    notes = [] if drawn else [f"more than {MOST_DRAWN:,} columns: their values are not drawn"]
    inputs = _inputs(table, target, columns)
    return {
        "id": id,
        "name": table.name,
        "rows": table.n_rows,
        "dialect": None if table.dialect is None else str(table.dialect),
        "notes": [*table.notes, *notes],
        "target": target,
        "task": task,
        "classes": None if classes is None else classes[:MOST_CLASSES].tolist(),
        "kinds": list(ENCODED),
        "columns": [
            {
                "name": c.name,
                "kind": c.kind,
                "reason": c.reason,
                "missing": c.missing,
                "distinct": c.distinct,
                "unreadable": c.unreadable,
                "example": _short(c.example),
                "dropped": not c.kept,
                "bars": bars(c, table.columns[c.name].counted()) if drawn else [],
                "inputs": inputs.get(c.name, 0),
            }
            for c in columns
        ],
    }


def _inputs(table: Table, target: str, columns: list[Column]) -> dict[str, int]:
    """How many inputs of the network each column becomes, learned from all rows; none where no column is left."""
    if not any(column.kept for column in columns if column.name != target):
        return {}
    encoder = TableEncoding.fit(table, (target,), columns)
    return {encoding.name: len(encoding.features) for encoding in encoder.encodings}


def bars(column: Column, cells: Counted) -> list[dict[str, Any]]:
    """What a column holds: a histogram, or its most frequent values; each bar with its share of the rows."""
    present = cells.where(~missing_mask(cells.words))
    if not len(present.words):
        return []
    if column.kind in ("number", "date", "identifier"):
        values = _dated(present) if column.kind == "date" else numbers(column.name, present.words)
        found = _histogram(values, present.counts, date=column.kind == "date")
    else:
        order = np.argsort(-present.counts, kind="stable")[:MOST_BARS]
        words = present.words.take(order).to_pylist()
        found = list(zip(words, present.counts[order].tolist(), strict=True))
    return [{"label": _short(label), "share": count / max(1, cells.n_rows)} for label, count in found]


def _dated(present: Counted) -> npt.NDArray[np.float64]:
    return moments(present.words, order_of(present.words) or next(iter(ORDERS))).days


def _histogram(values: npt.NDArray[np.float64], counts: npt.NDArray[np.int64], *, date: bool) -> list[tuple[str, int]]:
    """Equal stretches from the least to the largest, or each value where there are few."""
    there = ~np.isnan(values)
    values, counts = values[there], counts[there]
    single, places = np.unique(values, return_inverse=True)
    if len(single) <= MOST_BARS:
        each = np.bincount(places, counts, len(single)).astype(int).tolist()
        return [(_written(value, date), count) for value, count in zip(single.tolist(), each, strict=True)]
    sums, edges = np.histogram(values, MOST_BARS, weights=counts)
    words = [_written(edge, date) for edge in edges.tolist()]
    return [(f"{low} to {high}", int(count)) for low, high, count in zip(words, words[1:], sums)]


def _written(value: float, date: bool) -> str:
    return str(np.datetime64(int(value), "D")) if date else f"{value:.4g}"


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def checked_columns(
    table: Table, target: str, kinds: Mapping[str, str], drop: Sequence[str]
) -> tuple[str, Corrections]:
    """The target and the corrections, if a training on them can begin.

    Raises
    ------
    TableError
        If a column does not exist, the target cannot be learned, or nothing is left to learn from.
    """
    target = table.resolve(target)
    task_of(target, table.columns[target])
    corrections = Corrections(kinds, drop)
    if not any(column.kept for column in corrections.describe(table, (target,))):
        raise TableError(f"{table.name} has no column left to learn {target!r} from: drop fewer")
    return target, corrections
