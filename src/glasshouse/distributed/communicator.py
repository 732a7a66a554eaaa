"""A communicator: how ranks, the processes of one run, exchange numbers. It knows arrays alone; nothing is pickled."""

from __future__ import annotations

from typing import Any, NoReturn, Protocol

import numpy.typing as npt

__all__ = ["Array", "Communicator"]

Array = npt.NDArray[Any]


class Communicator(Protocol):
    """What ranks do together: every rank calls the same methods in the same order, with buffers of one shape and type.

    Buffers are contiguous. What a method writes is the same on every rank, to the bit.
    """

    @property
    def rank(self) -> int:
        """Which of the ranks this process is, from 0."""

    @property
    def size(self) -> int:
        """How many there are."""

    def all_reduce(self, buffer: Array, op: str = "sum") -> None:
        """Replace the buffer by the sum of all ranks' buffers, or by their 'max', in place."""

    def broadcast(self, buffer: Array, root: int = 0) -> None:
        """Replace the buffer by that of one rank, in place."""

    def gather(self, buffer: Array) -> Array:
        """Return the buffers of all ranks, (size, *buffer.shape), on every rank."""

    def barrier(self) -> None:
        """Wait until every rank is here."""

    def leave(self, why: str) -> None:
        """Say that this rank will not do what the others wait for: the job ends with this process, at the latest."""

    def abort(self, code: int) -> NoReturn:
        """End every rank at once, with this exit code."""
