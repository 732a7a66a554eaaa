"""Interleaved rounds: how long each contestant takes, and how many times longer than the first of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Result", "Run", "installed", "measured"]

Run = Callable[[], object]

LEAST = 0.05  # seconds of work in a round
REST = 0.3  # seconds, in which the threads of the one before stop looking for work


@dataclass(frozen=True)
class Result:
    """Seconds a step, (rounds, contestants)."""

    title: str
    names: list[str]
    seconds: np.ndarray

    def ratio(self, k: int) -> tuple[float, float, float]:
        """How many times longer than the first: the median, the lowest and highest but one."""
        ratios = np.sort(self.seconds[:, k] / self.seconds[:, 0])
        return float(np.median(ratios)), float(ratios[1]), float(ratios[-2])

    @property
    def microseconds(self) -> float:
        """Ours."""
        return float(np.median(self.seconds[:, 0]) * 1e6)

    def __str__(self) -> str:
        lines = [f"{self.title}: microseconds, and how many times ours"]
        for k, name in enumerate(self.names):
            middle, low, high = self.ratio(k)
            lines.append(
                f"  {name:14}{np.median(self.seconds[:, k]) * 1e6:12.1f}    {middle:6.2f}  ({low:.2f} to {high:.2f})"
            )
        return "\n".join(lines)

    def document(self) -> dict[str, Any]:
        """The same as JSON holds it."""
        found = {
            name: {"seconds": float(np.median(self.seconds[:, k])), "ratio": self.ratio(k)}
            for k, name in enumerate(self.names)
        }
        return {"title": self.title, "contestants": found}


def installed(builders: Mapping[str, Callable[[], Run]]) -> Iterator[tuple[str, Run]]:
    """The contestants whose libraries are there."""
    for name, build in builders.items():
        try:
            yield name, build()
        except ImportError:
            print(f"{name} is not installed: left out (make bench installs it)")


def measured(title: str, contestants: Mapping[str, Run], steps: int, rounds: int, rest: bool = False) -> Result:
    """Time each contestant once a round; `steps` is how many steps one call takes; threads want a `rest` between."""
    repeats = {}
    for name, run in contestants.items():
        run()  # compiles, allocates, starts threads
        started = time.perf_counter()
        run()
        repeats[name] = max(1, int(LEAST / max(time.perf_counter() - started, 1e-7)))
    seconds = np.empty((rounds, len(contestants)))
    for k in range(rounds):
        for j, (name, run) in enumerate(contestants.items()):
            if rest:
                time.sleep(REST)
                run()
            started = time.perf_counter()
            for _ in range(repeats[name]):
                run()
            seconds[k, j] = (time.perf_counter() - started) / repeats[name] / steps
    return Result(title, list(contestants), seconds)
