"""The rule that turns pairs of numbers into a verdict: stated before a number is there, the same for every claim.

A claim says that one arm is larger than the other, by a factor or by an amount. Pairs share whatever chance gave them
(a seed, a table), so that only what the claim is about differs in them. In each case the mean over the pairs has a 95 %
interval of Student's t; the claim holds where all of it lies beyond what was claimed, fails where all of it lies short
of that, and is open where it lies on both sides.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..drawing.words import listed, number

__all__ = ["STATES", "Found", "Rule", "Verdict"]

Pairs = npt.NDArray[Any]  # (n, 2): what the claim calls larger, and the other
CONFIDENCE = 0.95
FEWEST = 4  # pairs in a case: of fewer chance alone would often point one way
STATES = {True: "holds", False: "fails", None: "open"}


class Found(NamedTuple):
    """What the pairs of one case came to: the mean effect and its interval, as a factor or as an amount.

    Attributes
    ----------
    holds : bool or None
        None where the interval lies on both sides of what was claimed.
    """

    case: str
    n: int
    mean: float
    low: float
    high: float
    holds: bool | None

    @property
    def state(self) -> str:
        return STATES[self.holds]


@dataclass(frozen=True)
class Verdict:
    """What the data say of a claim.

    Attributes
    ----------
    word : str
        ``supported``: it holds in every case; ``refuted``: it fails in every case; ``depends``: anything else.
    on : str
        What it depends on: what the cases differ in, or ``chance`` where nothing lies beyond it.
    found : tuple of Found
        One for each case.
    """

    word: str
    on: str
    found: tuple[Found, ...]

    def __str__(self) -> str:
        return f"depends on {self.on}" if self.word == "depends" else self.word

    def where(self) -> str:
        """'holds at 10, 20; fails at 2': the cases of a verdict that depends."""
        states = {state: [f.case for f in self.found if f.state == state] for state in STATES.values()}
        return "; ".join(f"{state} at {listed(cases)}" for state, cases in states.items() if cases and any(cases))

    def told(self) -> str:
        """'depends on depth: holds at 10, 20; fails at 2', or the word alone."""
        where = self.where() if self.word == "depends" else ""
        return f"{self}: {where}" if where else str(self)


@dataclass(frozen=True)
class Rule:
    """That one arm is larger than the other, in every case.

    Parameters
    ----------
    more, less : str
        The arms; `more` is what the claim says is the larger.
    times : float or None
        By at least this factor, of positive numbers; pairs are compared by the mean logarithm of their ratio.
    by : float or None
        By at least this amount, of any numbers; pairs are compared by the mean of their difference.
    of : str
        The quantity, where an experiment measures several.
    cases : tuple of str
        The cases it speaks of; all of them if empty.

    Examples
    --------
    >>> rule = Rule("sigmoid", "relu", times=1)
    >>> str(rule.verdict({"": np.array([[3.0, 1], [3.3, 1], [2.8, 1], [3.1, 1]])}, over="depth"))
    'supported'
    >>> rule.stated("depth", "µs")
    'at every depth, µs, “sigmoid” ÷ “relu”: the 95 % interval of the mean ratio lies above 1'
    """

    more: str
    less: str
    times: float | None = None
    by: float | None = None
    of: str = ""
    cases: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        assert (self.times is None) != (self.by is None), "a rule compares by a factor or by an amount"
        assert self.limit >= (self.times is not None), "of a smaller limit the opposite could hold too"

    @property
    def limit(self) -> float:
        """What the claim says at least."""
        if self.by is not None:
            return float(self.by)
        assert self.times is not None
        return float(self.times)

    def stated(self, over: str, measure: str) -> str:
        """The rule in words."""
        sign, mean = ("−", "difference") if self.times is None else ("÷", "ratio")
        which = f"at every {over} of {', '.join(self.cases)}, " if self.cases else f"at every {over}, " if over else ""
        what = f"{self.of or measure}, “{self.more}” {sign} “{self.less}”"
        return f"{which}{what}: the 95 % interval of the mean {mean} lies above {number(self.limit)}"

    def verdict(self, pairs: Mapping[str, Pairs], over: str) -> Verdict:
        """What these pairs say, each case a row of `found`."""
        found = tuple(self.found(case, each) for case, each in pairs.items())
        states = {each.holds for each in found}
        if states == {True}:
            return Verdict("supported", "", found)
        if states == {False}:
            return Verdict("refuted", "", found)
        return Verdict("depends", "chance" if states == {None} or len(found) == 1 else over, found)

    def found(self, case: str, pairs: Pairs) -> Found:
        """The mean effect of one case and its interval.

        Raises
        ------
        ValueError
            If there are too few pairs, or numbers that cannot be compared so: the experiment is at fault.
        """
        pairs = np.asarray(pairs, np.float64)
        if len(pairs) < FEWEST or not np.isfinite(pairs).all():
            raise ValueError(f"case {case!r} has {len(pairs)} pairs: it takes {FEWEST}, of finite numbers")
        if self.times is not None and (pairs <= 0).any():
            raise ValueError(
                f"case {case!r} holds {pairs.min():g}: a ratio takes positive numbers; compare by an amount"
            )
        effects = np.diff(np.log(pairs) if self.times is not None else pairs, axis=1)[:, 0] * -1.0
        mean, low, high = _interval(effects)
        limit = math.log(self.limit) if self.times is not None else self.limit
        holds = True if low > limit else False if high < limit else None
        back = math.exp if self.times is not None else float
        return Found(case, len(pairs), back(mean), back(low), back(high), holds)


def _interval(effects: Sequence[float] | Pairs) -> tuple[float, float, float]:
    """The mean, and its interval by Student's t; of numbers that are all the same it is that number."""
    from scipy.stats import t

    effects = np.asarray(effects)
    mean, error = float(effects.mean()), float(effects.std(ddof=1)) / math.sqrt(len(effects))
    half = float(t.ppf((1 + CONFIDENCE) / 2, len(effects) - 1)) * error
    return mean, mean - half, mean + half
