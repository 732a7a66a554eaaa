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

from .. import __version__
from ..distributed.agreement import agree
from ..distributed.communicator import Communicator
from ..distributed.endings import joint
from ..distributed.world import ranks_here, world
from ..errors import OptionError
from ..health.doctor import Doctor
from ..storage import checked_place
from ..tables.encoded import Encoded
from ..tables.reading import Reading
from ..training.checkpoints import begin
from ..training.loop import Validation, fit
from ..training.optimizers import LBFGS
from ..training.state import State
from ..training.together import any_of
from ..training.watchers import Watcher, announce, announce_understood
from .baselines import Baseline
from .baselines import baselines as train_baselines
from .choice import score_by
from .command import command
from .content import single_precision
from .judgement import Judgement
from .labels import Labels
from .model import Model, Source
from .prepared import Asked, Prepared, prepared
from .recipes import recipe_for
from .refit import refitted
from .room import bytes_of, needed, outgrows
from .run import Run
from .scores import difference, scores
from .streamed import streamed_table

__all__ = ["place_for", "train"]


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
    batch_size: int | None = None,
    dropout: float | None = None,
    l2: float | None = None,
    clip_norm: float | None = None,
    warm_up: int | None = None,
    sync_every: int | None = None,
    metric: str | None = None,
    refit: bool = False,
    baselines: bool = True,
    checkpoint: str | os.PathLike[str] | None = None,
    resume: bool = False,
    memory: int | str | None = None,
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
    batch_size : int, optional
        Rows a step, over all ranks: 128, or 64 of fewer than 5,000 rows. Larger batches take a larger rate, which rises
        to that over the first epoch.
    warm_up : int, optional
        Steps over which the rate rises to what it is to be: none, or of larger batches those of the first epoch.
    sync_every : int, optional
        Of several ranks, how many steps each takes by itself before their weights are averaged: 1, where their
        gradients are added up in every step.
    dropout, l2 : float, optional
        The share of hidden units a step leaves out: none if None; the penalty on squared weights: 2e-4.
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
    memory : int or str, optional
        Bytes, or words such as '1GB'. A file that would take more is read in parts, anew every epoch, while a sample of
        its rows chooses and judges; half of what is free if None.

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
    together = world()
    watchers, keeps = (watchers, True) if together.rank == 0 else ((), False)
    agree(together, {"version": __version__, "command": command(train, **asked)})
    question = Asked(target, kinds, drop, missing, weights, group, order, reading, seed)
    whole = {"refit": refit, "optimizer lbfgs": optimizer == LBFGS.name, "order": order is not None}
    with joint(together):
        needs = [name for name in whole if whole[name]]
        found = _prepared(table, question, test, memory, needs, watchers, together)
    targets, encoder, sizes = found.targets, found.encoder, found.sizes
    recipe = recipe_for(
        targets,
        sizes.train,
        seed,
        hidden=hidden,
        activation=activation,
        initializer=initializer,
        optimizer=optimizer,
        density=density,
        learning_rate=learning_rate,
        epochs=epochs,
        batch_size=batch_size,
        dropout=dropout,
        l2=l2,
        clip_norm=clip_norm,
        warm_up=warm_up,
        sync_every=sync_every,
        metric=metric,
    )
    announce_understood(watchers, encoder, targets)

    announce(watchers, "training")
    started = time.perf_counter()
    trained, held_out = found.trained(recipe.dtype), found.held_out(recipe.dtype)
    first = recipe.initialized(len(encoder.feature_names), targets.n_outputs)
    state, keepers = begin(State.begun(first, recipe), (trained, held_out), recipe, checkpoint, resume)
    doctor = Doctor()
    looking = [*watchers, doctor, *keepers] if keeps else []
    fit(state, trained, recipe, Validation(held_out, score_by(recipe.monitor, targets)), looking, together)
    health = doctor.diagnose(state, trained.shown, recipe, encoder.feature_names)
    seconds = time.perf_counter() - started
    model = Model(
        encoder,
        targets.finished(state.chosen()),
        targets,
        found.target,
        recipe,
        {},
        found.origin,
        history=single_precision(state.history),
        made_by=(command(train, **asked),),
        by_hand=(*state.by_hand, *([f"stopped in epoch {state.epoch + 1}"] if state.interrupted else [])),
    )

    announce(watchers, "judging")
    model, judgement = judged(model, found)
    plain: list[Baseline] = []
    if baselines and keeps:
        seen, judging = found.whole.take(found.parts.train), _with_label(found.test_rows, judgement.labels)
        plain = train_baselines(targets, (seen.rows, seen.y), judging, seed, watchers)
    if refit and not state.interrupted:
        announce(watchers, "training on all rows")
        model = refitted(model, found, state.best.epoch if state.best else state.epoch, watchers)
    if path is not None and keeps:
        model.save(path)
    run = Run(
        table=found.table,
        n_rows=found.n_rows,
        columns=found.columns,
        sizes=sizes,
        split=found.parts,
        without_target=found.without_target,
        leaks=found.leaks,
        health=health,
        test_labels=judgement.labels,
        surprises=judgement.surprises,
        epochs=state.epoch,
        best_epoch=state.best.epoch if state.best else state.epoch,
        ranks=together.size,
        interrupted=state.interrupted or (refit and not model.origin.refit),
        seconds=seconds,
        baselines=plain,
        differences=[(baseline, difference(judgement.each, baseline.rows)) for baseline in plain],
        path=path,
    )
    return replace(model, run=run)


def _prepared(
    table: Source,
    question: Asked,
    test: Source | None,
    memory: int | str | None,
    needs_all: Sequence[str],
    watchers: Sequence[Watcher],
    together: Communicator,
) -> Prepared:
    """The table in memory, or in parts where it would take too much of it; every rank has the same."""
    limit = None if memory is None else bytes_of(memory)
    (in_parts,) = any_of(together, outgrows(table, limit, ranks_here()))
    if in_parts and needs_all:
        raise OptionError(
            f"{needs_all[0]} needs every row of {table} in memory, about {needed(Path(table)) / 1e9:.1f} GB, "
            "and it is to be read in parts: give more memory, or leave it out"
        )
    if in_parts:
        return streamed_table(table, question, test, limit, together, watchers)
    found = prepared(table, question, test)
    agree(together, {"rows": found.origin.rows})
    return found


def judged(model: Model, found: Prepared) -> tuple[Model, Judgement]:
    """The model with its scores, on the rows that chose and on those that judge."""
    chose = found.whole.take(found.parts.validation)
    judgement = model.judge(model.labels_in(found.judged), found.test_rows)
    source = "held out" if found.origin.with_test else found.judged.name
    made = {
        "validation": {**scores(found.targets, model.outputs_of(chose.rows), chose.y), "rows": found.sizes.validation},
        "test": {**judgement.scores, "rows": judgement.rows, "source": source},
    }
    return replace(model, scores=made, intervals=judgement.intervals), judgement


def _with_label(rows: Encoded, labels: Labels) -> tuple[Encoded, npt.NDArray[Any]]:
    """The rows that have a target, and their targets."""
    present = np.flatnonzero(~labels.missing)
    return rows.take(present), labels.y[present]


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
