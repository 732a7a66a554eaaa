"""What a network's outputs mean: classes, labels or numbers, encoded into columns it can learn and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from ..network.losses import LOSSES, LossFunction
from ..network.network import Network

__all__ = ["Classes", "Labels", "Numbers", "Target", "Targets"]

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Classes:
    """Two classes are one output, more are one output each.

    Under losses of probabilities the outputs are sigmoid or softmax and the targets 0 and 1; under margin losses
    (hinge, perceptron) they are decision values or signs, one class against the rest, and the targets -1 and 1.
    """

    classes: Array
    loss: str | LossFunction = "cross_entropy"

    loss_scale: ClassVar[float] = 1.0

    @property
    def description(self) -> str:
        return f"{len(self.classes)} classes"

    @property
    def margins(self) -> bool:
        """Whether the loss judges decision values instead of probabilities."""
        return isinstance(self.loss, str) and LOSSES[self.loss].targets == "-1 and 1"

    @property
    def output(self) -> str:
        if self.margins:
            return LOSSES[str(self.loss)].outputs[0]
        return "sigmoid" if len(self.classes) == 2 else "softmax"

    @property
    def n_outputs(self) -> int:
        return 1 if len(self.classes) == 2 else len(self.classes)

    @property
    def output_names(self) -> list[str]:
        """The class of each output; of two classes the second."""
        return [str(label) for label in self.classes[-self.n_outputs :]]

    def find(self, y: Array) -> Array:
        """The place of each label among the classes, which may stand in any order."""
        order = np.argsort(self.classes)
        return np.asarray(order[np.searchsorted(self.classes, y, sorter=order)])

    def checked(self, y: Any, where: str = "y") -> Array:
        """A column of labels, every one of them among the classes.

        Raises
        ------
        ValueError
            If it has several columns, or a label is none of the classes; `where` is what it is called.
        """
        y = np.asarray(y)
        if y.ndim != 1 and y.size != len(y):
            raise ValueError(f"{where} has the shape {y.shape}: give one column of labels")
        unknown = y.ravel()[~np.isin(y.ravel(), self.classes)]
        if len(unknown):
            known = ", ".join(map(repr, self.classes[:5].tolist())) + (", …" if len(self.classes) > 5 else "")
            raise ValueError(
                f"{where} holds the class {unknown.tolist()[0]!r}, the classes are {known}: leave such rows out"
            )
        return y.ravel()

    def encode(self, y: Array, dtype: npt.DTypeLike) -> Array:
        """(n,) labels to (n, n_outputs) numbers."""
        return self.encode_places(self.find(y), dtype)

    def encode_places(self, places: Array, dtype: npt.DTypeLike) -> Array:
        """The same, from the place of each label among the classes."""
        ones = places[:, None] if len(self.classes) == 2 else places[:, None] == np.arange(len(self.classes))
        ones = ones.astype(dtype)
        return ones * 2 - 1 if self.margins else ones

    def probabilities(self, outputs: Array) -> Array:
        """(n, n_outputs) activations to (n, n_classes) probabilities."""
        return np.column_stack((1 - outputs[:, 0], outputs[:, 0])) if len(self.classes) == 2 else outputs

    def places(self, outputs: Array) -> Array:
        """The place among the classes of the likeliest one."""
        threshold = 0.0 if self.margins else 0.5
        return (outputs[:, 0] > threshold).astype(int) if len(self.classes) == 2 else outputs.argmax(axis=1)

    def decode(self, outputs: Array) -> Array:
        """The likeliest label of each row."""
        return np.asarray(self.classes[self.places(outputs)])

    def score(self, outputs: Array, Y: Array, weight: Array | None) -> float:
        """Accuracy: accuracy_score without its checks, a millisecond each, as pruning asks 200 times a point."""
        return float(np.average(self.places(Y) == self.places(outputs), weights=weight))

    def finished(self, network: Network) -> Network:
        return network

    def unfinished(self, network: Network) -> Network:
        return network


@dataclass(frozen=True, eq=False)
class Labels:
    """Any number of labels at once: one sigmoid output each, judged by the sum of their cross-entropies."""

    classes: Array
    loss: str | LossFunction = "cross_entropy"

    output: ClassVar[str] = "sigmoid"
    loss_scale: ClassVar[float] = 1.0

    @property
    def n_outputs(self) -> int:
        return len(self.classes)

    @property
    def output_names(self) -> list[str]:
        """The label of each output."""
        return [str(label) for label in self.classes]

    def checked(self, y: Any, where: str = "y") -> Array:
        """(n, n_labels) zeros and ones.

        Raises
        ------
        ValueError
            If it has another shape, or holds anything else; `where` is what it is called.
        """
        from scipy.sparse import issparse

        y = y.toarray() if issparse(y) else np.asarray(y)
        if y.ndim != 2 or y.shape[1] != self.n_outputs:
            raise ValueError(f"{where} has the shape {y.shape}: give {self.n_outputs} columns, one for each label")
        odd = y[~np.isin(y, (0, 1))]
        if len(odd):
            raise ValueError(f"{where} holds {odd.tolist()[0]!r}: many labels are columns of 0 and 1")
        return y

    def encode(self, y: Array, dtype: npt.DTypeLike) -> Array:
        """(n, n_labels) zeros and ones, in another precision."""
        return np.ascontiguousarray(y, dtype)

    def probabilities(self, outputs: Array) -> Array:
        """The probability of each label, (n, n_labels)."""
        return outputs

    def decode(self, outputs: Array) -> Array:
        """(n, n_labels): 1 where a label is likelier than not."""
        return (outputs > 0.5).astype(int)

    def score(self, outputs: Array, Y: Array, weight: Array | None) -> float:
        """The share of rows with every label right, as scikit-learn's accuracy."""
        from sklearn.metrics import accuracy_score

        return float(accuracy_score(Y > 0.5, outputs > 0.5, sample_weight=weight))

    def finished(self, network: Network) -> Network:
        return network

    def unfinished(self, network: Network) -> Network:
        return network


