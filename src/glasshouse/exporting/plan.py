"""What is going to be exported: a model, how its row is given, and, in whole numbers, its integer network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import OptionError, TableError
from ..estimators.targets import Labels, Numbers
from ..models.model import Model
from ..network.predictor import Predictor
from ..tables.table import Table
from .columns import Column, columns_of, encoded, raw_rows
from .counts import Counts
from .integer import IntegerNetwork, label_probabilities_of, probabilities_of
from .proof import distances, spread_of
from .recordings import Window, always_there, check_length, window_counts

__all__ = ["INPUTS", "Plan", "planned"]

Array = npt.NDArray[Any]
INPUTS = ("float", "int16")
NEAR = 2e-6  # of an output, relative to max(1, |output|): what floats may cost a network of doubles
MOST_LABELS = 31
CALIBRATION = 20_000  # rows that set scales


@dataclass(frozen=True, eq=False)
class Plan:
    """A model and the form it is to have.

    Attributes
    ----------
    name : str
        Before every symbol and file.
    whole : IntegerNetwork or None
        Its network as --int8.
    counts : Counts or None
        How int16 numbers become its inputs.
    window : Window or None
        How recordings are cut, for a model of windows that is given samples.
    real : str
        The C type of its arithmetic, where that is no whole one.
    """

    model: Model
    name: str
    columns: tuple[Column, ...]
    whole: IntegerNetwork | None = None
    counts: Counts | None = None
    window: Window | None = None
    real: str = "float"

    @property
    def classes(self) -> list[str] | None:
        """The words of classes, or of labels; None of numbers."""
        targets = self.model.targets
        return None if isinstance(targets, Numbers) else [str(word) for word in targets.classes]

    @property
    def many(self) -> bool:
        """Whether a row has any number of labels, each of its own."""
        return isinstance(self.model.targets, Labels)

    @property
    def answer(self) -> str:
        """The C type of what `predict` answers."""
        return "int32_t" if self.many else "int" if self.classes or self.whole else self.real

    @property
    def output(self) -> str:
        """The activation of the outputs."""
        return self.model.network.layers[-1].activation

    @property
    def has_probabilities(self) -> bool:
        return self.classes is not None and self.output in ("sigmoid", "softmax")

    def places(self, scores: Array) -> npt.NDArray[np.int64]:
        """The class of rows by their scores, z of the last layer; of labels, a bit for each."""
        if self.many:
            return np.asarray(((scores > 0).astype(np.int64) << np.arange(scores.shape[1])).sum(axis=1))
        if scores.shape[1] == 1:
            return (scores[:, 0] > 0).astype(np.int64)
        return np.asarray(scores.argmax(axis=1), np.int64)

    def raw(self, table: Table) -> list[list[Array]]:
        """Rows as C is given them: for each column its numbers, NaN where one is missing, or counts; or codes."""
        raw = raw_rows(self.model.encoder, table)
        if self.window is not None and any(np.isnan(parts[0]).any() for parts in raw):
            raise TableError(f"{table.name} has windows with an empty cell: a window has all of its features")
        return raw if self.counts is None else self.counts.raw(raw)

    def encoded(self, raw: Sequence[Sequence[Array]]) -> Array:
        """Those as the network takes them: float, or int8."""
        if self.counts is not None:
            return self.counts.encode(raw)
        X = encoded(self.columns, raw, self.model.network.n_features)
        return X if self.whole is None else self.whole.inputs.quantized(X)

    def inputs(self, table: Table) -> Array:
        """The rows of a table as the network takes them."""
        return self.encoded(self.raw(table))

    def outputs(self, inputs: Array) -> Array:
        """What C gives for them: the network's outputs, or the scores of the integer network."""
        return Predictor(self.model.network)(inputs) if self.whole is None else self.whole.scores(inputs)

    def predicted(self, outputs: Array) -> Array:
        """The place of each row's class among the classes, or its number, from those outputs."""
        if self.whole is not None:
            return self.places(outputs) if self.classes is not None else self.values(outputs)
        if self.classes is None:
            return np.asarray(outputs[:, 0])
        return self.places(outputs - 0.5 if self.output == "sigmoid" else outputs)

    def answers(self, outputs: Array) -> Array:
        """What `predict` answers: the place of a class, a number, or the score that stands for one."""
        return outputs[:, 0] if self.whole is not None and self.classes is None else self.predicted(outputs)

    def probabilities(self, outputs: Array) -> Array:
        """(n, n_classes) or (n,): what scores are computed of, of those outputs."""
        if self.classes is None:
            return self.predicted(outputs)
        if self.whole is not None and self.has_probabilities:
            return self.whole_probabilities(outputs) / np.float64(1 << 15)
        targets = self.model.targets
        assert not isinstance(targets, Numbers)
        return targets.probabilities(outputs if self.whole is None else self.whole.reals(outputs))

    def whole_probabilities(self, scores: Array) -> npt.NDArray[np.uint16]:
        """The probability of each class or label in units of 2**-15, by whole numbers."""
        assert self.whole is not None
        return (label_probabilities_of if self.many else probabilities_of)(scores, self.whole.score_scale)

    def values(self, scores: Array) -> npt.NDArray[np.float64]:
        """The numbers that scores of an integer network stand for: z, through the activation of the outputs."""
        from ..network.activations import activation

        assert self.whole is not None
        return np.asarray(activation(self.output).value(self.whole.reals(scores))[:, 0])


