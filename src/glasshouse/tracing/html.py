"""A trace as web pages that need no network: one to point at, slides for a projector, a worksheet that marks itself."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from markupsafe import Markup, escape

from ..drawing.look import palette, templates_in
from .diagram import element_finder, network_svg
from .expressions import Expression, names_in
from .notations import JAVASCRIPT, Notation, written
from .printed import Printed
from .steps import Step

__all__ = ["TEMPLATES", "page", "slides", "styles", "worksheet"]

TEMPLATES = Path(__file__).parent / "templates"
LONG = 70  # letters that a formula on a slide may have before it is set smaller

# Private characters, which no name can hold, stand for what becomes an element once the text around it is escaped.
PLUS, MINUS, END, RAISED, LOWERED = "\ue000", "\ue001", "\ue002", "\ue003", "\ue004"
TOKEN = re.compile(f"(?:{PLUS}|-{MINUS})(\\d+){END}|({RAISED})|({LOWERED})")


class Typeset(Notation):
    """Plain text with a dot for times and raised exponents."""

    times = " · "

    def power(self, base: str, exponent: str) -> str:
        return f"{base}{RAISED}{exponent}{LOWERED}"


class Line(NamedTuple):
    """A step as a template writes it."""

    name: str
    symbols: Markup
    numbers: Markup
    result: str
    words: str
    long: bool


class Part(NamedTuple):
    """A section as a template writes it."""

    title: str
    lines: tuple[Line, ...]


def page(printed: Printed) -> str:
    """A page to point at: whatever a number came from lights up, in the list and in the drawing."""
    return _rendered("page", printed, _paths(printed))


def slides(printed: Printed) -> str:
    """Slides for a projector: the arrow keys build the sections up step by step."""
    return _rendered("slides", printed, _paths(printed))


def worksheet(printed: Printed) -> str:
    """A page of blanks to be filled in, on paper or in a browser, where it marks itself.

    A line is judged by its exact value and by its formula on the numbers written above it, as `marking.mark` does.
    """
    trace, marks = printed.trace, printed.trace.specification.marks
    data = {
        "values": dict(trace.values),
        "steps": [step.name for step in trace.steps],
        "paths": _paths(printed),
        "shares": {
            "right": 1.0,
            "rounding": marks.rounding,
            "truncated": marks.truncated,
            "follows": marks.follows,
        },
        "points": {
            step.name: marks.points.get(step.name, marks.default)
            for step in trace.steps
            if not marks.points or step.name in marks.points
        },
    }
    return _rendered("worksheet", printed, data, formulas=_formulas(trace.steps))


def _rendered(kind: str, printed: Printed, data: Any, **more: Any) -> str:
    of = printed.trace.specification
    first, *conventions = printed.head()
    return (
        templates_in(TEMPLATES)
        .get_template(f"{kind}.html.j2")
        .render(
            title=of.title,
            sizes=first.removeprefix(f"{of.title}: "),
            conventions=[line.partition(": ") for line in conventions],
            drawing=Markup(network_svg(of)),
            givens=_givens(printed),
            parts=[Part(part.title, tuple(_line(printed, step) for step in part.steps)) for part in printed.sections],
            styles=styles(kind),
            scripts=[own("drawing.js"), own(f"{kind}.js")],
            data=_json(data),
            **more,
        )
    )


def _givens(printed: Printed) -> list[list[tuple[str, str]]]:
    """What is given, as it is shown, in groups: a sample each, weights, biases, settings."""
    of = printed.trace.specification
    biases = {bias for layer in of.layers for bias in layer.biases}
    groups: dict[str, list[tuple[str, str]]] = {}
    for name, given in printed.trace.givens.items():
        base, _, sample = name.partition("[")
        of_sample = base in of.inputs or base in of.targets
        group = (
            sample if of_sample else "biases" if name in biases else "weights" if name in of.parameters else "settings"
        )
        groups.setdefault(group, []).append((name, given.shown(printed.decimals)))
    return list(groups.values())


def styles(kind: str) -> list[Markup]:
    """The colours of the house, what every page of a trace shares, and what is one kind's own."""
    return [Markup(palette()), own("trace.css"), own(f"{kind}.css")]


def own(name: str) -> Markup:
    """A style or a script of ours."""
    return Markup((TEMPLATES / name).read_text("utf-8"))


def _json(data: Any) -> Markup:
    """JSON that cannot end the script it stands in."""
    return Markup(json.dumps(data, ensure_ascii=False).replace("<", "\\u003c"))


def _line(printed: Printed, step: Step) -> Line:
    symbols, numbers = (_typeset(step.expression, shown) for shown in (str, printed.number))
    longest = max(len(part.striptags()) for part in (symbols, numbers))
    return Line(step.name, symbols, numbers, printed.number(step.name), printed.meaning(step), longest > LONG)


def _typeset(expression: Expression, shown: Callable[[str], str]) -> Markup:
    """A formula of which every name is an element that a script finds by it; `shown` says what stands there."""
    found: list[tuple[str, str]] = []

    def leaf(name: str) -> str:
        found.append((name, shown(name)))
        # What is written around a number depends on its sign alone.
        return f"{'-' + MINUS if found[-1][1].startswith('-') else PLUS}{len(found) - 1}{END}"

    text, parts, end = written(expression, Typeset(), leaf), [], 0
    for token in TOKEN.finditer(text):
        parts.append(escape(text[end : token.start()]))
        end = token.end()
        if token[1]:
            parts.append(Markup('<span data-name="{}">{}</span>').format(*found[int(token[1])]))
        else:
            parts.append(Markup("<sup>" if token[2] else "</sup>"))
    return Markup("").join([*parts, escape(text[end:])])


def _paths(printed: Printed) -> dict[str, dict[str, Any]]:
    """What each number reads, where it belongs in the drawing, and what it is in words."""
    trace = printed.trace
    find = element_finder(trace.specification)
    found: dict[str, dict[str, Any]] = {
        name: {"reads": [], "at": find(name), "words": "given"} for name in trace.givens
    }
    for step in trace.steps:
        reads = list(dict.fromkeys(names_in(step.expression)))
        found[step.name] = {"reads": reads, "at": find(step.name), "words": printed.meaning(step)}
    return found


def _formulas(steps: Sequence[Step]) -> Markup:
    """A JavaScript object of every step's name to its formulas, functions of a function that gives a name's value."""
    known = {step.name for step in steps}
    lines = []
    for step in steps:
        ways = [step.expression, *(way for way in step.also if not _is_of_asides(way, known))]
        functions = ", ".join(f"(v) => {written(way, JAVASCRIPT, lambda name: f'v({_json(name)})')}" for way in ways)
        reads = [list(dict.fromkeys(names_in(way))) for way in ways]
        lines.append(f"{_json(step.name)}: {{ways: [{functions}], reads: {_json(reads)}}}")
    return Markup("{\n" + ",\n".join(lines) + "\n}")


def _is_of_asides(expression: Expression, known: set[str]) -> bool:
    """Whether it reads a factor of the chain rule that the worksheet does not ask for."""
    return any("/d" in name and name not in known for name in names_in(expression))
