"""Placing a line without a name: by the numbers in its formula, which are those of one step and no other."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from ..errors import AnswersError
from .answers import Answer, as_formula, as_number, formula_value
from .arithmetic import fixed, rounded
from .expressions import Expression, Name, Number, parts, rewritten
from .steps import Step
from .trace import Trace

__all__ = ["place"]

ENOUGH = 0.6  # the share of numbers in common that makes two formulas one


def place(trace: Trace, answers: Sequence[Answer]) -> list[Answer]:
    """The answers, each with a name.

    Raises
    ------
    AnswersError
        If a formula without a name is nobody's, or several steps'.
    """
    own = {str(answer.name): answer.value for answer in answers if answer.name is not None}
    found: list[Answer] = []
    for answer in answers:
        if answer.name is None:
            name = _named(trace, answer, own)
            own.setdefault(name, answer.value)
            found.append(replace(answer, name=name, placed=True))
        else:
            found.append(answer)
    return found


def _named(trace: Trace, answer: Answer, own: dict[str, Decimal]) -> str:
    wanted = _numbers_of(answer.formulas[-1])
    scores = []
    comes_to = float(formula_value(answer.formulas[-1]) or answer.value)
    for step in trace.steps:
        if step.name not in own:
            mine = Counter(_number(leaf, trace, own, answer.decimals) for leaf in _leaves(_out(step, trace, own)))
            common = (mine & wanted).total() / max((mine | wanted).total(), 1)
            scores.append((-common, abs(trace.values[step.name] - comes_to), step.name))
    scores.sort()
    if not scores or -scores[0][0] < ENOUGH or (len(scores) > 1 and scores[1][:2] == scores[0][:2]):
        spelled = answer.spelled or answer.formulas[-1]
        raise AnswersError(
            f"line {answer.line}: {spelled[:60]!r} is no step's name, and its formula no step's: write a name before it"
        )
    return scores[0][2]


def _numbers_of(formula: str) -> Counter[Decimal]:
    words = re.findall(r"(?<![\w.])(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?", as_formula(formula))
    return Counter(value for word in words if (value := as_number(word)) is not None)


def _out(step: Step, trace: Trace, own: dict[str, Decimal]) -> Expression:
    """The step's expression with what the solution does not have written out."""
    expression = step.expression
    for _ in range(4):
        expression = rewritten(
            expression,
            lambda node: (
                trace.by_name[node.key].expression
                if isinstance(node, Name) and node.key not in own and node.key in trace.by_name
                else None
            ),
        )
    return expression


def _leaves(expression: Expression) -> list[Name | Number]:
    if isinstance(expression, Name | Number):
        return [expression]
    return [leaf for part in parts(expression) for leaf in _leaves(part)]


def _number(leaf: Name | Number, trace: Trace, own: dict[str, Decimal], decimals: int) -> Decimal:
    if isinstance(leaf, Number):
        return abs(Decimal(leaf.text))
    if leaf.key in own:
        return abs(own[leaf.key])
    given = trace.givens.get(leaf.key)
    text = fixed(trace.values[leaf.key], decimals) if given is None else given.shown(17)
    return abs(rounded(Decimal(text), 12).normalize())
