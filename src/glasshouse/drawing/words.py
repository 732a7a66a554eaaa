"""How every page says things: numbers, shares, names, lists, sentences."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

__all__ = ["listed", "number", "plain", "sentence", "share"]

HARMLESS = "\u00a0\u200c\u200d"  # a blank that does not break, joiners of letters: they move nothing
LONGEST = 60


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


def sentence(words: str) -> str:
    """Words with a capital and a full stop, where there are any."""
    return f"{words[0].upper()}{words[1:]}." if words else ""
