"""The layers of a network as ONNX nodes: a Gemm each, its weights stored with or without zeros, and the activation."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from ..network.layers import Layer, Sparse
from ..network.network import Network
from .onnx_nodes import Nodes

__all__ = ["ACTIVATED", "add_network", "add_weights"]

Array = npt.NDArray[Any]
NODES = 400  # bytes of the nodes that spread a sparse layer's values out


def add_network(nodes: Nodes, network: Network, x: str) -> str:
    """Add every layer; x (N, n_features) is of the network's own precision."""
    views = network.views(network.parameters)
    for k, (layer, (w, b)) in enumerate(zip(network.layers, views, strict=True)):
        weights, bias = add_weights(nodes, layer, w, f"w{k + 1}"), nodes.constant(b, f"b{k + 1}")
        z = nodes.op("Gemm", x, weights, bias, transB=1)
        x = ACTIVATED[layer.activation](nodes, z, network.dtype)
    return x


def add_weights(nodes: Nodes, layer: Layer, w: Array, name: str) -> str:
    """Add the weights (fan_out, fan_in) of a layer in whatever takes fewer bytes.

    A sparse layer is its values and their places, which a ScatterElements puts among zeros; onnxruntime does so once,
    when it loads the graph. ONNX has sparse initializers too, but the full check of onnx does not know their type.
    """
    size = layer.fan_out * layer.fan_in
    if not isinstance(layer, Sparse) or not len(w):
        return nodes.constant(layer.dense(w), name)
    places = layer.topology.rows.astype(np.int64) * layer.fan_in + layer.topology.inputs
    kind = np.dtype(next(kind for kind in ("u1", "u2", "i4", "i8") if size - 1 <= np.iinfo(kind).max))
    if len(w) * (w.itemsize + kind.itemsize) + NODES >= size * w.itemsize:
        return nodes.constant(layer.dense(w), name)
    where = nodes.constant(places.astype(kind), f"{name} places")
    where = where if kind.itemsize > 2 else nodes.cast(where, np.int32)
    zeros = nodes.op("Expand", nodes.constant(np.zeros(1, w.dtype)), nodes.constant(np.array([size]), "size"))
    spread = nodes.op("ScatterElements", zeros, where, nodes.constant(w, f"{name} values"), axis=0)
    return nodes.op("Reshape", spread, nodes.constant(np.array([layer.fan_out, layer.fan_in]), "shape"))


def _plain(kind: str, **attributes: Any) -> Callable[[Nodes, str, np.dtype[Any]], str]:
    return lambda nodes, z, dtype: nodes.op(kind, z, **attributes)


def _elu(nodes: Nodes, z: str, dtype: np.dtype[Any]) -> str:
    if dtype == np.float32:
        return nodes.op("Elu", z, alpha=1.0)
    below = nodes.op("Exp", nodes.op("Min", z, nodes.constant(dtype.type(0))))  # onnxruntime has no Elu in doubles
    return nodes.op("Where", _above(nodes, z, dtype), z, nodes.op("Sub", below, nodes.constant(dtype.type(1))))


def _softplus(nodes: Nodes, z: str, dtype: np.dtype[Any]) -> str:
    if dtype == np.float32:
        return nodes.op("Softplus", z)
    small = nodes.op("Exp", nodes.op("Neg", nodes.op("Abs", z)))  # nor Softplus
    small = nodes.op("Log", nodes.op("Add", small, nodes.constant(dtype.type(1))))
    return nodes.op("Add", nodes.op("Max", z, nodes.constant(dtype.type(0))), small)


def _gelu(nodes: Nodes, z: str, dtype: np.dtype[Any]) -> str:
    far = nodes.op("Mul", z, nodes.constant(dtype.type(math.sqrt(0.5))))
    if dtype == np.float32:
        erf = nodes.op("Erf", far)
    else:  # nor Erf: this one factor, never beyond 2, is good to seven digits alone
        erf = nodes.cast(nodes.op("Erf", nodes.cast(far, np.float32)), dtype)
    share = nodes.op("Mul", nodes.op("Add", erf, nodes.constant(dtype.type(1))), nodes.constant(dtype.type(0.5)))
    return nodes.op("Mul", z, share)


def _silu(nodes: Nodes, z: str, dtype: np.dtype[Any]) -> str:
    return nodes.op("Mul", z, nodes.op("Sigmoid", z))


def _sign(nodes: Nodes, z: str, dtype: np.dtype[Any]) -> str:
    one = nodes.constant(dtype.type(1))
    return nodes.op("Where", _above(nodes, z, dtype), one, nodes.constant(dtype.type(-1)))


def _above(nodes: Nodes, z: str, dtype: np.dtype[Any]) -> str:
    return nodes.op("Greater", z, nodes.constant(dtype.type(0)))


ACTIVATED: dict[str, Callable[[Nodes, str, np.dtype[Any]], str]] = {
    "identity": lambda nodes, z, dtype: z,
    "sigmoid": _plain("Sigmoid"),
    "tanh": _plain("Tanh"),
    "relu": _plain("Relu"),
    "leaky_relu": _plain("LeakyRelu", alpha=0.01),
    "elu": _elu,
    "softplus": _softplus,
    "gelu": _gelu,
    "silu": _silu,
    "exp": _plain("Exp"),
    "sign": _sign,
    "softmax": _plain("Softmax", axis=1),
}
