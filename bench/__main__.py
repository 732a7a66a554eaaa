"""Our work and each installed peer's, timed in turn, as ratios with their spread: ``python -m bench [--threads 2]``.

Every round times each contestant once, so that a slow moment of the machine hits all of them; a ratio is taken within
a round. Machines are noisy: the absolute times are there for orientation only.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

THREADS = int(sys.argv[sys.argv.index("--threads") + 1]) if "--threads" in sys.argv else 1
for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "GLASSHOUSE_NUM_THREADS"):
    os.environ[name] = str(THREADS)
os.environ["XLA_FLAGS"] = f"--xla_cpu_multi_thread_eigen={'true' if THREADS > 1 else 'false'}"
if hasattr(os, "sched_setaffinity"):  # before anybody counts processors
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:THREADS])

# Libraries count threads and processors when they are imported: all of the above has to come first.
from bench import predictions, products, steps  # noqa: E402
from bench.rounds import Result, measured  # noqa: E402

ROUNDS = 15


def main() -> int:
    results: list[Result] = []
    for work in steps.WORKS:
        title = f"training step, {work}, {THREADS} thread{'s' * (THREADS > 1)}"
        results.append(measured(title, dict(steps.contestants(work, THREADS)), work.steps, ROUNDS, rest=THREADS > 1))
        print(results[-1], flush=True)
    for task in predictions.TASKS if THREADS == 1 else []:
        results.append(measured(str(task), dict(predictions.contestants(task)), task.calls, ROUNDS))
        print(results[-1], flush=True)
    for density in products.DENSITIES if THREADS == 1 else []:
        results.append(measured(products.title(density), dict(products.contestants(density)), 1, ROUNDS))
        print(results[-1], flush=True)
    if "--json" in sys.argv:
        place = Path(sys.argv[sys.argv.index("--json") + 1])
        place.write_text(json.dumps([result.document() for result in results], indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
