"""One epoch, read top to bottom, and the epochs of a fit until nothing gets better."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..network.network import Network
from ..network.passes import forward, loss_and_gradient
from .batches import Batch, Data, batches
from .recipe import Recipe
from .state import Best, State
from .watchers import Watcher

__all__ = ["Validation", "epoch", "fit"]

Array = npt.NDArray[Any]


class Validation(NamedTuple):
    """Rows that only choose, and how: score(outputs, Y, weight) -> a number, the larger the better."""

    data: Data
    score: Callable[[Array, Array, Array | None], float]


def epoch(state: State, batches: Iterable[Batch], recipe: Recipe, watchers: Sequence[Watcher] = ()) -> float:
    """Take one step a batch; return the mean loss over the rows seen, each before its step.

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
        if not np.isfinite(value + work.kernels.norm(work.gradient, state.movable)):
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
    """Loss and score of the validation rows, by the workspace that trains."""
    X, Y, weight = validation.data
    work = state.workspace(recipe)
    outputs = np.empty((len(X), state.network.n_outputs), state.network.dtype)
    total = mass = 0.0
    for batch in batches(validation.data, recipe.batch_size, None, recipe.loss_scale):
        n = work.load(*batch)
        forward(work, n)
        share = float(n if weight is None else weight[batch.rows].sum())
        total, mass = total + work.loss(n) * share, mass + share
        outputs[batch.rows] = work.columns[-1].a[:, :n].T
    return total / mass, validation.score(outputs, Y, weight)


def fit(
    network: Network,
    data: Data,
    recipe: Recipe,
    validation: Validation | None = None,
    watchers: Sequence[Watcher] = (),
) -> State:
    """Train until `max_epochs`, or until the monitored number has not improved by `tol` for `patience` epochs.

    Returns
    -------
    State
        Its network holds the best weights where validation rows chose, else the last ones.
    """
    state = State.begun(network, recipe)
    best_yet, waited = -np.inf, 0
    try:
        while state.epoch < recipe.max_epochs and waited < recipe.patience:
            generator = state.generator if recipe.shuffle else None
            loss = epoch(state, batches(data, recipe.batch_size, generator, recipe.loss_scale), recipe, watchers)
            state.epoch += 1
            row = {"epoch": state.epoch, "loss": loss}
            if validation is not None:
                row["validation_loss"], row["validation_score"] = judge(state, recipe, validation)
            state.history.append(row)
            value = row[recipe.monitor] if recipe.monitor == "validation_score" else -row[recipe.monitor]
            if state.best is None or value > state.best.value:
                kept = state.network.parameters.copy() if recipe.monitor != "loss" else state.network.parameters
                state.best = Best(state.epoch, value, kept)
            waited = 0 if value > best_yet + recipe.tol else waited + 1
            best_yet = max(best_yet, value)
            for watcher in watchers:
                watcher.after_epoch(state)
        if recipe.monitor != "loss" and state.best is not None:
            state.network.parameters[...] = state.best.parameters
    finally:
        state.release()
    return state
