"""The arithmetic, compiled once for each instruction set: exactly one of the modules is imported.

The best one this processor can run is taken. The environment variable ``GLASSHOUSE_KERNELS`` forces one by name
(``x86_64_v2``, ``x86_64_v3``, ``x86_64_v4``), which is how the tests run the laws on each.
"""

from __future__ import annotations

import importlib
import os

import numpy as np
import numpy.typing as npt

from ..errors import OptionError
from . import _cpu

__all__ = ["Team", "arithmetic", "available_levels", "float32", "float64", "level", "processors", "share", "team_size"]

_LEVELS = ("x86_64_v2", "x86_64_v3", "x86_64_v4")


def available_levels() -> tuple[str, ...]:
    """The kernel modules this processor can run, the best last."""
    best = _cpu.level()
    return _LEVELS[: _LEVELS.index(best) + 1] if best in _LEVELS else (best,)


def _chosen() -> str:
    levels = available_levels()
    asked = os.environ.get("GLASSHOUSE_KERNELS", levels[-1])
    if levels == ("none",):
        raise ImportError("this processor lacks x86-64-v2 (SSE4.2): Glasshouse cannot run on it")
    if asked not in levels:
        raise OptionError(
            f"GLASSHOUSE_KERNELS={asked}: this processor runs {', '.join(levels)}: unset it or choose one"
        )
    return asked


level = _chosen()
_module = importlib.import_module(f"._{level}", __name__)
Team, float32, float64 = _module.Team, _module.float32, _module.float64


def arithmetic(dtype: npt.DTypeLike):  # type: ignore[no-untyped-def]  # typed in __init__.pyi
    """Return the kernels for float32 or float64."""
    return {np.dtype(np.float32): float32, np.dtype(np.float64): float64}[np.dtype(dtype)]


_sharing = 1


def share(n: int) -> None:
    """From now on n processes, this one among them, share the processors it may run on."""
    global _sharing  # noqa: PLW0603  # a fact about the process
    _sharing = n


def team_size() -> int:
    """How many threads a fit may use: ``GLASSHOUSE_NUM_THREADS``, else this process's part of the processors."""
    asked = os.environ.get("GLASSHOUSE_NUM_THREADS")
    if asked is not None:
        if not asked.isdecimal() or not 1 <= int(asked) <= 1024:
            raise OptionError(f"GLASSHOUSE_NUM_THREADS is {asked!r}: it must be a whole number from 1 to 1024")
        return int(asked)
    return max(processors() // _sharing, 1)


def processors() -> int:
    """How many this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
