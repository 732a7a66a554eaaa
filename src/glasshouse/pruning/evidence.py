"""What a criterion judges weights by: the loss, and rows to pass through the network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import OptionError
from ..network.curvature import PANEL
from ..training.batches import Batch, Batches, Data

__all__ = ["Evidence"]

Array = npt.NDArray[Any]
ROWS = 4096  # that tell a saliency well enough


@dataclass(frozen=True, eq=False)
class Evidence:
    """Rows, by number, of the data a network is trained on, and the loss it is trained by.

    Parameters
    ----------
    loss : str
    data : Data
    scale : float
        Multiplies every row's loss, as in the recipe.
    """

    loss: str
    data: Data
    scale: float = 1.0

    def some(self, n_rows: int = ROWS) -> Evidence:
        """Evenly so many of the rows, or all of them."""
        if self.data.n_rows <= n_rows:
            return self
        some = np.unique(np.linspace(0, self.data.n_rows - 1, n_rows).astype(np.int64))
        rows = some if self.data.rows is None else self.data.rows[some]
        return Evidence(self.loss, self.data._replace(rows=rows), self.scale)

    def panels(self) -> Iterator[Batch]:
        """The rows a panel at a time; their weights add up to the scale, so that sums are means over the rows."""
        n_rows = self.data.n_rows
        if n_rows == 0:
            raise OptionError("there are no rows to judge the weights by: give some, or choose criterion 'magnitude'")
        for batch in Batches(self.data, PANEL, scale=self.scale):
            share = len(batch.rows) / n_rows
            yield batch._replace(weight=batch.weight.astype(np.float64) * share, Y=batch.Y)
