"""``glasshouse predict``: a row of output for each row of a table."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import click

from .options import reading_options
from .show import echo_json, surprised

if TYPE_CHECKING:
    from ..tables.reading import Reading

__all__ = ["predict"]


@click.command(epilog="Example: glasshouse predict titanic.glass passengers.csv --out predictions.csv")
@click.argument("model")
@click.argument("table")
@reading_options
@click.option("--out", metavar="FILE", help="Write CSV here.  [default: standard output]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead.")
def predict(
    model: str,
    table: str,
    reading: Reading,
    out: str | None,
    as_json: bool,
) -> None:
    """Predict the rows of TABLE with MODEL: CSV with a column 'prediction', and a probability for each class."""
    from ..models.verbs import as_csv, predict_rows

    predictions, surprises = predict_rows(model, table, out, reading)
    for line in surprised(surprises):
        click.echo(line, err=True)
    if as_json:
        found = {"model": model, "rows": predictions.num_rows, "out": out, "unseen": surprises.unseen}
        echo_json({**found, "unreadable": surprises.unreadable, "predictions": predictions.to_pylist()})
    elif out is None:
        click.echo(as_csv(predictions), nl=False)
    else:
        file = shlex.quote(out)
        click.echo(f"wrote {file} ({predictions.num_rows:,} rows)", err=True)
