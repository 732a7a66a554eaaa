"""How results look on a terminal: numbers, names, counts, and the one JSON object."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from ..tables.encoder import Surprises

__all__ = [
    "SCHEMA_VERSION",
    "as_json_line",
    "counted",
    "echo_json",
    "echo_lines",
    "half_width",
    "named",
    "number",
    "score_name",
    "surprised",
]

SCHEMA_VERSION = 1


def score_name(name: str) -> str:
    """What people call a score."""
    from ..models.scores import score_name as called

    return called(name)


def number(name: str, value: float) -> str:
    """A score with three decimals; errors in the target's units with four digits."""
    if name in ("rmse", "mae"):
        return f"{value:,.4g}" if value < 1000 else f"{value:,.0f}"
    return f"{value:.3f}"


def half_width(name: str, interval: tuple[float, float]) -> str:
    """'± 0.060': how far a score may be off by chance."""
    low, high = interval
    return f"± {number(name, (high - low) / 2)}"


def counted(counts: Mapping[str, int], most: int = 6) -> str:
    """'Cabin 687, Age 177': the largest first, the rest as how many columns more."""
    ranked = sorted(counts.items(), key=lambda pair: -pair[1])
    more = f" and {len(ranked) - most} more columns" if len(ranked) > most else ""
    return ", ".join(f"{named([name])} {count:,}" for name, count in ranked[:most]) + more


def named(names: Iterable[str], most: int = 6) -> str:
    """Names as they can be told apart and fit on a line."""
    every = [name if len(name) <= 32 else name[:31] + "…" for name in names]
    every = ["".join(c if c.isprintable() else "�" for c in name) for name in every]
    return ", ".join(every[:most]) + (f" and {len(every) - most} more" if len(every) > most else "")


def echo_lines(lines: Iterable[str]) -> None:
    """Print lines that cannot write to the terminal anything but text: names in tables are not ours."""
    for line in lines:
        click.echo("".join(c if c.isprintable() else "�" for c in line))


def surprised(surprises: Surprises) -> list[str]:
    """A line each for unseen categories and for cells that are no numbers."""
    lines = []
    if surprises.unseen:
        lines.append(f"  unseen    {counted(surprises.unseen)}: new categories, taken as other")
    if surprises.unreadable:
        lines.append(f"  no number {counted(surprises.unreadable)}: taken as missing")
    return lines


def echo_json(document: Mapping[str, Any]) -> None:
    """Print one object with `schema_version` in it; NaN becomes null."""
    click.echo(as_json_line(document), nl=False)


def as_json_line(document: Mapping[str, Any]) -> str:
    """The line that `echo_json` prints."""
    from ..storage import finite

    whole = {"schema_version": SCHEMA_VERSION, **finite(document)}
    return json.dumps(whole, ensure_ascii=False, allow_nan=False) + "\n"
