"""Numbers about units: what a pass leaves in the columns, counted. Nothing here judges; see `health`.

A unit is *flat* at a row where its slope f'(z) is below 5 % of the largest slope f has: nothing, or next to nothing, is
learned through it there. For ReLU that is a = 0; for sigmoid |z| > 4.36, for tanh |z| > 2.18.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .activations import activation
from .layers import Dense, Layer
from .network import Network
from .workspace import Workspace

__all__ = ["FLAT", "Gauge", "LayerMeasures", "effective_rank", "glance", "is_flat", "still", "twins", "updates"]

Array = npt.NDArray[Any]
FLAT = 0.05  # of the largest slope

# Whether a unit is flat, read from a = f(z): one comparison where that is enough, so that training can afford it.
FLAT_AT: dict[str, Callable[[Array], Array]] = {
    "relu": lambda a: a <= 0,
    "sigmoid": lambda a: a * (1 - a) < FLAT / 4,
    "tanh": lambda a: a * a > 1 - FLAT,
    "elu": lambda a: a < FLAT - 1,
    "softplus": lambda a: a < -np.log1p(-FLAT),
}
NEVER_FLAT = ("identity", "leaky_relu", "exp", "sign", "softmax")  # a slope that is nowhere small, or no slope at all


def is_flat(name: str, a: Array, z: Array | None) -> Array:
    """Where units of this activation are flat; z is needed where the slope cannot be read from a (gelu, silu).

    Examples
    --------
    >>> is_flat("tanh", np.array([0.0, 0.99]), None)
    array([False,  True])
    """
    if name in NEVER_FLAT:
        return np.zeros(a.shape, bool)
    if name in FLAT_AT:
        return np.asarray(FLAT_AT[name](a))
    return np.asarray(np.abs(activation(name).slope(np.ascontiguousarray(z))) < FLAT)


@dataclass(frozen=True)
class LayerMeasures:
    """What some rows leave behind in one layer.

    Attributes
    ----------
    layer : int
        Counted from 1, the layer above the inputs.
    rows : int
    flat, zero : (units,)
        The share of the rows at which a unit is flat; at which it puts out exactly 0.
    mean, variance : (units,)
        Of the activations.
    size : float
        The root of the mean square of the activations.
    largest : float
        The largest magnitude among them.
    delta : float
        The root of the mean over the rows of |dL/dz|², the sum over the units; 0 if no backward pass was made.
    gradient, weights : float
        The norms of dL/dw and of w.
    """

    layer: int
    activation: str
    rows: int
    flat: Array
    zero: Array
    mean: Array
    variance: Array
    size: float
    largest: float
    delta: float
    gradient: float
    weights: float


class Gauge:
    """Adds up over batches what `LayerMeasures` reports; call `add(n)` when a workspace has just passed n columns.

    With z where the workspace keeps it. Only what the passes left is read: nothing is computed twice.
    """

    def __init__(self, work: Workspace):
        self.work, self.rows = work, 0
        units = [columns.rows for columns in work.columns[1:]]
        self.flat, self.zero = ([np.zeros(u) for u in units] for _ in range(2))
        self.sums, self.squares = ([np.zeros(u) for u in units] for _ in range(2))
        self.largest, self.deltas = [0.0] * len(units), [0.0] * len(units)

    def add(self, n: int) -> None:
        """Count the first n columns."""
        with np.errstate(all="ignore"):  # what is not finite is counted, not warned of
            self._add(n)

    def _add(self, n: int) -> None:
        self.rows += n
        for k, (layer, columns) in enumerate(zip(self.work.network.layers, self.work.columns[1:], strict=True)):
            a, z = columns.a[:, :n], columns.z
            flat = is_flat(layer.activation, a, None if z is None else z[:, :n])
            self.flat[k] += flat.sum(axis=1)
            self.zero[k] += n - np.count_nonzero(a, axis=1)
            self.sums[k] += a.sum(axis=1, dtype=np.float64)
            self.squares[k] += np.einsum("un,un->u", a, a, dtype=np.float64)
            self.largest[k] = max(self.largest[k], float(a.max(initial=0)), -float(a.min(initial=0)))
            if columns.delta is not None:
                delta = columns.delta[:, :n]
                self.deltas[k] += float(np.einsum("un,un->", delta, delta, dtype=np.float64)) * n * n

    def layers(self) -> list[LayerMeasures]:
        """What was counted so far. A batch's delta, which carries 1 / n, counts as that of single rows."""
        with np.errstate(all="ignore"):
            return self._layers(self.work.network, max(self.rows, 1))

    def _layers(self, network: Network, rows: int) -> list[LayerMeasures]:
        gradients = network.views(self.work.gradient) if len(self.work.gradient) else []
        found = []
        for k, (layer, (w, _)) in enumerate(zip(network.layers, network.views(network.parameters), strict=True)):
            mean = self.sums[k] / rows
            found.append(
                LayerMeasures(
                    layer=k + 1,
                    activation=layer.activation,
                    rows=self.rows,
                    flat=self.flat[k] / rows,
                    zero=self.zero[k] / rows,
                    mean=mean,
                    variance=np.maximum(self.squares[k] / rows - mean**2, 0),
                    size=float(np.sqrt(self.squares[k].sum() / rows / max(len(mean), 1))),
                    largest=self.largest[k],
                    delta=float(np.sqrt(self.deltas[k] / rows)),
                    gradient=_norm(gradients[k][0]) if gradients else 0.0,
                    weights=_norm(w),
                )
            )
        return found


