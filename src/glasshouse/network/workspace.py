"""A workspace: one thread's buffers for a network, and the kernels bound to them once. Never pickled.

For up to `capacity` samples it holds the columns of every layer, the targets, the weight row and the gradient. Its
operations run the first n columns, so the last short batch needs no other.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .. import kernels
from .losses import loss_for
from .network import Network

__all__ = ["Workspace"]

Array = npt.NDArray[Any]


class Workspace:
    """Buffers and bound operations for a network.

    Parameters
    ----------
    network : Network
        Its parameters are read, and may be updated, in place.
    loss : str or None
        None binds for the way forward only: no delta, no gradient.
    capacity : int
        The most samples of one batch.
    keep_z : bool
        Keep the weighted sums of every layer apart from its activations.
    threads : int or None
        None takes `kernels.team_size()`. The number changes no bit of any result.

    Attributes
    ----------
    layers : list of bound layers
    loss : bound loss
    gradient : (n_parameters,), or empty if the workspace is for the way forward only
    columns : list of Columns
        The inputs, then the columns of each layer.
    """

    def __init__(
        self, network: Network, loss: str | None, capacity: int, *, keep_z: bool = False, threads: int | None = None
    ):
        self.network = network
        self.capacity = capacity
        self.loss_name = loss
        self.team = kernels.Team(kernels.team_size() if threads is None else threads)
        self.kernels = arithmetic = kernels.arithmetic(network.dtype)
        trains = loss is not None
        row = None if loss is None else loss_for(loss, network.layers[-1].activation)
        self.gradient = np.zeros_like(network.parameters) if trains else np.zeros(0, network.dtype)
        self.columns = [arithmetic.Columns(network.n_features, capacity)]
        for layer in network.layers:
            reads_z = row is not None and row.reads == "z" and layer is network.layers[-1]
            self.columns.append(
                arithmetic.Columns(layer.fan_out, capacity, layer.activation, keep_z or reads_z, trains)
            )
        gradients = network.views(self.gradient) if trains else [(None, None)] * len(network.layers)
        self.layers = [
            layer.bind(arithmetic, w, b, dw, db, below, here, self.team)
            for layer, (w, b), (dw, db), below, here in zip(
                network.layers,
                network.views(network.parameters),
                gradients,
                self.columns,
                self.columns[1:],
                strict=False,
            )
        ]
        self.y = arithmetic.Columns(network.n_outputs, capacity)
        self.weight = arithmetic.Columns(1, capacity)
        self.loss = _no_loss if row is None else arithmetic.Loss(row.name, self.columns[-1], self.y, self.weight)

    def load_inputs(self, X: Array, rows: npt.NDArray[np.int64]) -> int:
        """Gather rows of X (n_samples, n_features) into the input columns; return how many."""
        self.kernels.gather(X, rows, self.columns[0])
        return len(rows)

    def load(self, X: Array, Y: Array, weight: Array, rows: npt.NDArray[np.int64]) -> int:
        """Gather rows of X and Y, and one weight for each of the rows; return how many."""
        n = self.load_inputs(X, rows)
        self.kernels.gather(Y, rows, self.y)
        self.weight.a[0, :n] = weight
        self.weight.clear_past(n)
        return n

    def outputs(self, n: int) -> Array:
        """The last activations, (n, n_outputs): a view, valid until the next batch."""
        return self.columns[-1].a[:, :n].T


def _no_loss(n: int) -> float:
    raise ValueError("this workspace was bound for the way forward only: name a loss to train with it")
