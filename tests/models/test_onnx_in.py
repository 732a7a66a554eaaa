"""ONNX files as models: those of torch and skl2onnx, our own that come back, and what is refused, each in one line."""

from __future__ import annotations

import io
import os
import sys
import tracemalloc
import warnings

import numpy as np
import onnx
import pandas as pd
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from random_models import random_model
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

from glasshouse.errors import ModelFileError, OptionError
from glasshouse.exporting.integer import IntegerNetwork
from glasshouse.exporting.onnx_graph import graph_of, quantized_graph
from glasshouse.models.convert.onnx_file import from_onnx
from glasshouse.models.convert.onnx_reading import GROWTH
from glasshouse.network.layers import Sparse

X = np.random.default_rng(0).normal(0, 1, (60, 3)).astype(np.float32)
FRAME = pd.DataFrame(X, columns=["x1", "x2", "x3"])


def saved(tmp_path, proto) -> str:
    path = tmp_path / "m.onnx"
    path.write_bytes(proto if isinstance(proto, bytes) else proto.SerializeToString())
    return str(path)


@pytest.mark.parametrize("seed", range(12))
def test_our_own_files_come_back(seed, tmp_path) -> None:
    model, rows = random_model(np.random.default_rng(seed), n_rows=100)
    back = from_onnx(saved(tmp_path, graph_of(model)))
    assert (back.target, back.task, back.encoder) == (model.target, model.task, model.encoder)
    assert [layer.activation for layer in back.network.layers] == [layer.activation for layer in model.network.layers]
    assert np.array_equal(back.outputs(rows)[0], model.outputs(rows)[0])
    alone = from_onnx(saved(tmp_path, graph_of(model, encoder=False)))
    assert [encoding.name for encoding in alone.encoder.encodings] == model.encoder.feature_names
    proto = graph_of(model, encoder=False)
    del proto.metadata_props[:]
    path = saved(tmp_path, proto)
    if model.task == "labels":
        with pytest.raises(OptionError, match="name their classes"):
            from_onnx(path)
        stranger = from_onnx(path, classes=model.targets.classes.tolist())
        assert stranger.task == "labels"
        return
    stranger = from_onnx(path)
    if model.task == "classification":
        assert stranger.targets.classes.tolist() == model.targets.classes.tolist()


def test_sparse_layers_come_back_sparse(tmp_path) -> None:
    model = next(
        model
        for model in (random_model(np.random.default_rng(seed), n_rows=5)[0] for seed in range(200))
        if any(node.op_type == "ScatterElements" for node in graph_of(model).graph.node)
    )
    assert any(isinstance(layer, Sparse) for layer in from_onnx(saved(tmp_path, graph_of(model))).network.layers)


@pytest.mark.parametrize("opset", [11, 20])
def test_what_torch_writes(opset, tmp_path) -> None:
    hidden = [nn.GELU(), nn.SiLU(), nn.Softplus(), nn.LeakyReLU(), nn.ELU(), nn.ReLU(), nn.Sigmoid(), nn.Tanh()]
    parts = [part for f in hidden for part in (nn.Linear(3, 3, bias=not isinstance(f, nn.SiLU)), f, nn.Dropout())]
    theirs = nn.Sequential(nn.Flatten(), *parts, nn.Linear(3, 2), nn.Softmax(-1)).eval()
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter that needs no other package is going to end
        torch.onnx.export(theirs, (torch.zeros(1, 3),), file, dynamo=False, opset_version=opset)
    model = from_onnx(saved(tmp_path, file.getvalue()), classes=["no", "yes"])
    names = ["gelu", "silu", "softplus", "leaky_relu", "elu", "relu", "sigmoid", "tanh", "sigmoid"]
    assert [layer.activation for layer in model.network.layers] == names
    wanted = theirs(torch.tensor(X)).detach().numpy()
    assert np.allclose(model.predict_proba(FRAME), wanted, atol=1e-6)


@pytest.mark.parametrize("y", [(X[:, 0] > 0) * 1, np.array(["a", "b", "c"])[np.digitize(X[:, 0], [-0.5, 0.5])]])
def test_what_skl2onnx_writes_of_classifiers(y, tmp_path) -> None:
    theirs = fitted(MLPClassifier((4,), max_iter=5, random_state=0), y)
    model = from_onnx(saved(tmp_path, converted(theirs, options={"zipmap": False})))
    assert model.targets.classes.tolist() == [str(label) for label in theirs.classes_]
    assert np.allclose(model.predict_proba(FRAME), theirs.predict_proba(X), atol=1e-6)
    with pytest.raises(ModelFileError, match="zipmap"):
        from_onnx(saved(tmp_path, converted(theirs)))
    with pytest.raises(ModelFileError, match="Pipeline itself"):
        from_onnx(saved(tmp_path, converted(fitted(make_pipeline(StandardScaler(), theirs), y))))


