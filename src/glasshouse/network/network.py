"""A network: frozen layers over one packed vector of parameters, every layer's w first, then every layer's b.

Gradient, moments and masks share the layout, so a penalty or a quantile over weights is one slice, and an optimiser
step or a saliency is one array operation.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from .activations import activation
from .initializers import Initializer, initializer
from .layers import Dense, Layer, Sparse

__all__ = ["Network", "follow", "perceptron_layers"]

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Network:
    """Layers and their parameters; change of shape makes a new one.

    Attributes
    ----------
    layers : tuple of Dense or Sparse
    parameters : (n_parameters,) float32 or float64
        The values, which training updates in place.

    Examples
    --------
    >>> import numpy as np
    >>> network = Network.initialized(perceptron_layers(3, [4], 2, "relu", "softmax"), np.random.default_rng(0))
    >>> [w.shape for w, b in network.views(network.parameters)], network.n_weights
    ([(4, 3), (2, 4)], 20)
    """

    layers: tuple[Layer, ...]
    parameters: Array

    def __post_init__(self) -> None:
        wanted = self.n_weights + sum(layer.fan_out for layer in self.layers)
        if self.parameters.shape != (wanted,):
            raise ValueError(f"these layers have {wanted} parameters, the vector is of shape {self.parameters.shape}")

    @classmethod
    def initialized(
        cls,
        layers: Sequence[Layer],
        rng: np.random.Generator,
        initializers: str | Initializer = "auto",
        dtype: npt.DTypeLike = np.float32,
    ) -> Network:
        """Draw weights layer by layer and start biases at zero; ``'auto'`` takes what each activation wants."""
        layers = tuple(layers)
        size = sum(math.prod(layer.weight_shape) + layer.fan_out for layer in layers)
        network = cls(layers, np.zeros(size, dtype))
        for layer, (w, _) in zip(layers, network.views(network.parameters), strict=True):
            wanted = activation(layer.activation).initializer if initializers == "auto" else initializers
            w[...] = initializer(wanted).draw(rng, *layer.fans())
        return network

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.parameters.dtype

    @property
    def n_features(self) -> int:
        return self.layers[0].fan_in

    @property
    def n_outputs(self) -> int:
        return self.layers[-1].fan_out

    @property
    def n_weights(self) -> int:
        """How many of the parameters are weights: the first ones."""
        return sum(math.prod(layer.weight_shape) for layer in self.layers)

    @property
    def sizes(self) -> tuple[int, ...]:
        """The inputs, then the units of each layer."""
        return (self.n_features, *(layer.fan_out for layer in self.layers))

    @property
    def may_fill(self) -> bool:
        """Whether zeros between weights change nothing: not where exp overflows, as 0 times infinity is no number."""
        return all(layer.activation != "exp" for layer in self.layers[:-1])

    def views(self, vector: Array) -> list[tuple[Array, Array]]:
        """[(w, b), ...] of any vector in this layout, without a copy."""
        views, weight, bias = [], 0, self.n_weights
        for layer in self.layers:
            size = math.prod(layer.weight_shape)
            views.append(
                (vector[weight : weight + size].reshape(layer.weight_shape), vector[bias : bias + layer.fan_out])
            )
            weight, bias = weight + size, bias + layer.fan_out
        return views

    def with_parameters(self, parameters: Array) -> Network:
        """The same layers over a copy of other values."""
        return replace(self, parameters=np.array(parameters, dtype=parameters.dtype))

    def astype(self, dtype: npt.DTypeLike) -> Network:
        """The same layers and values in another precision."""
        return replace(self, parameters=self.parameters.astype(dtype))

    def rescaled(self, scale: Array, shift: Array) -> Network:
        """Return a network whose outputs are scale * a + shift, folded into its last layer.

        Identity outputs take both in w and b. Outputs of exp take the scale as log(scale) in b; their shift must be 0.
        """
        network = self.with_parameters(self.parameters)
        w, b = network.views(network.parameters)[-1]
        layer = network.layers[-1]
        if layer.activation == "exp":
            b += np.log(scale).astype(b.dtype)
            return network
        w *= (scale[layer.topology.rows] if isinstance(layer, Sparse) else scale[:, None]).astype(w.dtype)
        b[...] = b * scale + shift
        return network

    def absorbing(self, mean: Array, deviation: Array) -> Network:
        """Return a network that reads x where this one reads (x - mean) / deviation, folded into its first layer."""
        network = self.with_parameters(self.parameters)
        w, b = network.views(network.parameters)[0]
        layer = network.layers[0]
        inputs = layer.topology.inputs if isinstance(layer, Sparse) else slice(None)
        w /= deviation[inputs].astype(w.dtype)
        b -= (layer.dense(w).astype(np.float64) @ mean).astype(b.dtype)
        return network

    def with_output(self, name: str) -> Network:
        """The same parameters under another activation of the last layer."""
        return replace(self, layers=(*self.layers[:-1], replace(self.layers[-1], activation=name)))


def perceptron_layers(
    n_features: int,
    hidden: Sequence[int],
    n_outputs: int,
    activations: str | Sequence[str],
    output: str,
) -> tuple[Layer, ...]:
    """Dense layers n_features - hidden... - n_outputs, their hidden activations one for all or one each."""
    sizes = [n_features, *hidden, n_outputs]
    each = [activations] * len(hidden) if isinstance(activations, str) else list(activations)
    names = [activation(name).name for name in (*each, output)]
    return tuple(Dense(fan_in, fan_out, name) for fan_in, fan_out, name in zip(sizes, sizes[1:], names, strict=False))


def follow(vector: Array, origin: npt.NDArray[np.integer[Any]], born: float = 0) -> Array:
    """Move a vector, or several as rows, into a new layout: origin holds old places, -1 for a newborn.

    Examples
    --------
    >>> import numpy as np
    >>> follow(np.array([1.0, 2.0, 3.0]), np.array([2, -1, 0]))
    array([3., 0., 1.])
    """
    return np.where(origin < 0, np.asarray(born, vector.dtype), vector[..., origin])
