"""L-BFGS on all rows: one iteration an epoch, its memory in the state, so that a run can be resumed to the bit.

The product of the inverse Hessian's estimate and the line search (strong Wolfe conditions) are scipy's. The gradient is
that of all rows, accumulated in panels, so memory is one batch's.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import LbfgsInvHessProduct, line_search

from ..network.passes import loss_and_gradient
from ..network.predictor import panels
from .batches import Data
from .optimizers import LBFGS
from .recipe import Recipe
from .state import State

__all__ = ["iteration"]

Vector = npt.NDArray[np.float64]
MOST_EVALUATIONS = 30  # of one line search


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
            n = work.load(self.data.X, self.data.Y, self.weight[rows], rows)
            value += loss_and_gradient(work, n, add=bool(rows[0] > 0))
        self.penalty = work.arrays.penalty(recipe.l2, 0.0)
        finite = bool(np.isfinite(value + self.penalty + work.arrays.largest(recipe.l2)))
        if not finite and self.place is None:
            raise state.diverged(work, n, recipe.learning_rate)
        self.value = value + self.penalty if finite else np.inf
        gradient = work.gradient.astype(np.float64)
        gradient[: state.network.n_weights] += recipe.l2 * place[: state.network.n_weights]
        self.gradient = gradient if state.movable is None else gradient * state.movable
        self.place = place.copy()

    def value_at(self, place: Vector) -> float:
        self.at(place)
        return self.value

    def gradient_at(self, place: Vector) -> Vector:
        self.at(place)
        return self.gradient


def iteration(state: State, data: Data, recipe: Recipe) -> dict[str, float]:
    """Take one quasi-Newton step; return the epoch's row of the history, at the new weights.

    The state is settled once no component of the gradient is larger than the recipe's `tol`, or no step goes down.

    Raises
    ------
    TrainingDiverged
        If the loss or the gradient is not finite where the step begins.
    """
    assert isinstance(recipe.optimizer, LBFGS)
    objective = state._objective
    if objective is None or objective.data is not data or objective.recipe is not recipe:
        objective = state._objective = Objective(state, data, recipe)
    here = state.network.parameters.astype(np.float64)
    objective.at(here)
    value, gradient = objective.value, objective.gradient
    there = _step(state, objective, here, value, gradient)
    if there is None and "steps" in state.moments:  # the memory misleads: begin again from the plain gradient
        state.moments = {}
        there = _step(state, objective, here, value, gradient)
    state.settled = there is None
    objective.at(here if there is None else there)
    if there is not None:
        _remember(state, recipe.optimizer.memory, objective.place - here, objective.gradient - gradient)
        state.step += 1
    state.samples += len(objective.weight)
    largest = float(np.abs(objective.gradient).max(initial=0))
    state.settled = state.settled or largest <= recipe.tol
    loss = objective.value - objective.penalty
    return {"loss": loss, "penalty": objective.penalty, "learning_rate": 0.0, "gradient": largest}


def _step(state: State, objective: Objective, here: Vector, value: float, gradient: Vector) -> Vector | None:
    """The next place, or None where no step along the direction goes down."""
    direction = _direction(state.moments, gradient)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # a search that fails says so by returning None
        length = line_search(
            objective.value_at, objective.gradient_at, here, direction, gradient, value, maxiter=MOST_EVALUATIONS
        )[0]
    return None if length is None else here + length * direction


def _direction(moments: dict[str, Any], gradient: Vector) -> Vector:
    """Minus the estimate of the inverse Hessian times the gradient; the first is scaled by the last change."""
    if "steps" not in moments:
        return -gradient / max(float(np.linalg.norm(gradient)), 1.0)
    steps, changes = moments["steps"], moments["changes"]
    scale = float(steps[-1] @ changes[-1]) / float(changes[-1] @ changes[-1])
    inverse = LbfgsInvHessProduct(steps / scale**0.5, changes * scale**0.5)
    return np.asarray(-scale * inverse.matvec(gradient))


def _remember(state: State, memory: int, step: Vector, change: Vector) -> None:
    """Keep the last pairs whose curvature is positive beyond rounding."""
    if not step @ change > np.finfo(np.float64).eps * float(change @ change):
        return
    for name, row in (("steps", step), ("changes", change)):
        older = state.moments.get(name, np.zeros((0, len(row))))
        state.moments[name] = np.concatenate((older, row[None]))[-memory:]
