"""The world: all ranks that a launcher started, or this process alone; found once, and made sure of."""

from __future__ import annotations

import os
import sys
from types import TracebackType
from typing import Any, NoReturn

import numpy as np

from .. import __version__, kernels
from ..errors import WorldError
from .agreement import agree
from .communicator import Communicator
from .endings import joint
from .launcher import Launch, first_word, launched
from .mpi import OverMPI
from .serial import SERIAL

__all__ = ["joined", "ranks_here", "stop", "world"]

_joined: list[Communicator] = []  # the world, once it was asked for
_here: list[int] = []  # how many of its ranks are on this machine


def world() -> Communicator:
    """Return the communicator of all ranks; `SERIAL` unless a launcher has started several.

    From then on the ranks of one machine share its processors, and an error that nobody catches ends all of them.

    Raises
    ------
    WorldError
        If mpi4py is not installed, MPI sees others than the launcher says, or ranks run different versions.

    Examples
    --------
    >>> world().size
    1
    """
    launch = launched()
    if launch is None:
        return SERIAL
    if not _joined:
        _joined.append(_join(launch))
        with joint(_joined[0]):
            agree(_joined[0], {"the version of glasshouse": __version__, "the version of numpy": np.__version__})
    return _joined[0]


def joined() -> Communicator:
    """The world, if it was asked for before; else this process alone."""
    return _joined[0] if _joined else SERIAL


def ranks_here() -> int:
    """How many of the ranks are on this machine, and share its memory."""
    return _here[0] if _here else 1


def stop(together: Communicator, code: int) -> NoReturn:
    """End all ranks at once with this exit code, whatever they are doing; a process alone just exits."""
    together.abort(code)


def _join(launch: Launch) -> Communicator:
    try:
        from mpi4py import MPI
    except (ImportError, RuntimeError) as error:  # RuntimeError: mpi4py is there, and no MPI library
        _refuse(launch, f"mpi4py cannot be imported ({error}): pip install 'glasshouse[mpi]'", error)
    comm: Any = MPI.COMM_WORLD
    if comm.size != launch.size:
        library = MPI.Get_library_version().split(",")[0].splitlines()[0]
        _refuse(
            launch,
            f"MPI ({library}) sees {comm.size}: start them with the mpirun of that MPI, or with srun --mpi=pmix",
        )
    here = OverMPI(comm.Split_type(MPI.COMM_TYPE_SHARED))
    _here.append(here.size)
    kernels.share(_on_my_processors(here))
    together = OverMPI(comm)
    sys.excepthook = _Ending(together, sys.excepthook)
    return together


def _refuse(launch: Launch, found: str, error: Exception | None = None) -> NoReturn:
    """One process speaks for those that are not in one world; the others give it the time to, and go."""
    if launch.rank > 0:
        first_word(launch.rank)
        sys.exit(WorldError.exit_code)
    raise WorldError(f"{launch.launcher} started {launch.size} ranks, but {found}") from error


def _on_my_processors(here: Communicator) -> int:
    """How many ranks of this machine may run where this one may; a launcher may have bound each to its own."""
    mine = _my_processors()
    last = np.array([mine[-1]], np.int64)
    here.all_reduce(last, "max")
    allowed = np.zeros(int(last[0]) + 1, np.uint8)
    allowed[mine] = 1
    return int(here.gather(allowed)[:, mine].any(axis=1).sum())


def _my_processors() -> list[int]:
    return sorted(os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1))


class _Ending:
    """What Python calls with an error that nobody caught: it is shown, and then all ranks end."""

    def __init__(self, together: Communicator, show: Any):
        self.together, self.show = together, show

    def __call__(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        first_word(self.together.rank)
        self.show(kind, error, trace)
        stop(self.together, 130 if issubclass(kind, KeyboardInterrupt) else getattr(error, "exit_code", 1))
