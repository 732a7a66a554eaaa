"""Gradients of whole networks against the oracle; one row, a batch, threads and storage agree to the bit."""

from __future__ import annotations

import numpy as np
import oracle
import pytest
import scipy.sparse
from builders import batch, build, densified, masks_for

from glasshouse.errors import OptionError
from glasshouse.network.activations import ACTIVATIONS
from glasshouse.network.layers import Dense
from glasshouse.network.losses import LOSSES
from glasshouse.network.network import Network, follow
from glasshouse.network.passes import forward, loss_and_gradient
from glasshouse.network.predictor import Predictor
from glasshouse.network.workspace import Workspace

PAIRS = [(loss.name, output) for loss in LOSSES.values() for output in loss.outputs]
SHAPES = [
    ([3, 2], []),
    ([5, 7, 1], ["tanh"]),
    ([4, 6, 5, 2], ["sigmoid", "relu"]),
    ([2, 9, 3, 4], ["relu", "identity"]),
]


def run(network, loss, X, Y, weight, capacity=None, **options):
    work = Workspace(network, loss, capacity or len(X), **options)
    n = work.load(X, Y, weight, np.arange(len(X)))
    return loss_and_gradient(work, n), work


@pytest.mark.parametrize(("loss", "output"), PAIRS)
@pytest.mark.parametrize(("sizes", "hidden"), SHAPES)
@pytest.mark.parametrize("n", [1, 11])
def test_gradients_equal_the_complex_step(loss, output, sizes, hidden, n) -> None:
    rng = np.random.default_rng(n)
    network = build(rng, sizes, [*hidden, output])
    X, Y, weight = batch(rng, n, sizes[0], sizes[-1], output, loss=loss)
    before = X.copy(), Y.copy(), network.parameters.copy()
    value, work = run(network, loss, X, Y, weight)
    names = [*hidden, output]
    oracle.assert_truth(network, work, value, names, loss, X, Y, weight)
    for array, copy in zip((X, Y, network.parameters), before, strict=True):
        assert np.array_equal(array, copy)
    assert work.gradient.dtype == network.dtype


@pytest.mark.parametrize("name", [row.name for row in ACTIVATIONS.values() if row.hidden])
def test_every_hidden_activation_hands_the_gradient_down(name) -> None:
    rng = np.random.default_rng(3)
    network = build(rng, [4, 6, 5, 2], [name, name, "identity"])
    X, Y, weight = batch(rng, 9, 4, 2, "identity")
    value, work = run(network, "squared_error", X, Y, weight)
    oracle.assert_truth(network, work, value, [name, name, "identity"], "squared_error", X, Y, weight)


def asymmetric(a, y):
    """Too little costs three times too much: a pinball loss, smoothed."""
    e = a - y
    return (np.logaddexp(0, e) + 3 * np.logaddexp(0, -e)).sum(1), 1 / (1 + np.exp(-e)) - 3 / (1 + np.exp(e))


@pytest.mark.parametrize("output", ["identity", "softmax", "tanh", "gelu"])
def test_a_loss_of_ones_own_goes_back_through_any_output(output) -> None:
    rng = np.random.default_rng(2)
    network = build(rng, [3, 5, 4], ["tanh", output])
    X, Y, weight = batch(rng, 13, 3, 4, output)
    value, work = run(network, asymmetric, X, Y, weight)
    for place in range(0, len(network.parameters), 3):
        step = np.zeros_like(network.parameters)
        step[place] = 1e-6
        ends = [
            run(network.with_parameters(network.parameters + s), asymmetric, X, Y, weight)[0] for s in (step, -step)
        ]
        assert work.gradient[place] == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-6, abs=1e-8)
    assert value == pytest.approx(sum(weight * asymmetric(work.outputs(13), Y)[0]), rel=1e-12)


def test_a_loss_of_ones_own_that_is_no_loss_is_named() -> None:
    network = build(np.random.default_rng(2), [3, 4], ["identity"])
    X, Y, weight = batch(np.random.default_rng(2), 5, 3, 4, "identity")
    for wrong, message in (
        (lambda a, y: ((a - y) ** 2, 2 * (a - y)), r"the value of a custom loss has the shape \(5, 4\): return"),
        (lambda a, y: (((a - y) ** 2).sum(1), 1.0), r"the gradient of a custom loss has the shape \(\)"),
    ):
        with pytest.raises(OptionError, match=message):
            run(network, wrong, X, Y, weight)
    with pytest.raises(ValueError, match="read-only"):
        run(network, lambda a, y: a.fill(0), X, Y, weight)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("places", [np.int32, np.int64])
def test_csr_rows_and_dense_rows_give_the_same_columns(dtype, places) -> None:
    rng = np.random.default_rng(12)
    X = scipy.sparse.random_array((300, 9), density=0.3, rng=rng, dtype=np.float64).tocsr().astype(dtype)
    X.indices, X.indptr = X.indices.astype(places), X.indptr.astype(places)
    predict = Predictor(build(rng, [9, 7, 3], ["tanh", "softmax"], np.float32))
    assert np.array_equal(predict(X), predict(X.toarray()))
    X.indices[5] = 9
    with pytest.raises(IndexError, match="a column outside its shape"):
        predict(X)


