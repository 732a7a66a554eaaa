"""Remedies: each takes the course of a training to a better one; `cure` tries them until one helps.

A course is a recipe and what is done to the inputs before it. Who uses the network need not know: the scale of the
inputs is folded into its first layer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..errors import OptionError, TrainingDiverged
from ..network.layers import Sparse
from ..network.network import Network
from ..network.predictor import Predictor
from ..training.batches import AT_ONCE, Data, is_written
from ..training.loop import Validation, fit
from ..training.optimizers import LBFGS, Adam
from ..training.recipe import Recipe
from ..training.schedules import Constant
from ..training.state import State
from .doctor import Doctor
from .examination import written_out
from .findings import SEVERITIES, Diagnosis

__all__ = ["REMEDIES", "Course", "Treatment", "Trial", "applied", "cure", "scored", "trial"]

Array = npt.NDArray[Any]
TRIES = 8


class Course(NamedTuple):
    """A recipe, whether its inputs are scaled first, and which of them are left out."""

    recipe: Recipe
    scaled: bool = False
    without: tuple[int, ...] = ()


def _with(**changes: Any) -> Callable[[Course], Course]:
    return lambda course: course._replace(recipe=replace(course.recipe, **changes))


def _rate(factor: float) -> Callable[[Course], Course]:
    def remedy(course: Course) -> Course:
        recipe = course.recipe
        rate = float(f"{recipe.learning_rate * factor:.6g}")
        return (
            course
            if isinstance(recipe.optimizer, LBFGS)
            else course._replace(recipe=replace(recipe, learning_rate=rate))
        )

    return remedy


def _longer(course: Course) -> Course:
    return course._replace(recipe=replace(course.recipe, max_epochs=3 * course.recipe.max_epochs))


def _afresh(course: Course) -> Course:
    """What is right for nearly everybody: ReLU, He, Adam at 0.001, scaled inputs."""
    recipe = course.recipe
    plain = isinstance(recipe.optimizer, LBFGS)
    changes: dict[str, Any] = {} if plain else {"optimizer": Adam(), "learning_rate": 0.001, "schedule": Constant()}
    return course._replace(
        recipe=replace(recipe, activation=("relu",), initializer="auto", dropout=(), **changes), scaled=True
    )


REMEDIES: dict[str, Callable[[Course], Course]] = {
    "slower": _rate(0.1),
    "faster": _rate(10.0),
    "longer": _longer,
    "suited": _with(initializer="auto"),
    "relu": _with(activation=("relu",), initializer="auto"),
    "leaky_relu": _with(activation=("leaky_relu",), initializer="auto"),
    "tanh": _with(activation=("tanh",), initializer="auto"),
    "clip": _with(clip_norm=1.0),
    "scale": lambda course: course._replace(scaled=True),
    "afresh": _afresh,
}


def applied(name: str, course: Course) -> Course:
    """The course after a remedy; as it was where none has this name, or it does not fit (L-BFGS has no rate)."""
    try:
        return REMEDIES[name](course) if name in REMEDIES else course
    except OptionError:
        return course


class Prepared:
    """Rows of X with some columns made 0, or all of them scaled; written when they are asked for."""

    def __init__(self, X: Any, mean: Array, deviation: Array, without: Sequence[int], dtype: npt.DTypeLike):
        self.X, self.mean, self.deviation, self.without, self.dtype = X, mean, deviation, list(without), dtype
        self.shape = X.shape

    def write(self, rows: Any) -> Array:
        some = self.X.write(rows) if is_written(self.X) else self.X[rows]
        some = (written_out(some) - self.mean) / self.deviation
        some[:, self.without] = 0
        return np.ascontiguousarray(some, self.dtype)


@dataclass(frozen=True)
class Trial:
    """One training: its course, the network for inputs as they were, its score on the rows that choose, its health."""

    course: Course
    network: Network
    score: float
    diagnosis: Diagnosis
    history: list[dict[str, float]] = field(default_factory=list)

    def better_than(self, other: Trial) -> bool:
        """By score; where that is the same, by how bad the worst finding is."""
        severities = [*SEVERITIES, None]
        mine, others = (severities.index(trial.diagnosis.worst) for trial in (self, other))
        return (self.score, mine) > (other.score, others)


def trial(course: Course, data: Data, validation: Validation) -> Trial:
    """Train once, and look at what came of it."""
    recipe = course.recipe
    mean, deviation = _scales(data) if course.scaled else (np.zeros(data.X.shape[1]), np.ones(data.X.shape[1]))

    def prepared(rows: Data) -> Data:
        if not (course.scaled or course.without):
            return rows
        return rows._replace(X=Prepared(rows.X, mean, deviation, course.without, recipe.dtype))

    trains, chooses = prepared(data), Validation(prepared(validation.data), validation.score)
    recipe = recipe if recipe.monitor != "loss" else replace(recipe, monitor="validation_loss")
    state = State.begun(recipe.initialized(data.X.shape[1], data.Y.shape[1]), recipe)
    doctor = Doctor()
    try:
        fit(state, trains, recipe, chooses, [doctor])
        diagnosis = doctor.diagnose(state, trains, recipe)
    except TrainingDiverged as error:
        diagnosis = error.diagnosis
    network = _blind(state.chosen(), course.without)
    score = max((row.get("validation_score", -np.inf) for row in state.history), default=-np.inf)
    if state.best is not None:
        score = state.history[state.best.epoch - 1]["validation_score"]
    return Trial(course, network.absorbing(mean, deviation), score, diagnosis, state.history)


def scored(network: Network, validation: Validation) -> float:
    """The score of a network on the rows that choose."""
    data, predict = validation.data, Predictor(network)
    outputs = [
        predict(X[rows])
        for X, _, rows in (
            data.written(np.arange(start, min(start + AT_ONCE, data.n_rows)))
            for start in range(0, data.n_rows, AT_ONCE)
        )
    ]
    weight = None if data.weight is None else data.of(data.weight)
    return validation.score(np.concatenate(outputs), data.of(data.Y), weight)


class Treatment(NamedTuple):
    """What was tried: the trial it began with, those after it, and the best: the first where nothing helped."""

    before: Trial
    tried: list[Trial]
    after: Trial


def cure(first: Trial, data: Data, validation: Validation, tries: int = TRIES) -> Treatment:
    """Try remedies from the best course so far, until one helps and the network is healthy, or after so many.

    The last of them is what is right for nearly everybody. Inputs that leak the target are left out of every trial, and
    the first network is judged without them too.
    """
    leaking = {k for finding in first.diagnosis.findings if finding.kind == "leaking_label" for k in finding.units}
    if leaking:
        course = first.course._replace(without=tuple(sorted({*first.course.without, *leaking})))
        blind = _blind(first.network, course.without)
        first = replace(first, course=course, network=blind, score=scored(blind, validation))
    best, tried, seen = first, [], set() if leaking else {first.course}
    for k in range(tries):
        last = k == tries - 1 or (best is not first and best.diagnosis.healthy)
        courses = [_afresh(best.course)] if last else [best.course, *_courses(best)]
        new = next((course for course in courses if course not in seen), None)
        if new is None:
            break
        seen.add(new)
        tried.append(trial(new, data, validation))
        best = tried[-1] if tried[-1].better_than(best) else best
        if last:
            break
    return Treatment(first, tried, best)


def _blind(network: Network, without: Sequence[int]) -> Network:
    """The network with no weight on some of its inputs."""
    network = network.with_parameters(network.parameters)
    w, _ = network.views(network.parameters)[0]
    layer, inputs = network.layers[0], np.asarray(without, np.int64)
    w[np.isin(layer.topology.inputs, inputs) if isinstance(layer, Sparse) else (slice(None), inputs)] = 0
    return network


def _courses(best: Trial) -> Iterator[Course]:
    """What the findings ask for, the worst first; then what is right for nearly everybody."""
    for finding in best.diagnosis.findings:
        yield from (applied(name, best.course) for name in finding.remedies)
    yield _afresh(best.course)


def _scales(data: Data) -> tuple[Array, Array]:
    """Mean and deviation of every input; columns of one value stay as they are."""
    some = np.unique(np.linspace(0, data.n_rows - 1, min(data.n_rows, 20_000)).astype(np.int64))
    X, _, places = data.written(some)
    rows = written_out(X[places]).astype(np.float64)
    deviation = rows.std(axis=0)
    return rows.mean(axis=0), np.where(deviation > 0, deviation, 1.0)
