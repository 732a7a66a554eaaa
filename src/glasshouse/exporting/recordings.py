"""Windows of samples as sums that run: how what `windows` computes of a recording is counted, a sample at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..errors import OptionError, TableError, expect_number
from ..models.model import Model
from ..tables.table import Table
from ..tables.windows import FEATURES
from .columns import Column
from .counts import LARGEST, Counted, Counts, thresholds_of, unit_for
from .integer import Scale

__all__ = ["RUNNING", "Read", "Running", "Window", "always_there", "check_length", "window_counts", "window_of"]

Array = npt.NDArray[Any]
LONGEST = 8192  # samples, whose sums have 29 bits
WHOLE = 0.01  # of a count: how far from a whole number rounding leaves one
LONGEST_DEVIATION = 256  # samples, whose deviations are summed in 32 bits before they are divided


class Running(NamedTuple):
    """What runs for one feature: which part of a unit one count of it is, and how large it may get."""

    parts: Callable[[int], int]
    largest: Callable[[int], int]


RUNNING = {
    "mean": Running(lambda n: n, lambda n: LARGEST * n),
    "deviation": Running(lambda n: n, lambda n: LARGEST * n),
    "min": Running(lambda n: 1, lambda n: LARGEST),
    "max": Running(lambda n: 1, lambda n: LARGEST),
    "difference": Running(lambda n: n - 1, lambda n: 2 * LARGEST * (n - 1)),
    "crossings": Running(lambda n: 1, lambda n: n),
}


@dataclass(frozen=True)
class Read:
    """A column of the model: a feature of one channel."""

    channel: int
    feature: str


@dataclass(frozen=True)
class Window:
    """How recordings are cut, and what the model reads of them.

    Attributes
    ----------
    length, step : int
        In samples.
    channels : tuple of str
        In the order of a sample.
    reads : tuple of Read
        One for each column of the model.
    units : tuple of float
        What one count of each channel is.
    """

    length: int
    step: int
    channels: tuple[str, ...]
    reads: tuple[Read, ...]
    units: tuple[float, ...] = ()

    @property
    def at_once(self) -> int:
        """How many windows are open at a time."""
        return -(-self.length // self.step)

    @property
    def kept(self) -> tuple[int, ...]:
        """The channels whose samples are kept, for their deviation."""
        return tuple(sorted({read.channel for read in self.reads if read.feature == "deviation"}))


def window_of(model: Model, length: int, step: int | None) -> Window:
    """The window of a model that was trained on `windows`.

    Raises
    ------
    OptionError
        If a column is no feature of a channel, or the window is too long.
    """
    expect_number("length", length, lambda v: 2 <= v <= LONGEST, f"from 2 to {LONGEST} samples", whole=True)
    step = max(1, length // 2) if step is None else step
    expect_number("step", step, lambda v: 1 <= v <= LONGEST, f"from 1 to {LONGEST} samples", whole=True)
    channels = list(dict.fromkeys(name for name in map(_channel, model.encoder.names) if name))
    reads = []
    for encoding in model.encoder.encodings:
        channel = _channel(encoding.name)
        if not channel or encoding.kind not in ("number", "scaled", "plain"):
            raise OptionError(
                f"the model reads {encoding.name!r}, no feature of a window: train on windows, with --group recording"
            )
        reads.append(Read(channels.index(channel), encoding.name.removeprefix(f"{channel}_")))
    window = Window(length, step, tuple(channels), tuple(reads))
    if window.kept and length > LONGEST_DEVIATION:
        raise OptionError(
            f"length is {length}: the model reads a deviation, of at most {LONGEST_DEVIATION} samples: "
            "choose a shorter one, or drop such columns"
        )
    return window


def _channel(column: str) -> str:
    channel, _, feature = column.rpartition("_")
    return channel if feature in FEATURES else ""


def window_counts(
    window: Window, columns: Sequence[Column], inputs: Scale, n_features: int, table: Table
) -> tuple[Window, Counts]:
    """The window with the unit of each channel, by its smallest and largest samples in a table, and its counts.

    Raises
    ------
    TableError
        If the table does not hold them.
    """
    window = replace(window, units=tuple(unit_for(_extremes(table, channel)) for channel in window.channels))
    made = []
    for column, read in zip(columns, window.reads, strict=True):
        running = RUNNING[read.feature]
        unit = 1.0 if read.feature == "crossings" else window.units[read.channel] / running.parts(window.length)
        made.append((Counted.of(column.numbers[0], unit, inputs, running.largest(window.length)),))
    return window, Counts(tuple(columns), tuple(made), inputs, n_features, thresholds_of(inputs))


def always_there(column: Column) -> Column:
    """A column of a window: its sums are there as soon as the window is, so that nothing of it is ever missing."""
    return replace(column, numbers=tuple(replace(number, fill=None) for number in column.numbers), indicator=None)


def check_length(window: Window, table: Table) -> None:
    """See whether windows of this length can be those of a table.

    Raises
    ------
    OptionError
        If a mean of samples that are whole in their unit is none of so many, or there are more crossings than steps.
    """
    cure = "name the length they were cut with"
    for channel in window.channels:
        means, crossings = (_cells(table, f"{channel}_{feature}") for feature in ("mean", "crossings"))
        if crossings is not None and crossings.max(initial=0) >= window.length:
            raise OptionError(
                f"length is {window.length}, and a window of {table.name} has {crossings.max():g} crossings of "
                f"{channel!r}: {cure}"
            )
        ends = _extremes(table, channel)
        unit = unit_for(ends)
        if means is None or (np.abs(ends / unit - np.round(ends / unit)) > WHOLE).any():
            continue
        sums = means * window.length / unit
        if (np.abs(sums - np.round(sums)) > WHOLE + 1e-9 * np.abs(sums)).any():
            raise OptionError(
                f"length is {window.length}, and no {window.length} samples have the mean {means[0]:g} of {channel!r}, "
                f"as windows of {table.name} do: {cure}"
            )


def _cells(table: Table, name: str) -> Array | None:
    return table.columns[name].numbers(name) if name in table.columns else None


def _extremes(table: Table, channel: str) -> Array:
    names = [f"{channel}_{end}" for end in ("min", "max")]
    gone = [name for name in names if name not in table.columns]
    if gone:
        raise TableError(f"{table.name} lacks column {gone[0]!r}, by which samples are counted: give the whole windows")
    return np.concatenate([table.columns[name].numbers(name) for name in names])
