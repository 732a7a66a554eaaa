"""The table of activations: a = f(z), its slope f'(z), its curvature f''(z), and what each wants from its surroundings.

A new activation is a functor in `kernels/activations.hpp`, its row here, and its line in the docs; the laws find it.
The formulas are machine-readable: the tests evaluate and differentiate them to check the kernels.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .. import kernels
from ..errors import OptionError, choose

__all__ = ["ACTIVATIONS", "Activation", "activation"]


class Activation(NamedTuple):
    """One row: its formula in z, its slope's in z and a, where its values lie, and the initialiser that suits it."""

    name: str
    formula: str
    slope_formula: str
    latex: str
    low: float
    high: float
    initializer: str
    elementwise: bool = True  # softmax looks at a whole column
    hidden: bool = True  # whether layers below can learn through it

    def value(self, z: npt.ArrayLike) -> npt.NDArray[Any]:
        """f(z), element by element, by the kernels that train."""
        return _through("activate", self.name, z)

    def slope(self, z: npt.ArrayLike) -> npt.NDArray[Any]:
        """f'(z), element by element, by the kernels that train; at a kink, the slope on its left."""
        return _through("slope", self.name, z)

    def curvature(self, z: npt.ArrayLike) -> npt.NDArray[Any]:
        """f''(z), element by element, by the kernels that train; 0 at a kink."""
        return _through("curvature", self.name, z)


def _through(operation: str, name: str, z: npt.ArrayLike) -> npt.NDArray[Any]:
    if not ACTIVATIONS[name].elementwise:
        raise OptionError(f"{name} looks at a whole column of outputs, not at one number: run it in a network")
    z = np.ascontiguousarray(z)
    z = z if z.dtype in (np.float32, np.float64) else z.astype(np.float64)
    out = np.empty_like(z)
    getattr(kernels.arithmetic(z.dtype), operation)(z.ravel(), out.reshape(-1), name)
    return out


inf = float("inf")
ACTIVATIONS = {
    row.name: row
    for row in (
        Activation("identity", "z", "1", "z", -inf, inf, "lecun_normal"),
        Activation("sigmoid", "1 / (1 + exp(-z))", "a * (1 - a)", r"\frac{1}{1 + e^{-z}}", 0, 1, "glorot_uniform"),
        Activation("tanh", "tanh(z)", "1 - a ** 2", r"\tanh z", -1, 1, "glorot_uniform"),
        Activation("relu", "max(0, z)", "1 if z > 0 else 0", r"\max(0, z)", 0, inf, "he_normal"),
        Activation(
            "leaky_relu",
            "max(z / 100, z)",
            "1 if z > 0 else 1 / 100",
            r"\max(z/100, z)",
            -inf,
            inf,
            "he_normal",
        ),
        Activation(
            "elu",
            "z if z > 0 else exp(z) - 1",
            "1 if z > 0 else a + 1",
            r"z > 0 \,?\, z : e^z - 1",
            -1,
            inf,
            "he_normal",
        ),
        Activation("softplus", "log(1 + exp(z))", "1 / (1 + exp(-z))", r"\log(1 + e^z)", 0, inf, "glorot_uniform"),
        Activation(
            "gelu",
            "z * (1 + erf(z / sqrt(2))) / 2",
            "(1 + erf(z / sqrt(2))) / 2 + z * exp(-z ** 2 / 2) / sqrt(2 * pi)",
            r"z \, \Phi(z)",
            -0.17,
            inf,
            "he_normal",
        ),
        Activation(
            "silu",
            "z / (1 + exp(-z))",
            "(1 + z * (1 - 1 / (1 + exp(-z)))) / (1 + exp(-z))",
            r"\frac{z}{1 + e^{-z}}",
            -0.2785,
            inf,
            "he_normal",
        ),
        Activation("exp", "exp(z)", "a", "e^z", 0, inf, "glorot_uniform"),
        Activation("sign", "1 if z > 0 else -1", "0", r"z > 0 \,?\, 1 : -1", -1, 1, "zeros", hidden=False),
        Activation(
            "softmax",
            "exp(z) / sum(exp(z))",
            "",  # a matrix: its loss says how a gradient goes through it
            r"\frac{e^{z_i}}{\sum_j e^{z_j}}",
            0,
            1,
            "glorot_uniform",
            elementwise=False,
            hidden=False,
        ),
    )
}


def activation(name: str) -> Activation:
    """Return the row of this name; scikit-learn's ``'logistic'`` is sigmoid.

    Examples
    --------
    >>> activation("relu").value([-1.0, 2.0])
    array([0., 2.])
    """
    return ACTIVATIONS[choose("activation", {"logistic": "sigmoid"}.get(name, name), ACTIVATIONS)]
