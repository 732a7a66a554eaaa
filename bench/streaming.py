"""What reading a table in parts costs, in memory and in time: ``python -m bench.streaming [PART ...]``.

Parts: ``peak`` (memory and time of one epoch of a table of the size of HIGGS), ``ratio`` (the same call on a table that
fits, in memory and in parts, by turns) and ``growth`` (tables of one, two, four and eight million rows). Every call is
a process of its own, so that nobody's leavings count. Tables are made where they are not there yet; ``--folder`` keeps
them for the next time (12 GB for all of them). The files are read from the page cache, into which their making put
them.

A row takes its share of the reading (survey, encoder; of a table in memory: parsing it), which is of all rows, and its
share of the epoch's steps, which are those of the rows that train: in memory 64 %, in parts all but those held. The
network is 28-128-128-1: two classes are one sigmoid output here.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from bench import page
from glasshouse.training.watchers import Watcher

COLUMNS, GROUP = 28, 1 << 18
WHOLE = "64GB"  # of memory that a table may take: more than any of these, so it is read whole
MADE = "table-{}{}"


class Measured(NamedTuple):
    """One call of `train`: seconds of its parts, and what it took of memory at most.

    Attributes
    ----------
    rows, trained : int
        Of the table; of those, the rows that train.
    reading, training, judging : float
        Seconds until the first step, of the steps of the epoch, and of all after them.
    peak : float
        MB resident, of the whole process.
    """

    streamed: bool
    rows: int
    trained: int
    reading: float
    training: float
    judging: float
    peak: float

    @property
    def row(self) -> float:
        """Microseconds for a row."""
        return 1e6 * (self.reading / self.rows + self.training / self.trained)

    @property
    def call(self) -> float:
        """Microseconds of the whole call for a row of the table, whatever was done with it."""
        return 1e6 * (self.reading + self.training + self.judging) / self.rows

    def __str__(self) -> str:
        seconds = f"{self.reading:.1f} | {self.training:.1f} | {self.judging:.1f}"
        return f"{self.rows:,} | {self.trained:,} | {seconds} | {self.row:.2f} | {self.call:.2f} | {self.peak:,.0f}"


HEAD = "rows | of them train | reading, s | steps, s | judging, s | µs a row | µs a row, whole call | peak, MB |"


class Clock(Watcher):
    """When the steps of the epoch began and ended."""

    began = ended = 0.0

    def before_epoch(self, state: Any) -> None:
        self.began = time.perf_counter()

    def after_step(self, state: Any, work: Any) -> None:
        self.ended = time.perf_counter()


def child(path: str, memory: str) -> None:
    """One epoch of training, timed; the only thing this process does."""
    import glasshouse as gh

    clock, started = Clock(), time.perf_counter()
    model = gh.train(
        path, target="label", memory=memory, epochs=1, baselines=False, hidden=(128, 128), out="", watchers=(clock,)
    )
    end = time.perf_counter()
    found = Measured(
        model.origin.streamed,
        model.run.n_rows,
        model.run.sizes.train,
        clock.began - started,
        clock.ended - clock.began,
        end - clock.ended,
        peak(),
    )
    print(json.dumps(found))


def peak() -> float:
    """MB that this process has had resident at most."""
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024 / 1e6


def measured(path: Path, memory: str) -> Measured:
    """What a process finds that trains on this table.

    Raises
    ------
    SystemExit
        If the table was read whole although this much memory was meant to be too little, or the other way round.
    """
    command = [sys.executable, "-m", "bench.streaming", "--child", str(path), memory]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{path} under {memory}: {done.stderr.strip()}")
    found = Measured(*json.loads(done.stdout))
    if found.streamed != (memory != WHOLE):
        raise SystemExit(f"{path} was {'not ' * (not found.streamed)}read in parts under {memory}: take more rows")
    return found


def parquet(folder: Path, n_rows: int) -> Path:
    """Normal columns and a label that a network of few units can learn in part, in groups of 262,144 rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = folder / MADE.format(n_rows, ".parquet")
    if path.exists():
        return path
    rng = np.random.default_rng(0)
    W, v = rng.normal(size=(COLUMNS, 6)).astype("f4"), rng.normal(size=6).astype("f4")
    schema = pa.schema([("label", pa.int8()), *((f"f{k}", pa.float32()) for k in range(COLUMNS))])
    unfinished = path.with_suffix(".part")
    with pq.ParquetWriter(unfinished, schema) as writer:
        for start in range(0, n_rows, GROUP):
            X = rng.normal(size=(min(GROUP, n_rows - start), COLUMNS)).astype("f4")
            z = np.tanh(X @ W) @ v + rng.normal(size=len(X)) / 2
            columns = [pa.array((z > 0).astype("i1")), *(pa.array(X[:, k]) for k in range(COLUMNS))]
            writer.write_table(pa.table(columns, schema=schema))
    unfinished.rename(path)
    return path


def csv(folder: Path, n_rows: int) -> Path:
    """The same rows as text, each number in the fewest digits that are it."""
    import pyarrow as pa
    import pyarrow.csv as pc
    import pyarrow.parquet as pq

    path, source = folder / MADE.format(n_rows, ".csv"), pq.ParquetFile(parquet(folder, n_rows))
    if path.exists():
        return path
    unfinished = path.with_suffix(".part")
    with pc.CSVWriter(unfinished, source.schema_arrow) as writer:
        for k in range(source.num_row_groups):
            writer.write_table(pa.Table.from_batches(source.read_row_group(k).to_batches()))
    unfinished.rename(path)
    return path


