"""Magnitude: how large a weight is, over the whole network, within its layer, or by the scale of its layer."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..network.network import Network
from ..network.reshaping import weight_slices
from .evidence import Evidence

__all__ = ["magnitude", "magnitude_per_layer", "magnitude_scaled"]

Array = npt.NDArray[Any]


def magnitude(network: Network, evidence: Evidence | None = None) -> Array:
    """|w| (Janowsky 1989)."""
    return np.abs(network.parameters[: network.n_weights].astype(np.float64))


def magnitude_per_layer(network: Network, evidence: Evidence | None = None) -> Array:
    """The rank of |w| within its layer, from 0 to 1: the same share is cut from every layer."""
    found = magnitude(network)
    for part in weight_slices(network):
        order = np.argsort(np.argsort(found[part], kind="stable"), kind="stable")
        found[part] = (order + 0.5) / max(len(order), 1)
    return found


def magnitude_scaled(network: Network, evidence: Evidence | None = None) -> Array:
    """|w| over the root of the sum of all w² of its layer that are no smaller (LAMP: Lee et al. 2021)."""
    found = magnitude(network)
    for part in weight_slices(network):
        order = np.argsort(found[part], kind="stable")
        squares = found[part][order] ** 2
        rest = np.cumsum(squares[::-1])[::-1]
        scaled = np.empty_like(squares)
        scaled[order] = squares / np.where(rest > 0, rest, 1)
        found[part] = scaled
    return found
