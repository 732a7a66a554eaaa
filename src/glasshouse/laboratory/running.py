"""How an experiment is run: repetition by repetition, each from a seed of its own, side by side unless it is timed."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator

from sklearn.exceptions import ConvergenceWarning

from ..errors import HealthWarning
from .claims import Experiment, Observation, Observations

__all__ = ["observed", "repetition"]


def repetition(observe: Callable[[int], Iterator[Observation]], seed: int) -> list[Observation]:
    """What one repetition sees; networks that are ill, or not done, are what many of them are about."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", HealthWarning)
        warnings.simplefilter("ignore", ConvergenceWarning)
        return list(observe(seed))


def _apart(observe: Callable[[int], Iterator[Observation]], seed: int) -> list[Observation]:
    """The same in a process of its own, which has one processor; how many threads there are changes no bit."""
    os.environ["GLASSHOUSE_NUM_THREADS"] = "1"
    return repetition(observe, seed)


def observed(experiment: Experiment, seed: int, workers: int, tell: Callable[[int], None]) -> Observations:
    """All repetitions of an experiment, in their order, whoever is done first.

    Parameters
    ----------
    workers : int
        How many repetitions run at once; one, whatever is said, where time is measured.
    tell : function
        Called with how many are done.
    """
    seeds, rows = experiment.seeds(seed), list[Observation]()
    if workers == 1 or experiment.timed:
        each: Iterator[list[Observation]] = (repetition(experiment.observe, one) for one in seeds)
    else:
        from joblib import Parallel, delayed

        side_by_side = Parallel(n_jobs=min(workers, len(seeds)), return_as="generator")
        each = iter(side_by_side(delayed(_apart)(experiment.observe, one) for one in seeds))
    for done, found in enumerate(each, start=1):
        rows += found
        tell(done)
    return Observations(rows)
