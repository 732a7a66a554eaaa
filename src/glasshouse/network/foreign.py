"""Networks from elsewhere as ours: scikit-learn's fitted MLPs and linear classifiers, torch's Linear and activations.

Nothing of theirs is imported: what is read are their arrays and the names of their classes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import OptionError
from .layers import Dense
from .network import Network

__all__ = ["is_foreign", "network_of"]

Array = npt.NDArray[Any]
SKLEARN = {"logistic": "sigmoid"}
LINEAR = ("LogisticRegression", "LogisticRegressionCV", "Perceptron")  # z = coef_ x + intercept_
TORCH = {
    "ReLU": "relu",
    "LeakyReLU": "leaky_relu",
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
SETTINGS = {  # under which a layer of torch is the activation of ours
    "LeakyReLU": ("negative_slope", 0.01),
    "ELU": ("alpha", 1.0),
    "GELU": ("approximate", "none"),
    "Softplus": ("beta", 1),
}
AT_REST = ("Flatten", "Dropout", "AlphaDropout", "Identity")  # layers that change nothing of a row at rest


def is_foreign(thing: Any) -> bool:
    """Whether it is one of these."""
    is_module = hasattr(thing, "named_modules") and hasattr(thing, "state_dict")
    return hasattr(thing, "coefs_") or is_module or _is_linear(thing)


def _is_linear(thing: Any) -> bool:
    return type(thing).__name__ in LINEAR and hasattr(thing, "coef_") and not hasattr(thing, "network_")


def network_of(thing: Any) -> Network:
    """The layers and weights of a network from elsewhere.

    Raises
    ------
    OptionError
        If it is none, or holds a layer that is not Linear or a known activation.

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
    if _is_linear(thing):
        return _linear(thing)
    if is_foreign(thing):
        return _sequential(thing)
    raise OptionError(
        f"{type(thing).__name__} is no network that can be read: give a fitted MLP, {', '.join(LINEAR)} or a Sequential"
    )


def _linear(thing: Any) -> Network:
    if thing.coef_.shape[0] > 1 and getattr(thing, "solver", "") == "liblinear":
        raise OptionError("LogisticRegression(solver='liblinear') is one class against the rest: fit it with 'lbfgs'")
    if getattr(thing, "multi_class", "auto") not in ("auto", "deprecated"):  # of scikit-learn before 1.8
        raise OptionError(f"multi_class is {thing.multi_class!r}: fit LogisticRegression without it")
    w = thing.coef_.toarray() if hasattr(thing.coef_, "toarray") else np.asarray(thing.coef_)
    b = np.broadcast_to(np.asarray(thing.intercept_, w.dtype), (len(w),))
    output = "identity" if type(thing).__name__ == "Perceptron" else "softmax" if len(w) > 1 else "sigmoid"
    return _network([(w, b)], [output])


def _sequential(thing: Any) -> Network:
    weights: list[tuple[Array, Array]] = []
    names: list[str] = []
    for module in _leaves(thing):
        kind = type(module).__name__
        setting, value = SETTINGS.get(kind, ("", None))
        if kind == "Linear":
            if names and names[-1] == "softmax":
                raise OptionError("a Softmax stands before a Linear layer: it is read after the last one alone")
            w = _numbers(module.weight)
            weights.append((w, np.zeros(len(w), w.dtype) if module.bias is None else _numbers(module.bias)))
            names.append("identity")
        elif kind in AT_REST:
            continue
        elif kind not in TORCH or not names:
            known = f"a Sequential of Linear and {', '.join(TORCH)} can"
            raise OptionError(f"layer {kind} cannot be read{'' if names else ' before a Linear one'}: {known}")
        elif getattr(module, setting, None) != value:
            found = getattr(module, setting)
            raise OptionError(f"layer {kind} has {setting} {found!r}, which cannot be read: {value!r} can")
        elif names[-1] != "identity":
            raise OptionError(f"layer {kind} follows the activation {names[-1]}: put a Linear layer between them")
        elif TORCH[kind] == "softmax" and module.dim not in (None, 1, -1):
            raise OptionError(f"layer {kind} has dim {module.dim}, which is over the rows: dim 1 can be read")
        else:
            names[-1] = TORCH[kind]
    if not weights:
        raise OptionError(f"{type(thing).__name__} holds no Linear layer: there is nothing to look at")
    return _network(weights, names)


def _leaves(module: Any) -> Iterator[Any]:
    """The layers in the order a row passes them; one that stands there twice comes twice."""
    if type(module).__name__ == "Sequential":
        for child in module:
            yield from _leaves(child)
    else:
        yield module


def _numbers(tensor: Any) -> Array:
    tensor = tensor.detach().cpu()
    return np.asarray((tensor if tensor.element_size() >= 4 else tensor.float()).numpy())


def _network(weights: list[tuple[Array, Array]], names: list[str]) -> Network:
    dtype = np.result_type(*(w.dtype for w, _ in weights))
    dtype = dtype if dtype in (np.float32, np.float64) else np.dtype(np.float32)
    for (w, _), (above, _) in zip(weights, weights[1:]):
        if len(w) != above.shape[1]:
            raise OptionError(f"a layer of {len(w)} outputs stands before one of {above.shape[1]} inputs: mend it")
    layers = tuple(Dense(w.shape[1], w.shape[0], name) for (w, _), name in zip(weights, names, strict=True))
    parts = [*(w.ravel() for w, _ in weights), *(b for _, b in weights)]
    parameters = np.concatenate(parts).astype(dtype)
    if not np.isfinite(parameters).all():
        raise OptionError("the network holds weights that are no finite numbers: fit it again")
    return Network(layers, parameters)
