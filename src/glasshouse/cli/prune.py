"""``glasshouse prune``: cut what a model does not need, and print what that saved."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import click

from .options import reading_options
from .progress import progress
from .report import Plan, also, ended, planned, report_option, written
from .show import echo_json, echo_lines, number, score_name

if TYPE_CHECKING:
    from ..models.pruning import Pruned
    from ..models.savings import Savings
    from ..pruning.budget import Point
    from ..tables.reading import Reading

__all__ = ["prune"]

NOT_MET = 1


@click.command(epilog="Example: glasshouse prune titanic.glass --max-drop 0.005")
@click.argument("model")
@click.argument("table", required=False)
@click.option("--density", type=float, metavar="SHARE", help="Keep this share of the connections, such as 0.05.")
@click.option(
    "--max-drop", type=float, metavar="DROP", help="Keep as few as cost no more of the metric.  [default: 0.005]"
)
@click.option("--size", type=int, metavar="BYTES", help="Keep as many as fit in a file of so many bytes.")
@click.option("--latency", type=float, metavar="µS", help="Keep as many as answer a row in so many microseconds.")
@click.option("--metric", metavar="NAME", help="What --max-drop is of: accuracy, roc_auc; r2, mae.")
@click.option("--criterion", metavar="NAME", default="magnitude", show_default=True, help="By what weights count.")
@click.option(
    "--grain",
    type=click.Choice(["weights", "units", "inputs"]),
    default="weights",
    show_default=True,
    help="What is cut in one piece.",
)
@click.option("--one-shot", is_flag=True, help="Cut once, instead of a little at a time.")
@click.option("--retrain/--no-retrain", default=True, show_default=True, help="Train after cuts.")
@click.option("--regrow", is_flag=True, help="Let cut weights return elsewhere while it trains.")
@click.option("--epochs", type=int, metavar="N", help="Of the last training.  [default: as 1500 steps need]")
@click.option("--compare", is_flag=True, help="Prune by every criterion, and print all frontiers.")
@click.option("--seeds", type=int, default=1, metavar="N", help="How often each is tried, for --compare.  [default: 1]")
@reading_options
@click.option(
    "--out", metavar="FILE", help="Where the pruned model goes.  [default: beside MODEL, as NAME-pruned.glass]"
)
@click.option("--checkpoint", metavar="FILE", help="Keep finished stages there, to go on after a stop.")
@click.option("--resume", is_flag=True, help="Go on from the checkpoint; begin if there is none yet.")
@report_option(None, "Write a page about the pruned model beside it, as NAME.html.  [default: where matplotlib is]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead.")
def prune(
    model: str, table: str | None, reading: Reading, with_report: bool | None, as_json: bool, **options: Any
) -> int:
    """Cut what MODEL does not need, train what is left, and print what that saved.

    TABLE has the target column. While the table that MODEL was trained on lies beside it, TABLE may be left out.
    Without a goal as few connections stay as cost no more than 0.005 of the metric. Ends with 1 if no cut meets the
    goal.
    """
    from ..models.pruning import prune as cut
    from ..models.verbs import place_beside, table_for

    intended = planned(with_report, place_beside(model, options["out"], "-pruned"), model, table)
    with progress(quiet=as_json) as watchers:
        found = cut(model, table, reading=reading, watchers=watchers, **options)
        plan = Plan(None)
        if found.met:
            plan = written(intended, found, lambda: table_for(model, found.given, table, reading), watchers)
    if as_json:
        echo_json(_document(model, found, plan))
    else:
        echo_lines(_screen(model, found, options, plan))
    ended(plan, quiet=as_json)
    return 0 if found.met else NOT_MET


def _document(model: str, found: Pruned, plan: Plan) -> dict[str, Any]:
    return {
        "model": model,
        "pruned": None if found.path is None else str(found.path),
        "report": None if plan.place is None else str(plan.place),
        **found.to_dict(),
        "seconds": found.seconds,
    }


def _screen(model: str, found: Pruned, options: dict[str, Any], plan: Plan) -> list[str]:
    what = {"weights": "connections", "units": "hidden units", "inputs": "inputs"}[found.grain]
    lines = [f"{model}: by {found.criterion}, {what}; {score_name(found.metric)} of {found.chosen_by} decides"]
    lines += _frontier(found.frontier, found.metric, found.density if found.met else None)
    for name, points in found.compared.items():
        cells = "".join(f"{number(found.metric, point.score):>9}" for point in points)
        if name == next(iter(found.compared)):
            lines.append("  criterion, kept".ljust(24) + "".join(f"{point.density:>9.1%}" for point in points))
        lines.append(f"  {name:22}{cells}")
    if not found.met:
        return [*lines, "no cut meets the goal: the model stays as it is, and nothing was written"]
    lines += [f"{'':24}{'before':>14}{'after':>14}{'':>10}", *_savings(found.before, found.after)]
    gone = found.given.encoder.encodings
    kept = {encoding.name for encoding in found.model.encoder.encodings}
    unread = [encoding.name for encoding in gone if encoding.name not in kept]
    if unread:
        from .show import named

        lines.append(f"  no longer read: {named(unread)}")
    if found.path is not None:
        file = shlex.quote(str(found.path))
        lines.append(f"wrote {file}{also(plan)}     next: glasshouse predict {file} TABLE")
    return [*lines, plan.said] if plan.said else lines


def _frontier(points: list[Point], metric: str, kept: float | None) -> list[str]:
    lines = [f"  {'kept':>8}{score_name(metric):>12}{'drop':>16}"] if points else []
    for point in points:
        mark = "  <- kept" if kept == point.density else ""
        drop = f"{point.drop:+.4f} ± {point.error:.4f}"
        lines.append(f"  {point.density:>8.1%}{number(metric, point.score):>12}{drop:>18}{mark}")
    return lines


def _savings(before: Savings, after: Savings) -> list[str]:
    """Before, after, and how many times less."""
    rows: list[tuple[str, float | None, float | None, str]] = [
        ("connections", before.nonzero, after.nonzero, ",.0f"),
        ("hidden units", before.units, after.units, ",.0f"),
        ("columns read", before.columns, after.columns, ",.0f"),
        ("file, bytes", before.file_bytes, after.file_bytes, ",.0f"),
        ("flash as C, bytes (est.)", before.flash_bytes, after.flash_bytes, ",.0f"),
        ("memory, bytes", before.memory, after.memory, ",.0f"),
        ("32 rows, µs", before.batch_latency, after.batch_latency, ",.2f"),
        ("one row, µs", before.row_latency, after.row_latency, ",.2f"),
        ("an epoch, s", before.epoch_seconds, after.epoch_seconds, ",.4f"),
    ]
    lines = []
    for name, one, other, form in rows:
        if one is not None and other is not None:
            times = f"{one / other:>9.1f}x" if other and one != other else ""
            lines.append(f"  {name:24}{one:>12{form}}{other:>14{form}}{times}")
    for name in before.scores:
        if name in after.scores:
            pair = [number(name, side.scores[name]) for side in (before, after)]
            lines.append(f"  test {score_name(name):19}{pair[0]:>12}{pair[1]:>14}")
    return lines