@pytest.mark.parametrize(("loss", "output"), PAIRS)
def test_float32_follows_float64(loss, output) -> None:
    rng = np.random.default_rng(5)
    network = build(rng, [6, 8, 3], ["tanh", output])
    X, Y, weight = batch(rng, 50, 6, 3, output, loss=loss)
    single = Network(network.layers, network.parameters.astype(np.float32))
    value, work = run(network, loss, X, Y, weight)
    value32, work32 = run(single, loss, X.astype(np.float32), Y.astype(np.float32), weight.astype(np.float32))
    assert value32 == pytest.approx(value, rel=1e-5)
    assert work32.gradient.dtype == np.float32
    assert np.allclose(work32.gradient, work.gradient, rtol=1e-3, atol=2e-4)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("loss", "output"), PAIRS)
@pytest.mark.parametrize("n", [1, 7, 130])
@pytest.mark.parametrize("density", [0.2, 0.97])  # by connection, and filled
def test_sparse_equals_dense_with_zeros_to_the_bit(loss, output, dtype, n, density) -> None:
    rng = np.random.default_rng(n)
    sizes = [9, 14, 11, 3]
    sparse = build(rng, sizes, ["relu", "tanh", output], dtype, masks_for(rng, sizes, density))
    dense = densified(sparse)
    X, Y, weight = batch(rng, n, 9, 3, output, dtype, loss)
    value, work = run(sparse, loss, X, Y, weight)
    dense_value, dense_work = run(dense, loss, X, Y, weight)
    assert value == dense_value
    assert np.array_equal(work.outputs(n), dense_work.outputs(n))
    pairs = zip(sparse.layers, sparse.views(work.gradient), dense.views(dense_work.gradient), strict=True)
    for layer, (dw, db), (dense_dw, dense_db) in pairs:
        assert np.array_equal(dw, dense_dw[layer.topology.rows, layer.topology.inputs])
        assert np.array_equal(db, dense_db)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("sparse", [False, True])
def test_one_row_equals_a_batch_to_the_bit(dtype, sparse) -> None:
    rng = np.random.default_rng(8)
    sizes = [13, 30, 17, 5]
    network = build(rng, sizes, ["sigmoid", "relu", "softmax"], dtype, masks_for(rng, sizes) if sparse else None)
    X = rng.normal(0, 1, (700, 13)).astype(dtype)
    predict = Predictor(network)
    together = predict(X)
    alone = np.concatenate([predict(X[i : i + 1]) for i in range(0, 700, 13)])
    assert np.array_equal(together[::13], alone)


@pytest.mark.parametrize("density", [None, 0.3, 0.96])
def test_the_number_of_threads_changes_no_bit(density) -> None:
    rng = np.random.default_rng(9)
    sizes = [300, 320, 280, 4]  # wide enough for the team to divide
    network = build(rng, sizes, ["relu", "tanh", "softmax"], np.float32, density and masks_for(rng, sizes, density))
    X, Y, weight = batch(rng, 256, 300, 4, "softmax", np.float32)
    results = [run(network, "cross_entropy", X, Y, weight, threads=threads) for threads in (1, 2, 5)]
    for value, work in results[1:]:
        assert value == results[0][0]
        assert np.array_equal(work.gradient, results[0][1].gradient)


def test_capacity_and_leftovers_change_no_bit() -> None:
    rng = np.random.default_rng(10)
    network = build(rng, [5, 6, 2], ["relu", "softmax"], np.float32)
    X, Y, weight = batch(rng, 100, 5, 2, "softmax", np.float32)
    value, fresh = run(network, "cross_entropy", X[:19], Y[:19], weight[:19])
    _, used = run(network, "cross_entropy", X, Y, weight, capacity=333)
    n = used.load(X, Y, weight[:19], np.arange(19))
    assert loss_and_gradient(used, n) == value
    assert np.array_equal(used.gradient, fresh.gradient)


@pytest.mark.parametrize("density", [None, 0.3, 0.96])
def test_backward_adds_on_demand(density) -> None:
    rng = np.random.default_rng(11)
    sizes = [5, 6, 3]
    network = build(rng, sizes, ["tanh", "identity"], np.float64, density and masks_for(rng, sizes, density))
    X, Y, weight = batch(rng, 40, 5, 3, "identity")
    _, whole = run(network, "squared_error", X, Y, weight)
    work = Workspace(network, "squared_error", 16)
    for start in range(0, 40, 16):
        rows = np.arange(start, min(start + 16, 40))
        loss_and_gradient(work, work.load(X, Y, weight[rows], rows), add=start > 0)
    assert np.allclose(work.gradient, whole.gradient, rtol=1e-12, atol=1e-13)


