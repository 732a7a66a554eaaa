"""``glasshouse check``: mark a solution made by hand, or a class of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .options import reading_options
from .show import echo_json, echo_lines

if TYPE_CHECKING:
    from ..tables.reading import Reading
    from ..tracing.classroom import ClassMarks
    from ..tracing.verdicts import Marking

__all__ = ["check"]

CHECK_FAILED = 1
NOT_READ = 2


@click.command(epilog="Example: glasshouse check example:course-sheet solution.md")
@click.argument("source", metavar="SPEC|MODEL")
@click.argument("answers", required=False)
@click.option("--row", metavar="N", type=int, default=1, help="Of a MODEL: the row of its table, counted from 1.")
@click.option("--blank", is_flag=True, help="Print the header of a table for a class, and mark nothing.")
@click.option("--hint", type=click.IntRange(1, 3), help="Only a hint: 1 the line, 2 its rule, 3 its formula.")
@click.option("--out", metavar="DIR", help="Of a class: the folder for marks.csv, a page a student, class.html.")
@reading_options
@click.option("--fail-on", type=click.Choice(["wrong"]), help="End with 1 if a line is wrong.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead.")
def check(
    source: str,
    answers: str | None,
    row: int,
    blank: bool,
    hint: int | None,
    out: str | None,
    reading: Reading,
    fail_on: str | None,
    as_json: bool,
) -> int:
    """Mark a solution made by hand: every line, the first wrong one, and the slip behind it.

    ANSWERS is CSV or JSON of name and value, or text or Markdown with lines such as w5 = 0.4 - 0.3 * 0.1634 = 0.3510.
    Of a class, it is a table with a row a student, or a folder. It must be typed: no handwriting is read.
    """
    from ..models.tracing import check as mark
    from ..tracing.verdicts import Marking

    if blank:
        others = {"ANSWERS": answers, "--hint": hint, "--out": out, "--fail-on": fail_on, "--json": as_json}
        for other in [other for other, given in others.items() if given]:
            raise click.UsageError(f"--blank prints an empty table, and {other} is for marking: leave one out")
        _blank(source, row)
        return 0
    if answers is None:
        raise click.UsageError("there are no ANSWERS to check: name a file, or print an empty table with --blank")
    found = mark(source, answers, row=row, out=out, reading=reading)
    if isinstance(found, Marking):
        if hint is not None and as_json:
            raise click.UsageError("--hint prints a few words, and --json is for every line: leave one out")
        if hint is not None:
            from ..tracing.hints import hint as hint_at

            echo_lines(hint_at(found, hint).splitlines())
        elif as_json:
            echo_json(found.to_dict())
        else:
            echo_lines(_solution(found))
        return CHECK_FAILED if fail_on and found.first is not None else 0
    if hint is not None:
        raise click.UsageError("--hint is for one student alone, and this is a class: leave it out")
    if as_json:
        echo_json(found.to_dict())
    else:
        echo_lines(_class(found))
    for marks in found.problems:
        click.echo(f"glasshouse: {marks.student}: {marks.problem}", err=True)
    return NOT_READ if found.problems else CHECK_FAILED if fail_on and found.first_mistakes else 0


def _blank(source: str, row: int) -> None:
    from ..models.tracing import trace
    from ..tracing.classroom import blank_header

    click.echo(blank_header(trace(source, row=row).trace), nl=False)


def _solution(found: Marking) -> list[str]:
    names = max((len(line.name) for line in found.lines), default=0)
    numbers = max((len(line.answer.written) for line in found.lines), default=0)
    lines = []
    for line in found.lines:
        said = line.because + (" (placed by its formula)" if line.answer.placed else "")
        number, value = f"line {line.answer.line}", line.answer.written
        lines.append(f"  {number:9} {line.name:{names}}  {value:>{numbers}}  {line.verdict:9}  {said}")
    lines = [line.rstrip() for line in lines]
    lines += [f"note: {note}" for note in found.notes]
    if found.missing:
        lines.append(f"not written down: {', '.join(found.missing[:8])}{' …' if len(found.missing) > 8 else ''}")
    first = found.first
    lines.append(f"first wrong: {first.name}, line {first.answer.line}" if first is not None else "no line is wrong")
    return [*lines, f"score: {found.score:g} of {found.possible:g}"]


def _class(found: ClassMarks) -> list[str]:
    rows = found.rows()
    width = min(max(len(row["student"]) for row in rows), 32)
    lines = [f"  {row['student'][:width]:{width}}  {row['score']:>6}  {row['feedback']}" for row in rows]
    first = ", ".join(f"{name} {count}" for name, count in list(found.first_mistakes.items())[:6])
    if first or any(marks.marking is not None for marks in found.students):
        lines.append(f"first mistakes: {first}" if first else "nobody made a mistake")
    if found.out is not None:
        lines.append(f"wrote {found.out}/marks.csv, {len(rows)} pages, class.html")
    return lines
