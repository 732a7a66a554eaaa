"""One epoch, read top to bottom, and the epochs of a fit until nothing gets better."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isfinite
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..distributed.communicator import Communicator
from ..distributed.endings import CtrlC, joint
from ..distributed.serial import SERIAL
from ..errors import OptionError, TrainingDiverged
from ..network.passes import forward, loss_and_gradient
from ..network.workspace import Workspace
from ..seeds import stream
from .batches import Batch, Batches, Data, Epoch, Rows
from .lbfgs import iteration
from .optimizers import LBFGS, Pull
from .recipe import Recipe
from .rewiring import evolved
from .schedules import Plateau, Progress
from .state import Best, State
from .together import Seen, any_of, diverged, expect_alike, ranks_of
from .watchers import Watcher

__all__ = ["LARGEST", "Score", "Validation", "epoch", "fit", "judge"]

Array = npt.NDArray[Any]
Score = Callable[[Array, Array, Array | None], float]  # (outputs, Y, weight)
# Beyond it a square is no longer a number of this precision, so a step could write one that is not finite.
LARGEST = {name: float(np.finfo(name).max) ** 0.5 for name in ("float32", "float64")}


class Validation(NamedTuple):
    """Rows that only choose, and how: by a score, the larger the better."""

    data: Data
    score: Score


def epoch(
    state: State,
    batches: Epoch | Sequence[Batch],
    recipe: Recipe,
    watchers: Sequence[Watcher] = (),
    together: Communicator = SERIAL,
) -> dict[str, float]:
    """Take one step a batch; return the epoch's row of the history.

    `loss` is the mean over the samples, each by its weight, before the step of its batch; `penalty` is what L2 and L1
    add, a mean over the steps; `learning_rate` is that of the last step. Several ranks each bring their part of every
    batch, and return the same row.

    Raises
    ------
    TrainingDiverged
        Before the update that would have written a number that is not finite.
    WorldError
        If the ranks do not hold the rows of a batch together, or end with different weights.
    """
    total, penalties, rate, rows_seen, moved = 0.0, 0.0, 0.0, 0, 0
    limit, done, ranks = LARGEST[state.network.dtype.name], state.epoch * len(batches), ranks_of(together, recipe)
    key = _dropout_key(recipe, together)
    for k, (X, Y, weight, rows, of_all) in enumerate(batches):
        work = state.workspace(recipe)
        n = work.load(X, Y, weight, rows)
        work.draw_dropout(key, state.step)
        value, n_rows = ranks.add_up(work, loss_and_gradient(work, n), n, of_all)
        rate = state.factor * recipe.rate(
            Progress(
                state.epoch, recipe.max_epochs, done + k, recipe.max_epochs * len(batches), state.samples, state.cuts
            )
        )
        largest, penalty = work.arrays.largest(recipe.l2), work.arrays.penalty(recipe.l2, recipe.l1)
        if not (isfinite(value) and largest * max(rate, 1.0) < limit):
            raise ranks.diverged(state, state.diverged(work, n, rate))
        state.step += 1
        recipe.optimizer.step(work.arrays, state.moments, state.step, rate, pull_of(work, recipe))  # type: ignore[union-attr]
        if state.average is not None:
            work.kernels.average(state.average, state.network.parameters, max(1 - recipe.average, 1 / state.step))
        moved += largest > 0
        total, penalties, rows_seen = total + value * n_rows, penalties + penalty * n_rows, rows_seen + n_rows
        ranks.meet(state, k + 1 == len(batches))
        for watcher in watchers:
            watcher.after_step(state, work)
        if recipe.evolution is not None:
            evolve(state, work, recipe, len(batches), together)
    total, penalties, rows_seen, moved = ranks.close(state, Seen(total, penalties, rows_seen, moved))
    state.samples += rows_seen
    if not moved and not (recipe.optimizer.moments or recipe.l1 or recipe.dropout or recipe.average):
        state.settled = True  # every epoch from here on would do nothing
    rows_seen = max(rows_seen, 1)
    return {"loss": total / rows_seen, "penalty": penalties / rows_seen, "learning_rate": rate}


def _dropout_key(recipe: Recipe, together: Communicator) -> tuple[int, int]:
    """Of the run and of the rank: two ranks leave out different units of their different samples."""
    if not recipe.dropout:
        return 0, 0
    first, second = stream(recipe.seed, "dropout").integers(1 << 32, size=2).tolist()
    return first, second ^ together.rank


def evolve(state: State, work: Workspace, recipe: Recipe, steps_an_epoch: int, together: Communicator) -> None:
    """Move connections, if it is their time."""
    assert recipe.evolution is not None
    share = recipe.evolution.moving(state.step, steps_an_epoch, recipe.max_epochs * steps_an_epoch)
    if share > 0:
        state.move(*evolved(work, state.moments, recipe.evolution, share, recipe.seed, state.step, together))


def pull_of(work: Workspace, recipe: Recipe) -> Pull:
    """What the step adds to the gradient: penalties, and the share that clipping leaves of it."""
    clip = 1.0
    if recipe.clip_norm is not None:
        clip = min(1.0, recipe.clip_norm / max(work.arrays.norm(recipe.l2), recipe.clip_norm))
    return Pull(clip, recipe.l2, recipe.l1)


def judge(state: State, recipe: Recipe, validation: Validation, together: Communicator = SERIAL) -> tuple[float, float]:
    """Loss and score of the validation rows, by the workspace that trains, on the weights that would be kept.

    Of several ranks each passes its part of the rows forward; all return the same.

    Raises
    ------
    TrainingDiverged
        If the loss of these rows is not finite.
    OptionError
        If their score is not: a single row has no R².
    """
    work = state.workspace(recipe)
    work.rest_dropout()
    data, n_rows = validation.data, validation.data.n_rows
    outputs = np.zeros((n_rows, state.network.n_outputs), state.network.dtype)
    total, done = 0.0, 0
    last = state.network.parameters.copy()
    if state.average is not None:
        state.network.parameters[...] = state.average
    try:
        for X, Y, weight, rows, of_all in Batches(data, recipe.batch_size, None, recipe.loss_scale, together):
            n = work.load(X, Y, weight, rows)
            forward(work, n)
            total += work.loss(n) * of_all
            outputs[done + together.rank : done + of_all : together.size] = work.outputs(n)
            done += of_all
            if not isfinite(total):
                break
        together.all_reduce(loss := np.array([total]))
        if not isfinite(loss[0]):
            raise diverged(together, state.diverged(work, n, recipe.learning_rate))
    finally:
        state.network.parameters[...] = last
    together.all_reduce(outputs)  # of each row, one rank's numbers and zeros
    score = validation.score(outputs, data.of(data.Y), None if data.weight is None else data.of(data.weight))
    if not np.isfinite(score):
        raise OptionError(f"the score of the {n_rows} validation rows is {score}: give more rows")
    found = np.array([loss[0] / n_rows, score])
    together.broadcast(found)
    return float(found[0]), float(found[1])


def fit(
    state: State,
    data: Rows,
    recipe: Recipe,
    validation: Validation | None = None,
    watchers: Sequence[Watcher] = (),
    together: Communicator = SERIAL,
) -> State:
    """Train until `max_epochs`, or until the monitored number has not improved by `tol` for `patience` epochs.

    A state that has begun is continued. `state.chosen()` is then the network to keep. Somebody's Ctrl-C ends the run
    after at least one whole epoch; before that it is raised, since there is nothing to keep.

    Several ranks call this with the same recipe, rows and state, and end with the same; each may have watchers of its
    own. A watcher's wish to end, or a Ctrl-C, on one of them ends all of them after the same epoch.

    Raises
    ------
    OptionError
        If the recipe monitors validation rows and there are none, or is one for a single rank.
    TrainingDiverged
        If a number stops being finite; the weights are the last finite ones.
    WorldError
        If the ranks differ in what they are given or in what they compute.
    """
    if validation is None and recipe.monitor != "loss":
        raise OptionError(
            f"monitor is {recipe.monitor!r}, but there are no validation rows: give some, or monitor 'loss'"
        )
    if isinstance(recipe.optimizer, LBFGS) and not isinstance(data, Data):
        raise OptionError("lbfgs takes all rows at once, and these are streamed: choose solver 'adam'")
    with joint(together):
        expect_alike(together, state, data.n_rows, 0 if validation is None else validation.data.n_rows, recipe)
        for watcher in watchers:
            watcher.before_fit(state, data.shown, recipe)
        try:
            _epochs(state, data, recipe, validation, watchers, together)
        except KeyboardInterrupt:
            if state.epoch == 0 or together.size > 1:
                raise
            state.interrupted = True
        except TrainingDiverged as error:
            for watcher in watchers:
                watcher.after_divergence(state, data.shown, recipe, error)
            raise
        finally:
            state.release()
    return state


def _epochs(
    state: State,
    data: Rows,
    recipe: Recipe,
    validation: Validation | None,
    watchers: Sequence[Watcher],
    together: Communicator,
) -> None:
    """Epoch after epoch, until one is the last."""
    patience = float("inf") if recipe.patience is None else recipe.patience
    with CtrlC(together) as ctrl_c:
        while state.epoch < recipe.max_epochs and state.waited < patience and not state.settled:
            for watcher in watchers:
                watcher.before_epoch(state)
            if isinstance(recipe.optimizer, LBFGS):
                row = iteration(state, data.shown, recipe)
            else:
                row = epoch(state, data.batches(recipe, state, together), recipe, watchers, together)
            if validation is not None:
                row["validation_loss"], row["validation_score"] = judge(state, recipe, validation, together)
            state.epoch += 1
            state.history.append({"epoch": state.epoch, **row})
            look_back(state, recipe)
            wishes = [bool(watcher.after_epoch(state)) for watcher in watchers]  # every one of them is called
            ends, interrupted = any_of(together, any(wishes), ctrl_c.seen)
            state.interrupted = state.interrupted or interrupted
            if ends or interrupted:
                break


def _as_filed(value: float) -> np.float32:
    """As precisely as a model file tells it, so that whoever reads the history there finds the same best epoch."""
    with np.errstate(over="ignore"):
        return np.float32(value)


def look_back(state: State, recipe: Recipe) -> None:
    """Whether the epoch was the best so far, and whether it is time for a smaller rate, or for an end.

    `waited` counts towards the end, `stalled` towards a cut; a cut starts both again, since it may bring what was
    waited for.
    """
    row = state.history[-1]
    losses = {"loss": -row["loss"] - row["penalty"], "validation_loss": -row.get("validation_loss", 0)}
    value = losses.get(recipe.monitor, row.get("validation_score", 0))
    if recipe.monitor != "loss" and (state.best is None or _as_filed(value) > _as_filed(state.best.value)):
        kept = state.network.parameters if state.average is None else state.average
        state.best = Best(state.epoch, value, state.network.with_parameters(kept))
    better = value > state.mark + recipe.tol
    state.mark = max(state.mark, value)
    if isinstance(recipe.optimizer, LBFGS) and recipe.monitor == "loss":
        return  # it says itself when it has arrived
    state.waited = 0 if better else state.waited + 1
    state.stalled = 0 if better else state.stalled + 1
    schedule = recipe.schedule
    if (
        isinstance(schedule, Plateau)
        and state.stalled > schedule.patience
        and not schedule.is_low(recipe.learning_rate, state.cuts)
    ):
        state.cuts, state.stalled, state.waited = state.cuts + 1, 0, 0
