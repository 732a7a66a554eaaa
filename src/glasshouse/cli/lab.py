"""``glasshouse lab``: list the claims, or run some as experiments and print what the data say of them."""

from __future__ import annotations

import shlex
import textwrap
from typing import TYPE_CHECKING, Any

import click

from .progress import progress
from .show import echo_json, echo_lines

if TYPE_CHECKING:
    from ..laboratory.lab import Lab
    from ..laboratory.records import Record

__all__ = ["lab"]

WIDTH, NAME, INDENT = 110, 10, 12
HELP = """Run claims about neural networks as experiments; without a name, list them.

CLAIM is a name from the list. Its rule stands before anything runs; the verdict (supported, refuted, or what it depends
on) comes out of pairs that differ in nothing else, by 95 % intervals, the same way for every claim. The page has a
picture, the rule and the numbers of each; beside it they stand as JSON."""


@click.command(help=HELP, epilog="Example: glasshouse lab init-relu-he")
@click.argument("claims", nargs=-1, metavar="[CLAIM]...")
@click.option("--all", "every", is_flag=True, help="Run every claim.")
@click.option("--runs", type=int, default=1, show_default=True, metavar="N", help="Do it N times, from other seeds.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seeds the first run; the next has the next.")
@click.option("--workers", type=int, metavar="N", help="Repetitions at once, untimed.  [default: the processors]")
@click.option("--to", default="page", show_default=True, metavar="FORM", help="page, or slides: a folder of pictures.")
@click.option("--out", metavar="PATH", help="Where it goes.  [default: CLAIM.html or lab.html; for slides a folder]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead.")
def lab(claims: tuple[str, ...], every: bool, as_json: bool, **options: Any) -> int:
    from ..laboratory.lab import lab as decide

    with progress(quiet=as_json) as watchers:
        found = decide(claims, every=every, watchers=watchers, **options)
    if as_json:
        echo_json(found.to_dict())
    elif every or claims:
        echo_lines(_decided(found))
    else:
        echo_lines(_listed(found))
    return 0


def _listed(found: Lab) -> list[str]:
    """Every claim by its name, kind by kind."""
    return [*repr(found).splitlines(), "next: glasshouse lab CLAIM, or glasshouse lab --all"]


def _decided(found: Lab) -> list[str]:
    few = len({record.experiment for record in found.records}) == 1
    lines = [line for record in found.records for line in _whole(record)] if few else repr(found).splitlines()
    words = [record.verdict.word for record in found.records if record.verdict is not None]
    counts = ", ".join(f"{words.count(word)} {word}" for word in dict.fromkeys(words))
    if len(found.records) > 1:
        agreeing = sum(record.agrees for record in found.records)
        of_all = f"; {agreeing} of {len(words)} the same in all {found.runs} runs" if found.runs > 1 else ""
        lines.append(f"{counts}{of_all}")
    return [*lines, *_written(found)]


def _whole(record: Record) -> list[str]:
    """One claim: what was asked and measured, the rule, each case, the verdict."""
    from ..laboratory.records import evidence

    verdict, experiment = record.verdict, record.experiment
    assert verdict is not None
    lines = [record.claim.says]
    for name, text in (("question", experiment.question), ("setting", experiment.setting), ("rule", record.rule)):
        lines += _wrapped(name, text)
    name = "found"
    for found in verdict.found:
        lines += _wrapped(name, evidence(record.claim.rule, found, experiment.over))
        name = ""
    said = verdict.told()
    if len(record.verdicts) > 1:
        said += f" (in {len(record.verdicts)} runs: {', '.join(each.word for each in record.verdicts)})"
    return [*lines, *_wrapped("verdict", said), *_wrapped("when", record.claim.when)]


def _wrapped(name: str, text: str) -> list[str]:
    first = f"  {name:{NAME}}"
    return textwrap.wrap(text, WIDTH, initial_indent=first, subsequent_indent=" " * INDENT, break_long_words=False)


def _written(found: Lab) -> list[str]:
    if not found.written:
        return []
    folder = found.written[0].parent
    if found.written[0].suffix != ".html":
        return [f"wrote {len(found.written)} pictures in {shlex.quote(str(folder))}"]
    return [f"wrote {', '.join(shlex.quote(str(path)) for path in found.written)}"]
