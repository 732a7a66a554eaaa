"""``glasshouse diagnose``: what is wrong with a model, where, why, and what cures it."""

from __future__ import annotations

import shlex
import textwrap
from typing import TYPE_CHECKING, Any

import click

from .options import reading_options
from .report import Plan, also, ended, planned, report_option, written
from .show import echo_json, echo_lines, number, score_name

if TYPE_CHECKING:
    from ..health.findings import Diagnosis, Finding
    from ..models.diagnosing import Cure
    from ..tables.reading import Reading

__all__ = ["diagnose", "finding_lines"]

WIDTH = 110
CHECK_FAILED = 1


@click.command(epilog="Example: glasshouse diagnose titanic.glass --fail-on severe")
@click.argument("model")
@click.argument("table", required=False)
@reading_options
@click.option("--fix", is_flag=True, help="Train anew with one remedy after another, and keep the best.")
@click.option("--train", metavar="TABLE", help="Rows to train anew on, instead of those MODEL was trained on.")
@click.option(
    "--out", metavar="FILE", help="Where the better model goes.  [default: beside MODEL, as NAME.fixed.glass]"
)
@click.option("--fail-on", type=click.Choice(["severe", "warning"]), help="End with 1 if there is a finding this bad.")
@report_option(False, "Write a page about the model beside it, as NAME.html; with --fix, about the better one.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead.")
def diagnose(
    model: str,
    table: str | None,
    reading: Reading,
    fix: bool,
    train: str | None,
    out: str | None,
    fail_on: str | None,
    with_report: bool,
    as_json: bool,
) -> int:
    """Say what is wrong with MODEL, where, why, and what cures it, by the rows of TABLE.

    TABLE has the target column. While the table that MODEL was trained on lies beside it, TABLE may be left out.
    """
    from ..models.diagnosing import diagnose as look
    from ..models.verbs import model_of, place_beside, table_for

    inputs = (model, table, train)
    plan = planned(with_report, model, *inputs)
    better = planned(with_report, place_beside(model, out, ".fixed"), *inputs) if fix else plan
    diagnosis = look(model, table, reading=reading, fix=fix, train=train, out=out)
    cure = diagnosis.cure
    if with_report:
        plan = better if cure is not None and cure.helped else plan
        about = model if cure is None else diagnosis
        plan = written(plan, about, lambda: table_for(model, model_of(model), table, reading))
    if as_json:
        echo_json(_document(model, diagnosis, plan))
    else:
        echo_lines([*_found(model, diagnosis), *([] if cure is None else _cured(cure, plan))])
        if plan.place is not None and (cure is None or cure.path is None):
            echo_lines([f"wrote {shlex.quote(str(plan.place))}"])
    ended(plan, quiet=as_json)
    kept = diagnosis if diagnosis.cure is None else diagnosis.cure.after.diagnosis
    bad = {None: [], "severe": ["severe"], "warning": ["severe", "warning"]}[fail_on]
    return CHECK_FAILED if kept.worst in bad else 0


def _document(model: str, diagnosis: Diagnosis, plan: Plan) -> dict[str, Any]:
    document = {"model": model, **diagnosis.to_dict()}
    if plan.place is not None:
        document["report"] = str(plan.place)
    cure: Cure | None = diagnosis.cure
    if cure is not None:
        document["fix"] = {
            "helped": cure.helped,
            "model": None if cure.path is None else str(cure.path),
            "flags": cure.flags,
            "before": {"validation_score": cure.before.score, "worst": cure.before.diagnosis.worst},
            "after": {"validation_score": cure.after.score, **cure.after.diagnosis.to_dict()},
            "tried": len(cure.tried),
        }
    return document


def _found(model: str, diagnosis: Diagnosis) -> list[str]:
    head = "healthy" if diagnosis.healthy else f"{len(diagnosis.of('severe') + diagnosis.of('warning'))} findings"
    lines = [f"{model}: {head} on {diagnosis.rows:,} rows"]
    return lines + [line for finding in diagnosis.findings for line in finding_lines(finding)]


def finding_lines(finding: Finding) -> list[str]:
    """One finding: what was seen, and under it why and what to do."""
    rows = [
        (finding.severity, f"{finding.kind}: {finding.evidence}"),
        ("because", finding.cause),
        ("cure", finding.remedy),
    ]
    return [
        line
        for head, words in rows
        for line in textwrap.wrap(words, WIDTH, initial_indent=f"  {head:9}", subsequent_indent=" " * 11)
    ]


def _cured(cure: Cure, plan: Plan) -> list[str]:
    if not cure.helped:
        return [f"no remedy of {len(cure.tried)} tried did better on the validation rows: the model stays as it is"]
    lines = [f"{'':11}{'before':>14}{'after':>14}"]
    for part in ("validation", "test"):
        before, after = (model.scores.get(part, {}) for model in (cure.given, cure.model))
        for name in [name for name in after if name not in ("rows", "source") and name in before]:
            lines.append(
                f"  {part} {score_name(name)}".ljust(25)
                + f"{number(name, before[name]):>10}{number(name, after[name]):>14}"
            )
    found = [trial.diagnosis for trial in (cure.before, cure.after)]
    health = ["healthy" if diagnosis.healthy else str(diagnosis.worst) for diagnosis in found]
    lines.append("  health".ljust(25) + f"{health[0]:>10}{health[1]:>14}")
    if cure.flags:
        lines.append(f"  as flags of train: {cure.flags}")
    if cure.path is not None:
        file = shlex.quote(str(cure.path))
        lines.append(f"wrote {file}{also(plan)}     next: glasshouse predict {file} TABLE")
    return lines
