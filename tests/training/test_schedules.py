"""Schedules follow their formulas; a plateau cuts the rate and gives patience back; scikit-learn's words."""

from __future__ import annotations

import math
from dataclasses import asdict

import numpy as np
import pytest
from runs import blobs, recipe, train

from glasshouse.errors import OptionError
from glasshouse.training.optimizers import SGD
from glasshouse.training.schedules import (
    SCHEDULES,
    Cosine,
    InverseScaling,
    OneCycle,
    Plateau,
    Progress,
    StepDecay,
    schedule,
)

WORDS = {"cos": math.cos, "pi": math.pi, "max": max, "min": min}


@pytest.mark.parametrize("row", SCHEDULES.values(), ids=lambda row: row.name)
def test_schedules_follow_their_formula(row) -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        epochs, per_epoch = rng.integers(1, 30, 2)
        epoch, k = rng.integers(0, epochs), rng.integers(0, per_epoch)
        at = Progress(
            int(epoch),
            int(epochs),
            int(epoch * per_epoch + k),
            int(epochs * per_epoch),
            int(epoch) * 50,
            int(rng.integers(0, 4)),
        )
        formula, _, where = row.formula.partition(", top = ")
        letters = WORDS | asdict(row()) | at._asdict()
        if where:
            letters["top"] = eval(where, {"__builtins__": {}}, letters)
            if at.step >= letters["top"] and at.steps - 1 - letters["top"] < 1:
                continue  # a run of a step or two: the formula divides by nothing
        assert row().factor(at) == pytest.approx(eval(formula, {"__builtins__": {}}, letters), rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("steps", [1, 2, 3, 5, 100])
def test_one_cycle_rises_falls_and_never_stops_short(steps) -> None:
    factors = [OneCycle().factor(Progress(0, 1, k, steps, 0, 0)) for k in range(steps)]
    assert all(0 < factor <= 1 for factor in factors)
    if steps == 100:
        assert factors[0] == pytest.approx(0.04)
        assert int(np.argmax(factors)) == 29
        assert factors[-1] == pytest.approx(4e-6)


def test_rates_stand_in_the_history_and_a_plateau_cuts_them() -> None:
    chosen = recipe(
        optimizer=SGD(0),
        learning_rate=1e-4,
        tol=1.0,
        schedule=Plateau(0.1, 2, lowest=1.5e-6),
        patience=6,
        max_epochs=40,
    )
    state = train(chosen, blobs())
    rates = [row["learning_rate"] for row in state.history]
    assert rates[:8] == pytest.approx([1e-4] * 4 + [1e-5] * 3 + [1e-6])
    assert state.cuts == 2  # it never gets better by 1, but below 1.5e-6 it is cut no more
    assert len(rates) == 4 + 3 + 6  # and then the run is out of patience


def test_names_and_settings_that_cannot_be() -> None:
    assert [type(schedule(name)) for name in SCHEDULES] == list(SCHEDULES.values())
    for wrong, message in (
        (lambda: schedule("cosinus"), "did you mean 'cosine'"),
        (lambda: StepDecay(every=0), "every is 0: it must be a whole number of at least 1"),
        (lambda: StepDecay(decay=2.0), "decay is 2.0"),
        (lambda: Cosine(final=-1.0), "final is -1.0"),
        (lambda: OneCycle(rise=1.0), "rise is 1.0"),
        (lambda: OneCycle(start=0.0), "start is 0.0"),
        (lambda: Plateau(decay=1.0), "decay is 1.0"),
        (lambda: Plateau(lowest=0.0), "lowest is 0.0"),
        (lambda: InverseScaling(power=-1.0), "power is -1.0"),
    ):
        with pytest.raises(OptionError, match=message):
            wrong()


@pytest.mark.parametrize("row", [Cosine(0.1), OneCycle()], ids=str)
def test_past_the_end_of_the_run_a_rate_stays_where_it_ended(row) -> None:
    last = row.factor(Progress(10, 10, 100, 100, 0, 0))
    assert row.factor(Progress(25, 10, 250, 100, 0, 0)) == last == row.final
