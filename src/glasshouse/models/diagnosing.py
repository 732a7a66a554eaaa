"""Diagnosis and cure: of a model with its table; of an estimator, or a network from elsewhere, with arrays."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils import check_array

from ..errors import OptionError, TableError
from ..estimators.base import NUMBERS, single_precision_holds
from ..health.doctor import diagnosis_of
from ..health.examination import examine
from ..health.findings import Diagnosis
from ..health.prescription import as_flags
from ..health.remedies import Course, Trial, cure, scored
from ..network.foreign import is_foreign, network_of
from ..network.network import Network
from ..tables.reading import Reading, as_table
from ..tables.table import Table
from ..training.batches import Data
from ..training.loop import Validation
from ..training.recipe import Recipe
from .choice import score_by
from .command import command
from .content import single_precision
from .convert.parts import recipe_of
from .labels import columns_of
from .model import Model, Source
from .origin import parted
from .rescoring import rescored
from .verbs import AnyModel, model_of, place_beside, table_for

__all__ = ["Cure", "diagnose"]

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Cure:
    """What ``diagnose --fix`` tried, and what it kept.

    Attributes
    ----------
    given, model : Model
        The one that was given, and the better one: the same where nothing helped.
    before, after : Trial
        Its course, validation score and health at first, and those of the one that is kept.
    tried : list of Trial
    path : Path or None
        Where the better model was written; None where nothing helped, or nothing was asked to be written.
    """

    given: Model
    model: Model
    before: Trial
    after: Trial
    tried: list[Trial]
    path: Path | None = None

    @property
    def helped(self) -> bool:
        return self.after is not self.before

    @property
    def flags(self) -> str:
        """The change as flags of ``glasshouse train``."""
        return as_flags(self.before.course, self.after.course)


def diagnose(
    model: Any,
    table: Any = None,
    y: Any = None,
    *,
    reading: Reading | None = None,
    fix: bool = False,
    train: Source | None = None,
    out: str | os.PathLike[str] | None = None,
) -> Diagnosis:
    """Say what is wrong with a network, where, why, and what cures it.

    Parameters
    ----------
    model : Model or path, estimator, scikit-learn's fitted MLP, or torch Sequential
    table : path, Table or frame; or X (n_samples, n_features)
        Rows to pass through it. For a model it has the target column, and may be left out while the table it was
        trained on lies beside it; the rows that trained are looked at, since it is there that learning fails.
    y : (n_samples,), optional
        The targets, where `table` is an array.
    reading : Reading, optional
        What is known of the file.
    fix : bool
        Train the model anew with one remedy after another, at most eight times, and keep the best by the validation
        rows; the result's `cure` says what was tried. It is never worse there than the one that was given.
    train : path, Table or frame, optional
        Rows to train anew on, where those of the model are not at hand; a fifth of them choose.
    out : path, optional
        Where the better model goes: beside the model as NAME.fixed.glass if None; nowhere if ''.

    Raises
    ------
    TableError
        If the table cannot be read, or does not fit the model.
    OptionError
        If it is no network, or one that cannot be trained anew here.

    Examples
    --------
    >>> import glasshouse as gh
    >>> model = gh.train("example:iris", target="target", baselines=False, out="")
    >>> gh.diagnose(model, "example:iris").healthy
    True
    """
    asked = locals()
    if isinstance(model, str | os.PathLike | Model):
        if y is not None:
            raise OptionError("y goes with arrays: of a model, the table has the target column")
        return _of_model(model, table, reading, fix, train, out, command(diagnose, **asked))
    if fix or train is not None or out is not None:
        raise OptionError("only a model with its table can be fixed here: fit the estimator anew as its remedy says")
    if table is None or y is None:
        raise OptionError("to look at an estimator, rows are needed: diagnose(model, X, y)")
    return _of_arrays(model, table, y)


def _of_model(
    given: AnyModel,
    source: Source | None,
    reading: Reading | None,
    fix: bool,
    train: Source | None,
    out: Any,
    made_by: str,
) -> Diagnosis:
    model = model_of(given)
    if not fix and (train is not None or out is not None):
        raise OptionError(f"{'train' if train is not None else 'out'} goes with fix, which trains anew")
    table = table_for(given, model, source, reading)
    diagnosis = _diagnosis(model, table, _rows_that_trained(model, table))
    if not fix:
        return diagnosis
    place = place_beside(given, out, ".fixed")
    found = _cured(model, table if train is None else as_table(train, reading), diagnosis, train is not None)
    if found.helped:
        found = replace(found, model=replace(found.model, made_by=(*model.made_by, made_by)))
    if found.helped and place is not None:
        found.model.save(place)
        found = replace(found, path=place)
    return replace(diagnosis, cure=found)


def _rows_that_trained(model: Model, table: Table) -> npt.NDArray[np.int64]:
    """Those that have a target; of the table it was trained on, those that trained."""
    labels = model.labels_in(table)
    known = np.ones(len(labels.y), bool) if labels.classes is None else labels.y >= 0
    if model.knows(table):
        present, parts = parted(table, labels, model.task, model.origin)
        return present[parts.train]
    return np.flatnonzero(~labels.missing & known)


def _data(model: Model, table: Table, rows: npt.NDArray[np.int64]) -> Data:
    some = table.take(rows)
    y = model.labels_in(some).y
    return Data(model.encoder.encode(some).compact(), columns_of(model.one_column, y, model.network.dtype))


def _diagnosis(model: Model, table: Table, rows: npt.NDArray[np.int64]) -> Diagnosis:
    network, data = model.targets.unfinished(model.network), _data(model, table, rows)
    names = model.encoder.feature_names
    return diagnosis_of(examine(network, model.recipe, data, thorough=True, names=names))


def _cured(model: Model, table: Table, diagnosis: Diagnosis, others: bool) -> Cure:
    """Remedies on the stored split, or on one of another table, of which a fifth of the rows choose."""
    if not others and not model.knows(table):
        raise TableError(f"{table.name} holds other rows than those the model was trained on: give --train TABLE")
    if not others and model.origin.refit:
        raise TableError("the model was trained anew on all its rows, and none are left to choose: give --train TABLE")
    labels = model.labels_in(table)
    origin = replace(model.origin, with_test=False, group=None, order=None) if others else model.origin
    present, parts = parted(table, labels, model.task, origin)
    data, chooses = (_data(model, table, present[part]) for part in (parts.train, parts.validation))
    validation = Validation(chooses, score_by(model.recipe.monitor, model.one_column))
    network = model.targets.unfinished(model.network)
    first = Trial(Course(model.recipe), network, scored(network, validation), diagnosis)
    found = cure(first, data, validation)
    helped = found.after is not found.before
    kept = model
    if helped:
        better = replace(model, network=model.targets.finished(found.after.network), recipe=found.after.course.recipe)
        kept = rescored(replace(better, history=single_precision(found.after.history)), table, present, parts)
    return Cure(model, kept, found.before, found.after, found.tried)


def _of_arrays(model: Any, X: Any, y: Any) -> Diagnosis:
    names: Sequence[str] = [str(name) for name in getattr(X, "columns", ())]
    history: Sequence[dict[str, float]] = ()
    if hasattr(model, "network_"):
        targets, recipe = model.targets_, model.recipe_
        network, history = targets.unfinished(model.network_), model.history_
        X = single_precision_holds(_array(X), network.dtype)
        Y = targets.encode(targets.checked(y), network.dtype)
    elif is_foreign(model):
        network, recipe, Y = _foreign(model, np.asarray(y))
        X = single_precision_holds(_array(X), network.dtype)
    else:
        raise OptionError(f"{type(model).__name__} is no fitted network: fit it first, or give a Model")
    if X.shape[1] != network.n_features or X.shape[0] != len(Y):
        raise OptionError(
            f"X is {X.shape[0]} rows of {X.shape[1]} and y has {len(Y)}: the network takes {network.n_features} columns"
        )
    return diagnosis_of(examine(network, recipe, Data(X, Y), history, thorough=True, names=names))


def _array(X: Any) -> Any:
    """X as estimators check it."""
    X = X if hasattr(X, "indptr") or hasattr(X, "columns") else np.asarray(X)
    return check_array(X, accept_sparse="csr", dtype=NUMBERS)


def _foreign(model: Any, y: Array) -> tuple[Network, Recipe, Array]:
    """A network from elsewhere, what its outputs were taught by, and y as it was taught."""
    network = network_of(model)
    output = network.layers[-1].activation
    classes = _classes(model, network, y)
    if classes is None:
        Y, probabilities = y.reshape(len(y), -1), output == "sigmoid"
    elif unknown := set(np.unique(y).tolist()) - set(classes.tolist()):
        raise OptionError(
            f"y holds {sorted(unknown)[0]!r}, the classes are {classes.tolist()[:5]}: leave such rows out"
        )
    else:
        Y, probabilities = y[:, None] == (classes[1:] if network.n_outputs == 1 else classes), True
        output = "softmax" if network.n_outputs > 1 else "sigmoid"
    if Y.shape[1] != network.n_outputs:
        raise OptionError(
            f"y has {Y.shape[1]} columns or classes, the network {network.n_outputs} outputs: give as many"
        )
    network = network.with_output(output)
    recipe = recipe_of(network, probabilities, float(getattr(model, "learning_rate_init", 0.001)))
    return network, recipe, np.ascontiguousarray(Y, network.dtype)


def _classes(model: Any, network: Network, y: Array) -> Array | None:
    """The classes in the order of the outputs; None where y is numbers, or many labels at once."""
    if y.ndim > 1:
        return None
    if hasattr(model, "classes_"):
        return np.asarray(model.classes_)
    named = y.dtype.kind in "OU"
    whole = named or y.dtype.kind in "iub"
    if not whole or (network.n_outputs == 1 and len(np.unique(y)) > 2):
        return None
    return np.unique(y) if named or network.n_outputs == 1 else np.arange(network.n_outputs)
