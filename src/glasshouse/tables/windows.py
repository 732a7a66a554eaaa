"""Sensor recordings as a table: each window of samples becomes a row of features that integer arithmetic can compute.

No squares, no roots: a microcontroller adds, compares and shifts. A window never reaches over the end of a recording,
nor over a change of label.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ..errors import OptionError, TableError, expect_number
from .reading import Reading, as_table, files_of
from .sources import source_of
from .table import Table

__all__ = ["FEATURES", "Feature", "cut_windows"]

Array = npt.NDArray[Any]
AT_A_TIME = 4096  # windows whose samples are laid out at once
WITHOUT = ("from-file", "blank-lines")  # what is no column: the file's name is the label, blank lines part recordings


class Feature(NamedTuple):
    """What is computed of each channel: (windows, channels, length) to (windows, channels)."""

    formula: str
    of: Callable[[Array], Array]


FEATURES = {
    "mean": Feature("mean of x", lambda x: x.mean(axis=-1)),
    "deviation": Feature("mean of |x - mean|", lambda x: np.abs(x - x.mean(axis=-1, keepdims=True)).mean(axis=-1)),
    "min": Feature("smallest x", lambda x: x.min(axis=-1)),
    "max": Feature("largest x", lambda x: x.max(axis=-1)),
    "difference": Feature("mean of |x[t] - x[t-1]|", lambda x: np.abs(np.diff(x, axis=-1)).mean(axis=-1)),
    "crossings": Feature(
        "how often the sign changes, 0 being positive", lambda x: ((x[..., 1:] < 0) != (x[..., :-1] < 0)).sum(axis=-1)
    ),
}


class Stretch(NamedTuple):
    """Consecutive samples of one recording and one label."""

    recording: str
    label: str
    rows: slice


def cut_windows(
    files: Sequence[str | os.PathLike[str]],
    length: int,
    step: int,
    label: str,
    recording: str,
    drop: Sequence[str],
    reading: Reading | None,
) -> tuple[pa.Table, int]:
    """The windows of all files, and how many stretches were too short for one; see `glasshouse.windows`."""
    expect_number("length", length, lambda v: v >= 2, "of at least 2 samples", whole=True)
    expect_number("step", step, lambda v: v >= 1, "of at least 1 sample", whole=True)
    if not files:
        raise TableError("no recording was named: give at least one file")
    asked = {role: column for role, column in (("label", label), ("recording", recording)) if column not in WITHOUT}
    if asked.get("label") == "recording":
        raise OptionError("label is 'recording': that column says which recording a window is from, choose another")
    named: dict[str, str] = {}  # what the columns of label and recording are called
    first: tuple[Path, list[str]] | None = None
    columns: dict[str, list[Array]] = {}
    begun: Counter[str] = Counter()  # recordings so far of files of one name
    too_short = 0
    for file in (file for path in files for file in files_of(Path(path))):
        table = as_table(file, reading)
        left_out = {table.resolve(column) for column in drop}
        named |= {role: table.resolve(column) for role, column in asked.items()}
        channels = [name for name in table.columns if name not in left_out and name not in named.values()]
        first = first or (file, channels)
        if channels != first[1]:
            raise TableError(f"{file} has other channels than {first[0]}: cut like recordings together")
        if not channels:
            raise TableError(f"{file} has no channel: every column is the label, the recording or dropped")
        values = np.column_stack([_samples(table, name) for name in channels])
        for stretch in _stretches(file, table, named, begun, reading):
            if stretch.rows.stop - stretch.rows.start < length:
                too_short += 1
                continue
            features = _features(values[stretch.rows], channels, length, step)
            n = len(next(iter(features.values())))
            said = {"recording": stretch.recording, named.get("label", "label"): stretch.label}
            for name, cells in {**{name: np.full(n, word, object) for name, word in said.items()}, **features}.items():
                columns.setdefault(name, []).append(cells)
    if not columns:
        raise TableError(f"no stretch of one recording and label has {length} samples: choose a smaller length")
    return pa.table({name: np.concatenate(parts) for name, parts in columns.items()}), too_short


def _stretches(
    file: Path, table: Table, named: dict[str, str], begun: Counter[str], reading: Reading | None
) -> list[Stretch]:
    """The consecutive samples of one recording and one label."""
    stem = file.name.removesuffix(".gz").rsplit(".", 1)[0]
    if "recording" in named:
        recordings = _words(table, named["recording"])
    else:
        number = _by_blank_lines(file, table, reading)
        recordings = np.array([f"{stem}-{begun[stem] + k}" for k in range(1, number[-1] + 1)], object)[number - 1]
        begun[stem] += number[-1]
    labels = _words(table, named["label"]) if "label" in named else np.full(table.n_rows, stem, object)
    changes = np.flatnonzero((recordings[1:] != recordings[:-1]) | (labels[1:] != labels[:-1])) + 1
    edges = [0, *changes.tolist(), table.n_rows]
    return [Stretch(recordings[a], labels[a], slice(a, b)) for a, b in pairwise(edges)]


def _words(table: Table, column: str) -> Array:
    cells = table.columns[column]
    return np.array(cells.words.fill_null("").to_pylist(), object)[cells.places]


def _by_blank_lines(path: Path, table: Table, reading: Reading | None) -> npt.NDArray[np.int64]:
    """The recording of each row, from 1: one more after every run of blank lines."""
    if table.dialect is None:  # Parquet has no lines
        return np.ones(table.n_rows, np.int64)
    data = source_of(path, reading.encoding if reading else None).data
    filled = np.array([bool(line.strip()) for line in data.removesuffix(b"\n").split(b"\n")])
    begins = filled & ~np.concatenate(([False], filled[:-1]))
    of_line = begins.cumsum()[filled][int(table.dialect.header) :]
    if len(of_line) != table.n_rows:
        raise TableError(
            f"{path} has {len(of_line)} lines for {table.n_rows} rows: blank lines part no recordings in it, "
            "name a column with --recording"
        )
    return np.asarray(of_line - of_line[0] + 1)  # a header may stand apart


def _samples(table: Table, channel: str) -> npt.NDArray[np.float64]:
    cells = table.columns[channel]
    values = cells.numbers(channel)
    if np.isnan(values).any():
        row = int(np.isnan(values).argmax())
        raise TableError(
            f"channel {channel!r} of {table.name} holds {cells[row] or 'nothing'!r} in row {row + 1}: "
            "a sample is a number, mend it or --drop the column"
        )
    return values


def _features(values: Array, channels: Sequence[str], length: int, step: int) -> dict[str, Array]:
    """A column for each channel and feature, of consecutive samples (n, channels)."""
    made = [np.concatenate(parts) for parts in zip(*_blocks(values, length, step))]
    return {
        f"{channel}_{name}": found[:, k]
        for k, channel in enumerate(channels)
        for name, found in zip(FEATURES, made, strict=True)
    }


def _blocks(values: Array, length: int, step: int) -> Iterator[list[Array]]:
    """Every feature of some windows at a time."""
    windows = np.lib.stride_tricks.sliding_window_view(values, length, axis=0)[::step]
    for start in range(0, len(windows), AT_A_TIME):
        block = np.ascontiguousarray(windows[start : start + AT_A_TIME])
        yield [feature.of(block) for feature in FEATURES.values()]
