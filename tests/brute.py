"""The same measures as plain NumPy in float64, written from their definitions: forward, backward, count."""

from __future__ import annotations

import numpy as np

SLOPES = {
    "relu": (lambda z: np.maximum(z, 0), lambda z: (z > 0) * 1.0),
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "sigmoid": (
        lambda z: 0.5 * (1 + np.tanh(z / 2)),
        lambda z: 0.25 * (1 - np.tanh(z / 2)) * (1 + np.tanh(z / 2)),
    ),
    "identity": (lambda z: z, np.ones_like),
}


def passes(network, X, Y):
    """z, a and dL/dz of every layer, each (units, n), of softmax and cross-entropy, row by row."""
    weights = [(w.astype(np.float64), b.astype(np.float64)) for w, b in network.views(network.parameters)]
    weights = [(layer.dense(w), b) for layer, (w, b) in zip(network.layers, weights, strict=True)]
    z, a = [], [np.asarray(X, np.float64).T]
    for layer, (w, b) in zip(network.layers, weights, strict=True):
        z.append(w @ a[-1] + b[:, None])
        if layer.activation == "softmax":
            e = np.exp(z[-1] - z[-1].max(axis=0))
            a.append(e / e.sum(axis=0))
        else:
            a.append(SLOPES[layer.activation][0](z[-1]))
    deltas = [a[-1] - np.asarray(Y, np.float64).T]
    for k in range(len(weights) - 1, 0, -1):
        deltas.insert(0, (weights[k][0].T @ deltas[0]) * SLOPES[network.layers[k - 1].activation][1](z[k - 1]))
    return z, a[1:], deltas


def flat(network, z):
    """The share of rows at which each unit is flat, layer by layer."""
    largest = {"relu": 1, "tanh": 1, "sigmoid": 0.25, "identity": 1}
    return [
        (SLOPES[layer.activation][1](one) < 0.05 * largest[layer.activation]).mean(axis=1)
        for layer, one in zip(network.layers[:-1], z, strict=False)
    ]


def ratio(deltas) -> float:
    """|dL/dz| of the first layer over that of the last, root mean square over the rows."""
    first, last = (np.sqrt((delta**2).sum(axis=0).mean()) for delta in (deltas[0], deltas[-1]))
    return float(first / last)


def sizes(a, X) -> list[float]:
    """The root mean square of each hidden layer's activations over that of the inputs (at least 1)."""
    start = max(float(np.sqrt((np.asarray(X, np.float64) ** 2).mean())), 1.0)
    return [float(np.sqrt((one**2).mean())) / start for one in a[:-1]]
