"""Small tables read in parts for the tests: what the portions hold, what one pass finds, the limits down."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from unittest import mock

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from glasshouse.distributed.serial import SERIAL
from glasshouse.tables import blocks, dealing, lines, portions, sketches
from glasshouse.tables import dataset as datasets
from glasshouse.tables.dataset import dataset
from glasshouse.tables.dealing import Dealing
from glasshouse.tables.reading import as_table
from glasshouse.tables.survey import survey

PLACES = {
    "ROWS": (blocks, portions),
    "STRETCH": (portions, datasets),
    "BLOCK": (lines,),
    "HELD": (dealing,),
    "SAMPLE": (datasets,),
    "MOST_BUCKETS": (sketches,),
    "MOST_WORDS": (sketches,),
}


@contextmanager
def limits(**values):
    """Limits that small tables reach: in a context, since the examples of one test each have their own."""
    with ExitStack() as stack:
        for name, value in values.items():
            for place in PLACES[name]:
                stack.enter_context(mock.patch.object(place, name, value))
        yield


def written(path, columns, group=None):
    """A Parquet file of these columns."""
    table = columns if isinstance(columns, pa.Table) else pa.table(columns)
    pq.write_table(table, path, row_group_size=group or max(len(table), 1))
    return path


def in_parts(path, reading=None):
    """The columns of a table that is read in parts, each its cells as text, '' where there is none."""
    data = dataset(str(path), reading)
    found = {name: [] for name in data.columns}
    for portion in data.portions:
        for block in portion.blocks(data.columns):
            assert {len(column) for column in block.columns.values()} == {block.n_rows}
            for name, cells in found.items():
                cells.extend(cell or "" for cell in block.cells(name).to_pylist())
    return found


def at_once(path, reading=None):
    """The same of a table that is read whole."""
    return {name: [cell or "" for cell in c.to_pylist()] for name, c in as_table(path, reading).columns.items()}


def without_empty_end(columns):
    """The columns without the rows at the end in which no cell holds anything."""
    rows = list(zip(*columns.values(), strict=True))
    while rows and not any(rows[-1]):
        rows.pop()
    return (
        dict(zip(columns, map(list, zip(*rows, strict=True)), strict=True)) if rows else {name: [] for name in columns}
    )


def looked_at(path, target, seed=0, together=SERIAL, marks=None, group=None, with_test=True, reading=None):
    """What one pass over a table finds."""
    data = dataset(str(path), reading)
    dealt = Dealing(seed, data.n_rows, with_test, group)
    return survey(data, target, dealt, marks or {}, data.columns, together)


def same_sketch(one, other) -> bool:
    """Whether two sketches are the same in every part."""
    ours, theirs = (
        (
            *(part.tolist() for part in (s.tally.keys, s.tally.counts, s.tally.sums)),
            *(s.tally.bits, s.tally.whole, s.tally.low, s.tally.high),
            *(s.words.words.to_pylist(), s.words.counts.tolist()),
            *(s.missing, s.numeric, s.crowded, s.overflowed, s.uncounted, s.written),
        )
        for s in (one, other)
    )
    return ours == theirs


def numbers_and_words(rng, n):
    """Columns of every kind, and two targets: one that can be learned from the others, and a number."""
    x = rng.normal(size=(n, 2))
    y = x[:, 0] + x[:, 1] > 0
    return {
        "x0": x[:, 0].astype(np.float32),
        "x1": np.where(rng.random(n) < 0.05, np.nan, x[:, 1]),
        "city": rng.choice(["Bern", "Ulm", "Łódź"], n),
        "day": np.datetime64("2024-01-01") + rng.integers(0, 300, n),
        "code": rng.integers(0, 4, n),
        "person": rng.integers(0, n // 6, n),
        "weight": rng.uniform(0.5, 2.0, n),
        "y": np.where(y, "yes", "no"),
        "level": np.digitize(x[:, 0], [-0.5, 0.5]),
        "number": 3 * x[:, 0] + x[:, 1],
    }
