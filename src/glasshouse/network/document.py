"""A network as a file holds it: a document of its layers, and named arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..storage import as_type, restored
from .layers import Dense, Layer, Sparse
from .network import Network
from .topology import Topology

__all__ = ["layer_settings", "network_from", "pattern_arrays"]

Array = npt.NDArray[Any]


def layer_settings(layer: Layer) -> dict[str, Any]:
    """What a document says of a layer; the pattern of a sparse one is among the arrays."""
    kind = type(layer).__name__.lower()
    return {"kind": kind, "fan_in": layer.fan_in, "fan_out": layer.fan_out, "activation": layer.activation}


def pattern_arrays(network: Network) -> dict[str, Array]:
    """The patterns of the sparse layers, by the place of the layer."""
    arrays: dict[str, Array] = {}
    for k, layer in enumerate(network.layers):
        if isinstance(layer, Sparse):
            arrays |= {f"row_starts.{k}": layer.topology.row_starts, f"inputs.{k}": layer.topology.inputs}
    return arrays


def network_from(layers: Sequence[Mapping[str, Any]], arrays: Mapping[str, Array]) -> Network:
    """The network of a document and its arrays, `parameters` among them.

    Raises
    ------
    KeyError, TypeError, ValueError
        If a part is missing, of another type, or does not fit the others: files come from anywhere.
    """
    found = tuple(_layer(k, settings, arrays) for k, settings in enumerate(layers))
    if not found or not all(layer.fan_in > 0 and layer.fan_out > 0 for layer in found):
        raise ValueError("a layer without units")
    return Network(found, np.array(arrays["parameters"]))


def _layer(k: int, settings: Mapping[str, Any], arrays: Mapping[str, Array]) -> Layer:
    if settings["kind"] == "dense":
        return restored(Dense, {name: value for name, value in settings.items() if name != "kind"})
    if settings["kind"] == "sparse":
        shape = as_type(settings["fan_out"], int, "fan_out"), as_type(settings["fan_in"], int, "fan_in")
        return Sparse(Topology(shape, arrays[f"row_starts.{k}"], arrays[f"inputs.{k}"]), str(settings["activation"]))
    raise ValueError(f"no layer is of kind {settings['kind']!r}")
