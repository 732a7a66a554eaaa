"""Second derivatives of the loss, and slopes of the outputs, of every weight: sums over rows, a panel at a time.

For a weight w from input a to a unit with weighted sum z, d²L/dw² = (d²L/dz²) a², row by row. So what is wanted is the
diagonal of the Hessian of every layer's z. From a layer up there,

    H below = D W' H W D + diag(f''(z) * W' delta),   D = diag(f'(z)).

At the outputs H is a sum of a few squares, sum of sign * s s'. Each s goes down as a delta does, one way back for each,
and stays a square: this part of the diagonal is exact at any depth. The other part begins as a diagonal at each hidden
layer; one layer further down its diagonal is f'(z)² * (W * W)' d, exact too; beyond that W' diag(d) W has more than a
diagonal, and is followed unit by unit (`whole`), or by its diagonal alone. Where f'' is 0 (ReLU and its like) there is
no other part, and H is the Gauss-Newton matrix (Botev, Ritter & Barber 2017).

The products with inputs and with squared weights are the kernels' own: the columns of a second workspace hold squares.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..errors import OptionError
from .activations import activation
from .losses import LOSSES
from .network import Network
from .passes import forward, loss_and_gradient
from .workspace import Workspace

__all__ = ["CURVATURES", "PANEL", "Curvature", "Seed", "Sweeps", "hessian_diagonal", "is_exact", "output_seeds"]

Array = npt.NDArray[Any]
PANEL = 256  # a whole number of blocks of 64 bytes, so that what stands past n can be put out
CURVATURES = {
    "exact": "the second derivative itself",
    "gauss_newton": "J' H J: without what the activations bend",
    "one_sweep": "the diagonal handed down from layer to layer (LeCun, Denker & Solla 1990)",
}


class Seed(NamedTuple):
    """One square of a sum at the columns of a layer: sign * s s' for every row."""

    layer: int  # counted from 1
    sign: Array  # (n,), or one number
    s: Array  # (units, n)


class Sweeps:
    """A workspace whose deltas may be set by hand, and a second one for the products of what they leave.

    Attributes
    ----------
    work : Workspace
        Of the network in float64.
    squares : Workspace
        Of the squared weights, every activation left out.
    gradient, total : (n_parameters,)
        dL/dp, and what `add` has added up.
    """

    def __init__(self, network: Network, loss: str):
        if callable(loss):
            raise OptionError("second derivatives of a loss of one's own are not known: choose criterion 'magnitude'")
        exact = network.astype(np.float64)
        plain = tuple(replace(layer, activation="identity") for layer in network.layers)
        self.loss = loss
        self.work = Workspace(exact, loss, PANEL, keep_z=True)
        self.judge = self.work.kernels.Loss(loss, self.work.columns[-1], self.work.y, self.work.weight)
        self.squares = Workspace(Network(plain, exact.parameters**2), "squared_error", PANEL)
        self.linear = Workspace(Network(plain, exact.parameters), "squared_error", PANEL)
        for work in (self.squares, self.linear):
            forward(work, 1)  # a filled layer goes back by the weights of its way forward
        self.names = [layer.activation for layer in network.layers]
        self.depth = len(network.layers)
        self.gradient = np.zeros_like(exact.parameters)
        self.total = np.zeros_like(exact.parameters)
        self.deltas: list[Array] = []  # dL/dz of the rows that were loaded last
        self.sweeps = 0  # ways back, for who wants to know what it cost

    def load(self, X: Any, Y: Array, weight: Array, rows: npt.NDArray[np.int64]) -> int:
        """Pass some rows forward and back; return how many."""
        n = self.work.load(X, Y, weight, rows)
        loss_and_gradient(self.work, n)
        self.gradient += self.work.gradient  # the sweeps write over it
        self.deltas = [self.delta(layer, n).copy() for layer in range(1, self.depth + 1)]
        return n

    def a(self, layer: int, n: int) -> Array:
        return np.asarray(self.work.columns[layer].a[:, :n])

    def delta(self, layer: int, n: int) -> Array:
        found = self.work.columns[layer].delta
        assert found is not None
        return np.asarray(found[:, :n])

    def slope(self, layer: int, n: int) -> Array:
        """f'(z) of a hidden layer."""
        return activation(self.names[layer - 1]).slope(self._z(layer, n))

    def bend(self, layer: int, n: int) -> Array:
        """f''(z) of a hidden layer."""
        return activation(self.names[layer - 1]).curvature(self._z(layer, n))

    def _z(self, layer: int, n: int) -> Array:
        z = self.work.columns[layer].z
        return np.ascontiguousarray(self.a(layer, n) if z is None else z[:, :n])

    def carried(self, n: int, seeds: Iterator[Seed], measure: Callable[[Array], Array]) -> list[Array]:
        """Send seeds down to the first layer; add up sign * measure(delta) at each they pass, [(units, n), ...]."""
        sums = [np.zeros((layer.fan_out, n)) for layer in self.work.network.layers]
        for seed in seeds:
            here = seed.s
            for layer in range(seed.layer, 0, -1):
                sums[layer - 1] += seed.sign * measure(here)
                if layer > 1:
                    _put(self.work.columns[layer].delta, here, n)
                    self.work.layers[layer - 1].backward(n)
                    here = self.delta(layer - 1, n)
            self.sweeps += 1
        return sums

    def down(self, work: Workspace, layer: int, n: int, what: Array) -> Array:
        """W' of what stands at a layer, by a workspace without activations: (units below, n)."""
        _put(work.columns[layer].delta, what, n)
        work.layers[layer - 1].backward(n)
        below = work.columns[layer - 1].delta
        assert below is not None
        return np.array(below[:, :n])

    def add(self, n: int, tops: list[Array], measure: Callable[[Array], Array]) -> None:
        """Add the sum over the rows of top * measure(input) to `total`, for every weight and bias."""
        for layer, top in enumerate(tops, start=1):
            _put(self.squares.columns[layer - 1].a, measure(self.a(layer - 1, n)), n)
            _put(self.squares.columns[layer].delta, top, n)
            self.squares.layers[layer - 1].backward(n)
        self.total += self.squares.gradient


