"""The page of a report, written from its twin alone: the same twin is the same page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from ..drawing.look import palette, templates_in
from ..drawing.svg import SERIES
from ..drawing.words import listed, number, plain, share
from ..models.scores import score_name
from .figures import figures
from .words import score

__all__ = ["page"]

TEMPLATES = Path(__file__).parent / "templates"
MATRIX = 12  # classes whose confusions are shown as a matrix
CLASSES, ERRORS, COLUMNS, RANKED = 25, 12, 60, 30  # rows of a table on the page; the twin has them all
COMMANDS, BY_HAND, LETTERS = 64, 12, 400
SPARK = (96, 22)  # the box of a small histogram
SUBSTANCE = (  # rows of the table before and after
    ("connections", "nonzero", ",.0f"),
    ("hidden units", "units", ",.0f"),
    ("columns read", "columns", ",.0f"),
    ("file, bytes", "file_bytes", ",.0f"),
    ("flash as C, bytes (estimate)", "flash_bytes", ",.0f"),
    ("memory, bytes", "memory", ",.0f"),
    ("32 rows, µs", "batch_latency", ",.2f"),
    ("one row, µs", "row_latency", ",.2f"),
    ("an epoch, s", "epoch_seconds", ",.4f"),
)
PARTS = {
    "test": "test rows of {of}, which had no part in the training",
    "validation": "rows of {of} that chose the epoch, but trained nothing: they flatter a little",
    "training": "rows of {of}, which the network was trained on: they flatter it",
    "other": "rows of {of}",
}


def page(twin: Mapping[str, Any]) -> str:
    """The whole document."""
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            twin=twin,
            figures=figures(twin),
            styles=Markup(palette() + (TEMPLATES / "report.css").read_text("utf-8")),
            judged_rows=PARTS[twin["rows"]["part"]].format(of=plain(twin["rows"]["of"])),
            score_rows=_score_rows(twin["scores"]),
            matrix=_matrix(twin["judged"]),
            classes=_classes(twin["classes"]),
            ranked=_ranked(twin["importance"]),
            wired=_wired(twin["wiring"]),
            columns=_columns(twin),
            substance=_substance(twin["pruning"]),
            timed=any(" --latency" in command for command in twin["reproduction"]["commands"]),
        )
    )


@cache
def _environment() -> Environment:
    """Our templates, and what they may call."""
    found = templates_in(TEMPLATES, finalize=_quiet)
    found.filters |= {
        "plain": plain,
        "number": number,
        "share": share,
        "score": lambda value, name: score(name, value),
        "score_name": score_name,
        "listed": listed,
        "spark": _spark,
        "shown": _shown,
        "drawing": Markup,
    }
    found.globals |= {"ERRORS": ERRORS, "SERIES": SERIES, "COMMANDS": COMMANDS, "BY_HAND": BY_HAND}
    return found


def _quiet(value: Any) -> Any:
    """Text that moves nothing around it, wherever a template writes it."""
    return plain(value, len(value)) if type(value) is str and not value.isprintable() else value


def _shown(command: str) -> str:
    """A command; of a long one its beginning, and where all of it is: half a command is not to be pasted."""
    return plain(command, LETTERS) + (" in the twin" if len(command) > LETTERS else "")


def _score_rows(scores: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A row for each baseline and one for the network, each with a cell for every score."""
    names = list(scores["values"])
    rows = [
        {
            "name": baseline["name"],
            "own": False,
            "cells": [(name, baseline["scores"].get(name), None) for name in names],
        }
        for baseline in scores["baselines"] or []
    ]
    own = [(name, value["value"], (value["low"], value["high"])) for name, value in scores["values"].items()]
    return [*rows, {"name": "this network", "own": True, "cells": own}]


def _matrix(judged: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """The confusions row by row with the share of its row in each cell, where the classes are few."""
    confusion = judged["confusion"]
    if not confusion or len(judged["labels"]) > MATRIX or confusion["matrix"] is None:
        return None
    rows = []
    for place, (label, counts) in enumerate(zip(judged["labels"], confusion["matrix"], strict=True)):
        total = sum(counts) or 1
        rows.append(
            {"label": label, "place": place, "rows": sum(counts), "cells": [(count, count / total) for count in counts]}
        )
    return rows


def _classes(classes: Sequence[Mapping[str, Any]] | None) -> dict[str, Any] | None:
    """All classes, or of many those that are found worst."""
    if not classes:
        return None
    shown = classes if len(classes) <= CLASSES else sorted(classes, key=lambda row: float(row["f1"]))[:CLASSES]
    return {"shown": shown, "more": len(classes) - len(shown)}


def _ranked(importance: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The columns whose loss costs most, first, with the length of their bars."""
    if not importance or not (importance["columns"] or importance["left_out"]):
        return None
    every = sorted(importance["columns"], key=lambda column: -float(column["drop"]))
    most = max([1e-12, *(column["drop"] for column in every[:1])])
    shown = [{**column, "length": max(0.0, column["drop"] / most)} for column in every[:RANKED]]
    return {**importance, "shown": shown, "more": len(every) - len(shown)}


def _wired(wiring: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if not wiring:
        return None
    every = sorted(wiring["columns"], key=lambda column: (-float(column["paths"]), -float(column["strength"])))
    most = max(every[0]["paths"], 1e-12)
    shown = [{**column, "length": column["paths"] / most} for column in every[:RANKED]]
    return {**wiring, "shown": shown, "more": len(every) - len(shown)}


def _columns(twin: Mapping[str, Any]) -> dict[str, Any]:
    """All columns; of many the target and those that matter most, in the order of the table."""
    every = twin["table"]["columns"]
    if len(every) <= COLUMNS:
        return {"shown": every, "more": twin["table"]["left_out"]}
    drops = {column["name"]: column["drop"] for column in (twin["importance"] or {"columns": []})["columns"]}
    order = sorted(
        range(len(every)), key=lambda k: (every[k]["role"] != "target", -drops.get(every[k]["name"], -1e9), k)
    )
    shown = [every[k] for k in sorted(order[:COLUMNS])]
    return {"shown": shown, "more": len(every) - len(shown) + twin["table"]["left_out"]}


def _substance(pruning: Mapping[str, Any] | None) -> list[dict[str, str]]:
    """What the model takes and how good it is, before and after, and how many times less."""
    if not pruning or not pruning["met"]:
        return []
    before, after, rows = pruning["before"], pruning["after"], []
    for name, key, form in SUBSTANCE:
        one, other = before[key], after[key]
        if one is None or other is None:
            continue
        less = f"{one / other:.1f}×" if other and one > other else ""
        rows.append({"name": name, "before": format(one, form), "after": format(other, form), "less": less})
    for name, value in before["scores"].items():
        if name in after["scores"]:
            pair = [score(name, value), score(name, after["scores"][name])]
            rows.append({"name": f"test {score_name(name)}", "before": pair[0], "after": pair[1], "less": ""})
    return rows


def _spark(counts: Sequence[int]) -> Markup:
    """Bars as one small drawing: what they say is written beside them."""
    width, height = SPARK
    step, most = width / max(len(counts), 1), max(*counts, 1)
    bars = []
    for k, count in enumerate(counts):
        tall = max(height * count / most, 1.0 if count else 0.0)
        if count:
            x, wide = k * step, step - 1 if step > 3 else step * 0.8
            bars.append(f"M{x:.1f} {height}v-{tall:.1f}h{wide:.1f}v{tall:.1f}z")
    return Markup(
        f'<svg class="spark" viewBox="0 0 {width} {height}" aria-hidden="true"><path d="{"".join(bars)}"/></svg>'
    )
