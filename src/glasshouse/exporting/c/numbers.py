"""Numbers and tables of numbers as C writes them."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from typing import Any

import numpy as np

__all__ = ["literal", "narrowest", "table", "whole_table"]

WIDTH = 108


def narrowest(values: Any, *, signed: bool = False) -> str:
    """The narrowest C type that holds these whole numbers."""
    low, high = (int(np.min(values)), int(np.max(values))) if len(values) else (0, 0)
    for bits in (8, 16, 32):
        if low >= 0 and high < 1 << bits and not signed:
            return f"uint{bits}_t"
        if low >= -(1 << (bits - 1)) and high < 1 << (bits - 1):
            return f"int{bits}_t"
    raise ValueError(f"{low} to {high} do not fit in 32 bits")


def literal(value: Any, real: str = "float") -> str:
    """A number with as few digits as make it the same float or double again.

    Examples
    --------
    >>> literal(0.1), literal(2), literal(-1e-20), literal(0.1, "double")
    ('0.1f', '2.0f', '-1e-20f', '0.1')
    """
    text = repr(float(str(np.float32(value)))) if real == "float" else repr(float(value))
    return f"{text}f" if real == "float" else text


def table(kind: str, name: str, words: Iterable[str]) -> str:
    """A constant array.

    Examples
    --------
    >>> print(table("uint8_t", "counts", ["1", "2"]))
    static const uint8_t counts[2] = {
        1, 2,
    };
    """
    words = list(words)
    lines = textwrap.wrap(", ".join(words) + ",", WIDTH, initial_indent="    ", subsequent_indent="    ")
    return "\n".join([f"static const {kind} {name}[{len(words)}] = {{", *lines, "};"])


def whole_table(name: str, values: Any, kind: str | None = None) -> str:
    """A constant array of whole numbers, in the narrowest type that holds them all unless one is named."""
    values = np.asarray(values).ravel()
    words = (str(v) if v > -(1 << 31) else "(-2147483647 - 1)" for v in values.tolist())
    return table(kind or narrowest(values), name, words)