def glance(work: Workspace) -> tuple[list[Array], list[float], list[float]]:
    """Of the batch that a workspace holds: each layer's flat shares by unit, the size of its activations, its delta.

    The same numbers as `Gauge` has, for a part of its cost: training can afford it now and then.
    """
    n, flat, sizes, deltas = work.n, [], [], []
    with np.errstate(all="ignore"):
        for layer, columns in zip(work.network.layers, work.columns[1:], strict=True):
            a, z, delta = columns.a[:, :n], columns.z, columns.delta
            here = is_flat(layer.activation, a, None if z is None else z[:, :n])
            flat.append((np.count_nonzero(here, axis=1) / n).astype(np.float32))
            sizes.append(float(np.einsum("un,un->", a, a) / a.size) ** 0.5)
            assert delta is not None
            deltas.append(float(np.einsum("un,un->", delta[:, :n], delta[:, :n]) * n) ** 0.5)
    return flat, sizes, deltas


def updates(network: Network, before: Array, after: Array) -> list[float]:
    """How far a step moved the weights of each layer, as a share of their norm; NaN where they were 0."""
    pairs = zip(network.views(before), network.views(after), strict=True)
    with np.errstate(all="ignore"):
        return [_norm(new - old) / norm if (norm := _norm(old)) > 0 else float("nan") for (old, _), (new, _) in pairs]


def still(network: Network, before: Array, after: Array) -> list[float]:
    """The share of each layer's weights that a step has left exactly as they were."""
    pairs = zip(network.views(before), network.views(after), strict=True)
    return [1 - np.count_nonzero(new != old) / max(old.size, 1) for (old, _), (new, _) in pairs]


def effective_rank(a: Array) -> float:
    """How many directions the activations a (units, n) really use: exp of the entropy of the singular values' shares.

    After Roy & Vetterli 2007, of the activations with their means taken off.

    Examples
    --------
    >>> round(effective_rank(np.array([[1.0, -1.0, 0.0], [2.0, -2.0, 0.0]])), 6)
    1.0
    """
    values = np.linalg.svd(a - a.mean(axis=1, keepdims=True), compute_uv=False)
    total = values.sum()
    if not total > 0:
        return 0.0
    shares = values[values > 0] / total
    return float(np.exp(-(shares * np.log(shares)).sum()))


def twins(layer: Layer, w: Array, b: Array, tolerance: float = 1e-4) -> list[list[int]]:
    """Groups of units whose incoming weights and biases are the same, up to a share of their norm.

    Examples
    --------
    >>> twins(Dense(2, 3), np.array([[1.0, 2.0], [0.5, 0.0], [1.0, 2.0]]), np.zeros(3))
    [[0, 2]]
    """
    # Twins reach as far along any direction: sort by one of them, then compare neighbours that are close there.
    along = _along(layer, w, np.cos(np.arange(layer.fan_in)).astype(w.dtype)) + b
    order = np.argsort(along, kind="stable").tolist()
    reach = 2 * tolerance * (float(np.abs(along).max(initial=0)) + np.finfo(w.dtype).tiny)
    groups: list[list[int]] = []
    for k in order:
        first = groups[-1][0] if groups else k
        if first != k and along[k] - along[first] <= reach and _alike(layer, w, b, (first, k), tolerance):
            groups[-1].append(k)
        else:
            groups.append([k])
    return sorted(sorted(group) for group in groups if len(group) > 1)


def _along(layer: Layer, w: Array, direction: Array) -> Array:
    """w times a direction, without the zeros of a sparse layer."""
    if isinstance(layer, Dense):
        return np.asarray(w @ direction)
    t = layer.topology
    return np.bincount(t.rows, w * direction[t.inputs], minlength=layer.fan_out)


def _row(layer: Layer, w: Array, unit: int) -> Array:
    """The incoming weights of a unit, zeros included."""
    if isinstance(layer, Dense):
        return np.asarray(w[unit])
    row, t = np.zeros(layer.fan_in, w.dtype), layer.topology
    own = slice(t.row_starts[unit], t.row_starts[unit + 1])
    row[t.inputs[own]] = w[own]
    return row


def _alike(layer: Layer, w: Array, b: Array, units: tuple[int, int], tolerance: float) -> bool:
    one, other = (np.append(_row(layer, w, unit), b[unit]) for unit in units)
    return _norm(one - other) <= tolerance * _norm(other)


def _norm(array: Array) -> float:
    return float(np.sqrt(np.vdot(array, array).real))
