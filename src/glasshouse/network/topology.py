"""The frozen pattern of a sparse layer's connections: CSR for the way forward, CSC order for the way back."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Topology"]

Places = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Topology:
    """Which inputs (columns) reach which units (rows).

    Connections are ordered by row, then by column; a layer's values follow that order.

    Raises
    ------
    ValueError
        If the pattern points outside the layer, or the inputs of a unit do not ascend.

    Attributes
    ----------
    shape : (fan_out, fan_in)
    row_starts : (fan_out + 1,) int32
        Unit o owns connections row_starts[o] to row_starts[o + 1].
    inputs : (n_connections,) int32
        The input of each connection, ascending within a row.

    Examples
    --------
    >>> import numpy as np
    >>> Topology.from_mask(np.array([[1, 0, 1], [0, 1, 0]])).inputs
    array([0, 2, 1], dtype=int32)
    """

    shape: tuple[int, int]
    row_starts: Places
    inputs: Places

    def __post_init__(self) -> None:
        starts, inputs = frozen(self.row_starts), frozen(self.inputs)
        object.__setattr__(self, "row_starts", starts)
        object.__setattr__(self, "inputs", inputs)
        fan_out, fan_in = self.shape
        in_order = (
            len(starts) == fan_out + 1 and starts[0] == 0 and starts[-1] == len(inputs) and (np.diff(starts) >= 0).all()
        )
        if not in_order or not ((inputs >= 0) & (inputs < fan_in)).all():
            raise ValueError(f"the pattern does not fit a layer of shape {self.shape}")
        rows = np.repeat(np.arange(fan_out), np.diff(starts))  # not `self.rows`, which would stay in memory
        if not (np.diff(rows * fan_in + inputs) > 0).all():
            raise ValueError("the inputs of a unit must ascend, each once")

    @classmethod
    def from_mask(cls, mask: npt.NDArray[Any]) -> Topology:
        """Connect where a (fan_out, fan_in) array is not zero."""
        rows, inputs = np.nonzero(mask)
        starts = np.concatenate(([0], np.cumsum(np.bincount(rows, minlength=mask.shape[0]))))
        return cls((mask.shape[0], mask.shape[1]), frozen(starts), frozen(inputs))

    @classmethod
    def random(cls, shape: tuple[int, int], n_connections: int, rng: np.random.Generator) -> Topology:
        """Connect so many pairs of units and inputs, each set of pairs as likely as any other."""
        places = np.sort(rng.choice(shape[0] * shape[1], n_connections, replace=False, shuffle=False))
        rows, inputs = np.divmod(places, shape[1])
        starts = np.concatenate(([0], np.cumsum(np.bincount(rows, minlength=shape[0]))))
        return cls(shape, frozen(starts), frozen(inputs))

    @property
    def n_connections(self) -> int:
        return len(self.inputs)

    @cached_property
    def rows(self) -> Places:
        """The unit of each connection, in the order of the values."""
        return frozen(np.repeat(np.arange(self.shape[0]), np.diff(self.row_starts)))

    @cached_property
    def order(self) -> Places:
        """The places of the connections sorted by input, then by unit: the column order of the same values."""
        return frozen(np.argsort(self.inputs, kind="stable"))

    @cached_property
    def outputs(self) -> Places:
        """The unit of each connection, in column order."""
        return frozen(self.rows[self.order])

    @cached_property
    def column_starts(self) -> Places:
        """Input i owns places column_starts[i] to column_starts[i + 1] of the column order."""
        counts = np.bincount(self.inputs, minlength=self.shape[1])
        return frozen(np.concatenate(([0], np.cumsum(counts))))


def frozen(array: npt.NDArray[Any]) -> Places:
    """A copy as int32 that nothing writes to again: kernels check a pattern once and then trust it."""
    if array.size and int(array.max()) > np.iinfo(np.int32).max:
        raise ValueError(f"{int(array.max())} connections in one layer: at most 2147483647 are possible")
    copy = np.array(array, np.int32)
    copy.flags.writeable = False
    return copy
