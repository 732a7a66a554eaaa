"""One training of the page: its process, what that has told so far, and who listens."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

from ..errors import OptionError
from .guard import Refused
from .process import Process

__all__ = ["KINDS", "Listener", "Training"]

# In this order a listener is told the latest of each; the rows of epochs are history, of which nothing is left out.
KINDS = ("understood", "status", "epoch", "picture", "surface", "findings", "result", "failed")
MOST_LISTENERS = 32
MOST_QUESTIONS = 32  # not answered yet

Event = tuple[str, Any]


class Listener:
    """What one reader of events has not been told yet: the names of what is new, and a place in the history.

    There is no queue: a slow reader misses pictures that were replaced meanwhile, and takes no memory for them.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop):
        self._loop, self.woken = loop, asyncio.Event()
        self.news: dict[str, None] = dict.fromkeys(KINDS)
        self.told = -1  # rows of history; -1: all of it is to be told anew

    def wake(self, kind: str) -> None:
        """From any thread: there is something new."""
        self.news[kind] = None
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody reads any more
            self._loop.call_soon_threadsafe(self.woken.set)


class Training:
    """A training in a process of its own, which goes on whoever looks.

    Parameters
    ----------
    id, table : str
    options : dict
        Checked ones; see `choices.checked_options`.
    pace : float or None
        Epochs a second, at most.
    remedied_from : str or None
        The training whose finding made somebody begin this one.
    on_end : (training) -> None
        Called once its process has ended.
    """

    def __init__(
        self,
        id: str,
        table: str,
        options: dict[str, Any],
        pace: float | None,
        remedied_from: str | None,
        on_end: Callable[[Training], None],
    ):
        self.id, self.table, self.options, self.pace = id, table, options, pace
        self.remedied_from = remedied_from
        self.latest: dict[str, Any] = {}
        self.history: list[dict[str, Any]] = []
        self.resumable = False  # whether a checkpoint waits
        self.interrupted = False  # ended by us or by an accident, not by itself
        self._on_end = on_end
        self._lock = threading.RLock()
        self._process: Process | None = None
        self._leaving = False
        self._listeners: set[Listener] = set()
        self._questions: dict[int, Future[dict[str, Any]]] = {}
        self._asked = 0
        self.is_forgotten = False  # done under a server before, and not looked into yet
        self._state("waiting", "not begun", max_epochs=options["epochs"], epoch=0)

    # Its process

    @property
    def runs(self) -> bool:
        return self._process is not None

    @property
    def watched(self) -> bool:
        return bool(self._listeners)

    def forgotten(self) -> None:
        """It is done, and how it went stands in its model alone."""
        self.is_forgotten = True
        self._state("done", "done", max_epochs=None)

    def remember(self, events: Sequence[Event]) -> None:
        """Take what it would have told, unless somebody else has."""
        with self._lock:
            if self.is_forgotten:
                for kind, data in events:
                    self._take({"event": kind, "data": data})
                self.is_forgotten = False

    def begin(self, command: Sequence[str], job: dict[str, Any]) -> None:
        """Start the process and hand it its job."""
        with self._lock:
            self.latest.pop("failed", None)
            self.resumable = self.interrupted = self._leaving = False
            self._state("reading", "starting")
            self._process = Process(command, job, self._take, self._ended)
            self._watched()

    def tell(self, order: dict[str, Any]) -> None:
        """Send an order.

        Raises
        ------
        Refused
            If the process does not run, or does not read.
        """
        with self._lock:
            if self._process is None:
                raise Refused(409, f"training {self.id} does not run: resume it, or begin another")
            if not self._process.tell(order):
                raise Refused(409, f"training {self.id} is busy and takes no order now: try again")

    def leave(self) -> None:
        """End the process where it stands; its checkpoint stays."""
        with self._lock:
            self._leaving = True
            if self._process is not None:
                self._process.leave()

    def wait(self, seconds: float) -> None:
        """Until the process has ended, by force if it takes longer."""
        process = self._process
        if process is not None:
            process.wait(seconds)

    def _take(self, event: dict[str, Any]) -> None:
        """What the process says."""
        kind, data = event.get("event"), event.get("data")
        if kind == "unit":
            return self._answered(event)
        if kind not in KINDS or not isinstance(data, list if kind == "findings" else dict):
            raise ValueError(f"an event {str(kind)[:20]!r}")
        with self._lock:
            if isinstance(data, list):
                self.latest[kind] = data
            elif kind == "epoch":
                self._add(data)
            elif kind == "result":
                self.latest[kind] = {**data, "model": self.id, "file": f"{self.id}.glass"}
                self._state("stopped" if data.get("interrupted") else "done", "done")
            else:
                self.latest[kind] = data
            self._news(kind)

    def _add(self, row: dict[str, Any]) -> None:
        """An epoch; one that was there before, from a checkpoint, begins the rest of the history anew."""
        epoch = row.get("epoch")
        if type(epoch) is not int:
            raise ValueError("an epoch without its number")
        if self.history and epoch <= self.history[-1]["epoch"]:
            self.history = [old for old in self.history if old["epoch"] < epoch]
            for listener in self._listeners:
                listener.told = -1
        self.history.append(row)

    def _ended(self, code: int, problem: str) -> None:
        with self._lock:
            self._process = None
            for question in list(self._questions.values()):
                if question.set_running_or_notify_cancel():
                    question.set_exception(Refused(409, f"training {self.id} has ended: ask again"))
            self._questions.clear()
            self.interrupted = "result" not in self.latest and "failed" not in self.latest
            if self.interrupted and self._leaving:
                self._state("waiting", "interrupted")
            elif self.interrupted:
                self.latest["failed"] = {"error": _accident(code, problem)}
                self._news("failed")
            if "failed" in self.latest:
                self._state("failed", "failed")
            self._on_end(self)

    def _state(self, state: str, stage: str, **more: Any) -> None:
        with self._lock:
            self.latest["status"] = {**self.latest.get("status", {}), "state": state, "stage": stage, **more}
            self._news("status")

    # Questions

    def unit(self, question: dict[str, Any]) -> Future[dict[str, Any]]:
        """Ask for the arithmetic of a unit, as the network stands."""
        with self._lock:
            if len(self._questions) >= MOST_QUESTIONS:
                raise Refused(409, f"training {self.id} has {MOST_QUESTIONS} questions to answer: wait, and ask again")
            self._asked += 1
            number, answer = self._asked, Future[dict[str, Any]]()
            self._questions[number] = answer
            try:
                self.tell({"do": "unit", "id": number, **question})
            except Refused:
                del self._questions[number]
                raise
        answer.add_done_callback(lambda _: self._questions.pop(number, None))
        return answer

    def _answered(self, event: dict[str, Any]) -> None:
        with self._lock:
            number = event.get("id")
            answer = self._questions.pop(number, None) if isinstance(number, int) else None
        if answer is None or not answer.set_running_or_notify_cancel():
            return
        if isinstance(event.get("unit"), dict):
            answer.set_result(event["unit"])
        else:
            answer.set_exception(OptionError(str(event.get("error"))[:1000]))

    # Listeners

    def listen(self) -> Listener:
        """Somebody who looks: from now on pictures are made."""
        with self._lock:
            if len(self._listeners) >= MOST_LISTENERS:
                raise Refused(409, f"{MOST_LISTENERS} pages watch training {self.id} already: close one")
            listener = Listener(asyncio.get_running_loop())
            listener.woken.set()
            self._listeners.add(listener)
            if len(self._listeners) == 1:
                self._watched()
            return listener

    def leave_alone(self, listener: Listener) -> None:
        """The last one who looked away stops the pictures."""
        with self._lock:
            self._listeners.discard(listener)
            if not self._listeners:
                self._watched()

    def _watched(self) -> None:
        with contextlib.suppress(Refused):
            self.tell({"do": "watch", "on": bool(self._listeners)})

    def _news(self, kind: str) -> None:
        for listener in self._listeners:
            listener.wake(kind)

    def news_for(self, listener: Listener) -> list[Event]:
        """What a listener has not been told yet."""
        with self._lock:
            listener.woken.clear()
            kinds = [kind for kind in KINDS if kind in listener.news]
            listener.news.clear()
            found: list[Event] = []
            for kind in kinds:
                if kind != "epoch":
                    found += [(kind, self.latest[kind])] if kind in self.latest else []
                elif listener.told < 0:
                    found.append(("history", list(self.history)))
                    listener.told = len(self.history)
                else:
                    found += [("epoch", row) for row in self.history[listener.told :]]
                    listener.told = len(self.history)
            return found

    # What it looks like

    @property
    def state(self) -> str:
        return str(self.latest["status"]["state"])

    def row(self) -> dict[str, Any]:
        """A line of the list of trainings."""
        status = self.latest["status"]
        return {
            "id": self.id,
            "table": self.table,
            "target": self.options["target"],
            "state": self.state,
            "epoch": status.get("epoch", 0),
            "max_epochs": status.get("max_epochs", self.options["epochs"]),
            "resumable": self.resumable,
        }

    def twin(self) -> dict[str, Any]:
        """All of it."""
        with self._lock:
            views = {kind: self.latest.get(kind) for kind in ("understood", "picture", "surface", "result", "status")}
            return {
                **self.row(),
                "options": {"table": self.table, **self.options, "pace": self.pace},
                "history": list(self.history),
                "findings": self.latest.get("findings", []),
                **views,
                "error": self.latest.get("failed", {}).get("error"),
                "remedied_from": self.remedied_from,
            }


def _accident(code: int, problem: str) -> str:
    """What to say of a process that ended without a result or a reason."""
    if problem:
        return f"the training said {problem}, and was ended: please report it"
    how = f"signal {-code}, perhaps for want of memory" if code < 0 else f"exit code {code}"
    return f"the training ended without a result ({how}): see the terminal, or try again"
