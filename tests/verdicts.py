"""Experiments done once more elsewhere: the same rule has to come to the same verdict."""

from __future__ import annotations

from collections.abc import Iterable

from glasshouse.laboratory.claims import Experiment, Observation, Observations
from glasshouse.laboratory.rules import Verdict
from glasshouse.laboratory.running import repetition


def verdict(experiment: Experiment, name: str, rows: Iterable[Observation], cases: Iterable[str] = ()) -> Verdict:
    """What these rows say of a claim, in these cases or in all of theirs."""
    (claim,) = (claim for claim in experiment.claims if claim.id == name)
    some = [row for row in rows if not cases or row.case in cases]
    return claim.rule.verdict(Observations(some).pairs(claim.rule), experiment.over)


def agree(
    experiment: Experiment, theirs: Iterable[Observation], seeds: list[int], *names: str, case_by_case: bool = False
) -> None:
    """The same word as ours from these seeds, in the cases that were done elsewhere; or the same of every case."""
    theirs = list(theirs)
    ours = [row for seed in seeds for row in repetition(experiment.observe, seed)]
    assert {(row.arm, row.case, row.of) for row in theirs} <= {(row.arm, row.case, row.of) for row in ours}
    for name in names:
        mine, other = (verdict(experiment, name, rows, {row.case for row in theirs}) for rows in (ours, theirs))
        assert mine.word == other.word, (name, seeds, mine, other)
        if case_by_case:
            assert [f.holds for f in mine.found] == [f.holds for f in other.found], (name, seeds, mine, other)
