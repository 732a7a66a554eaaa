"""Nodes and constants of an ONNX graph in the making, every value under a name of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import NodeProto, TensorProto, helper, numpy_helper

__all__ = ["IR_VERSION", "ML_DOMAIN", "ML_OPSET", "OPSET", "Nodes"]

OPSET = 17  # of 2022: older ones round nowhere differently, newer ones bring no operator that is needed
ML_DOMAIN, ML_OPSET = "ai.onnx.ml", 3
IR_VERSION = 8  # the one of opset 17

Array = npt.NDArray[Any]


class Nodes:
    """A graph in the making: each call adds a node, and returns the name of what it computes.

    Parameters
    ----------
    taken : names that are given away already
        Those of the inputs and outputs.

    Examples
    --------
    >>> nodes = Nodes(["x"])
    >>> nodes.op("Mul", "x", nodes.constant(np.float32(2), "two"))
    'mul'
    >>> [node.op_type for node in nodes.nodes], [tensor.name for tensor in nodes.constants]
    (['Mul'], ['two'])
    """

    def __init__(self, taken: list[str]):
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []
        self._taken = set(taken)
        self._known: dict[tuple[str, tuple[int, ...], bytes], str] = {}

    def name(self, wanted: str) -> str:
        """A name like this one that nothing has yet."""
        wanted = wanted or "column"  # no value may be without a name, and a column may
        name, number = wanted, 2
        while name in self._taken:
            name, number = f"{wanted}.{number}", number + 1
        self._taken.add(name)
        return name

    def op(self, kind: str, *inputs: str, out: str | None = None, domain: str = "", **attributes: Any) -> str:
        """Add a node; `out` is the name of an output of the graph, which nothing else may have."""
        result = self.name(kind.lower()) if out is None else out
        node = helper.make_node(kind, list(inputs), [result], name=f"{kind} {len(self.nodes)}", domain=domain)
        node.attribute.extend(helper.make_attribute(key, value) for key, value in sorted(attributes.items()))
        self.nodes.append(node)
        return result

    def constant(self, value: npt.ArrayLike, name: str = "constant") -> str:
        """Add a constant, unless an equal one is there."""
        array = np.asarray(value)
        key = (array.dtype.str, array.shape, array.tobytes())
        if array.dtype.hasobject or key not in self._known:
            tensor = numpy_helper.from_array(array, self.name(name))
            self.constants.append(tensor)
            self._known[key] = tensor.name
            return tensor.name
        return self._known[key]

    def cast(self, x: str, dtype: npt.DTypeLike) -> str:
        """A value in another type."""
        return self.op("Cast", x, to=helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))
