"""One ONNX file as a network: its nodes in turn, each checked before it is followed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto

from ...network.layers import Dense, Layer, Sparse
from ...network.network import Network
from ...network.topology import Topology
from .onnx_operators import NEEDED, OPERATORS, Call
from .onnx_values import (
    MOST_WIDTH,
    Budget,
    Labels,
    Marks,
    Places,
    Signal,
    Spread,
    Unfit,
    Value,
    activation_of,
    array_of,
    short,
    spread_of,
)

__all__ = ["Found", "network_in"]

Array = npt.NDArray[Any]
FLOATS = (TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16)
NUMBERS = (*FLOATS, TensorProto.INT64, TensorProto.INT32)
OLDEST, NEWEST = 7, 30  # opsets: before, arithmetic broadcast otherwise; newer ones nobody has seen
MOST_NODES = 10_000
GROWTH = 32  # how many times the size of its file what a graph computes from constants may take
CURES = {
    "QuantizeLinear": "a quantised network is not read: give the float one it was made from",
    "DequantizeLinear": "a quantised network is not read: give the float one it was made from",
    "ZipMap": "convert it again with options={'zipmap': False}",
    "Scaler": "convert the network without its scaler, or give the fitted Pipeline itself",
    "Conv": "only networks of fully connected layers are read",
}


@dataclass(frozen=True, eq=False)
class Found:
    """What stands in a file.

    Attributes
    ----------
    network : Network
    classes : tuple of str or None
        The names of its labels, where it has them.
    both : bool
        Whether it gives the probabilities of two classes, of which the network computes the second.
    """

    network: Network
    classes: tuple[str, ...] | None
    both: bool


def network_in(proto: ModelProto, n_bytes: int, start: str | None = None) -> Found:
    """Read a graph; `start` is a value that nodes before it compute, from which on it is a network.

    Raises
    ------
    Unfit
        If it is no network of fully connected layers and known activations.
    """
    graph = proto.graph
    _opset(proto)
    if not 0 < len(graph.node) <= MOST_NODES:
        raise Unfit(f"the graph has {len(graph.node)} nodes: a network has 1 to {MOST_NODES}")
    values = dict(_constants(graph))
    nodes: list[NodeProto] = list(graph.node)
    if start is None:
        name, signal = _input(graph, set(values))
        values[name] = signal
    else:
        made = [k for k, node in enumerate(nodes) if start in node.output]
        nodes = nodes[made[0] + 1 :] if made else nodes
        values[start] = Signal((), None, None)
    budget = Budget(GROWTH * n_bytes + (1 << 20))
    for node in nodes:
        value = _named(node, lambda node=node: _value(node, values, budget))
        for name in [name for name in node.output if name]:
            if name in values:
                raise Unfit(f"node {_called(node)}: {short(name)} is computed twice: the file is damaged")
        values[node.output[0]] = value
    return _found(graph, values, n_bytes)


def _opset(proto: ModelProto) -> None:
    versions = {opset.domain: opset.version for opset in proto.opset_import}
    version = versions.get("", versions.get("ai.onnx", 0))
    if not OLDEST <= version <= NEWEST:
        raise Unfit(f"it is written for opset {version}: save it for one from {OLDEST} to {NEWEST}")


def _constants(graph: GraphProto) -> Iterator[tuple[str, Value]]:
    for tensor in graph.initializer:
        yield tensor.name, array_of(tensor)
    for sparse in graph.sparse_initializer:
        yield sparse.values.name, spread_of(sparse)


def _input(graph: GraphProto, constants: set[str]) -> tuple[str, Signal]:
    """The one input that is no constant, and the rows it takes."""
    given = [value for value in graph.input if value.name not in constants]
    if len(given) != 1:
        raise Unfit(f"it has {len(given)} inputs: a network takes one, (N, n_features)")
    value = given[0]
    what = f"input {short(value.name)}"
    kind = value.type.tensor_type
    if not value.type.HasField("tensor_type") or kind.elem_type not in NUMBERS:
        raise Unfit(f"{what} is no tensor of numbers: a network takes (N, n_features) of them")
    if not kind.HasField("shape"):
        return value.name, Signal((), None, None)
    sizes = [size.dim_value if size.HasField("dim_value") else None for size in kind.shape.dim]
    if len(sizes) < 2 or any(size is not None and size < 0 for size in sizes):
        raise Unfit(f"{what} has the shape {short(sizes)}: a network takes (N, n_features)")
    columns = [size for size in sizes[1:] if size]
    width = math.prod(columns) if len(columns) == len(sizes) - 1 else None
    if width is not None and width > MOST_WIDTH:
        raise Unfit(f"{what} has {width} columns: {MOST_WIDTH} are read")
    return value.name, Signal((), None, width, flat=len(sizes) == 2)


def _called(node: NodeProto) -> str:
    return f"{short(node.name)} ({short(node.op_type)[1:-1]})"


def _named(node: NodeProto, run: Any) -> Value:
    """What a node gives; what is wrong with it names it."""
    try:
        return run()  # type: ignore[no-any-return]
    except Unfit as error:
        raise Unfit(f"node {_called(node)}: {error}") from error


def _value(node: NodeProto, values: dict[str, Value], budget: Budget) -> Value:
    if not node.output or not node.output[0]:
        raise Unfit("it has no output: the file is damaged")
    domain = "" if node.domain == "ai.onnx" else node.domain
    if (domain, node.op_type) == ("", "Constant"):
        constant = _constant(node)
        budget.take(constant, ())
        return constant
    if (domain, node.op_type) not in OPERATORS:
        raise Unfit(CURES.get(node.op_type, "only layers, known activations and labels are read: leave it out"))
    operator = OPERATORS[domain, node.op_type]
    gone = [name for name in node.input if name and name not in values]
    if gone:
        raise Unfit(f"it reads {short(gone[0])}, which nothing before it gives: nodes must stand in order")
    inputs = [values[name] if name else None for name in node.input]
    value = operator.run(Call(inputs, _attributes(node, operator.attributes), budget.room))
    budget.take(value, inputs)
    return value


def _attributes(node: NodeProto, usual: dict[str, Any]) -> dict[str, Any]:
    """Its attributes over the usual ones, each of the type it must have."""
    found = dict(usual)
    for attribute in node.attribute:
        if attribute.name not in usual or attribute.ref_attr_name:
            raise Unfit(f"its attribute {short(attribute.name)} is not read")
        found[attribute.name] = _setting(attribute, usual[attribute.name])
    missing = [name for name, value in found.items() if value is NEEDED]
    if missing:
        raise Unfit(f"it lacks the attribute {missing[0]!r}: the file is damaged")
    return found


def _setting(attribute: AttributeProto, usual: Any) -> Any:
    kinds = {
        float: (AttributeProto.FLOAT, attribute.f),
        bytes: (AttributeProto.STRING, attribute.s),
        type(None): (AttributeProto.INTS, list(attribute.ints)),
    }
    wanted, value = kinds.get(type(usual), (AttributeProto.INT, attribute.i))
    if attribute.type != wanted:
        raise Unfit(f"its attribute {short(attribute.name)} is of another type than it must be")
    return value


def _constant(node: NodeProto) -> Array:
    if len(node.attribute) != 1:
        raise Unfit("it has one attribute, its value")
    attribute = node.attribute[0]
    made: dict[str, tuple[int, Any]] = {
        "value": (AttributeProto.TENSOR, lambda: array_of(attribute.t)),
        "value_float": (AttributeProto.FLOAT, lambda: np.float32(attribute.f)),
        "value_int": (AttributeProto.INT, lambda: np.int64(attribute.i)),
        "value_floats": (AttributeProto.FLOATS, lambda: np.array(attribute.floats, np.float32)),
        "value_ints": (AttributeProto.INTS, lambda: np.array(attribute.ints, np.int64)),
    }
    if attribute.name not in made or attribute.type != made[attribute.name][0]:
        raise Unfit(f"its attribute {short(attribute.name)} is not read")
    return np.asarray(made[attribute.name][1]())


def _found(graph: GraphProto, values: dict[str, Value], n_bytes: int) -> Found:
    outputs = [(value.name, _output(value, values)) for value in graph.output]
    signals = [value for _, value in outputs if isinstance(value, Signal)]
    named = [value for _, value in outputs if isinstance(value, Labels | Places)]
    if len(signals) > 1 or len(named) > 1 or not outputs:
        names = ", ".join(short(name) for name, _ in outputs[:4])
        raise Unfit(f"its {len(outputs)} outputs ({names}) are not one network's: keep one, and its labels")
    marks = [value for _, value in outputs if isinstance(value, Marks)]
    if not signals and marks:
        raise Unfit("its labels are all it gives: keep their probabilities")
    signal = signals[0] if signals or not named else named[0].of
    if marks and not (
        len(marks) == 1 and not named and activation_of(signal) == "sigmoid" and signal.same(marks[0].of)
    ):
        raise Unfit("its labels come from other numbers than it gives: keep one of the outputs")
    if named and not (signal.same(named[0].of) and activation_of(signal) == activation_of(named[0].of)):
        raise Unfit("its labels come from other numbers than it gives: keep one of the outputs")
    classes = named[0].classes if named and isinstance(named[0], Labels) else None
    return Found(_network(signal, n_bytes), classes, signal.both)


def _output(value: ValueInfoProto, values: dict[str, Value]) -> Value:
    found = values.get(value.name)
    if not isinstance(found, Signal | Labels | Places | Marks):
        what = "which nothing gives" if found is None else "which is a constant"
        raise Unfit(f"it has the output {short(value.name)}, {what}: the file is damaged")
    return found


def _network(signal: Signal, n_bytes: int) -> Network:
    if signal.linear is None:
        raise Unfit("it holds no layer: there is nothing to read")
    parts = [*signal.layers, (*signal.linear, activation_of(signal))]
    units = parts[0][0].shape[1] + sum(w.shape[0] for w, _, _ in parts)
    stored = sum((w.values if isinstance(w, Spread) else w).size for w, _, _ in parts)
    if units > n_bytes or stored > n_bytes:  # each takes some bytes of the file, unless it uses them over and over
        raise Unfit(f"it makes {units} units and {stored} weights of {n_bytes} bytes: the file is damaged")
    arrays = [array for w, b, _ in parts for array in (w.values if isinstance(w, Spread) else w, b)]
    double = any(array is not None and array.dtype == np.float64 for array in arrays)
    layers: list[Layer] = []
    for w, _, name in parts:
        layers.append(_sparse(w, name) if isinstance(w, Spread) else Dense(w.shape[1], w.shape[0], name))
    weights = [(w.values if isinstance(w, Spread) else w).ravel() for w, _, _ in parts]
    biases = [np.zeros(w.shape[0]) if b is None else b for w, b, _ in parts]
    with np.errstate(over="ignore"):
        parameters = np.concatenate([*weights, *biases]).astype(np.float64 if double else np.float32)
    if not np.isfinite(parameters).all():
        raise Unfit("its weights are not finite numbers: train it again")
    return Network(tuple(layers), parameters)


def _sparse(w: Spread, name: str) -> Sparse:
    fan_out, fan_in = w.shape
    rows, inputs = np.divmod(w.places, fan_in)
    starts = np.concatenate(([0], np.cumsum(np.bincount(rows, minlength=fan_out))))
    return Sparse(Topology((fan_out, fan_in), starts.astype(np.int32), inputs.astype(np.int32)), name)
