"""Damaged ONNX and model files: whatever the bytes, a model that predicts or one line of reason.

Some hundred of each here, another seed every time; ``python -m bench.mutants`` makes thousands.
"""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import ModelProto, TensorProto, helper
from random_models import random_model

from glasshouse import storage
from glasshouse.errors import GlasshouseError
from glasshouse.exporting.onnx_graph import graph_of
from glasshouse.models.content import content_of
from glasshouse.models.convert.onnx_file import PREFIX, from_onnx, seal
from glasshouse.models.model import Model
from glasshouse.tables.cells import Cells
from glasshouse.tables.table import Table

CELLS = ["1", "2.5", "", "red", "2020-01-31", "true", "-1e30", "7"]
ODD: list[Any] = [None, -1, 0, 1, 2, 1e308, -1e-300, 2**63, -(2**31), True, "", "x", "relu", [], {}, [[]], "x" * 500]
SIZES = [-1, 0, 1, 2, 7, 2**16, 2**31, 2**40, 2**62]


def whole_models() -> list[Model]:
    return [random_model(np.random.default_rng(seed), n_rows=20)[0] for seed in (0, 3, 9, 11, 22, 30, 41)]


def foreign() -> ModelProto:
    """What torch writes of Linear, SiLU, Linear, Softmax, with a weight that is transposed and one in float_data."""
    w = np.arange(12, dtype=np.float32).reshape(3, 4) / 10
    nodes = [
        helper.make_node("Flatten", ["in"], ["flat"], axis=1),
        helper.make_node("Gemm", ["flat", "w1", "b1"], ["z1"], transB=1),
        helper.make_node("Sigmoid", ["z1"], ["s1"]),
        helper.make_node("Mul", ["z1", "s1"], ["a1"]),
        helper.make_node("Transpose", ["w2"], ["w2t"], perm=[1, 0]),
        helper.make_node("MatMul", ["a1", "w2t"], ["p2"]),
        helper.make_node("Add", ["p2", "b2"], ["z2"]),
        helper.make_node("LeakyRelu", ["z2"], ["a2"], alpha=0.01),
        helper.make_node("Reshape", ["a2", "shape"], ["r2"]),
        helper.make_node("Gemm", ["r2", "w1", "b1"], ["z3"], transB=1, alpha=1.0),
        helper.make_node("Softmax", ["z3"], ["out"], axis=-1),
    ]
    constants = [
        onnx.numpy_helper.from_array(w, "w1"),
        onnx.numpy_helper.from_array(np.ones(3, np.float32), "b1"),
        helper.make_tensor("w2", TensorProto.FLOAT, [4, 3], w.ravel().tolist()),
        onnx.numpy_helper.from_array(np.ones((1, 4), np.float32), "b2"),
        onnx.numpy_helper.from_array(np.array([-1, 4]), "shape"),
    ]
    given = helper.make_tensor_value_info("in", TensorProto.FLOAT, ["N", 4])
    found = helper.make_tensor_value_info("out", TensorProto.FLOAT, ["N", 3])
    graph = helper.make_graph(nodes, "g", [given], [found], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])


def whole_onnx() -> list[ModelProto]:
    models = whole_models()
    own = [graph_of(model, encoder=encoder) for model in models[:4] for encoder in (True, False)]
    bare = [graph_of(model, encoder=False) for model in models[4:]]
    for proto in bare:
        del proto.metadata_props[:]
    return [*own, *bare, foreign(), foreign(), foreign()]


def bytes_mutated(rnd: random.Random, data: bytes, other: bytes) -> bytes:
    """Bits turned, an end cut off, a piece of another file put in, bytes doubled or taken out."""
    changed = bytearray(data)
    match rnd.randrange(5):
        case 0:
            for _ in range(rnd.randint(1, 8)):
                changed[rnd.randrange(len(changed))] ^= 1 << rnd.randrange(8)
        case 1:
            del changed[rnd.randrange(len(changed)) :]
        case 2:
            start, size = rnd.randrange(len(other)), rnd.randint(1, 200)
            place = rnd.randrange(len(changed))
            changed[place : place + rnd.choice([0, size])] = other[start : start + size]
        case 3:
            place = rnd.randrange(len(changed))
            changed[place:place] = changed[place : place + rnd.randint(1, 40)] * rnd.randint(1, 3)
        case _:
            place = rnd.randrange(len(changed))
            del changed[place : place + rnd.randint(1, 9)]
    return bytes(changed)


def tensor_mutated(rnd: random.Random, proto: ModelProto) -> None:
    tensor = rnd.choice(proto.graph.initializer)
    match rnd.randrange(8):
        case 0:
            tensor.dims[:] = [rnd.choice([*SIZES, *tensor.dims]) for _ in range(rnd.randint(0, 3))]
        case 1:
            tensor.dims[:] = list(tensor.dims)[::-1]
        case 2:
            tensor.data_type = rnd.randint(0, 24)
        case 3:
            tensor.raw_data = tensor.raw_data[: rnd.randint(0, 8)] * rnd.randint(0, 3)
        case 4:
            tensor.name = rnd.choice([rnd.choice(proto.graph.initializer).name, "", "new"])
        case 5:
            tensor.data_location = TensorProto.EXTERNAL
            tensor.external_data.add(key="location", value=rnd.choice(["/etc/passwd", "../x", ""]))
        case 6:
            odd = np.array([rnd.choice([np.nan, np.inf, 1e38, -1e30, 0, 1e-40])], np.float32).tobytes()
            tensor.raw_data = odd + tensor.raw_data[4:]
        case _:
            tensor.float_data.extend([1.0] * rnd.randint(1, 9))


