"""The table of schedules: what share of the learning rate is left after a share of the epochs."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

__all__ = ["SCHEDULES", "Schedule"]


class Schedule(NamedTuple):
    """One row: factor(t), with t from 0 at the first epoch towards 1 at the end of the last."""

    name: str
    formula: str
    factor: Callable[[float], float]


SCHEDULES = {
    row.name: row
    for row in (
        Schedule("constant", "1", lambda t: 1.0),
        Schedule("cosine", "(1 + cos(pi * t)) / 2", lambda t: (1 + math.cos(math.pi * t)) / 2),
    )
}
