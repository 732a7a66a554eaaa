"""The table of criteria: network and rows in, a saliency for every weight out; what is least salient is cut first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..errors import OptionError, choose
from ..network.network import Network
from .evidence import Evidence
from .magnitude import magnitude, magnitude_per_layer, magnitude_scaled
from .obd import obd, obd_gauss_newton, obd_one_sweep, obd_with_gradient
from .sensitivity import loss_sensitivity, output_sensitivity

__all__ = ["CRITERIA", "Criterion", "criterion"]

Array = npt.NDArray[Any]


class Criterion(NamedTuple):
    """One row.

    Attributes
    ----------
    name, formula, reference : str
    judge : (network, evidence) -> (n_weights,) float64
    needs_rows : bool
    """

    name: str
    formula: str
    reference: str
    judge: Callable[..., Array]
    needs_rows: bool = True

    def saliency(self, network: Network, evidence: Evidence | None) -> Array:
        """How much each weight counts, (n_weights,).

        Raises
        ------
        OptionError
            If it needs rows and there are none.
        """
        if self.needs_rows and evidence is None:
            raise OptionError(f"criterion {self.name!r} judges weights by rows: give a table, or choose 'magnitude'")
        return self.judge(network, evidence)


CRITERIA = {
    row.name: row
    for row in (
        Criterion("magnitude", "|w|", "Janowsky 1989", magnitude, False),
        Criterion("magnitude_per_layer", "rank of |w| in its layer", "Han et al. 2015", magnitude_per_layer, False),
        Criterion(
            "magnitude_scaled", "w² / sum of the layer's w² not below", "Lee et al. 2021", magnitude_scaled, False
        ),
        Criterion("output_sensitivity", "|w| mean of |df/dw|", "Engelbrecht 2001", output_sensitivity),
        Criterion("loss_sensitivity", "|w dL/dw|", "Lee et al. 2019 (SNIP)", loss_sensitivity),
        Criterion("obd", "w² d²L/dw² / 2", "LeCun, Denker & Solla 1990", obd),
        Criterion("obd_gauss_newton", "w² diag(J' H J) / 2", "Hassibi & Stork 1993", obd_gauss_newton),
        Criterion("obd_one_sweep", "w² d²L/dw² / 2, diagonals handed down", "LeCun, Denker & Solla 1990", obd_one_sweep),
        Criterion("obd_with_gradient", "w² d²L/dw² / 2 - w dL/dw", "LeCun, Denker & Solla 1990", obd_with_gradient),
    )
}


def criterion(name: str) -> Criterion:
    """The row of this name."""
    return CRITERIA[choose("criterion", name, CRITERIA)]
