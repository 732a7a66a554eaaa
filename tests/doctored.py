"""Planted faults by the hundred: is what was planted what the doctor finds, and do remedies help?

As a program: ``python tests/doctored.py FAULTY HEALTHY [--cure]``.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import brute
import numpy as np
from faults import Case, healthy_varied, planted

from glasshouse.errors import TrainingDiverged
from glasshouse.health.doctor import Doctor, diagnosis_of, verdict
from glasshouse.health.examination import examine
from glasshouse.health.findings import KINDS, Diagnosis
from glasshouse.health.remedies import Trial, cure
from glasshouse.network.predictor import Predictor
from glasshouse.training.loop import fit
from glasshouse.training.state import State
from glasshouse.training.watchers import Watcher

FAULTS = (
    "dead_units",
    "saturated_units",
    "vanishing_gradient",
    "exploding_gradient",
    "unbounded_activations",
    "symmetric_units",
    "unscaled_inputs",
    "leaking_label",
    "learning_rate_too_high",
    "learning_rate_too_low",
)
OF_SCORE = ("unscaled_inputs", "learning_rate_too_high", "learning_rate_too_low")
SKILL = 0.8
UNSEEN = 10_000  # the limits were set on healthy runs of smaller seeds


class Steps(Watcher):
    """How far each of the first steps of an epoch moved the weights, in float64 and without the doctor's help."""

    def __init__(self) -> None:
        self.before: np.ndarray | None = None
        self.moved: list[float] = []

    def after_step(self, state, work) -> None:
        now = state.network.parameters.astype(np.float64)
        if self.before is not None:
            pairs = zip(state.network.views(self.before), state.network.views(now), strict=True)
            shares = [np.linalg.norm(w - v) / max(np.linalg.norm(v), 1e-12) for (v, _), (w, _) in pairs]
            self.moved.append(float(max(shares[:-1])))
        self.before = now


class Outcome(NamedTuple):
    """What training a case came to."""

    state: State
    diagnosis: Diagnosis
    moved: list[float]
    skill: float


def trained(case: Case, majority: float = 0.0, healthy: float = 1.0) -> Outcome:
    recipe, data = case.course.recipe, case.data
    state = State.begun(recipe.initialized(data.X.shape[1], data.Y.shape[1]), recipe)
    doctor, steps, error = Doctor(), Steps(), None
    try:
        fit(state, data, recipe, case.validation, [doctor, steps])
    except TrainingDiverged as diverged:
        error = diverged
    seen = examine(state.network, recipe, data, state.history, doctor.samples, thorough=True)
    diagnosis = diagnosis_of(seen) if error is None else verdict(error, seen)
    skill = (accuracy_of(state.chosen(), case) - majority) / max(healthy - majority, 1e-9)
    return Outcome(state, diagnosis, steps.moved, skill)


def accuracy_of(network, case: Case) -> float:
    X, y = case.test
    return float(np.mean(Predictor(network)(X).argmax(axis=1) == y))


def majority_of(case: Case) -> float:
    """The share of the commonest class of the test rows."""
    return float(np.bincount(case.y[case.test_rows]).max() / len(case.test_rows))


