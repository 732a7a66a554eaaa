"""What became of a claim: its verdict, run by run, and the numbers behind it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..drawing.words import number
from .claims import Claim, Experiment, Observations
from .rules import Found, Rule, Verdict

__all__ = ["Record", "evidence", "settled", "three"]


@dataclass(frozen=True)
class Record:
    """A claim, the experiment that decides it, and what it came to.

    Attributes
    ----------
    claim : Claim
    experiment : Experiment
    verdicts : tuple of Verdict
        One for each run, each from a seed of its own; none if it was not run.
    seen : Observations or None
        Those of the first run.
    seconds : float
        Of all runs, shared by the claims that were decided together.
    """

    claim: Claim
    experiment: Experiment
    verdicts: tuple[Verdict, ...] = ()
    seen: Observations | None = None
    seconds: float = 0.0

    @property
    def id(self) -> str:
        return self.claim.id

    @property
    def verdict(self) -> Verdict | None:
        """What all runs together say; None if there was none."""
        return settled(self.verdicts) if self.verdicts else None

    @property
    def agrees(self) -> bool:
        """Whether there was a run, and all of them say the same."""
        return len({verdict.word for verdict in self.verdicts}) == 1

    @property
    def rule(self) -> str:
        """The rule in words."""
        return self.claim.rule.stated(self.experiment.over, self.experiment.measure)


def settled(verdicts: tuple[Verdict, ...]) -> Verdict:
    """The verdict of the first run, if every other says the same; else it depends on chance."""
    first = verdicts[0]
    agree = all(verdict.word == first.word for verdict in verdicts)
    return first if agree else replace(first, word="depends", on="chance")


def three(value: float) -> str:
    """Three digits, and what is huge as a power of ten.

    Examples
    --------
    >>> three(1234.5), three(0.01234), three(2.3456e10)
    ('1,234', '0.0123', '2.35e10')
    """
    return number(value, 3) if abs(value) < 1e6 else f"{value:.2e}".replace("e+", "e")


def evidence(rule: Rule, found: Found, over: str) -> str:
    """One case in words: 'at depth 10, 2.3 times (2.1 to 2.5), 8 pairs: holds'.

    Examples
    --------
    >>> evidence(Rule("sigmoid", "relu", times=1), Found("10", 8, 2.31, 2.1, 2.52, True), "depth")
    'at depth 10, sigmoid is 2.31 times relu (2.1 to 2.52; 8 pairs): holds'
    """
    at = f"at {over} {found.case}, " if found.case else ""
    mean, low, high = (three(value) for value in (found.mean, found.low, found.high))
    if rule.times is not None:
        what = f"{rule.more} is {mean} times {rule.less}"
    else:
        what = f"{rule.more} − {rule.less} is {mean}"
    what += f", {rule.of}" if rule.of else ""
    return f"{at}{what} ({low} to {high}; {found.n} pairs): {found.state}"
