"""Models as ONNX graphs: onnxruntime gives what the model gives, whatever the columns are called and hold."""

from __future__ import annotations

import sys
import warnings

import numpy as np
import onnx
import onnxruntime
import pandas as pd
import pytest
from builders import build, masks_for
from random_models import random_model
from sklearn.compose import make_column_transformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import glasshouse as gh
from glasshouse.errors import OptionError
from glasshouse.estimators.targets import Numbers
from glasshouse.exporting.integer import IntegerNetwork
from glasshouse.exporting.onnx_graph import graph_of, quantized_graph, written
from glasshouse.exporting.onnx_nodes import OPSET
from glasshouse.exporting.onnx_proof import proof
from glasshouse.exporting.proof import RoundedProof
from glasshouse.exporting.skl2onnx_registration import register_skl2onnx
from glasshouse.models.model import Model
from glasshouse.network.activations import ACTIVATIONS
from glasshouse.tables.cells import Cells
from glasshouse.tables.encoder import TableEncoding
from glasshouse.tables.encodings import NumberEncoding, PlainEncoding
from glasshouse.tables.table import Table


def model_of(network, encoder=None) -> Model:
    """A network of one output, or of outputs that are nobody's classes, over plain columns."""
    model = random_model(np.random.default_rng(1), n_rows=5)[0]
    columns = [f"c{k}" for k in range(network.n_features)]
    encoder = encoder or TableEncoding(tuple(map(PlainEncoding, columns)), (*columns, "y"), ("y",))
    targets = Numbers(np.zeros(network.n_outputs), np.ones(network.n_outputs))
    return Model(encoder, network, targets, "y", model.recipe, {}, model.origin)


def rows_of(columns) -> Table:
    return Table("rows", {name: Cells.of(cells) for name, cells in columns.items()})


def numbers(rng, model, n=200) -> Table:
    return rows_of({e.name: [repr(float(v)) for v in rng.normal(0, 2, n)] for e in model.encoder.encodings})


@pytest.mark.parametrize("seed", range(25))
def test_random_models_come_out_the_same(seed) -> None:
    model, rows = random_model(np.random.default_rng(1000 + seed), n_rows=400)
    for encoder in (True, False):
        graph = written(model, encoder=encoder)
        found = proof(model, graph, rows)
        assert found.holds, found
        assert graph.proto.opset_import[0].version == OPSET
        assert {node.domain for node in graph.proto.graph.node} <= {"", "ai.onnx.ml"}


@pytest.mark.parametrize("seed", range(10))
def test_whole_numbers_are_within_one_in_the_last_place(seed) -> None:
    model, rows = random_model(np.random.default_rng(2000 + seed), n_rows=400)
    whole = IntegerNetwork.of(model.network, model.encoder.transform(rows)[0])
    found = proof(model, written(model, whole=whole), rows)
    assert isinstance(found, RoundedProof)
    assert found.holds, found
    alone = proof(model, written(model, encoder=False, whole=whole), rows)
    assert alone.holds, alone


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_far_out(name, dtype) -> None:
    rng = np.random.default_rng(2)
    network = build(rng, [2, 3], [name], dtype)
    model = model_of(network)
    cells = ["0", "1", "-1", "1e-6", "20", "-20"] + ([] if name == "exp" else ["88", "-88", "200", "-9000"])
    rows = rows_of({e.name: cells if k else cells[::-1] for k, e in enumerate(model.encoder.encodings)})
    assert proof(model, written(model), rows).holds


def test_a_sparse_layer_is_stored_sparse_where_that_is_smaller() -> None:
    rng = np.random.default_rng(3)
    sizes = [60, 40, 30, 1]
    network = build(rng, sizes, ["tanh", "relu", "identity"], np.float32, masks_for(rng, sizes, 0.05))
    model = model_of(network)
    proto = graph_of(model)
    assert [node.op_type for node in proto.graph.node].count("ScatterElements") == 2
    dense = sum(a * b for a, b in zip(sizes, sizes[1:], strict=False)) * 4
    stored = sum(len(tensor.raw_data) for tensor in proto.graph.initializer)
    assert stored < dense / 4
    assert proof(model, written(model), numbers(rng, model)).holds


def test_a_column_far_from_zero_is_read_in_double() -> None:
    encoder = TableEncoding(
        (NumberEncoding("far", 1.7e9, 3.0, True), NumberEncoding("near", 1.0, 3.0, False)), ("far", "near", "y"), ("y",)
    )
    model = model_of(build(np.random.default_rng(4), [3, 1], ["identity"], np.float32), encoder)
    graph = written(model)
    kinds = {value.name: value.type.tensor_type.elem_type for value in graph.proto.graph.input}
    assert kinds == {"far": onnx.TensorProto.DOUBLE, "near": onnx.TensorProto.FLOAT}
    rows = rows_of({"far": ["1700000001.5", "", "1699999990"], "near": ["2", "", "1e30"]})
    assert proof(model, graph, rows).largest < 1e-6


