"""``glasshouse trace``: a training step of a small network, number by number."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .options import reading_options
from .show import echo_json, echo_lines

if TYPE_CHECKING:
    from ..models.tracing import Traced
    from ..tables.reading import Reading

__all__ = ["trace"]

FORMATS = ("text", "markdown", "latex", "html", "slides", "worksheet", "json")
PAGES = ("html", "slides", "worksheet")
MOST_LINES = 2_000


@click.command(epilog="Example: glasshouse trace example:course-sheet --only w5")
@click.argument("source", metavar="SPEC|MODEL")
@click.argument("table", required=False)
@click.option("--row", metavar="N", type=int, default=1, help="Of a MODEL: the row of TABLE, counted from 1.")
@click.option("--only", metavar="NAME", help="One number's story: w5, dL/dz3, and all that it comes from.")
@click.option("--steps", metavar="N", type=int, help="How many steps of training.")
@reading_options
@click.option("--to", type=click.Choice(FORMATS), default="text", show_default=True, help="What to write it as.")
@click.option("--decimals", metavar="N", type=int, default=4, show_default=True, help="How many are shown.")
@click.option("--carry", is_flag=True, help="Round every line and go on with that, as with a pocket calculator.")
@click.option("--fragment", is_flag=True, help="Of LaTeX: without a preamble, to put into a document.")
@click.option("--check-gradients", is_flag=True, help="Check every derivative by finite differences.")
@click.option("--losses", is_flag=True, help="The loss of every step alone, for long runs.")
@click.option("--out", metavar="FILE", help="Where it goes.  [default: standard output; pages: NAME.html]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead: the same as --to json.")
def trace(
    source: str,
    table: str | None,
    row: int,
    only: str | None,
    steps: int | None,
    reading: Reading,
    to: str,
    decimals: int,
    carry: bool,
    fragment: bool,
    check_gradients: bool,
    losses: bool,
    out: str | None,
    as_json: bool,
) -> None:
    """Work a training step of a small network out, number by number.

    SPEC is TOML or JSON: layers by size or by weights with names, inputs, targets, and the conventions; or example:NAME
    for one of course-sheet, half-and-half, perceptron-and, logistic-regression, dying-relu, softmax, xor. A MODEL is
    traced for one row of its table. Numbers are those of the kernels that train, in double precision.
    """
    from ..models.tracing import trace as work_out

    found = work_out(source, table, row=row, only=only, steps=steps, reading=reading)
    to = "json" if as_json else to
    if losses:
        refuse = {"--only": only, "--carry": carry, "--fragment": fragment, "--check-gradients": check_gradients}
        for flag in [flag for flag, given in refuse.items() if given]:
            raise click.UsageError(
                f"--losses prints a table of losses, and {flag} says how a trace looks: leave one out"
            )
        _losses(found, to, decimals)
        return
    if to == "json" and out is None:
        from ..tracing.printed import Printed

        differences = found.differences if check_gradients else None
        echo_json(Printed(found.trace, decimals, carry).to_dict(differences))
        return
    text = found.to(to, decimals=decimals, carry=carry, fragment=fragment, check_gradients=check_gradients)
    place = out or (_page_of(source) if to in PAGES else None)
    if place is not None:
        _write(place, text, source)
    elif to == "text":
        _show(text.splitlines(), found)
    else:
        click.echo(text, nl=False)


def _losses(found: Traced, to: str, decimals: int) -> None:
    from ..tracing.text import loss_table

    if to == "json":
        echo_json({"title": found.specification.title, "losses": found.losses})
    elif to == "text":
        echo_lines(["    step  loss", *(f"{step:>8}  {loss}" for step, loss in loss_table(found.losses, decimals))])
    else:
        raise click.UsageError(f"--losses prints text or json, not {to}: leave --to out")


def _page_of(source: str) -> str:
    name = source.removeprefix("example:")
    return str(
        Path(name).with_suffix(".html").name if source.startswith("example:") else Path(name).with_suffix(".html")
    )


def _write(place: str, text: str, source: str) -> None:
    from ..storage import checked_place, write_bytes

    write_bytes(checked_place(place, source), text.encode())
    click.echo(f"wrote {place}", err=True)


def _show(lines: list[str], found: Traced) -> None:
    """On a terminal in colours and, if it is long, not at all."""
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        echo_lines(lines)
        return
    if len(lines) > MOST_LINES:
        raise click.UsageError(
            f"this trace has {len(lines):,} lines: name one number with --only, or write it with --out FILE"
        )
    from rich.console import Console
    from rich.text import Text

    console = Console(width=shutil.get_terminal_size().columns, highlight=True)
    for line in lines:
        console.print(Text(line, "bold") if line and not line.startswith(" ") else line, markup=False, soft_wrap=True)
