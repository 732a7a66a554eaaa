"""``glasshouse sweep``: try many recipes, print the board, and what the best of them is worth on the test rows."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import click

from ..sweeping.default import DEFAULT
from .options import column_options, kinds_of, reading_options
from .progress import progress
from .show import echo_json, echo_lines, half_width, number, score_name

if TYPE_CHECKING:
    from ..models.model import Model
    from ..sweeping.board import Sweep
    from ..tables.reading import Reading

__all__ = ["sweep"]

INTERRUPTED = 130
HELP = f"""Try many recipes on TABLE, stop the hopeless ones early, and keep the best.

Trial 0 is what train does by itself; the others are drawn from a space. At a ninth and at a third of the epochs the
best third of the trials goes on. Validation rows choose; the best is trained again as train does it, judged on the test
rows beside the default, and saved. Trials stand in a folder as they come: after Ctrl-C, or a crash, --resume goes on
with them. Under mpirun they run on its ranks; Ctrl-C then ends the job, and --resume goes on from the last checkpoints.

SPACE is TOML: options of train (and criterion and keep, for prune), each with a list of choices or a range. Without it:

\b
{DEFAULT}"""


@click.command(help=HELP, epilog="Example: glasshouse sweep titanic.csv --target Survived --trials 27")
@click.argument("table")
@click.option("--target", required=True, help="The column to predict: its name, its number from 1, or 'last'.")
@click.option("--test", metavar="TABLE", help="Rows to judge by, instead of a fifth of TABLE.")
@column_options
@click.option("--weights", metavar="COL", help="The column that says how much each row counts.")
@click.option("--group", metavar="COL", help="Rows of one value stay on one side of the split.")
@click.option("--order", metavar="COL", help="Test on the latest rows by this column of dates or numbers.")
@reading_options
@click.option("--space", metavar="FILE", help="What to draw from, as TOML.  [default: as above]")
@click.option("--trials", type=int, default=27, show_default=True, metavar="N", help="How many recipes to try.")
@click.option("--metric", metavar="NAME", help="What chooses: log_loss, accuracy, roc_auc; of numbers rmse, r2, mae.")
@click.option("--workers", type=int, metavar="N", help="How many trials run at once.  [default: the processors]")
@click.option("--joblib", metavar="NAME", help="A backend of joblib to run them on, such as loky.  [default: threads]")
@click.option("--out", metavar="FOLDER", help="Where the trials go, the model beside it.  [default: TABLE.sweep]")
@click.option("--resume", is_flag=True, help="Go on with the trials of the folder; begin if there is none yet.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seeds the draws, and every trial.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead.")
def sweep(table: str, kinds: tuple[str, ...], reading: Reading, as_json: bool, **options: Any) -> int:
    from ..distributed.world import world
    from ..sweeping.sweep import sweep as sweep_recipes

    try:
        with progress(quiet=as_json) as watchers:
            found = sweep_recipes(table, kinds=kinds_of(kinds), reading=reading, watchers=watchers, **options)
    except KeyboardInterrupt as error:
        if not str(error):
            raise
        if world().rank == 0:
            click.echo(f"glasshouse: {error}", err=True)
        return INTERRUPTED
    if world().rank > 0:  # rank 0 speaks
        return 0
    if as_json:
        echo_json(found.to_dict())
    else:
        echo_lines(_screen(found))
    return 0


def _screen(found: Sweep) -> list[str]:
    return [*repr(found).splitlines(), *_few(found), *_judged(found), *_ending(found)]


def _few(found: Sweep) -> list[str]:
    if len(found.trials) == found.asked:
        return []
    from ..sweeping.draws import PATIENCE

    said = f"the space holds no more than {len(found.trials)} recipes"
    return [f"  {said if found.exhausted else f'{PATIENCE} draws brought no new recipe'}: {found.asked} were asked for"]


def _judged(found: Sweep) -> list[str]:
    """Both on the test rows, and whether they differ."""
    test = found.model.scores["test"]
    names = [name for name in test if name not in ("rows", "source")]
    lines = [
        f"  {'on ' + format(test['rows'], ',') + ' test rows':20}" + "".join(f"{score_name(n):>18}" for n in names)
    ]
    best = f"the best, trial {found.best.number}"
    for title, model in ((best, found.model), ("the default", found.default)):
        if model is not None:
            lines.append(f"  {title:20}" + "".join(f"{_with_interval(model, name):>18}" for name in names))
    if found.default is None:
        return [*lines, "  the default recipe diverges on this table"]
    if found.difference is None:
        return [*lines[:1], lines[2], "no recipe was better on the validation rows: the model is what train makes"]
    measure = "squared error" if "rmse" in names else "accuracy"
    word = {1: "better than the default, beyond chance (95 %)", -1: "worse than the default, beyond chance (95 %)"}
    verdict = word.get(found.difference.verdict, "no different from the default: what differs could be chance")
    return [*lines, f"row by row, by {measure}, the best is {verdict}"]


def _with_interval(model: Model, name: str) -> str:
    return f"{number(name, model.scores['test'][name])} {half_width(name, model.intervals[name])}"


def _ending(found: Sweep) -> list[str]:
    """How to make the model again, and what was written."""
    lines = [f"made by: {command}" for command in found.model.made_by]
    if found.path is not None:
        file = shlex.quote(str(found.path))
        lines.append(f"wrote {file}, trials in {found.folder}     next: glasshouse predict {file} TABLE")
    return lines
