"""One trial, from where it paused to the end of a rung: what a worker does, in whatever thread or process it is."""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import dataclass
from math import sqrt
from typing import Any

from ..errors import TrainingDiverged
from ..estimators.targets import Numbers
from ..models.choice import METRICS, metric_of, score_by
from ..models.model import Model
from ..models.prunable import prunable, smaller
from ..pruning.descent import Descent, ladder_to
from ..pruning.stages import Stages
from ..training.checkpoints import begin
from ..training.loop import Validation, fit, judge
from ..training.recipe import Recipe
from ..training.state import State
from ..training.watchers import Watcher
from .folder import checkpoint_in
from .halving import RUNGS, Task, epochs_to
from .outcome import Outcome
from .rows import Plan, Shared, kernel_threads, recipe_of, rows_of

__all__ = ["Stopped", "trained_to"]


_OBS = threading.Lock()  # it holds the threads of BLAS at one while it works, and they are the process's


class Stopped(Exception):  # nothing is wrong
    """The sweep has ended while this trial was training."""


def trained_to(plan: Plan, task: Task, settings: dict[str, Any]) -> Outcome:
    """Train a trial to the end of a rung, from where it paused, and leave a checkpoint for the next.

    Raises
    ------
    Stopped
        If the sweep ends; the epochs that were done are kept.
    TableError
        If this process cannot read the table, or finds other rows in it.
    GlasshouseError
        If the checkpoint cannot be written.
    """
    rows = rows_of(plan)
    recipe = recipe_of(rows.found, plan.asked.seed, plan.metric, settings)
    with kernel_threads(plan.threads):
        return _Trial(plan, rows, task, settings, recipe).outcome()


class _Ending(Watcher):
    """Ends a run after so many epochs, with the rates of one that was meant to go on; or with the sweep."""

    def __init__(self, stopping: threading.Event, epochs: float = float("inf")):
        self.stopping, self.epochs = stopping, epochs

    def after_epoch(self, state: State) -> bool:
        if self.stopping.is_set():
            raise Stopped
        return state.epoch >= self.epochs


@dataclass(frozen=True)
class _Trial:
    plan: Plan
    rows: Shared
    task: Task
    settings: dict[str, Any]
    recipe: Recipe

    def outcome(self) -> Outcome:
        started, recipe, found = time.perf_counter(), self.recipe, self.rows.found
        first = recipe.initialized(len(found.encoder.feature_names), found.targets.n_outputs)
        path = checkpoint_in(self.plan.folder, self.task.trial)
        # The folder vouches for the rows, so that no checkpoint has to hash them.
        state, (keeper,) = begin(State.begun(first, recipe), (), recipe, path, resume=True)
        if state.epoch > epochs_to(self.task.rung, recipe.max_epochs):  # it had gone on, and a line was taken out since
            state = State.begun(first, recipe)
        try:
            self._train(state, keeper)
            value, parameters = self._judged(state)
        except TrainingDiverged as error:
            seconds = time.perf_counter() - started
            return Outcome(*self.task, None, state.epoch, 0, len(state.network.parameters), seconds, str(error))
        assert state.best is not None  # there are validation rows, and an epoch was trained
        score, seconds = self._in_units(value), time.perf_counter() - started
        return Outcome(*self.task, score, state.epoch, state.best.epoch, parameters, seconds)

    @property
    def _cuts(self) -> bool:
        return self.task.rung == RUNGS - 1 and "keep" in self.settings

    def _validation(self) -> Validation:
        _, held_out = self.rows.data(self.recipe.dtype)
        return Validation(held_out, score_by(self.recipe.monitor, self.rows.found.targets))

    def _train(self, state: State, keeper: Watcher) -> None:
        until = epochs_to(self.task.rung, self.recipe.max_epochs)
        if state.epoch >= until:  # it was killed after its checkpoint, before its line
            return
        trained, _ = self.rows.data(self.recipe.dtype)
        try:
            fit(state, trained, self.recipe, self._validation(), [_Ending(self.rows.stopping, until)])
        except Stopped:
            keeper.after_epoch(state)
            raise
        if state.interrupted:  # Ctrl-C where trials run in the main thread: in the middle of an epoch, nothing to keep
            raise KeyboardInterrupt
        keeper.after_epoch(state)

    def _judged(self, state: State) -> tuple[float, int]:
        """What chooses, the larger the better, and the parameters of the network that is kept."""
        assert state.best is not None
        return self._cut(state) if self._cuts else (state.best.value, len(state.best.network.parameters))

    def _cut(self, state: State) -> tuple[float, int]:
        """The same, once `prune` would have cut it."""
        found, targets, recipe = self.rows.found, self.rows.found.targets, self.recipe
        model = Model(found.encoder, targets.finished(state.chosen()), targets, found.target, recipe, {}, found.origin)
        metric = None if self.plan.metric == METRICS[model.task][0] else self.plan.metric
        criterion, ending = self.settings.get("criterion", "magnitude"), [_Ending(self.rows.stopping)]
        work = prunable(model, found.table, metric, criterion, "weights", True, False, False, None, ending)
        cycle = work.cycle(
            targets.unfinished(model.network), work.data(work.parts.train), work.data(work.parts.validation)
        )
        ladder = ladder_to(self.settings["keep"])
        with _OBS if criterion == "obs" else contextlib.nullcontext():
            kept = Descent(cycle, Stages(None, {}), ladder, watchers=ending).settled(len(ladder) - 1)
        judged = State.begun(kept.with_parameters(kept.parameters), recipe)
        loss, score = judge(judged, recipe, self._validation())
        judged.release()
        value = -loss if recipe.monitor == "validation_loss" else score
        return value, len(smaller(work, kept)[0].network.parameters)

    def _in_units(self, value: float) -> float:
        """As people know the score: the loss of standardised numbers is an RMSE in the target's own units."""
        targets = self.rows.found.targets
        if not isinstance(targets, Numbers):
            return -value if self.recipe.monitor == "validation_loss" else value
        metric = metric_of(self.recipe.monitor, "regression")
        if metric == "rmse":
            return sqrt(max(-value, 0.0) / targets.loss_scale) * float(targets.scale[0])
        return -value if metric == "mae" else value
