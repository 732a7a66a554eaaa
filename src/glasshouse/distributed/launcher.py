"""What a launcher tells the processes it starts. It is read from the environment; MPI is not asked, nor imported."""

from __future__ import annotations

import os
import time
from typing import NamedTuple

__all__ = ["Launch", "first_word", "launched"]

WAIT = 2.0  # seconds another rank keeps its error back, since rank 0 may have the same and then says it for all
# The variables that say how many processes there are, and which this is.
LAUNCHERS = {
    "mpirun": ("OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"),  # Open MPI
    "mpiexec": ("PMI_SIZE", "PMI_RANK"),  # MPICH, Intel MPI
    "mpirun_rsh": ("MV2_COMM_WORLD_SIZE", "MV2_COMM_WORLD_RANK"),  # MVAPICH
    "srun": ("SLURM_STEP_NUM_TASKS", "SLURM_PROCID"),
}


class Launch(NamedTuple):
    """By what this process was started, as one of how many, and which."""

    launcher: str
    size: int
    rank: int


def launched() -> Launch | None:
    """How this process was started as one of several; None if it was not.

    Examples
    --------
    >>> launched() is None
    True
    """
    for launcher, (size, rank) in LAUNCHERS.items():
        told = os.environ.get(size, "")
        if told.isdecimal() and int(told) > 1:
            which = os.environ.get(rank, "")
            return Launch(launcher, int(told), int(which) if which.isdecimal() else 0)
    return None


def first_word(rank: int) -> None:
    """Before an error is shown: give rank 0, which may have the same, the time to say it and to end all ranks."""
    if rank > 0:
        time.sleep(WAIT)
