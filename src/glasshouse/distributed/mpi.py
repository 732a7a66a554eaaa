"""Ranks over MPI: each method is one call of the library on the memory of the array."""

from __future__ import annotations

import atexit
import sys
import time
from typing import TYPE_CHECKING, NoReturn

import numpy as np

from ..errors import WorldError
from .communicator import Array

if TYPE_CHECKING:
    from mpi4py.MPI import Intracomm

__all__ = ["OverMPI"]
READ = 0.3  # seconds a launcher has to hand on what was written, before it is told to end all


class OverMPI:
    """A communicator over one of MPI's."""

    def __init__(self, comm: Intracomm):
        from mpi4py import MPI  # whose import starts it

        self._in_place, self._ops = MPI.IN_PLACE, {"sum": MPI.SUM, "max": MPI.MAX}
        self.rank, self.size = comm.rank, comm.size
        self._comm, self._left = comm, ""

    def all_reduce(self, buffer: Array, op: str = "sum") -> None:
        self._expect_to_be_in()
        self._comm.Allreduce(self._in_place, buffer, self._ops[op])

    def broadcast(self, buffer: Array, root: int = 0) -> None:
        self._expect_to_be_in()
        self._comm.Bcast(buffer, root)

    def gather(self, buffer: Array) -> Array:
        self._expect_to_be_in()
        every = np.empty((self.size, *buffer.shape), buffer.dtype)
        self._comm.Allgather(buffer, every)
        return every

    def barrier(self) -> None:
        self._expect_to_be_in()
        self._comm.Barrier()

    def leave(self, why: str) -> None:
        """The others wait in a call that this rank will never make, so an end of MPI as usual would wait for ever."""
        if not self._left:
            atexit.register(self.abort, 1)
        self._left = why

    def abort(self, code: int) -> NoReturn:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
        time.sleep(READ)
        self._comm.Abort(code)
        sys.exit(code)

    def _expect_to_be_in(self) -> None:
        if self._left:
            raise WorldError(
                f"rank {self.rank} left a run in which the other ranks wait ({self._left}): end the script there"
            )
