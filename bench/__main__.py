"""Our work and each installed peer's, timed in turn, as ratios with their spread: ``python -m bench``.

``--threads 2`` gives everyone two; ``--mnist FOLDER`` trains on its images instead of random rows; ``--page`` puts the
tables into docs/performance.md, and ``--json FILE`` adds a line for each of them to a file.

Every round times each contestant once, so that a slow moment of the machine hits all of them; a ratio is taken within
a round. Machines are noisy: the absolute times are there for orientation only.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path


def argument(name: str) -> str:
    return sys.argv[sys.argv.index(name) + 1]


THREADS = int(argument("--threads")) if "--threads" in sys.argv else 1
MNIST = Path(argument("--mnist")) if "--mnist" in sys.argv else None
for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "GLASSHOUSE_NUM_THREADS"):
    os.environ[name] = str(THREADS)
os.environ["XLA_FLAGS"] = f"--xla_cpu_multi_thread_eigen={'true' if THREADS > 1 else 'false'}"
if hasattr(os, "sched_setaffinity"):  # before anybody counts processors
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:THREADS])

# Libraries count threads and processors when they are imported: all of the above has to come first.
from bench import page, predictions, products, steps  # noqa: E402
from bench.rounds import Result, Run, measured  # noqa: E402

ROUNDS = 9 if THREADS > 1 else 15  # threads need a rest in between


def sections(mnist: Path | None) -> Iterator[tuple[str, list[Result]]]:
    """The tables of the page, by the names of their places there."""
    works = [replace(work, mnist=mnist) for work in steps.WORKS]
    contests = [(str(work), steps.contestants(work, THREADS), work.steps) for work in works]
    yield f"training, threads {THREADS}", [run(*contest) for contest in contests]
    if THREADS == 1:  # nobody divides these
        tasks = [(str(task), predictions.contestants(task), task.calls) for task in predictions.TASKS]
        yield "prediction", [run(*task) for task in tasks]
        densities = products.DENSITIES
        yield "products", [run(products.title(density), products.contestants(density), 1) for density in densities]


def run(title: str, contestants: Iterator[tuple[str, Run]], calls: int) -> Result:
    result = measured(title, dict(contestants), calls, ROUNDS, rest=THREADS > 1)
    print(result, flush=True)
    return result


def main() -> int:
    for name, results in sections(MNIST):
        if "--page" in sys.argv:
            page.put(name, page.table(results))
        if "--json" in sys.argv:
            document = {name: [result.document() for result in results]}
            with Path(argument("--json")).open("a", encoding="utf-8") as file:
                file.write(json.dumps(document) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
