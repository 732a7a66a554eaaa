"""What a model takes and how fast it is, measured: the numbers that are set side by side before and after pruning."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..network.footprint import BATCH, flash_bytes, footprint
from ..network.passes import forward
from ..network.predictor import row_predictor
from ..network.workspace import Workspace
from ..tables.table import Table
from ..training.batches import Batches, Data
from ..training.loop import epoch
from ..training.optimizers import LBFGS
from ..training.state import State
from .labels import columns_of
from .model import Model

__all__ = ["Savings", "measured"]

Array = npt.NDArray[Any]
LEAST = 0.02  # seconds a timing takes
ROUNDS = 5
SHORT = 0.2  # seconds of an epoch, below which it is timed again


@dataclass(frozen=True)
class Savings:
    """One side of the comparison.

    Attributes
    ----------
    weights, nonzero : int
        Stored, and other than 0; without biases.
    units, columns : int
        Hidden units; columns of the table that are read.
    file_bytes, flash_bytes : int
        Of the model file; an estimate of its tables as float C.
    memory : int
        Bytes a predictor of batches of 32 holds: parameters, indices, columns.
    batch_latency, row_latency : float
        Microseconds for 32 rows at once, and for one, on one thread; the median of five.
    epoch_seconds : float or None
        To train on the training rows once.
    scores : dict
        On the test rows; on the rows that chose, where there are no others.
    """

    weights: int
    nonzero: int
    units: int
    columns: int
    file_bytes: int
    flash_bytes: int
    memory: int
    batch_latency: float
    row_latency: float
    epoch_seconds: float | None
    scores: dict[str, float]


def measured(model: Model, judged: Table | None, trains: Table | None = None) -> Savings:
    """Count and time a model; scores and epochs where there are rows for them."""
    network = model.network
    work = Workspace(network, None, BATCH, threads=1)
    rng = np.random.default_rng(0)
    work.load_inputs(rng.normal(size=(BATCH, network.n_features)).astype(network.dtype), np.arange(BATCH))
    predict, row = row_predictor(network), rng.normal(size=network.n_features).astype(network.dtype)
    scores = {}
    if judged is not None:
        scores = model.judge(model.labels_in(judged), model.encoder.encode(judged)).scores
    return Savings(
        weights=network.n_weights,
        nonzero=int(np.count_nonzero(network.parameters[: network.n_weights])),
        units=sum(network.sizes[1:-1]),
        columns=len(model.encoder.encodings),
        file_bytes=model.n_bytes,
        flash_bytes=flash_bytes(network),
        memory=footprint(network).total,
        batch_latency=_microseconds(lambda: forward(work, BATCH)),
        row_latency=_microseconds(lambda: predict(row)),
        epoch_seconds=None if trains is None else _epoch(model, trains),
        scores=scores,
    )


def _microseconds(call: Callable[[], object]) -> float:
    """The median of a few rounds, each long enough to be timed."""
    count, found = 1, []
    while True:
        seconds = _seconds(call, count)
        if seconds >= LEAST / ROUNDS:
            break
        count = count * 2
    for _ in range(ROUNDS):
        found.append(_seconds(call, count) / count)
    return float(np.median(found) * 1e6)


def _seconds(call: Callable[[], object], count: int) -> float:
    start = time.perf_counter()
    for _ in range(count):
        call()
    return time.perf_counter() - start


def _epoch(model: Model, trains: Table) -> float | None:
    """Seconds of one epoch, after one that does not count; the median of five where it is short."""
    recipe = model.recipe
    if isinstance(recipe.optimizer, LBFGS) or callable(recipe.loss):
        return None
    network = model.targets.unfinished(model.network)
    Y = columns_of(model.one_column, model.labels_in(trains).y, network.dtype)
    data = Data(model.encoder.encode(trains).compact(), Y)
    state = State.begun(network.with_parameters(network.parameters), recipe)
    batches = Batches(data, recipe.batch_size, None, recipe.loss_scale)
    try:
        epoch(state, batches, recipe)
        seconds = _seconds(lambda: epoch(state, batches, recipe), 1)
        return _microseconds(lambda: epoch(state, batches, recipe)) / 1e6 if seconds < SHORT else seconds
    finally:
        state.release()
