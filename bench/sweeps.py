"""What `sweep` finds and what it costs: ``python -m bench.sweeps FOLDER [PART ...]``.

Parts: ``found`` (the best beside the default, on validation and on test rows), ``halving`` (against training every
trial to its end), ``places`` (threads against processes), ``overhead`` (of a rung beyond its fit), ``kills`` (a sweep
killed again and again). FOLDER holds the tables named below; those that are not there are left out.
"""

from __future__ import annotations

import json
import math
import multiprocessing
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import glasshouse as gh
from glasshouse.kernels import team_size
from glasshouse.models.choice import score_by
from glasshouse.models.prepared import Asked, prepared
from glasshouse.models.recipes import recipe_for
from glasshouse.sweeping import trial as trial_module
from glasshouse.sweeping.draws import drawn
from glasshouse.sweeping.halving import RUNGS, Task
from glasshouse.sweeping.outcome import LOWER
from glasshouse.sweeping.rows import Hashes, Plan, held, recipe_of
from glasshouse.sweeping.space import space_of
from glasshouse.sweeping.trial import trained_to
from glasshouse.training.batches import Rows
from glasshouse.training.loop import Validation, fit
from glasshouse.training.recipe import Recipe
from glasshouse.training.state import State

TABLES = [  # table, target, test table, the score that is shown beside the one that chose, how many seeds
    ("titanic.csv.gz", "Survived", None, "accuracy", 3),
    ("german_credit.csv.gz", "last", None, "accuracy", 3),
    ("california_housing.csv.gz", "median_house_value", None, "r2", 3),
    ("adult_train.csv.gz", "last", "adult_test.csv.gz", "accuracy", 1),
]
TRIALS, ROUNDS, PLACES, KILLS = 27, 3, 80, 20
FORKED = multiprocessing.get_context("fork").Process
# What is timed: a table whose trials take tenths of a second, and one whose trials take seconds; table, target, trials.
TIMED = [("titanic.csv.gz", "Survived", 27), ("california_housing.csv.gz", "median_house_value", 9)]


