"""Where a model's rows came from and how they were parted, so that the same rows are known again later."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ..errors import TableError
from ..tables.columns import missing_mask, numbers
from ..tables.dates import moments, order_of
from ..tables.splitting import Split, split
from ..tables.table import Table
from .labels import Labels

__all__ = ["Origin", "parted", "rows_hash"]


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
    """

    file: str
    rows: str
    seed: int
    group: str | None
    order: str | None
    with_test: bool
    refit: bool = False


def rows_hash(table: Table) -> str:
    """SHA-256 of the names and cells of a table, in whatever order its columns stand."""
    digest = hashlib.sha256()
    for name in sorted(table.columns):
        cells = _present(table.columns[name])
        digest.update(f"\n{name}\n".encode())
        digest.update(np.asarray(pc.binary_length(cells).fill_null(-1)).tobytes())
        digest.update(cells.fill_null("").buffers()[2] or b"")
    return digest.hexdigest()


def parted(table: Table, labels: Labels, task: str, origin: Origin) -> tuple[npt.NDArray[np.int64], Split]:
    """The rows that have a target, and how they are parted: places among those rows."""
    present = np.flatnonzero(~labels.missing)
    of_class = None if task == "regression" else labels.y[present]
    group = None if origin.group is None else _codes(table.columns[origin.group])[present]
    order = None if origin.order is None else _places(origin.order, table.columns[origin.order], present)
    return present, split(len(present), of_class, origin.seed, with_test=origin.with_test, group=group, order=order)


def _codes(cells: pa.Array) -> npt.NDArray[np.int64]:
    """A number for each value; empty cells are one group."""
    return np.asarray(_present(cells).fill_null("").dictionary_encode().indices, dtype=np.int64)


def _present(cells: pa.Array) -> pa.Array:
    """The cells, null where one is missing in any of the usual words."""
    return pc.if_else(missing_mask(cells), pa.scalar(None, pa.string()), cells)


def _places(name: str, cells: pa.Array, present: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """When each of the present rows was: a date, or a number."""
    cells = _present(cells)
    written = order_of(cells.drop_null())
    values = (numbers(name, cells) if written is None else moments(cells, written).days)[present]
    if np.isnan(values).any():
        row = int(present[np.isnan(values).argmax()])
        cell = "an empty cell" if cells[row].as_py() is None else repr(cells[row].as_py())
        raise TableError(f"column {name!r} holds {cell} in row {row + 1}: an order needs a date or a number in each")
    return values
