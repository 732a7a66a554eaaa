"""Successive halving: who goes on to the next rung, and what is to be done next.

Every trial is trained to the first rung; of those that stand on a rung, the best third goes on to the next (Jamieson &
Talwalkar 2016). Nobody waits for a whole rung to be there: as in asynchronous halving (Li et al. 2020), a trial goes on
as soon as it is among the best third of those judged so far. But they are judged in the order in which they were sent
to the rung, not in the order in which they happen to arrive, so who goes on does not depend on who was faster, on the
number of workers, or on a stop in between; and more trials send on whom fewer sent on, and others beside them.

The first trial of a rung is the best of one: the default recipe, trial 0, always goes on.
"""

from __future__ import annotations

import bisect
import math
import threading
from collections import deque
from typing import NamedTuple

__all__ = ["RUNGS", "SHARE", "Halving", "Task", "epochs_to"]

RUNGS = 3
SHARE = 3  # one in so many goes on


class Task(NamedTuple):
    """Train this trial to this rung."""

    trial: int
    rung: int


def epochs_to(rung: int, max_epochs: int) -> int:
    """How many epochs a trial has at the end of a rung.

    Examples
    --------
    >>> [epochs_to(rung, 60) for rung in range(RUNGS)]
    [7, 20, 60]
    """
    return math.ceil(max_epochs / math.pow(SHARE, RUNGS - 1 - rung))


class Halving:
    """Who stands where.

    Examples
    --------
    >>> halving = Halving(4)
    >>> [halving.take() for _ in range(4)][-1]
    Task(trial=3, rung=0)
    >>> for trial, value in enumerate([0.5, 0.7, 0.9, 0.1]):
    ...     halving.tell(Task(trial, 0), value)
    >>> halving.take(), halving.take(), halving.take()
    (Task(trial=0, rung=1), Task(trial=1, rung=1), Task(trial=2, rung=1))
    """

    def __init__(self, trials: int):
        self._sent = [list(range(trials)), *([] for _ in range(RUNGS - 1))]  # to each rung, in order
        self._known = [set(sent) for sent in self._sent]  # the same, to look up
        self._open = [deque(sent) for sent in self._sent]  # of them those that nobody has taken
        self._values: list[dict[int, float]] = [{} for _ in range(RUNGS)]
        # Of each rung those that were judged, the best first: of equal ones, those sent first.
        self._best: list[list[tuple[float, int]]] = [[] for _ in range(RUNGS)]
        self._lock = threading.Lock()

    def take(self) -> Task | None:
        """The next task, of the highest rung first; None if all that are known of are done or taken."""
        with self._lock:
            rung = self._next()
            return None if rung is None else Task(self._open[rung].popleft(), rung)

    @property
    def waiting(self) -> bool:
        """Whether `take` has a task."""
        with self._lock:
            return self._next() is not None

    def _next(self) -> int | None:
        """The highest rung with a task that is open, which is then the first of its rung."""
        for rung in reversed(range(RUNGS)):
            tasks, values = self._open[rung], self._values[rung]
            while tasks and tasks[0] in values:  # it was done before a stop
                tasks.popleft()
            if tasks:
                return rung
        return None

    def tell(self, task: Task, value: float) -> None:
        """What a task came to: the larger the better, and minus infinity for a trial that can not go on."""
        with self._lock:
            self._values[task.rung][task.trial] = value
            for rung in range(task.rung, RUNGS):  # what came of those that go on may have been told before
                self._judge(rung)

    def _judge(self, rung: int) -> None:
        """Judge those whose turn it is, and send on whoever is then among the best third."""
        sent, values, best = self._sent[rung], self._values[rung], self._best[rung]
        while len(best) < len(sent) and sent[len(best)] in values:
            judged = -values[sent[len(best)]], len(best)
            place = bisect.bisect(best, judged)
            best.insert(place, judged)
            if rung + 1 < RUNGS:
                # All of the third went on before, but the one judged now or, if that is none of it, the last.
                worst, turn = best[min(place, math.ceil(len(best) / SHARE) - 1)]
                if worst < math.inf:
                    self._send(sent[turn], rung + 1)

    def _send(self, trial: int, rung: int) -> None:
        if trial not in self._known[rung]:
            self._known[rung].add(trial)
            self._sent[rung].append(trial)
            self._open[rung].append(trial)
