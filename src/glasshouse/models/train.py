"""From a table to a model: read, encode, split, train, judge on rows that chose nothing, and compare."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import OptionError, TableError, choose
from ..estimators.targets import Classes, Target
from ..health.doctor import Doctor
from ..network.density import Density
from ..storage import checked_place
from ..tables.columns import numbers
from ..tables.corrections import Corrections
from ..tables.encoded import Encoded
from ..tables.encoder import TableEncoding
from ..tables.reading import Reading, Table, as_table
from ..tables.splitting import Split
from ..training.batches import Data
from ..training.checkpoints import begin
from ..training.loop import Validation, fit
from ..training.optimizers import LBFGS, OPTIMIZERS
from ..training.recipe import Recipe
from ..training.schedules import Constant, Cosine
from ..training.state import State
from ..training.watchers import Watcher, announce, announce_understood
from .baselines import Baseline
from .baselines import baselines as train_baselines
from .choice import monitor_of, score_by
from .command import command
from .content import single_precision
from .labels import Labels, columns_of, labels_for, targets_of, task_of, written_columns_of
from .leaks import leaks
from .model import Model, Source
from .origin import Origin, parted, rows_hash
from .refit import refitted
from .run import Run
from .scores import difference, scores

__all__ = ["default_recipe", "place_for", "train"]

FEWEST_ROWS = 10


def default_recipe(targets: Target, n_rows: int, seed: int) -> Recipe:
    """Return the recipe `train` uses; docs/performance.md holds the measurements that chose it."""
    return Recipe(
        output=targets.output,
        loss=targets.loss,
        loss_scale=targets.loss_scale,
        hidden_layer_sizes=(128, 128),
        learning_rate=0.005,
        schedule=Cosine(),
        batch_size=128 if n_rows >= 5000 else 64,
        max_epochs=60,
        l2=2e-4,
        monitor="validation_loss",
        tol=0.0,
        patience=20,
        seed=seed,
    )


def train(
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
    out: str | os.PathLike[str] | None = None,
    seed: int = 0,
    hidden: Sequence[int] | None = None,
    activation: str | None = None,
    initializer: str | None = None,
    optimizer: str | None = None,
    density: float | None = None,
    learning_rate: float | None = None,
    epochs: int | None = None,
    clip_norm: float | None = None,
    metric: str | None = None,
    refit: bool = False,
    baselines: bool = True,
    checkpoint: str | os.PathLike[str] | None = None,
    resume: bool = False,
    watchers: Sequence[Watcher] = (),
) -> Model:
    """Train a network on a table and judge it on rows that chose nothing.

    Rows are dealt 64 : 16 : 20 to training, validation and test, each class in these shares; with `test`, 80 : 20 to
    training and validation. Validation chooses the epoch; every score is of test rows.

    Parameters
    ----------
    table : path, 'example:NAME', Table, or pandas or polars frame
    target : str
        The column to predict: its name, its number from 1, or 'last'.
    test : path, Table or frame, optional
        Rows to judge by, instead of a fifth of the table.
    kinds : mapping of column to kind, optional
        number, category, boolean or date, in place of what the rules decide.
    drop : sequence of columns
        Columns to leave out.
    missing : sequence of str
        Cells that mean missing, in every column, or in one: ``'-1@age'``.
    weights : str, optional
        The column that says how much each row counts in training and validation.
    group : str, optional
        The column whose rows of one value stay on one side of the split; it is not learned from.
    order : str, optional
        The column of dates or numbers that says which rows are the latest: those are the test.
    reading : Reading, optional
        What is known of the file: delimiter, header, encoding, decimal mark, names.
    out : path, optional
        Where the model goes: beside the table as TABLE.glass if None; nowhere if ''.
    seed : int
        Seeds split, weights and order.
    hidden : sequence of int, optional
        Units of each hidden layer: (128, 128) if None; () for none.
    activation, initializer : str, optional
        Of the hidden layers: relu if None; of the weights: what the activation wants.
    optimizer : str, optional
        adam if None; adamw, sgd, rmsprop, or lbfgs, which takes all rows at once.
    density : float, optional
        The share of the connections that exist from the start: 1 if None.
    learning_rate, epochs, clip_norm : float, int, float, optional
        0.005, falling along a cosine; at most 60; the gradient is not clipped if None.
    metric : str, optional
        The score of the validation rows that chooses the epoch: log_loss (the default), accuracy or roc_auc of
        classes; rmse (the default), r2 or mae of numbers.
    refit : bool
        Train the network that is kept on all rows of the table once the scores are known. They are those of the network
        that had not seen the test rows.
    baselines : bool
        Whether to train plain predictors on the same rows, for comparison.
    checkpoint : path, optional
        The whole state of the training is written there after every epoch.
    resume : bool
        Go on from the checkpoint, to the same model as without the stop; begin if there is none yet.

    Raises
    ------
    TableError
        If a table cannot be read or learned from.
    TrainingDiverged
        If the loss stops being finite.

    Examples
    --------
    >>> import glasshouse as gh
    >>> model = gh.train("example:wine", target="target", out="", baselines=False)
    >>> model.scores["test"]["accuracy"] > 0.9
    True
    """
    asked = dict(locals())
    announce(watchers, "reading")
    path = place_for(table, test, out)
    corrections = Corrections(kinds or {}, drop, missing)
    whole = corrections.mark(as_table(table, reading))
    target = whole.resolve(target)
    counts = None if weights is None else whole.resolve(weights)
    by_group, by_order = (None if name is None else whole.resolve(name) for name in (group, order))
    apart = tuple(name for name in (target, counts, by_group) if name is not None)
    task = task_of(target, whole.columns[target])
    labels = labels_for(target, whole.columns[target], task)
    origin = Origin(_file_of(table), rows_hash(whole), seed, by_group, by_order, test is None)
    present, parts = _dealt(whole, labels, task, origin)
    rows, y = _with_target(whole, labels, present)
    columns = corrections.describe(whole, apart)
    weight = None if counts is None else _weights(rows, counts)
    targets = _targets(labels, present[parts.train], target)
    encoder = TableEncoding.fit(rows.take(parts.train), apart, columns, corrections.marks)
    encoded = encoder.encode(rows)
    judged = rows.take(parts.test) if test is None else as_table(test, reading, of_another=True)
    # Before training: a table that does not fit must not cost a run.
    test_rows = encoded.take(parts.test) if test is None else encoder.encode(judged)
    leaking = leaks(rows, encoded, y, task, parts, seed)

    recipe = replace(
        default_recipe(targets, len(parts.train), seed),
        monitor=monitor_of(metric, targets),
        **_asked(hidden, activation, initializer, optimizer, density, learning_rate, epochs, clip_norm),
    )
    announce_understood(watchers, encoder, targets)

    announce(watchers, "training")
    started = time.perf_counter()
    trained, held_out = (
        Data(
            encoded.take(part).compact(),
            taught(targets, y[part], recipe.dtype),
            None if weight is None else weight[part],
        )
        for part, taught in ((parts.train, written_columns_of), (parts.validation, columns_of))
    )
    state, keepers = begin(
        State.begun(recipe.initialized(encoded.n_features, targets.n_outputs), recipe),
        (trained, held_out),
        recipe,
        checkpoint,
        resume,
    )
    doctor = Doctor()
    fit(state, trained, recipe, Validation(held_out, score_by(recipe.monitor, targets)), [*watchers, doctor, *keepers])
    health = doctor.diagnose(state, trained, recipe, encoder.feature_names)
    seconds = time.perf_counter() - started
    model = Model(
        encoder,
        targets.finished(state.chosen()),
        targets,
        target,
        recipe,
        {},
        origin,
        history=single_precision(state.history),
        made_by=(command(train, **asked),),
        by_hand=(*state.by_hand, *([f"stopped in epoch {state.epoch + 1}"] if state.interrupted else [])),
    )

    announce(watchers, "judging")
    test_labels = model.labels_in(judged)
    judgement = model.judge(test_labels, test_rows)
    validated = scores(targets, model.outputs_of(encoded.take(parts.validation)), y[parts.validation])
    found = {
        "validation": {**validated, "rows": len(parts.validation)},
        "test": {**judgement.scores, "rows": judgement.rows, "source": "held out" if test is None else judged.name},
    }
    model = replace(model, scores=found, intervals=judgement.intervals)
    plain: list[Baseline] = []
    if baselines:
        seen = encoded.take(parts.train), y[parts.train]
        plain = train_baselines(targets, seen, _with_label(test_rows, test_labels), seed, watchers)
    if refit and not state.interrupted:
        announce(watchers, "training on all rows")
        model = refitted(model, rows, y, weight, columns, state.best.epoch if state.best else state.epoch, watchers)
    if path is not None:
        model.save(path)
    run = Run(
        table=whole,
        columns=columns,
        split=parts,
        without_target=int(labels.missing.sum()),
        leaks=leaking,
        health=health,
        test_labels=test_labels,
        surprises=judgement.surprises,
        epochs=state.epoch,
        best_epoch=state.best.epoch if state.best else state.epoch,
        interrupted=state.interrupted or (refit and not model.origin.refit),
        seconds=seconds,
        baselines=plain,
        differences=[(baseline, difference(judgement.each, baseline.rows)) for baseline in plain],
        path=path,
    )
    return replace(model, run=run)


def _asked(
    hidden: Sequence[int] | None,
    activation: str | None,
    initializer: str | None,
    optimizer: str | None,
    density: float | None,
    learning_rate: float | None,
    epochs: int | None,
    clip_norm: float | None,
) -> dict[str, Any]:
    """What was asked for, by the recipe's names."""
    if optimizer == LBFGS.name and learning_rate is not None:
        raise OptionError(
            f"learning_rate is {learning_rate!r}: lbfgs finds the length of its steps by itself, leave it out"
        )
    asked = {
        "hidden_layer_sizes": None if hidden is None else tuple(hidden),
        "activation": None if activation is None else (activation,),
        "initializer": initializer,
        "optimizer": None if optimizer is None else OPTIMIZERS[choose("optimizer", optimizer, OPTIMIZERS)](),
        # It compares losses to their last digits, and finds the length of a step by itself.
        **({"dtype": "float64", "schedule": Constant()} if optimizer == LBFGS.name else {}),
        "density": None if density is None else Density(density),
        "learning_rate": learning_rate,
        "max_epochs": epochs,
        "clip_norm": clip_norm,
    }
    return {name: value for name, value in asked.items() if value is not None}


