"""A network of ours as torch's Sequential of Linear layers and activations."""

from __future__ import annotations

import importlib
from typing import Any

from ...errors import OptionError
from ...network.network import Network

__all__ = ["torch_of"]

MODULES: dict[str, tuple[str, dict[str, Any]]] = {
    "sigmoid": ("Sigmoid", {}),
    "tanh": ("Tanh", {}),
    "relu": ("ReLU", {}),
    "leaky_relu": ("LeakyReLU", {"negative_slope": 0.01}),
    "elu": ("ELU", {}),
    "softplus": ("Softplus", {"threshold": 40}),  # where theirs turns into z: at 20 it is seen in float64
    "gelu": ("GELU", {}),
    "silu": ("SiLU", {}),
    "softmax": ("Softmax", {"dim": -1}),
}


def torch_of(network: Network) -> Any:
    """A Sequential with copies of the weights; sparse layers become Linear with zeros.

    Raises
    ------
    OptionError
        If torch is not installed, or has no module for an activation.

    Examples
    --------
    >>> import numpy as np
    >>> from glasshouse.network.network import perceptron_layers
    >>> network = Network.initialized(perceptron_layers(2, [3], 1, ["relu"], "sigmoid"), np.random.default_rng(0))
    >>> [type(module).__name__ for module in torch_of(network)]
    ['Linear', 'ReLU', 'Linear', 'Sigmoid']
    """
    for layer in network.layers:
        if layer.activation not in MODULES and layer.activation != "identity":
            known = ", ".join(["identity", *MODULES])
            raise OptionError(f"torch has no module for the activation {layer.activation!r}: it has {known}")
    try:
        torch = importlib.import_module("torch")
    except ImportError as error:
        raise OptionError("torch is not installed: pip install torch") from error
    modules = []
    for layer, (w, b) in zip(network.layers, network.views(network.parameters), strict=True):
        linear = torch.nn.utils.skip_init(
            torch.nn.Linear, layer.fan_in, layer.fan_out, dtype=getattr(torch, network.dtype.name)
        )
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(layer.dense(w).copy()))
            linear.bias.copy_(torch.from_numpy(b.copy()))
        modules.append(linear)
        if layer.activation in MODULES:
            name, settings = MODULES[layer.activation]
            modules.append(getattr(torch.nn, name)(**settings))
    return torch.nn.Sequential(*modules)