def node_mutated(rnd: random.Random, proto: ModelProto) -> None:
    node, other = rnd.choice(proto.graph.node), rnd.choice(proto.graph.node)
    names = [*node.output, *other.output, *other.input, "", "nothing", rnd.choice(proto.graph.initializer).name]
    match rnd.randrange(9):
        case 0:
            node.op_type = rnd.choice([other.op_type, "Conv", "Loop", "", "Exp", "Where", "Softmax", "Gather"])
        case 1 if node.input:
            node.input[rnd.randrange(len(node.input))] = rnd.choice(names)
        case 2:
            node.input.append(rnd.choice(names))
        case 3 if node.input:
            del node.input[rnd.randrange(len(node.input))]
        case 4:
            node.output[:] = [rnd.choice(names) for _ in range(rnd.randint(0, 2))]
        case 5:
            copy = onnx.NodeProto()
            copy.CopyFrom(node)
            node.CopyFrom(other)
            other.CopyFrom(copy)
        case 6:
            node.domain = rnd.choice(["ai.onnx.ml", "com.microsoft", "ai.onnx", "x"])
        case 7:
            proto.graph.node.add().CopyFrom(node)
        case _:
            proto.graph.node.remove(node)


def attribute_mutated(rnd: random.Random, proto: ModelProto) -> None:
    node = rnd.choice(proto.graph.node)
    if not node.attribute or rnd.random() < 0.2:
        name = rnd.choice(["axis", "alpha", "transB", "to", "body", "perm", "keepdims"])
        node.attribute.append(helper.make_attribute(name, rnd.choice([-1, 0, 1, 2.5, "x", [1, 0], [-1], 2**62])))
        return
    attribute = rnd.choice(node.attribute)
    match rnd.randrange(4):
        case 0:
            attribute.type = rnd.randint(0, 14)
        case 1:
            attribute.name = rnd.choice(["axis", "", "alpha", "x"])
        case 2:
            attribute.i, attribute.f = rnd.choice([*SIZES, -7]), rnd.choice([0.0, -1.0, 1e38, float("nan")])
        case _:
            attribute.ints[:] = [rnd.choice(SIZES)] * rnd.randint(0, 3)


def frame_mutated(rnd: random.Random, proto: ModelProto) -> None:
    """Inputs, outputs, opsets, sparse tensors, and what the file says of itself."""
    graph = proto.graph
    names = [node.output[0] for node in graph.node if node.output]
    match rnd.randrange(8):
        case 0:
            value = rnd.choice([*graph.input, *graph.output])
            shape = [rnd.choice([None, "N", *SIZES]) for _ in range(rnd.randint(0, 4))]
            value.CopyFrom(helper.make_tensor_value_info(value.name, rnd.randint(0, 20), shape))
        case 1:
            rnd.choice([*graph.input, *graph.output]).name = rnd.choice([*names, "", "nothing"])
        case 2:
            graph.output.add().CopyFrom(helper.make_tensor_value_info(rnd.choice(names), TensorProto.FLOAT, None))
        case 3:
            graph.input.add().CopyFrom(helper.make_tensor_value_info(rnd.choice(names), TensorProto.FLOAT, None))
        case 4:
            rnd.choice(proto.opset_import).version = rnd.choice([0, 1, 7, 13, 25, 99, -5, 2**62])
        case 5:
            values = helper.make_tensor(rnd.choice([t.name for t in graph.initializer]), 1, [2], [1.0, 2.0])
            places = helper.make_tensor("places", 7, [2], [rnd.choice(SIZES), rnd.choice(SIZES)])
            graph.sparse_initializer.append(
                helper.make_sparse_tensor(values, places, [rnd.choice(SIZES), rnd.choice(SIZES)])
            )
        case 6:
            graph.ClearField(rnd.choice(["node", "initializer", "input", "output"]))
        case _ if proto.metadata_props:
            prop = rnd.choice(proto.metadata_props)
            try:
                prop.value = json.dumps(document_mutated(rnd, json.loads(prop.value)))
            except (ValueError, TypeError):
                prop.value = rnd.choice(["", "x", "relu"])


def onnx_mutant(rnd: random.Random) -> bytes:
    data = rnd.choice(ONNX)
    if rnd.random() < 0.4:
        return bytes_mutated(rnd, data, rnd.choice(ONNX))
    proto = ModelProto.FromString(data)
    for _ in range(rnd.choice([1, 1, 1, 2, 4])):
        if len(proto.graph.node) and len(proto.graph.initializer) and len(proto.graph.output):
            rnd.choice([tensor_mutated, node_mutated, attribute_mutated, frame_mutated])(rnd, proto)
    said = {p.key.removeprefix(PREFIX): p for p in proto.metadata_props}
    if "sha256" in said and rnd.random() < 0.8:  # sealed anew, so that what is inside is reached
        rest = {key: prop.value for key, prop in said.items() if key != "sha256"}
        said["sha256"].value = seal(proto.graph, rest)
    return proto.SerializeToString()