def _dealt(table: Table, labels: Labels, task: str, origin: Origin) -> tuple[npt.NDArray[np.int64], Split]:
    """The rows with a target, and their split, if there are enough of them for one."""
    n_rows = int((~labels.missing).sum())
    if n_rows < FEWEST_ROWS:
        raise TableError(
            f"{table.name} has {n_rows} rows with a target: at least {FEWEST_ROWS} are needed to split them"
        )
    present, parts = parted(table, labels, task, origin)
    if not (len(parts.validation) and (len(parts.test) or not origin.with_test)):
        classes = len(np.unique(labels.y[present]))
        raise TableError(
            f"{table.name} has {n_rows} rows of {classes} classes: too few to train, choose and judge; add rows"
        )
    return present, parts


def _with_target(table: Table, labels: Labels, present: npt.NDArray[np.int64]) -> tuple[Table, npt.NDArray[Any]]:
    """The rows that have a target, and their targets; where that is all of them, without a copy of a large table."""
    return (table, labels.y) if len(present) == table.n_rows else (table.take(present), labels.y[present])


def _targets(labels: Labels, train: npt.NDArray[np.int64], target: str) -> Target:
    """Classes of all rows, since the split shares them out; the scale of the training rows' numbers."""
    targets = targets_of(labels, train)
    if isinstance(targets, Classes) and len(np.unique(labels.y[train])) < 2:
        raise TableError(f"the target {target!r} has one class only among the training rows: add rows of the others")
    return targets


