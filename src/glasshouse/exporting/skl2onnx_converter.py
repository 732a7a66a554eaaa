"""How skl2onnx converts our estimators: shapes of the outputs, and the nodes of the network."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import TensorProto, helper

from ..estimators.targets import Classes, Labels
from .onnx_network import add_network
from .onnx_nodes import Nodes

__all__ = ["classifier_shapes", "convert_classifier", "convert_regressor", "regressor_shapes"]


class _Container(Nodes):
    """Nodes that end in skl2onnx's container, under names from its scope."""

    def __init__(self, scope: Any, container: Any):
        super().__init__([])
        self._scope, self._container = scope, container

    def name(self, wanted: str) -> str:
        return str(self._scope.get_unique_variable_name(wanted))

    def finish(self) -> None:
        """Hand everything over."""
        for tensor in self.constants:
            values = tensor if tensor.raw_data else [word.decode() for word in tensor.string_data]
            self._container.add_initializer(tensor.name, tensor.data_type, list(tensor.dims), values)
        for node in self.nodes:
            attributes = {each.name: helper.get_attribute_value(each) for each in node.attribute}
            name = self._scope.get_unique_operator_name(node.op_type)
            self._container.add_node(
                node.op_type, list(node.input), list(node.output), op_domain=node.domain, name=name, **attributes
            )


def classifier_shapes(operator: Any) -> None:
    """Say what label and probabilities are."""
    from skl2onnx.common.data_types import Int64TensorType, StringTensorType

    n, targets = operator.inputs[0].get_first_dimension(), operator.raw_operator.targets_
    many = isinstance(targets, Labels)
    words = not many and targets.classes.dtype.kind not in "biu"
    label = StringTensorType if words else Int64TensorType
    operator.outputs[0].set_type(label([n, len(targets.classes)] if many else [n]))
    operator.outputs[1].type.shape = [n, len(targets.classes)]


def regressor_shapes(operator: Any) -> None:
    """Say how many numbers there are."""
    n = operator.inputs[0].get_first_dimension()
    operator.outputs[0].type.shape = [n, operator.raw_operator.n_outputs_]


def convert_classifier(scope: Any, operator: Any, container: Any) -> None:
    """Add the network, the label, and the probabilities or decision values."""
    estimator, targets = operator.raw_operator, operator.raw_operator.targets_
    nodes = _Container(scope, container)
    label, scores = (output.full_name for output in operator.outputs)
    margins = isinstance(targets, Classes) and targets.margins
    outputs = _outputs(nodes, operator, "identity" if margins else None)
    kind = estimator.network_.dtype.type
    if isinstance(targets, Labels):
        each = nodes.op("Greater", outputs, nodes.constant(kind(0.5)))
        nodes.op("Cast", each, out=label, to=TensorProto.INT64)
    else:
        if len(targets.classes) == 2:
            other = nodes.op("Neg", outputs) if margins else nodes.op("Sub", nodes.constant(kind(1)), outputs)
            outputs = nodes.op("Concat", other, outputs, axis=1)
        place = nodes.op("ArgMax", outputs, axis=1, keepdims=0)
        words = targets.classes.dtype.kind not in "biu"
        classes = targets.classes.astype(str).astype(object) if words else targets.classes.astype(np.int64)
        nodes.op("Gather", nodes.constant(classes, "classes"), place, out=label, axis=0)
    nodes.op("Cast", outputs, out=scores, to=_element_type(operator.outputs[1]))
    nodes.finish()


def convert_regressor(scope: Any, operator: Any, container: Any) -> None:
    """Add the network."""
    nodes = _Container(scope, container)
    values = _outputs(nodes, operator, None)
    nodes.op("Cast", values, out=operator.outputs[0].full_name, to=_element_type(operator.outputs[0]))
    nodes.finish()


def _outputs(nodes: Nodes, operator: Any, output: str | None) -> str:
    """Add the estimator's network, in its own precision."""
    network = operator.raw_operator.network_
    network = network if output is None else network.with_output(output)
    return add_network(nodes, network, nodes.cast(operator.inputs[0].full_name, network.dtype))


def _element_type(variable: Any) -> int:
    from skl2onnx.common.data_types import guess_proto_type

    return int(guess_proto_type(variable.type))
