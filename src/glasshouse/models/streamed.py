"""A table that outgrows memory, ready to be learned from: surveyed once, then read anew every epoch."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ..distributed.agreement import agree
from ..distributed.communicator import Communicator
from ..distributed.serial import SERIAL
from ..errors import TableError
from ..estimators.targets import Classes, Numbers, Target
from ..tables.blocks import Block, joined
from ..tables.cells import Cells
from ..tables.columns import Column
from ..tables.corrections import Corrections
from ..tables.dataset import Dataset, dataset
from ..tables.dealing import SAMPLED, TEST, VALIDATION, Dealing
from ..tables.encoder import TableEncoding
from ..tables.reading import Reading, as_table
from ..tables.sketches import MOST_WORDS, Sketch
from ..tables.splitting import Split
from ..tables.survey import survey
from ..tables.surveyed import Kept, Survey, gathered
from ..tables.table import Sample, Table
from ..tables.words import Words
from ..training.streams import Streamed
from ..training.watchers import Watcher, announce
from .labels import labels_for, task_of
from .leaks import leaks
from .model import Source
from .origin import Origin
from .prepared import FEWEST_ROWS, Asked, Part, Prepared, Sizes
from .reader import Mass, Reader, places_of
from .room import expect_room

__all__ = ["StreamedTable", "sample_of", "streamed_table"]

WINDOW = 1 << 26  # bytes of numbers in a window, of which two are in memory
SAID = "it was said so"
SMALLEST = 1 << 12  # rows of a window, however many columns there are


@dataclass(frozen=True, eq=False)
class StreamedTable(Prepared):
    """A table that is read anew every epoch; what chooses, judges and is looked at is a sample held in memory.

    Attributes
    ----------
    rows_in_all : int
        Of the table, the rows without a target among them.
    trained_on : int
        Rows that train.
    stream : callable
        The rows that train, for a network of a precision.
    """

    rows_in_all: int
    trained_on: int
    stream: Callable[[str], Streamed]

    @property
    def sizes(self) -> Sizes:
        return Sizes(self.trained_on, len(self.parts.validation), len(self.parts.test))

    @property
    def n_rows(self) -> int:
        return self.rows_in_all

    def trained(self, dtype: str) -> Streamed:
        return self.stream(dtype)


def streamed_table(
    source: str | os.PathLike[str],
    asked: Asked,
    test: Source | None,
    memory: int | None,
    together: Communicator,
    watchers: Sequence[Watcher] = (),
) -> StreamedTable:
    """Look at every row once, and learn how to encode them.

    Parameters
    ----------
    memory : int or None
        Bytes that windows are a share of; None for windows of 64 MB.

    Raises
    ------
    TableError
        If it cannot be read or learned from, or the table to judge by does not fit it.
    """
    data = dataset(os.fspath(source), asked.reading)
    if memory is not None:
        expect_room(data.name, len(data.columns), memory)
    agree(together, {"the table": data.described})
    corrections = Corrections(asked.kinds or {}, asked.drop, asked.missing)
    said, headings = corrections.said(data.headings), data.headings
    target = headings.resolve(asked.target)
    counts, group = (None if name is None else headings.resolve(name) for name in (asked.weights, asked.group))
    apart = tuple(name for name in (target, counts, group) if name is not None)
    marks = corrections.resolved(headings)
    dealing = Dealing(asked.seed, data.n_rows, test is None, group, data.width)

    def watch(n_rows: int) -> None:
        announce(watchers, f"looking at the rows: {n_rows:,} of about {data.n_rows:,}")

    dropped = {name for name in data.columns if said.get(name) == "dropped" or name == group} - {target, counts}
    sketched = [name for name in data.columns if name not in dropped]
    found = survey(data, target, dealing, marks, sketched, together, watch)
    if 0 < found.without_target == found.n_rows:
        raise TableError(f"the target {target!r} is missing in every row: choose another column with --target")
    trained_on = _expect_enough(data, found, together, test is None)
    in_all = found.in_all
    columns = [
        in_all[name].described(name, said.get(name)) if name in in_all else Column(name, "dropped", SAID, 0, 0, 0, "")
        for name in data.columns
        if name not in apart
    ]
    task, targets = _targets(target, found.learned[target], in_all[target])
    encoder = TableEncoding.of_sketches(data.name, data.columns, found.learned, columns, apart, marks)
    mass = None if counts is None else Mass.of(counts, found.learned[counts])
    rows = _sample(data, found.kept, found.fingerprint)
    whole = _part(rows, encoder, target, targets, task, mass)
    assert rows.sample is not None
    parts = rows.sample.parts
    judged = rows.take(parts.test) if test is None else as_table(test, asked.reading, of_another=True)
    _expect_classes(target, targets, whole, parts)
    reader = Reader(data, target, targets, task, mass, dealing, marks, encoder, _window(encoder, memory))
    shown = whole.take(parts.train)
    return StreamedTable(
        table=rows,
        target=target,
        columns=columns,
        without_target=found.without_target,
        targets=targets,
        encoder=encoder,
        origin=Origin(Path(data.name).name, found.fingerprint, asked.seed, group, None, test is None, streamed=True),
        rows=rows,
        whole=whole,
        parts=parts,
        judged=judged,
        test_rows=encoder.encode(judged),
        leaks=leaks(rows, whole.rows, whole.y, task, parts, asked.seed),
        rows_in_all=found.n_rows,
        trained_on=trained_on,
        stream=lambda dtype: reader.streamed(dtype, shown, found, together),
    )


def sample_of(
    source: str, reading: Reading | None, origin: Origin, target: str, marks: dict[str, tuple[str, ...]]
) -> Table:
    """The sample of a table that a model was trained on in parts, read again."""
    data = dataset(source, reading)
    dealing = Dealing(origin.seed, data.n_rows, origin.with_test, origin.group, data.width)
    found = survey(data, data.headings.resolve(target), dealing, marks, (), SERIAL)
    return _sample(data, found.kept, found.fingerprint)


def _expect_enough(data: Dataset, found: Survey, together: Communicator, with_test: bool) -> int:
    """How many rows train, if they are enough for a split, and for every rank."""
    trained_on = sum(found.trained.values())
    sides = {kept.side for kept in found.kept if kept.block.n_rows}
    if trained_on < FEWEST_ROWS or not sides >= {SAMPLED, VALIDATION, *([TEST] if with_test else [])}:
        raise TableError(f"{data.name} has {trained_on} rows to train on: too few to train, choose and judge; add rows")
    if min(found.of_ranks(together.size)) == 0:
        raise TableError(
            f"{data.name} is read in {len(data.portions)} parts, too few for {together.size} ranks: "
            "write it with more row groups, or take fewer ranks"
        )
    return trained_on


def _expect_classes(target: str, targets: Target, whole: Part, parts: Split) -> None:
    """Refuse a table of which the rows that are held would say nothing: rows are dealt whatever their class."""
    if not isinstance(targets, Classes):
        return
    for what, rows in zip(("train and are held", "choose", "judge"), parts, strict=True):
        found = np.unique(whole.y[rows])
        if len(rows) and len(found) < 2:
            raise TableError(
                f"all {len(rows):,} rows that {what} are of one class of {target!r}, {targets.classes[found[0]]!r}: "
                "the others are too rare to read it in parts, give more memory, or fewer rows of that class"
            )


def _targets(target: str, learned: Sketch, in_all: Sketch) -> tuple[str, Target]:
    """The task, and what the outputs will mean: the classes, or the scale of the numbers of the rows that train."""
    if in_all.exact:
        task = task_of(target, in_all.counted())
    elif in_all.described(target).kind in ("number", "identifier"):
        task = "regression"
    else:
        raise TableError(f"the target {target!r} holds more than {MOST_WORDS:,} different texts: choose another column")
    if task == "classification":
        every, trained = (_classes(target, sketch.counted().words) for sketch in (in_all, learned))
        if len(trained) < 2:
            raise TableError(f"the target {target!r} has one class only among the training rows: add rows of others")
        return task, Classes(every)
    known = in_all.words.known
    odd = known.where(~known.missing & np.isnan(known.numbers(target)))
    if len(odd):
        word = odd[0]
        raise TableError(f"the target {target!r} holds {word!r} among numbers: mend it, or --missing {word!r}")
    values, counts = learned.numbers()
    there = ~np.isnan(values)
    return task, Numbers.of(values[there], counts[there])


def _classes(target: str, words: pa.Array) -> npt.NDArray[Any]:
    classes = labels_for(target, Cells(Words(words), np.arange(len(words))), "classification").classes
    assert classes is not None
    return classes


def _sample(data: Dataset, kept: Sequence[Kept], whole: str) -> Table:
    """The rows that are kept as a table, those of a side together, the earlier portions first."""
    pieces = gathered(kept)
    sides = np.repeat([each.side for each in pieces], [each.block.n_rows for each in pieces])
    parts = Split(*(np.flatnonzero(sides == side) for side in (SAMPLED, VALIDATION, TEST)))
    held = f"{len(sides):,} rows are held to choose, to judge and to teach the baselines"
    notes = (*data.notes, f"read in parts ({len(data.portions):,}), anew every epoch; {held}")
    cells = joined([each.block for each in pieces], data.columns)
    return Table(data.name, cells, data.dialect, notes, Sample(whole, parts))


def _part(rows: Table, encoder: TableEncoding, target: str, targets: Target, task: str, mass: Mass | None) -> Part:
    y = places_of(rows.columns[target], target, targets, task)
    weight = (
        None if mass is None else mass.of_block(Block({mass.column: rows.columns[mass.column].text()}, 0, rows.name))
    )
    return Part(encoder.encode(rows), y, weight)


def _window(encoder: TableEncoding, memory: int | None) -> int:
    """Rows of a window: of a sixteenth of the memory, and of 64 MB at most."""
    n_bytes = WINDOW if memory is None else min(memory // 16, WINDOW)
    return max(n_bytes // (4 * len(encoder.feature_names)), SMALLEST)
