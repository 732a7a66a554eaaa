"""Options that several verbs share: how a table is read, and what is said about its columns."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from ..tables.reading import Reading

__all__ = ["column_options", "kinds_of", "reading_options"]

Command = Callable[..., Any]


def reading_options(command: Command) -> Command:
    """How a file is written, where what is found out is not what it is: five options, one argument `reading`."""

    @functools.wraps(command)
    def read(
        *,
        delimiter: str | None,
        header: bool | None,
        encoding: str | None,
        decimal: str | None,
        names: str | None,
        **others: Any,
    ) -> Any:
        return command(reading=_reading(delimiter, header, encoding, decimal, names), **others)

    for option in reversed(
        [
            click.option("--delimiter", metavar="SIGN", help="A sign, or comma, tab, semicolon, bar, blanks."),
            click.option("--header/--no-header", default=None, help="Whether the first row holds the names."),
            click.option("--encoding", metavar="NAME", help="utf-8, latin-1, utf-16, …"),
            click.option("--decimal", type=click.Choice([".", ","]), help="The decimal mark."),
            click.option("--names", metavar="A,B,…", help="The names of the columns, in place of the file's own."),
        ]
    ):
        read = option(read)
    return read


def column_options(command: Command) -> Command:
    """What columns are, where what the rules decide is not what they are."""
    for option in reversed(
        [
            click.option(
                "--as",
                "kinds",
                metavar="COL=KIND",
                multiple=True,
                help="Take a column as number, category, boolean, date.",
            ),
            click.option("--drop", metavar="COL", multiple=True, help="Leave a column out."),
            click.option(
                "--missing",
                metavar="MARK[@COL]",
                multiple=True,
                help="A cell that means missing, in every column or in one.",
            ),
        ]
    ):
        command = option(command)
    return command


def _reading(
    delimiter: str | None, header: bool | None, encoding: str | None, decimal: str | None, names: str | None
) -> Reading:
    from ..tables.reading import Reading

    words = None if names is None else tuple(name.strip() for name in names.split(","))
    return Reading("\t" if delimiter == "\\t" else delimiter, header, encoding, decimal, words)


def kinds_of(words: Sequence[str]) -> dict[str, str]:
    """COL=KIND, several times, as a mapping."""
    found = {}
    for word in words:
        column, sign, kind = word.rpartition("=")
        if not sign:
            raise click.BadParameter(f"{word!r} has no '=': write --as COLUMN=KIND")
        found[column] = kind
    return found
