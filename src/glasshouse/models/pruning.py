"""Pruning of a model: how far it may go, the procedure, and a smaller model with the proof beside it."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import OptionError, choose, expect_number
from ..network.network import Network
from ..pruning.budget import MARGIN, Point, smallest_allowed
from ..pruning.criteria import CRITERIA
from ..pruning.cycle import LADDER, Cycle
from ..pruning.descent import Descent, ladder_to, pooled
from ..pruning.grains import GRAINS
from ..pruning.stages import Stages
from ..tables.reading import Reading
from ..training.batches import Data
from ..training.checkpoints import fingerprint
from ..training.watchers import Watcher, announce
from .command import command
from .model import Model, Source
from .prunable import FOLDS, Prunable, folds, prunable, smaller
from .rescoring import rescored
from .savings import Savings, measured
from .verbs import AnyModel, model_of, place_beside, table_for

__all__ = ["Pruned", "prune"]

Array = npt.NDArray[Any]
DEFAULT = "magnitude"
FEW = 1000  # rows that choose, below which folds do
SEEDS_APART = 1000  # more than a descent has stages
GOALS = ("density", "max_drop", "size", "latency")


@dataclass(frozen=True, eq=False)
class Pruned:
    """What `prune` did, and what came of it.

    Attributes
    ----------
    given, model : Model
        Before and after: the same where no cut met the goal.
    criterion, grain, metric : str
    density : float
        The share of the pieces that was kept: of connections, units or inputs.
    frontier : list of Point
        The densities that were tried, and the score of each on the rows that choose.
    chosen_by : str
        Which rows those were.
    before, after : Savings
    removed : dict of str to int
        What compaction took out, by cause.
    path : Path or None
        Where the pruned model was written.
    compared : dict of str to list of Point
        The frontier of every criterion, where they were to be compared.
    """

    given: Model
    model: Model
    criterion: str
    grain: str
    metric: str
    density: float
    frontier: list[Point]
    chosen_by: str
    before: Savings
    after: Savings
    removed: dict[str, int]
    seconds: float
    path: Path | None = None
    compared: dict[str, list[Point]] = field(default_factory=dict)

    @property
    def met(self) -> bool:
        """Whether a cut met the goal."""
        return self.model is not self.given

    def to_dict(self) -> dict[str, Any]:
        """What was done and what came of it, as JSON holds it."""
        return {
            "met": self.met,
            "criterion": self.criterion,
            "grain": self.grain,
            "metric": self.metric,
            "density": self.density,
            "chosen_by": self.chosen_by,
            "frontier": [point._asdict() for point in self.frontier],
            "compared": {name: [point._asdict() for point in points] for name, points in self.compared.items()},
            "removed": self.removed,
            "before": asdict(self.before),
            "after": asdict(self.after),
        }


def prune(
    model: AnyModel,
    table: Source | None = None,
    *,
    density: float | None = None,
    max_drop: float | None = None,
    size: int | None = None,
    latency: float | None = None,
    metric: str | None = None,
    criterion: str = DEFAULT,
    grain: str = "weights",
    one_shot: bool = False,
    retrain: bool = True,
    regrow: bool = False,
    epochs: int | None = None,
    compare: bool = False,
    seeds: int = 1,
    reading: Reading | None = None,
    out: str | os.PathLike[str] | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    resume: bool = False,
    watchers: Sequence[Watcher] = (),
) -> Pruned:
    """Cut what a model does not need, train what is left, and make it smaller for real.

    Connections leave down a ladder of densities, a little training after each cut; what is left is then trained to its
    end, taught half by the targets and half by the model it came from. Units and inputs that nothing comes from or goes
    to leave with them, and columns that nobody reads any more leave the encoder. Rows that validate decide; the scores
    before and after are of the test rows.

    Parameters
    ----------
    model : Model or path
    table : path, Table or frame, optional
        Rows to train and judge on: those the model was trained on, while that table lies beside it.
    density : float, optional
        Keep this share.
    max_drop : float, optional
        Keep as few as cost no more than this of the metric: 0.005 if no other goal is given.
    size : int, optional
        Keep as many as take no more than so many bytes in the file.
    latency : float, optional
        Keep as many as answer one row in so many microseconds, as measured here and now.
    metric : str, optional
        What `max_drop` is of: accuracy or roc_auc (roc_auc if the rarer of two classes is under 20 %); r2 or mae.
    criterion : str
        By which weights count: see docs/pruning.md.
    grain : {'weights', 'units', 'inputs'}
        What is cut in one piece.
    one_shot : bool
        Cut once, from the whole model.
    retrain : bool
        Whether to train after cuts.
    regrow : bool
        Let cut weights return elsewhere while it trains, where the loss asks for them most.
    epochs : int, optional
        Of the last training: 1500 steps, and 12 epochs at the least, if None.
    compare : bool
        Prune by every criterion to each second density of the ladder, and report all frontiers.
    seeds : int
        How often each is tried for that, with other orders of the rows; the error of a point is then their spread.
    reading : Reading, optional
        What is known of the file.
    out : path, optional
        Where the pruned model goes: beside MODEL as NAME-pruned.glass if None; nowhere if ''.
    checkpoint : path, optional
        Finished stages are kept there.
    resume : bool
        Go on from the checkpoint; begin if there is none yet.

    Raises
    ------
    OptionError
        If there is no such criterion, grain or metric, a goal is out of its range, or there are two of them.
    TableError
        If the table cannot be read, or does not fit the model.

    Examples
    --------
    >>> import glasshouse as gh
    >>> model = gh.train("example:iris", target="target", baselines=False, out="")
    >>> found = gh.prune(model, "example:iris", density=0.05)
    >>> found.after.nonzero <= 0.05 * found.before.weights
    True
    """
    made_by = command(prune, **locals())
    started = time.perf_counter()
    goal, value = _goal(density, max_drop, size, latency)
    expect_number("seeds", seeds, lambda s: s >= 1, "of at least 1", whole=True)
    if seeds > 1 and not compare:
        raise OptionError(f"seeds is {seeds}: it says how often to compare, add compare")
    choose("grain", grain, GRAINS)
    announce(watchers, "reading")
    given = model_of(model)
    place = place_beside(model, out, "-pruned")
    rows = table_for(model, given, table, reading)
    work = prunable(given, rows, metric, criterion, grain, retrain, one_shot, regrow, epochs, watchers)
    network = given.targets.unfinished(given.network)
    trains, chooses = work.data(work.parts.train), work.data(work.parts.validation)
    cycle = work.cycle(network, trains, chooses)
    stages = Stages(checkpoint, _choices(work, goal, value, trains, chooses), resume)
    announce(watchers, "pruning")
    kept, density_kept, frontier, chosen_by = _reached(work, cycle, stages, goal, value)
    compared = _compared(work, cycle, stages, seeds) if compare else {}
    announce(watchers, "judging")
    after, removed = given, dict[str, int]()
    if kept is not None:
        after, removed = smaller(work, kept)
        after = replace(rescored(after, work.table, work.present, work.parts), made_by=(*given.made_by, made_by))
    pair = _measured(work, given, after)
    if place is not None and kept is not None:
        after.save(place)
    seconds = time.perf_counter() - started
    return Pruned(
        given,
        after,
        work.criterion.name,
        grain,
        work.metric,
        density_kept,
        frontier,
        chosen_by,
        *pair,
        removed,
        seconds,
        place if kept is not None else None,
        compared,
    )


def _goal(*values: float | None) -> tuple[str, float]:
    given = {name: value for name, value in zip(GOALS, values, strict=True) if value is not None}
    if len(given) > 1:
        raise OptionError(f"{' and '.join(given)} are given: one of them says how far to go")
    name, value = next(iter(given.items()), ("max_drop", 0.005))
    if name == "density":
        expect_number(name, value, lambda d: 0 < d <= 1, "above 0 and at most 1, the share that is kept")
    elif name == "max_drop":
        expect_number(name, value, lambda d: 0 <= d < 1, "at least 0 and below 1")
    else:
        expect_number(name, value, lambda d: d > 0, f"above 0, in {'bytes' if name == 'size' else 'microseconds'}")
    return name, value


def _choices(work: Prunable, goal: str, value: float, *rows: Data) -> dict[str, Any]:
    return {
        "goal": [goal, value],
        "criterion": work.criterion.name,
        "grain": work.grain,
        "metric": work.metric,
        "training": [work.retrain, work.one_shot, work.regrow is not None, work.epochs],
        "recipe": work.model.recipe.to_dict(),
        "rows": fingerprint(rows),
        "network": fingerprint([Data(np.zeros((1, 0)), work.model.network.parameters[None])]),
    }


def _reached(
    work: Prunable, cycle: Cycle, stages: Stages, goal: str, value: float
) -> tuple[Network | None, float, list[Point], str]:
    """The network that meets the goal, its density, what was tried, and what chose; None where none does."""
    rows = f"{work.parts.validation.size:,} validation rows"
    options: dict[str, Any] = {"one_shot": work.one_shot, "watchers": work.watchers}
    if goal == "density":
        descent = Descent(cycle, stages, ladder_to(value), **options)
        last = len(descent.ladder) - 1
        return descent.settled(last), value, [pooled([descent], last)], rows
    descent = Descent(cycle, stages, **options)
    if goal != "max_drop":
        measure = {"size": _size, "latency": _latency}[goal]
        first = descent.first_that_fits(lambda some: measure(work, some) <= value)
        for k in range(len(descent.ladder) if first is None else first, len(descent.ladder)):
            network = descent.settled(k)
            if measure(work, network) <= value:  # training may leave fewer units to fold
                return network, descent.ladder[k], [pooled([descent], k)], rows
        return None, 1.0, [], rows
    judges: Sequence[Descent] = [descent]
    if cycle.validation is not None and cycle.validation.data.n_rows < FEW and work.retrain:
        judges, rows = (
            folds(work, stages, options),
            f"{len(work.parts.train) + len(work.parts.validation):,} rows out of {FOLDS} folds",
        )
    margin = MARGIN if judges[0] is descent else 0.0
    best, tried = smallest_allowed(LADDER, lambda k: pooled(judges, k), value, margin)
    if best is None:
        return None, 1.0, tried, rows
    return descent.settled(best), LADDER[best], tried, rows


def _compared(work: Prunable, cycle: Cycle, stages: Stages, seeds: int) -> dict[str, list[Point]]:
    """The frontier of every criterion, at each second density of the ladder."""
    found = {}
    for name, row in CRITERIA.items():
        announce(work.watchers, name)
        tries = [_frontier(work, replace(cycle, criterion=row), stages, f"{name} {k} ", k) for k in range(seeds)]
        found[name] = [_mean(points) for points in zip(*tries, strict=True)]
    return found


def _frontier(work: Prunable, cycle: Cycle, stages: Stages, name: str, seed: int) -> list[Point]:
    recipe = replace(cycle.recipe, seed=(cycle.recipe.seed + SEEDS_APART * seed) % (1 << 32))
    options: dict[str, Any] = {"one_shot": work.one_shot, "name": name, "watchers": work.watchers}
    descent = Descent(replace(cycle, recipe=recipe), stages, LADDER[1::2], **options)
    return [pooled([descent], k) for k in range(len(descent.ladder))]


def _mean(points: Sequence[Point]) -> Point:
    """The mean of some points, and their spread; the chance error of a single one."""
    if len(points) == 1:
        return points[0]
    scores, drops = ([getattr(point, part) for point in points] for part in ("score", "drop"))
    return Point(points[0].density, float(np.mean(scores)), float(np.mean(drops)), float(np.std(scores, ddof=1)))


def _size(work: Prunable, network: Network) -> int:
    return smaller(work, network)[0].n_bytes


def _latency(work: Prunable, network: Network) -> float:
    return measured(smaller(work, network)[0], None).row_latency


def _measured(work: Prunable, given: Model, after: Model) -> tuple[Savings, Savings]:
    """Both, side by side: what they take, how fast they are, and their scores on the test rows."""
    rows = work.parts.test if len(work.parts.test) else work.parts.validation
    some = work.table.take(work.present[rows])
    trains = work.table.take(work.present[work.parts.train])
    found = [measured(model, some, trains) for model in (given, after)]
    return found[0], found[1]
