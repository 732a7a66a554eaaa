"""What a network's outputs mean: classes or numbers, encoded into columns it can learn and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import accuracy_score, r2_score

from ..network.network import Network

__all__ = ["Classes", "Numbers", "Targets"]

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Classes:
    """Two classes are one sigmoid output, more are one softmax output each; both judged by cross-entropy."""

    classes: Array

    loss, loss_scale = "cross_entropy", 1.0

    @property
    def description(self) -> str:
        return f"{len(self.classes)} classes"

    @property
    def output(self) -> str:
        return "sigmoid" if len(self.classes) == 2 else "softmax"

    @property
    def n_outputs(self) -> int:
        return 1 if len(self.classes) == 2 else len(self.classes)

    def find(self, y: Array) -> Array:
        """The place of each label among the classes, which may stand in any order."""
        order = np.argsort(self.classes)
        return np.asarray(order[np.searchsorted(self.classes, y, sorter=order)])

    def encode(self, y: Array, dtype: npt.DTypeLike) -> Array:
        """(n,) labels to (n, n_outputs) zeros and ones."""
        places = self.find(y)
        if len(self.classes) == 2:
            return places[:, None].astype(dtype)
        return np.eye(len(self.classes), dtype=dtype)[places]

    def probabilities(self, outputs: Array) -> Array:
        """(n, n_outputs) activations to (n, n_classes) probabilities."""
        return np.column_stack((1 - outputs[:, 0], outputs[:, 0])) if len(self.classes) == 2 else outputs

    def places(self, outputs: Array) -> Array:
        """The place among the classes of the likeliest one."""
        return (outputs[:, 0] > 0.5).astype(int) if len(self.classes) == 2 else outputs.argmax(axis=1)

    def decode(self, outputs: Array) -> Array:
        """The likeliest label of each row."""
        return np.asarray(self.classes[self.places(outputs)])

    def score(self, outputs: Array, Y: Array, weight: Array | None) -> float:
        """Accuracy."""
        return float(accuracy_score(self.places(Y), self.places(outputs), sample_weight=weight))

    def finished(self, network: Network) -> Network:
        return network


@dataclass(frozen=True, eq=False)
class Numbers:
    """Identity outputs judged by half the squared error, on targets of mean 0 and deviation 1 while training."""

    mean: Array
    scale: Array

    output, loss, loss_scale = "identity", "squared_error", 0.5
    description = "a number"

    @classmethod
    def of(cls, y: Array) -> Numbers:
        """Learn mean and deviation of y (n,) or (n, n_outputs)."""
        y = y.reshape(len(y), -1)
        scale = y.std(axis=0)
        return cls(y.mean(axis=0), np.where(scale > 0, scale, 1.0))

    @property
    def n_outputs(self) -> int:
        return len(self.mean)

    def encode(self, y: Array, dtype: npt.DTypeLike) -> Array:
        """To (n, n_outputs) standardised columns."""
        return ((y.reshape(len(y), -1) - self.mean) / self.scale).astype(dtype)

    def decode(self, outputs: Array) -> Array:
        """The outputs of a finished network, (n,) where there is one."""
        return outputs[:, 0] if outputs.shape[1] == 1 else outputs

    def score(self, outputs: Array, Y: Array, weight: Array | None) -> float:
        """R², the same on standardised targets as on the user's."""
        return float(r2_score(Y, outputs, sample_weight=weight)) if len(Y) > 1 else float("nan")

    def finished(self, network: Network) -> Network:
        """The network with the scale of the targets folded into its last layer.

        In float64 where float32 would lose digits that matter: a mean far larger than the deviation, or very large or
        small numbers.
        """
        sizes = np.abs(np.concatenate((self.mean, self.scale)))
        far = (np.abs(self.mean) > 1e3 * self.scale).any() or sizes.max() > 1e30 or self.scale.min() < 1e-30
        return (network.astype(np.float64) if far else network).rescaled(self.scale, self.mean)


Targets = Classes | Numbers