def test_question_six_of_a_course_sheet() -> None:
    """2-2-2, sigmoid, held biases, sum of squares, learning rate 0.3; the worked example's figures, exact."""
    network = Network((Dense(2, 2, "sigmoid"), Dense(2, 2, "sigmoid")), np.zeros(12))
    views = network.views(network.parameters)
    views[0][0][...] = [[0.15, 0.25], [0.20, 0.30]]  # w1 w3 / w2 w4
    views[1][0][...] = [[0.40, 0.50], [0.45, 0.55]]  # w5 w7 / w6 w8
    views[0][1][...] = 0.35
    views[1][1][...] = 0.60
    X, Y = np.array([[0.05, 0.10]]), np.array([[0.01, 0.99]])
    movable = np.ones(12, np.uint8)
    movable[network.n_weights :] = 0
    value, work = run(network, "squared_error", X, Y, np.ones(1), keep_z=True, movable=movable)
    assert value == pytest.approx(0.607317, abs=5e-7)
    assert work.columns[1].z[:, 0].tolist() == pytest.approx([0.3825, 0.3900])
    assert work.columns[2].delta[:, 0].tolist() == pytest.approx([0.2749, -0.0793], abs=5e-5)
    work.arrays.sgd(0.3, 1.0, 0.0, 1.0, 0.0)
    assert views[1][0][0, 0] == pytest.approx(0.350982, abs=5e-7)
    assert views[0][0][0, 0] == pytest.approx(0.149731, abs=5e-7)
    assert views[0][1].tolist() == [0.35, 0.35]


def test_uint8_and_float_rows_give_the_same_columns() -> None:
    rng = np.random.default_rng(12)
    network = build(rng, [4, 3], ["identity"], np.float32)
    X = rng.integers(0, 256, (50, 4)).astype(np.uint8)
    predict = Predictor(network)
    assert np.array_equal(predict(X), predict(X.astype(np.float32)))
    assert np.array_equal(predict(X), predict(X.astype(np.float64)))


def test_a_batch_that_does_not_fit_is_refused() -> None:
    network = build(np.random.default_rng(0), [2, 2], ["identity"])
    work = Workspace(network, "squared_error", 3)
    with pytest.raises(ValueError, match="does not fit a capacity of 3"):
        forward(work, 100)
    with pytest.raises(IndexError, match="row 9 is not among 2"):
        work.load_inputs(np.zeros((2, 2)), np.array([9]))


def test_follow_moves_a_vector_into_a_new_layout() -> None:
    vector = np.array([1.0, 2.0, 3.0], np.float32)
    moved = follow(vector, np.array([2, -1, 0, 1]), born=9)
    assert moved.tolist() == [3, 9, 1, 2]
    assert moved.dtype == np.float32


@pytest.mark.parametrize("sparse", [False, True])
def test_rescaled_outputs(sparse) -> None:
    rng = np.random.default_rng(4)
    sizes = [3, 5, 2]
    network = build(rng, sizes, ["tanh", "identity"], np.float64, masks_for(rng, sizes) if sparse else None)
    scale, shift = np.array([2.0, 3.0]), np.array([-1.0, 10.0])
    X = rng.normal(0, 1, (20, 3))
    assert np.allclose(Predictor(network.rescaled(scale, shift))(X), Predictor(network)(X) * scale + shift)


@pytest.mark.parametrize("n", range(1, 34))
def test_columns_past_the_last_row_spoil_nothing(n) -> None:
    """Where a row of zeros would have an infinite loss, a batch that ends within a block is as finite as any other."""
    network = Network((Dense(1, 1, "exp"),), np.array([-1.0, 100.0], np.float32))
    X, Y = np.full((n, 1), 100.0, np.float32), np.ones((n, 1), np.float32)
    value, work = run(network, "poisson", X, Y, np.full(n, 1 / n, np.float32))
    assert value == pytest.approx(1.0, rel=1e-6)
    assert np.abs(work.gradient).max() < 1e-3


def test_a_loss_of_ones_own_recovers_from_what_was_not_finite() -> None:
    network = build(np.random.default_rng(0), [2, 1], ["identity"])
    X, Y, weight = batch(np.random.default_rng(0), 5, 2, 1, "identity")
    work = Workspace(network, asymmetric, 5)
    n = work.load(X, Y, weight, np.arange(5))
    first = loss_and_gradient(work, n), work.gradient.copy()
    bias = network.parameters[-1]
    network.parameters[-1] = np.inf
    with np.errstate(all="ignore"):
        loss_and_gradient(work, n)
    network.parameters[-1] = bias
    assert (loss_and_gradient(work, n), work.gradient.tolist()) == (first[0], first[1].tolist())


def test_columns_that_no_memory_holds_are_refused() -> None:
    network = build(np.random.default_rng(0), [2, 1], ["identity"])
    for capacity in (1 << 62, (1 << 63) - 1):
        with pytest.raises(MemoryError):
            Workspace(network, "squared_error", capacity)
