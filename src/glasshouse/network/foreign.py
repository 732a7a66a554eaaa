"""Networks from elsewhere as ours: scikit-learn's fitted MLPs, and a `torch.nn.Sequential` of Linear and activations.

Nothing of theirs is imported: what is read are their arrays and the names of their classes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import OptionError
from .layers import Dense
from .network import Network

__all__ = ["is_foreign", "network_of"]

Array = npt.NDArray[Any]
SKLEARN = {"logistic": "sigmoid"}
TORCH = {
    "ReLU": "relu",
    "Tanh": "tanh",
    "Sigmoid": "sigmoid",
    "ELU": "elu",
    "GELU": "gelu",
    "SiLU": "silu",
    "Softplus": "softplus",
    "Softmax": "softmax",
    "LogSoftmax": "softmax",  # whose logarithm the loss takes
    "Identity": "identity",
}


def is_foreign(thing: Any) -> bool:
    """Whether it is one of these."""
    return hasattr(thing, "coefs_") or (hasattr(thing, "named_modules") and hasattr(thing, "state_dict"))


def network_of(thing: Any) -> Network:
    """The layers and weights of a network from elsewhere.

    Raises
    ------
    OptionError
        If it is neither, or holds a layer that is not Linear or a known activation.

    Examples
    --------
    >>> from sklearn.neural_network import MLPRegressor
    >>> theirs = MLPRegressor(hidden_layer_sizes=(3,), max_iter=50, tol=1.0, random_state=0)
    >>> theirs = theirs.fit([[0.0], [1.0]], [0.0, 1.0])
    >>> network_of(theirs).sizes
    (1, 3, 1)
    """
    if hasattr(thing, "coefs_"):
        names = [SKLEARN.get(thing.activation, thing.activation)] * (len(thing.coefs_) - 1)
        names.append(SKLEARN.get(thing.out_activation_, thing.out_activation_))
        weights = [(w.T, b) for w, b in zip(thing.coefs_, thing.intercepts_, strict=True)]
        return _network(weights, names)
    if is_foreign(thing):
        return _sequential(thing)
    raise OptionError(f"{type(thing).__name__} is no network that can be read: give a fitted MLP or a Sequential")


def _sequential(thing: Any) -> Network:
    weights: list[tuple[Array, Array]] = []
    names: list[str] = []
    for module in [module for module in thing.modules() if not list(module.children())]:
        kind = type(module).__name__
        if kind == "Linear":
            w = module.weight.detach().cpu().numpy()
            b = np.zeros(len(w), w.dtype) if module.bias is None else module.bias.detach().cpu().numpy()
            weights.append((w, b))
            names.append("identity")
        elif kind == "LeakyReLU" and module.negative_slope == 0.01 and names:
            names[-1] = "leaky_relu"
        elif kind in TORCH and names:
            names[-1] = TORCH[kind]
        elif kind not in ("Flatten", "Dropout"):  # which change nothing of a row at rest
            raise OptionError(f"layer {kind} cannot be read: a Sequential of Linear and {', '.join(TORCH)} can")
    if not weights:
        raise OptionError(f"{type(thing).__name__} holds no Linear layer: there is nothing to look at")
    return _network(weights, names)


def _network(weights: list[tuple[Array, Array]], names: list[str]) -> Network:
    dtype = np.result_type(*(w.dtype for w, _ in weights))
    dtype = dtype if dtype in (np.float32, np.float64) else np.dtype(np.float32)
    layers = tuple(Dense(w.shape[1], w.shape[0], name) for (w, _), name in zip(weights, names, strict=True))
    parts = [*(w.ravel() for w, _ in weights), *(b for _, b in weights)]
    return Network(layers, np.concatenate(parts).astype(dtype))
