"""A fair comparison of ways to train sparse networks: the same first weights, connections and batches for each seed."""

from __future__ import annotations

import hashlib
import json
import math
import os
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats
from sklearn.exceptions import ConvergenceWarning

from ..errors import OptionError, choose, expect_number
from ..network.density import Density
from ..network.footprint import footprint
from ..network.losses import known_by
from ..network.network import Network
from ..network.workspace import Workspace
from ..storage import checked_place, restored
from ..training.rewiring import Evolution
from ..training.state import State
from ..training.watchers import Watcher
from .classifier import MLPClassifier
from .regressor import MLPRegressor

__all__ = ["BUDGETS", "Comparison", "Fit", "compare"]

Array = npt.NDArray[Any]
BUDGETS = {
    "epochs": "everybody trains as many epochs",
    "flops": "everybody spends what the static sparse network spends in its epochs",
    "seconds": "everybody takes the time the static sparse network takes for its epochs",
}
ALWAYS = ("static", "dense")


@dataclass(frozen=True)
class Fit:
    """One network: its way, density and seed, and what came of it.

    Attributes
    ----------
    score : float
        Accuracy or R² of the last epoch on the test rows.
    nonzeros : tuple of int
        The connections of each layer.
    flops : float
        Of the training: of the passes over every connection, and of looking where to grow.
    megabytes : float
        Held while it trains: parameters, gradient, moments, patterns and the columns of a batch.
    """

    way: str
    density: float
    seed: int
    score: float
    nonzeros: tuple[int, ...]
    epochs: int
    flops: float
    seconds: float
    megabytes: float


class Flops(Watcher):
    """Counts the arithmetic of a training: two flops for each weight, row and product."""

    def __init__(self) -> None:
        self.total = 0.0
        self._last: Workspace | None = None

    def after_step(self, state: State, work: Workspace) -> None:
        if self._last is not None and self._last is not work:
            self.total += self._last.growth_flops  # what was spent between that step and this one
        self._last = work
        self.total += flops_of(work.network) * work.n

    def done(self) -> float:
        return self.total + (self._last.growth_flops if self._last is not None else 0.0)


def flops_of(network: Network) -> float:
    """Of one row, forward and back: each weight is used three times, those of the first layer twice."""
    sizes = [math.prod(layer.weight_shape) for layer in network.layers]
    return 2.0 * (3 * sum(sizes) - sizes[0])


@dataclass(frozen=True, eq=False)
class Comparison:
    """The fits of every way, density and seed; print it for the table.

    Examples
    --------
    >>> fits = [Fit(way, 0.1, s, 0.9 + s / 100, (5, 5), 3, 1e6, 0.1, 0.2) for way in ("static", "SET") for s in (0, 1)]
    >>> Comparison(fits).lines()[1]
    '      10.0 % static             0.9050 ± 0.0635                                 10   1.00e+06      0.1      0.2'
    """

    fits: list[Fit] = field(default_factory=list)

    def of(self, way: str, density: float) -> list[Fit]:
        """The fits of a way, by seed."""
        return sorted((fit for fit in self.fits if (fit.way, fit.density) == (way, density)), key=lambda fit: fit.seed)

    def lines(self) -> list[str]:
        """Score ± 95 %, the paired difference to the static network, connections, flops, seconds, megabytes."""
        heads = [("test score", 18), ("less static", 22), ("connections", 13), ("flops", 11), ("s", 9), ("MB", 9)]
        found = [f"{'kept':>13} {'way':16}" + "".join(f"{name:>{width}}" for name, width in heads)]
        for density, way in dict.fromkeys((fit.density, fit.way) for fit in self.fits):
            some = self.of(way, density)
            static = {fit.seed: fit.score for fit in self.of("static", density)}
            pairs = [fit.score - static[fit.seed] for fit in some if fit.seed in static]
            beside = "" if way == "static" or not pairs else spread(pairs, signed=True)
            connections = np.mean([sum(fit.nonzeros) for fit in some])
            numbers = [np.mean([getattr(fit, name) for fit in some]) for name in ("flops", "seconds", "megabytes")]
            found.append(
                f"{density:>11.1%} {way:16}".replace("%", " %")
                + f"{spread([fit.score for fit in some]):>18}{beside:>22}{connections:>13,.0f}"
                + f"{numbers[0]:>11.2e}{numbers[1]:>9.1f}{numbers[2]:>9.1f}"
            )
        return found

    def __str__(self) -> str:
        return "\n".join(self.lines())


def spread(values: Sequence[float], signed: bool = False) -> str:
    """The mean, and half of its 95 % interval by Student's t."""
    mean, n = float(np.mean(values)), len(values)
    half = float(stats.t.ppf(0.975, n - 1) * np.std(values, ddof=1) / math.sqrt(n)) if n > 1 else float("nan")
    return f"{mean:{'+' if signed else ''}.4f} ± {half:.4f}"