def _put(column: Any, values: Array, n: int) -> None:
    column[:, :n] = values
    column[:, n:] = 0


class Curvature:
    """Adds up the diagonal of the Hessian of the loss over batches.

    Parameters
    ----------
    method : {'exact', 'gauss_newton', 'one_sweep'}
    whole : bool
        Follow every bend of deep networks unit by unit: as many ways back as there are hidden units.
    """

    def __init__(self, network: Network, loss: str, method: str = "exact", whole: bool = False):
        self.sweeps, self.method, self.whole = Sweeps(network, loss), method, whole
        self.depth = len(network.layers)
        self.bent = [method != "gauss_newton" and bends(layer.activation) for layer in network.layers[:-1]]

    def add(self, X: Any, Y: Array, weight: Array, rows: npt.NDArray[np.int64]) -> None:
        """Count some rows, each with the weight of its loss."""
        sweeps = self.sweeps
        n = sweeps.load(X, Y, weight, rows)
        bends_at = {k: self._bend(k, n) for k in range(self.depth - 1, 0, -1) if self.bent[k - 1]}
        if self.method == "one_sweep":
            tops = self._handed_down(n, bends_at)
        else:
            seeds = self._seeds(n, bends_at)
            tops = sweeps.carried(n, seeds, np.square)
            self._add_diagonals(n, tops, bends_at)
        sweeps.add(n, tops, np.square)

    def _bend(self, layer: int, n: int) -> Array:
        """f''(z) W' delta."""
        sweeps = self.sweeps
        return sweeps.bend(layer, n) * sweeps.down(sweeps.linear, layer + 1, n, sweeps.deltas[layer])

    def _seeds(self, n: int, bends_at: dict[int, Array]) -> Iterator[Seed]:
        yield from output_seeds(self.sweeps, n, self.method == "gauss_newton")
        if self.whole:
            for layer, bend in bends_at.items():
                for unit in range(len(bend) if layer > 2 else 0):
                    s = np.zeros_like(bend)
                    s[unit] = np.sqrt(np.abs(bend[unit]))
                    yield from self._past_next(Seed(layer, np.sign(bend[unit]), s), n)

    def _past_next(self, seed: Seed, n: int) -> Iterator[Seed]:
        """The seed two layers further down: its own layer and the next are covered by the diagonal."""
        sweeps, here = self.sweeps, seed.s
        for layer in (seed.layer, seed.layer - 1):
            here = sweeps.down(sweeps.linear, layer, n, here) * sweeps.slope(layer - 1, n)
        yield Seed(seed.layer - 2, seed.sign, here)

    def _add_diagonals(self, n: int, tops: list[Array], bends_at: dict[int, Array]) -> None:
        above: Array | None = None  # the diagonal that is handed down
        for layer in range(self.depth - 1, 0, -1):
            bend, here = bends_at.get(layer), None
            if above is not None:
                here = self._squared_down(layer, n, above)
            if bend is not None:
                here = bend if here is None else here + bend
            if here is not None:
                tops[layer - 1] += here
            above = bend if self.whole else here

    def _squared_down(self, layer: int, n: int, above: Array) -> Array:
        sweeps = self.sweeps
        return sweeps.slope(layer, n) ** 2 * sweeps.down(sweeps.squares, layer + 1, n, above)

    def _handed_down(self, n: int, bends_at: dict[int, Array]) -> list[Array]:
        tops = [output_diagonal(self.sweeps, n)]
        for layer in range(self.depth - 1, 0, -1):
            tops.insert(0, self._squared_down(layer, n, tops[0]) + bends_at.get(layer, 0))
        return tops

    @property
    def diagonal(self) -> Array:
        """d²L/dp² of every parameter, (n_parameters,), L the sum that was added up."""
        return self.sweeps.total

    @property
    def gradient(self) -> Array:
        """dL/dp, (n_parameters,)."""
        return self.sweeps.gradient


