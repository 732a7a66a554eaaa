"""Frames as tables: pandas, polars or whatever narwhals knows, their cells as text like those of a file."""

from __future__ import annotations

import math
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ..errors import TableError
from .cells import Cells
from .table import Table
from .words import EXACT, doubles, written_as

__all__ = ["table_of", "text_of"]


def table_of(X: Any, name: str = "the frame") -> Table:
    """A frame, or an array (n_rows, n_columns), whose columns are then called x1, x2 and so on.

    What the frame calls missing is missing; numbers, dates and words are as they would be written.

    Raises
    ------
    TableError
        If it is no frame, has no columns, or two of one name.

    Examples
    --------
    >>> import pandas as pd
    >>> table_of(pd.DataFrame({"age": [31, None], "city": ["Bern", "Ulm"]})).columns["age"].to_pylist()
    ['31', None]
    """
    if isinstance(X, Table):
        return X
    try:
        frame = nw.from_native(X, eager_only=True)
    except TypeError:
        return _table_of_array(X, name)
    except nw.exceptions.NarwhalsError as error:
        raise TableError(f"{name} cannot be read: {' '.join(str(error).split())}: rename the columns") from error
    names = [str(column) for column in frame.columns]
    twice = sorted({column for column in names if names.count(column) > 1})
    if twice or not names:
        raise TableError(f"{name} has two columns {twice[0]!r}: rename one" if twice else f"{name} has no columns")
    return Table(name, {column: _cells(cells) for column, cells in zip(names, frame.iter_columns(), strict=True)})


def _table_of_array(X: Any, name: str) -> Table:
    array = np.asarray(X)
    if array.ndim != 2:
        raise TableError(f"{name} is {type(X).__name__} of shape {array.shape}: give a frame, or an array of two axes")
    cells = array.astype(object)
    return Table(name, {f"x{k + 1}": Cells.of([_word(cell) for cell in cells[:, k]]) for k in range(array.shape[1])})


def _cells(column: nw.Series[Any]) -> Cells:
    """The cells of a column, null where the frame has nothing: numbers as numbers, all else as text."""
    try:
        cells = column.to_arrow()
        cells = cells.combine_chunks() if isinstance(cells, pa.ChunkedArray) else cells
        values = _numbers_of(cells)
        return Cells.of(text_of(cells)) if values is None else Cells.of_numbers(values, written_as(cells.type))
    except (pa.ArrowException, OverflowError, TypeError):  # objects of several types
        missing = column.is_null().to_list()
        words = [None if gone else _word(cell) for gone, cell in zip(missing, column.to_list(), strict=True)]
        return Cells.of(words)


def _numbers_of(cells: pa.Array) -> npt.NDArray[np.float64] | None:
    """A column of a type of numbers as such, unless some would not be told apart."""
    whole, single = pa.types.is_integer(cells.type), pa.types.is_float32(cells.type)
    if not (whole or single or pa.types.is_float64(cells.type)):
        return None
    if single:  # the number that is written
        cells = pc.cast(cells, pa.string())
    values = doubles(pc.cast(cells, pa.float64(), safe=False))
    return None if whole and (np.abs(values) >= EXACT).any() else values


def text_of(cells: pa.Array) -> pa.Array:
    """The cells of an Arrow array as text, null where there is nothing."""
    if pa.types.is_dictionary(cells.type):
        cells = cells.dictionary_decode()
    if pa.types.is_boolean(cells.type):
        cells = pc.if_else(cells, "True", "False")
    if pa.types.is_timestamp(cells.type):
        cells = pc.strftime(pc.cast(cells, pa.timestamp("s"), safe=False), "%Y-%m-%d %H:%M:%S")
    if pa.types.is_floating(cells.type):
        cells = pc.if_else(pc.is_nan(cells), pa.scalar(None, cells.type), cells)
    return pc.utf8_trim_whitespace(pc.cast(cells, pa.string()))


def _word(cell: Any) -> str | None:
    gone = cell is None or (isinstance(cell, float) and math.isnan(cell))
    return None if gone else str(cell).strip()
