"""Experiments done once more elsewhere: the same rule has to come to the same verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import torch

from glasshouse.laboratory.claims import Experiment, Observation, Observations
from glasshouse.laboratory.rules import Verdict
from glasshouse.laboratory.running import repetition

ROUNDS = 8


def verdict(experiment: Experiment, name: str, rows: Iterable[Observation], cases: set[str]) -> Verdict:
    """What these rows say of a claim, in these cases."""
    (claim,) = (claim for claim in experiment.claims if claim.id == name)
    some = [row for row in rows if row.case in cases]
    return claim.rule.verdict(Observations(some).pairs(claim.rule), experiment.over)


def agree(
    experiment: Experiment,
    theirs: Callable[[list[int]], Iterable[Observation]],
    *names: str,
    each: int = 4,
    case_by_case: bool = False,
) -> None:
    """The same word as ours from the same seeds, in the cases that were done elsewhere; or the same of every case.

    The seeds are new each time. A few of them may leave open what more of them decide, so while the two differ, as many
    are added again: what differs by chance comes to agree, and what differs in truth only differs the more clearly.
    """
    mine, other = list[Observation](), list[Observation]()
    for _ in range(ROUNDS):
        seeds = np.random.default_rng().integers(1 << 31, size=each).tolist()
        torch.manual_seed(seeds[0])
        other += theirs(seeds)
        mine += (row for seed in seeds for row in repetition(experiment.observe, seed))
        assert {(row.arm, row.case, row.of) for row in other} <= {(row.arm, row.case, row.of) for row in mine}
        cases = {row.case for row in other}
        said = {name: [verdict(experiment, name, rows, cases) for rows in (mine, other)] for name in names}
        if all(same(*both, case_by_case) for both in said.values()):
            return
    raise AssertionError(f"after {ROUNDS} times {each} seeds PyTorch and we differ: {said}")


def same(ours: Verdict, theirs: Verdict, case_by_case: bool) -> bool:
    states = [[f.holds for f in one.found] for one in (ours, theirs)]
    return ours.word == theirs.word and (states[0] == states[1] or not case_by_case)
