"""Prediction, float32: one row at a time, and a million rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from bench.rounds import Run, installed
from glasshouse.network.network import Network, perceptron_layers
from glasshouse.network.predictor import Predictor, row_predictor


@dataclass(frozen=True)
class Task:
    """A network, rows, and how often a call of ours predicts them."""

    sizes: tuple[int, ...]
    n_rows: int
    calls: int

    def __str__(self) -> str:
        rows = "one row" if self.n_rows == 1 else f"{self.n_rows:,} rows"
        return f"predict {rows}, {'-'.join(map(str, self.sizes))}"


TASKS = [Task((16, 32, 16, 1), 1, 1000), Task((30, 64, 64, 2), 1_000_000, 1)]


def contestants(task: Task) -> Iterator[tuple[str, Run]]:
    """Ours first, then every peer that is installed."""
    rng = np.random.default_rng(0)
    X = rng.normal(0, 1, (task.n_rows, task.sizes[0])).astype(np.float32)
    hidden = task.sizes[1:-1]
    layers = perceptron_layers(task.sizes[0], hidden, task.sizes[-1], ["relu"] * len(hidden), "identity")
    network = Network.initialized(layers, rng, "auto", np.dtype(np.float32))
    predict, x = (row_predictor(network), X[0]) if task.n_rows == 1 else (Predictor(network, threads=1), X)
    yield "glasshouse", repeated(lambda: predict(x), task.calls)
    peers = {"scikit-learn": partial(scikit_learn, network, X), "onnxruntime": partial(onnxruntime, network, X)}
    for name, run in installed(peers):
        yield name, repeated(run, task.calls)


def repeated(run: Run, calls: int) -> Run:
    def run_all() -> None:
        for _ in range(calls):
            run()

    return run_all


def scikit_learn(network: Network, X: np.ndarray) -> Run:
    """A fitted regressor with the same weights."""
    from sklearn.neural_network import MLPRegressor

    model = MLPRegressor(hidden_layer_sizes=network.sizes[1:-1])
    model.partial_fit(np.zeros((2, network.n_features), np.float32), np.zeros((2, network.n_outputs)).squeeze())
    weights = network.views(network.parameters)
    model.coefs_, model.intercepts_ = [w.T.copy() for w, _ in weights], [b.copy() for _, b in weights]
    return lambda: model.predict(X)


def onnxruntime(network: Network, X: np.ndarray) -> Run:
    import onnx
    import onnxruntime as ort
    from onnx import TensorProto, helper, numpy_helper

    nodes, constants, last = [], [], "x"
    views = network.views(network.parameters)
    for k, (w, b) in enumerate(views):
        constants += [numpy_helper.from_array(w.copy(), f"w{k}"), numpy_helper.from_array(b.copy(), f"b{k}")]
        nodes.append(helper.make_node("Gemm", [last, f"w{k}", f"b{k}"], [f"z{k}"], transB=1))
        last = f"z{k}"
        if k < len(views) - 1:
            nodes.append(helper.make_node("Relu", [last], [f"a{k}"]))
            last = f"a{k}"

    def shape(name: str, n: int) -> Any:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, n])

    graph = helper.make_graph(
        nodes, "mlp", [shape("x", network.n_features)], [shape(last, network.n_outputs)], constants
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, {"x": X})