def document_mutated(rnd: random.Random, document: Any) -> Any:
    """One place of a document by something odd, or left out."""
    if not isinstance(document, dict | list) or not document or rnd.random() < 0.1:
        return rnd.choice(ODD)
    keys = list(document) if isinstance(document, dict) else list(range(len(document)))
    key = rnd.choice(keys)
    copy = document.copy()
    match rnd.randrange(8):
        case 0:
            del copy[key]
        case 1:
            copy[key] = document[rnd.choice(keys)]
        case 2 if isinstance(copy, dict):
            copy[rnd.choice(["x", "kind", ""])] = rnd.choice(ODD)
        case _:
            copy[key] = document_mutated(rnd, document[key])
    return copy


def arrays_mutated(rnd: random.Random, arrays: dict[str, Any]) -> dict[str, Any]:
    name = rnd.choice(list(arrays))
    array, copy = arrays[name], dict(arrays)
    match rnd.randrange(7):
        case 0:
            del copy[name]
        case 1:
            copy[name] = array[: rnd.randint(0, len(array))]
        case 2:
            with np.errstate(all="ignore"):
                copy[name] = array.astype(rnd.choice(["f2", "f4", "f8", "i4", "i8", "u1", "?"]))
        case 3:
            copy[name] = array.reshape(rnd.choice([(-1, 1), (1, -1)]))
        case 4:
            copy[rnd.choice(["x", "row_starts.0", "inputs.1", "parameters"])] = array
        case _ if array.size:
            kind = array.dtype.kind
            odd = [np.nan, np.inf, 1e38, -1e30, 0] if kind == "f" else [-1, 0, 1, 2**31 - 1, -(2**31), 5]
            copy[name] = array.copy()
            with np.errstate(all="ignore"):
                copy[name].flat[rnd.randrange(array.size)] = rnd.choice(odd)
    return copy


def model_mutant(rnd: random.Random) -> bytes:
    document, arrays = rnd.choice(CONTENTS)
    if rnd.random() < 0.4:
        return bytes_mutated(rnd, storage.packed("model", document, arrays), rnd.choice(ONNX))
    for _ in range(rnd.choice([1, 1, 2])):
        if rnd.random() < 0.3 and arrays:
            arrays = arrays_mutated(rnd, arrays)
        else:
            changed = document_mutated(rnd, document)
            document = changed if isinstance(changed, dict) else document
    return storage.packed("model", document, arrays)  # with the SHA-256 of what it holds now


def rows_for(model: Model) -> Table:
    """Cells of every kind in each column it names."""
    return Table(
        "rows", {name: Cells.of(CELLS[k % 3 :] + CELLS[: k % 3]) for k, name in enumerate(model.encoder.names)}
    )


def outcome(load: Callable[[Path], Model], path: Path) -> str:
    """What became of it: 'loaded', or the kind of error, of one line; anything else is raised."""
    try:
        model = load(path)
        model.summary()
    except GlasshouseError as error:
        assert str(error)
        assert "\n" not in str(error), str(error)
        return type(error).__name__
    try:
        outputs, _ = model.outputs(rows_for(model))
        assert np.isfinite(outputs).all()
    except GlasshouseError as error:
        assert "\n" not in str(error), str(error)
    return "loaded"


ONNX = [proto.SerializeToString() for proto in whole_onnx()]
CONTENTS = [content_of(model) for model in whole_models()]
KINDS: dict[str, tuple[Callable[[random.Random], bytes], Callable[[Path], Model]]] = {
    "onnx": (onnx_mutant, from_onnx),
    "glass": (model_mutant, Model.load),
}


def survey(kind: str, count: int, seed: int, place: Path) -> tuple[Counter[str], float]:
    """How each of so many ended, and the seconds the slowest took; a file that ends otherwise is kept."""
    rnd, ends, slowest = random.Random(seed), Counter[str](), 0.0
    mutant, load = KINDS[kind]
    for number in range(count):
        path = place / f"mutant.{kind}"
        path.write_bytes(mutant(rnd))
        started = time.perf_counter()
        try:
            ends[outcome(load, path)] += 1
        except Exception as error:
            raise AssertionError(f"{path}, mutant {number} of seed {seed}: {type(error).__name__}: {error}") from error
        slowest = max(slowest, time.perf_counter() - started)
    return ends, slowest


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_the_bytes_a_model_or_a_reason(kind, tmp_path) -> None:
    seed = random.SystemRandom().randrange(10**9)
    print(f"seed {seed}")
    ends, slowest = survey(kind, 300, seed, tmp_path)
    assert ends["loaded"] > 5
    assert ends["ModelFileError"] > 100
    assert slowest < 5
