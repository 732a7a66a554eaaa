"""The table by column: what each is, what it holds, how that is spread, and what the encoder makes of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..drawing.words import plain
from ..errors import TableError
from ..models.model import Model
from ..tables.cells import Counted
from ..tables.columns import ENCODED, Column, describe, truths
from ..tables.encodings import Encoding
from ..tables.spread import days_of, frequent, histogram
from ..tables.table import Table
from .words import encoded_as, file_name

__all__ = ["overview"]

Array = npt.NDArray[Any]
BARS = 16
LEVELS = 8
MOST = 2000  # columns
LONGEST = 200  # letters of a level that are kept
OF_NUMBERS = ("number", "plain", "scaled", "identifier")


def overview(model: Model, table: Table) -> dict[str, Any]:
    """The columns in the order of the table, the target among them.

    Examples
    --------
    >>> import glasshouse as gh
    >>> from glasshouse.tables.reading import read_table
    >>> model = gh.train("example:iris", target="target", baselines=False, out="")
    >>> column = overview(model, read_table("example:iris"))["columns"][0]
    >>> column["kind"], column["missing"], sum(column["spread"]["counts"])
    ('number', 0, 150)
    """
    said = {} if model.run is None else {column.name: column for column in model.run.columns}
    read = {encoding.name: encoding for encoding in model.encoder.encodings}
    names = _names(model, table)[:MOST]
    columns = []
    for own, cells in zip(names, table.columns.values(), strict=False):
        counted, encoding = cells.counted(), read.get(own)
        found = said.get(own) or _described(own, counted, encoding)
        role = "target" if own == model.target else "read" if encoding is not None else "left out"
        kind = found.kind if encoding is None else encoding.kind
        columns.append(
            {
                "name": own,
                "role": role,
                "kind": kind,
                "missing": found.missing,
                "distinct": found.distinct,
                "unreadable": found.unreadable,
                "inputs": 0 if encoding is None else len(encoding.features),
                "becomes": _becomes(model, found, role, encoding),
                "spread": _spread(own, model.task if role == "target" else kind, counted),
            }
        )
    return {
        "name": file_name(table),
        "rows": table.n_rows,
        "dialect": None if table.dialect is None else str(table.dialect),
        "notes": list(table.notes),
        "columns": columns,
        "left_out": len(table.columns) - len(names),
    }


def _names(model: Model, table: Table) -> list[str]:
    """The names of the training table, by place where this one has none of its own."""
    names = list(table.columns)
    for own in (model.encoder.names, [name for name in model.encoder.names if name not in model.encoder.exclude]):
        if not table.named and len(own) == len(names):
            return list(own)
    return names


def _described(name: str, cells: Counted, encoding: Encoding | None) -> Column:
    said = None if encoding is None or encoding.kind not in ENCODED else encoding.kind
    try:
        return describe(name, cells, said)
    except TableError as error:  # an infinite number in a column that nobody reads
        return Column(name, "unreadable", str(error), 0, len(cells.known), 0, "")


def _becomes(model: Model, found: Column, role: str, encoding: Encoding | None) -> str:
    """What becomes of the cells, in words; of a column that is not read, why."""
    origin = model.origin
    if role == "target":
        return "what is predicted: " + model.one_column.description
    if encoding is not None:
        inputs = len(encoding.features)
        return f"{encoded_as(encoding)}: {inputs} input{'s' * (inputs != 1)}"
    if found.name in (origin.group, origin.order):
        return "says which rows stay together" if found.name == origin.group else "says which rows are the latest"
    if found.name in model.encoder.exclude:
        return "says how much a row counts"
    if found.kind == "dropped":
        return "not read: left out, as was asked for"
    if found.kind in ENCODED:
        return "not read: it was left out, or pruned away"
    return f"not read: {plain(found.reason, LONGEST)}"


def _spread(name: str, kind: str, cells: Counted) -> dict[str, Any] | None:
    """How the cells that are there are spread: counts between edges, or of the most frequent levels."""
    present = cells.where(~cells.known.missing)
    if not len(present.known) or kind in ("text", "empty", "constant", "identifier", "unreadable"):
        return None
    if kind in (*OF_NUMBERS, "regression"):
        return _bars(present.known.numbers(name), present.counts)
    if kind == "date":
        days = days_of(present.words)
        bars = _bars(days, present.counts)
        if bars is not None:
            bars["ends"] = [str(np.datetime64(int(np.floor(day)), "D")) for day in (np.nanmin(days), np.nanmax(days))]
        return bars
    if kind == "boolean":
        values = truths(present.words)
        return {"levels": [[word, int(present.counts[values == k].sum())] for k, word in ((1, "yes"), (0, "no"))]}
    found = frequent(present, LEVELS)
    return {
        "levels": [[word[:LONGEST], count] for word, count in found],
        "others": len(present.known) - len(found),
        "other_rows": present.n_rows - sum(count for _, count in found),
    }


def _bars(values: Array, counts: Array) -> dict[str, Any] | None:
    """A histogram of distinct values and how many rows hold each."""
    found = histogram(values, counts, BARS)
    if found is None:
        return None
    return {
        "counts": found.counts.tolist(),
        "edges": [float(found.edges[0]), float(found.edges[-1])],
        "ends": [found.low, found.high],
        "median": found.median,
    }
