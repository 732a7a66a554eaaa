"""The rule: its interval is Student's as scipy has it, and a verdict is what the intervals say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_1samp

from glasshouse.laboratory.claims import Observation, Observations
from glasshouse.laboratory.records import settled
from glasshouse.laboratory.rules import Rule, Verdict


def pairs_of(effects, rng) -> np.ndarray:
    """Pairs whose differences are these."""
    base = rng.normal(size=len(effects))
    return np.column_stack([base + effects, base])


@given(st.integers(4, 20), st.integers(0, 2**32 - 1), st.booleans())
def test_the_interval_is_students_as_scipy_has_it(n, seed, as_ratio) -> None:
    rng = np.random.default_rng(seed)
    effects = rng.normal(rng.normal(), 1, size=n)
    pairs = pairs_of(effects, rng)
    rule = Rule("a", "b", times=1) if as_ratio else Rule("a", "b", by=0)
    found = rule.found("", np.exp(pairs) if as_ratio else pairs)
    low, high = ttest_1samp(effects, 0).confidence_interval(0.95)
    wanted = np.array([effects.mean(), low, high])
    assert np.array(found[2:5]) == pytest.approx(np.exp(wanted) if as_ratio else wanted)
    assert found.holds is (True if low > 0 else False if high < 0 else None)


@pytest.mark.parametrize("rule", [Rule("a", "b", by=0), Rule("a", "b", by=0.5), Rule("a", "b", times=2)])
def test_a_verdict_is_what_the_cases_say(rule) -> None:
    rng = np.random.default_rng()
    large = 3.0 + rng.uniform(-0.1, 0.1, 8)
    some = rule.limit if rule.by is not None else np.log(rule.limit)
    sway = some + np.array([4, -4, 4, -4, 4, -4, 4, -4])
    of = (
        (lambda effects: np.exp(pairs_of(effects, rng)))
        if rule.by is None
        else (lambda effects: pairs_of(effects, rng))
    )
    holds, fails, opens = of(large), of(-large), of(sway)
    assert str(rule.verdict({"1": holds, "2": holds}, "depth")) == "supported"
    assert str(rule.verdict({"1": fails, "2": fails}, "depth")) == "refuted"
    assert str(rule.verdict({"1": holds, "2": fails}, "depth")) == "depends on depth"
    assert str(rule.verdict({"1": holds, "2": opens}, "depth")) == "depends on depth"
    assert str(rule.verdict({"1": opens, "2": opens}, "depth")) == "depends on chance"
    assert rule.verdict({"1": holds, "2": fails, "3": opens}, "depth").where() == "holds at 1; fails at 2; open at 3"


@pytest.mark.parametrize("rule", [Rule("a", "b", by=0), Rule("a", "b", times=1.5)])
def test_where_nothing_differs_a_claim_is_hardly_ever_supported(rule) -> None:
    rng = np.random.default_rng()
    words = [str(rule.verdict({"": np.exp(rng.normal(size=(6, 2)))}, "")) for _ in range(300)]
    assert words.count("supported") <= 25  # 7.5 of 300, on average, where the limit is no effect at all


def test_numbers_that_are_all_the_same_are_their_own_interval() -> None:
    found = Rule("a", "b", by=0).found("", np.array([[2.0, 1.0]] * 4))
    assert found[2:] == (1.0, 1.0, 1.0, True)


@pytest.mark.parametrize(
    ("pairs", "word"),
    [([[1, 2]] * 3, "has 3 pairs"), ([[1, 0]] * 4, "holds 0"), ([[1, np.inf]] * 4, "finite numbers")],
)
def test_what_cannot_be_compared_is_the_experiments_fault(pairs, word) -> None:
    with pytest.raises(ValueError, match=word):
        Rule("a", "b", times=1).found("", np.array(pairs))


def test_pairs_belong_together_in_the_order_in_which_they_were_seen() -> None:
    seen = Observations(Observation(arm, k + shift, "x") for k in range(3) for arm, shift in (("a", 0.5), ("b", 0.0)))
    assert seen.pairs(Rule("a", "b", by=0))["x"].tolist() == [[0.5, 0], [1.5, 1], [2.5, 2]]
    with pytest.raises(ValueError, match="no case has both 'a' and 'c'"):
        seen.pairs(Rule("a", "c", by=0))
    with pytest.raises(ValueError, match="3 of 'a', 0 of 'c'"):
        seen.pairs(Rule("a", "c", by=0, cases=("x",)))


def test_runs_that_disagree_depend_on_chance() -> None:
    yes, no = Verdict("supported", "", ()), Verdict("refuted", "", ())
    assert settled((yes, yes)) == yes
    assert str(settled((yes, yes, no))) == "depends on chance"
