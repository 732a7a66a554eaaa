"""``glasshouse report``: one page about a model, to be read by somebody who never saw it."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from ..errors import GlasshouseError, OptionError
from .options import reading_options
from .show import echo_json, echo_lines, score_name

if TYPE_CHECKING:
    from ..reporting.report import Report
    from ..tables.reading import Reading
    from ..training.watchers import Watcher

__all__ = ["Plan", "also", "ended", "planned", "report", "report_option", "written"]

Command = Callable[..., Any]


@click.command(epilog="Example: glasshouse report titanic.glass")
@click.argument("model")
@click.argument("table", required=False)
@reading_options
@click.option("--out", metavar="FILE", help="Where the page goes.  [default: beside MODEL, as NAME.html]")
@click.option("--json", "as_json", is_flag=True, help="Print the twin, all that the page says, as one JSON object.")
def report(model: str, table: str | None, reading: Reading, out: str | None, as_json: bool) -> None:
    """Write a page about MODEL, judged by the rows of TABLE, which has the target column.

    It says how good the model is, where it errs, how it learned, whether it is healthy, what it leans on, and how to
    make it again; it is one file, which loads nothing. While the table that MODEL was trained on lies beside it, TABLE
    may be left out; the rows that judge are then those held out of the training.
    """
    from ..reporting.report import report as write

    found = write(model, table, out=out, reading=reading)
    if as_json:
        echo_json(found.twin)
    else:
        echo_lines(_screen(model, found))


def _screen(model: str, found: Report) -> list[str]:
    head = found.twin["headline"]
    health = "healthy" if head["healthy"] else f"{head['findings']} findings"
    line = f"{model}: {score_name(head['score'])} {head['value']:.3f} on {head['rows']:,} rows, {health}"
    return [line, *([] if found.path is None else [f"wrote {found.path}"])]


def report_option(default: bool | None, what: str) -> Callable[[Command], Command]:
    """--report and --no-report of the verbs that can write one beside their model."""
    return click.option("--report/--no-report", "with_report", default=default, help=what)


class Plan(NamedTuple):
    """Where a report goes, None for nowhere, what is to be said of that, and whether it was asked for.

    `failure` is what kept one that was asked for from being written: it is raised once all the rest was said.
    """

    place: Path | None
    said: str = ""
    asked: bool = False
    failure: Exception | None = None


def planned(asked: bool | None, model: str | os.PathLike[str] | None, *inputs: Any) -> Plan:
    """Find out, before any work is done, where the report on a model will go.

    One that nobody asked for is left out where it cannot be, and that is said.

    Raises
    ------
    GlasshouseError
        If it was asked for, and there is nothing to draw with or nowhere to write.
    """
    from ..drawing.look import require_drawing
    from ..reporting.place import page_beside

    if asked is False or (asked is None and model is None):
        return Plan(None)
    try:
        if model is None:
            raise OptionError("no model is written, and a report stands beside one: give --out, or leave --report out")
        require_drawing("a report")
        return Plan(page_beside(model, *inputs), asked=bool(asked))
    except GlasshouseError as error:
        if asked:
            raise
        return Plan(None, f"no report: {error}; --no-report leaves it out")


def written(plan: Plan, about: Any, rows: Callable[[], Any], watchers: Sequence[Watcher] = ()) -> Plan:
    """Write the report there, judged by these rows; whatever goes wrong takes nothing else of the verb with it."""
    if plan.place is None:
        return plan
    from ..reporting.report import report as write

    for watcher in watchers:
        watcher.stage("writing the report")
    try:
        write(about, rows(), out=plan.place)
    except KeyboardInterrupt:
        return _unwritten(plan, GlasshouseError("interrupted: glasshouse report writes it from the model"))
    except Exception as error:  # scores of an hour of training are still to be printed
        return _unwritten(plan, error)
    return plan


def _unwritten(plan: Plan, error: Exception) -> Plan:
    if plan.asked:
        return Plan(None, failure=error)
    ours = isinstance(error, GlasshouseError | OSError)
    why = str(error) if ours else f"internal error: {type(error).__name__}: {error}: please report it"
    return Plan(None, f"no report: {' '.join(why.split())}; --no-report leaves it out")


def ended(plan: Plan, *, quiet: bool) -> None:
    """The end of a verb: raise what kept a report from being written, and say on stderr what JSON does not."""
    if plan.failure is not None:
        raise plan.failure
    if plan.said and quiet:
        click.echo(plan.said, err=True)


def also(plan: Plan) -> str:
    """What stands behind the model in the line that says what was written."""
    return "" if plan.place is None else f", {shlex.quote(str(plan.place))}"
