"""What a fitted pipeline makes of its columns, written down as sums, and the encodings that make the same.

A feature of theirs is (a sum of atoms - center) / scale; an atom is what an encoding of ours can tell of a column: its
number, one level, that it is missing. So theirs are A ours + c, and a network over theirs is one over ours by its first
layer: w (A x + c) + b = (w A) x + (w c + b). Order, scales of zeros and ones and columns used twice are all in A.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ...errors import OptionError
from ...network.layers import Dense, Layer, Sparse
from ...network.network import Network
from ...network.topology import Topology
from ...tables.encodings import Encoding
from ...tables.taken import OneHotEncoding, ScaledEncoding

__all__ = ["Atom", "Cell", "Feature", "Levels", "Number", "encoded", "over"]

Array = npt.NDArray[np.float64]


class Cell(NamedTuple):
    """A column of which nothing is decided: it may become a number or levels. Missing cells take `fill`."""

    column: str
    fill: Any = None


class Number(NamedTuple):
    """A column read as a number; missing cells take `fill`, or are refused."""

    fill: float | None

    def __str__(self) -> str:
        return "a number" if self.fill is None else f"a number filled with {self.fill:g}"


class Levels(NamedTuple):
    """A column read as one of levels, those of `known` without a feature; missing cells are the level `fill`."""

    levels: tuple[str, ...]
    known: tuple[str, ...]
    numeric: bool
    fill: str | None

    def __str__(self) -> str:
        return f"one of {len(self.levels) + len(self.known)} levels"


class Atom(NamedTuple):
    """One thing that is told of a column: its number, one level, or, without `told`, that it is missing."""

    column: str
    told: Number | Levels | None = None
    level: str = ""


@dataclass(frozen=True)
class Feature:
    """(An atom - center) / scale."""

    atom: Atom
    center: float = 0.0
    scale: float = 1.0

    @property
    def may_be_missing(self) -> bool:
        """Whether it is a number that nothing has filled."""
        return self.atom.told == Number(None)

    def standardized(self, mean: float, deviation: float) -> Feature:
        """(This - mean) / deviation."""
        return replace(self, center=self.center + mean * self.scale, scale=self.scale * deviation)

    def filled(self, value: float) -> Feature:
        """This, `value` where its column is missing."""
        return replace(self, atom=self.atom._replace(told=Number(self.center + value * self.scale)))


def encoded(features: Sequence[Feature], columns: Sequence[str]) -> tuple[tuple[Encoding, ...], Array, Array]:
    """Encodings of the columns that are used, in their order, with A (n_theirs, n_ours) and c (n_theirs,).

    Raises
    ------
    OptionError
        If a column is used in two ways, or what was learned of it are no finite numbers.
    """
    told: dict[str, Number | Levels] = {}
    for atom in (feature.atom for feature in features):
        if atom.told is None:
            continue
        if told.setdefault(atom.column, atom.told) != atom.told:
            raise OptionError(
                f"column {atom.column!r} is used as {told[atom.column]} and as {atom.told}: "
                "copy it under another name, in the table and before the fit"
            )
    marked = {feature.atom.column for feature in features if feature.atom.told is None}
    used = [column for column in columns if column in told or column in marked]
    try:
        encodings = tuple(_encoding(column, told.get(column), column in marked, features) for column in used)
    except ValueError as error:
        raise OptionError(f"{error}: mend it, and fit again") from error
    starts = dict(zip(used, np.cumsum([0, *(len(encoding.features) for encoding in encodings)]).tolist()))
    by_name = dict(zip(used, encodings, strict=True))
    A = np.zeros((len(features), sum(len(encoding.features) for encoding in encodings)))
    c = np.zeros(len(features))
    for row, feature in enumerate(features):
        column = feature.atom.column
        places, size, origin = _read_off(feature.atom, by_name[column])
        A[row, [starts[column] + place for place in places]] = size / feature.scale
        c[row] = (origin - feature.center) / feature.scale
    return encodings, A, c


def _encoding(column: str, told: Number | Levels | None, marked: bool, features: Sequence[Feature]) -> Encoding:
    if isinstance(told, Number):
        first = next(feature for feature in features if feature.atom == Atom(column, told))
        return ScaledEncoding(column, told.fill, first.center, first.scale, marked)
    if told is None:
        return OneHotEncoding(column, (), (), None, missing=True, numeric=False)
    return OneHotEncoding(column, told.levels, told.known, None if marked else told.fill, marked, told.numeric)


def _read_off(atom: Atom, encoding: Encoding) -> tuple[list[int], float, float]:
    """Which features of an encoding add up to an atom, in what size, from what origin."""
    last = len(encoding.features) - 1
    if isinstance(encoding, ScaledEncoding):
        return ([last], 1.0, 0.0) if atom.told is None else ([0], encoding.scale, encoding.center)
    assert isinstance(encoding, OneHotEncoding)
    if not isinstance(atom.told, Levels):
        return [last], 1.0, 0.0
    place = encoding.levels.index(atom.level)
    filled_here = encoding.missing and atom.told.fill == atom.level  # both are told: the level is the two together
    return [place, last] if filled_here else [place], 1.0, 0.0


def over(network: Network, A: Array, c: Array) -> Network:
    """The network that reads x where this one reads A x + c."""
    views = network.views(network.parameters)
    first, (w, b) = network.layers[0], views[0]
    whole = first.dense(w).astype(np.float64)
    theirs, bias = whole @ A, b + whole @ c
    layer: Layer = Dense(A.shape[1], first.fan_out, first.activation)
    if isinstance(first, Sparse):
        mask = first.dense(np.ones_like(w)).astype(np.float64) @ (A != 0) > 0
        layer, theirs = Sparse(Topology.from_mask(mask), first.activation), theirs[mask]
    weights = [theirs, *(w for w, _ in views[1:])]
    biases = [bias, *(b for _, b in views[1:])]
    parameters = np.concatenate([part.ravel() for part in (*weights, *biases)])
    return Network((layer, *network.layers[1:]), parameters.astype(network.dtype))