def found(folder: Path) -> None:
    """The best and the default, by the score that chose and by one that people read."""
    print("| table | seed | best | score | validation, default | best | test, default | best | row by row | s |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for name, target, test, also, seeds in TABLES:
        for seed in range(seeds) if (folder / name).exists() else ():
            asked = {"test": None if test is None else folder / test, "trials": TRIALS, "seed": seed, "out": ""}
            sweep = gh.sweep(folder / name, target=target, **asked)
            word = "the same model" if sweep.difference is None else verdict(sweep)
            for score in (sweep.metric, also):
                cells = [cell(model, part, score) for part in ("validation", "test") for model in pair(sweep)]
                head = f"| {name.split('.')[0]} | {seed} | trial {sweep.best.number} | {score} "
                print(f"{head}| {' | '.join(cells)} | {word} | {sweep.seconds:.0f} |", flush=True)


def pair(sweep: gh.Sweep) -> tuple[gh.Model, gh.Model]:
    assert sweep.default is not None
    return sweep.default, sweep.model


def cell(model: gh.Model, part: str, score: str) -> str:
    value, form = model.scores[part][score], ",.0f" if score == "rmse" else ".4f"
    if part == "validation":
        return f"{value:{form}}"
    low, high = model.intervals[score]
    return f"{value:{form}} ± {(high - low) / 2:{form}}"


def verdict(sweep: gh.Sweep) -> str:
    assert sweep.difference is not None
    return {1: "better", 0: "could be chance", -1: "worse"}[sweep.difference.verdict]


def halving(folder: Path) -> None:
    """The same trials, stopped early and all to their end: what is found, for how many epochs and seconds."""
    print("| table | stopped early: best | epochs | s | to the end: best | epochs | s | rank of the first among them |")
    print("|---|---|---|---|---|---|---|---|")
    for name, target, *_ in TABLES[:3]:
        if not (folder / name).exists():
            continue
        searches: list[float] = []
        with clocked(sys.modules[gh.sweep.__module__]._Call, "_train", searches):
            sweep = gh.sweep(folder / name, target=target, trials=TRIALS, workers=1, out="")
        rows = prepared(str(folder / name), Asked(target))
        settings = drawn(space_of(None), 0, TRIALS, partial(recipe_of, rows, 0, None))
        with tempfile.TemporaryDirectory() as where:
            plan = Plan(str(folder / name), Asked(target), None, None, Path(where), Hashes.of(rows), team_size())
            with held(plan, rows):
                begun = time.perf_counter()
                ends = [trained_to(plan, Task(k, RUNGS - 1), each) for k, each in enumerate(settings)]
                whole = time.perf_counter() - begun
        sign = 1 if sweep.metric in LOWER else -1
        ranks = sorted(ends, key=lambda end: math.inf if end.score is None else sign * end.score)  # the diverged last
        place = 1 + [end.trial for end in ranks].index(sweep.best.number)
        form = ",.0f" if sweep.metric == "rmse" else ".4f"
        print(
            f"| {name.split('.')[0]} | {sweep.best.score:{form}} | {sum(t.epochs for t in sweep.trials):,} | "
            f"{searches[0]:.1f} | {ranks[0].score:{form}} | {sum(end.epochs for end in ends):,} | {whole:.1f} | "
            f"{place} of {TRIALS} |",
            flush=True,
        )


def places(folder: Path) -> None:
    """Two trainings one after the other, in two threads and in two processes: seconds, the best of many rounds."""
    os.environ["GLASSHOUSE_NUM_THREADS"] = "1"
    print("| table | one after the other, s | two threads | two processes |\n|---|---|---|---|")
    for (name, target, _), epochs in zip(TIMED, (30, 3), strict=True):
        rows = prepared(str(folder / name), Asked(target))
        recipe = replace(recipe_for(rows.targets, rows.sizes.train, 0), patience=None, max_epochs=epochs)
        validation = Validation(rows.held_out(recipe.dtype), score_by(recipe.monitor, rows.targets))
        data = rows.trained(recipe.dtype)

        def train(data: Rows = data, recipe: Recipe = recipe, validation: Validation = validation) -> None:
            first = recipe.initialized(data.shown.X.shape[1], 1)
            fit(State.begun(first, recipe), data, recipe, validation)

        best: dict[str, float] = {}
        for _ in range(PLACES):
            for way, started_by in (("one", None), ("threads", threading.Thread), ("processes", FORKED)):
                started = time.perf_counter()
                if started_by is None:
                    train()
                    train()
                else:
                    workers = [started_by(target=train) for _ in range(2)]
                    for worker in workers:
                        worker.start()
                    for worker in workers:
                        worker.join()
                best[way] = min(best.get(way, float("inf")), time.perf_counter() - started)
        times = [f"{best[way]:.3f} ({best['one'] / best[way]:.2f}x)" for way in ("threads", "processes")]
        print(f"| {name.split('.')[0]} | {best['one']:.3f} | {' | '.join(times)} |", flush=True)


@contextmanager
def clocked(module: object, name: str, taken: list[float]) -> Iterator[None]:
    """The seconds of each call of a function."""
    real: Callable[..., object] = getattr(module, name)

    def timed(*args: object, **named: object) -> object:
        started = time.perf_counter()
        try:
            return real(*args, **named)
        finally:
            taken.append(time.perf_counter() - started)

    setattr(module, name, timed)
    try:
        yield
    finally:
        setattr(module, name, real)


def overhead(folder: Path) -> None:
    """Of one worker: what the search takes, less what its fits take, for each rung of a trial."""
    print("| table | rungs | search, s | fits, s | beyond, ms a rung |\n|---|---|---|---|---|")
    for name, target, trials in TIMED:
        for _ in range(ROUNDS):
            fits: list[float] = []
            searches: list[float] = []
            sweep_module = sys.modules[gh.sweep.__module__]
            with clocked(trial_module, "fit", fits), clocked(sweep_module._Call, "_train", searches):
                gh.sweep(folder / name, target=target, trials=trials, workers=1, out="")
            beyond = 1000 * (searches[0] - sum(fits)) / len(fits)
            print(
                f"| {name.split('.')[0]} | {len(fits)} | {searches[0]:.2f} | {sum(fits):.2f} | {beyond:.1f} |",
                flush=True,
            )


def kills(folder: Path) -> None:
    """A sweep of two workers killed at moments of chance, and taken up again each time, until it is done."""
    name, target, trials = TIMED[0]
    words = ["sweep", str(folder / name), "--target", target, "--trials", str(trials), "--workers", "2", "--resume"]
    where = Path(tempfile.mkdtemp())
    lost, done = [], 0
    while done < KILLS:
        out = where / f"{done}.sweep"
        child = subprocess.Popen(
            [sys.executable, "-m", "glasshouse", *words, "--out", str(out), "--json"], stdout=subprocess.DEVNULL
        )
        while not (out / "sweep.json").exists() and child.poll() is None:
            time.sleep(0.01)
        time.sleep(random.random() * 4)
        child.kill()
        child.wait()
        before = lines(out)
        again = subprocess.run(
            [sys.executable, "-m", "glasshouse", *words, "--out", str(out), "--json"], check=True, capture_output=True
        )
        after, best = lines(out), json.loads(again.stdout)["best"]
        assert after[: len(before)] == before
        assert len({(line["trial"], line["rung"]) for line in after}) == len(after)
        lost.append((len(before), len(after), best))
        shutil.rmtree(out)
        done += 1
    finished = {(after, best) for _, after, best in lost}
    print(f"{done} kills after {', '.join(str(before) for before, *_ in lost)} rungs: every one of them still stood,")
    print(f"none was trained twice, and every sweep ended with the same rungs and the same best: {len(finished) == 1}")


def lines(folder: Path) -> list[dict[str, object]]:
    path = folder / "trials.jsonl"
    text = path.read_text() if path.exists() else ""
    return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]


PARTS = {"found": found, "halving": halving, "places": places, "overhead": overhead, "kills": kills}

if __name__ == "__main__":
    for part in sys.argv[2:] or PARTS:
        print(f"\n## {part}\n", flush=True)
        PARTS[part](Path(sys.argv[1]))
