"""A training one can look into and steer: a watcher that tells what happens, and does what it is told between steps."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import GlasshouseError
from ..estimators.targets import Classes, Target
from ..health.doctor import Doctor, findings_of
from ..health.examination import examine
from ..models.choice import validation_score_of
from ..network.workspace import Workspace
from ..tables.encoder import TableEncoding
from ..tracing.unit import unit_arithmetic
from ..training.batches import Data
from ..training.optimizers import LBFGS
from ..training.recipe import Recipe
from ..training.schedules import Progress
from ..training.state import State
from ..training.watchers import Watcher
from .pictures import LOOKED_AT, STRIP_ROWS, Sample
from .shown import findings_told, names_of_outputs, understood_of, words_of
from .steering import Steering
from .surface import MOST_POINTS, Surface

__all__ = ["Live"]

Array = npt.NDArray[Any]
Tell = Callable[[str, Any], None]
SHARES = {"picture": 0.02, "surface": 0.005, "findings": 0.005}  # of the time of the training that looks may take
SOONEST = {"status": 0.2, "picture": 0.15, "surface": 0.15, "findings": 0.5}  # seconds between two
EXAMINED = 512  # rows that findings are read from while it trains
KNOWN_LATER = (
    *("max_epochs", "steps_an_epoch", "left", "learning_rate", "base_rate", "best_epoch", "metric"),
    *("loss", "validation_loss", "validation_score"),
)


class Live(Watcher):
    """Tells of a training as it goes, and takes orders.

    Parameters
    ----------
    tell : (kind, data) -> None
        Where everything goes: understood, status, epoch, picture, findings, surface, unit.
    pace : float or None
        Epochs a second, at most.
    """

    def __init__(self, tell: Tell, pace: float | None = None):
        self.tell, self.steering, self.doctor = tell, Steering(self._others, pace), Doctor()
        self.watched, self.fitting, self.state_now, self.stage_now = True, False, "reading", "reading"
        self._next = dict.fromkeys(SOONEST, 0.0)
        self.problem: str | None = None  # with the last order
        self.encoder: TableEncoding | None = None
        self.state: State | None = None
        self.surface: Surface | None = None

    def stage(self, name: str) -> None:
        self.fitting, self.stage_now = False, name
        self.state_now = name if name in ("reading", "training") else "judging"
        self._status(now=True)
        self.steering.drain()

    def understood(self, encoder: TableEncoding, targets: Target) -> None:
        self.encoder, self.targets = encoder, targets

    def before_fit(self, state: State, data: Data, recipe: Recipe) -> None:
        assert self.encoder is not None
        self.state, self.data, self.recipe, self.fitting = state, data, recipe, True
        self.began = self.epoch_began = time.perf_counter()
        self.first_epoch = state.epoch
        self.steps_an_epoch = 1 if isinstance(recipe.optimizer, LBFGS) else -(-data.n_rows // recipe.batch_size)
        self.X, self.Y = _some(data)
        self.sample = Sample(self.X[:LOOKED_AT], self.Y[:LOOKED_AT])
        if Surface.fits(self.encoder):
            self.surface = Surface(self.encoder, self.targets, self.X, self.Y)
        self.tell(
            "understood",
            understood_of(self.encoder, self.targets, state.network, data.n_rows, self.Y[:STRIP_ROWS]),
        )
        for row in state.history:  # of a run that goes on
            self.tell("epoch", row)
        self._look(now=True)

    def before_epoch(self, state: State) -> None:
        """Here it pauses between two epochs: what was done is in the checkpoint by now."""
        self.doctor.before_epoch(state)
        self._between(state)
        self.epoch_began = time.perf_counter()

    def after_step(self, state: State, work: Workspace) -> None:
        self.doctor.after_step(state, work)
        self._look(now=self.steering.stepped())
        if self.steering.pace:
            self.steering.keep_pace(self._share_of_epoch(), self.epoch_began)
        self._between(state)

    def after_epoch(self, state: State) -> bool:
        self.tell("epoch", state.history[-1])
        # After an iteration of L-BFGS no step was told of: the epoch is the step.
        self._look(now=isinstance(self.recipe.optimizer, LBFGS) and self.steering.stepped())
        if self._due("findings"):
            self._findings()
        if self.steering.pace:
            self.steering.keep_pace(1.0, self.epoch_began)
        self.steering.drain()
        self._status()
        state.interrupted = state.interrupted or self.steering.stopped
        return self.steering.stopped

    def order(self, order: dict[str, Any]) -> None:
        """Take an order, from any thread."""
        self.steering.put(order)
        if not self.fitting:
            self.steering.drain()

    def ended(self) -> None:
        """The last look, once it is done."""
        self.fitting = False
        self._look(now=True)

    def _between(self, state: State) -> None:
        if self.steering.paused:
            self._look(now=True)
        self._status(now=self.steering.paused)
        self.steering.obey()
        if self.steering.stopped and state.epoch:  # as Ctrl-C does: what was best so far is kept
            raise KeyboardInterrupt
        self._status()

    def _others(self, order: dict[str, Any]) -> None:
        """What is no matter of pausing and stopping."""
        self.problem = None
        match order["do"]:
            case "rate":
                self._go_on_at(order["value"])
            case "watch":
                self.watched = bool(order["on"])
                self._look(now=self.watched)
            case "unit":
                self._unit(order)
        self._status(now=True)

    def _go_on_at(self, learning_rate: float) -> None:
        try:
            if self.state is None:
                raise GlasshouseError("the training has not begun: set the learning rate when it has")
            self.state.go_on_at(learning_rate, self.recipe)
        except GlasshouseError as error:
            self.problem = str(error)

    def _unit(self, order: dict[str, Any]) -> None:
        try:
            if self.state is None or self.encoder is None:
                raise GlasshouseError("the training has not begun: there is no network yet")
            row = order["row"] if 0 <= order["row"] < len(self.Y[:STRIP_ROWS]) else 0
            found = unit_arithmetic(
                self.state.network,
                self.recipe,
                self.X[row],
                self.Y[row],
                order["layer"],
                order["unit"],
                weight=order["weight"],
                names=self.encoder.feature_names,
                outputs=names_of_outputs(self.targets),
                learning_rate=self._rate(self.state),
            )
            target = words_of(self.targets, self.Y[row : row + 1])[0]
            self.tell("unit", {"id": order["id"], "unit": {**found.to_dict(), "row": row, "target": target}})
        except GlasshouseError as error:
            self.tell("unit", {"id": order["id"], "error": str(error)})

    def _due(self, kind: str) -> bool:
        return time.perf_counter() >= self._next[kind]

    def _took(self, kind: str, since: float) -> None:
        """When the next of a kind is due, so that all of them stay within their share of the time."""
        now = time.perf_counter()
        self._next[kind] = now + max(SOONEST[kind], (now - since) / SHARES[kind])

    def _look(self, *, now: bool = False) -> None:
        """The picture, and the surface, if somebody watches and they are due."""
        if self.state is None or not (self.watched or now):
            return
        with self.steering.turn:
            self._show(self.state, now)

    def _show(self, state: State, now: bool) -> None:
        network = state.network
        if now or self._due("picture"):
            began = time.perf_counter()
            at = {"epoch": state.epoch, "step": state.step}
            self.tell("picture", {**at, **self.sample.picture(network, self.recipe)})
            self._took("picture", began)
        if self.surface is not None and (now or self._due("surface")):
            began = time.perf_counter()
            self.tell("surface", self.surface.drawn(network))
            self._took("surface", began)

    def _findings(self) -> None:
        assert self.state is not None
        assert self.encoder is not None
        began, state = time.perf_counter(), self.state
        names = self.encoder.feature_names
        seen = examine(state.network, self.recipe, self.data, state.history, self.doctor.samples, EXAMINED, names=names)
        self.tell("findings", findings_told(findings_of(seen), self.recipe))
        self._took("findings", began)

    def _share_of_epoch(self) -> float:
        assert self.state is not None
        return min(1.0, (self.state.step - self.state.epoch * self.steps_an_epoch) / self.steps_an_epoch)

    def _status(self, *, now: bool = False) -> None:
        if not (now or self._due("status")):
            return
        self._next["status"] = time.perf_counter() + SOONEST["status"]
        paused = self.fitting and self.steering.paused
        found: dict[str, Any] = {
            **{"epoch": 0, "step": 0, "seconds": 0.0, **dict.fromkeys(KNOWN_LATER)},
            "state": "paused" if paused else self.state_now,
            "stage": self.stage_now,
            "pace": self.steering.pace,
            "problem": self.problem,
        }
        if self.state is not None:
            found |= self._progress(self.state)
        self.tell("status", found)

    def _rate(self, state: State) -> float:
        """The learning rate of the next step; once it is done, of the last."""
        if not self.fitting and state.history:
            return state.history[-1]["learning_rate"]
        recipe, steps = self.recipe, self.steps_an_epoch
        at = Progress(state.epoch, recipe.max_epochs, state.step, recipe.max_epochs * steps, state.samples, state.cuts)
        return state.factor * recipe.rate(at)

    def _progress(self, state: State) -> dict[str, Any]:
        seconds = time.perf_counter() - self.began - self.steering.waited
        done = state.epoch - self.first_epoch
        row = state.history[-1] if state.history else {}
        return {
            "epoch": state.epoch,
            "max_epochs": self.recipe.max_epochs,
            "step": state.step,
            "steps_an_epoch": self.steps_an_epoch,
            "seconds": seconds,
            "left": seconds / done * (self.recipe.max_epochs - state.epoch) if done and self.fitting else None,
            "learning_rate": self._rate(state),
            "base_rate": self.recipe.learning_rate * state.factor,
            "best_epoch": state.best.epoch if state.best else None,
            **{name: row.get(name) for name in ("loss", "validation_loss", "validation_score")},
            "metric": validation_score_of(
                self.recipe.monitor, "classification" if isinstance(self.targets, Classes) else "regression"
            ),
        }


def _some(data: Data) -> tuple[Array, Array]:
    """Rows to look at, evenly over the data: X and Y as arrays."""
    some = np.unique(np.linspace(0, data.n_rows - 1, min(data.n_rows, MOST_POINTS)).astype(np.int64))
    some = np.random.default_rng(0).permutation(some)
    X, Y, rows = data.written(some)
    X = X[rows]
    return np.asarray(X.toarray() if hasattr(X, "toarray") else X), np.asarray(Y[rows])
