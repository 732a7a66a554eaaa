"""``glasshouse inspect``: what a model or a table holds."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import click

from .options import column_options, kinds_of, reading_options
from .show import echo_json, echo_lines, half_width, named, number, score_name

if TYPE_CHECKING:
    from ..tables.reading import Reading

__all__ = ["inspect"]


@click.command(epilog="Example: glasshouse inspect titanic.csv")
@click.argument("source", metavar="MODEL|TABLE")
@column_options
@reading_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead.")
def inspect(
    source: str,
    kinds: tuple[str, ...],
    drop: tuple[str, ...],
    missing: tuple[str, ...],
    reading: Reading,
    as_json: bool,
) -> None:
    """Say what a model (a .glass file) or a table holds, and what training on it would drop."""
    from ..models.verbs import inspect as look

    found = look(source, kinds=kinds_of(kinds), drop=drop, missing=missing, reading=reading)
    if as_json:
        echo_json(found)
    else:
        echo_lines(_model(source, found) if found["kind"] == "model" else _table(found))


def _model(path: str, found: dict[str, Any]) -> list[str]:
    recipe = found["recipe"]
    classes = f", classes {named(found['classes'])}" if found["classes"] else ""
    lines = [f"{path}: {found['task']} of {found['target']}{classes}"]
    lines.append(
        f"  {len(found['columns'])} columns as {found['features']} inputs; "
        f"{found['parameters']:,} parameters, {found['dtype']}"
    )
    for k, layer in enumerate(found["layers"], start=1):
        size = f"{layer['fan_in']} to {layer['fan_out']}"
        filled = f", multiplied as {layer['multiplied']:,}" if layer["multiplied"] > layer["weights"] else ""
        lines.append(
            f"  layer {k}     {layer['kind']:8}{size:14}{layer['activation']:10}{layer['weights']:,} weights{filled}"
        )
    lines.append(
        f"  trained     {recipe['loss']}, {recipe['optimizer']['name']}, learning rate {recipe['learning_rate']:g} "
        f"({recipe['schedule']['name']}), batches of {recipe['batch_size']}, seed {recipe['seed']}, "
        f"epoch chosen by {score_name(found['metric'])}"
    )
    for part in ("validation", "test"):
        scores = found["scores"].get(part, {})
        ends = found["intervals"] if part == "test" else {}
        words = [
            " ".join([score_name(n), number(n, v), *([half_width(n, ends[n])] if n in ends else [])])
            for n, v in scores.items()
            if n not in ("rows", "source")
        ]
        source = f", {scores['source']}" if "source" in scores else ""
        lines.append(f"  {part:12}{', '.join(words)} ({scores.get('rows', 0):,} rows{source})")
    if found["refit"]:
        lines.append("  refit       on all rows since: the scores are of the network before")
    lines += [f"  {'made by' if k == 0 else 'then':12}{command}" for k, command in enumerate(found["made_by"])]
    lines += [f"  {'by hand':12}{'; '.join(found['by_hand'])}"] if found["by_hand"] else []
    return [*lines, f"next: glasshouse predict {shlex.quote(path)} TABLE"]


def _table(found: dict[str, Any]) -> list[str]:
    dialect = f", {found['dialect']}" if found["dialect"] else ""
    lines = [f"{found['name']}: {found['rows']:,} rows, {len(found['columns'])} columns{dialect}"]
    lines += [f"  {note}" for note in found["notes"]]
    lines.append(f"  {'column':24}{'kind':12}{'missing':>9}{'distinct':>10}  {'first':14}because")
    for column in found["columns"]:
        mark = " (dropped)" if column["dropped"] else ""
        odd = f", {column['unreadable']} not ({named([column['example']])!r})" if column["unreadable"] else ""
        lines.append(
            f"  {named([column['name']])[:23]:24}{column['kind']:12}{column['missing']:>9,}{column['distinct']:>10,}"
            f"  {named([column['example']])[:12]:14}{column['reason'][:60]}{odd}{mark}"
        )
    return [*lines, f"next: glasshouse train {shlex.quote(found['name'])} --target COLUMN"]
