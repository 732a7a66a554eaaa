"""Compaction: what no longer does anything leaves a network, exactly, so that it is smaller for real.

A unit that puts out one number whatever comes in is folded into the biases above it; one that nobody listens to is
removed; of units with the same weights and bias one stays and speaks for all; an input that nobody reads is dropped.
Each may be what the next waits for, so this goes round until nothing changes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from ..errors import choose
from ..network.activations import activation
from ..network.filled import is_filled
from ..network.layers import Dense, Layer, Sparse
from ..network.network import Network
from ..network.predictor import Predictor
from ..network.topology import Topology

__all__ = ["STORAGES", "Compaction", "compacted"]

Array = npt.NDArray[Any]
STORAGES = {
    "size": "each layer as takes fewer bytes",
    "speed": "each layer as is multiplied faster, by the rule of `filled.py`",
}
BATCH = 32  # samples that `speed` is about
# Where an activation turns: it falls up to there, and rises from there on.
TURNS = {"gelu": -0.7517915246935645, "silu": -1.278464542761074}


@dataclass(frozen=True, eq=False)
class Compaction:
    """A smaller network that answers as the one before.

    Attributes
    ----------
    network : Network
    inputs : (n_features,) int64
        Which of the old inputs it reads, in their order.
    units : tuple of arrays
        Which of the old units each hidden layer still has.
    removed : dict of str to int
        How many units went, by cause: 'constant', 'unread', 'duplicate'; and 'inputs'.
    """

    network: Network
    inputs: npt.NDArray[np.int64]
    units: tuple[npt.NDArray[np.int64], ...]
    removed: dict[str, int] = field(default_factory=dict)


@dataclass
class _Part:
    """A layer while it is worked on: its weights as CSR, in float64, and which of the old units its rows are."""

    w: Any
    b: Array
    activation: str
    units: npt.NDArray[np.int64]


def compacted(
    network: Network,
    low: Array | None = None,
    high: Array | None = None,
    *,
    rows: Array | None = None,
    storage: str = "size",
    groups: Sequence[int] | None = None,
) -> Compaction:
    """Fold, remove and merge what can be, and store each layer dense or as CSR.

    Parameters
    ----------
    low, high : (n_features,), optional
        Between which numbers each input lies; without them, anywhere.
    rows : (n_samples, n_features), optional
        Fold units too that are constant on these rows: the outputs agree on them, and need not elsewhere.
    storage : {'size', 'speed'}
    groups : (n_features,), optional
        Which inputs go together: they are dropped where none of them is read. Each is on its own if None.

    Raises
    ------
    OptionError
        If there is no such storage.

    Examples
    --------
    >>> from glasshouse.network.network import perceptron_layers
    >>> network = Network(perceptron_layers(2, [2], 1, "relu", "identity"), np.array([0.0, 0, 0, 1, 3, 2, 5, 0, 1]))
    >>> smaller = compacted(network)  # the first unit is always relu(5): its 15 go into the bias
    >>> smaller.network.sizes, smaller.inputs.tolist(), smaller.network.parameters.tolist()
    ((1, 1, 1), [1], [1.0, 2.0, 0.0, 16.0])
    """
    choose("storage", storage, STORAGES)
    n = network.n_features
    low = np.full(n, -np.inf) if low is None else np.asarray(low, float)
    high = np.full(n, np.inf) if high is None else np.asarray(high, float)
    parts, inputs = _parts(network), np.arange(n)
    belongs = np.arange(n) if groups is None else np.asarray(groups)
    removed = dict.fromkeys(("constant", "unread", "duplicate", "inputs"), 0)
    seen = None if rows is None else _on_rows(network, rows)
    while True:
        gone = _fold_constants(parts, low[inputs], high[inputs], network.dtype, seen)
        removed["constant"] += gone
        for name, step in (("duplicate", _merge_duplicates), ("unread", _drop_unread)):
            count = step(parts)
            removed[name] += count
            gone += count
        read = np.isin(belongs[inputs], belongs[inputs][_listened_to(parts[0].w)])
        if not read.any():  # a network reads at least one
            read = belongs[inputs] == belongs[inputs][0]
        removed["inputs"] += int((~read).sum())
        parts[0].w, inputs = parts[0].w[:, read], inputs[read]
        if gone == 0:
            break
    layers = tuple(_stored(part, network, storage) for part in parts)
    weights = [_values(layer, part.w) for layer, part in zip(layers, parts, strict=True)]
    parameters = np.concatenate([*weights, *(part.b for part in parts)]).astype(network.dtype)
    return Compaction(Network(layers, parameters), inputs, tuple(part.units for part in parts[:-1]), removed)


def _parts(network: Network) -> list[_Part]:
    found = []
    for layer, (w, b) in zip(network.layers, network.views(network.parameters), strict=True):
        if isinstance(layer, Sparse):
            t = layer.topology
            pattern = w.astype(np.float64), t.inputs.copy(), t.row_starts.copy()  # zeros are taken out in place
            matrix = sparse.csr_array(pattern, shape=t.shape)
        else:
            matrix = sparse.csr_array(w.astype(np.float64))
        matrix.eliminate_zeros()
        found.append(_Part(matrix, b.astype(np.float64), layer.activation, np.arange(layer.fan_out)))
    return found


def _on_rows(network: Network, rows: Array) -> list[tuple[Array, Array]]:
    """The smallest and the largest activation of every hidden unit on some rows."""
    found = []
    for k in range(len(network.layers) - 1):
        below = Network(network.layers[: k + 1], _head(network, k + 1))
        a = Predictor(below)(rows)
        found.append((a.min(axis=0).astype(float), a.max(axis=0).astype(float)))
    return found


def _head(network: Network, depth: int) -> Array:
    views = network.views(network.parameters)[:depth]
    return np.concatenate([*(w.ravel() for w, _ in views), *(b for _, b in views)])


def _fold_constants(
    parts: list[_Part], low: Array, high: Array, dtype: Any, seen: list[tuple[Array, Array]] | None
) -> int:
    """Fold hidden units that cannot but put out one number; return how many."""
    gone = 0
    for k, (part, above) in enumerate(zip(parts, parts[1:], strict=False)):
        low, high = _range(part, low, high)
        if seen is not None:
            low, high = np.maximum(low, seen[k][0][part.units]), np.minimum(high, seen[k][1][part.units])
        constant = (low.astype(dtype) == high.astype(dtype)) & np.isfinite(low)
        constant[0] &= not constant.all() or above.w[:, [0]].nnz > 0  # the last of a layer stays, unheard
        if constant.any():
            above.b = above.b + above.w[:, constant] @ low[constant]
            stay = ~constant
            if not stay.any():
                stay[0] = True
                above.w = sparse.csr_array(above.w.shape)
            gone += int((~stay).sum())
            _remove(part, above, stay)
            low, high = low[stay], high[stay]
    return gone


def _range(part: _Part, low: Array, high: Array) -> tuple[Array, Array]:
    """Between which numbers a = f(w x + b) lies."""
    up, down = part.w.maximum(0), part.w.minimum(0)
    z_low, z_high = (part.b + _product(up, one) + _product(down, other) for one, other in ((low, high), (high, low)))
    row = activation(part.activation)
    ends = np.where(np.isfinite(z_low), z_low, 0), np.where(np.isfinite(z_high), z_high, 0)
    a_low = np.where(np.isfinite(z_low), row.value(ends[0]), row.low)
    a_high = np.where(np.isfinite(z_high), row.value(ends[1]), row.high)
    turn = TURNS.get(part.activation)
    if turn is not None:
        bottom = float(row.value(np.array([turn]))[0])
        left = row.value(ends[0])
        a_low = np.where((z_low < turn) & (z_high > turn), bottom, np.minimum(a_low, a_high))
        a_high = np.where(np.isneginf(z_low), np.maximum(a_high, 0), np.maximum(a_high, left))
        a_low = np.where(np.isneginf(z_low), bottom, a_low)
    return a_low, a_high


def _product(w: Any, x: Array) -> Array:
    """w x, where nothing times infinity is nothing."""
    data = w.data * x[w.indices]
    rows = np.repeat(np.arange(w.shape[0]), np.diff(w.indptr))
    return np.bincount(rows, data, minlength=w.shape[0])


def _merge_duplicates(parts: list[_Part]) -> int:
    """Of hidden units with the same weights and bias one stays, and its outgoing weights are the sum of all."""
    gone = 0
    for part, above in zip(parts, parts[1:], strict=False):
        first: dict[bytes, int] = {}
        speaks = np.arange(len(part.b))
        for unit in range(len(part.b)):
            own = slice(part.w.indptr[unit], part.w.indptr[unit + 1])
            key = part.w.indices[own].tobytes() + part.w.data[own].tobytes() + part.b[unit].tobytes()
            speaks[unit] = first.setdefault(key, unit)
        stay = speaks == np.arange(len(speaks))
        if not stay.all():
            gather = sparse.csr_array(
                (np.ones(len(speaks)), (np.arange(len(speaks)), speaks)), shape=(len(speaks),) * 2
            )
            above.w = sparse.csr_array(above.w @ gather)
            above.w.eliminate_zeros()
            gone += int((~stay).sum())
            _remove(part, above, stay)
    return gone


def _drop_unread(parts: list[_Part]) -> int:
    """Drop hidden units that nobody listens to, from the last layer down."""
    gone = 0
    for part, above in reversed(list(zip(parts, parts[1:], strict=False))):
        stay = _listened_to(above.w)
        stay[0] |= not stay.any()
        gone += int((~stay).sum())
        if not stay.all():
            _remove(part, above, stay)
    return gone


def _listened_to(w: Any) -> npt.NDArray[np.bool_]:
    return np.asarray(np.bincount(w.indices, minlength=w.shape[1]) > 0)


def _remove(part: _Part, above: _Part, stay: npt.NDArray[np.bool_]) -> None:
    part.w, part.b, part.units = part.w[stay], part.b[stay], part.units[stay]
    above.w = above.w[:, stay]


def _stored(part: _Part, network: Network, storage: str) -> Layer:
    fan_out, fan_in = part.w.shape
    count = part.w.nnz
    if storage == "speed":
        dense = network.may_fill and is_filled((fan_out, fan_in), count, BATCH, network.dtype)
    else:  # values and int32 inputs, and a start for each unit
        item = network.dtype.itemsize
        dense = fan_out * fan_in * item <= count * (item + 4) + (fan_out + 1) * 4
    if dense:
        return Dense(fan_in, fan_out, part.activation)
    part.w.sort_indices()
    return Sparse(Topology((fan_out, fan_in), part.w.indptr, part.w.indices), part.activation)


def _values(layer: Layer, w: Any) -> Array:
    return np.asarray(w.toarray().ravel() if isinstance(layer, Dense) else w.data)


def differences(before: Network, after: Compaction, rows: Sequence[Any] | Array) -> float:
    """The largest difference between the outputs of both on some rows (n, n_features)."""
    X = np.asarray(rows)
    one, other = Predictor(before)(X), Predictor(after.network)(np.ascontiguousarray(X[:, after.inputs]))
    return float(np.abs(one - other).max(initial=0)) if math.prod(one.shape) else 0.0
