"""One epoch, read top to bottom, and the epochs of a fit until nothing gets better."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..errors import OptionError
from ..network.passes import forward, loss_and_gradient
from .batches import Batch, Data, batches
from .recipe import Recipe
from .state import Best, State
from .watchers import Watcher

__all__ = ["Validation", "epoch", "fit"]

Array = npt.NDArray[Any]
# Beyond it a square is no longer a number of this precision, so a step could write one that is not finite.
LARGEST_NORM = {name: float(np.finfo(name).max) ** 0.5 for name in ("float32", "float64")}


class Validation(NamedTuple):
    """Rows that only choose, and how: score(outputs, Y, weight) -> a number, the larger the better."""

    data: Data
    score: Callable[[Array, Array, Array | None], float]


def epoch(state: State, batches: Iterable[Batch], recipe: Recipe, watchers: Sequence[Watcher] = ()) -> float:
    """Take one step a batch; return the mean over the batches' losses, each counted by its rows, before its step.

    Raises
    ------
    TrainingDiverged
        Before the update that would have written a number that is not finite.
    """
    total, rows_seen, rate = 0.0, 0, recipe.rate(state.epoch)
    for X, Y, weight, rows in batches:
        work = state.workspace(recipe)
        n = work.load(X, Y, weight, rows)
        value = loss_and_gradient(work, n)
        norm = work.kernels.norm(
            state.network.parameters, work.gradient, state.movable, state.network.n_weights, recipe.l2
        )
        if not (np.isfinite(value) and norm * max(rate, 1.0) < LARGEST_NORM[state.network.dtype.name]):
            raise state.diverged(work, n, rate)
        recipe.optimizer.step(
            state.network, work.gradient, state.moments, state.movable, state.step + 1, rate, recipe.l2
        )
        state.step += 1
        total, rows_seen = total + value * n, rows_seen + n
        for watcher in watchers:
            watcher.after_step(state, work)
    return total / max(rows_seen, 1)


def judge(state: State, recipe: Recipe, validation: Validation) -> tuple[float, float]:
    """Loss and score of the validation rows, by the workspace that trains.

    Raises
    ------
    TrainingDiverged
        If the loss of these rows is not finite.
    OptionError
        If their score is not: a single row has no R².
    """
    X, Y, weight = validation.data
    work = state.workspace(recipe)
    outputs = np.empty((len(X), state.network.n_outputs), state.network.dtype)
    total = mass = 0.0
    for batch in batches(validation.data, recipe.batch_size, None, recipe.loss_scale):
        n = work.load(*batch)
        forward(work, n)
        share = float(n if weight is None else weight[batch.rows].sum())
        total, mass = total + work.loss(n) * share, mass + share
        outputs[batch.rows] = work.outputs(n)
        if not np.isfinite(total):
            raise state.diverged(work, n, recipe.rate(state.epoch))
    score = validation.score(outputs, Y, weight)
    if not np.isfinite(score):
        raise OptionError(f"the score of the {len(X)} validation rows is {score}: give more rows")
    return total / mass, score


def fit(
    state: State,
    data: Data,
    recipe: Recipe,
    validation: Validation | None = None,
    watchers: Sequence[Watcher] = (),
) -> State:
    """Train until `max_epochs`, or until the monitored number has not improved by `tol` for `patience` epochs.

    A state that has begun is continued. At the end its network holds the best weights where validation rows chose,
    else the last ones.

    Raises
    ------
    OptionError
        If the recipe monitors validation rows and there are none.
    TrainingDiverged
        If a number stops being finite; the weights are the last finite ones.
    """
    if validation is None and recipe.monitor != "loss":
        raise OptionError(
            f"monitor is {recipe.monitor!r}, but there are no validation rows: give some, or monitor 'loss'"
        )
    try:
        while state.epoch < recipe.max_epochs and state.waited < recipe.patience:
            generator = state.generator if recipe.shuffle else None
            loss = epoch(state, batches(data, recipe.batch_size, generator, recipe.loss_scale), recipe, watchers)
            state.epoch += 1
            row = {"epoch": state.epoch, "loss": loss}
            if validation is not None:
                row["validation_loss"], row["validation_score"] = judge(state, recipe, validation)
            state.history.append(row)
            value = row[recipe.monitor] if recipe.monitor == "validation_score" else -row[recipe.monitor]
            if recipe.monitor != "loss" and (state.best is None or value > state.best.value):
                state.best = Best(state.epoch, value, state.network.parameters.copy())
            state.waited = 0 if value > state.mark + recipe.tol else state.waited + 1
            state.mark = max(state.mark, value)
            for watcher in watchers:
                watcher.after_epoch(state)
        if state.best is not None:
            state.network.parameters[...] = state.best.parameters
    finally:
        state.release()
    return state
