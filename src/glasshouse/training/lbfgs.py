"""L-BFGS on all rows: one iteration an epoch, its memory in the state, so that a run can be resumed to the bit.

The gradient is that of all rows, accumulated in panels, so memory is one batch's. Every product of two vectors is the
kernels' own, exact in its order: threads, storage and instruction set change no bit here either, and fits in several
threads share nothing. (scipy's L-BFGS keeps its memory where no checkpoint reaches it, and BLAS sums as it likes.)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from ..network.passes import loss_and_gradient
from ..network.predictor import panels
from .batches import Data
from .optimizers import LBFGS
from .recipe import Recipe
from .state import State

__all__ = ["iteration"]

Vector = npt.NDArray[np.float64]
DECREASE, CURVATURE = 1e-4, 0.9  # Wolfe's two conditions (Nocedal, Wright 2006, algorithm 3.5)
ROUNDING = 1e-14  # of the loss: below, its differences are noise and the slope decides (Hager, Zhang 2005)
MOST_EVALUATIONS = 60  # of one line search


class Objective:
    """The loss of all rows and its gradient, penalties included, at any parameters; the last answer is kept."""

    def __init__(self, state: State, data: Data, recipe: Recipe):
        self.state, self.data, self.recipe = state, data, recipe
        masses = data.masses()
        self.weight = masses * (recipe.loss_scale / float(masses.sum()))
        self.place: Vector | None = None
        self.value, self.penalty, self.gradient = 0.0, 0.0, np.zeros(0)

    def at(self, place: Vector) -> None:
        """Evaluate, unless this was the last place asked for; the network's parameters are then this place."""
        if self.place is not None and np.array_equal(place, self.place):
            return
        state, recipe = self.state, self.recipe
        state.network.parameters[...] = place
        work, value = state.workspace(recipe), 0.0
        for rows in panels(len(self.weight), recipe.batch_size):
            X, Y, places = self.data.written(rows)
            n = work.load(X, Y, self.weight[rows], places)
            value += loss_and_gradient(work, n, add=bool(rows[0] > 0))
        self.penalty = work.arrays.penalty(recipe.l2, 0.0)
        finite = bool(np.isfinite(value + self.penalty + work.arrays.largest(recipe.l2)))
        if not finite and self.place is None:
            raise state.diverged(work, n, recipe.learning_rate)
        self.value = value + self.penalty if finite else np.inf
        gradient = work.gradient.copy()
        gradient[: state.network.n_weights] += recipe.l2 * place[: state.network.n_weights]
        self.gradient = gradient if state.movable is None else gradient * state.movable
        self.place = place.copy()

    def dot(self, u: Vector, v: Vector) -> float:
        """Σ u v, the same in any order of its terms."""
        return self.state.workspace(self.recipe).arrays.dot(u, v)


def iteration(state: State, data: Data, recipe: Recipe) -> dict[str, float]:
    """Take one quasi-Newton step; return the epoch's row of the history, at the new weights.

    The state is settled once no component of the gradient is larger than the recipe's `tol`, or no step goes down. If
    anything is raised, the weights are those the step began with.

    Raises
    ------
    TrainingDiverged
        If the loss or the gradient is not finite where the step begins.
    """
    assert isinstance(recipe.optimizer, LBFGS)
    objective: Objective | None = state._objective
    if objective is None or objective.data is not data or objective.recipe is not recipe:
        objective = state._objective = Objective(state, data, recipe)
    here = state.network.parameters.copy()
    try:
        objective.at(here)
        gradient = objective.gradient
        there = _step(state.moments, objective, here)
        if there is None and "steps" in state.moments:  # the memory misleads: begin again from the plain gradient
            state.moments = {}
            there = _step(state.moments, objective, here)
        objective.at(here if there is None else there)
    except BaseException:  # also a Ctrl-C: a point the search was only trying is not to be kept
        state.network.parameters[...], state._objective = here, None
        raise
    if there is not None:
        _remember(state, objective, recipe.optimizer.memory, there - here, objective.gradient - gradient)
        state.step += 1
    state.samples += len(objective.weight)
    largest = float(np.abs(objective.gradient).max(initial=0))
    state.settled = there is None or largest <= recipe.tol
    loss = objective.value - objective.penalty
    return {"loss": loss, "penalty": objective.penalty, "learning_rate": 0.0, "gradient": largest}


def _step(moments: dict[str, Any], objective: Objective, here: Vector) -> Vector | None:
    """The next place, or None where no step along the direction goes down."""
    value, direction = objective.value, _direction(moments, objective)
    slope = objective.dot(objective.gradient, direction)
    if not -np.inf < slope < 0:
        objective.at(here)
        return None

    def along(length: float) -> tuple[float, float]:
        objective.at(here + length * direction)
        return objective.value, objective.dot(objective.gradient, direction) if objective.value < np.inf else np.inf

    length = _line_search(along, value, slope)
    if length is None:
        objective.at(here)
        return None
    return here + length * direction


def _direction(moments: dict[str, Any], objective: Objective) -> Vector:
    """Minus the estimate of the inverse Hessian times the gradient, by the two loops of Nocedal (1980)."""
    direction, dot = -objective.gradient, objective.dot
    if "steps" not in moments:
        return np.asarray(direction / max(dot(direction, direction) ** 0.5, 1.0))
    pairs = list(zip(moments["steps"], moments["changes"], strict=True))
    shares = []
    for step, change in reversed(pairs):
        shares.append(dot(step, direction) / dot(step, change))
        direction = direction - shares[-1] * change
    step, change = pairs[-1]
    direction = direction * (dot(step, change) / dot(change, change))
    for (step, change), share in zip(pairs, reversed(shares), strict=True):
        direction = direction + (share - dot(change, direction) / dot(step, change)) * step
    return np.asarray(direction)


def _line_search(along: Callable[[float], tuple[float, float]], value: float, slope: float) -> float | None:
    """A length that meets Wolfe's two conditions, by halving and doubling; None where there is none to be found."""
    low, high, length = 0.0, np.inf, 1.0
    for _ in range(MOST_EVALUATIONS):
        there, slope_there = along(length)
        goes_down = there <= value + DECREASE * length * slope
        level = there <= value + ROUNDING * abs(value) and slope_there <= (2 * DECREASE - 1) * slope
        if not (goes_down or level):
            high = length
        elif slope_there < CURVATURE * slope:
            low = length
        else:
            return length
        length = 2 * low if high == np.inf else (low + high) / 2
    return low or None


def _remember(state: State, objective: Objective, memory: int, step: Vector, change: Vector) -> None:
    """Keep the last pairs whose curvature is positive beyond rounding."""
    size = objective.dot(change, change)
    if size < np.finfo(np.float64).tiny or not objective.dot(step, change) > np.finfo(np.float64).eps * size:
        return
    for name, row in (("steps", step), ("changes", change)):
        older = state.moments.get(name, np.zeros((0, len(row))))
        state.moments[name] = np.concatenate((older, row[None]))[-memory:]
