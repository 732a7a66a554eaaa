"""``glasshouse evaluate``: scores of a model on rows that have the target."""

from __future__ import annotations

import click

from .options import reading_of, reading_options
from .show import echo_json, named, number, score_name, surprised

__all__ = ["evaluate"]

WHICH = {
    "test": "test rows of {table}, held out of its training",
    "training": "rows of {table}, which it was trained on: the scores flatter it",
    "other": "rows of {table}",
}


@click.command(epilog="Example: glasshouse evaluate adult.glass adult_test.csv")
@click.argument("model")
@click.argument("table", required=False)
@reading_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead.")
def evaluate(
    model: str,
    table: str | None,
    delimiter: str | None,
    header: bool | None,
    encoding: str | None,
    decimal: str | None,
    names: str | None,
    as_json: bool,
) -> None:
    """Score MODEL on the rows of TABLE, which has the target column.

    Of the very table that MODEL was trained on, only the test rows count. While that lies beside MODEL, TABLE may be
    left out.
    """
    from ..models.verbs import evaluate as evaluate_rows

    judgement = evaluate_rows(model, table, reading=reading_of(delimiter, header, encoding, decimal, names))
    if as_json:
        unknown, unseen = judgement.labels.unknown, judgement.surprises.unseen
        echo_json(
            {
                "model": model,
                "rows": judgement.rows,
                "part": judgement.part,
                **judgement.scores,
                "unknown_labels": unknown,
                "unseen": unseen,
            }
        )
        return
    click.echo(f"{judgement.rows:,} {WHICH[judgement.part].format(table=table or 'its table')}")
    for name, value in judgement.scores.items():
        click.echo(f"  {score_name(name):10}{number(name, value):>12}")
    if judgement.labels.missing.any():
        click.echo(f"  left out  {judgement.labels.missing.sum():,} rows without the target", err=True)
    for line in surprised(judgement.surprises):
        click.echo(line, err=True)
    if judgement.labels.unknown:
        click.echo(f"  labels    {named(judgement.labels.unknown)}: never seen in training, counted as wrong", err=True)
