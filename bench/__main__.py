"""Time one training step of ours and of each peer that is installed, in turn, and print ratios with their spread.

Every round times each contestant once, so that a slow moment of the machine hits all of them; a ratio is taken within
a round. Machines are noisy: the absolute times are there for orientation only.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("GLASSHOUSE_NUM_THREADS", "1")

import sys
import time
from collections.abc import Callable

import numpy as np

from bench.steps import SHAPES, contestants

ROUNDS = 15


def seconds(step: Callable[[], object], target: float = 0.05) -> float:
    """Mean seconds of one step over about `target` seconds."""
    step()
    started = time.perf_counter()
    step()
    count = max(1, int(target / max(time.perf_counter() - started, 1e-7)))
    started = time.perf_counter()
    for _ in range(count):
        step()
    return (time.perf_counter() - started) / count


def main() -> int:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    for name, shape in SHAPES.items():
        steps = contestants(shape)
        rounds = np.array([[seconds(step) for step in steps.values()] for _ in range(ROUNDS)])
        print(f"{name}, one thread, {ROUNDS} rounds: microseconds a step, and how many times slower than ours")
        for k, peer in enumerate(steps):
            ratios = np.sort(rounds[:, k] / rounds[:, 0])
            low, middle, high = ratios[1], np.median(ratios), ratios[-2]
            print(f"  {peer:14}{np.median(rounds[:, k]) * 1e6:10.1f}    {middle:6.2f}  ({low:.2f} to {high:.2f})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
