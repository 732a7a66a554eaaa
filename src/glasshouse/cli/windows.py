"""``glasshouse windows``: sensor recordings as a table to train on."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import click

from .options import reading_options
from .show import echo_json

if TYPE_CHECKING:
    from ..tables.reading import Reading

__all__ = ["windows"]


@click.command(epilog="Example: glasshouse windows punch.csv flex.csv --length 119 --out gestures.csv")
@click.argument("files", nargs=-1, required=True)
@click.option("--length", type=int, required=True, metavar="N", help="Samples in a window.")
@click.option("--step", type=int, metavar="N", help="Samples between their starts.  [default: half a length]")
@click.option(
    "--label",
    metavar="COL",
    default="from-file",
    show_default=True,
    help="The column to predict, or from-file: the name of its file.",
)
@click.option(
    "--recording",
    metavar="COL",
    default="blank-lines",
    show_default=True,
    help="The column that names recordings, or blank-lines, which part them.",
)
@click.option("--drop", metavar="COL", multiple=True, help="Leave a column out that is no channel.")
@reading_options
@click.option("--out", metavar="FILE", help="Write CSV here.  [default: standard output]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead.")
def windows(
    files: tuple[str, ...],
    length: int,
    step: int | None,
    label: str,
    recording: str,
    drop: tuple[str, ...],
    reading: Reading,
    out: str | None,
    as_json: bool,
) -> None:
    """Cut the sensor recordings in FILES into windows, one row of features each.

    Of each channel: mean, mean absolute deviation, min, max, mean absolute difference of neighbours, zero crossings. No
    window reaches over the end of a recording or a change of label. Train with --group recording, so that windows of
    one recording stay on one side of the split.
    """
    from ..models.verbs import as_csv, cut

    found, too_short = cut(files, length, step, label, recording, drop, out, reading)
    if as_json:
        echo_json({"rows": found.num_rows, "too_short": too_short, "out": out, "windows": found.to_pylist()})
        return
    if too_short:
        click.echo(f"  left out  {too_short:,} stretches shorter than {length} samples", err=True)
    if out is None:
        click.echo(as_csv(found), nl=False)
        return
    target = found.column_names[1]
    click.echo(f"wrote {shlex.quote(out)} ({found.num_rows:,} windows, {found.num_columns - 2} features)", err=True)
    click.echo(f"next: glasshouse train {shlex.quote(out)} --target {shlex.quote(target)} --group recording", err=True)
