"""What an experiment is: claims with their rules, one repetition as a function of a seed, a picture of what it saw."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from .rules import Rule

if TYPE_CHECKING:
    from .figures import Figure

__all__ = ["KINDS", "Claim", "Experiment", "Observation", "Observations"]

KINDS = ("perceptron", "losses", "initialisation", "activations", "sparsity", "backpropagation")


class Observation(NamedTuple):
    """One number that was measured.

    Attributes
    ----------
    arm : str
        Which of the things compared it is of.
    value : float
    case : str
        The setting both arms share: a depth, a table; numbers as people write them.
    of : str
        Which quantity, where an experiment measures several.
    """

    arm: str
    value: float
    case: str = ""
    of: str = ""


class Observations:
    """All that an experiment saw, in the order in which it did.

    The k-th value of an arm in a case belongs to the k-th of any other arm there.
    """

    def __init__(self, rows: Iterable[Observation]):
        self.rows = list(rows)

    def values(self, arm: str, case: str = "", of: str = "") -> npt.NDArray[np.float64]:
        """The numbers of an arm in a case."""
        return np.array([r.value for r in self.rows if (r.arm, r.case, r.of) == (arm, case, of)])

    def arms(self, of: str = "") -> list[str]:
        """In the order in which they came."""
        return list(dict.fromkeys(r.arm for r in self.rows if r.of == of))

    def cases(self, of: str = "", arms: Sequence[str] = ()) -> list[str]:
        """Those in which all of these arms, or any, were seen."""
        cases = dict.fromkeys(r.case for r in self.rows if r.of == of)
        return [case for case in cases if all(len(self.values(arm, case, of)) for arm in arms)]

    def quantities(self) -> list[str]:
        """What was measured."""
        return list(dict.fromkeys(r.of for r in self.rows))

    def pairs(self, rule: Rule) -> dict[str, npt.NDArray[np.float64]]:
        """For each case the pairs a rule compares.

        Raises
        ------
        ValueError
            If an arm was not seen, or not as often as the other: the experiment is at fault.
        """
        cases = rule.cases or self.cases(rule.of, (rule.more, rule.less))
        pairs = {c: [self.values(arm, c, rule.of) for arm in (rule.more, rule.less)] for c in cases}
        for case, (more, less) in pairs.items():
            if len(more) != len(less) or not len(more):
                raise ValueError(f"case {case!r}: {len(more)} of {rule.more!r}, {len(less)} of {rule.less!r}")
        if not pairs:
            raise ValueError(f"no case has both {rule.more!r} and {rule.less!r}")
        return {case: np.column_stack(each) for case, each in pairs.items()}


@dataclass(frozen=True)
class Claim:
    """One sentence that may be true, and what would show it.

    Attributes
    ----------
    id : str
        What it is called by: the kind of thing first.
    says : str
        The claim, as a course or a textbook makes it.
    rule : Rule
        What turns numbers into a verdict.
    when : str
        In plain words, when it holds and why: the paragraph for who reads the verdict.
    """

    id: str
    says: str
    rule: Rule
    when: str


@dataclass(frozen=True)
class Experiment:
    """A question, how it was asked, and the claims its numbers decide.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    question, setting : str
        What one wants to know; on what rows, with which networks it is asked.
    measure : str
        What is measured, and its unit.
    over : str
        What the cases differ in, such as depth; empty for a single case.
    claims : tuple of Claim
    observe : function
        One repetition: from a seed, the observations it makes. It uses what anybody can import from the package.
    repetitions : int
        How many, each with a seed of its own.
    figure : Figure
        How they are drawn.
    timed : bool
        Whether it measures time: it then runs alone.
    """

    kind: str
    question: str
    setting: str
    measure: str
    claims: tuple[Claim, ...]
    observe: Callable[[int], Iterator[Observation]]
    figure: Figure
    over: str = ""
    repetitions: int = 8
    timed: bool = False

    def __post_init__(self) -> None:
        assert self.kind in KINDS, self.kind
        assert self.claims, "an experiment decides something"

    def seeds(self, seed: int) -> list[int]:
        """Of each repetition its own."""
        return [int(s.generate_state(1)[0]) for s in np.random.SeedSequence(seed).spawn(self.repetitions)]
