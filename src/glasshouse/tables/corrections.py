"""What the user says about columns, in place of what the rules would decide: kinds, columns left out, missing marks."""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pyarrow as pa
import pyarrow.compute as pc

from ..errors import OptionError, TableError, choose
from .columns import ENCODED, Column, describe
from .table import Table

__all__ = ["Corrections"]


@dataclass(frozen=True)
class Corrections:
    """Corrections of what was found out.

    Parameters
    ----------
    kinds : mapping of column to kind
        number, category, boolean or date.
    drop : sequence of columns
        Left out whatever they hold.
    missing : sequence of MARK or MARK@COLUMN
        Cells that mean missing, in every column or in one.

    Raises
    ------
    OptionError
        If a kind is none of these.
    """

    kinds: Mapping[str, str] = field(default_factory=dict)
    drop: Sequence[str] = ()
    missing: Sequence[str] = ()

    def __post_init__(self) -> None:
        for column, kind in self.kinds.items():
            choose(f"kind of column {column!r}", kind, ENCODED)
        for name in ("drop", "missing"):
            if isinstance(getattr(self, name), str) or not isinstance(getattr(self, name), Collection):
                raise OptionError(f"{name} is {getattr(self, name)!r}: it must be a list")

    @property
    def marks(self) -> dict[str, tuple[str, ...]]:
        """The missing marks of each column, those of every column under ''."""
        found: dict[str, tuple[str, ...]] = {}
        for word in self.missing:
            mark, _, column = word.rpartition("@") if "@" in word else (word, "", "")
            found[column] = (*found.get(column, ()), mark)
        return found

    def said(self, table: Table) -> dict[str, str]:
        """The kind that each column is said to be, 'dropped' among them, by the names of a table.

        Raises
        ------
        TableError
            If a column that is named does not exist, or two things are said of it.
        """
        kinds = {table.resolve(column): kind for column, kind in self.kinds.items()}
        drop = {table.resolve(column) for column in self.drop}
        for name in kinds.keys() & drop:
            raise TableError(f"column {name!r} is to be dropped and to be a {kinds[name]}: say one of them")
        return {**kinds, **dict.fromkeys(drop, "dropped")}

    def describe(self, table: Table, exclude: Sequence[str] = ()) -> list[Column]:
        """The columns of a table that `mark` has gone over, each with its kind.

        Raises
        ------
        TableError
            If a column that is named does not exist.
        """
        said = self.said(table)
        return [
            describe(name, cells.counted(), said.get(name))
            for name, cells in table.columns.items()
            if name not in exclude
        ]

    def mark(self, table: Table) -> Table:
        """The table with nulls where a cell is one of the marks."""
        return marked(table, self.resolved(table))

    def resolved(self, table: Table) -> dict[str, tuple[str, ...]]:
        """The missing marks by the names of a table."""
        return {table.resolve(column) if column else "": marks for column, marks in self.marks.items()}


def marked(table: Table, marks: Mapping[str, Sequence[str]]) -> Table:
    """A table with nulls where a cell is a mark of its column, or of every column; columns it lacks are passed over."""
    if not marks:
        return table
    columns = {}
    for name, cells in table.columns.items():
        gone = pa.array([*marks.get("", ()), *marks.get(name, ())], pa.string())
        columns[name] = cells.map(functools.partial(_without, gone)) if len(gone) else cells
    return replace(table, columns=columns)


def _without(gone: pa.Array, words: pa.Array) -> pa.Array:
    """The words, null in place of those that mean missing."""
    return pc.if_else(pc.is_in(words, value_set=gone), pa.scalar(None, pa.string()), words)