def _file_of(table: Source) -> str:
    """The name of the file a table comes from, '' if it comes from none."""
    return Path(os.fspath(table)).name if isinstance(table, str | os.PathLike) else ""


def _with_label(rows: Encoded, labels: Labels) -> tuple[Encoded, npt.NDArray[Any]]:
    """The rows that have a target, and their targets."""
    present = np.flatnonzero(~labels.missing)
    return rows.take(present), labels.y[present]


def _weights(rows: Table, column: str) -> npt.NDArray[np.float64]:
    """How much each row counts."""
    weight = rows.columns[column].each(lambda words: numbers(column, words))
    bad = np.isnan(weight) | (weight < 0)
    if bad.any():
        row = int(bad.argmax())
        raise TableError(
            f"the weights in {column!r} hold {rows.columns[column][row]!r} in row {row + 1}: "
            "a weight is a number of at least 0"
        )
    return weight


def place_for(table: Source, test: Source | None, out: str | os.PathLike[str] | None) -> Path | None:
    """Where the model goes; found out, and found writable, before any work is done."""
    if out is not None and not os.fspath(out):
        return None
    if out is not None:
        path = Path(out)
    elif not isinstance(table, str | os.PathLike):
        return None
    else:
        source = Path(os.fspath(table).removeprefix("example:"))
        stem = source.name.removesuffix(".gz")
        path = source.parent / f"{stem.rsplit('.', 1)[0]}.glass"
    return checked_place(path, table, test)