def compare(
    ways: Mapping[str, Evolution],
    data: tuple[Any, Any, Any, Any],
    hidden_layer_sizes: Sequence[int] = (100,),
    *,
    density: Sequence[float] = (0.1,),
    seeds: int = 5,
    budget: str = "epochs",
    path: str | os.PathLike[str] | None = None,
    **parameters: Any,
) -> Comparison:
    """Train sparse networks in several ways, and static and dense ones beside them, and judge the last epoch of each.

    For one seed all begin with the same connections and weights, and see the same batches.

    Parameters
    ----------
    ways : mapping of name to Evolution
    data : (X, y, X_test, y_test)
        Where y holds numbers with a decimal point (of a float type), they are regressed; else they are classes.
    hidden_layer_sizes : sequence of int
    density : sequence of float
    seeds : int
        How many networks of each kind.
    budget : {'epochs', 'flops', 'seconds'}
        What is the same for all: for 'flops' and 'seconds' what the static sparse network takes for `max_iter` epochs.
    path : path, optional
        A JSON line is added there for every network; those that stand there already are not trained again.
    **parameters
        Of MLPClassifier or MLPRegressor: max_iter, batch_size, solver and so on.

    Raises
    ------
    OptionError
        If a way has a name that is taken or is no Evolution, or a number is out of its range.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> import glasshouse as gh
    >>> X, y = load_digits(return_X_y=True)
    >>> data = X[:1200] / 16, y[:1200], X[1200:] / 16, y[1200:]
    >>> found = gh.compare({"SET": gh.Evolution()}, data, (30,), density=[0.2], seeds=1, max_iter=3)
    >>> [(fit.way, sum(fit.nonzeros)) for fit in found.fits]
    [('static', 444), ('dense', 2220), ('SET', 444)]
    """
    choose("budget", budget, BUDGETS)
    expect_number("seeds", seeds, lambda s: s >= 1, "of at least 1", whole=True)
    for name, way in ways.items():
        if name in ALWAYS or not isinstance(way, Evolution):
            raise OptionError(f"ways holds {name!r}: {way!r}: give an Evolution, under another name than {ALWAYS}")
    found: list[Fit] = []
    log = _Log(None if path is None else checked_place(path))
    plan: dict[str, Evolution | None] = {"static": None, "dense": None, **ways}  # the static one sets the budget
    for share in density:
        for seed in range(seeds):
            job = _Job(data, tuple(hidden_layer_sizes), share, seed, parameters)
            for name, planned in plan.items():
                static = None if name == "static" or budget == "epochs" else _static(found, job)
                found.append(log.fit(job, name, planned, budget, static))
    return Comparison(found)


def _static(found: Sequence[Fit], job: _Job) -> Fit:
    return next(fit for fit in found if (fit.way, fit.density, fit.seed) == ("static", job.density, job.seed))


@dataclass(frozen=True, eq=False)
class _Job:
    """What all fits of one density and seed share."""

    data: tuple[Any, Any, Any, Any]
    hidden: tuple[int, ...]
    density: float
    seed: int
    parameters: Mapping[str, Any]

    def fit(self, name: str, way: Evolution | None, budget: str, static: Fit | None) -> Fit:
        if static is None:
            return self.trained(name, way, self.parameters.get("max_iter", 200))
        probe = self.trained(name, way, 2)  # what two epochs take tells how many the budget holds
        spent, allowed = (getattr(fit, budget) for fit in (probe, static))
        return self.trained(name, way, max(1, int(allowed / (spent / probe.epochs))))

    def trained(self, name: str, way: Evolution | None, epochs: int) -> Fit:
        X, y, X_test, y_test = self.data
        kind: Any = MLPRegressor if np.asarray(y).dtype.kind == "f" else MLPClassifier
        density = Density(1.0) if name == "dense" else Density(self.density, way.allocation if way else "erdos_renyi")
        settings = {"early_stopping": False, "watch_health": False, "n_iter_no_change": 1 << 30, **self.parameters}
        settings |= {"random_state": self.seed, "max_iter": epochs}
        model, counter = kind(self.hidden, **settings, density=density, evolution=way), Flops()
        started = time.perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # a run of so many epochs is not meant to settle
            model.fit(X, y, watchers=[counter])
        seconds = time.perf_counter() - started
        network, recipe = model.network_, model.recipe_
        return Fit(
            name,
            self.density,
            self.seed,
            float(model.score(X_test, y_test)),
            tuple(math.prod(layer.weight_shape) for layer in network.layers),
            model.n_iter_,
            counter.done(),
            seconds,
            held(network, recipe.batch_size, len(recipe.optimizer.moments)) / 1e6,
        )


def held(network: Network, batch_size: int, moments: int) -> int:
    """Bytes a training holds: parameters, gradient and moments, patterns in both orders, columns and their deltas."""
    parts = footprint(network, batch_size)
    return parts.parameters * (2 + moments) + 2 * parts.indices + 2 * parts.workspace


class _Log:
    """Fits in a file of JSON lines: those that stand there are not trained again."""

    def __init__(self, path: Path | None):
        self.path, self.done = path, dict[str, Fit]()
        if path is not None and path.exists():
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
                try:
                    document = json.loads(line)
                    key = document.pop("key")
                    self.done[key] = restored(Fit, document)
                except (ValueError, TypeError, KeyError, AttributeError) as error:
                    raise OptionError(f"{path} holds no fit in line {number}: name another file, or mend it") from error

    def fit(self, job: _Job, name: str, way: Evolution | None, budget: str, static: Fit | None) -> Fit:
        key = self._key(job, name, way, budget)
        if key not in self.done:
            self.done[key] = job.fit(name, way, budget, static)
            if self.path is not None:
                with self.path.open("a", encoding="utf-8") as file:
                    file.write(json.dumps({"key": key, **asdict(self.done[key])}) + "\n")
        return self.done[key]

    def _key(self, job: _Job, name: str, way: Evolution | None, budget: str) -> str:
        """All that a fit depends on: the rows by their hash, a rule of one's own by what it does."""
        rows = hashlib.sha256(b"".join(np.ascontiguousarray(part).tobytes() for part in map(np.asarray, job.data)))
        parameters = {k: known_by(v) if callable(v) else repr(v) for k, v in sorted(job.parameters.items())}
        settings = None if way is None else way.to_dict()
        return json.dumps(
            [name, settings, job.density, job.seed, budget, job.hidden, parameters, rows.hexdigest()[:16]]
        )
