"""`sweep`: many recipes on one table, the hopeless ones stopped early; the best is trained again and saved."""

from __future__ import annotations

import contextlib
import functools
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .. import __version__
from ..distributed.leading import led_by_rank_0
from ..distributed.world import ranks_here, world
from ..errors import OptionError, TrainingDiverged, expect_number
from ..estimators.targets import Classes
from ..models.choice import METRICS, metric_of
from ..models.model import Model, Source
from ..models.origin import rows_hash
from ..models.prepared import Asked, Prepared, prepared
from ..models.pruning import prune
from ..models.room import LEAST, SHARE, free, needed, outgrows
from ..models.scores import Difference, difference
from ..models.train import place_for as model_place
from ..models.train import train
from ..storage import checked_place
from ..tables.reading import Reading, as_table
from ..training.recipe import Recipe
from ..training.watchers import Watcher, announce
from .board import Sweep, Trial, ranked
from .draws import Settings, combinations, drawn
from .folder import Folder
from .halving import Halving, Task
from .outcome import Outcome, value_of
from .places import Place, Ranks, place_for
from .rows import Hashes, Plan, expect_hash, held, recipe_of
from .space import OF_PRUNING, Space, space_of
from .trial import trained_to

__all__ = ["sweep"]


def sweep(
    table: Source,
    *,
    target: str,
    test: Source | None = None,
    kinds: Mapping[str, str] | None = None,
    drop: Sequence[str] = (),
    missing: Sequence[str] = (),
    weights: str | None = None,
    group: str | None = None,
    order: str | None = None,
    reading: Reading | None = None,
    space: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    trials: int = 27,
    metric: str | None = None,
    workers: int | None = None,
    joblib: str | None = None,
    out: str | os.PathLike[str] | None = None,
    resume: bool = False,
    seed: int = 0,
    watchers: Sequence[Watcher] = (),
) -> Sweep:
    """Try many recipes on a table, stop the hopeless ones early, and keep the best.

    Trial 0 is the default recipe and is always trained to its end; the others are drawn from the space. Of the trials
    that stand at a ninth, and then at a third, of their epochs, the best third goes on. Validation rows choose, and the
    best is then trained again by `train` (and cut by `prune`), to be judged on the test rows beside the default.

    Parameters
    ----------
    table, target, test, kinds, drop, missing, weights, group, order, reading
        As of `train`.
    space : path or dict, optional
        TOML: options of `train` and `prune`, each with a list of choices or a range; see docs/sweeps.md.
    trials : int
        How many recipes. More of them only add: those that fewer had are among them.
    metric : str, optional
        The score of the validation rows that chooses, epochs and recipes: see `train`.
    workers : int, optional
        How many trials run at once: as many as there are processors.
    joblib : str, optional
        Run them on this backend of joblib; else on the one set with ``joblib.parallel_config``, else in threads. Under
        mpirun they run on its ranks.
    out : path, optional
        A folder for the trials; the model goes beside it, under its name. Beside the table as TABLE.sweep if None;
        nowhere if ''.
    resume : bool
        Go on with the trials of the folder; begin if there is none yet.
    seed : int
        Seeds the draws, and the split, the weights and the order of every trial.

    Raises
    ------
    OptionError
        If the space or an option is not as it must be, or the folder is of another sweep.
    TableError
        If a table cannot be read or learned from, or changes while the sweep runs.
    GlasshouseError
        If the folder cannot be written; what was written before still stands.

    Examples
    --------
    >>> import glasshouse as gh
    >>> space = {"hidden": [[8], [16, 16]], "learning_rate": {"low": 0.002, "high": 0.02, "log": True}}
    >>> found = gh.sweep("example:iris", target="target", space=space, trials=4, out="")
    >>> len(found.trials), found.best.ended
    (4, 'finished')
    >>> found.model.network.n_features
    4
    """
    expect_number("trials", trials, lambda n: n >= 1, "of at least 1", whole=True)
    asked = Asked(target, kinds, drop, missing, weights, group, order, reading, seed)
    call = _Call(table, asked, test, space_of(space), trials, metric, out, resume, watchers)
    together = world()
    if together.size == 1:
        return call.led(place_for(workers, joblib))
    for name, given in (("workers", workers), ("joblib", joblib)):
        if given is not None:
            raise OptionError(f"{name} is {given!r}: under mpirun every rank is a worker, leave it out")
    return led_by_rank_0(together, lambda ranks: without_runs(call.led(Ranks(ranks, together.size, ranks_here()))))


