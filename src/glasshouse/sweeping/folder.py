"""The folder of a sweep: what it was asked, a line for each finished rung as it comes, and trials that pause.

``sweep.json`` says what the sweep is of, ``trials.jsonl`` has the lines, ``trial-7.checkpoint`` is a trial that may go
on. A line is on the disk before the next task is given out, so that a sweep that is killed loses what was being
trained, and no more.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ..errors import GlasshouseError, OptionError
from ..storage import finite, write_bytes
from .halving import Task
from .outcome import SCHEMA_VERSION, Outcome

__all__ = ["Folder", "checkpoint_in"]

ASKED, TRIALS = "sweep.json", "trials.jsonl"


def checkpoint_in(folder: Path, trial: int) -> Path:
    """Where a trial pauses."""
    return folder / f"trial-{trial}.checkpoint"


class Folder:
    """An open folder; `outcomes` are those that stand in it.

    Parameters
    ----------
    path : path
    asked : dict
        All that an outcome depends on beside its settings: a folder of other things is refused.
    settings : list of dict
        Of each trial.
    resume : bool
        Go on from what is there; begin if there is nothing yet.

    Raises
    ------
    OptionError
        If there is a folder and `resume` was not asked for, or it is of another sweep, or of more trials.
    GlasshouseError
        If it cannot be written to, or a line of it cannot be read.
    """

    def __init__(self, path: Path, asked: dict[str, Any], settings: list[dict[str, Any]], resume: bool):
        self.path, self.metric, self.settings = path, str(asked["metric"]), settings
        self.outcomes: dict[Task, Outcome] = {}
        if path.exists() and not resume:
            raise OptionError(f"{path} exists: go on from it with resume=True (--resume), or name another with out")
        try:
            path.mkdir(exist_ok=True)
        except OSError as error:
            raise GlasshouseError(f"cannot make the folder {path}: {error.strerror}: name another with out") from error
        known = path / ASKED
        if known.exists():
            _expect_same(known, finite(asked))
        else:
            write_bytes(known, (json.dumps(finite({"schema_version": SCHEMA_VERSION, **asked})) + "\n").encode())
        self._read(path / TRIALS)

    def _read(self, path: Path) -> None:
        """The lines that are whole; a last one without its end is cut off, since its rung is trained again."""
        if not path.exists():
            return
        try:
            written = path.read_bytes()
            whole = written[: written.rfind(b"\n") + 1]
            if len(whole) < len(written):
                os.truncate(path, len(whole))
        except OSError as error:
            raise GlasshouseError(f"cannot read {path}: {error.strerror}: name another folder with out") from error
        for number, line in enumerate(whole.splitlines(), start=1):
            try:
                outcome = Outcome.of_line(line.decode(), self.metric, self.settings)
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                raise OptionError(
                    f"{path} holds no outcome of these {len(self.settings)} trials in line {number}: "
                    "give at least as many trials as it had, mend the line, or name another folder with out"
                ) from error
            self.outcomes[outcome.task] = outcome

    def add(self, outcome: Outcome) -> None:
        """Write a line, and wait until it is on the disk.

        Raises
        ------
        GlasshouseError
            If the disk is full; what was written before still stands.
        """
        path = self.path / TRIALS
        line = outcome.line(self.metric, self.settings[outcome.trial]) + "\n"
        try:
            with path.open("ab") as file:
                file.write(line.encode())
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise GlasshouseError(
                f"cannot write {path}: {error.strerror}: make room, and go on with resume=True (--resume)"
            ) from error
        self.outcomes[outcome.task] = outcome
        if outcome.last:
            checkpoint_in(self.path, outcome.trial).unlink(missing_ok=True)


def _expect_same(path: Path, asked: dict[str, Any]) -> None:
    """A folder goes on with the sweep it began with."""
    try:
        theirs = json.loads(path.read_text(encoding="utf-8"))
        if theirs["schema_version"] != SCHEMA_VERSION:
            raise ValueError("another version")
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise OptionError(f"{path} cannot be read, or is of no sweep of this version: name another folder") from error
    for name, wanted in asked.items():
        if theirs.get(name) != wanted:
            raise OptionError(
                f"{path.parent} is a sweep of another {name}: give what it had, or name another folder with out"
            )
