"""The struct of one raw row: its members in C, the enums of its codes, and the same bytes as a NumPy record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..columns import DATE_PARTS, Column, Number, needs_double
from ..counts import Counted
from ..plan import Plan
from .names import Names, in_comment, symbols

__all__ = ["Code", "Field", "Row"]

Array = npt.NDArray[Any]
DTYPES = {
    "float": np.float32,
    "double": np.float64,
    "int16_t": np.int16,
    "int32_t": np.int32,
    "uint8_t": np.uint8,
    "uint16_t": np.uint16,
}
SUMMED = {  # what a member of a window in whole numbers holds
    "mean": "the sum of {channel}",
    "deviation": "the mean distance of {channel} to its mean, times the length",
    "min": "the smallest {channel}",
    "max": "the largest {channel}",
    "difference": "the sum of how far {channel} moves",
    "crossings": "how often the sign of {channel} changes",
}


@dataclass(frozen=True)
class Field:
    """One member."""

    name: str
    kind: str
    comment: str
    counted: Counted | None = None

    @property
    def place(self) -> int:
        """Counts that are bent stand first, then the other counts."""
        return 2 if self.counted is None else 0 if self.counted.number.bent else 1


@dataclass(frozen=True)
class Code:
    """The enum of a column of codes: (enumerator, value, what it stands for)."""

    name: str
    words: tuple[tuple[str, int, str], ...]


def is_wide(number: Number) -> bool:
    """Whether a number has to be given as a double."""
    return needs_double(number.center, number.scale)


class Row:
    """How one row of a plan is written in C.

    Attributes
    ----------
    fields : list of Field
        Counts before all else, so that a loop can go over them.
    members : for each column, the members of its numbers or code
    flags : for each column, the member that says whether its numbers are missing, or ''
    codes : for each column, its enum or None
    classes : (enumerator, value, label) of each class
    """

    def __init__(self, plan: Plan):
        self.plan = plan
        self.fields: list[Field] = []
        self.members: list[list[str]] = []
        self.flags: list[str] = []
        self.codes: list[Code | None] = []
        names, enums = Names(), symbols(plan.name)
        for place, column in enumerate(plan.columns):
            counted = plan.counts.numbers[place] if plan.counts else ()
            members, flag = [], ""
            for k, number in enumerate(column.numbers):
                word = f"{column.name} {number.part}" if number.part else column.name
                members.append(names.new(word, "_missing"))
                counts = "int32_t" if plan.window else "int16_t"
                kind = counts if plan.counts else "double" if plan.real == "double" or is_wide(number) else "float"
                found = counted[k] if counted else None
                summed = plan.window is not None and plan.counts is not None
                comment = _summed(plan, place) if summed else _comment(column, number, found)
                self.fields.append(Field(members[-1], kind, comment, found))
            if column.numbers and column.may_miss and not plan.counts and not plan.window:
                flag = f"{members[0]}_missing"
                self.fields.append(Field(flag, "uint8_t", f"1 where {in_comment(column.name)} is missing; so is NaN"))
            code = None
            if column.codes is not None:
                members.append(names.new(column.name))
                code = _code(plan.name, members[0], column.codes.words, enums)
                kind = "uint8_t" if len(column.codes.words) <= 256 else "uint16_t"
                self.fields.append(Field(members[0], kind, f"enum {code.name}: {in_comment(column.name)}"))
            self.members.append(members)
            self.flags.append(flag)
            self.codes.append(code)
        self.classes = [
            (enums.new(f"{plan.name} class {word}", longest=len(plan.name) + 30).upper(), k, in_comment(word))
            for k, word in enumerate(plan.classes or [])
        ]
        self.fields.sort(key=lambda field: field.place)

    @property
    def counted(self) -> list[Counted]:
        """The counts, in the order of the struct."""
        return [field.counted for field in self.fields if field.counted is not None]

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype([(field.name, DTYPES[field.kind]) for field in self.fields], align=True)

    def records(self, raw: Sequence[Sequence[Array]]) -> Array:
        """Raw rows, numbers with NaN where one is missing or as counts, as the bytes of the struct."""
        made = np.zeros(len(raw[0][0]), self.dtype)
        for members, flag, parts in zip(self.members, self.flags, raw, strict=True):
            for member, part in zip(members, parts, strict=True):
                made[member] = np.nan_to_num(part)
            if flag:
                made[flag] = np.isnan(parts[0])
        return made


def _comment(column: Column, number: Number, counted: Counted | None) -> str:
    words = in_comment(column.name)
    words += f", {DATE_PARTS[number.part]}" if number.part else ""
    if counted is None:
        return words
    words += "" if counted.offset == 0 else f", less {counted.offset:.15g}"
    return words if counted.unit == 1 else f"{words}, in units of {counted.unit:g}"


def _summed(plan: Plan, place: int) -> str:
    assert plan.window is not None
    read = plan.window.reads[place]
    return SUMMED[read.feature].format(channel=in_comment(plan.window.channels[read.channel]))


def _code(prefix: str, member: str, words: Sequence[str], names: Names) -> Code:
    whole = names.new(f"{prefix} {member}", longest=200)
    made = [
        (names.new(f"{whole} {word}", longest=len(whole) + 24).upper(), value, in_comment(word))
        for value, word in enumerate(words)
    ]
    return Code(whole, tuple(made))
