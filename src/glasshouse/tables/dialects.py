"""How a file of text is cut into cells: delimiter, header and decimal mark, found out from its first rows."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from ..errors import TableError
from .table import DELIMITERS, Dialect
from .words import is_missing, is_number

__all__ = ["Found", "dialect_of", "pointed", "with_points"]

SAMPLE = 1 << 18  # bytes that decide
SAMPLE_ROWS = 1000
OTHERS = re.compile(r"[;\t|]")  # what a cell rarely holds, unless it was cut in the wrong place
COMMA_NUMBER = r"^[+-]?(?:[0-9]{1,3}(?:\.[0-9]{3})+|[0-9]+)?,[0-9]+(?:[eE][+-]?[0-9]+)?$"
GROUPED_NUMBER = r"^[+-]?[0-9]{1,3}(?:\.[0-9]{3})+$"  # 1.234.567, where the comma is the decimal mark
_COMMA_NUMBER, _POINT_NUMBER = re.compile(COMMA_NUMBER), re.compile(r"^[+-]?[0-9]*\.[0-9]+(?:[eE][+-]?[0-9]+)?$")


class Found(NamedTuple):
    """A dialect, the names of the columns, and how many columns a row has beyond the named ones."""

    dialect: Dialect
    names: list[str]
    unnamed_first: bool  # one name too few: the first column is the rows' own name


def with_points(cell: str) -> str:
    """A number written with a decimal comma, with a point; anything else as it is."""
    if _COMMA_NUMBER.match(cell):
        return cell.replace(".", "").replace(",", ".")
    return cell.replace(".", "") if re.match(GROUPED_NUMBER, cell) else cell


def pointed(words: pa.Array, decimal: str) -> pa.Array:
    """Words without blanks around them; numbers with a decimal comma become numbers with a point."""
    trimmed = pc.utf8_trim_whitespace(words)
    if decimal == ".":
        return trimmed
    commas = pc.match_substring_regex(trimmed, COMMA_NUMBER)
    grouped = pc.match_substring_regex(trimmed, GROUPED_NUMBER)
    points = pc.replace_substring(pc.replace_substring(trimmed, ".", ""), ",", ".")
    return pc.if_else(pc.or_(commas, grouped), points, trimmed)


def dialect_of(
    name: str, data: bytes, delimiter: str | None, header: bool | None, decimal: str | None, names: list[str] | None
) -> Found:
    """Find out what was not said.

    Raises
    ------
    TableError
        If the rows cannot be cut, or there are not as many names as columns.
    """
    text = data[:SAMPLE].decode("utf-8", errors="ignore")
    if len(data) > SAMPLE:
        text = text[: text.rfind("\n") + 1] or text
    candidates = [delimiter] if delimiter else list(DELIMITERS)
    best, rows = (
        max(((_score(name, text, candidate), candidate) for candidate in candidates), key=_rank(candidates))[1],
        [],
    )
    rows = [[cell.strip() for cell in row] for row in cut(name, text, best)[:SAMPLE_ROWS]]
    if not any(map(any, rows)):
        raise TableError(f"{name} is empty: a table needs at least a few rows")
    found_decimal = decimal or _decimal(rows)
    if found_decimal == ",":
        rows = [[with_points(cell) for cell in row] for row in rows]
    width = Counter(len(row) for row in rows[1:] or rows).most_common(1)[0][0]
    short = len(rows) > 1 and len(rows[0]) == width - 1
    found_header = _has_header(rows, width) or short if header is None else header
    dialect = Dialect(best, found_header, decimal=found_decimal)
    if names is not None:
        if len(names) != width:
            raise TableError(f"{name} has {width} columns, {len(names)} names were given: give one for each")
        return Found(dialect, _unique(names), False)
    if not found_header:
        return Found(dialect, [f"column_{k}" for k in range(1, width + 1)], False)
    return Found(dialect, _unique(["row", *rows[0]] if short else rows[0]), short)


def cut(name: str, text: str, delimiter: str) -> list[list[str]]:
    """The rows of a text, empty lines left out; blanks in front of a cell, and runs of them, do not count."""
    if delimiter == " ":
        text = "\n".join(line.strip() for line in text.splitlines())
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
        return [row for row in reader if row]
    except csv.Error as error:
        raise TableError(f"{name} cannot be read as a table ({error}): save it as CSV in UTF-8") from error


def _score(name: str, text: str, delimiter: str) -> float:
    """The most columns of one count wins, where few cells hold what would part them better."""
    rows = cut(name, text, delimiter)[:SAMPLE_ROWS]
    if not rows:
        return 0.0
    width, agreeing = Counter(len(row) for row in rows).most_common(1)[0]
    cells = [cell for row in rows[:100] for cell in row]
    whole = 1 - sum(OTHERS.search(cell) is not None for cell in cells) / len(cells)
    return (width if width > 1 else 0.5) * (agreeing / len(rows)) ** 4 * whole**2 * (0.9 if delimiter == " " else 1)


def _rank(candidates: list[str]) -> Callable[[tuple[float, str]], tuple[float, int]]:
    """The key by which the larger count wins, and among equals the candidate named first."""
    return lambda pair: (pair[0], -candidates.index(pair[1]))


def _decimal(rows: list[list[str]]) -> str:
    cells = [cell for row in rows for cell in row]
    commas = sum(_COMMA_NUMBER.match(cell) is not None for cell in cells)
    return "," if commas > sum(_POINT_NUMBER.match(cell) is not None for cell in cells) else "."


def _has_header(rows: list[list[str]], width: int) -> bool:
    """A first row without numbers, above a column of numbers or above columns that never repeat it."""
    first, body = rows[0], [row for row in rows[1:] if len(row) == width]
    if any(is_number(cell) for cell in first):
        return False
    if not body or len(first) != width:
        return not body
    columns = list(zip(*body, strict=True))
    if any(all(is_number(cell) or is_missing(cell) for cell in column) for column in columns):
        return True
    return not any(cell in column for cell, column in zip(first, columns, strict=True))


def _unique(names: list[str]) -> list[str]:
    """Name the nameless by their number, and tell namesakes apart."""
    unique: dict[str, None] = {}
    for k, name in enumerate(names, start=1):
        candidate, count = name or f"column_{k}", 2
        while candidate in unique:
            candidate, count = f"{name or f'column_{k}'}.{count}", count + 1
        unique[candidate] = None
    return list(unique)
