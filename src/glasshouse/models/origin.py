"""Where a model's rows came from and how they were parted, so that the same rows are known again later."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ..errors import TableError
from ..tables.cells import Cells
from ..tables.dates import moments, order_of
from ..tables.memory import handed_back
from ..tables.splitting import Split, split
from ..tables.table import Table
from ..tables.words import missing_mask, numbers
from .labels import Labels

__all__ = ["Origin", "parted", "rows_hash"]

BLOCK = 1 << 16  # rows whose cells are written out at a time


@dataclass(frozen=True)
class Origin:
    """The table a model was trained on, by its hash, and the split of its rows.

    Attributes
    ----------
    file : str
        The name of the file, '' for a frame.
    rows : str
        SHA-256 of the cells of every column but those that are not read, in hexadecimal.
    with_test : bool
        Whether test rows were held out of it.
    refit : bool
        Whether the network was trained anew on all of them once the scores were known.
    streamed : bool
        Whether the table was read in parts: its rows were dealt one by one, and `rows` is the hash of its portions.
    """

    file: str
    rows: str
    seed: int
    group: str | None
    order: str | None
    with_test: bool
    refit: bool = False
    streamed: bool = False


def rows_hash(table: Table) -> str:
    """SHA-256 of the names and cells of a table, in whatever order its columns stand; of a sample, of all."""
    if table.sample is not None:
        return table.sample.whole
    digest = hashlib.sha256()
    with handed_back():
        for name in sorted(table.columns):
            places, words = table.columns[name].places, _present(table.columns[name].words)
            digest.update(f"\n{name}\n".encode())
            digest.update(np.asarray(pc.binary_length(words).fill_null(-1))[places].tobytes())
            words = words.fill_null("")
            for start in range(0, len(places), BLOCK):
                text = words.take(pa.array(places[start : start + BLOCK]))
                digest.update(pc.binary_join(pa.ListArray.from_arrays([0, len(text)], text), "")[0].as_buffer())
    return digest.hexdigest()


def parted(table: Table, labels: Labels, task: str, origin: Origin) -> tuple[npt.NDArray[np.int64], Split]:
    """The rows that have a target, and how they are parted: places among those rows."""
    present = np.flatnonzero(~labels.missing)
    if table.sample is not None:  # every row of which has a target
        return present, table.sample.parts
    of_class = None if task == "regression" else labels.y[present]
    group = None if origin.group is None else _codes(table.columns[origin.group])[present]
    order = None if origin.order is None else _places(origin.order, table.columns[origin.order], present)
    return present, split(len(present), of_class, origin.seed, with_test=origin.with_test, group=group, order=order)


def _codes(cells: Cells) -> npt.NDArray[np.int64]:
    """A number for each value; empty cells are one group."""
    return cells.map(_present).places.astype(np.int64)


def _present(words: pa.Array) -> pa.Array:
    """The words, null where one is missing in any of the usual ways."""
    return pc.if_else(pa.array(missing_mask(words)), pa.scalar(None, pa.string()), words)


def _places(name: str, cells: Cells, present: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """When each of the present rows was: a date, or a number."""
    cells = cells.map(_present)
    written = order_of(cells.words.drop_null())
    read = (lambda words: numbers(name, words)) if written is None else (lambda words: moments(words, written).days)
    values = cells.each(read)[present]
    if np.isnan(values).any():
        row = int(present[np.isnan(values).argmax()])
        cell = "an empty cell" if cells[row] is None else repr(cells[row])
        raise TableError(f"column {name!r} holds {cell} in row {row + 1}: an order needs a date or a number in each")
    return values
