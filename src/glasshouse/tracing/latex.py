"""A trace as LaTeX: a document that compiles as it is, or a fragment to put into one."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .arithmetic import fixed
from .expressions import Expression, Sum, total
from .notations import LATEX, latex_name, written
from .printed import Printed
from .steps import Step

__all__ = ["as_latex"]

MOST_TERMS = 4  # of a sum on one line
PREAMBLE = r"""\documentclass[a4paper,10pt]{article}
\usepackage[utf8]{inputenc}
\usepackage[margin=20mm]{geometry}
\usepackage{amsmath}
\allowdisplaybreaks
\setlength{\parindent}{0pt}
\begin{document}
"""


def as_latex(printed: Printed, differences: Mapping[str, float] | None = None, fragment: bool = False) -> str:
    """A section for each part of the trace; every step in symbols, with its numbers, and its result."""
    head = printed.head()
    lines = [rf"\section*{{{_text(head[0])}}}", r"\\".join(_text(line) for line in head[1:])]
    for section in printed.sections:
        lines.append(rf"\subsection*{{{_text(section.title)}}}")
        rows = [row for step in section.steps for row in _rows(printed, step, differences)]
        lines += [r"\begin{align*}", " \\\\\n".join(rows), r"\end{align*}"]
    body = "\n".join(lines) + "\n"
    return body if fragment else PREAMBLE + body + "\\end{document}\n"


def _rows(printed: Printed, step: Step, differences: Mapping[str, float] | None) -> list[str]:
    symbols = _lines(step.expression, latex_name)
    numbers = _lines(step.expression, printed.number)
    result = printed.number(step.name)
    if differences and step.name in differences:
        result += rf"\qquad(\text{{difference }} {fixed(differences[step.name], printed.decimals)})"
    return [f"{latex_name(step.name)} &= {symbols}", f"&= {numbers}", f"&= {result}"]


def _lines(expression: Expression, leaf: Callable[[str], str]) -> str:
    """A formula; a long sum goes on below itself."""
    if not isinstance(expression, Sum) or len(expression.terms) <= MOST_TERMS:
        return written(expression, LATEX, leaf)
    pieces = [expression.terms[k : k + MOST_TERMS] for k in range(0, len(expression.terms), MOST_TERMS)]
    text = written(total(pieces[0]), LATEX, leaf)
    for piece in pieces[1:]:
        rest = written(total(piece), LATEX, leaf)
        text += r" \\ &\qquad " + (rest if rest.startswith("-") else f"+ {rest}")
    return text


ESCAPES = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{sign: "\\" + sign for sign in "&%$#_{}"},
}


def _text(text: str) -> str:
    return "".join(ESCAPES.get(c, c) for c in text)
