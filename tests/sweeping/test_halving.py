"""Who goes on does not depend on who was faster, and nobody among the best third is stopped."""

from __future__ import annotations

import math
import sys

import numpy as np
import pytest

from glasshouse.sweeping import halving as halving_module
from glasshouse.sweeping.halving import RUNGS, SHARE, Halving, Task, epochs_to


def told(values, rng, workers=4, known=()) -> dict[int, set[int]]:
    """Who came to each rung, where tasks end in an order of chance; value by (trial, rung)."""
    halving, running = Halving(len(values)), []
    done = {task: values[task.trial][task.rung] for task in known}
    for task, value in done.items():
        halving.tell(task, value)
    while True:
        while len(running) < workers and (task := halving.take()) is not None:
            running.append(task)
        if not running:
            break
        task = running.pop(int(rng.integers(len(running))))
        assert task not in done
        done[task] = values[task.trial][task.rung]
        halving.tell(task, done[task])
    assert not halving.waiting
    return {rung: {task.trial for task in done if task.rung == rung} for rung in range(RUNGS)}


@pytest.fixture
def rng():
    return np.random.default_rng()


def curves(rng, trials) -> np.ndarray:
    """Scores that only get better from rung to rung, as those of the best epoch so far do."""
    return np.maximum.accumulate(np.round(rng.normal(0, 1, (trials, RUNGS)), 1), axis=1)  # rounded: with ties


@pytest.mark.parametrize("trials", [1, 2, 3, 9, 27, 40])
def test_the_same_go_on_however_many_work_and_whoever_is_first(rng, trials) -> None:
    values = curves(rng, trials)
    found = [told(values, rng, workers) for workers in (1, 2, 7, 40)]
    assert all(each == found[0] for each in found)
    assert found[0][0] == set(range(trials))


def test_the_best_third_of_every_rung_goes_on_and_the_default_always(rng) -> None:
    for _ in range(30):
        trials = int(rng.integers(1, 40))
        values = curves(rng, trials)
        found = told(values, rng)
        for rung in range(RUNGS - 1):
            best = sorted(found[rung], key=lambda trial: -values[trial][rung])
            last = values[best[math.ceil(len(best) / SHARE) - 1]][rung]
            assert {trial for trial in best if values[trial][rung] > last} <= found[rung + 1]
            assert 0 in found[rung + 1]
            assert found[rung + 1] <= found[rung]


def test_few_go_on_beside_the_best_third(rng) -> None:
    """A trial that only looked good among the first is trained in vain: about as many as the root of all."""
    beside = []
    for _ in range(50):
        found = told(curves(rng, 81), rng)
        beside.append(len(found[1]) - 27)
    assert 0 <= np.mean(beside) < 2 * math.sqrt(81)


def test_more_trials_send_on_whom_fewer_sent_on(rng) -> None:
    for _ in range(30):
        values = curves(rng, 40)
        few, many = told(values[: int(rng.integers(1, 40))], rng), told(values, rng)
        for rung in range(RUNGS):
            assert few[rung] <= many[rung]


def test_after_a_stop_nothing_is_done_twice_and_the_same_go_on(rng) -> None:
    for _ in range(30):
        values = curves(rng, 20)
        whole = told(values, rng)
        tasks = [Task(trial, rung) for rung in range(RUNGS) for trial in whole[rung]]
        known = [task for task in tasks if rng.random() < 0.5 and (task.rung == 0 or rng.random() < 0.5)]
        assert told(values, rng, known=known) == whole


def test_what_is_told_in_any_order_sends_on_the_same(rng) -> None:
    for _ in range(30):
        values = curves(rng, 20)
        whole = told(values, rng)
        tasks = [Task(trial, rung) for rung in range(RUNGS - 1) for trial in whole[rung]]
        assert told(values, rng, known=[tasks[k] for k in rng.permutation(len(tasks))]) == whole


def test_many_trials_cost_little_more_each_than_few(rng) -> None:
    """Counted in lines of Python that are run, since a second is not the same everywhere."""

    def lines(trials: int) -> int:
        count = 0

        def trace(frame, event, argument):
            nonlocal count
            count += event == "line"
            return trace if frame.f_code.co_filename == halving_module.__file__ else None

        values, before = curves(rng, trials), sys.gettrace()
        sys.settrace(trace)
        try:
            told(values, rng)
        finally:
            sys.settrace(before)
        return count

    assert lines(800) < 3 * lines(400)


def test_what_diverged_goes_nowhere(rng) -> None:
    values = curves(rng, 12)
    values[3] = -np.inf
    assert 3 not in told(values, rng)[1]
    assert told(np.full((5, RUNGS), -np.inf), rng) == {0: set(range(5)), 1: set(), 2: set()}


def test_rungs_are_at_a_ninth_a_third_and_the_whole() -> None:
    assert [epochs_to(rung, 90) for rung in range(RUNGS)] == [10, 30, 90]
    assert [epochs_to(rung, 1) for rung in range(RUNGS)] == [1, 1, 1]