def test_the_file_says_where_it_is_from(tmp_path) -> None:
    model = gh.train("example:wine", target="target", out="", baselines=False)
    said = {prop.key: prop.value for prop in graph_of(model).metadata_props}
    assert said["glasshouse.target"] == "target"
    assert said["glasshouse.classes"] == '["class_0", "class_1", "class_2"]'
    assert all(value.doc_string for value in graph_of(model).graph.input)
    whole = IntegerNetwork.of(model.network, np.eye(model.network.n_features))
    assert len(quantized_graph(model, whole).SerializeToString()) < len(graph_of(model).SerializeToString())


def test_without_onnxruntime_the_proof_says_so(monkeypatch) -> None:
    model, rows = random_model(np.random.default_rng(5), n_rows=3)
    graph = written(model)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    found = proof(model, graph, rows)
    assert not found.holds
    assert str(found) == "not proved: onnxruntime is not installed"


rng = np.random.default_rng(0)
X = rng.normal(0, 1, (120, 4)).astype(np.float32)
Y2, Y3 = (X[:, 0] > 0).astype(int), np.array(["a", "b", "c é"])[np.digitize(X[:, 1], [-0.5, 0.5])]
ESTIMATORS = {
    "two classes": (gh.MLPClassifier((8,), max_iter=3), Y2),
    "truths": (gh.MLPClassifier((8,), max_iter=3), Y2 > 0),
    "words": (gh.MLPClassifier((8,), max_iter=3, density=0.3), Y3),
    "labels": (gh.MLPClassifier((8,), max_iter=3), (X[:, :3] > 0).astype(int)),
    "margins": (gh.MLPClassifier((8,), loss="hinge", max_iter=3), Y2),
    "margins of three": (gh.MLPClassifier((8,), loss="hinge", max_iter=3), Y3),
    "logistic": (gh.LogisticRegression(), Y3),
    "perceptron": (gh.Perceptron(), Y2),
    "perceptron of three": (gh.Perceptron(), Y3),
    "number": (gh.MLPRegressor((8,), max_iter=3), X[:, 0] * 2),
    "numbers": (gh.MLPRegressor((8,), max_iter=3), X[:, :2] * [2, 9]),
}


def converted(pipe, given, **options):
    from skl2onnx import to_onnx

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of onnx, in skl2onnx
        proto = to_onnx(pipe, given, **options)
    onnx.checker.check_model(proto, full_check=True)
    return onnxruntime.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])


def fitted(estimator, y, before, rows):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return make_pipeline(before, estimator).fit(rows, y)


@pytest.mark.parametrize("case", ESTIMATORS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_pipeline_with_our_estimator_converts(case, dtype) -> None:
    register_skl2onnx()
    estimator, y = ESTIMATORS[case]
    rows = X.astype(dtype)
    pipe = fitted(estimator, y, StandardScaler(), rows)
    options = {} if isinstance(estimator, gh.MLPRegressor) else {"options": {"zipmap": False}}
    found = converted(pipe, rows[:1], target_opset=13, **options).run(None, {"X": rows})
    wanted = [pipe.predict(rows).reshape(len(rows), -1)]
    if not isinstance(estimator, gh.MLPRegressor):
        assert (found[0] == pipe.predict(rows)).all()
        scores = pipe.predict_proba(rows) if hasattr(pipe, "predict_proba") else pipe.decision_function(rows)
        wanted, found = [np.column_stack((-scores, scores)) if scores.ndim == 1 else scores], found[1:]
    assert np.allclose(found[0], wanted[0], rtol=1e-5, atol=1e-5)


def test_a_column_transformer_and_a_zipmap_convert() -> None:
    register_skl2onnx()
    frame = pd.DataFrame({"a": X[:, 0], "b": X[:, 1], "kind": Y3.astype(object)})
    before = make_column_transformer((StandardScaler(), ["a", "b"]), (OneHotEncoder(sparse_output=False), ["kind"]))
    pipe = fitted(gh.MLPClassifier((8,), max_iter=3), Y2, before, frame)
    session = converted(pipe, frame[:1])
    given = {name: frame[[name]].to_numpy() for name in frame}
    labels, probabilities = session.run(None, given)
    assert (labels == pipe.predict(frame)).all()
    assert [*probabilities[0]] == [0, 1]


def test_without_skl2onnx_registering_says_how_to_get_it(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "skl2onnx", None)
    with pytest.raises(OptionError, match="pip install skl2onnx"):
        register_skl2onnx()


def test_names_of_inputs_are_those_of_the_columns_where_they_can_be() -> None:
    names = ["", "value", "x", "a b", "größe", "a'b\"", "n" * 300]
    encoder = TableEncoding(tuple(map(PlainEncoding, names)), (*names, "y"), ("y",))
    model = model_of(build(np.random.default_rng(6), [len(names), 1], ["identity"], np.float32), encoder)
    found = [value.name for value in graph_of(model).graph.input]
    assert found == ["column", "value.2", "x", "a b", "größe", "a'b\"", "n" * 300]
    assert proof(model, written(model), rows_of({name: ["1", "2"] for name in names})).holds
