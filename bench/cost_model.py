"""What a step of several ranks takes: each one's own work, waiting for the slowest, the bytes and the messages.

    T(N, B) = (c0 + c1 B / N) (1 + w(N))  +  2 (N - 1) / N  bytes / β  +  2 ⌈log2 N⌉ α

c0 and c1 are one rank's alone. Steps of one rank are not equally long, and where ranks meet all wait for the slowest:
w(N) is how much longer the longest of N steps is than the mean of them, each drawn from the steps that one rank took.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
from scipy.optimize import least_squares

__all__ = ["ASSUMED", "MOST", "Cost", "Wire", "line", "waiting"]

VECTORS = 3  # of the length of a gradient that ranks apart average: weights and the two moments of Adam
MOST = 4096  # ranks looked at
DRAWS = 400  # of the longest of N steps


class Wire(NamedTuple):
    """What connects the ranks: seconds until a message arrives, and bytes a second."""

    name: str
    latency: float
    bandwidth: float

    def exchange(self, n_bytes: float, ranks: int) -> float:
        """Seconds of a sum over so many ranks."""
        share = 2 * (ranks - 1) / ranks
        return share * n_bytes / self.bandwidth + 2 * math.ceil(math.log2(ranks)) * self.latency


ASSUMED = (  # whole bandwidth; the latencies usual for TCP, and for a card that writes into memory by itself
    Wire("10 Gbit/s, 20 µs", 20e-6, 10e9 / 8),
    Wire("100 Gbit/s, 2 µs", 2e-6, 100e9 / 8),
)


@cache
def waiting(steps: tuple[tuple[float, ...], ...], ranks: int, every: int) -> float:
    """By what share ranks that meet after `every` steps take longer than the mean of them.

    Parameters
    ----------
    steps : tuple of tuple of float
        How long each step of some jobs took, as a share of the mean of its job.
    """
    if ranks == 1 or not steps:
        return 0.0
    windows = [np.convolve(job, np.full(every, 1 / every), "valid") for job in steps if len(job) >= every]
    rng, pool = np.random.default_rng(0), np.concatenate(windows)
    return float(np.mean([rng.choice(pool, ranks).max() for _ in range(DRAWS)]) / pool.mean() - 1)


@dataclass(frozen=True)
class Cost:
    """The seconds of a step of one rank, whatever its batch and for each of its rows, and the bytes of a gradient.

    Attributes
    ----------
    steps : tuple of tuple of float
        How steps of a rank differ: see `waiting`.
    """

    fixed: float
    row: float
    n_bytes: int
    steps: tuple[tuple[float, ...], ...] = ()

    def step(self, wire: Wire, ranks: int, batch: int, every: int = 1, busy: float = 1.0) -> float:
        """Seconds of a step of all ranks; with `every` beyond 1 they meet that rarely, and average more.

        Where the cores of one machine work side by side, a rank's own work is `busy` times as long.
        """
        computed = busy * (self.fixed + self.row * math.ceil(batch / ranks))
        if ranks == 1:
            return computed
        sent = self.n_bytes if every == 1 else VECTORS * self.n_bytes
        return computed * (1 + waiting(self.steps, ranks, every)) + wire.exchange(sent, ranks) / every

    def efficiency(self, wire: Wire, ranks: int, batch: int, every: int = 1) -> float:
        """What each of the ranks does of what one alone would."""
        return self.step(wire, 1, batch) / (ranks * self.step(wire, ranks, batch, every))

    def most(self, wire: Wire, batch: int, every: int = 1) -> int:
        """The most ranks of which each does at least half of what one alone would; more of them only do less."""
        low, high = 1, min(batch, MOST)
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self.efficiency(wire, middle, batch, every) >= 0.5 else (low, middle - 1)
        return low


def line(x: Sequence[float], seconds: Sequence[float]) -> tuple[float, float, float]:
    """The rising line a + b x that misses by the fewest per cent, and the largest share by which it does."""
    at, t = np.array(x, float), np.array(seconds)
    start = np.log([t.min(), t.max() / at.max()])
    a, b = np.exp(least_squares(lambda logs: np.log((np.exp(logs[0]) + np.exp(logs[1]) * at) / t), start).x)
    return float(a), float(b), float(np.abs((a + b * at) / t - 1).max())