@dataclass(frozen=True)
class _Call:
    """What was asked for."""

    table: Source
    asked: Asked
    test: Source | None
    space: Space
    trials: int
    metric: str | None
    out: str | os.PathLike[str] | None
    resume: bool
    watchers: Sequence[Watcher]

    def led(self, place: Place) -> Sweep:
        """The whole sweep, with its trials trained at a place."""
        started = time.perf_counter()
        if place.elsewhere:
            self._expect_paths()
        self._expect_room(place)
        path, kept = self._places()
        announce(self.watchers, "reading")
        found = prepared(self.table, self.asked, self.test)
        recipe, hashes = functools.partial(recipe_of, found, self.asked.seed, self.metric), Hashes.of(found)
        settings = drawn(self.space, self.asked.seed, self.trials, recipe)
        for each in settings:  # what does not fit is said before anything is trained
            recipe(each).initialized(found.whole.rows.n_features, found.targets.n_outputs)
        metric = _metric(found, recipe({}))
        with _folder(kept) as where:
            folder = Folder(where, self._asked_of(found, hashes, metric), settings, self.resume)
            try:
                self._train(found, hashes, folder, place)
                best = ranked(list(folder.outcomes.values()), settings, metric)
                models = self._models(best, folder)
                self._expect_same_rows(models, hashes)
            except KeyboardInterrupt as error:
                raise KeyboardInterrupt(_interrupted(folder, kept)) from error
        model, default = models
        if path is not None:
            model.save(path)
        return Sweep(
            best,
            metric,
            model,
            default,
            _difference(found, model, default),
            self.trials,
            len(settings) < self.trials and combinations(self.space) is not None,
            self.space.document(),
            time.perf_counter() - started,
            path,
            kept,
        )

    def _expect_paths(self) -> None:
        for name, source in (("table", self.table), ("test", self.test)):
            if source is not None and not isinstance(source, str | os.PathLike):
                raise OptionError(
                    f"{name} is a {type(source).__name__}: trials in other processes read it themselves, name its file"
                )

    def _expect_room(self, place: Place) -> None:
        wanted = place.copies * (_needed(self.table) + _needed(self.test))
        if wanted > free() * SHARE:
            where = f"the memory of {place.copies} processes" if place.copies > 1 else "memory"
            raise OptionError(
                f"{self.table} takes about {wanted / 1e9:.1f} GB in {where}, more than half of what is free: sweep "
                "some of its rows, then train the best recipe on all of them"
            )

    def _expect_same_rows(self, models: Sequence[Model | None], hashes: Hashes) -> None:
        """The last models were trained and judged on rows that were read anew."""
        for model in models:
            if model is not None:
                expect_hash(self.table, model.origin.rows, hashes.table)
        if self.test is not None:
            expect_hash(self.test, rows_hash(as_table(self.test, self.asked.reading, of_another=True)), hashes.test)

    def _places(self) -> tuple[Path | None, Path | None]:
        """Where the model goes, and the folder."""
        model, folder = self._named()
        if self.resume and folder is None:
            raise OptionError("resume needs the folder to go on from: name it with out")
        return model, folder

    def _named(self) -> tuple[Path | None, Path | None]:
        if self.out is None:
            model = model_place(self.table, self.test, None)
            return model, None if model is None else model.with_name(f"{model.stem}.sweep")
        if not os.fspath(self.out):
            return None, None
        folder = Path(self.out)
        if folder.name in ("", "..") or (folder.exists() and not folder.is_dir()):
            raise OptionError(f"out is {os.fspath(self.out)!r}: name a folder that is to be made")
        name = f"{folder.name.removesuffix('.sweep')}.glass"
        return checked_place(folder.with_name(name), self.table, self.test), folder

    def _asked_of(self, found: Prepared, hashes: Hashes, metric: str) -> dict[str, Any]:
        """All that an outcome depends on beside its settings, by the words it is asked for with."""
        asked = {name: value for name, value in self.asked._asdict().items() if name != "reading"}
        return {
            "version": __version__,
            **hashes._asdict(),
            **{name: list(value) if name in ("drop", "missing") else value for name, value in asked.items()},
            "target": found.target,
            "kinds": dict(self.asked.kinds or {}),
            "metric": metric,
            "space": self.space.document(),
        }

    def _train(self, found: Prepared, hashes: Hashes, folder: Folder, place: Place) -> None:
        """Every trial, as far as it deserves."""
        halving = Halving(len(folder.settings))
        for outcome in folder.outcomes.values():
            halving.tell(outcome.task, value_of(outcome, folder.metric))
        where = folder.path.absolute()
        table, test = _absolute(self.table), _absolute(self.test)
        plan = Plan(table, self.asked, test, self.metric, where, hashes, place.threads)

        def job(task: Task) -> Callable[[], Outcome]:
            return functools.partial(trained_to, plan, task, folder.settings[task.trial])

        with held(plan, found) as rows:
            announce(self.watchers, f"{len(folder.settings)} trials")
            with contextlib.closing(place.outcomes(halving, job, rows.stopping.set)) as outcomes:
                for outcome in outcomes:
                    folder.add(outcome)
                    halving.tell(outcome.task, value_of(outcome, folder.metric))
                    announce(self.watchers, _progress(folder))

    def _models(self, trials: list[Trial], folder: Folder) -> tuple[Model, Model | None]:
        """The best recipe and the default one, trained from the beginning by `train`."""
        if trials[0].ended != "finished":
            said = next(outcome.message for outcome in folder.outcomes.values() if outcome.score is None)
            raise OptionError(f"every trial that went on diverged, the default recipe too: {said}")
        model = self._model(trials[0].settings)
        if not trials[0].settings:
            return model, model
        try:
            return model, self._model({})
        except TrainingDiverged:
            return model, None

    def _model(self, settings: Settings) -> Model:
        chosen = {name: value for name, value in settings.items() if name not in OF_PRUNING}
        asked = {**self.asked._asdict(), "metric": self.metric, "test": self.test, **chosen}
        if outgrows(self.table, None, ranks_here()):  # with the trials' rows there too; in memory all the same
            asked["memory"] = max(needed(Path(self.table)), LEAST)
        model = train(self.table, **asked, out="", baselines=False, watchers=self.watchers)
        if model.run is not None and model.run.interrupted:
            raise KeyboardInterrupt
        if "keep" not in settings:
            return model
        return prune(
            model,
            self.table,
            density=settings["keep"],
            criterion=settings.get("criterion", "magnitude"),
            metric=None if self.metric == METRICS[model.task][0] else self.metric,
            reading=self.asked.reading,
            out="",
            watchers=self.watchers,
        ).model