@pytest.mark.parametrize("activation", ["tanh", "logistic", "relu", "identity"])
def test_what_skl2onnx_writes_of_regressors(activation, tmp_path) -> None:
    theirs = fitted(MLPRegressor(hidden_layer_sizes=(4,), activation=activation, max_iter=5), X[:, 0])
    model = from_onnx(saved(tmp_path, converted(theirs)), names=["x1", "x2", "x3"], target="y")
    assert model.target == "y"
    assert np.allclose(model.predict(FRAME), theirs.predict(X), atol=1e-5)


def fitted(estimator, y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return estimator.fit(X, y)


def converted(estimator, **options):
    from skl2onnx import to_onnx

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return to_onnx(estimator, X[:1], **options)


def net(nodes, constants=None, *, given=("N", 3), found="out", opset=17):
    """A graph of nodes (kind, inputs, outputs, attributes), 'in' to 'out', w (3, 2) and b (2,) among its constants."""
    arrays = {"w": np.ones((3, 2), np.float32), "b": np.ones(2, np.float32)} | (constants or {})
    return helper.make_model(
        helper.make_graph(
            [helper.make_node(kind, ins, outs, **more) for kind, ins, outs, more in nodes],
            "g",
            [helper.make_tensor_value_info("in", TensorProto.FLOAT, given)],
            [helper.make_tensor_value_info(found, TensorProto.FLOAT, None)],
            [numpy_helper.from_array(array, name) for name, array in arrays.items()],
        ),
        opset_imports=[helper.make_opsetid("", opset)],
    )


GEMM = ("Gemm", ["in", "w", "b"], ["z"], {})
END = ("MatMul", ["z", "v"], ["out"], {})
V = {"v": np.ones((2, 1), np.float32)}
REFUSED = {
    "which nothing before it gives": net([("Gemm", ["in", "w", "b"], ["out"], {}), ("Relu", ["later"], ["x"], {})]),
    "'a', which nothing before it gives": net([("Relu", ["a"], ["b2"], {}), ("Relu", ["b2"], ["a"], {}), GEMM]),
    "computed twice": net([GEMM, ("Relu", ["z"], ["z"], {})]),
    "not read: leave it out|fully connected": net([("Conv", ["in", "w"], ["out"], {})]),
    "transA must be 0": net([("Gemm", ["in", "w", "b"], ["out"], {"transA": 1})]),
    "alpha and beta": net([("Gemm", ["in", "w", "b"], ["out"], {"alpha": 2.0})]),
    "attribute 'axis' is not read": net([("Gemm", ["in", "w", "b"], ["out"], {"axis": 1})]),
    "of another type": net([("Gemm", ["in", "w", "b"], ["out"], {"transB": 1.0})]),
    "take 2 columns, and the rows have 3": net([("Gemm", ["in", "w"], ["out"], {"transB": 1})]),
    "weights that change": net([("MatMul", ["in", "in"], ["out"], {})]),
    "bias is of the shape": net([("Gemm", ["in", "w", "bad"], ["out"], {})], {"bad": np.ones(5, np.float32)}),
    "none of identity.*slope 0.01": net(
        [GEMM, ("LeakyRelu", ["z"], ["a"], {"alpha": 0.3}), ("MatMul", ["a", "v"], ["out"], {})], V
    ),
    "before the first layer": net([("Relu", ["in"], ["a"], {}), ("Gemm", ["a", "w", "b"], ["out"], {})]),
    "quantised": net([("QuantizeLinear", ["in", "s"], ["out"], {})], {"s": np.float32(1)}),
    "along axis 1": net([GEMM, ("Softmax", ["z"], ["out"], {"axis": 0})]),
    "follows on softmax": net([GEMM, ("Softmax", ["z"], ["s"], {}), ("MatMul", ["s", "v"], ["out"], {})], V),
    "different layers": net([GEMM, ("Gemm", ["in", "w", "b"], ["z2"], {}), ("Add", ["z", "z2"], ["out"], {})]),
    "only what changes nothing": net(
        [GEMM, ("Reshape", ["z", "to"], ["r"], {}), ("MatMul", ["r", "v"], ["out"], {})], V | {"to": np.array([1, -1])}
    ),
    "not finite": net([GEMM, END], {"v": np.full((2, 1), np.inf, np.float32)}),
    "opset 99": net([GEMM, END], V, opset=99),
    "has the shape": net([GEMM, END], V, given=("N",)),
    "holds no layer": net([("Identity", ["in"], ["out"], {})]),
    "which nothing gives": net([GEMM], found="nowhere"),
    "which is a constant": net([GEMM], found="b"),
    "fold": net([GEMM, ("Mul", ["b", "b"], ["out"], {})]),
    "drops units": net([GEMM, ("Dropout", ["z", "", "on"], ["out"], {})], {"on": np.array(True)}),
    "no floating-point": net([("MatMul", ["in", "w"], ["out"], {})], {"w": np.ones((3, 2), np.int64)}),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_what_is_no_such_network_is_refused_in_one_line(reason, tmp_path) -> None:
    with pytest.raises(ModelFileError, match=reason) as caught:
        from_onnx(saved(tmp_path, REFUSED[reason]))
    assert "\n" not in str(caught.value)
    assert "m.onnx: " in str(caught.value)


def test_tensors_are_checked_before_they_are_made(tmp_path) -> None:
    def changed(**fields):
        proto = net([GEMM, END], V)
        for name, value in fields.items():
            target = proto.graph.initializer[0]
            getattr(target, name)[:] = value if name == "dims" else ()
            if name != "dims":
                setattr(target, name, value)
        return saved(tmp_path, proto)

    for dims in ([1 << 40, 2], [-3, 2], [3, 3], [1 << 31, 1 << 31], []):
        with pytest.raises(ModelFileError, match="tensor 'w' claims the shape"):
            from_onnx(changed(dims=dims))
    proto = net([GEMM, END], V)
    proto.graph.initializer[0].data_location = TensorProto.EXTERNAL
    with pytest.raises(ModelFileError, match="in another file, which is not opened"):
        from_onnx(saved(tmp_path, proto))
    proto.graph.initializer[0].data_location = TensorProto.DEFAULT
    proto.graph.initializer[0].data_type = TensorProto.COMPLEX64
    with pytest.raises(ModelFileError, match="element type 14"):
        from_onnx(saved(tmp_path, proto))


@pytest.mark.parametrize("size", [1 << 16, 1 << 40])
def test_a_small_file_makes_no_large_network(size, tmp_path) -> None:
    values, places = helper.make_tensor("huge", 1, [1], [1.0]), helper.make_tensor("at", 7, [1], [0])
    proto = net([("MatMul", ["in", "huge"], ["out"], {})], given=("N", 3))
    proto.graph.sparse_initializer.append(helper.make_sparse_tensor(values, places, [3, size]))
    with pytest.raises(ModelFileError, match=r"units and .* weights of|two sizes to"):
        from_onnx(saved(tmp_path, proto))


def test_constants_do_not_grow_without_end(tmp_path) -> None:
    casts = [("Cast", ["big"], [f"c{k}"], {"to": TensorProto.DOUBLE}) for k in range(400)]
    with pytest.raises(ModelFileError, match="the constants grow to"):
        from_onnx(saved(tmp_path, net([*casts, GEMM], {"big": np.ones(20_000, np.uint8)})))


def wide(nodes, n_values=40_000, size=1 << 16, **more):
    """A graph that also has 'sparse', of n_values values among size x size, and 'words', size of them."""
    words = helper.make_tensor("words", TensorProto.UINT8, [size], np.zeros(size, np.uint8).tobytes(), raw=True)
    proto = net(nodes, V, given=("N", size), **more)
    at = np.random.default_rng(0).choice(size * size, n_values, replace=False)
    values = numpy_helper.from_array(np.ones(n_values, np.float32), "sparse")
    proto.graph.sparse_initializer.append(
        helper.make_sparse_tensor(values, numpy_helper.from_array(np.sort(at), "at"), [size, size])
    )
    proto.graph.initializer.append(words)
    return proto


FIRST, TURNED = ("MatMul", ["in", "sparse"], ["wide"], {}), ("Transpose", ["square"], ["turned"], {})
PLACE, ZEROS = ("ArgMax", ["wide"], ["place"], {"axis": 1}), ("Expand", ["zero", "long"], ["zeros"], {})
GROWING = {  # what comes first, and the inputs and attributes of the node that comes over and over
    "Transpose": ([], ["sparse"], {}),
    "MatMul": ([], ["in", "sparse"], {}),
    "Add": ([FIRST], ["wide", "one"], {}),
    "Gather": ([FIRST, PLACE], ["words", "place"], {}),
    "Cast": ([], ["words"], {"to": TensorProto.DOUBLE}),
    "Reshape": ([TURNED], ["turned", "long"], {}),
    "ScatterElements": ([ZEROS], ["zeros", "places", "flat"], {}),
}


@pytest.mark.parametrize("kind", GROWING)
def test_what_is_made_of_constants_stays_within_its_budget(kind, tmp_path) -> None:
    first, ins, attributes = GROWING[kind]
    proto = wide([*first, *((kind, ins, [f"made{k}"], attributes) for k in range(1500))])
    more = {
        "one": np.float32(1),
        "zero": np.zeros(1, np.float32),
        "square": np.ones((100, 200), np.float32),
        "long": np.array([20_000]),
        "places": np.arange(20_000),
        "flat": np.ones(20_000, np.float32),
    }
    proto.graph.initializer.extend(numpy_helper.from_array(array, name) for name, array in more.items())
    path = saved(tmp_path, proto)
    assert peak_until(path, f"{kind}.*the constants grow to") < (GROWTH + 10) * os.path.getsize(path) + (2 << 20)


def peak_until(path, reason) -> int:
    """The most bytes it takes until it is refused."""
    tracemalloc.start()
    try:
        with pytest.raises(ModelFileError, match=reason):
            from_onnx(path)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_one_constant_too_many_is_never_made(tmp_path) -> None:
    steps = [("Cast", [f"c{k}"], [f"c{k + 1}"], {"to": TensorProto.DOUBLE}) for k in range(5)]
    path = saved(tmp_path, net([*steps, GEMM], {"c0": np.ones(4_000_000, np.uint8)}))
    assert peak_until(path, "the constants grow to") < 150_000_000  # 32 MB for each of four, and the file


def test_words_take_what_they_are_long(tmp_path) -> None:
    words = [b"w" * 100_000, *[b""] * 100_000]  # as wide as the longest they would take 40 GB
    words = TensorProto(name="words", data_type=TensorProto.STRING, dims=[len(words)], string_data=words)
    proto = net([("Gemm", ["in", "w", "b"], ["out"], {})])
    proto.graph.initializer.append(words)
    assert from_onnx(saved(tmp_path, proto), classes=["no", "yes"]).network.n_features == 3


def test_no_more_layers_are_followed_than_are_read(tmp_path) -> None:
    path = saved(tmp_path, net([GEMM, *(("MatMul", [f"z{k or ''}", "s"], [f"z{k + 1}"], {}) for k in range(300))], S))
    with pytest.raises(ModelFileError, match=r"node .*: it is layer 257: 256 are read"):
        from_onnx(path)


S = {"s": np.eye(2, dtype=np.float32)}
WORDS = ["0", "1", "0.5", "0.01", "0.70710678", "100", "-1000", "500", "1e5", "1e7", "1e20", "1e30"]
NUMBERS = {word: np.float32(word) for word in WORDS}
NUMBERS |= {"most": np.finfo(np.float32).max, "least": np.finfo(np.float32).min}


def spelled(steps: str):
    """Two layers with an activation between, of steps 'kind inputs output': from z to a."""
    nodes = [(kind, ins, [out], {}) for kind, *ins, out in (step.split() for step in steps.split("; "))]
    return net([GEMM, *nodes, ("MatMul", ["a", "v"], ["out"], {})], V | NUMBERS)


CLIPPED = [
    *(f"Relu z r; Min r {bound} a" for bound in ("100", "1e5", "1e7", "1e30")),
    "Max z -1000 a",
    "LeakyRelu z l; Max l -1000 a",
    "Elu z e; Min e 100 a",
    "Softplus z e; Min e 100 a",
    "Gelu z e; Min e 1e20 a",
    "Exp z e; Min e 1e30 a",
    "Min z 500 m; Exp m a",
    "Relu z r; Greater z 500 g; Where g 0 r a",
    "Sigmoid z s; Mul z s r; Greater z 1e5 g; Where g 0 r a",
]


@pytest.mark.parametrize("steps", CLIPPED)
def test_what_is_clipped_far_out_is_no_activation(steps, tmp_path) -> None:
    with pytest.raises(ModelFileError, match=r"none of identity.*nothing is clipped"):
        from_onnx(saved(tmp_path, spelled(steps)))


SPELLED = {  # where exp(z) is beyond double precision, some are no numbers
    "Max z least m; Min m most a": "identity",
    "Abs z r; Add z r s; Mul s 0.5 a": "relu",
    "Mul z 0.01 l; Max l z a": "leaky_relu",
    "Exp z e; Add e 1 f; Log f a": "softplus",
    "Exp z e; Add e 1 f; Div e f a": "sigmoid",
    "Exp z e; Add e 1 f; Div e f s; Mul z s a": "silu",
    "Exp z e; Neg z n; Exp n f; Sub e f up; Add e f down; Div up down a": "tanh",
    "Exp z e; Sub e 1 f; Min f 0 m; Relu z r; Add m r a": "elu",
    "Mul z 0.70710678 y; Erf y f; Add f 1 g; Mul z g h; Mul h 0.5 a": "gelu",
    "Neg z n; Exp n e; Div 1 e a": "exp",
}


@pytest.mark.parametrize(("steps", "name"), SPELLED.items())
def test_however_an_activation_is_spelled_it_is_told(steps, name, tmp_path) -> None:
    model = from_onnx(saved(tmp_path, spelled(steps)), names=["x1", "x2", "x3"])
    assert model.network.layers[0].activation == name


def test_a_sparse_initializer_is_a_sparse_layer(tmp_path) -> None:
    values, places = helper.make_tensor("s", 1, [2], [2.0, 3.0]), helper.make_tensor("at", 7, [2, 2], [0, 1, 2, 0])
    proto = net([("MatMul", ["in", "s"], ["z"], {}), END], V)
    proto.graph.sparse_initializer.append(helper.make_sparse_tensor(values, places, [3, 2]))
    model = from_onnx(saved(tmp_path, proto))
    assert isinstance(model.network.layers[0], Sparse)
    assert np.allclose(model.predict(FRAME), 2 * X[:, 0] + 3 * X[:, 2], atol=1e-6)


def test_changed_files_of_ours_say_so(tmp_path) -> None:
    model, rows = random_model(np.random.default_rng(3), with_encoder=True, n_rows=50)
    proto = graph_of(model)
    proto.graph.node[0].name = "touched"
    with pytest.raises(ModelFileError, match="changed after Glasshouse wrote it"):
        from_onnx(saved(tmp_path, proto))
    with pytest.raises(OptionError, match="columns of its own"):
        from_onnx(saved(tmp_path, graph_of(model)), names=["a"])
    whole = IntegerNetwork.of(model.network, model.encoder.transform(rows)[0])
    with pytest.raises(ModelFileError, match="quantised network is not read"):
        from_onnx(saved(tmp_path, quantized_graph(model, whole)))


def test_files_that_are_none(tmp_path, monkeypatch) -> None:
    with pytest.raises(ModelFileError, match="there is no such file"):
        from_onnx(tmp_path / "none.onnx")
    for content in (b"", b"\x00" * 50, b"a,b\n1,2\n"):
        with pytest.raises(ModelFileError, match="no ONNX file"):
            from_onnx(saved(tmp_path, content))
    with pytest.raises(OptionError, match="2 outputs: name their classes"):
        from_onnx(saved(tmp_path, net([("MatMul", ["in", "w"], ["out"], {})])))
    both = [
        END,
        ("Sigmoid", ["out"], ["p"], {}),
        ("Sub", ["one", "p"], ["q"], {}),
        ("Concat", ["q", "p"], ["r"], {"axis": 1}),
    ]
    path = saved(tmp_path, net([GEMM, *both], V | {"one": np.float32(1)}, found="r"))
    with pytest.raises(OptionError, match="two classes: name them"):
        from_onnx(path)
    assert from_onnx(path, classes=["no", "yes"]).predict(FRAME).tolist()[0] in ("no", "yes")
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(OptionError, match="pip install onnx"):
        from_onnx(tmp_path / "m.onnx")


def test_the_checker_of_onnx_agrees_with_ours() -> None:
    proto = net([GEMM, END], V)
    proto.graph.output[0].CopyFrom(helper.make_tensor_value_info("out", TensorProto.FLOAT, ["N", 1]))
    onnx.checker.check_model(proto, full_check=True)
