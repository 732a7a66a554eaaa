"""The table of initialisers: a distribution, and the standard deviation it takes from a unit's connections.

fan_in counts the connections into a unit and fan_out those out of an input. In a sparse layer both are counted unit by
unit, so a unit with few inputs starts with larger weights.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..errors import OptionError, choose, expect_number

__all__ = ["ALIASES", "INITIALIZERS", "Initializer", "Row", "initializer"]

Counts = npt.NDArray[Any]
Draw = Callable[[np.random.Generator, tuple[int, ...]], npt.NDArray[np.float64]]


def _orthogonal(rng: np.random.Generator, shape: tuple[int, ...]) -> npt.NDArray[np.float64]:
    """The Q of a normal matrix, its signs made unique (Saxe et al. 2014); variance 1 / the longer side, made 1 here."""
    if len(shape) != 2:
        raise OptionError("orthogonal needs every weight of a layer: with density below 1 choose he_normal")
    tall = rng.standard_normal((max(shape), min(shape)))
    q, r = np.linalg.qr(tall)
    q *= np.where(np.diag(r) < 0, -1.0, 1.0)
    return np.asarray((q if shape[0] >= shape[1] else q.T) * max(shape) ** 0.5)


DISTRIBUTIONS: dict[str, Draw] = {  # each of mean 0 and deviation 1
    "zeros": lambda rng, shape: np.zeros(shape),
    "uniform": lambda rng, shape: rng.uniform(-1, 1, shape) * 3**0.5,
    "normal": lambda rng, shape: rng.standard_normal(shape),
    "orthogonal": _orthogonal,
}


class Row(NamedTuple):
    """One row: weights of mean 0 and this standard deviation; `scale` is its default."""

    name: str
    distribution: str
    formula: str
    deviation: Callable[[Counts, Counts], Counts]
    source: str
    scale: float = 1.0


def _fixed(i: Counts, o: Counts) -> Counts:
    return np.ones_like(i)


def _lecun(i: Counts, o: Counts) -> Counts:
    return np.sqrt(1 / i)


def _glorot(i: Counts, o: Counts) -> Counts:
    return np.sqrt(2 / (i + o))


def _he(i: Counts, o: Counts) -> Counts:
    return np.sqrt(2 / i)


INITIALIZERS = {
    row.name: row
    for row in (
        Row("zeros", "zeros", "0", lambda i, o: 0 * i, "for a layer without hidden ones: its loss is convex"),
        Row("uniform", "uniform", "scale / sqrt(3)", lambda i, o: _fixed(i, o) / 3**0.5, "within ± scale", 0.05),
        Row("normal", "normal", "scale", _fixed, "a fixed deviation, whatever the layer", 0.05),
        Row("lecun_uniform", "uniform", "scale * sqrt(1 / fan_in)", _lecun, "LeCun et al. 1998"),
        Row("lecun_normal", "normal", "scale * sqrt(1 / fan_in)", _lecun, "LeCun et al. 1998"),
        Row("glorot_uniform", "uniform", "scale * sqrt(2 / (fan_in + fan_out))", _glorot, "Glorot, Bengio 2010"),
        Row("glorot_normal", "normal", "scale * sqrt(2 / (fan_in + fan_out))", _glorot, "Glorot, Bengio 2010"),
        Row("he_uniform", "uniform", "scale * sqrt(2 / fan_in)", _he, "He et al. 2015"),
        Row("he_normal", "normal", "scale * sqrt(2 / fan_in)", _he, "He et al. 2015"),
        Row(
            "orthogonal",
            "orthogonal",
            "scale * sqrt(1 / max(fan_in, fan_out))",
            lambda i, o: np.sqrt(1 / np.maximum(i, o)),
            "Saxe et al. 2014",
        ),
    )
}
ALIASES = {
    "lecun": "lecun_normal",
    "glorot": "glorot_uniform",
    "xavier": "glorot_uniform",
    "xavier_uniform": "glorot_uniform",
    "xavier_normal": "glorot_normal",
    "he": "he_normal",
}


@dataclass(frozen=True)
class Initializer:
    """An initialiser with a scale of its own.

    Parameters
    ----------
    name : str
        A name of the table; ``'xavier'`` and ``'glorot'`` are glorot_uniform, ``'he'`` is he_normal.
    scale : float, optional
        Multiplies the row's deviation; of uniform it is half the width, of normal the deviation, 0.05 if not given.

    Raises
    ------
    OptionError
        If there is no such name, or the scale is not a number above 0.

    Examples
    --------
    >>> Initializer("normal", scale=0.1)
    Initializer(name='normal', scale=0.1)
    >>> Initializer("xavier").row.formula
    'scale * sqrt(2 / (fan_in + fan_out))'
    """

    name: str
    scale: float | None = None

    def __post_init__(self) -> None:
        name = choose("initializer", ALIASES.get(str(self.name), str(self.name)), (*INITIALIZERS, *ALIASES))
        object.__setattr__(self, "name", name)
        scale = INITIALIZERS[name].scale if self.scale is None else self.scale
        expect_number(f"the scale of {name}", scale, lambda s: 0 < s < float("inf"), "a number above 0")
        object.__setattr__(self, "scale", float(scale))

    @property
    def row(self) -> Row:
        return INITIALIZERS[self.name]

    def draw(self, rng: np.random.Generator, fan_in: Counts, fan_out: Counts) -> npt.NDArray[np.float64]:
        """Draw one weight for each pair of counts; both are arrays of the shape that is wanted."""
        deviation = np.float64(self.scale) * self.row.deviation(fan_in, fan_out)
        return np.asarray(DISTRIBUTIONS[self.row.distribution](rng, fan_in.shape) * deviation)


def initializer(choice: str | Initializer) -> Initializer:
    """Return the initialiser of a name, or the one given.

    Examples
    --------
    >>> initializer("he")
    Initializer(name='he_normal', scale=1.0)
    """
    return choice if isinstance(choice, Initializer) else Initializer(choice)
