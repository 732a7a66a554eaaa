"""How a report names a score, a file, and what the encoder does with a column."""

from __future__ import annotations

from pathlib import Path

from ..drawing.words import number
from ..tables.encodings import (
    BooleanEncoding,
    CategoryEncoding,
    DateEncoding,
    Encoding,
    NumberEncoding,
    OneHotEncoding,
    ScaledEncoding,
)
from ..tables.table import Table

__all__ = ["encoded_as", "file_name", "score"]

ERRORS = ("rmse", "mae", "minus_mae")  # in the units of the target


def score(name: str, value: float | None) -> str:
    """A score with three decimals; an error in the target's units with four digits."""
    if value is None:
        return "–"
    return number(value) if name in ERRORS else f"{value:.3f}".replace("-0.000", "0.000")


def file_name(table: Table) -> str:
    """What a table is called, without the folders it lies in, which are nobody's business who reads the report."""
    return table.name if table.name.startswith("example:") else Path(table.name).name or table.name


def encoded_as(encoding: Encoding) -> str:
    """What the encoder does with the cells of a column."""
    if isinstance(encoding, NumberEncoding):
        words = [f"centred at median {number(encoding.median)}", f"scaled by {number(encoding.scale)}"]
        return ", ".join([*words, *["missing indicated"] * encoding.indicator])
    if isinstance(encoding, CategoryEncoding):
        levels = f"{len(encoding.levels)} level{'s' * (len(encoding.levels) != 1)}"
        rest = "rarer together" if encoding.levels else "all rare, taken together"
        together = [rest] * encoding.other + ["missing apart"] * encoding.missing
        return ", ".join([levels] * bool(encoding.levels) + together) or "nothing it could tell apart"
    if isinstance(encoding, BooleanEncoding):
        return ", ".join(["yes is 1, no is 0", *["missing is ½ and indicated"] * encoding.indicator])
    if isinstance(encoding, DateEncoding):
        return ", ".join([f"as {', '.join(encoding.parts)}" if encoding.parts else "whether it is there"])
    if isinstance(encoding, ScaledEncoding):
        words = [f"less {number(encoding.center)}", f"divided by {number(encoding.scale)}"]
        return ", ".join([*words, *["missing indicated"] * encoding.indicator])
    if isinstance(encoding, OneHotEncoding):
        return f"{len(encoding.levels)} levels"
    return "as it is"
