"""The oracle: a multilayer perceptron in NumPy that the kernels never see, differentiated by a complex step.

Squire and Trapp (1998): f'(x) = Im f(x + ih) / h, exact to rounding, because nothing is subtracted.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import erf

H = 1e-30


def positive(x):
    return x.real > 0


def size(x):
    """|x| as a function that a complex step can differentiate."""
    return np.where(positive(x), x, -x)


def smaller(x, limit):
    return np.where(x.real < limit, x, limit)


ACTIVATIONS = {
    "identity": lambda z: z,
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "tanh": np.tanh,
    "relu": lambda z: np.where(positive(z), z, 0),
    "leaky_relu": lambda z: np.where(positive(z), z, 0.01 * z),
    "elu": lambda z: np.where(positive(z), z, np.exp(z) - 1),
    "softplus": lambda z: np.log(1 + np.exp(z)),
    "gelu": lambda z: z * (1 + erf(z / np.sqrt(2))) / 2,
    "silu": lambda z: z / (1 + np.exp(-z)),
    "exp": np.exp,
    "sign": lambda z: np.where(positive(z), 1.0, -1.0) + 0j,
    "softmax": lambda z: np.exp(z - z.real.max(0)) / np.exp(z - z.real.max(0)).sum(0),
}


def loss_terms(loss: str, output: str, z, a, y):
    e = size(a - y)
    return {
        "squared_error": lambda: e**2,
        "absolute_error": lambda: e,
        "huber": lambda: smaller(e, 1) * (e - smaller(e, 1) / 2),
        "poisson": lambda: a - y * np.log(a),
        "perceptron": lambda: np.where(positive(y * z), 0, -y * z),
        "hinge": lambda: np.where(positive(1 - y * z), 1 - y * z, 0),
        "cross_entropy": lambda: -y * np.log(a) if output == "softmax" else -y * np.log(a) - (1 - y) * np.log(1 - a),
    }[loss]()


def network_loss(weights, biases, activations, loss, X, Y, weight, factors=None):
    """The loss of a batch; `factors` of the hidden activations, (fan_out, n) each, are dropout's."""
    a = X.T.astype(complex)
    for k, (w, b, name) in enumerate(zip(weights, biases, activations, strict=True)):
        z = w @ a + b[:, None]
        a = ACTIVATIONS[name](z)
        if factors is not None and k < len(factors):
            a = a * factors[k]
    return (weight * loss_terms(loss, activations[-1], z, a, Y.T)).sum()


def gradient(weights, biases, activations, loss, X, Y, weight, factors=None):
    """[(dw, db), ...] by one complex step a parameter."""
    arrays = [np.array(p, complex) for pair in zip(weights, biases, strict=True) for p in pair]
    gradients = []
    for array in arrays:
        slopes = np.empty(array.shape)
        for place in np.ndindex(array.shape):
            array[place] += 1j * H
            value = network_loss(arrays[::2], arrays[1::2], activations, loss, X, Y, weight, factors)
            slopes[place] = value.imag / H
            array[place] -= 1j * H
        gradients.append(slopes)
    return list(zip(gradients[::2], gradients[1::2], strict=True))


def assert_truth(network, work, value, names, loss, X, Y, weight, factors=None) -> None:
    """A value and the gradient in a workspace are those of the network, by the oracle."""
    weights, biases = zip(*network.views(network.parameters), strict=True)
    truth = network_loss(weights, biases, names, loss, X, Y, weight, factors).real
    assert value == pytest.approx(truth, rel=1e-12)
    exact = gradient(weights, biases, names, loss, X, Y, weight, factors)
    for (dw, db), (true_dw, true_db) in zip(network.views(work.gradient), exact, strict=True):
        assert np.allclose(dw, true_dw, rtol=1e-10, atol=1e-12)
        assert np.allclose(db, true_db, rtol=1e-10, atol=1e-12)
