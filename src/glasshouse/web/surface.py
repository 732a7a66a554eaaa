"""The decision surface of a network that reads two numbers: what it answers at every place of the plane."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..estimators.targets import Classes, Target
from ..network.network import Network
from ..network.predictor import Predictor
from ..tables.encoder import TableEncoding
from ..tables.encodings import BEND, NumberEncoding, scaled
from .pictures import as_bytes

__all__ = ["Surface"]

Array = npt.NDArray[Any]
SIZE, MOST_POINTS = 48, 400
MARGIN = 0.12  # of the range of the points, beyond them


class Surface:
    """The plane of two number columns, with some rows as points on it."""

    def __init__(self, encoder: TableEncoding, targets: Target, X: Array, Y: Array):
        self.encodings = [e for e in encoder.encodings if isinstance(e, NumberEncoding)]
        self.targets = targets
        raw = np.stack([_raw(e, X[:, k]) for k, e in enumerate(self.encodings)], axis=1)
        self.low, self.high = (raw.min(axis=0), raw.max(axis=0))
        room = MARGIN * np.where(self.high > self.low, self.high - self.low, 1.0)
        self.low, self.high = self.low - room, self.high + room
        axes = [np.linspace(low, high, SIZE) for low, high in zip(self.low, self.high, strict=True)]
        x, y = np.meshgrid(*axes)
        self.grid = np.stack(
            [scaled(values.ravel(), e.median, e.scale) for values, e in zip((x, y), self.encodings, strict=True)],
            axis=1,
        )
        values = targets.places(Y) if isinstance(targets, Classes) else targets.decoded(Y)
        self.points = [
            [float(f"{a:.4g}"), float(f"{b:.4g}"), float(value)]
            for (a, b), value in zip(raw[:MOST_POINTS], values[:MOST_POINTS].tolist(), strict=True)
        ]

    @staticmethod
    def fits(encoder: TableEncoding) -> bool:
        """Whether a network reads two numbers and nothing else."""
        return len(encoder.encodings) == 2 and all(
            isinstance(e, NumberEncoding) and len(e.features) == 1 for e in encoder.encodings
        )

    def drawn(self, network: Network) -> dict[str, Any]:
        """What the network answers now; rows of the picture from the bottom up."""
        outputs = Predictor(network, threads=1)(self.grid.astype(network.dtype))
        shares, low, high = self._shares(np.nan_to_num(outputs.astype(np.float64)))
        return {
            "x": self.encodings[0].name,
            "y": self.encodings[1].name,
            "low": self.low.tolist(),
            "high": self.high.tolist(),
            "size": SIZE,
            "classes": [str(c) for c in self.targets.classes] if isinstance(self.targets, Classes) else None,
            "values": shares,
            "range": [low, high],
            "points": self.points,
        }

    def _shares(self, outputs: Array) -> tuple[str, float, float]:
        """As bytes: the probability of the second of two classes, the place of the likeliest of more, or the number."""
        if outputs.shape[1] > 1:
            places = outputs.argmax(axis=1)
            return as_bytes(places / 255), 0.0, float(outputs.shape[1] - 1)
        if isinstance(self.targets, Classes):
            return as_bytes(outputs[:, 0]), 0.0, 1.0
        numbers = self.targets.decoded(outputs)
        low, high = float(numbers.min()), float(numbers.max())
        return as_bytes((numbers - low) / (high - low) if high > low else np.zeros(len(numbers))), low, high


def _raw(encoding: NumberEncoding, codes: Array) -> Array:
    """What a column held: the bend and the scale of its encoding taken back."""
    bent = np.clip(np.asarray(codes, np.float64) / BEND, -0.999999, 0.999999)
    return np.asarray(encoding.median + encoding.scale * BEND * bent / np.sqrt(1 - bent**2))
