"""``glasshouse trace``: a training step of a small network, number by number."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .options import reading_options
from .show import as_json_line, echo_lines

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
    from ..storage import checked_place, write_bytes

    if as_json and to not in ("text", "json"):
        raise click.UsageError(f"--json prints JSON and --to {to} does not: leave one out")
    to = "json" if as_json else to
    found = work_out(source, table, row=row, only=only, steps=steps, reading=reading)
    if losses:
        refuse = {"--only": only, "--carry": carry, "--fragment": fragment, "--check-gradients": check_gradients}
        for flag in [flag for flag, given in refuse.items() if given]:
            raise click.UsageError(
                f"--losses prints a table of losses, and {flag} says how a trace looks: leave one out"
            )
        text = _losses(found, to, decimals)
    else:
        text = found.to(to, decimals=decimals, carry=carry, fragment=fragment, check_gradients=check_gradients)
        text = as_json_line(json.loads(text)) if to == "json" else text
    place = out or (Path(source.removeprefix("example:")).with_suffix(".html") if to in PAGES else None)
    if place is not None:
        write_bytes(checked_place(place, source), text.encode())
        click.echo(f"wrote {place}", err=True)
    elif to == "text":
        _show(text.splitlines())
    else:
        click.echo(text, nl=False)


def _losses(found: Traced, to: str, decimals: int) -> str:
    from ..tracing.text import loss_table

    if to == "json":
        return as_json_line({"title": found.specification.title, "losses": found.losses})
    if to != "text":
        raise click.UsageError(f"--losses prints text or json, not {to}: leave --to out")
    rows = [f"{step:>8}  {loss}" for step, loss in loss_table(found.losses, decimals)]
    return "\n".join(["    step  loss", *rows]) + "\n"


def _show(lines: list[str]) -> None:
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

    console = Console()
    for line in lines:
        console.print(Text(line, "bold") if line and not line.startswith(" ") else line, markup=False, soft_wrap=True)
