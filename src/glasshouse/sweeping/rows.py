"""What all trials of a sweep share: the plan, which a process can be sent, and the rows, made ready once in each."""

from __future__ import annotations

import contextlib
import os
import secrets
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import TableError
from ..models.model import Source
from ..models.origin import rows_hash
from ..models.prepared import Asked, Prepared, prepared
from ..models.recipes import recipe_for
from ..training.batches import Data, Rows
from ..training.recipe import Recipe
from .space import OF_PRUNING

__all__ = ["Hashes", "Plan", "Shared", "expect_hash", "held", "kernel_threads", "recipe_of", "rows_of"]

THREADS = "GLASSHOUSE_NUM_THREADS"


class Hashes(NamedTuple):
    """Of the rows of a table, and of those of a test table, if there is one: what they held when a sweep began."""

    table: str
    test: str | None

    @classmethod
    def of(cls, found: Prepared) -> Hashes:
        return cls(found.origin.rows, None if found.origin.with_test else rows_hash(found.judged))


@dataclass(frozen=True)
class Plan:
    """What all trials share, small enough to be sent to a process.

    Attributes
    ----------
    hashes : Hashes
        Trials of other rows cannot be compared.
    threads : int or None
        Kernel threads of a fit; None for as many as its process has.
    key : str
        Tells sweeps apart.
    """

    table: Source
    asked: Asked
    test: Source | None
    metric: str | None
    folder: Path
    hashes: Hashes
    threads: int | None
    key: str = field(default_factory=lambda: secrets.token_hex(8))


class Shared:
    """A table made ready once for all trials of a process, and the word that ends them."""

    def __init__(self, found: Prepared):
        self.found, self.stopping = found, threading.Event()
        self._lock = threading.Lock()
        self._data: dict[str, tuple[Rows, Data]] = {}

    def data(self, dtype: str) -> tuple[Rows, Data]:
        """What trains, and what chooses."""
        with self._lock:
            if dtype not in self._data:
                self._data[dtype] = self.found.trained(dtype), self.found.held_out(dtype)
            return self._data[dtype]


_lock = threading.Lock()
_rows: dict[str, Shared] = {}  # by the key of the plan


@contextlib.contextmanager
def held(plan: Plan, found: Prepared) -> Iterator[Shared]:
    """Rows that trials in this process need not read again."""
    rows = Shared(found)
    with _lock:
        _rows[plan.key] = rows
    try:
        yield rows
    finally:
        with _lock:
            _rows.pop(plan.key, None)


def rows_of(plan: Plan) -> Shared:
    """The rows of a plan: as they are held, else read now, in place of those of an earlier one.

    Raises
    ------
    TableError
        If they cannot be read, or are no longer those with which the sweep began.
    """
    with _lock:
        if plan.key not in _rows:
            _rows.clear()
            found = prepared(plan.table, plan.asked, plan.test)
            for source, now, then in zip((plan.table, plan.test), Hashes.of(found), plan.hashes, strict=True):
                expect_hash(source, now, then)
            _rows[plan.key] = Shared(found)
        return _rows[plan.key]


def expect_hash(source: Source | None, now: str | None, then: str | None) -> None:
    """Make sure that a table holds what it did when the sweep began.

    Raises
    ------
    TableError
        If it does not.
    """
    if now != then:
        raise TableError(
            f"{source} holds other rows than when the sweep began: put back what it held, or sweep what it holds now "
            "with another out"
        )


def recipe_of(found: Prepared, seed: int, metric: str | None, settings: dict[str, Any]) -> Recipe:
    """The recipe that `train` takes for these settings."""
    chosen = {name: value for name, value in settings.items() if name not in OF_PRUNING}
    return recipe_for(found.targets, found.sizes.train, seed, metric=metric, **chosen)


_inside = 0
_before: str | None = None


@contextlib.contextmanager
def kernel_threads(count: int | None) -> Iterator[None]:
    """So many threads for the kernels of every fit of this process; trials that run side by side ask for the same."""
    global _inside, _before  # noqa: PLW0603  # the environment is the process's
    if count is None:
        yield
        return
    with _lock:
        if _inside == 0:
            _before, os.environ[THREADS] = os.environ.get(THREADS), str(count)
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0:
                os.environ.pop(THREADS)
                os.environ |= {} if _before is None else {THREADS: _before}
