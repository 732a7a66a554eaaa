"""The world: who is there is made sure of, and the processors of a machine are shared."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest
from ranks import WITH_MPI, on_ranks, on_threads

from glasshouse import kernels
from glasshouse.distributed import world as world_module
from glasshouse.distributed.launcher import LAUNCHERS, Launch, launched
from glasshouse.distributed.serial import SERIAL
from glasshouse.distributed.world import joined, stop, world

ALONE = {
    name: value for name, value in os.environ.items() if not any(name in variables for variables in LAUNCHERS.values())
}


def test_without_a_launcher_a_process_is_alone(monkeypatch) -> None:
    assert (launched(), world(), joined()) == (None, SERIAL, SERIAL)
    monkeypatch.setenv("OMPI_COMM_WORLD_SIZE", "1")
    assert (launched(), world()) == (None, SERIAL)
    with pytest.raises(SystemExit) as caught:
        stop(SERIAL, 3)
    assert caught.value.code == 3


@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_launchers_are_known_by_what_they_tell(launcher: str, monkeypatch) -> None:
    size, rank = LAUNCHERS[launcher]
    monkeypatch.setenv(size, "8")
    monkeypatch.setenv(rank, "5")
    assert launched() == Launch(launcher, 8, 5)


def alone(script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A script in a process whose environment says something of a launcher that is not there."""
    return subprocess.run(
        [sys.executable, "-c", script], check=False, capture_output=True, text=True, env=ALONE | environment, timeout=60
    )


ASK = """
from click import command
from glasshouse.cli import main
from glasshouse.distributed.world import world
main.glasshouse.get_command = lambda ctx, name: command()(lambda: print(world().size))
main.run(["train"])
"""


@WITH_MPI
def test_processes_that_are_in_no_world_together_stop_with_one_line() -> None:
    """`srun` starting four singletons: rank 0 speaks, and the others go without a word."""
    found = [alone(ASK, SLURM_STEP_NUM_TASKS="4", SLURM_PROCID=str(rank)) for rank in (0, 3)]
    assert [(done.returncode, done.stdout) for done in found] == [(2, "")] * 2
    (line,) = found[0].stderr.splitlines()
    assert line.startswith("glasshouse: srun started 4 ranks, but MPI (")
    assert line.endswith("sees 1: start them with the mpirun of that MPI, or with srun --mpi=pmix")
    assert found[1].stderr == ""


def test_a_launcher_without_mpi4py_is_told_what_to_install() -> None:
    done = alone("import sys; sys.modules['mpi4py'] = None" + ASK, PMI_SIZE="2", PMI_RANK="0")
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("glasshouse: mpiexec started 2 ranks, but mpi4py cannot be imported (")
    assert line.endswith("): pip install 'glasshouse[mpi]'")


@WITH_MPI
def test_different_versions_stop() -> None:
    done = on_ranks(2, "import glasshouse, os; glasshouse.__version__ = os.environ['OMPI_COMM_WORLD_RANK']" + ASK)
    assert (done.returncode, done.stdout.strip()) == (2, "")
    assert done.stderr.startswith(
        "glasshouse: the ranks disagree about the version of glasshouse: rank 0 has 0; rank 1 has 1: start all ranks"
    )
    assert "rank 1: " not in done.stderr


@pytest.mark.parametrize(
    ("allowed", "shares"),
    [
        ([{0, 1, 2, 3}] * 2, [2, 2]),  # unbound: both may run anywhere
        ([{0}, {1}], [1, 1]),  # bound, each to its own
        ([{0, 1}, {0, 1}, {6, 7}], [2, 2, 1]),
        ([{5}], [1]),
    ],
)
def test_ranks_are_counted_where_they_share_processors(allowed, shares, monkeypatch) -> None:
    rank_of = threading.local()
    monkeypatch.setattr(world_module, "_my_processors", lambda: sorted(allowed[rank_of.rank]))

    def count(together) -> int:
        rank_of.rank = together.rank
        return world_module._on_my_processors(together)

    assert on_threads(len(allowed), count) == shares


def test_a_share_of_the_processors_is_at_least_one(monkeypatch) -> None:
    monkeypatch.delenv("GLASSHOUSE_NUM_THREADS", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    try:
        for n, threads in ((1, 8), (2, 4), (3, 2), (8, 1), (20, 1)):
            kernels.share(n)
            assert kernels.team_size() == threads
        monkeypatch.setenv("GLASSHOUSE_NUM_THREADS", "5")
        assert kernels.team_size() == 5  # what is asked for is not divided
    finally:
        kernels.share(1)
