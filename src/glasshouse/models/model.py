"""A model: encoder, network, what its outputs mean, the recipe that made it and its scores; one file holds it whole."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import storage
from ..errors import ModelFileError, TableError
from ..estimators.targets import Classes, Numbers, Target, Targets
from ..estimators.targets import Labels as ManyLabels
from ..network.document import layer_settings
from ..network.filled import is_filled
from ..network.layers import Layer
from ..network.network import Network
from ..network.predictor import Predictor
from ..tables.corrections import marked
from ..tables.encoded import Encoded
from ..tables.encoder import Surprises, TableEncoding
from ..tables.reading import Table, as_table, listed
from ..training.batches import AT_ONCE
from ..training.recipe import Recipe
from .choice import metric_of
from .content import content_of, parts_from
from .convert.parts import parts_of
from .convert.to_torch import torch_of
from .intervals import Interval, intervals
from .judgement import Judgement
from .labels import Labels, labels_for
from .origin import Origin, parted, rows_hash
from .rows import cells_predictor
from .run import Run
from .scores import by_class, score_rows, scores

__all__ = ["Model", "load"]

Array = npt.NDArray[Any]
Source = Any  # a path, 'example:NAME', a Table or a frame


@dataclass(frozen=True, eq=False)
class Model:
    """A trained network with everything needed to use it on a table.

    Attributes
    ----------
    target, task : str
        The column it predicts; 'classification' or 'regression'.
    scores : dict
        'validation' and 'test': rows, scores by scikit-learn's names, and the source of the test rows.
    origin : Origin
        The rows it was trained on, by their hash, and how they were parted.
    intervals : dict of str to (low, high)
        Of each test score, the 95 % interval.
    history : tuple of dict
        One row an epoch of the training; none of a model that was pruned or trained elsewhere.
    made_by : tuple of str
        The commands that made it, the first first.
    by_hand : tuple of str
        What was done by hand while it trained, such as a stop: the commands alone do not make it again.
    run : Run or None
        How training went; a loaded model has none.

    Examples
    --------
    >>> import glasshouse as gh
    >>> model = gh.train("example:iris", target="target", baselines=False, out="")
    >>> model.predict("example:iris")[:2].tolist()
    ['setosa', 'setosa']
    """

    encoder: TableEncoding
    network: Network
    targets: Targets
    target: str
    recipe: Recipe
    scores: dict[str, Any]
    origin: Origin
    intervals: dict[str, Interval] = field(default_factory=dict)
    history: tuple[dict[str, float], ...] = field(default=(), repr=False)
    made_by: tuple[str, ...] = ()
    by_hand: tuple[str, ...] = ()
    run: Run | None = field(default=None, repr=False)

    @property
    def task(self) -> str:
        """'classification', 'regression', or 'labels': several at once, which no column of a table holds."""
        if isinstance(self.targets, ManyLabels):
            return "labels"
        return "classification" if isinstance(self.targets, Classes) else "regression"

    @property
    def one_column(self) -> Target:
        """What its outputs mean, if one column of a table can tell whether they are right.

        Raises
        ------
        TableError
            If it predicts several labels at once.
        """
        if isinstance(self.targets, ManyLabels):
            raise TableError(
                f"the model predicts {self.targets.n_outputs} labels at once, and no column of a table holds them: "
                "judge and prune it where it was trained, or fit one model for each"
            )
        return self.targets

    @property
    def output_names(self) -> list[str]:
        """What each output is of: a class, or the second of two, or the target."""
        return [self.target] if isinstance(self.targets, Numbers) else self.targets.output_names

    @property
    def metric(self) -> str:
        """The score of the validation rows that chose."""
        return metric_of(self.recipe.monitor, self.task)

    @property
    def best_epoch(self) -> int | None:
        """The epoch whose weights were kept: the first of the best by what chose, else the last; None if unknown."""
        rows, monitor = self.history, self.recipe.monitor
        name, sign = ("validation_loss", -1) if monitor == "validation_loss" else ("validation_score", 1)
        if not rows or monitor == "loss" or name not in rows[0]:
            return len(rows) or None
        values = [sign * row[name] for row in rows]
        return 1 + values.index(max(values))

    def outputs(self, source: Source) -> tuple[Array, Surprises]:
        """Probabilities (n, n_classes) or numbers (n,), and what was odd about the rows."""
        encoded = self.encoder.encode(as_table(source))
        return self.outputs_of(encoded), encoded.surprises()

    def outputs_of(self, rows: Encoded) -> Array:
        """The same for rows that are encoded already; they are written as numbers some at a time."""
        predict = Predictor(self.network)
        outputs = np.empty((len(rows), self.network.n_outputs), self.network.dtype)
        for start in range(0, len(rows), AT_ONCE):
            block = slice(start, start + AT_ONCE)
            outputs[block] = predict(rows.write(block))
        finite = np.isfinite(outputs).all(axis=1)
        if not finite.all():
            row = int(finite.argmin()) + 1
            raise ModelFileError(
                f"the model's output for row {row} is no finite number: its weights are too large, train it again"
            )
        return (
            self.targets.decode(outputs) if isinstance(self.targets, Numbers) else self.targets.probabilities(outputs)
        )

    def predictor(self) -> Callable[[Any], Array]:
        """A function of one row, for those who have one at a time; it gives the bits of the row in a table.

        It takes x (n_features,) float32 (float64 where the network is), encoded, in the order of
        ``encoder.feature_names``: about a microsecond a call. Or it takes cells as they come, in a few: a dict by
        column, others in it passed over, or a list or tuple in the order of the table without its target. It returns
        the network's outputs: a probability of each class, or of the second of two, or the number; always in the same
        array, so copy what you keep.

        Examples
        --------
        >>> import glasshouse as gh
        >>> model = gh.train("example:iris", target="target", baselines=False, out="")
        >>> predict = model.predictor()
        >>> predict(np.zeros(4, np.float32)).shape  # a flower whose every measure is the median
        (3,)
        >>> str(model.targets.classes[predict([5.1, 3.5, 1.4, "0.2"]).argmax()])
        'setosa'
        """
        return cells_predictor(self.encoder, self.network)

    def to_torch(self) -> Any:
        """The network as a torch Sequential of Linear and activations, which takes encoded rows; see `from_torch`.

        Raises
        ------
        OptionError
            If torch is not installed, or has no module for an activation.

        Examples
        --------
        >>> import glasshouse as gh
        >>> model = gh.train("example:iris", target="target", baselines=False, out="")
        >>> [type(module).__name__ for module in model.to_torch()]
        ['Linear', 'ReLU', 'Linear', 'ReLU', 'Linear', 'Softmax']
        """
        return torch_of(self.network)

    def decode(self, outputs: Array) -> Array:
        """Labels of probabilities; numbers are what they are; of several labels at once, 0 or 1 for each."""
        if isinstance(self.targets, Classes):
            return np.asarray(self.targets.classes[outputs.argmax(axis=1)])
        return outputs if isinstance(self.targets, Numbers) else self.targets.decode(outputs)

    def predict(self, source: Source) -> Array:
        """The label or number of each row of a table.

        Raises
        ------
        TableError
            If the table cannot be read or lacks a column.
        """
        return self.decode(self.outputs(source)[0])

    def predict_proba(self, source: Source) -> Array:
        """The probability of each class or label, in the order of `targets.classes`."""
        if isinstance(self.targets, Numbers):
            raise TableError(f"{self.target} is a number: a regression model has no probabilities, use predict")
        return self.outputs(source)[0]

    def evaluate(self, source: Source) -> Judgement:
        """Scores on the rows of a table that have a target; of the table it was trained on, on the test rows alone.

        Raises
        ------
        TableError
            If the target column is missing or empty, or the table cannot be encoded.
        """
        table = as_table(source)
        labels = self.labels_in(table)
        part = "other" if not self.knows(table) else "test" if self.held_out else "training"
        if part == "test":
            present, parts = parted(table, labels, self.task, self.origin)
            table = table.take(present[parts.test])
            labels = self.labels_in(table)
        return replace(self.judge(labels, self.encoder.encode(table)), part=part)

    @property
    def held_out(self) -> bool:
        """Whether the table it was trained on has rows it has not seen."""
        return self.origin.with_test and not self.origin.refit

    def knows(self, table: Table) -> bool:
        """Whether these are the very rows the model was trained on."""
        return rows_hash(marked(table, self.encoder.marks)) == self.origin.rows

    def labels_in(self, table: Table) -> Labels:
        """The target of each row of a table.

        Raises
        ------
        TableError
            If the column is missing or empty, or none of its labels is one the model knows.
        """
        known = self.one_column.classes if isinstance(self.one_column, Classes) else None
        labels = labels_for(self.target, table.columns[self.target_in(table)], self.task, known)
        if labels.missing.all():
            raise TableError(f"{table.name} holds no value of {self.target!r}: there is nothing to judge the model by")
        if known is not None and sum(labels.unknown.values()) == (~labels.missing).sum():
            raise TableError(
                f"no label of {self.target!r} in {table.name} is known: it has {listed(list(labels.unknown))}, "
                f"the model {listed(known.tolist())}"
            )
        return labels

    def judge(self, labels: Labels, rows: Encoded) -> Judgement:
        """Scores on encoded rows, those that have a target."""
        present = np.flatnonzero(~labels.missing)
        outputs, y = self.outputs_of(rows.take(present)), labels.y[present]
        found = scores(self.one_column, outputs, y)
        return Judgement(
            len(y),
            found,
            labels,
            rows.surprises(),
            score_rows(self.one_column, outputs, y),
            intervals(self.one_column, outputs, y, found),
            by_class(self.one_column, outputs, y),
        )

    def target_in(self, table: Table) -> str:
        """The target column of a table: by name, or, in one without a header, the place it had."""
        if self.target in table.columns and table.named:
            return self.target
        if not table.named and len(table.columns) == len(self.encoder.names):
            return list(table.columns)[self.encoder.names.index(self.target)]
        raise TableError(f"{table.name} lacks the target {self.target!r}: evaluate needs the column that is predicted")

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model as one file, atomically; the same model is the same bytes."""
        storage.write(path, "model", *content_of(self))

    @property
    def n_bytes(self) -> int:
        """Of its file."""
        return len(storage.packed("model", *content_of(self)))

    @classmethod
    def of(
        cls,
        thing: Any,
        *,
        names: Sequence[str] | None = None,
        classes: Sequence[Any] | None = None,
        target: str = "target",
    ) -> Model:
        """The model of what was trained elsewhere; see `from_sklearn` and `from_torch`.

        Parameters
        ----------
        thing : fitted estimator, ours or scikit-learn's, Pipeline, or torch Sequential of Linear and activations
        names : sequence of str, optional
            Of its columns: those it was fitted with, else x1, x2 and so on.
        classes : sequence, optional
            Of its outputs, where it does not know them itself.
        target : str
            What the column is called that it predicts.

        Raises
        ------
        OptionError
            If it is none of them, predicts several columns, or names or classes do not fit.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.neural_network import MLPClassifier
        >>> X, y = load_iris(return_X_y=True, as_frame=True)
        >>> theirs = MLPClassifier((8,), tol=0.01, random_state=0).fit(X, y)
        >>> bool((Model.of(theirs).predict(X) == theirs.predict(X).astype(str)).all())
        True
        """
        parts = parts_of(thing, names, classes, target)
        nothing = {"validation": {"rows": 0}, "test": {"rows": 0, "source": "none"}}
        origin = Origin("", "", 0, None, None, with_test=False)
        return cls(parts.encoder, parts.network, parts.targets, target, parts.recipe, nothing, origin)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Model:
        """Read a model file; nothing in it is imported or executed.

        Raises
        ------
        ModelFileError
            If the file is not a whole model.
        """
        return cls(**parts_from(path, *storage.read(path, "model")))

    def summary(self) -> dict[str, Any]:
        """What `inspect` says of a model."""
        return {
            "task": self.task,
            "target": self.target,
            "classes": None if isinstance(self.targets, Numbers) else self.targets.classes.tolist(),
            "columns": [{"name": e.name, "kind": e.kind, "features": len(e.features)} for e in self.encoder.encodings],
            "features": self.network.n_features,
            "layers": [self._layer_summary(layer) for layer in self.network.layers],
            "parameters": len(self.network.parameters),
            "dtype": str(self.network.dtype),
            "recipe": self.recipe.to_dict(),
            "metric": self.metric,
            "scores": self.scores,
            "intervals": self.intervals,
            "refit": self.origin.refit,
            "made_by": list(self.made_by),
            "by_hand": list(self.by_hand),
        }

    def _layer_summary(self, layer: Layer) -> dict[str, Any]:
        shape, weights = (layer.fan_out, layer.fan_in), int(np.prod(layer.weight_shape))
        filled = self.network.may_fill and is_filled(shape, weights, self.recipe.batch_size, self.network.dtype)
        return {**layer_settings(layer), "weights": weights, "multiplied": math.prod(shape) if filled else weights}

    def __repr__(self) -> str:
        sizes = "-".join(map(str, self.network.sizes))
        return f"<Model {self.target}: {self.task}, {sizes}, {len(self.network.parameters)} parameters>"


def load(path: str | os.PathLike[str]) -> Model:
    """Read a model file written by `Model.save` or ``glasshouse train``; see `Model.load`."""
    return Model.load(path)
