"""``glasshouse evaluate``: scores of a model on rows that have the target."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .options import reading_options
from .show import echo_json, echo_lines, named, number, score_name, surprised

if TYPE_CHECKING:
    from ..models.scores import ClassScores
    from ..tables.reading import Reading

__all__ = ["evaluate"]

MOST_CLASSES = 12
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
    reading: Reading,
    as_json: bool,
) -> None:
    """Score MODEL on the rows of TABLE, which has the target column.

    Of the very table that MODEL was trained on, only the test rows count. While that lies beside MODEL, TABLE may be
    left out.
    """
    from ..models.verbs import evaluate as evaluate_rows

    judgement = evaluate_rows(model, table, reading=reading)
    if as_json:
        unknown, unseen = judgement.labels.unknown, judgement.surprises.unseen
        echo_json(
            {
                "model": model,
                "rows": judgement.rows,
                "part": judgement.part,
                **judgement.scores,
                "intervals": judgement.intervals,
                "classes": [row._asdict() for row in judgement.classes],
                "unknown_labels": unknown,
                "unseen": unseen,
            }
        )
        return
    click.echo(f"{judgement.rows:,} {WHICH[judgement.part].format(table=table or 'its table')}")
    for name, value in judgement.scores.items():
        low, high = judgement.intervals[name]
        click.echo(f"  {score_name(name):10}{number(name, value):>12}   {number(name, low)} to {number(name, high)}")
    echo_lines(_by_class(judgement.classes))
    if judgement.labels.missing.any():
        click.echo(f"  left out  {judgement.labels.missing.sum():,} rows without the target", err=True)
    for line in surprised(judgement.surprises):
        click.echo(line, err=True)
    if judgement.labels.unknown:
        click.echo(f"  labels    {named(judgement.labels.unknown)}: never seen in training, counted as wrong", err=True)


def _by_class(classes: list[ClassScores]) -> list[str]:
    """A table of the classes; of many, those that are found worst."""
    if not classes:
        return []
    shown = classes if len(classes) <= MOST_CLASSES else sorted(classes, key=lambda row: row.f1)[:MOST_CLASSES]
    width = max(10, *(len(named([str(row.label)])) for row in shown))
    lines = [f"  {'class':{width}}{'rows':>10}{'precision':>11}{'recall':>9}{'F1':>9}"]
    lines += [
        f"  {named([str(row.label)]):{width}}{row.rows:>10,}{row.precision:>11.3f}{row.recall:>9.3f}{row.f1:>9.3f}"
        for row in shown
    ]
    if len(classes) > len(shown):
        lines.append(f"  and {len(classes) - len(shown)} more, found better: --json has them all")
    return lines