def peaks(folder: Path, asked: argparse.Namespace) -> Iterator[str]:
    """One large table, once as Parquet and once as CSV."""
    yield f"| {asked.rows:,} rows under {asked.memory} | file, MB | {HEAD}\n" + "|---" * 10 + "|"
    for kind, make in (("Parquet", parquet), ("CSV", csv)):
        path = make(folder, asked.rows)
        yield f"| {kind} | {path.stat().st_size / 1e6:,.0f} | {measured(path, asked.memory)} |"


def ratios(folder: Path, asked: argparse.Namespace) -> Iterator[str]:
    """A table that fits: in memory, and in parts from Parquet and from CSV, each once a round."""
    text = csv(folder, asked.fits)
    ways = {
        "Parquet in memory": (parquet(folder, asked.fits), WHOLE),
        "Parquet in parts": (parquet(folder, asked.fits), asked.memory),
        "CSV in memory": (text, WHOLE),
        "CSV in parts": (text, asked.memory),
    }
    yield f"| {asked.fits:,} rows, by rounds | {HEAD}\n" + "|---" * 9 + "|"
    found: dict[str, list[Measured]] = {way: [] for way in ways}
    for _ in range(asked.rounds):
        for way, (path, memory) in ways.items():
            found[way].append(measured(path, memory))
            yield f"| {way} | {found[way][-1]} |"
    yield f"\n| how many times {next(iter(ways))} | {' | '.join(COMPARED)} |\n" + "|---" * (1 + len(COMPARED)) + "|"
    first = found["Parquet in memory"]
    for way, each in found.items():
        cells = [times([of(one) / of(base) for one, base in zip(each, first)]) for of in COMPARED.values()]
        yield f"| {way} | {' | '.join(cells)} |"


COMPARED: dict[str, Callable[[Measured], float]] = {
    "µs a row": lambda one: one.row,
    "whole call": lambda one: one.call,
    "reading a row": lambda one: one.reading,
    "the steps of a row": lambda one: one.training / one.trained,
}


def times(ratios_: list[float]) -> str:
    """The median, the lowest and the highest."""
    return f"{np.median(ratios_):.2f} ({min(ratios_):.2f} to {max(ratios_):.2f})"


def growth(folder: Path, asked: argparse.Namespace) -> Iterator[str]:
    """Larger and larger tables, each once a round: microseconds a row, and how far each is from the middle of them."""
    tables = {n_rows: parquet(folder, n_rows) for n_rows in asked.growth}
    found: dict[int, list[Measured]] = {n_rows: [] for n_rows in tables}
    for _ in range(asked.rounds):
        for n_rows, path in tables.items():
            found[n_rows].append(measured(path, asked.memory))
    medians = np.array([np.median([one.row for one in each]) for each in found.values()])
    apart = medians / np.median(medians) - 1
    yield "| rows | µs a row | of each round | reading | steps | from the median | peak, MB |\n" + "|---" * 7 + "|"
    for (n_rows, each), row, off in zip(found.items(), medians, apart):
        rounds = ", ".join(f"{one.row:.2f}" for one in each)
        reading = np.median([1e6 * one.reading / one.rows for one in each])
        training = np.median([1e6 * one.training / one.trained for one in each])
        most = max(one.peak for one in each)
        yield f"| {n_rows:,} | {row:.2f} | {rounds} | {reading:.2f} | {training:.2f} | {off:+.1%} | {most:,.0f} |"
    yield f"\nLargest deviation from the median of the sizes: {np.abs(apart).max():.1%}."


PARTS = {"peak": peaks, "ratio": ratios, "growth": growth}


def main() -> None:
    parser = argparse.ArgumentParser("python -m bench.streaming", description="What reading in parts costs.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}  [all]")
    parser.add_argument("--folder", help="where the tables are, or are made  [a temporary one]")
    parser.add_argument("--rows", type=int, default=11_000_000, help="of the table of peak")
    parser.add_argument("--fits", type=int, default=2_000_000, help="rows of the table of ratio")
    parser.add_argument("--growth", type=int, nargs="+", default=[10**6 * k for k in (1, 2, 4, 8)], help="rows")
    parser.add_argument("--memory", default="1GB", help="that tables read in parts may take")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--page", action="store_true", help="put the tables into docs/large.md")
    parser.add_argument("--child", nargs=2, metavar=("TABLE", "MEMORY"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        return child(*asked.child)
    if unknown := set(asked.parts) - set(PARTS):
        parser.error(f"no part is called {', '.join(sorted(unknown))}: choose of {', '.join(PARTS)}")
    threads = os.environ.get("GLASSHOUSE_NUM_THREADS", "not set")
    print(f"{len(os.sched_getaffinity(0))} processors, GLASSHOUSE_NUM_THREADS {threads}, 28-128-128-1, one epoch")
    with tempfile.TemporaryDirectory() as own:
        folder = Path(asked.folder or own)
        folder.mkdir(exist_ok=True)
        for part in asked.parts or PARTS:
            print(f"\n## {part}\n", flush=True)
            lines = []
            for text in PARTS[part](folder, asked):
                print(text, flush=True)
                lines.append(text)
            if asked.page:
                page.put(f"streaming, {part}", "\n".join(lines), page.PAGE.with_name("large.md"))


if __name__ == "__main__":
    main()
