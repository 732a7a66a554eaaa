"""A table ready to be learned from: its rows parted, its columns encoded, its target as classes or numbers."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..errors import TableError
from ..estimators.targets import Classes, Target
from ..tables.columns import Column
from ..tables.corrections import Corrections
from ..tables.encoded import Encoded
from ..tables.encoder import TableEncoding
from ..tables.reading import Reading, Table, as_table
from ..tables.splitting import Split
from ..training.batches import Data, Rows
from .labels import Labels, columns_of, labels_for, targets_of, task_of, written_columns_of
from .leaks import Leak, leaks
from .model import Source
from .origin import Origin, parted, rows_hash

__all__ = ["Asked", "Part", "Prepared", "Sizes", "prepared"]

FEWEST_ROWS = 10


class Asked(NamedTuple):
    """What is asked of a table: which column to learn, how its columns are taken, and how its rows are parted."""

    target: str
    kinds: Mapping[str, str] | None = None
    drop: Sequence[str] = ()
    missing: Sequence[str] = ()
    weights: str | None = None
    group: str | None = None
    order: str | None = None
    reading: Reading | None = None
    seed: int = 0


class Sizes(NamedTuple):
    """How many rows train, choose and judge."""

    train: int
    validation: int
    test: int


class Part(NamedTuple):
    """Some rows of a table: as the network sees them, their targets, and how much each counts (None: the same)."""

    rows: Encoded
    y: npt.NDArray[Any]
    weight: npt.NDArray[np.float64] | None = None

    def take(self, places: npt.NDArray[np.int64]) -> Part:
        """Some of the rows."""
        return Part(self.rows.take(places), self.y[places], None if self.weight is None else self.weight[places])

    def data(self, targets: Target, dtype: str, *, whole: bool = False) -> Data:
        """What a network learns from them; with `whole`, the targets of many classes are there at once."""
        taught = columns_of if whole else written_columns_of
        return Data(self.rows.compact(), taught(targets, self.y, dtype), self.weight)


@dataclass(frozen=True, eq=False)
class Prepared:
    """A table ready to be learned from.

    Attributes
    ----------
    table : Table
        As it was read, the rows without a target among them.
    columns : list of Column
        What each column was found to be.
    rows : Table
        The rows that have a target.
    whole : Part
        The same rows, encoded.
    parts : Split
        Which of them train, choose and judge.
    judged : Table
        The rows that judge: some of the table, or a table of their own.
    test_rows : Encoded
        The same, as the network sees them.
    leaks : list of Leak
        Columns that tell the target too well to be true.
    """

    table: Table
    target: str
    columns: list[Column]
    without_target: int
    targets: Target
    encoder: TableEncoding
    origin: Origin
    rows: Table
    whole: Part
    parts: Split
    judged: Table
    test_rows: Encoded
    leaks: list[Leak]

    @property
    def sizes(self) -> Sizes:
        return Sizes(*map(len, self.parts))

    @property
    def n_rows(self) -> int:
        """Of the table."""
        return self.table.n_rows

    def trained(self, dtype: str) -> Rows:
        """What trains."""
        return self.whole.take(self.parts.train).data(self.targets, dtype)

    def held_out(self, dtype: str) -> Data:
        """What chooses."""
        return self.whole.take(self.parts.validation).data(self.targets, dtype, whole=True)


def prepared(table: Source, asked: Asked, test: Source | None = None) -> Prepared:
    """Read a table, part its rows, and learn how to encode it from those that train.

    Raises
    ------
    TableError
        If it cannot be read or learned from, or the table to judge by does not fit it.
    """
    corrections = Corrections(asked.kinds or {}, asked.drop, asked.missing)
    read = corrections.mark(as_table(table, asked.reading))
    target = read.resolve(asked.target)
    counts, group, order = (
        None if name is None else read.resolve(name) for name in (asked.weights, asked.group, asked.order)
    )
    apart = tuple(name for name in (target, counts, group) if name is not None)
    task = task_of(target, read.columns[target].counted())
    labels = labels_for(target, read.columns[target], task)
    origin = Origin(_file_of(table), rows_hash(read), asked.seed, group, order, test is None)
    present, parts = _dealt(read, labels, task, origin)
    rows, y = _with_target(read, labels, present)
    columns = corrections.describe(read, apart)
    weight = None if counts is None else _weights(rows, counts)
    targets = _targets(labels, present[parts.train], target)
    encoder = TableEncoding.fit(rows.take(parts.train), apart, columns, corrections.resolved(read))
    encoded = encoder.encode(rows)
    judged = rows.take(parts.test) if test is None else as_table(test, asked.reading, of_another=True)
    return Prepared(
        table=read,
        target=target,
        columns=columns,
        without_target=int(labels.missing.sum()),
        targets=targets,
        encoder=encoder,
        origin=origin,
        rows=rows,
        whole=Part(encoded, y, weight),
        parts=parts,
        judged=judged,
        # Before training: a table that does not fit must not cost a run.
        test_rows=encoded.take(parts.test) if test is None else encoder.encode(judged),
        leaks=leaks(rows, encoded, y, task, parts, asked.seed),
    )


def _dealt(table: Table, labels: Labels, task: str, origin: Origin) -> tuple[npt.NDArray[np.int64], Split]:
    """The rows with a target, and their split, if there are enough of them for one."""
    n_rows = int((~labels.missing).sum())
    if n_rows < FEWEST_ROWS:
        raise TableError(
            f"{table.name} has {n_rows} rows with a target: at least {FEWEST_ROWS} are needed to split them"
        )
    present, parts = parted(table, labels, task, origin)
    if not (len(parts.validation) and (len(parts.test) or not origin.with_test)):
        classes = len(np.unique(labels.y[present]))
        raise TableError(
            f"{table.name} has {n_rows} rows of {classes} classes: too few to train, choose and judge; add rows"
        )
    return present, parts


def _with_target(table: Table, labels: Labels, present: npt.NDArray[np.int64]) -> tuple[Table, npt.NDArray[Any]]:
    """The rows that have a target, and their targets; where that is all of them, without a copy of a large table."""
    return (table, labels.y) if len(present) == table.n_rows else (table.take(present), labels.y[present])


def _targets(labels: Labels, train: npt.NDArray[np.int64], target: str) -> Target:
    """Classes of all rows, since the split shares them out; the scale of the training rows' numbers."""
    targets = targets_of(labels, train)
    if isinstance(targets, Classes) and len(np.unique(labels.y[train])) < 2:
        raise TableError(f"the target {target!r} has one class only among the training rows: add rows of the others")
    return targets


def _file_of(table: Source) -> str:
    """The name of the file a table comes from, '' if it comes from none."""
    return Path(os.fspath(table)).name if isinstance(table, str | os.PathLike) else ""


def _weights(rows: Table, column: str) -> npt.NDArray[np.float64]:
    """How much each row counts."""
    weight = rows.columns[column].numbers(column)
    bad = np.isnan(weight) | (weight < 0)
    if bad.any():
        row = int(bad.argmax())
        raise TableError(
            f"the weights in {column!r} hold {rows.columns[column][row]!r} in row {row + 1}: "
            "a weight is a number of at least 0"
        )
    return weight
