"""What stands between the nodes of an ONNX file as it is read: constants, and what has become of the rows so far.

An activation is told by its values at `PROBES`, which reach to where single precision ends: what is clipped, however
far out, is none.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import SparseTensorProto, TensorProto, numpy_helper

from ...network.activations import ACTIVATIONS

__all__ = [
    "MOST_WIDTH",
    "PROBES",
    "TYPES",
    "WORD",
    "Budget",
    "Labels",
    "Marks",
    "Places",
    "Signal",
    "Spread",
    "Unfit",
    "Value",
    "activation_of",
    "array_of",
    "checked_spread",
    "near",
    "short",
    "spread_of",
]

Array = npt.NDArray[Any]
MOST_WIDTH = 1 << 16  # of a layer; each of its inputs may become a column
WORD = 64  # bytes of a short text, with its place in a tuple
TYPES: dict[int, tuple[str, str]] = {  # numpy's name, and the field that holds the numbers unless raw_data does
    TensorProto.FLOAT: ("float32", "float_data"),
    TensorProto.DOUBLE: ("float64", "double_data"),
    TensorProto.FLOAT16: ("float16", "int32_data"),
    TensorProto.INT64: ("int64", "int64_data"),
    TensorProto.INT32: ("int32", "int32_data"),
    TensorProto.UINT16: ("uint16", "int32_data"),
    TensorProto.UINT8: ("uint8", "int32_data"),
    TensorProto.INT8: ("int8", "int32_data"),
    TensorProto.BOOL: ("bool", "int32_data"),
    TensorProto.STRING: ("object", "string_data"),
}
FIELDS = ("raw_data", *sorted({where for _, where in TYPES.values()}), "uint64_data")
FAR = (1e2, 3e2, 7e2, 1e3, 1e4, 1e5, 1e6, 1e9, 1e12, 1e18, 1e25, 1e32, 1e38)
PROBES = np.concatenate(([0.0], *(sign * np.r_[np.geomspace(1e-3, 40, 30), FAR] for sign in (1, -1))))  # z
KNOWN = {row.name: row.value(PROBES) for row in ACTIVATIONS.values() if row.elementwise}
STRAIGHT = ("identity", "relu", "leaky_relu", "sign")  # made of lines, which are told at each probe
OVERFLOW = np.abs(PROBES) > 709  # where exp(z) is beyond double precision, and with it what is spelled by it
NEAR = 2e-6  # how far f may be from an activation, relative to max(1, |f|): constants of files are single precision


class Unfit(Exception):
    """Why a file is not a network that can be read; the words say what, and the cure."""


@dataclass(frozen=True, eq=False)
class Spread:
    """A constant that is zero but for some places: the weights of a sparse layer, never written out.

    Attributes
    ----------
    shape : tuple of int
    places : (n,) int64
        In the order of rows, ascending.
    values : (n,) numbers
    """

    shape: tuple[int, ...]
    places: npt.NDArray[np.int64]
    values: Array

    @property
    def nbytes(self) -> int:
        return self.places.nbytes + self.values.nbytes


@dataclass(frozen=True, eq=False)
class Signal:
    """Rows on their way through the network: f(z) of the last layer, f told by its values at `PROBES`.

    Attributes
    ----------
    layers : tuple of (w, b, activation)
        Those that are complete: w (fan_out, fan_in), b (fan_out,) or None.
    linear : (w, b) or None
        The last layer, whose activation is still being read; None before the first.
    width : int or None
        Columns; None where the file does not say how many go in.
    probe : (n_probes,) float64, or bool for a comparison
    softmax : bool
        Whether the last layer ends in it.
    both : bool
        Whether these are the two columns 1 - f(z) and f(z) of one z.
    """

    layers: tuple[tuple[Any, Array | None, str], ...]
    linear: tuple[Any, Array | None] | None
    width: int | None
    probe: Array = field(default_factory=lambda: PROBES)
    softmax: bool = False
    both: bool = False
    flat: bool = True

    def same(self, other: Signal) -> bool:
        """Whether both are functions of one z."""
        return self.linear is other.linear and len(self.layers) == len(other.layers) and self.flat and other.flat

    @property
    def nbytes(self) -> int:
        """Of the last layer's weights."""
        return sum(array.nbytes for array in self.linear or () if array is not None)


@dataclass(frozen=True, eq=False)
class Places:
    """For each row the place of the largest output."""

    of: Signal


@dataclass(frozen=True, eq=False)
class Labels:
    """For each row the name of the class of the largest output."""

    of: Signal
    classes: tuple[str, ...]

    @property
    def nbytes(self) -> int:
        return WORD * len(self.classes)


@dataclass(frozen=True, eq=False)
class Marks:
    """For each row and output, 1 where z is above 0: labels each of its own."""

    of: Signal


Value = Array | Spread | Signal | Places | Labels | Marks


