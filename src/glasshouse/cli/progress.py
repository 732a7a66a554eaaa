"""The live line of a training run, on stderr, and only where a person is looking."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..training.watchers import Watcher

if TYPE_CHECKING:
    from rich.progress import Progress

    from ..training.state import State

__all__ = ["progress"]


class _Line(Watcher):
    """One line: what is being done, epochs so far, the losses."""

    def __init__(self, progress: Progress):
        self.progress = progress
        self.task = progress.add_task("", total=None)

    def stage(self, name: str) -> None:
        self.progress.update(self.task, description=name)

    def after_epoch(self, state: State) -> None:
        row = state.history[-1]
        words = [f"epoch {state.epoch}: loss {row['loss']:.4f}"]
        if "validation_loss" in row:
            words.append(f"validation {row['validation_loss']:.4f}, score {row['validation_score']:.3f}")
        if state.best is not None:
            words.append(f"best epoch {state.best.epoch}")
        self.progress.update(self.task, description=", ".join(words))


@contextlib.contextmanager
def progress(*, quiet: bool = False) -> Iterator[list[Watcher]]:
    """Yield the watchers that draw the line: none if quiet, or if stderr is no terminal."""
    import sys

    if quiet or not sys.stderr.isatty():
        yield []
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as live:
        yield [_Line(live)]
