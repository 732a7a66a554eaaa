"""A model as one ONNX graph of standard operators: raw columns in, label and probabilities or the number out."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import numpy as np
import onnx
from onnx import ModelProto, ValueInfoProto, helper

from .. import __version__
from ..estimators.targets import Labels, Numbers
from ..models.convert.onnx_file import PREFIX, seal
from ..models.model import Model
from .integer import IntegerNetwork
from .onnx_encoder import Input, add_encoder
from .onnx_network import add_network
from .onnx_nodes import IR_VERSION, ML_DOMAIN, ML_OPSET, OPSET, Nodes
from .onnx_quantized import add_integer_network

__all__ = ["FEATURES", "LABEL", "PROBABILITIES", "VALUE", "Graph", "graph_of", "quantized_graph", "written"]

FEATURES = "x"  # the input of a network alone
LABEL, PROBABILITIES, VALUE = "label", "probabilities", "value"


class Graph(NamedTuple):
    """An ONNX graph and what its inputs are called.

    Attributes
    ----------
    proto : onnx.ModelProto
    inputs : list of Input
        One for each column, or for each part of a date; none where the graph is the network alone.
    whole : IntegerNetwork or None
        What it was written from, where it is in whole numbers.
    """

    proto: ModelProto
    inputs: list[Input]
    whole: IntegerNetwork | None = None


def graph_of(model: Model, *, encoder: bool = True) -> ModelProto:
    """Write a model as an ONNX graph.

    Parameters
    ----------
    encoder : bool
        Whether the graph takes raw columns, (N, 1) each by its name: numbers, NaN where one is missing, text, yes and
        no as 1 and 0, a date as those of its parts that count (`when_days`). Else it takes x (N, n_features), encoded.

    Returns
    -------
    onnx.ModelProto
        With the outputs ``label`` (N,) and ``probabilities`` (N, n_classes), or ``value`` (N, 1).

    Examples
    --------
    >>> import glasshouse as gh
    >>> model = gh.train("example:iris", target="target", baselines=False, out="")
    >>> proto = graph_of(model)
    >>> [value.name for value in proto.graph.input][0], [value.name for value in proto.graph.output]
    ('petal length (cm)', ['label', 'probabilities'])
    """
    return written(model, encoder=encoder).proto


def quantized_graph(model: Model, whole: IntegerNetwork, *, encoder: bool = True) -> ModelProto:
    """Write a model with its network in whole numbers: QuantizeLinear and DequantizeLinear around every layer.

    Examples
    --------
    >>> import glasshouse as gh
    >>> from glasshouse.tables.reading import read_table
    >>> model = gh.train("example:iris", target="target", baselines=False, out="")
    >>> rows, _ = model.encoder.transform(read_table("example:iris"))
    >>> proto = quantized_graph(model, IntegerNetwork.of(model.network, rows))
    >>> sum(node.op_type == "QuantizeLinear" for node in proto.graph.node) >= len(model.network.layers)
    True
    """
    return written(model, encoder=encoder, whole=whole).proto


def written(model: Model, *, encoder: bool = True, whole: IntegerNetwork | None = None) -> Graph:
    """`graph_of`, or with `whole` `quantized_graph`, and what its inputs are."""
    found = [VALUE] if isinstance(model.targets, Numbers) else [LABEL, PROBABILITIES]
    nodes = Nodes(found if encoder else [*found, FEATURES])
    network = model.network
    dtype = network.dtype if whole is None else np.dtype(np.float32)
    if encoder:
        inputs, x = add_encoder(nodes, model.encoder)
        x = x if dtype == np.float32 else nodes.cast(x, dtype)
        taken = [_value(each.name, each.dtype, 1, each.says) for each in inputs]
    else:
        inputs, x = [], FEATURES
        taken = [_value(FEATURES, dtype, network.n_features, "the features, in the order of glasshouse.features")]
    outputs = add_network(nodes, network, x) if whole is None else add_integer_network(nodes, whole, x)
    given = _meaning(nodes, model, outputs, dtype)
    graph = helper.make_graph(nodes.nodes, "glasshouse", taken, given, nodes.constants)
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(ML_DOMAIN, ML_OPSET)]
    proto = helper.make_model(graph, opset_imports=opsets)
    proto.ir_version = IR_VERSION
    proto.producer_name, proto.producer_version = "glasshouse", __version__
    helper.set_model_props(proto, _provenance(model, graph, x if encoder else None))
    onnx.checker.check_model(proto, full_check=True)
    return Graph(proto, inputs, whole)


def _meaning(nodes: Nodes, model: Model, outputs: str, dtype: np.dtype[Any]) -> list[ValueInfoProto]:
    """Add what the outputs of the network mean; return the outputs of the graph."""
    if isinstance(model.targets, Numbers):
        nodes.op("Identity", outputs, out=VALUE)
        return [_value(VALUE, dtype, model.network.n_outputs)]
    if isinstance(model.targets, Labels):
        nodes.op("Identity", outputs, out=PROBABILITIES)
        has = nodes.op("Greater", outputs, nodes.constant(dtype.type(0.5)))
        nodes.op("Cast", has, out=LABEL, to=onnx.TensorProto.INT64)
        n = model.network.n_outputs
        return [_value(LABEL, np.dtype(np.int64), n), _value(PROBABILITIES, dtype, n)]
    classes = model.targets.classes
    if len(classes) == 2:
        first = nodes.op("Sub", nodes.constant(dtype.type(1)), outputs)
        nodes.op("Concat", first, outputs, out=PROBABILITIES, axis=1)
    else:
        nodes.op("Identity", outputs, out=PROBABILITIES)
    place = nodes.op("ArgMax", PROBABILITIES, axis=1, keepdims=0)
    nodes.op("Gather", nodes.constant(classes.astype(object), "classes"), place, out=LABEL, axis=0)
    return [_value(LABEL, np.dtype(object), None), _value(PROBABILITIES, dtype, len(classes))]


def _value(name: str, dtype: np.dtype[Any], width: int | None, says: str = "") -> ValueInfoProto:
    """An input or output: rows, N of them, of so many numbers, or of one word."""
    kind = onnx.TensorProto.STRING if dtype.hasobject else helper.np_dtype_to_tensor_dtype(dtype)
    shape: list[str | int] = ["N"] if width is None else ["N", width]
    return helper.make_tensor_value_info(name, kind, shape, says)


def _provenance(model: Model, graph: onnx.GraphProto, x: str | None) -> dict[str, str]:
    """What the file says of itself: enough for it to come back as a model while nobody has changed the graph.

    x is what the features are called where an encoder makes them.
    """
    said: dict[str, Any] = {
        "version": __version__,
        "target": model.target,
        "task": model.task,
        "features": model.encoder.feature_names,
    }
    if not isinstance(model.targets, Numbers):
        said["classes"] = model.targets.classes.tolist()
    if x is not None:
        said |= {"encoder": model.encoder.to_dict(), "network": x}
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in said.items()}
    return {PREFIX + key: value for key, value in (texts | {"sha256": seal(graph, texts)}).items()}