def bends(name: str) -> bool:
    """Whether f'' is anywhere but 0."""
    return name not in ("identity", "relu", "leaky_relu", "sign")


def is_exact(network: Network, whole: bool = False) -> bool:
    """Whether method 'exact' is: always but where smooth units stand in the third hidden layer or above."""
    smooth = [bends(layer.activation) for layer in network.layers[:-1]]
    return whole or not any(smooth[2:])


def output_diagonal(sweeps: Sweeps, n: int) -> Array:
    """weight * d²loss / dz² of the outputs, (n_outputs, n)."""
    into = sweeps.linear.columns[-1]
    sweeps.judge.curvature(n, into)
    return np.array(into.a[:, :n])


def output_seeds(sweeps: Sweeps, n: int, gauss_newton: bool) -> Iterator[Seed]:
    """The Hessian of the loss in the outputs' z as a sum of squares."""
    if sweeps.names[-1] != "softmax":
        diagonal = output_diagonal(sweeps, n)
        if gauss_newton and LOSSES[sweeps.loss].reads == "a":
            diagonal = sweeps.slope(sweeps.depth, n) ** 2 * _loss_curvature(sweeps, n)
        for k in range(len(diagonal)):
            s = np.zeros_like(diagonal)
            s[k] = np.sqrt(np.abs(diagonal[k]))
            yield Seed(sweeps.depth, np.sign(diagonal[k]), s)
        return
    a, weight = sweeps.a(sweeps.depth, n), sweeps.work.weight.a[:, :n]
    each = np.eye(len(a))[:, :, None]
    if sweeps.loss == "cross_entropy":  # mass (diag(a) - a a') = mass * sum of a_c (e_c - a)(e_c - a)'
        mass = weight * sweeps.work.y.a[:, :n].sum(axis=0, keepdims=True)
        for k in range(len(a)):
            yield Seed(sweeps.depth, np.ones(1), np.sqrt(mass * a[k]) * (each[k] - a))
        return
    curvature = _loss_curvature(sweeps, n)
    for k in range(len(a)):
        yield Seed(sweeps.depth, np.ones(1), np.sqrt(curvature[k]) * a[k] * (each[k] - a))
    if not gauss_newton:
        yield from _softmax_bend(sweeps, n, a, each)


def _softmax_bend(sweeps: Sweeps, n: int, a: Array, each: Array) -> Iterator[Seed]:
    """diag(delta) - delta a' - a delta': what softmax bends, by delta at the outputs."""
    delta = sweeps.deltas[-1]
    for k in range(len(a)):
        yield Seed(sweeps.depth, np.sign(delta[k]), np.sqrt(np.abs(delta[k])) * each[k])
    size = np.linalg.norm(delta, axis=0)
    even = np.sqrt(np.where(size > 0, size, 1) / np.linalg.norm(a, axis=0))  # so that neither drowns the other
    for sign in (1.0, -1.0):
        yield Seed(sweeps.depth, np.array([-sign]), (delta / even + sign * a * even) / np.sqrt(2))


def _loss_curvature(sweeps: Sweeps, n: int) -> Array:
    """weight * d²loss / da², for a loss that reads a."""
    output = sweeps.linear.columns[-1]
    output.a[:, :n] = sweeps.a(sweeps.depth, n)
    judge = sweeps.work.kernels.Loss(sweeps.loss, output, sweeps.work.y, sweeps.work.weight)
    into = sweeps.squares.columns[-1]
    judge.curvature(n, into)
    return np.array(into.a[:, :n])


def hessian_diagonal(
    network: Network, loss: str, X: Array, Y: Array, method: str = "exact", whole: bool = False
) -> Array:
    """d²L/dp² of every parameter, L the mean loss of some rows.

    Examples
    --------
    >>> from glasshouse.network.network import perceptron_layers
    >>> network = Network(perceptron_layers(1, [], 1, "relu", "identity"), np.zeros(2))
    >>> hessian_diagonal(network, "squared_error", np.array([[1.0], [3.0]]), np.zeros((2, 1)))
    array([10.,  2.])
    """
    found = Curvature(network, loss, method, whole)
    for start in range(0, len(X), PANEL):
        rows = np.arange(start, min(start + PANEL, len(X)))
        found.add(X, Y, np.full(len(rows), 1 / len(X)), rows)
    return found.diagonal