def planned(
    model: Model,
    name: str,
    *,
    int8: bool = False,
    inputs: str | None = None,
    table: Table | None = None,
    window: Window | None = None,
) -> Plan:
    """Decide scales and units, by the rows of a table where whole numbers need them.

    Raises
    ------
    OptionError
        If int8 is wanted without a table, or int16 inputs without int8.
    """
    if window is not None and table is not None:
        check_length(window, table)
    columns = tuple(columns_of(model.encoder) if window is None else map(always_there, columns_of(model.encoder)))
    if isinstance(model.targets, Labels) and model.targets.n_outputs > MOST_LABELS:
        raise OptionError(
            f"C answers labels as the bits of one number, up to {MOST_LABELS}, and the model has "
            f"{model.targets.n_outputs}: choose --to onnx"
        )
    if not int8:
        if inputs == "int16":
            raise OptionError("int16 inputs are of networks in whole numbers: add --int8, or leave --inputs out")
        return Plan(model, name, columns, window=window, real=_real(model, table))
    if table is None:
        raise OptionError("--int8 sets its scales by rows: name a table with --table")
    rows = calibration_rows(model, table)
    X = model.encoder.encode(rows).dense()
    whole_numbers = inputs != "float"
    bent = any(number.bent for column in columns for number in column.numbers)
    whole = IntegerNetwork.of(model.network, X, symmetric=bent and whole_numbers)
    if not whole_numbers:
        return Plan(model, name, columns, whole, window=window)
    if window is not None:
        window, counts = window_counts(window, columns, whole.inputs, model.network.n_features, table)
        return Plan(model, name, columns, whole, counts, window)
    counts = Counts.of(columns, whole.inputs, model.network.n_features, raw_rows(model.encoder, rows))
    return Plan(model, name, columns, whole, counts)


def _real(model: Model, table: Table | None) -> str:
    """float, unless the network has doubles, and no rows show that they are not needed."""
    if model.network.dtype == np.float32:
        return "float"
    if table is None:
        return "double"
    X = model.encoder.encode(calibration_rows(model, table)).dense()
    wanted, found = (Predictor(network)(X) for network in (model.network, model.network.astype(np.float32)))
    spread = spread_of(wanted) if isinstance(model.targets, Numbers) else 1.0
    return "float" if distances(wanted, found, spread).max(initial=0.0) <= NEAR else "double"


def calibration_rows(model: Model, table: Table) -> Table:
    """Rows that may set scales: of the table the model was trained on, those it was trained on."""
    rows: Sequence[int] | npt.NDArray[np.int64] = np.arange(table.n_rows)
    if model.held_out and model.target in table.columns and model.knows(table):
        from ..models.origin import parted

        present, parts = parted(table, model.labels_in(table), model.task, model.origin)
        rows = np.sort(present[parts.train])
    step = max(1, len(rows) // CALIBRATION)
    return table.take(np.asarray(rows)[::step])
