"""The lines of C that take samples one at a time and keep the sums of every open window."""

from __future__ import annotations

import textwrap
from typing import Any

from ..plan import Plan
from ..recordings import Window
from .names import in_comment
from .row import Row

__all__ = ["pushing"]

# of a member m, a sample s and the sample before it b: with the first sample of a window, with each of the others
FIRST = {
    "mean": "{m} = {s};",
    "min": "{m} = {s};",
    "max": "{m} = {s};",
    "difference": "{m} = 0;",
    "crossings": "{m} = 0;",
}
NEXT = {
    "mean": "{m} += {s};",
    "min": "if ({s} < {m}) {{ {m} = {s}; }}",
    "max": "if ({s} > {m}) {{ {m} = {s}; }}",
    "difference": "{m} += {s} > {b} ? {wide}{s} - {b} : {wide}{b} - {s};",
    "crossings": "{m} += {one}(({s} < 0) != ({b} < 0));",
}
LAST = {"mean": "{m} /= {NAME}_LENGTH;", "difference": "{m} /= {NAME}_LENGTH - 1;"}  # of floats


def pushing(plan: Plan, row: Row) -> dict[str, Any]:
    """What the templates need of a window; nothing where there is none."""
    window = plan.window
    if window is None:
        return {"window": None}
    last = LAST if plan.counts is None else {}
    return {
        "window": window,
        "sample": "int16_t" if plan.counts else "float",
        "sum_kind": "int32_t" if plan.counts else "float",
        "answer": plan.answer,
        "channel_lines": textwrap.wrap(f"One sample: {_channels(window, counts=plan.counts is not None)}.", 114),
        "first_ages": ", ".join(str(-k * window.step) for k in range(window.at_once)),
        "first_lines": _lines(plan, row, FIRST),
        "next_lines": _lines(plan, row, NEXT),
        "last_lines": [*_lines(plan, row, last), *_deviations(plan, row, window)],
    }


def _lines(plan: Plan, row: Row, forms: dict[str, str]) -> list[str]:
    assert plan.window is not None
    lines = []
    for (member,), read in zip(row.members, plan.window.reads, strict=True):
        if read.feature in forms:
            parts = {"m": f"row->{member}", "s": f"sample[{read.channel}]", "b": f"before[{read.channel}]"}
            one = "" if plan.counts else "(float)"
            wide = "(int32_t)" if plan.counts else ""
            lines.append(forms[read.feature].format(**parts, NAME=plan.name.upper(), one=one, wide=wide))
    return lines


def _deviations(plan: Plan, row: Row, window: Window) -> list[str]:
    return [
        f"row->{member} = deviation_of(latest[{window.kept.index(read.channel)}]);"
        for (member,), read in zip(row.members, window.reads, strict=True)
        if read.feature == "deviation"
    ]


def _channels(window: Window, *, counts: bool) -> str:
    """What a sample holds, for a comment."""
    units = window.units if counts else (1.0,) * len(window.channels)
    words = [
        in_comment(channel, 24) + ("" if unit == 1 else f" in units of {unit:g}")
        for channel, unit in zip(window.channels, units, strict=True)
    ]
    return ", ".join(words)
