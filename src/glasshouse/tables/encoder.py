"""The encoding of a table: what was learned from the training rows to turn columns of text into a matrix of numbers."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import TableError
from ..storage import as_type, restored
from .blocks import Block
from .cells import Cells
from .columns import Column, describe
from .corrections import marked
from .encoded import Encoded, Surprises
from .encodings import ENCODINGS, Encoding, NumberEncoding
from .read import Read
from .sketches import Sketch
from .table import Table, listed

__all__ = ["Surprises", "TableEncoding"]


def natural(name: str) -> list[tuple[int, int, str]]:
    """The order people count in: column_2 before column_10."""
    return [(0, int(word), "") if word.isdecimal() else (1, 0, word) for word in re.split(r"([0-9]{1,9})", name)]


def _kept(name: str, columns: list[Column], exclude: tuple[str, ...]) -> list[Column]:
    """The columns that are learned from: the same network, in whatever order they stand."""
    kept = [column for column in columns if column.kept and column.name not in exclude]
    if not kept:
        raise TableError(f"{name} has no column to learn from: every one is empty, constant, an identifier or text")
    return sorted(kept, key=lambda column: natural(column.name))


@dataclass(frozen=True)
class TableEncoding:
    """Columns of text to a matrix (n_rows, n_features) of float32.

    Attributes
    ----------
    encodings : tuple of encodings, one a column
        In the order of their names.
    names : tuple of str
        All columns of the training table in their order, for tables without a header.
    exclude : tuple of str
        Those that are never read: the target, the weights.
    marks : dict of str to tuple of str
        Cells that mean missing beside the usual ones: of each column, and of every column under ''.

    Examples
    --------
    >>> from glasshouse.tables.reading import read_table
    >>> iris = read_table("example:iris")
    >>> encoder = TableEncoding.fit(iris, exclude=("target",))
    >>> encoder.transform(iris)[0].shape
    (150, 4)
    """

    encodings: tuple[Encoding, ...]
    names: tuple[str, ...]
    exclude: tuple[str, ...] = ()
    marks: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def fit(
        cls,
        table: Table,
        exclude: tuple[str, ...] = (),
        columns: list[Column] | None = None,
        marks: dict[str, tuple[str, ...]] | None = None,
    ) -> TableEncoding:
        """Learn from all rows of a table; `columns` are kinds already decided, over more rows than these.

        Raises
        ------
        TableError
            If no column is left to learn from.
        """
        if columns is None:
            columns = [describe(name, c.counted()) for name, c in table.columns.items() if name not in exclude]
        kept = _kept(table.name, columns, exclude)
        encodings = tuple(
            ENCODINGS[column.kind].fit(column.name, table.columns[column.name].counted()) for column in kept
        )
        return cls(encodings, tuple(table.columns), exclude, dict(marks or {}))

    @classmethod
    def of_sketches(
        cls,
        name: str,
        names: tuple[str, ...],
        sketches: Mapping[str, Sketch],
        columns: list[Column],
        exclude: tuple[str, ...] = (),
        marks: dict[str, tuple[str, ...]] | None = None,
    ) -> TableEncoding:
        """Learn from what bounded memory kept of a table called `name`, whose columns are `names`; see `fit`."""
        encodings = tuple(
            NumberEncoding.of(column.name, *sketches[column.name].numbers())
            if column.kind == "number"
            else ENCODINGS[column.kind].fit(column.name, sketches[column.name].counted())
            for column in _kept(name, columns, exclude)
        )
        return cls(encodings, names, exclude, dict(marks or {}))

    def keep(self, columns: Collection[str]) -> TableEncoding:
        """The encoding of these columns alone: others are not read any more, and may be absent.

        Raises
        ------
        TableError
            If it reads no column of one of these names.
        """
        known = [encoding.name for encoding in self.encodings]
        for name in columns:
            if name not in known:
                raise TableError(f"the encoding reads no column {name!r}: it has {listed(known)}")
        return replace(self, encodings=tuple(encoding for encoding in self.encodings if encoding.name in columns))

    @property
    def feature_names(self) -> list[str]:
        """The name of each column of the matrix, each its own."""
        names: dict[str, None] = {}
        for feature in (feature for encoding in self.encodings for feature in encoding.features):
            name, number = feature, 2
            while name in names:
                name, number = f"{feature}.{number}", number + 1
            names[name] = None
        return list(names)

    @property
    def bounds(self) -> npt.NDArray[np.float64]:
        """Between which numbers each column of the matrix lies, (2, n_features), whatever the table."""
        return np.array([pair for encoding in self.encodings for pair in encoding.bounds]).T

    def transform(self, table: Table) -> tuple[npt.NDArray[np.float32], Surprises]:
        """The matrix of a table that has the training table's columns, and what was odd about it; see `encode`."""
        encoded = self.encode(table)
        return encoded.dense(), encoded.surprises()

    def encode(self, table: Table) -> Encoded:
        """Read a table that has the training table's columns, by name, or by place where it has no header.

        Raises
        ------
        TableError
            If a column is missing, or a number is infinite.
        """
        cells = self.cells(marked(table, self.marks))
        reads = [encoding.read(column.known) for encoding, column in zip(self.encodings, cells, strict=True)]
        return Encoded(self.encodings, reads, [column.places for column in cells], table.n_rows)

    def encode_block(self, block: Block) -> Encoded:
        """The same for a block of a large table, whose numbers are not looked up word by word."""
        reads, places = [], []
        for encoding in self.encodings:
            if isinstance(encoding, NumberEncoding):
                values = block.numbers(encoding.name)
                unreadable = block.unreadable(encoding.name, values)
                reads.append(Read(encoding.codes(values), unreadable, np.zeros(block.n_rows, bool)))
                places.append(np.arange(block.n_rows))
            else:
                cells = block.cells(encoding.name)
                reads.append(encoding.read(cells.known))
                places.append(cells.places)
        return Encoded(self.encodings, reads, places, block.n_rows)

    def cells(self, table: Table) -> list[Cells]:
        """The columns it reads, by name, or by place where the table has no header."""
        names = self.columns_in(table)
        return [table.columns[names[encoding.name]] for encoding in self.encodings]

    def columns_in(self, table: Table) -> dict[str, str]:
        """What the columns it reads are called in a table: the same, or, without a header, what stands in their place.

        Raises
        ------
        TableError
            If one is missing.
        """
        if not table.named:
            return self._columns_by_place(table)
        gone = [encoding.name for encoding in self.encodings if encoding.name not in table.columns]
        if not gone:
            return {encoding.name: encoding.name for encoding in self.encodings}
        more = f" (and {len(gone) - 1} more)" if len(gone) > 1 else ""
        raise TableError(
            f"{table.name} lacks column {gone[0]!r}{more}, which the model was trained on: add it, empty if unknown"
        )

    def _columns_by_place(self, table: Table) -> dict[str, str]:
        """In a table without a header: all of the columns, or all but the target."""
        read = [name for name in self.names if name not in self.exclude]
        for names in (list(self.names), read):
            if len(names) == len(table.columns):
                return dict(zip(names, table.columns, strict=True))
        raise TableError(
            f"{table.name} has {len(table.columns)} columns and no header, the model was trained on {len(self.names)}: "
            "give the same columns in the same order, or a header"
        )

    def to_dict(self) -> dict[str, Any]:
        """The encoder as JSON holds it."""
        encodings = [{"kind": encoding.kind, **asdict(encoding)} for encoding in self.encodings]
        marks = {column: list(words) for column, words in self.marks.items()}
        return {"encodings": encodings, "names": list(self.names), "exclude": list(self.exclude), "marks": marks}

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> TableEncoding:
        """The encoder of `to_dict`."""
        encodings: list[Encoding] = []
        for settings in document["encodings"]:
            fields = dict(settings)
            encodings.append(restored(ENCODINGS[fields.pop("kind")], fields))
        names, exclude = (as_type(document[part], tuple[str, ...], part) for part in ("names", "exclude"))
        marks = {as_type(c, str, "marks"): as_type(w, tuple[str, ...], "marks") for c, w in document["marks"].items()}
        return cls(tuple(encodings), names, exclude, marks)
