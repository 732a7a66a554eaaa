"""From which density on a sparse layer is faster written out with its zeros: ``python -m bench.storage [--page]``.

The rule in `glasshouse.network.filled` is a fit to these; nothing is ever timed while a network trains.
"""

from __future__ import annotations

import os

os.environ["GLASSHOUSE_NUM_THREADS"] = "1"

import sys
import time
from typing import Any

import numpy as np

from bench import page
from glasshouse import kernels
from glasshouse.network.topology import Topology

SHAPES = [(16, 16), (64, 64), (128, 106), (300, 784), (1000, 1000), (2048, 2048)]
BATCHES = (1, 8, 16, 32, 64, 96, 128, 256)
DENSITIES = np.linspace(0.05, 0.95, 19)
ROUNDS = 7


class Contestant:
    """One layer of the pattern, bound for a batch of n."""

    def __init__(self, kind: str, pattern: Topology, n: int, trains: bool):
        arithmetic = kernels.arithmetic(np.float32)
        rng = np.random.default_rng(0)
        fan_out, fan_in = pattern.shape
        below = arithmetic.Columns(fan_in, n, "relu", False, trains)
        here = arithmetic.Columns(fan_out, n, "relu", False, trains)
        below.a[...] = rng.random((fan_in, n))
        if trains:
            here.delta[...] = rng.random((fan_out, n))
        w, b = rng.normal(0, 1, pattern.n_connections).astype("f4"), np.zeros(fan_out, "f4")
        dw, db = (np.zeros_like(w), np.zeros_like(b)) if trains else (None, None)
        p, team = pattern, kernels.Team(1)
        self.layer = getattr(arithmetic, kind)(
            p.row_starts, p.inputs, p.column_starts, p.outputs, p.order, w, b, dw, db, below, here, team
        )
        self.n, self.trains = n, trains
        self.repeat = max(1, int(2e-3 / max(self.seconds(1), 1e-7)))

    def seconds(self, repeat: int) -> float:
        started = time.perf_counter()
        for _ in range(repeat):
            self.layer.forward(self.n)
            if self.trains:
                self.layer.backward(self.n)
        return (time.perf_counter() - started) / repeat


def gains(shape: tuple[int, int], n: int, trains: bool) -> list[float]:
    """How many times longer the connections take than the written out layer, by density."""
    found = []
    for density in DENSITIES:
        pattern = Topology.random(shape, max(1, round(density * shape[0] * shape[1])), np.random.default_rng(0))
        both: list[Any] = [Contestant(kind, pattern, n, trains) for kind in ("Sparse", "Filled")]
        ratios = [both[0].seconds(both[0].repeat) / both[1].seconds(both[1].repeat) for _ in range(ROUNDS)]
        found.append(float(np.median(ratios)))
    return found


def break_even(found: list[float]) -> str:
    """The density at which the ratio passes 1, between the last two densities around it."""
    below = [k for k, ratio in enumerate(found) if ratio < 1]
    if not below or below[-1] == len(found) - 1:
        return f"above {DENSITIES[-1]:.2f}" if below else f"below {DENSITIES[0]:.2f}"
    k = below[-1]
    return f"{np.interp(1.0, found[k : k + 2], DENSITIES[k : k + 2]):.2f}"


def main() -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    heads = [f"| {{}} | {' | '.join(f'batch {n}' for n in BATCHES)} |", "|---" * (1 + len(BATCHES)) + "|"]
    parts = []
    for trains in (True, False):
        lines = [heads[0].format("forward and backward" if trains else "forward alone"), heads[1]]
        for fan_out, fan_in in SHAPES:
            cells = [break_even(gains((fan_out, fan_in), n, trains)) for n in BATCHES]
            lines.append(f"| {fan_in} to {fan_out} | {' | '.join(cells)} |")
            print(lines[-1], flush=True)
        parts.append("\n".join(lines))
    if "--page" in sys.argv:
        page.put("storage", "\n\n".join(parts))


if __name__ == "__main__":
    main()
