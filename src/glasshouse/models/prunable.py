"""A model made ready to be pruned: its rows as arrays, its cycle, its folds, and the way back to a smaller model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import OptionError, TableError, choose, expect_number
from ..estimators.targets import Classes
from ..network.network import Network
from ..pruning.compaction import compacted
from ..pruning.criteria import Criterion, criterion
from ..pruning.cycle import LADDER, Cycle, whole
from ..pruning.descent import Descent
from ..pruning.stages import Stages
from ..tables.encoder import TableEncoding
from ..tables.splitting import Split
from ..tables.table import Table
from ..training.batches import Data
from ..training.loop import Validation, fit
from ..training.rewiring import Evolution
from ..training.state import State
from ..training.watchers import Watcher
from .choice import METRICS, score_by
from .labels import columns_of
from .model import Model
from .origin import parted
from .scores import main_score

__all__ = ["FOLDS", "Prunable", "folds", "prunable", "smaller"]

Array = npt.NDArray[Any]
FOLDS = 5


@dataclass(frozen=True, eq=False)
class Prunable:
    """A model and rows, ready to be pruned."""

    model: Model
    table: Table
    present: npt.NDArray[np.int64]
    parts: Split
    metric: str
    criterion: Criterion
    grain: str
    retrain: bool
    one_shot: bool
    regrow: Evolution | None
    epochs: int | None
    watchers: Sequence[Watcher]

    def data(self, rows: npt.NDArray[np.int64]) -> Data:
        some = self.table.take(self.present[rows])
        y = self.model.labels_in(some).y
        return Data(
            self.model.encoder.encode(some).compact(), columns_of(self.model.one_column, y, self.model.network.dtype)
        )

    def cycle(self, network: Network, trains: Data, chooses: Data) -> Cycle:
        validation = Validation(chooses, score_by(f"validation_{self.metric}", self.model.one_column))
        return Cycle(
            network,
            self.model.recipe,
            trains,
            validation,
            self.criterion,
            self.grain,
            self.retrain,
            self.regrow,
            self.epochs,
        )


def prunable(
    model: Model,
    table: Table,
    metric: str | None,
    by: str,
    grain: str,
    retrain: bool,
    one_shot: bool,
    regrow: bool,
    epochs: int | None,
    watchers: Sequence[Watcher],
) -> Prunable:
    if grain == "units" and len(model.network.layers) == 1:
        raise OptionError("the model has one layer and no hidden units to cut: choose grain 'weights' or 'inputs'")
    if epochs is not None:
        expect_number("epochs", epochs, lambda e: e >= 1, "of at least 1", whole=True)
    if regrow and grain != "weights":
        raise OptionError(f"regrow lets single weights return: with grain {grain!r} leave it out")
    labels = model.labels_in(table)
    origin = model.origin
    if not model.knows(table):
        origin = replace(origin, with_test=True, group=None, order=None)
    elif origin.refit:
        raise TableError(
            f"the model was trained anew on all rows of {table.name}, and none are left to judge by: name other rows"
        )
    present, parts = parted(table, labels, model.task, origin)
    if not (len(parts.train) and len(parts.validation)):
        raise TableError(f"{table.name} has {len(present)} rows with a target: too few to train and to choose")
    y = labels.y[present]
    evolution = Evolution(grow="gradient", every="epoch", fraction=0.1) if regrow else None
    return Prunable(
        model,
        table,
        present,
        parts,
        _metric(model, y, metric),
        criterion(by),
        grain,
        retrain,
        one_shot,
        evolution,
        epochs,
        watchers,
    )


def _metric(model: Model, y: Array, metric: str | None) -> str:
    known = METRICS[model.task][1:]
    if metric is not None:
        if metric == "roc_auc" and model.network.n_outputs > 1:
            raise OptionError("metric is 'roc_auc', which is of two classes: choose accuracy")
        return choose("metric", metric, known)
    return main_score(model.one_column, y[y >= 0] if isinstance(model.targets, Classes) else y)


def smaller(work: Prunable, network: Network) -> tuple[Model, dict[str, int]]:
    """The network compacted, as a model whose encoder reads what it still needs."""
    model = work.model
    encoder = model.encoder
    groups = np.repeat(np.arange(len(encoder.encodings)), [len(e.features) for e in encoder.encodings])
    found = compacted(model.targets.finished(network), *encoder.bounds, groups=groups.tolist())
    names = [encoder.encodings[k].name for k in np.unique(groups[found.inputs])]
    kept: TableEncoding = encoder if len(names) == len(encoder.encodings) else encoder.keep(names)
    recipe = replace(model.recipe, hidden_layer_sizes=found.network.sizes[1:-1])
    after = replace(model, encoder=kept, network=found.network, recipe=recipe, history=(), run=None)
    return after, found.removed


def folds(work: Prunable, stages: Stages, options: dict[str, Any]) -> Sequence[Descent]:
    """For each fold, a network trained without its rows, to be pruned without them too."""
    from sklearn.model_selection import KFold, StratifiedKFold

    rows = np.concatenate([work.parts.train, work.parts.validation])
    y = work.model.labels_in(work.table).y[work.present[rows]]
    seed = work.model.recipe.seed % (1 << 32)
    classes = isinstance(work.model.targets, Classes) and np.unique(y, return_counts=True)[1].min() >= FOLDS
    parts = (StratifiedKFold if classes else KFold)(FOLDS, shuffle=True, random_state=seed).split(rows, y)
    found = []
    for k, (inside, out) in enumerate(parts):
        others = np.random.default_rng([seed, k]).permutation(inside)
        fifth = len(others) // 5
        chooses, trains, judges = (work.data(rows[some]) for some in (others[:fifth], others[fifth:], out))
        network = stages.network(f"fold {k}", lambda t=trains, c=chooses: _dense(work, t, c))  # type: ignore[misc]
        cycle = work.cycle(network, trains, judges)
        found.append(_Judged(cycle, chooses, stages, LADDER, name=f"fold {k} ", **options))
    return found


class _Judged(Descent):
    """A descent whose rows that choose the epoch are others than those that judge the cut."""

    def __init__(self, cycle: Cycle, chooses: Data, stages: Stages, ladder: Sequence[float], **options: Any):
        super().__init__(cycle, stages, ladder, **options)
        assert cycle.validation is not None
        self.trains = replace(cycle, validation=cycle.validation._replace(data=chooses))

    def settled(self, k: int) -> Network:
        rung = self.rung(k)
        return self.stages.network(
            f"{self.name}settled {k}", lambda: self.trains.settled(rung, len(self.ladder) + k, self.watchers)
        )


def _dense(work: Prunable, trains: Data, chooses: Data) -> Network:
    recipe = work.model.recipe
    recipe = recipe if recipe.monitor != "loss" else replace(recipe, monitor="validation_loss")
    state = State.begun(recipe.initialized(trains.X.shape[1], trains.Y.shape[1]), recipe)
    score = score_by(recipe.monitor, work.model.one_column)
    return whole(fit(state, trains, recipe, Validation(chooses, score), work.watchers)).chosen()