@dataclass
class Budget:
    """How many bytes what a graph computes from constants may take, all of it together."""

    most: int
    spent: int = 0

    def room(self, n_bytes: int) -> None:
        """Refuse what would take more than is left: for before it is made."""
        if self.spent + n_bytes > self.most:
            raise Unfit(f"the constants grow to {self.spent + n_bytes:,} bytes: fold them before saving")

    def take(self, made: Value, given: Sequence[Value | None]) -> None:
        """Count what a node made, unless it is there already, as one of those it was given."""
        if isinstance(made, Signal):
            new = not any(isinstance(value, Signal) and value.linear is made.linear for value in given)
        else:
            new = not any(value is made for value in given)
        n_bytes = made.nbytes if new and not isinstance(made, Places | Marks) else 0
        self.room(n_bytes)
        self.spent += n_bytes


def activation_of(signal: Signal) -> str:
    """Which activation f is, told by its values."""
    if signal.softmax:
        return "softmax"
    for name, values in KNOWN.items():
        if signal.probe.dtype != bool and near(signal.probe, values, overflows=name not in STRAIGHT):
            return name
    cure = "leaky_relu has the slope 0.01, elu alpha 1, gelu is by erf, nothing is clipped"
    raise Unfit(f"what stands before it is none of {', '.join(KNOWN)}: {cure}")


def near(found: Array, wanted: Array, *, overflows: bool) -> bool:
    """Whether two functions are one at the probes; one that `overflows` may be no finite number where exp is none."""
    with np.errstate(all="ignore"):
        close = np.abs(found - wanted) <= NEAR * np.maximum(1, np.abs(wanted))
    fits = np.where(np.isfinite(wanted), close, found == wanted)
    return bool((fits | (OVERFLOW & ~np.isfinite(found) if overflows else False)).all())


def short(name: object) -> str:
    """A name from a file for a message: quoted, of one line, not too long."""
    text = repr(name)
    return text if len(text) <= 60 else f"{text[:56]}…{text[0]}"


def array_of(tensor: TensorProto) -> Array:
    """The array of a tensor, nothing of it believed before it is checked.

    Raises
    ------
    Unfit
        If its numbers are elsewhere, of a type that is not read, or not as many as it claims.
    """
    what = f"tensor {short(tensor.name)}"
    if tensor.data_location != TensorProto.DEFAULT or len(tensor.external_data):
        raise Unfit(f"{what} keeps its numbers in another file, which is not opened: save the model as one file")
    if tensor.HasField("segment"):
        raise Unfit(f"{what} is a segment of another: save it whole")
    if tensor.data_type not in TYPES:
        raise Unfit(f"{what} is of element type {tensor.data_type}, which is not read: save it as float32")
    dims = tuple(tensor.dims)
    kind, where = TYPES[tensor.data_type]
    filled = [name for name in FIELDS if len(getattr(tensor, name))]
    count = math.prod(dims) if min(dims, default=0) >= 0 else -1
    raw = filled == ["raw_data"] and kind != "object"
    there = len(tensor.raw_data) / np.dtype(kind).itemsize if raw else len(getattr(tensor, where))
    if count < 0 or there != count or not (raw or filled in ([], [where])):
        raise Unfit(f"{what} claims the shape {short(list(dims))} and holds {there:g} numbers: the file is damaged")
    try:
        if kind == "object":  # each word for itself: an array of text is as wide as the longest for each
            words = np.empty(count, object)
            words[:] = [word.decode() for word in tensor.string_data]
            return words.reshape(dims)
        return np.asarray(numpy_helper.to_array(tensor)).reshape(dims)
    except (ValueError, TypeError, OverflowError, UnicodeError) as error:
        raise Unfit(f"{what} cannot be read ({short(str(error))}): the file is damaged") from error


def spread_of(tensor: SparseTensorProto) -> Spread:
    """A sparse tensor of the file."""
    values, indices = array_of(tensor.values), array_of(tensor.indices)
    what, shape = f"sparse tensor {short(tensor.values.name)}", tuple(tensor.dims)
    if len(shape) != 2 or not all(0 < size <= MOST_WIDTH for size in shape):
        raise Unfit(f"{what} has the shape {short(list(shape))}: the weights of a layer have two sizes to {MOST_WIDTH}")
    if values.ndim != 1 or indices.dtype != np.int64 or indices.shape not in ((len(values),), (len(values), 2)):
        raise Unfit(f"{what} has {values.size} values and indices of shape {list(indices.shape)}: they do not fit")
    if indices.ndim == 2:
        if ((indices < 0) | (indices >= np.array(shape))).any():
            raise Unfit(f"{what} points outside its shape {list(shape)}: the file is damaged")
        indices = indices[:, 0] * shape[1] + indices[:, 1]
    return checked_spread(what, shape, indices, values)


def checked_spread(what: str, shape: tuple[int, ...], places: Array, values: Array) -> Spread:
    """Values at places that are inside and ascend once sorted, each once."""
    places = places.astype(np.int64)
    order = np.argsort(places, kind="stable")
    places, values = places[order], values[order]
    inside = not len(places) or (places[0] >= 0 and places[-1] < math.prod(shape))
    if not inside or not (np.diff(places) > 0).all():
        raise Unfit(f"{what} puts values outside its shape {list(shape)}, or two in one place: the file is damaged")
    return Spread(shape, places, values)
