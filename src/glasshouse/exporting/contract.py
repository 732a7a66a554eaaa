"""A limit of flash and memory as a contract: a model is pruned on until it fits, as far as its score allows."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import OptionError
from ..models.model import Model
from ..models.pruning import prune
from ..tables.table import Table
from ..training.watchers import Watcher
from .c.mcu import Size
from .plan import Plan

__all__ = ["Contract", "bytes_of", "kept"]

MOST_TRIES = 6
SAFETY = 0.97  # of the connections that would just fit
LEAST_STEP = 0.9  # of the density, from one try to the next


@dataclass(frozen=True)
class Contract:
    """What was asked, and how it went.

    Attributes
    ----------
    flash, ram : int or None
        The limits, in bytes.
    max_drop : float
        What pruning may cost of `metric`, on the rows that choose.
    tried : list of (density, drop, flash, ram)
        The density is the share of the given model's connections; the first is the model as it was given.
    met : bool
    """

    flash: int | None
    ram: int | None
    metric: str
    max_drop: float
    tried: list[tuple[float, float, int, int]]
    met: bool


def bytes_of(option: str, value: int | str | None) -> int | None:
    """A limit in bytes: 12288, or '12k'.

    Examples
    --------
    >>> bytes_of("flash", "12k"), bytes_of("ram", 600), bytes_of("flash", None)
    (12288, 600, None)
    """
    if value is None:
        return None
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)(k?)", str(value).strip().lower())
    n_bytes = float(found[1]) * (1024 if found[2] else 1) if found else 0
    if isinstance(value, bool) or not 1 <= n_bytes < 1 << 40:
        raise OptionError(
            f"{option} is {value!r}: it must be a number of bytes, such as 12288, or of kilobytes, such as 12k"
        )
    return int(n_bytes)


def kept(
    plan: Plan,
    replanned: Callable[[Model], Plan],
    measure: Callable[[Plan], Size],
    table: Table,
    limits: tuple[int | None, int | None],
    max_drop: float,
    watchers: Sequence[Watcher] = (),
) -> tuple[Plan, Size, Contract]:
    """The plan that keeps the limits, or the nearest that was found, and its size.

    A density is reckoned from the bytes a connection takes; what pruning to it gives is linked and measured, and the
    next density follows from that.
    """
    flash, ram = limits
    size = measure(plan)
    tried = [(1.0, 0.0, size.flash, size.ram)]
    given, metric, density = plan.model, plan.model.metric, 1.0  # until pruning says of what a drop is
    nearest = (plan, size, _excess(size, limits))
    connections = _connections(given)
    for _ in range(MOST_TRIES):
        if nearest[2] <= 0:
            break
        density = _next_density(density, plan, size, limits, connections)
        if density * connections < 1:
            break
        found = prune(given, table, density=density, out="", watchers=watchers)
        metric, drop = found.metric, found.frontier[-1].drop
        plan = replanned(found.model)
        size = measure(plan)
        tried.append((density, drop, size.flash, size.ram))
        over = _excess(size, limits)
        if drop <= max_drop and over < nearest[2]:
            nearest = (plan, size, over)
        elif drop > max_drop and over <= 0:
            break
    return *nearest[:2], Contract(flash, ram, metric, max_drop, tried, met=nearest[2] <= 0)


def _excess(size: Size, limits: tuple[int | None, int | None]) -> float:
    """By how many times its limit, less one, the larger of both is passed."""
    pairs = zip((size.flash, size.ram), limits, strict=True)
    return max((taken / limit - 1 for taken, limit in pairs if limit is not None), default=0.0)


def _next_density(
    density: float, plan: Plan, size: Size, limits: tuple[int | None, int | None], connections: int
) -> float:
    flash, ram = limits
    wanted = density * LEAST_STEP
    if flash is not None and size.flash > flash:
        a_connection = 2 if plan.whole else 5
        left = _connections(plan.model) - (size.flash - flash) / a_connection
        wanted = min(wanted, SAFETY * left / connections)
    if ram is not None and size.ram > ram:
        wanted = min(wanted, density * ram / size.ram)
    return max(wanted, density / 10)


def _connections(model: Model) -> int:
    network = model.network
    return sum(int(np.count_nonzero(w)) for w, _ in network.views(network.parameters))
