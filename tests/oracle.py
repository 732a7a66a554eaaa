"""The oracle: a multilayer perceptron in NumPy that the kernels never see, differentiated by a complex step.

Squire and Trapp (1998): f'(x) = Im f(x + ih) / h, exact to rounding, because nothing is subtracted.
"""

from __future__ import annotations

import numpy as np

H = 1e-30

ACTIVATIONS = {
    "identity": lambda z: z,
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "tanh": np.tanh,
    "relu": lambda z: np.where(z.real > 0, z, 0),
    "softmax": lambda z: np.exp(z - z.real.max(0)) / np.exp(z - z.real.max(0)).sum(0),
}


def loss_terms(loss: str, output: str, a, y):
    if loss == "squared_error":
        return (a - y) ** 2
    if output == "softmax":
        return -y * np.log(a)
    return -y * np.log(a) - (1 - y) * np.log(1 - a)


def network_loss(weights, biases, activations, loss, X, Y, weight):
    a = X.T.astype(complex)
    for w, b, name in zip(weights, biases, activations, strict=True):
        a = ACTIVATIONS[name](w @ a + b[:, None])
    return (weight * loss_terms(loss, activations[-1], a, Y.T)).sum()


def gradient(weights, biases, activations, loss, X, Y, weight):
    """[(dw, db), ...] by one complex step a parameter."""
    arrays = [np.array(p, complex) for pair in zip(weights, biases, strict=True) for p in pair]
    gradients = []
    for array in arrays:
        slopes = np.empty(array.shape)
        for place in np.ndindex(array.shape):
            array[place] += 1j * H
            slopes[place] = network_loss(arrays[::2], arrays[1::2], activations, loss, X, Y, weight).imag / H
            array[place] -= 1j * H
        gradients.append(slopes)
    return list(zip(gradients[::2], gradients[1::2], strict=True))
