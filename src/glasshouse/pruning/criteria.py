"""The table of criteria: network and rows in, a saliency for every weight out; what is least salient is cut first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..errors import OptionError, choose
from ..network.network import Network
from ..network.reshaping import Change, thinned
from .evidence import Evidence
from .magnitude import magnitude, magnitude_per_layer, magnitude_scaled
from .obd import obd, obd_gauss_newton, obd_one_sweep, obd_with_gradient
from .obs import obs, obs_cut
from .sensitivity import loss_sensitivity, output_sensitivity

__all__ = ["CRITERIA", "Criterion", "criterion", "strongest"]

Array = npt.NDArray[Any]


def strongest(saliency: Array, count: int) -> npt.NDArray[np.bool_]:
    """Which are the `count` largest; of equal ones, those that stand first.

    Examples
    --------
    >>> strongest(np.array([3.0, 1.0, 2.0, 2.0]), 2).tolist()
    [True, False, True, False]
    """
    keep = np.zeros(len(saliency), bool)
    keep[np.argsort(-saliency, kind="stable")[:count]] = True
    return keep


class Criterion(NamedTuple):
    """One row.

    Attributes
    ----------
    name, formula, reference : str
    judge : (network, evidence) -> (n_weights,) float64
    needs_rows : bool
    adapts : (network, evidence, count) -> Change, or None
        Cuts itself, since the weights that stay are changed by it.
    """

    name: str
    formula: str
    reference: str
    judge: Callable[..., Array]
    needs_rows: bool = True
    adapts: Callable[..., Change] | None = None

    def cut(self, network: Network, evidence: Evidence | None, count: int) -> Change:
        """The network with so many of its weights: the most salient, or those that can best make up for the others."""
        if self.adapts is None:
            return thinned(network, strongest(self.saliency(network, evidence), count))
        self._expect(evidence)
        return self.adapts(network, evidence, count)

    def _expect(self, evidence: Evidence | None) -> None:
        if self.needs_rows and evidence is None:
            raise OptionError(f"criterion {self.name!r} judges weights by rows: give a table, or choose 'magnitude'")

    def saliency(self, network: Network, evidence: Evidence | None) -> Array:
        """How much each weight counts, (n_weights,).

        Raises
        ------
        OptionError
            If it needs rows and there are none.
        """
        self._expect(evidence)
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
        Criterion(
            "obd_one_sweep", "w² d²L/dw² / 2, diagonals handed down", "LeCun, Denker & Solla 1990", obd_one_sweep
        ),
        Criterion("obd_with_gradient", "w² d²L/dw² / 2 - w dL/dw", "LeCun, Denker & Solla 1990", obd_with_gradient),
        Criterion(
            "obs",
            "w² d²L/dz² / [H^-1] / 2, H = mean of x x'",
            "Hassibi & Stork 1993; Dong et al. 2017",
            obs,
            True,
            obs_cut,
        ),
    )
}


def criterion(name: str) -> Criterion:
    """The row of this name."""
    return CRITERIA[choose("criterion", name, CRITERIA)]
