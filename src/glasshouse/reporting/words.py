"""How a report says things: numbers, scores, names, lists, and one sentence for each fact that deserves one."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

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

__all__ = ["encoded_as", "file_name", "listed", "number", "plain", "score", "sentence", "share"]

ERRORS = ("rmse", "mae", "minus_mae")  # in the units of the target
HARMLESS = "\u00a0\u200c\u200d"  # a blank that does not break, joiners of letters: they move nothing
LONGEST = 60


def score(name: str, value: float | None) -> str:
    """A score with three decimals; an error in the target's units with four digits."""
    if value is None:
        return "–"
    return number(value) if name in ERRORS else f"{value:.3f}".replace("-0.000", "0.000")


def number(value: float | None, digits: int = 4) -> str:
    """A number as people write it: thousands apart, no more digits than it is worth.

    Examples
    --------
    >>> number(20640), number(0.123456), number(1234567.8), number(1e-9)
    ('20,640', '0.1235', '1,234,568', '1e-09')
    """
    if value is None:
        return "–"
    if abs(value) >= 10 ** (digits - 1) and abs(value) < 1e15:
        return f"{value:,.0f}"
    return f"{value:.{digits}g}"


def share(value: float) -> str:
    """Per cent, with a decimal where that tells anything.

    Examples
    --------
    >>> share(0.5), share(0.0625), share(0.0004)
    ('50\\xa0%', '6.2\\xa0%', '0.04\\xa0%')
    """
    per_cent = 100 * value
    return f"{per_cent:.0f}\u00a0%" if per_cent >= 10 or per_cent == 0 else f"{per_cent:.2g}\u00a0%"


def plain(text: Any, longest: int = LONGEST) -> str:
    """Text that can move nothing around it: what does not print, or turns the direction of writing, becomes a sign.

    Examples
    --------
    >>> plain("a\\x00b\\u202ec"), plain("long " * 30, 12)
    ('a�b�c', 'long long l…')
    """
    text = str(text)
    text = text if len(text) <= longest else text[: longest - 1] + "…"
    return "".join(c if c.isprintable() or c in HARMLESS else "�" for c in text)


def listed(names: Iterable[Any], most: int = 8, longest: int = 32) -> str:
    """The first few, and how many more there are."""
    every = [plain(name, longest) for name in names]
    return ", ".join(every[:most]) + (f" and {len(every) - most:,} more" if len(every) > most else "")


def file_name(table: Table) -> str:
    """What a table is called, without the folders it lies in, which are nobody's business who reads the report."""
    return table.name if table.name.startswith("example:") else Path(table.name).name or table.name


def sentence(words: str) -> str:
    """Words with a capital and a full stop, where there are any."""
    return f"{words[0].upper()}{words[1:]}." if words else ""


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
