"""The proof of an ONNX graph: onnxruntime runs it on rows of a table, and the model says what should have come out."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, TensorProto, helper

from ..estimators.targets import Classes, Labels, Numbers
from ..models.model import Model
from ..tables.table import Table
from .integer import IntegerLayer, IntegerNetwork, requantized
from .onnx_encoder import inputs_of
from .onnx_graph import FEATURES, LABEL, PROBABILITIES, VALUE, Graph
from .proof import TIE, Proof, RoundedProof, distances, farthest, spread_of, told_apart

__all__ = ["proof", "run"]

Array = npt.NDArray[Any]


def proof(model: Model, graph: Graph, rows: Table) -> Proof:
    """Run a graph beside its model, or beside the integer network it was written from.

    Examples
    --------
    >>> import glasshouse as gh
    >>> from glasshouse.exporting.onnx_graph import written
    >>> from glasshouse.tables.reading import read_table
    >>> model = gh.train("example:iris", target="target", baselines=False, out="")
    >>> proof(model, written(model), read_table("example:iris")).holds
    True
    """
    try:
        import onnxruntime
    except ImportError:
        return Proof.none("onnxruntime is not installed")
    by = f"onnxruntime {onnxruntime.__version__}"
    if graph.whole is not None:
        return _in_whole_numbers(by, model, graph, graph.whole, rows)
    outputs, found = model.outputs(rows)[0], run(graph, model, rows)
    if isinstance(model.targets, Labels):
        same = (found[LABEL] == model.decode(outputs)).all(axis=1) | ~told_apart(outputs, each=True)
        return Proof(by, len(outputs), farthest(outputs, found[PROBABILITIES]), int(same.sum()))
    if isinstance(model.targets, Classes):
        same = (found[LABEL].astype(str) == model.decode(outputs)) | ~told_apart(outputs)
        return Proof(by, len(outputs), farthest(outputs, found[PROBABILITIES]), int(same.sum()))
    values = found[VALUE].reshape(outputs.shape)
    far = distances(outputs, values, spread_of(outputs))
    near = (far <= TIE).reshape(len(far), -1).all(axis=1)
    return Proof(by, len(outputs), float(far.max(initial=0.0)), int(near.sum()))


def run(graph: Graph, model: Model, rows: Table, *, optimised: bool = True) -> dict[str, Array]:
    """The outputs of a graph for the rows of a table, by name; not `optimised`, node by node as they stand."""
    import onnxruntime

    quiet = onnxruntime.SessionOptions()
    quiet.log_severity_level = 3
    if not optimised:
        quiet.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(graph.proto.SerializeToString(), quiet, providers=["CPUExecutionProvider"])
    if graph.inputs:
        given = inputs_of(graph.inputs, model.encoder, rows)
    else:
        dtype = model.network.dtype if graph.whole is None else np.float32
        given = {FEATURES: model.encoder.transform(rows)[0].astype(dtype)}
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, given), strict=True))


def _in_whole_numbers(by: str, model: Model, graph: Graph, whole: IntegerNetwork, rows: Table) -> Proof:
    proto = ModelProto()
    proto.CopyFrom(graph.proto)
    rounded = [node.output[0] for node in proto.graph.node if node.op_type == "QuantizeLinear"]
    proto.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.INT8, None) for name in rounded)
    found = run(graph._replace(proto=proto), model, rows, optimised=False)
    columns = [found[name] for name in rounded]
    wanted = whole.inputs.quantized(model.encoder.transform(rows)[0].astype(np.float64))
    off = np.abs(columns[0].astype(int) - wanted).max(axis=1, initial=0)
    k = 0
    for layer in whole.layers[:-1]:
        below = columns[k]
        for right in _layer(layer, below, columns[k + 1]):
            k += 1
            off = np.maximum(off, np.abs(columns[k].astype(int) - right).max(axis=1, initial=0))
    n, largest = len(off), float(off.max(initial=0))
    if isinstance(model.targets, Numbers):
        return RoundedProof(by, n, largest, int((off <= 1).sum()), whole=True)
    scores = whole.scores(columns[0])
    if isinstance(model.targets, Labels):
        same = ((found[LABEL] == (scores > 0)) | (np.abs(scores.astype(int)) <= 1)).all(axis=1)
        return RoundedProof(by, n, largest, int(same.sum()), whole=True)
    place = (scores[:, 0] > 0).astype(int) if scores.shape[1] == 1 else scores.argmax(axis=1)
    best = np.sort(np.column_stack((np.zeros_like(scores), scores)) if scores.shape[1] == 1 else scores, axis=1)
    tied = best[:, -1].astype(int) - best[:, -2] <= 1  # scores 1 apart in their last place
    same = (found[LABEL].astype(str) == model.targets.classes[place]) | tied
    return RoundedProof(by, n, largest, int(same.sum()), whole=True)


def _layer(layer: IntegerLayer, below: Array, sums: Array) -> list[Array]:
    """What a layer should round for these inputs: its sums; and where a table follows, what that makes of `sums`."""
    z = requantized(layer.accumulated(below), layer.multiplier, layer.shift) + layer.sums.zero
    clamped = np.clip(z, -128, 127)
    return [clamped] if layer.table is None else [clamped, layer.table[sums.astype(int) + 128]]
