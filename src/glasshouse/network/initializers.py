"""The table of initialisers: a distribution, and the standard deviation it takes from a unit's connections.

fan_in counts the connections into a unit and fan_out those out of an input. In a sparse layer both are counted unit by
unit, so a unit with few inputs starts with larger weights.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..errors import choose

__all__ = ["INITIALIZERS", "Initializer", "initializer"]

Counts = npt.NDArray[Any]


class Initializer(NamedTuple):
    """One row: weights of mean 0 and this standard deviation, uniform or normal."""

    name: str
    distribution: str
    formula: str
    deviation: Callable[[Counts, Counts], Counts]
    source: str

    def draw(self, rng: np.random.Generator, fan_in: Counts, fan_out: Counts) -> npt.NDArray[np.float64]:
        """Draw one weight for each pair of counts; both are arrays of the shape that is wanted."""
        draw = (
            rng.standard_normal(fan_in.shape)
            if self.distribution == "normal"
            else rng.uniform(-1, 1, fan_in.shape) * 3**0.5
        )
        return np.asarray(draw * self.deviation(fan_in, fan_out))


INITIALIZERS = {
    row.name: row
    for row in (
        Initializer("uniform", "uniform", "0.05", lambda i, o: 0.05 + 0 * i, "a fixed scale, whatever the layer"),
        Initializer("normal", "normal", "0.05", lambda i, o: 0.05 + 0 * i, "a fixed scale, whatever the layer"),
        Initializer("lecun", "normal", "sqrt(1 / fan_in)", lambda i, o: np.sqrt(1 / i), "LeCun et al. 1998"),
        Initializer(
            "glorot_uniform",
            "uniform",
            "sqrt(2 / (fan_in + fan_out))",
            lambda i, o: np.sqrt(2 / (i + o)),
            "Glorot, Bengio 2010",
        ),
        Initializer(
            "glorot_normal",
            "normal",
            "sqrt(2 / (fan_in + fan_out))",
            lambda i, o: np.sqrt(2 / (i + o)),
            "Glorot, Bengio 2010",
        ),
        Initializer("he_uniform", "uniform", "sqrt(2 / fan_in)", lambda i, o: np.sqrt(2 / i), "He et al. 2015"),
        Initializer("he_normal", "normal", "sqrt(2 / fan_in)", lambda i, o: np.sqrt(2 / i), "He et al. 2015"),
    )
}
ALIASES = {"glorot": "glorot_uniform", "xavier": "glorot_uniform", "he": "he_normal"}


def initializer(name: str) -> Initializer:
    """Return the row of this name; ``'xavier'`` and ``'glorot'`` are glorot_uniform, ``'he'`` is he_normal.

    Examples
    --------
    >>> initializer("xavier").formula
    'sqrt(2 / (fan_in + fan_out))'
    """
    return INITIALIZERS[choose("initializer", ALIASES.get(name, name), (*INITIALIZERS, *ALIASES))]
