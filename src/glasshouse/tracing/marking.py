"""Marking a solution made by hand: a verdict for every line, the slip behind a wrong one, the first wrong one, a score.

A line is judged by the trace's own expression for it, evaluated in decimals: on the exact numbers, on the solution's
own numbers above it, and on numbers rounded, or cut off, line by line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal, DecimalException
from typing import NamedTuple

from ..errors import OptionError
from .answers import Answer, formula_value
from .arithmetic import DECIMAL, cut_off, fixed, rounded
from .expressions import Expression, Name, evaluate, names_in, parts, rewritten
from .notations import PLACE, TEXT, written
from .placing import place
from .slips import SLIPS, Line, Surroundings
from .steps import Step
from .trace import Trace
from .verdicts import MarkedLine, Marking

__all__ = ["mark"]

TOLERANCE = Decimal("1e-9")
CONVENTIONS = (("dL/dz",), ("dL/dz", "dL/da", "dL/dw", "aside"))  # what people write with the opposite sign, together
MOST_WRITTEN_OUT = 120
MOST_SHOWN = 100
Number = Callable[[str], Decimal]


def mark(trace: Trace, answers: Sequence[Answer], asked: Sequence[str] | None = None) -> Marking:
    """Mark the answers of one solution.

    Parameters
    ----------
    asked : names, or None
        What earns points: by default what the specification gives points for, else every line there is.

    Raises
    ------
    AnswersError
        If a formula without a name belongs to no step.
    """
    named = place(trace, [replace(answer, name=_meant(trace, answer)) for answer in answers])
    best = _Marker(trace, named, ())
    note: tuple[str, ...] = ()
    if any(best.judged(a).verdict in ("wrong", "follows") and best.kind(a.name) == "dL/dz" for a in named):
        for kinds in CONVENTIONS:
            other = _Marker(trace, named, kinds)
            turned = [other.judged(a).verdict for a in named if other.kind(a.name) == "dL/dz"]
            if not set(turned) & {"wrong", "follows"} and other.wrong() < best.wrong():
                best = other
                note = ("every delta has the opposite sign (target - output): a convention, marked right",)
    return best.marking(note, asked)


def _meant(trace: Trace, answer: Answer) -> str | None:
    """A weight whose value is not the one it began with is the updated one."""
    name = answer.name
    if name not in trace.specification.parameters or name in trace.specification.held:
        return name
    start = Decimal(trace.givens[name].shown(17))
    return name if answer.value == start or _rounds(start, answer.value, answer.decimals) else f"{name}_new"


class Own(NamedTuple):
    """A number worked out from the solution's own, how, and the worst verdict among those it was worked out from."""

    value: Decimal
    expression: Expression
    stain: str  # '', 'truncated', 'wrong'