@dataclass(frozen=True, eq=False)
class Numbers:
    """Numbers, brought to a size that suits the output while training; the scale is folded into the network afterwards.

    Identity outputs learn targets of mean 0 and deviation 1, exp outputs learn targets of mean 1, others learn the
    targets as they are.
    """

    mean: Array
    scale: Array
    loss: str | LossFunction = "squared_error"
    output: str = "identity"

    description: ClassVar[str] = "a number"

    @classmethod
    def of(
        cls,
        y: Array,
        weight: Array | None = None,
        loss: str | LossFunction = "squared_error",
        output: str = "identity",
    ) -> Numbers:
        """Learn the size of y (n,) or (n, n_outputs)."""
        y = y.reshape(len(y), -1)
        with np.errstate(over="ignore", invalid="ignore"):
            mean = np.average(y, axis=0, weights=weight)
        if not np.isfinite(mean).all():
            raise ValueError(f"y holds {np.abs(y).max():g}, too large to be averaged: scale it down")
        nothing = np.zeros_like(mean)
        if output == "identity":
            away = y - mean
            farthest = np.abs(away).max(axis=0)
            farthest = np.where(farthest > 0, farthest, 1.0)  # squares of numbers up to 1 neither overflow nor vanish
            scale = farthest * np.sqrt(np.average((away / farthest) ** 2, axis=0, weights=weight))
            return cls(mean, np.where(scale > 0, scale, 1.0), loss, output)
        if output == "exp":
            return cls(nothing, np.where(mean > 0, mean, 1.0), loss, output)
        return cls(nothing, nothing + 1.0, loss, output)

    @property
    def loss_scale(self) -> float:
        """½ for squared error, as scikit-learn has it."""
        return 0.5 if self.loss == "squared_error" else 1.0

    @property
    def n_outputs(self) -> int:
        return len(self.mean)

    def checked(self, y: Any, where: str = "y") -> Array:
        """(n,) or (n, n_outputs) numbers.

        Raises
        ------
        ValueError
            If it has another shape, or holds what is no number the loss can judge; `where` is what it is called.
        """
        try:
            y = np.asarray(y, np.float64)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{where} holds what is no number ({error}): give numbers") from error
        columns = 1 if y.ndim == 1 else y.shape[1] if y.ndim == 2 else 0
        if columns != self.n_outputs:
            raise ValueError(f"{where} has the shape {y.shape}: give {self.n_outputs} numbers a row")
        if not np.isfinite(y).all():
            raise ValueError(f"{where} holds missing or infinite numbers: leave such rows out")
        if self.loss == "poisson" and (y < 0).any():
            raise ValueError(
                f"poisson judges counts, and {where} holds {y.min():g}: leave such rows out, or choose squared_error"
            )
        return y

    def encode(self, y: Array, dtype: npt.DTypeLike) -> Array:
        """To (n, n_outputs) columns of that size."""
        with np.errstate(over="ignore"):
            encoded = np.ascontiguousarray((y.reshape(len(y), -1) - self.mean) / self.scale, dtype)
        if not np.isfinite(encoded).all():
            raise ValueError(f"y holds {np.abs(y).max():g}, too large for {np.dtype(dtype)}: scale it down")
        return encoded

    def decoded(self, columns: Array) -> Array:
        """The numbers that `encode` made columns of, or that a network answers which is not finished yet."""
        return self.decode(columns * self.scale + self.mean)

    def decode(self, outputs: Array) -> Array:
        """The outputs of a finished network, (n,) where there is one."""
        return outputs[:, 0] if outputs.shape[1] == 1 else outputs

    def score(self, outputs: Array, Y: Array, weight: Array | None) -> float:
        """R², the same on these columns as on the user's."""
        from sklearn.metrics import r2_score

        return float(r2_score(Y, outputs, sample_weight=weight)) if len(Y) > 1 else float("nan")

    def finished(self, network: Network) -> Network:
        """The network with the scale of the targets folded into its last layer.

        In float64 where float32 would lose digits that matter: a mean far larger than the deviation, or very large or
        small numbers.
        """
        if self.output not in ("identity", "exp"):
            return network
        sizes = np.abs(np.concatenate((self.mean, self.scale)))
        far = (np.abs(self.mean) > 1e3 * self.scale).any() or sizes.max() > 1e30 or self.scale.min() < 1e-30
        return (network.astype(np.float64) if far else network).rescaled(self.scale, self.mean)

    def unfinished(self, network: Network) -> Network:
        """The network that `finished` made another of."""
        if self.output not in ("identity", "exp"):
            return network
        return network.rescaled(1 / self.scale, -self.mean / self.scale)


Target = Classes | Numbers  # of one column of a table
Targets = Target | Labels