def _metric(found: Prepared, recipe: Recipe) -> str:
    """What chooses, by its name."""
    return metric_of(recipe.monitor, "classification" if isinstance(found.targets, Classes) else "regression")


def _needed(source: Source | None) -> int:
    """Bytes of memory that reading a file takes; none of what is there already, comes with us or is not to be found."""
    if not isinstance(source, str | os.PathLike) or not Path(source).exists():
        return 0
    return needed(Path(source))


def without_runs(found: Sweep) -> Sweep:
    """As it is handed to other ranks: without the table that the run of a model holds."""
    default = None if found.default is None else replace(found.default, run=None)
    return replace(found, model=replace(found.model, run=None), default=default)


def _absolute(source: Source | None) -> Source | None:
    """A path that another process finds, wherever it was started."""
    if not isinstance(source, str | os.PathLike) or os.fspath(source).startswith("example:"):
        return source
    return os.path.abspath(os.fspath(source))


@contextlib.contextmanager
def _folder(kept: Path | None) -> Iterator[Path]:
    """The folder that was named, or one for as long as it takes."""
    if kept is not None:
        yield kept
        return
    with tempfile.TemporaryDirectory(prefix="glasshouse-") as name:
        yield Path(name) / "sweep"


def _progress(folder: Folder) -> str:
    begun = {task.trial for task in folder.outcomes}
    ended = sum(outcome.last for outcome in folder.outcomes.values())
    return f"{len(begun)} of {len(folder.settings)} trials begun, {ended} to the end"


def _interrupted(folder: Folder, kept: Path | None) -> str:
    if kept is None:
        return "interrupted: nothing was written, since no folder was named with out"
    return f"interrupted: what is finished stands in {kept}: go on with the same words and --resume"


def _difference(found: Prepared, model: Model, default: Model | None) -> Difference | None:
    """The best less the default on the test rows; None where they are one, or there is no default."""
    if default is None or default is model:
        return None
    one, other = (
        each.judge(each.labels_in(found.judged), each.encoder.encode(found.judged)).each for each in (model, default)
    )
    return difference(one, other)