class _Marker:
    """Judges the lines of one solution; `turned` are the kinds of steps it is taken to write with the opposite sign."""

    def __init__(self, trace: Trace, answers: Sequence[Answer], turned: Sequence[str]):
        self.trace, self.answers, self.turned = trace, answers, turned
        self.first_of: dict[str, Answer] = {}
        for answer in answers:
            self.first_of.setdefault(str(answer.name), answer)
        self.verdicts: dict[str, MarkedLine] = {}
        self.stains: dict[str, str] = {}
        self.carried: dict[tuple[int, bool], dict[str, Decimal]] = {}
        self.around: dict[tuple[int, int], Surroundings] = {}

    def step(self, name: str) -> Step | None:
        return self.trace.by_name.get(name) or self.trace.asides.get(name)

    def kind(self, name: str | None) -> str:
        step = self.step(str(name))
        return "" if step is None else step.kind

    def wrong(self) -> int:
        return sum(self.judged(answer).verdict == "wrong" for answer in self.answers)

    def marking(self, notes: tuple[str, ...], asked: Sequence[str] | None) -> Marking:
        marks = self.trace.specification.marks
        share = {"right": 1.0, "rounding": marks.rounding, "truncated": marks.truncated, "follows": marks.follows}
        asked = asked if asked is not None else (list(marks.points) or None)
        lines, counted = [], set()
        verdicts: dict[str, list[str]] = {}
        for answer in self.answers:
            verdicts.setdefault(str(answer.name), []).append(self.judged(answer).verdict)
        for answer in self.answers:
            line = self.judged(answer)
            if line.verdict == "wrong" and (step := self.step(line.name)) is not None:
                arithmetic = self._arithmetic(answer)
                slips = ("arithmetic",) if arithmetic else tuple(self._slips(step, answer))
                line = replace(line, slips=slips, because=arithmetic or self._wrong(step, slips))
            if line.verdict != "given" and line.name not in counted and (asked is None or line.name in asked):
                counted.add(line.name)
                points = marks.points.get(line.name, marks.default)
                earned = min(share.get(v, 0.0) for v in verdicts[line.name])  # a number given twice counts by its worst
                line = replace(line, points=points * earned, possible=points)
            lines.append(line)
        last = self.trace.specification.steps
        wanted = [s.name for s in self.trace.steps if s.stage <= last] if asked is None else asked
        missing = tuple(name for name in wanted if name not in self.first_of)
        left = 0.0 if asked is None else sum(marks.points.get(name, marks.default) for name in missing)
        score, possible = sum(line.points for line in lines), sum(line.possible for line in lines) + left
        return Marking(self.trace, tuple(lines), missing, notes, score, possible)

    def judged(self, answer: Answer) -> MarkedLine:
        """The verdict on a line; on another line of the same name, a verdict of its own."""
        name = str(answer.name)
        if answer is not self.first_of[name]:
            return self._judge(name, answer)
        if name not in self.verdicts:
            self.verdicts[name] = self._judge(name, answer)
        return self.verdicts[name]

    def _value(self, answer: Answer) -> Decimal:
        return -answer.value if self.kind(answer.name) in self.turned else answer.value

    def _judge(self, name: str, answer: Answer) -> MarkedLine:
        step, exact, digits, value = self.step(name), self.trace.exact(name), answer.decimals, self._value(answer)
        line = MarkedLine(name, answer, -exact if self.kind(name) in self.turned else exact, "right")
        true = Decimal(exact)
        if step is None:
            start = Decimal(self.trace.givens[name].shown(17))
            if start == value or _rounds(start, value, digits):
                return replace(line, verdict="given")
            return replace(line, verdict="wrong", because=f"it is given as {self.trace.givens[name].shown(digits)}")
        if _rounds(true, value, digits):
            return line
        own = list(self._own(step, digits))
        for found in own:
            if found.stain == "" and _rounds(found.value, value, digits):
                return replace(line, verdict="rounding", because=self._shown(found, digits, "from the numbers above"))
        if self._carries(name, value, digits, False):
            return replace(line, verdict="rounding", because="every line above rounded to these digits")
        if _cuts(true, value, digits):
            return replace(line, verdict="truncated", because=f"the exact {fixed(exact, digits + 2)} cut off")
        for found in own:
            if found.stain in ("", "truncated") and _cuts(found.value, value, digits):
                return replace(line, verdict="truncated", because=self._shown(found, digits, "cut off, from above"))
        if self._carries(name, value, digits, True):
            return replace(line, verdict="truncated", because="every line above cut off at these digits")
        for found in own:
            if found.stain and (_rounds(found.value, value, digits) or _cuts(found.value, value, digits)):
                return replace(line, verdict="follows", because=self._follows(found))
        return replace(line, verdict="wrong")

    def _own(self, step: Step, digits: int) -> Iterator[Own]:
        """The line's formula on the solution's own numbers; what it does not give is worked out from them, or exact."""
        for expression in (step.expression, *step.also):
            if expression is not step.expression and not self._is_spelled_out(expression):
                continue
            for number in self._numbers(digits):
                try:
                    value = evaluate(expression, number, DECIMAL)
                except DecimalException:
                    continue
                if value.is_finite():
                    yield Own(value, expression, self._stain(expression))

    def _is_spelled_out(self, expression: Expression) -> bool:
        """Whether another way to a number is one that the solution can have gone."""
        asides = [name for name in names_in(expression) if name in self.trace.asides]
        return all(name in self.first_of for name in asides)

    def _numbers(self, digits: int) -> Iterator[Number]:
        """What a name stands for: worked out from own numbers; rounded where it is not given; exact where it is not."""
        plainly: dict[str, Decimal] = {}
        carried: dict[str, Decimal] = {}

        def own(name: str, memo: dict[str, Decimal], each: Callable[[Decimal], Decimal]) -> Decimal:
            if name not in memo:
                if name in self.first_of:
                    memo[name] = self._value(self.first_of[name])
                elif (step := self.step(name)) is not None:
                    memo[name] = each(evaluate(step.expression, lambda inner: own(inner, memo, each), DECIMAL))
                else:
                    memo[name] = Decimal(self.trace.givens[name].shown(17))
            return memo[name]

        yield lambda name: own(name, plainly, lambda value: value)
        yield lambda name: own(name, carried, lambda value: rounded(value, digits))
        yield (
            lambda name: self._value(self.first_of[name]) if name in self.first_of else Decimal(self.trace.exact(name))
        )

    def _stain(self, expression: Expression) -> str:
        """The worst that is true of a number used: it is cut off, or it is wrong or follows from a wrong one."""
        found = {self._stain_of(name) for name in names_in(expression)}
        return "wrong" if "wrong" in found else "truncated" if "truncated" in found else ""

    def _stain_of(self, name: str) -> str:
        if name not in self.stains:
            step = self.step(name)
            if name in self.first_of:
                verdict = self.judged(self.first_of[name]).verdict
                self.stains[name] = {"truncated": "truncated", "follows": "wrong", "wrong": "wrong"}.get(verdict, "")
            else:
                self.stains[name] = "" if step is None else self._stain(step.expression)
        return self.stains[name]

    def _carries(self, name: str, value: Decimal, digits: int, cut: bool) -> bool:
        if (digits, cut) not in self.carried:
            try:
                self.carried[digits, cut] = self.trace.carried(digits, cut_off if cut else rounded)
            except OptionError:
                self.carried[digits, cut] = {}
        return self.carried[digits, cut].get(name) == value

    def _slips(self, step: Step, answer: Answer) -> Iterator[str]:
        """The slips that lead to this very number; none where only its last digit is off by one."""
        value, digits = self._value(answer), answer.decimals
        if abs(rounded(Decimal(self.trace.exact(step.name)), digits) - value) <= Decimal(1).scaleb(-digits):
            return
        numbers = [next(self._numbers(digits)), lambda name: Decimal(self.trace.exact(name))]
        around = self._surroundings(step)
        lines = [Line(step, step.expression, around)]
        whole = self._written_out(step.expression)
        if whole != step.expression:
            lines.append(Line(step, whole, around))
        for slip in SLIPS.values():
            for variant in (variant for line in lines for variant in slip.variants(line)):
                if any(self._comes_to(variant, number, value, digits) for number in numbers):
                    yield slip.name
                    break

    def _comes_to(self, expression: Expression, number: Number, value: Decimal, digits: int) -> bool:
        try:
            found = evaluate(expression, number, DECIMAL)
        except (DecimalException, KeyError):
            return False
        return bool(found.is_finite()) and (_rounds(found, value, digits) or _cuts(found, value, digits))

    def _surroundings(self, step: Step) -> Surroundings:
        found = PLACE.match(step.name)
        sample = (
            int(found["sample"]) - 1 if found and found["sample"] else self.trace.specification.batch_of(step.stage)[0]
        )
        key = (step.stage, sample)
        if key not in self.around:
            self.around[key] = Surroundings.of(self.trace.specification, *key)
        return self.around[key]

    def _written_out(self, expression: Expression) -> Expression:
        """The expression with what the solution leaves out written out in it, as long as anybody could do that."""

        def out(node: Expression) -> Expression | None:
            if isinstance(node, Name) and node.key not in self.first_of and (step := self.step(node.key)) is not None:
                return step.expression
            return None

        for _ in range(20):
            longer = rewritten(expression, out)
            if longer == expression or _size(longer) > MOST_WRITTEN_OUT:
                return expression
            expression = longer
        return expression

    def _shown(self, own: Own, digits: int, how: str) -> str:
        return f"{how}: {self._with_own_numbers(own.expression)} = {fixed(own.value, digits + 2)}"

    def _with_own_numbers(self, expression: Expression, written_out: bool = True) -> str:
        def leaf(name: str) -> str:
            if name in self.first_of:
                return f"{self._value(self.first_of[name]):f}"
            given = self.trace.givens.get(name)
            return fixed(self.trace.exact(name), 6) if given is None else given.shown(6)

        shown = written(self._written_out(expression) if written_out else expression, TEXT, leaf)
        return shown if len(shown) <= MOST_SHOWN else written(expression, TEXT, leaf)

    def _follows(self, own: Own) -> str:
        names = dict.fromkeys(names_in(self._written_out(own.expression)))
        stained = [name for name in names if name in self.first_of and self._stain_of(name)]
        said = ", ".join(f"{name} = {self.first_of[name].written}" for name in stained)
        return f"right from {said} above" if said else "right from the numbers above"

    def _wrong(self, step: Step, slips: Sequence[str]) -> str:
        if slips:
            return "looks as if " + "; or ".join(SLIPS[name].sentence for name in slips[:2])
        return f"expected {self._with_own_numbers(step.expression, written_out=False)}"

    def _arithmetic(self, answer: Answer) -> str:
        """What the formula that was written comes to, if that is not the number behind it."""
        found = formula_value(answer.formulas[-1]) if answer.formulas else None
        if (
            found is None
            or _rounds(found, answer.value, answer.decimals)
            or _cuts(found, answer.value, answer.decimals)
        ):
            return ""
        return f"{answer.formulas[-1]} is {fixed(found, answer.decimals)}"


def _size(expression: Expression) -> int:
    return 1 + sum(_size(part) for part in parts(expression))


def _rounds(exact: Decimal, value: Decimal, digits: int) -> bool:
    """Whether value is exact rounded to its digits; a tie may go either way."""
    return any(rounded(exact + shift, digits) == value for shift in _shifts(digits))


def _cuts(exact: Decimal, value: Decimal, digits: int) -> bool:
    return any(cut_off(exact + shift, digits) == value for shift in _shifts(digits))


def _shifts(digits: int) -> tuple[Decimal, Decimal, Decimal]:
    shift = min(TOLERANCE, Decimal(1).scaleb(-digits - 3))
    return -shift, Decimal(0), shift
