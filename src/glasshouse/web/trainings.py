"""The trainings of a server: few at once, the latest remembered, and those of the servers before found again."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from ..errors import GlasshouseError, OptionError
from ..tables.reading import Reading
from .choices import checked_options, checked_pace, checked_rate, finds_its_steps, options_to_train
from .folder import Folder
from .guard import Refused
from .opened import Opened
from .remembered import events_of
from .tables import Tables
from .training import Training

__all__ = ["WORKER", "Trainings"]

# -P: what lies in the folder one stands in must not be imported.
WORKER = (sys.executable, "-P", "-m", "glasshouse.web.worker")
MOST_RUNNING = 2
MOST_KEPT = 50
SECONDS_TO_END = 5.0
COMMANDS = ("pause", "go", "step", "stop", "rate", "pace", "resume")
STEERED = ("training", "paused")
WHEN = {"stop": ("reading", *STEERED), "pace": ("reading", *STEERED)}  # in which states; the others in `STEERED`
LONGEST_ID = 300  # of a table


class Trainings:
    """All trainings of a folder.

    Parameters
    ----------
    folder : Folder
    tables : Tables
    command : sequence of str
        What is started for each: it reads its job and then commands from standard input, a JSON object a line, and
        writes events likewise.
    """

    def __init__(self, folder: Folder, tables: Tables, command: Sequence[str] = WORKER):
        self._folder, self._tables, self._command = folder, tables, command
        self._lock = threading.Lock()
        self._all: dict[str, Training] = {}
        numbers = folder.numbers()
        self._last = max(numbers, default=0)
        left = [id for id in map("t{}".format, numbers) if folder.has(id, "glass") or folder.has(id, "checkpoint")]
        for id in left[-MOST_KEPT:]:
            self._find_again(id)

    def _find_again(self, id: str) -> None:
        """A training that a server began, done or not; its job is checked as if a page had sent it.

        The model of one that is done is read when it is asked for: `recall`.
        """
        job = self._folder.job(id)
        if not isinstance(job, dict):
            return
        table, options, source = job.get("table"), job.get("options"), job.get("remedied_from")
        if not isinstance(table, str) or len(table) > LONGEST_ID or not isinstance(options, dict):
            return
        done = self._folder.has(id, "glass")
        with contextlib.suppress(GlasshouseError):
            if not done:
                self._folder.table(table)
            training = Training(
                id,
                table,
                checked_options(options),
                checked_pace(job.get("pace")),
                source if isinstance(source, str) else None,
                self._ended,
            )
            training.resumable = not done
            if done:
                training.forgotten()
            self._all[id] = training

    def list(self) -> dict[str, Any]:
        """The twin of the list, the newest first."""
        with self._lock:
            found = list(self._all.values())
        return {"limit": MOST_RUNNING, "trainings": [training.row() for training in reversed(found)]}

    def find(self, id: str) -> Training:
        """
        Raises
        ------
        Refused
            If there is none.
        """
        with self._lock:
            if id not in self._all:
                raise Refused(404, f"there is no training {id[:40]!r}: choose one that is listed")
            return self._all[id]

    def begin(
        self, table: str, options: dict[str, Any], pace: Any = None, remedied_from: str | None = None
    ) -> Training:
        """Check what was chosen, and start; this reads the table, if nobody has yet.

        Raises
        ------
        GlasshouseError
            If a choice does not exist, or does not fit the table.
        Refused
            If as many run as may.
        """
        checked, pace = checked_options(options), checked_pace(pace)
        understood = self._tables.understood(table)
        checked["target"] = understood.checked(checked["target"], checked["kinds"], checked["drop"])
        with self._lock:
            self._expect_room()
            self._last += 1
            training = Training(f"t{self._last}", table, checked, pace, remedied_from, self._ended)
            job = {"table": table, "options": checked, "pace": pace, "remedied_from": remedied_from}
            self._folder.keep_job(training.id, job)
            self._all[training.id] = training
            self._forget_some()
            self._start(training, resume=False)
        return training

    def control(self, id: str, do: Any, value: Any) -> None:
        """One command of the page.

        Raises
        ------
        OptionError, Refused
            If there is no such command, or it does not fit what the training does.
        """
        training = self.find(id)
        if do not in COMMANDS:
            raise OptionError(f"do is {str(do)[:40]!r}: it must be one of {', '.join(COMMANDS)}")
        if do == "resume":
            with self._lock:
                if training.runs or not training.resumable:
                    raise Refused(409, f"training {id} is {training.state}, and was not interrupted: begin another")
                self._expect_room()
                self._start(training, resume=True)
            return
        command = {"do": do}
        if do == "rate":
            command["value"] = checked_rate(value)
            if finds_its_steps(training.options):
                named = training.options["optimizer"]
                raise OptionError(f"training {id} has no learning rate to set: {named} finds the size of its steps")
        if do == "pace":
            command["value"] = checked_pace(value)
        if training.runs and training.state not in WHEN.get(do, STEERED):
            raise Refused(409, f"training {id} is {training.state}, and takes no {do} now: wait until that is done")
        training.tell(command)
        if do == "pace":
            training.pace = command["value"]

    def recall(self, training: Training, model: Callable[[str], Opened]) -> None:
        """Read what a training of a server before has left, unless that is known; `model` opens models.

        Raises
        ------
        ModelFileError
            If its model is gone or damaged.
        """
        if training.is_forgotten:
            training.remember(events_of(model(training.id), training.options))

    def remedy(self, id: str, number: Any) -> tuple[Training, dict[str, Any]]:
        """Begin again with what a finding advises, and say what that changes.

        Raises
        ------
        OptionError
            If there is no such finding, or no option cures it.
        """
        sick = self.find(id)
        findings = sick.twin()["findings"]
        if type(number) is not int or not 0 <= number < len(findings):
            raise OptionError(f"finding is {str(number)[:40]!r}: training {id} has {len(findings)}, counted from 0")
        cure = findings[number].get("cure") or {}
        advised = cure.get("options") or {}
        changed = {name: value for name, value in advised.items() if sick.options.get(name) != value}
        if not changed:
            raise OptionError(f"no option cures finding {number} of training {id}: see what it advises")
        return self.begin(sick.table, {**sick.options, **changed}, sick.pace, id), changed

    def close(self) -> None:
        """End all of them where they stand."""
        with self._lock:
            found = list(self._all.values())
        for training in found:
            training.leave()
        for training in found:
            training.wait(SECONDS_TO_END)

    def _expect_room(self) -> None:
        running = [training.id for training in self._all.values() if training.runs]
        if len(running) >= MOST_RUNNING:
            raise Refused(409, f"{' and '.join(running)} train, as many as may at once: wait, or stop one")

    def _start(self, training: Training, *, resume: bool) -> None:
        place, reading = self._folder.table(training.table), self._tables.reading_of(training.table)
        training.begin(
            self._command,
            {
                "table": place.source,
                "options": {
                    **options_to_train(training.options),
                    **({} if reading is None else {"reading": _said(reading)}),
                },
                "pace": training.pace,
                "out": str(self._folder.of_training(training.id, "glass")),
                "checkpoint": str(self._folder.of_training(training.id, "checkpoint")),
                "resume": resume,
            },
        )

    def _ended(self, training: Training) -> None:
        """Keep what can be resumed; of what cannot, the checkpoint is of no use."""
        training.resumable = training.interrupted and self._folder.has(training.id, "checkpoint")
        if not training.resumable:
            self._folder.forget(training.id, "checkpoint")

    def _forget_some(self) -> None:
        """The oldest that have ended leave; the models they left in the folder stay."""
        for id in [id for id, training in self._all.items() if not training.runs and not training.resumable]:
            if len(self._all) <= MOST_KEPT:
                break
            del self._all[id]
            self._folder.forget(id, "checkpoint", *([] if self._folder.has(id, "glass") else ["json"]))


def _said(reading: Reading) -> dict[str, Any]:
    return {name: value for name, value in asdict(reading).items() if value is not None}
