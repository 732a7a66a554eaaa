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
        for array in (self.row_starts, self.inputs):
            array.flags.writeable = False

    @classmethod
    def from_mask(cls, mask: npt.NDArray[Any]) -> Topology:
        """Connect where a (fan_out, fan_in) array is not zero."""
        rows, inputs = np.nonzero(mask)
        starts = np.concatenate(([0], np.cumsum(np.bincount(rows, minlength=mask.shape[0]))))
        return cls((mask.shape[0], mask.shape[1]), starts.astype(np.int32), inputs.astype(np.int32))

    @property
    def n_connections(self) -> int:
        return len(self.inputs)

    @cached_property
    def rows(self) -> Places:
        """The unit of each connection, in the order of the values."""
        return np.repeat(np.arange(self.shape[0], dtype=np.int32), np.diff(self.row_starts))

    @cached_property
    def order(self) -> Places:
        """The places of the connections sorted by input, then by unit: the column order of the same values."""
        return np.argsort(self.inputs, kind="stable").astype(np.int32)

    @cached_property
    def outputs(self) -> Places:
        """The unit of each connection, in column order."""
        return self.rows[self.order]

    @cached_property
    def column_starts(self) -> Places:
        """Input i owns places column_starts[i] to column_starts[i + 1] of the column order."""
        counts = np.bincount(self.inputs, minlength=self.shape[1])
        return np.concatenate(([0], np.cumsum(counts))).astype(np.int32)
