"""The network that ships, once the scores are known: trained on all rows as the judged one was, as many epochs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..estimators.targets import Classes, Numbers
from ..tables.encoder import TableEncoding
from ..training.loop import fit
from ..training.state import State
from ..training.watchers import Watcher
from .model import Model
from .prepared import Part, Prepared

__all__ = ["refitted"]


class _Until(Watcher):
    """Ends a run after so many epochs, with the rates of one that was meant to go on."""

    def __init__(self, epochs: int) -> None:
        self.epochs = epochs

    def after_epoch(self, state: State) -> bool:
        return state.epoch >= self.epochs


def refitted(model: Model, found: Prepared, epochs: int, watchers: Sequence[Watcher] = ()) -> Model:
    """The same recipe on all rows, without the validation rows that chose: they train too.

    Parameters
    ----------
    found : Prepared
        Every row that has a target.
    epochs : int
        The epoch that validation chose for the judged network.

    Returns
    -------
    Model
        The judged one if somebody ended the refit by hand: half of a refit is worse than none.
    """
    rows, y = found.rows, found.whole.y
    encoder = TableEncoding.fit(rows, model.encoder.exclude, found.columns, model.encoder.marks)
    targets = model.targets if isinstance(model.targets, Classes) else Numbers.of(y)
    recipe = replace(model.recipe, monitor="loss", patience=None)
    data = Part(encoder.encode(rows), y, found.whole.weight).data(targets, recipe.dtype)
    state = State.begun(recipe.initialized(len(encoder.feature_names), targets.n_outputs), recipe)
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
