"""Ranks for the tests: processes under mpirun, where it is installed, or threads of this process."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import threading
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

MPIRUN = shutil.which("mpirun", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
WITH_MPI = pytest.mark.skipif(
    MPIRUN is None or importlib.util.find_spec("mpi4py") is None,
    reason="mpirun and mpi4py are not installed: pip install 'glasshouse[mpi]'",
)
TESTS = Path(__file__).parent


def mpirun(n: int, *command: str, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command on n ranks to its end, which has to come by itself."""
    assert MPIRUN is not None
    root = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    return subprocess.run(
        [MPIRUN, "--oversubscribe", "-n", str(n), *command],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        cwd=cwd,
        env={**os.environ, **root, "PYTHONPATH": str(TESTS), "GLASSHOUSE_NUM_THREADS": "1", **environment},
    )


def on_ranks(n: int, script: str, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a Python script, given as its text, on n ranks."""
    return mpirun(n, sys.executable, "-c", script, *arguments, cwd=cwd)


class LeftAloneError(Exception):
    """What a rank gets that waits for one that has gone; under MPI the job would end."""


class Meeting:
    """Where the threads that play ranks meet: the buffers they bring to each call, and who has gone before which."""

    def __init__(self, size: int):
        self.size, self.changed = size, threading.Condition()
        self.brought: defaultdict[int, dict[int, np.ndarray]] = defaultdict(dict)
        self.gone: dict[int, int] = {}

    def exchange(self, rank: int, call: int, buffer) -> list[np.ndarray]:
        """The buffers of all ranks at this call, when the last has brought its own."""

        def is_over() -> bool:
            return len(self.brought[call]) == self.size or any(before <= call for before in self.gone.values())

        with self.changed:
            self.brought[call][rank] = buffer.copy()
            self.changed.notify_all()
            assert self.changed.wait_for(is_over, timeout=60), "the ranks wait for each other"
            if len(self.brought[call]) < self.size:
                raise LeftAloneError(f"rank {min(self.gone)} has gone")
            return [self.brought[call][k] for k in range(self.size)]

    def leave(self, rank: int, call: int) -> None:
        with self.changed:
            self.gone[rank] = call
            self.changed.notify_all()


class ThreadRank:
    """A communicator whose ranks are threads: sums in the order of the ranks, so every one has the same bits."""

    def __init__(self, meeting: Meeting, rank: int):
        self.meeting, self.rank, self.size = meeting, rank, meeting.size
        self.calls: list[tuple[int, int]] = []  # the address and the length of each buffer

    def gather(self, buffer):
        assert buffer.flags.c_contiguous
        self.calls.append((buffer.ctypes.data, buffer.size))
        every = self.meeting.exchange(self.rank, len(self.calls), buffer)
        assert {(part.dtype, part.shape) for part in every} == {(buffer.dtype, buffer.shape)}
        return np.stack(every)

    def all_reduce(self, buffer, op="sum") -> None:
        every = self.gather(buffer)
        with np.errstate(all="ignore"):
            buffer[...] = {"sum": np.add, "max": np.maximum}[op].reduce(every, axis=0)

    def broadcast(self, buffer, root=0) -> None:
        buffer[...] = self.gather(buffer)[root]

    def barrier(self) -> None:
        self.gather(np.zeros(0))

    def leave(self, why) -> None:
        self.meeting.leave(self.rank, len(self.calls) + 1)

    def abort(self, code):
        self.leave("")
        raise SystemExit(code)


def on_threads(n: int, work):
    """What work(communicator) returns, or raises, on each of n ranks."""
    meeting, found = Meeting(n), [None] * n

    def run(rank: int) -> None:
        together = ThreadRank(meeting, rank)
        try:
            found[rank] = work(together)
        except Exception as error:
            found[rank] = error
            together.leave("")

    threads = [threading.Thread(target=run, args=(rank,)) for rank in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found
