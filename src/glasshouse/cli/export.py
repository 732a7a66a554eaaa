"""``glasshouse export``: a model as C99 or ONNX, measured and proved."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import click

from .options import reading_options
from .progress import progress
from .show import echo_json, echo_lines, number, score_name

if TYPE_CHECKING:
    from ..exporting.contract import Contract
    from ..exporting.export import Exported
    from ..exporting.judged import Judged
    from ..tables.reading import Reading

__all__ = ["export"]

NOT_MET = 1


@click.command(epilog="Example: glasshouse export gesture.glass --to c --int8 --table gestures.csv")
@click.argument("model")
@click.option("--to", type=click.Choice(["c", "onnx"]), default="c", show_default=True, help="What to write.")
@click.option("--out", metavar="PATH", help="The folder of C, the file of ONNX.  [default: beside MODEL]")
@click.option("--int8", is_flag=True, help="Weights and activations as int8.")
@click.option(
    "--inputs",
    type=click.Choice(["float", "int16"]),
    help="Numbers of a row as they are, or as counts.  [default: float; int16 with --int8]",
)
@click.option(
    "--encoder/--no-encoder", default=True, show_default=True, help="Of ONNX: raw columns in, or encoded ones."
)
@click.option("--table", metavar="TABLE", help="Rows that set scales and prove.  [default: MODEL's own, beside it]")
@click.option(
    "--test", metavar="TABLE", help="Rows that judge what int8 costs.  [default: test rows of MODEL's own table]"
)
@click.option("--name", metavar="NAME", help="Before every symbol and file of C.  [default: as MODEL]")
@click.option(
    "--mcu",
    type=click.Choice(["cortex-m0plus", "cortex-m4", "cortex-m7"]),
    help="What the sizes are of.  [default: cortex-m0plus]",
)
@click.option("--flash", metavar="BYTES", help="Prune on until it takes no more, such as 12k.")
@click.option("--ram", metavar="BYTES", help="The same of memory, the stack and a row with it.")
@click.option("--max-drop", type=float, metavar="DROP", help="What that may cost of the metric.  [default: 0.005]")
@click.option("--length", type=int, metavar="N", help="Samples in a window, of a model of windows: C takes samples.")
@click.option("--step", type=int, metavar="N", help="Samples between their starts.  [default: half a length]")
@reading_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead.")
def export(model: str, reading: Reading, as_json: bool, **options: Any) -> int:
    """Write MODEL as C99 or ONNX, raw columns in and label out, and prove on rows that it is the model.

    C needs no more than a C99 compiler: no memory is allocated, weights stay in flash. With --int8 it needs no floating
    point either. Ends with 1 if a limit of --flash or --ram cannot be kept, or if the proof fails.
    """
    from ..exporting.export import export as write

    with progress(quiet=as_json) as watchers:
        found = write(model, reading=reading, watchers=watchers, **options)
    if as_json:
        echo_json(_document(model, found))
    else:
        echo_lines(_screen(model, found))
    return 0 if found.met and (found.proof.holds or found.proof.reason) else NOT_MET


def _document(model: str, found: Exported) -> dict[str, Any]:
    return {
        "model": model,
        "to": found.to,
        "met": found.met,
        "files": [str(file) for file in found.files],
        "proof": {**found.proof.__dict__, "holds": found.proof.holds},
        "size": None
        if found.size is None
        else {**found.size.__dict__, "flash": found.size.flash, "ram": found.size.ram},
        "scores": None if found.scores is None else found.scores.__dict__,
        "contract": None if found.contract is None else found.contract.__dict__,
    }


def _screen(model: str, found: Exported) -> list[str]:
    lines = [*_pruned(found.contract)] if found.contract else []
    if found.size is not None:
        from ..exporting.c.export import size_lines

        lines += [f"  {line}" for line in size_lines(found.size)]
    lines += _judged(found.scores, found.model.task) if found.scores else []
    if not found.proof.holds and not found.proof.reason:
        return [
            *lines,
            f"  refuted   {found.proof}",
            "the proof failed, and nothing was written: please report it, with the model",
        ]
    if not found.met:
        return [*lines, "no cut keeps the limits: the nearest that was found is above, and nothing was written"]
    lines.append(f"  proof     {found.proof}")
    if not found.files:
        return lines
    place = shlex.quote(str(found.files[0].parent if found.to == "c" else found.files[0]))
    what = f"{', '.join(file.name for file in found.files)} in {place}" if found.to == "c" else place
    lines.append(f"wrote {what}")
    if found.to == "c":
        lines.append(f"next: make -C {place} test")
    return lines


def _pruned(contract: Contract) -> list[str]:
    wanted = [f"{n:,} bytes of {what}" for n, what in ((contract.flash, "flash"), (contract.ram, "memory")) if n]
    lines = [f"to keep {' and '.join(wanted)}, {score_name(contract.metric)} may drop by {contract.max_drop:g}"]
    lines.append(f"  {'kept':>8}{'drop':>10}{'flash':>12}{'memory':>10}")
    for density, drop, flash, ram in contract.tried:
        lines.append(f"  {density:>8.2%}{drop:>+10.4f}{flash:>12,}{ram:>10,}")
    return lines


def _judged(scores: Judged, task: str) -> list[str]:
    from ..exporting.judged import PARTS

    lines = []
    if scores.after:
        lines.append(f"  {f'{scores.rows:,} {PARTS[scores.part]}':30}{'model':>12}{'int8':>12}")
    for name, before in scores.before.items():
        pair = number(name, before), number(name, scores.after[name])
        lines.append(f"  {score_name(name):30}{pair[0]:>12}{pair[1]:>12}")
    what = "within 1 % of the spread" if task == "regression" else "labels as the model's"
    return [*lines, f"  {what:30}{scores.same:>24,} of {scores.rows:,} rows"]
