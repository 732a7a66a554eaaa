"""A workspace: one thread's buffers for a network, and the kernels bound to them once. Never pickled.

For up to `capacity` samples it holds the columns of every layer, the targets, the weight row and the gradient. Its
operations run the first n columns, so the last short batch needs no other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import kernels
from .losses import CustomLoss, LossFunction, loss_for
from .network import Network

__all__ = ["Workspace"]

Array = npt.NDArray[Any]


class Workspace:
    """Buffers and bound operations for a network.

    Parameters
    ----------
    network : Network
        Its parameters are read, and may be updated, in place.
    loss : str, function or None
        None binds for the way forward only: no delta, no gradient.
    capacity : int
        The most samples of one batch.
    keep_z : bool
        Keep the weighted sums of every layer apart from its activations.
    movable : (n_parameters,) uint8, or None for all
        What an update may touch.
    dropout : sequence of float
        The share of units of each hidden layer that a training step leaves out; empty for none.
    threads : int or None
        None takes `kernels.team_size()`. The number changes no bit of any result.

    Attributes
    ----------
    layers : list of bound layers, and of the dropout between them
    loss : bound loss
    arrays : what an optimiser's step sweeps over
    gradient : (n_parameters,), or empty if the workspace is for the way forward only
    sums : (n_parameters + 2,), or empty
        The gradient, and behind it room for the loss and the rows of the batch: what ranks add up in one call.
    columns : list of Columns
        The inputs, then the columns of each layer.
    inputs : list of Columns
        What each layer reads: the columns below, or those that dropout leaves of them.
    growth_flops : float
        Spent on weights that are not there, by rules that ask where one should grow.
    n : int
        How many columns the last batch has.
    """

    def __init__(
        self,
        network: Network,
        loss: str | LossFunction | None,
        capacity: int,
        *,
        keep_z: bool = False,
        movable: npt.NDArray[np.uint8] | None = None,
        dropout: Sequence[float] = (),
        threads: int | None = None,
    ):
        self.network, self.capacity, self.loss_name = network, capacity, loss
        self.movable, self.dropout, self.n, self.growth_flops = movable, tuple(dropout), 0, 0.0
        self.team = kernels.Team(kernels.team_size() if threads is None else threads)
        self.kernels = arithmetic = kernels.arithmetic(network.dtype)
        trains = loss is not None
        row = None if loss is None else loss_for(loss, network.layers[-1].activation)
        self.sums = np.zeros(len(network.parameters) + 2 if trains else 0, network.dtype)
        self.gradient = self.sums[: len(network.parameters)]
        if trains:
            self.arrays = arithmetic.Arrays(network.parameters, self.gradient, movable, network.n_weights, self.team)
        gradients = network.views(self.gradient) if trains else [(None, None)] * len(network.layers)
        below = arithmetic.Columns(network.n_features, capacity)
        self.columns, self.inputs, self.layers, self.drops = [below], [], [], []
        for k, (layer, (w, b), (dw, db)) in enumerate(
            zip(network.layers, network.views(network.parameters), gradients, strict=True)
        ):
            reads_z = row is not None and row.reads == "z" and layer is network.layers[-1]
            here = arithmetic.Columns(layer.fan_out, capacity, layer.activation, keep_z or reads_z, trains)
            self.columns.append(here)
            self.inputs.append(below)
            self.layers.append(layer.bind(arithmetic, w, b, dw, db, below, here, self.team, network.may_fill))
            if trains and k < len(self.dropout) and self.dropout[k] > 0:
                below = arithmetic.Columns(layer.fan_out, capacity, "identity", False, True)
                self.drops.append(arithmetic.Dropout(here, below, self.dropout[k], k))
                self.layers.append(self.drops[-1])
            else:
                below = here
        self.y = arithmetic.Columns(network.n_outputs, capacity)
        self.weight = arithmetic.Columns(1, capacity)
        self.loss = _no_loss
        if callable(loss):
            self.loss = CustomLoss(arithmetic, loss, self.columns[-1], self.y, self.weight)
        elif row is not None:
            self.loss = arithmetic.Loss(row.name, self.columns[-1], self.y, self.weight)

    def draw_dropout(self, seed: tuple[int, int], step: int) -> None:
        """From now on leave out what this step of this seed leaves out."""
        for drop in self.drops:
            drop.draw(seed, step)

    def rest_dropout(self) -> None:
        """From now on hand everything on."""
        for drop in self.drops:
            drop.rest()

    def load_inputs(self, X: Any, rows: npt.NDArray[np.int64]) -> int:
        """Gather rows of X (n_samples, n_features), an array or CSR, into the input columns; return how many."""
        if hasattr(X, "indptr"):  # a CSR matrix: a batch of it is written out
            self.kernels.gather_sparse(X.data, X.indices, X.indptr, rows, self.columns[0])
        else:
            self.kernels.gather(X, rows, self.columns[0])
        self.n = len(rows)
        return self.n

    def load(self, X: Any, Y: Array, weight: Array, rows: npt.NDArray[np.int64]) -> int:
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
