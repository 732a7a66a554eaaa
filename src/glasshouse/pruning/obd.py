"""Optimal Brain Damage: what the loss grows by if a weight is 0, to second order (LeCun, Denker & Solla 1990)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..network.curvature import Curvature
from ..network.network import Network
from .evidence import Evidence

__all__ = ["obd", "obd_gauss_newton", "obd_one_sweep", "obd_with_gradient"]

Array = npt.NDArray[Any]


def obd(network: Network, evidence: Evidence) -> Array:
    """h w² / 2, h = d²L/dw² itself; of deep smooth networks, without what bends beyond the next layer."""
    return _saliency(network, evidence, "exact")


def obd_gauss_newton(network: Network, evidence: Evidence) -> Array:
    """h w² / 2, h of the Gauss-Newton matrix: never below 0."""
    return _saliency(network, evidence, "gauss_newton")


def obd_one_sweep(network: Network, evidence: Evidence) -> Array:
    """h w² / 2, h by LeCun's one sweep, which hands down diagonals alone."""
    return _saliency(network, evidence, "one_sweep")


def obd_with_gradient(network: Network, evidence: Evidence) -> Array:
    """h w² / 2 - g w, g = dL/dw: away from a minimum the first order counts too."""
    return _saliency(network, evidence, "exact", with_gradient=True)


def _saliency(network: Network, evidence: Evidence, method: str, with_gradient: bool = False) -> Array:
    curvature = Curvature(network, evidence.loss, method)
    for batch in evidence.panels():
        curvature.add(*batch[:4])
    w = network.parameters[: network.n_weights].astype(np.float64)
    found = curvature.diagonal[: len(w)] * w**2 / 2
    return found - curvature.gradient[: len(w)] * w if with_gradient else found
