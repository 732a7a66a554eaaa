"""An integer network as ONNX: QuantizeLinear and DequantizeLinear around every layer, the scales and zeros its own.

A runtime that knows the pattern computes in whole numbers; one that does not computes the same in float.
"""

from __future__ import annotations

import numpy as np

from .integer import IntegerLayer, IntegerNetwork, Scale
from .onnx_network import ACTIVATED, add_weights
from .onnx_nodes import Nodes

__all__ = ["add_integer_network"]

SINGLE = np.dtype(np.float32)


def add_integer_network(nodes: Nodes, whole: IntegerNetwork, x: str) -> str:
    """Add every layer; x (N, n_features) float32. The sums of the last layer stay as fine as they are."""
    x = _rounded(nodes, x, whole.inputs)
    for k, layer in enumerate(whole.layers[:-1]):
        z = _sums(nodes, layer, x, k, 0.0)
        z = z if layer.table is None else _rounded(nodes, z, layer.sums)
        a = ACTIVATED[layer.layer.activation](nodes, z, SINGLE)
        x = _rounded(nodes, a, layer.outputs)
    last = whole.layers[-1]
    z = _sums(nodes, last, x, len(whole.layers) - 1, whole.score_offset)
    return ACTIVATED[whole.output](nodes, z, SINGLE)


def _rounded(nodes: Nodes, x: str, scale: Scale) -> str:
    """x to the nearest of 256 values, as a number again."""
    step, zero = nodes.constant(np.float32(scale.scale), "scale"), nodes.constant(np.int8(scale.zero), "zero")
    return nodes.op("DequantizeLinear", nodes.op("QuantizeLinear", x, step, zero), step, zero)


def _sums(nodes: Nodes, layer: IntegerLayer, x: str, k: int, offset: float) -> str:
    """The sums of a layer, its weights and biases whole numbers; `offset` is what its bias was moved by."""
    steps = layer.weight_scale
    w = add_weights(nodes, layer.layer, layer.w, f"w{k + 1}")
    w = nodes.op("DequantizeLinear", w, nodes.constant(steps.astype(SINGLE), f"w{k + 1} scales"), axis=0)
    whole = layer.layer.dense(layer.w.astype(np.float64))
    bias = layer.bias + layer.inputs.zero * whole.sum(axis=1)  # which holds the zero of the inputs
    scales = nodes.constant((steps * layer.inputs.scale).astype(SINGLE), f"b{k + 1} scales")
    b = nodes.op("DequantizeLinear", nodes.constant(bias.astype(np.int32), f"b{k + 1}"), scales, axis=0)
    z = nodes.op("Gemm", x, w, b, transB=1)
    return nodes.op("Add", z, nodes.constant(np.float32(offset))) if offset else z
