"""The network that ships, once the scores are known: trained on all rows as the judged one was, as many epochs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..estimators.targets import Classes, Numbers
from ..tables.columns import Column
from ..tables.encoder import TableEncoding
from ..tables.table import Table
from ..training.batches import Data
from ..training.loop import fit
from ..training.state import State
from ..training.watchers import Watcher
from .labels import written_columns_of
from .model import Model

__all__ = ["refitted"]


class _Until(Watcher):
    """Ends a run after so many epochs, with the rates of one that was meant to go on."""

    def __init__(self, epochs: int) -> None:
        self.epochs = epochs

    def after_epoch(self, state: State) -> bool:
        return state.epoch >= self.epochs


def refitted(
    model: Model,
    rows: Table,
    y: npt.NDArray[Any],
    weight: npt.NDArray[np.float64] | None,
    columns: list[Column],
    epochs: int,
    watchers: Sequence[Watcher] = (),
) -> Model:
    """The same recipe on all rows, without the validation rows that chose: they train too.

    Parameters
    ----------
    rows, y, weight
        Every row that has a target, the target, and how much each counts.
    epochs : int
        The epoch that validation chose for the judged network.

    Returns
    -------
    Model
        The judged one if somebody ended the refit by hand: half of a refit is worse than none.
    """
    encoder = TableEncoding.fit(rows, model.encoder.exclude, columns, model.encoder.marks)
    targets = model.targets if isinstance(model.targets, Classes) else Numbers.of(y)
    recipe = replace(model.recipe, monitor="loss", patience=None)
    X = encoder.encode(rows).compact()
    state = State.begun(recipe.initialized(len(encoder.feature_names), targets.n_outputs), recipe)
    data = Data(X, written_columns_of(targets, y, recipe.dtype), weight)
    try:
        fit(state, data, recipe, watchers=[*watchers, _Until(epochs)])
    except KeyboardInterrupt:  # in the first epoch
        return model
    if state.interrupted:
        return model
    return replace(
        model,
        encoder=encoder,
        network=targets.finished(state.chosen()),
        targets=targets,
        origin=replace(model.origin, refit=True),
    )
