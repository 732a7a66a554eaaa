"""The two kinds of layers, equal in all but where their weights are: Dense everywhere, Sparse on a topology.

A layer is frozen and owns no numbers. It says how many weights it has, what their fans are, and binds itself to the
arrays of a workspace; the bound object is a kernel with `forward(n)` and `backward(n)`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .filled import is_filled
from .topology import Topology

if TYPE_CHECKING:
    from ..kernels import Arithmetic, BoundLayer, Columns, Row, Team

__all__ = ["Dense", "Layer", "Sparse"]

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Dense:
    """z = w x + b, a = f(z), with w (fan_out, fan_in)."""

    fan_in: int
    fan_out: int
    activation: str = "relu"

    @property
    def weight_shape(self) -> tuple[int, ...]:
        return self.fan_out, self.fan_in

    def dense(self, w: Array) -> Array:
        """The weights as (fan_out, fan_in)."""
        return w

    def fans(self) -> tuple[Array, Array]:
        """For every weight: the connections into its unit and those out of its input."""
        return np.full(self.weight_shape, float(self.fan_in)), np.full(self.weight_shape, float(self.fan_out))

    def bind(
        self,
        kernels: Arithmetic,
        w: Array,
        b: Array,
        dw: Array | None,
        db: Array | None,
        below: Columns,
        here: Columns,
        team: Team,
        may_fill: bool,
    ) -> BoundLayer:
        return kernels.Dense(w, b, dw, db, below, here, team)

    def add_to(self, row: Row, w: Array, b: Array, may_fill: bool) -> None:
        row.add_dense(w, b, self.activation)


@dataclass(frozen=True)
class Sparse:
    """The same sums, over the topology's connections only; w (n_connections,) in row order."""

    topology: Topology
    activation: str = "relu"

    @property
    def fan_in(self) -> int:
        return self.topology.shape[1]

    @property
    def fan_out(self) -> int:
        return self.topology.shape[0]

    @property
    def weight_shape(self) -> tuple[int, ...]:
        return (self.topology.n_connections,)

    def dense(self, w: Array) -> Array:
        """The weights as (fan_out, fan_in), zero where there is no connection."""
        whole = np.zeros(self.topology.shape, w.dtype)
        whole[self.topology.rows, self.topology.inputs] = w
        return whole

    def fans(self) -> tuple[Array, Array]:
        """For every weight: the connections into its unit and those out of its input, counted."""
        into, out_of = np.diff(self.topology.row_starts), np.diff(self.topology.column_starts)
        return into[self.topology.rows].astype(float), out_of[self.topology.inputs].astype(float)

    def bind(
        self,
        kernels: Arithmetic,
        w: Array,
        b: Array,
        dw: Array | None,
        db: Array | None,
        below: Columns,
        here: Columns,
        team: Team,
        may_fill: bool,
    ) -> BoundLayer:
        t = self.topology
        filled = may_fill and is_filled(t.shape, t.n_connections, here.capacity, w.dtype)
        starts, outputs, order = (None, None, None) if dw is None else (t.column_starts, t.outputs, t.order)
        return (kernels.Filled if filled else kernels.Sparse)(
            t.row_starts, t.inputs, starts, outputs, order, w, b, dw, db, below, here, team
        )

    def add_to(self, row: Row, w: Array, b: Array, may_fill: bool) -> None:
        t = self.topology
        if may_fill and is_filled(t.shape, t.n_connections, None, w.dtype):
            return row.add_dense(self.dense(w), b, self.activation)
        row.add_sparse(t.column_starts, t.outputs, t.order, w, b, self.activation)


Layer = Dense | Sparse
