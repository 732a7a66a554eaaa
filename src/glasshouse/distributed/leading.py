"""Ranks that work for rank 0: it leads and hands out tasks, the others do them until there are no more."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from typing import Any, TypeVar

from ..errors import OptionError, TrainingDiverged
from .communicator import Communicator
from .endings import joint
from .launcher import LAUNCHERS

__all__ = ["led_by_rank_0"]

Found = TypeVar("Found")


def led_by_rank_0(together: Communicator, lead: Callable[[Executor], Found]) -> Found:
    """Return what rank 0 finds, on every rank.

    Tasks, what they come to and what is found are pickled: they are calls of functions, which the arrays of a
    communicator cannot carry, and mpi4py's MPIPoolExecutor sends them.

    Parameters
    ----------
    lead : function of an executor
        Called on rank 0 alone. What it submits runs on the other ranks.

    Raises
    ------
    OptionError, TrainingDiverged
        Of rank 0, on every rank, once the tasks under way are done.
    BaseException
        Any other, on the rank that has it: the others may be in the middle of a task, so the job ends. Where a script
        catches it, that is at the script's end, when those tasks are done.
    """
    from mpi4py import MPI
    from mpi4py.futures import MPICommExecutor

    comm = MPI.COMM_WORLD
    found: Found | OptionError | TrainingDiverged | None = None
    with joint(together), _alone():
        # Closed by hand: after an error that would wait for the tasks of the other ranks, which may take hours.
        ranks = contextlib.ExitStack()
        executor: Any = ranks.enter_context(MPICommExecutor(comm, root=0))  # rank 0's; the others do tasks in here
        if executor is not None:
            try:
                found = lead(executor)
            except (OptionError, TrainingDiverged) as error:
                found = error
        ranks.close()
        found = comm.bcast(found, 0)
    if isinstance(found, OptionError | TrainingDiverged):
        raise found
    assert found is not None
    return found


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """No launcher is to be seen: what trains in here is one process's own, whatever `train` does with several."""
    hidden = {name: os.environ.pop(name) for names in LAUNCHERS.values() for name in names if name in os.environ}
    try:
        yield
    finally:
        os.environ |= hidden