def truth(case: Case, outcome: Outcome) -> set[tuple[str, int | None]]:
    """Which kinds are there, and in which layers, by brute force on the finished network."""
    rows = case.parts[0]
    found: set[tuple[str, int | None]] = set()
    with np.errstate(all="ignore"):
        z, a, deltas = brute.passes(outcome.state.network, case.X[rows], case.one_hot[rows])
        flat = brute.flat(outcome.state.network, z)
        for k, (shares, layer) in enumerate(zip(flat, outcome.state.network.layers, strict=False), start=1):
            dead = layer.activation == "relu"
            name = "dead_units" if dead else "saturated_units"
            if KINDS[name].severity(float(np.mean(shares >= (1 if dead else 0.8)))):
                found.add((name, k))
        value = brute.ratio(deltas)
        for name in ("vanishing_gradient", "exploding_gradient"):
            if len(flat) > 1 and KINDS[name].severity(value):
                found.add((name, 1))
        grown = brute.sizes(a, case.X[rows])
        if KINDS["unbounded_activations"].severity(max(grown)):
            found.add(("unbounded_activations", int(np.argmax(grown)) + 1))
    if case.kind == "symmetric_units":
        for k, (w, b) in enumerate(outcome.state.network.views(outcome.state.network.parameters)[:-1], start=1):
            whole = np.column_stack([w, b]).astype(np.float64)
            near = np.linalg.norm(whole[:, None] - whole, axis=2) <= 1e-4 * np.linalg.norm(whole, axis=1)
            if KINDS["symmetric_units"].severity(float(np.mean(near.sum(axis=1) > 1))):
                found.add(("symmetric_units", k))
    size = np.sqrt((case.X[rows].astype(np.float64) ** 2).mean(axis=0)).max()
    if KINDS["unscaled_inputs"].severity(float(size)):
        found.add(("unscaled_inputs", 0))
    if case.kind == "leaking_label":
        found.add(("leaking_label", 0))
    if KINDS["learning_rate_too_high"].severity(max(outcome.moved[:1], default=0)):
        found.add(("learning_rate_too_high", None))
    losses = [row["loss"] for row in outcome.state.history]
    fall = (losses[-1 - len(losses) // 5] - losses[-1]) / (losses[0] - losses[-1]) if len(losses) > 4 else 0
    if np.median(outcome.moved) < 3e-4 and KINDS["learning_rate_too_low"].severity(fall):
        found.add(("learning_rate_too_low", None))
    return found


class Verdict(NamedTuple):
    """A faulty run: what was planted, what is there by brute force, and what the doctor found."""

    case: Case
    well: Case
    outcome: Outcome
    planted: set[tuple[str, int | None]]
    healthy: float
    majority: float

    @property
    def found(self) -> bool:
        """Whether one of the findings has the planted kind, and a layer where it is."""
        return any((finding.kind, finding.layer) in self.planted for finding in self.outcome.diagnosis.findings)

    @property
    def hurt(self) -> bool:
        """Whether the fault took skill; a leak only seems to give some."""
        return self.outcome.skill <= SKILL or self.case.kind == "leaking_label"


def faulty(kind: str, seeds: Iterator[int] | range) -> Iterator[Verdict]:
    """The runs of these seeds in which the fault is there, and hurts where it is one of the score."""
    for seed in seeds:
        case, well = planted(kind, np.random.default_rng((seed, FAULTS.index(kind))))
        majority = majority_of(well)
        healthy = accuracy_of(trained(well).state.chosen(), well)
        outcome = trained(case, majority, healthy)
        there = {place for place in truth(case, outcome) if place[0] == kind}
        if there and (kind not in OF_SCORE or outcome.skill <= SKILL):
            yield Verdict(case, well, outcome, there, healthy, majority)


def cured(run: Verdict) -> float:
    """The skill that the remedies reach."""
    state = run.outcome.state
    validated = [row["validation_score"] for row in state.history if "validation_score" in row]
    first = Trial(run.case.course, state.chosen(), max(validated, default=-np.inf), run.outcome.diagnosis)
    best = cure(first, run.case.data, run.case.validation).after
    return (accuracy_of(best.network, run.case) - run.majority) / max(run.healthy - run.majority, 1e-9)


def main(n_faulty: int, n_healthy: int, cures: bool) -> None:
    severe: Counter[str] = Counter()
    for seed in range(UNSEEN, UNSEEN + n_healthy):
        severe.update({f.kind for f in trained(healthy_varied(np.random.default_rng(seed))).diagnosis.of("severe")})
    print(f"healthy: {n_healthy} runs, severe findings {dict(severe)}", flush=True)
    runs = hits = 0
    for kind in FAULTS:
        some = list(faulty(kind, range(n_faulty)))
        found = sum(run.found for run in some)
        line = f"{kind:24} {len(some):4} faulty of {n_faulty}, {found:4} found"
        if cures:
            harmed = [r for r in some if r.hurt and r.healthy - r.majority >= 0.05]
            skills = [cured(run) for run in harmed]
            line += f", {len(harmed)} harmed, {sum(skill >= 0.9 for skill in skills)} cured"
        print(line, flush=True)
        runs, hits = runs + len(some), hits + found
    print(f"all {runs} faulty, {hits} found ({hits / max(runs, 1):.1%})")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), "--cure" in sys.argv)
