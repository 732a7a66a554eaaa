"""Orders to a training that runs, from another thread, done between two of its steps."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from typing import Any

__all__ = ["Steering"]

Order = dict[str, Any]
NAP = 0.02  # seconds between two looks for an order, while a pace is kept


class Steering:
    """Whether it is to pause, step, stop, and how many epochs it may do a second; other orders go to `others`.

    Examples
    --------
    >>> steering = Steering(lambda order: None)
    >>> steering.put({"do": "stop"})
    >>> steering.obey()
    >>> steering.stopped
    True
    """

    def __init__(self, others: Callable[[Order], None], pace: float | None = None):
        self.others, self.pace = others, pace
        self.paused = self.stopped = self._one_step = False
        self.waited = 0.0  # seconds spent in pauses
        self.turn = threading.RLock()  # the thread that trains, and the one that hands orders on before and after
        self._orders: queue.Queue[Order] = queue.Queue()

    def put(self, order: Order) -> None:
        """Take an order; it is done by `obey`, in the thread that trains."""
        self._orders.put(order)

    def obey(self) -> None:
        """Do what was ordered; while it is paused, wait for more."""
        while True:
            began = time.perf_counter()
            try:
                order = self._orders.get(block=self.paused)
            except queue.Empty:
                return
            self.waited += time.perf_counter() - began
            self._do(order)

    def drain(self) -> None:
        """Do what was ordered, and wait for nothing: there is no next step to wait before."""
        while True:
            try:
                self._do(self._orders.get_nowait())
            except queue.Empty:
                return

    def stepped(self) -> bool:
        """After a step: whether it was a single one, after which it pauses again."""
        single, self._one_step = self._one_step, False
        self.paused = self.paused or single
        return single

    def keep_pace(self, share: float, since: float) -> None:
        """Rest until a share of an epoch that began then may be over."""
        until = since + share / self.pace if self.pace else 0.0
        while (left := until - time.perf_counter()) > 0 and self._orders.empty():
            time.sleep(min(NAP, left))

    def _do(self, order: Order) -> None:
        with self.turn:
            match order["do"]:
                case "pause":
                    self.paused = True
                case "go":
                    self.paused = False
                case "step":
                    self.paused, self._one_step = False, True
                case "stop":
                    self.stopped, self.paused = True, False
                case "pace":
                    self.pace = order["value"]
            self.others(order)
