"""A table: named columns of text cells, all of one length, and what was found out about the file they came from."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy.typing as npt

from ..errors import TableError
from .cells import Cells
from .splitting import Split

__all__ = ["Dialect", "Sample", "Table", "listed"]

DELIMITERS = {",": "comma", "\t": "tab", ";": "semicolon", "|": "bar", " ": "blanks"}


@dataclass(frozen=True)
class Dialect:
    """How a file's cells are told apart and written."""

    delimiter: str = ","
    header: bool = True
    gzipped: bool = False
    encoding: str = "utf-8"
    decimal: str = "."

    def __str__(self) -> str:
        words = [DELIMITERS.get(self.delimiter, repr(self.delimiter)), "header" if self.header else "no header"]
        if self.encoding != "utf-8":
            words.append(self.encoding.upper())
        if self.decimal == ",":
            words.append("decimal comma")
        return ", ".join([*words, "gzip"] if self.gzipped else words)


@dataclass(frozen=True, eq=False)
class Sample:
    """What a table that holds some rows of a larger one knows of that.

    Attributes
    ----------
    whole : str
        SHA-256 of every cell of the larger table, in hexadecimal.
    parts : Split
        Which of the rows train, choose and judge.
    """

    whole: str
    parts: Split


@dataclass(frozen=True, eq=False)
class Table:
    """Named columns of text cells, all of one length; blanks around cells are gone.

    Attributes
    ----------
    name : str
        What the user called it, for messages.
    columns : dict of str to Cells
    dialect : Dialect or None
        None for a table that was not read from text.
    notes : tuple of str
        What was odd about the file, and how it was taken.
    sample : Sample or None
        Of what the rows are a sample, if they are one.
    """

    name: str
    columns: dict[str, Cells]
    dialect: Dialect | None = None
    notes: tuple[str, ...] = ()
    sample: Sample | None = None

    @property
    def n_rows(self) -> int:
        return len(next(iter(self.columns.values()))) if self.columns else 0

    @property
    def named(self) -> bool:
        """Whether the names are the file's own, rather than made by us."""
        return self.dialect is None or self.dialect.header

    def take(self, rows: npt.NDArray[Any]) -> Table:
        """The rows of these numbers, in their order."""
        return replace(self, columns={name: cells.take(rows) for name, cells in self.columns.items()}, sample=None)

    def resolve(self, column: str) -> str:
        """The name of a column given by name, by number from 1, or as ``last``.

        Raises
        ------
        TableError
            If there is no such column; the nearest name is offered, or the first few.
        """
        names = list(self.columns)
        if column in self.columns:
            return column
        if column == "last":
            return names[-1]
        if column.isascii() and column.isdecimal() and len(column) < 10 and 1 <= int(column) <= len(names):
            return names[int(column) - 1]
        near = difflib.get_close_matches(column, names, n=1)
        cure = f"did you mean {near[0]!r}?" if near else f"it has {listed(names)}"
        if len(names) == 1 and self.dialect is not None:
            cure += (
                f", one column: is {DELIMITERS.get(self.dialect.delimiter, self.dialect.delimiter)!r} the delimiter?"
            )
        raise TableError(f"{self.name} has no column {column!r}: {cure}")

    def __repr__(self) -> str:
        return f"<Table {self.name}: {self.n_rows} rows, {len(self.columns)} columns>"


def listed(names: Sequence[str], most: int = 8) -> str:
    """Names for a message: the first few, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(repr(name) if " " in name or not name else name for name in names[:most]) + more
