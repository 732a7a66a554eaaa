"""What marking finds: a verdict for every line of a solution, and of the whole the first wrong line and the score."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from .answers import Answer
from .trace import Trace

__all__ = ["VERDICTS", "MarkedLine", "Marking"]

VERDICTS = ("given", "right", "rounding", "truncated", "follows", "wrong")


@dataclass(frozen=True)
class MarkedLine:
    """One line of a solution and what is to be said of it.

    Attributes
    ----------
    name : str
    answer : Answer
    exact : float
    verdict : str
        One of `VERDICTS`.
    slips : tuple of str
        Names of the table of slips, the likeliest first; empty unless wrong.
    because : str
    points, possible : float
    """

    name: str
    answer: Answer
    exact: float
    verdict: str
    slips: tuple[str, ...] = ()
    because: str = ""
    points: float = 0.0
    possible: float = 0.0


@dataclass(frozen=True)
class Marking:
    """A marked solution.

    Attributes
    ----------
    lines : tuple of MarkedLine
        In the order of the solution.
    missing : tuple of str
        What is asked for, or else every step, that the solution does not have.
    notes : tuple of str
        What holds of the whole: a convention of sign.
    score, possible : float
        In points.
    """

    trace: Trace
    lines: tuple[MarkedLine, ...]
    missing: tuple[str, ...]
    notes: tuple[str, ...]
    score: float
    possible: float

    @cached_property
    def first(self) -> MarkedLine | None:
        """The first wrong line, in the order in which the numbers come from each other."""
        wrong = [line for line in self.lines if line.verdict == "wrong"]
        order = {name: k for k, name in enumerate([*self.trace.givens, *self.trace.by_name])}
        return min(wrong, key=lambda line: order.get(line.name, len(order)), default=None)

    @property
    def first_wrong(self) -> str | None:
        return None if self.first is None else self.first.name

    def count(self, verdict: str) -> int:
        return sum(line.verdict == verdict for line in self.lines)

    def to_dict(self) -> dict[str, Any]:
        """As ``--json`` prints it; `given` has the digits that were written."""
        return {
            "score": self.score,
            "possible": self.possible,
            "first_wrong": self.first_wrong,
            "lines": [
                {
                    "name": line.name,
                    "line": line.answer.line,
                    "given": line.answer.written,
                    "exact": line.exact,
                    "verdict": line.verdict,
                    "slip": list(line.slips),
                    "because": line.because,
                }
                for line in self.lines
            ],
            "missing": list(self.missing),
            "notes": list(self.notes),
        }
