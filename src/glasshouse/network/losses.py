"""The table of losses: a value for each sample, the outputs it makes sense for, and whether it reads z or a.

Every loss is a sum over the outputs of one sample; the batch adds weight * loss, so that mean, sum, ½, class and sample
weights are all values of the weight row. A user's own loss is a function in Python, called between native operations.
"""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..errors import OptionError, choose

if TYPE_CHECKING:
    from ..kernels import Arithmetic, Columns

__all__ = ["LOSSES", "CustomLoss", "Loss", "LossFunction", "known_by", "loss_for"]

Array = npt.NDArray[Any]
LossFunction = Callable[[Array, Array], tuple[Array, Array]]


class Loss(NamedTuple):
    """One row. `formula` is the term of one output in z, a and y; the loss of a sample is the sum of its terms.

    `slope` is the derivative of a term with respect to what the loss reads. Where that is z, it holds for targets of
    softmax that add up to 1, and `by_output` is the derivative with respect to a, which the kernels never need.
    `targets` says how classes are written: 0 and 1, or -1 and 1.
    """

    name: str
    formula: dict[str, str]  # output activation -> term; '*' for any other
    slope: dict[str, str]
    latex: str
    outputs: tuple[str, ...]
    reads: str  # 'z' where value and gradient are exact only from the weighted sum, else 'a'
    targets: str = "any number"
    by_output: dict[str, str] | None = None


SMOOTH = ("identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "gelu", "silu", "exp", "softmax")
LOSSES = {
    row.name: row
    for row in (
        Loss(
            "cross_entropy",
            {"softmax": "-y * log(a)", "sigmoid": "-y * log(a) - (1 - y) * log(1 - a)"},
            {"*": "a - y"},
            r"-\sum_c y_c \log a_c",
            ("softmax", "sigmoid"),
            "z",
            "0 to 1",
            {"softmax": "-y / a", "sigmoid": "(1 - y) / (1 - a) - y / a"},
        ),
        Loss("squared_error", {"*": "(a - y) ** 2"}, {"*": "2 * (a - y)"}, r"\sum_c (a_c - y_c)^2", SMOOTH, "a"),
        Loss(
            "absolute_error",
            {"*": "abs(a - y)"},
            {"*": "1 if a > y else -1 if a < y else 0"},
            r"\sum_c |a_c - y_c|",
            SMOOTH,
            "a",
        ),
        Loss(
            "huber",
            {"*": "(a - y) ** 2 / 2 if abs(a - y) <= 1 else abs(a - y) - 1 / 2"},
            {"*": "min(1, max(-1, a - y))"},
            r"\sum_c \min(|e_c|, 1) (|e_c| - \min(|e_c|, 1) / 2), e = a - y",
            SMOOTH,
            "a",
        ),
        Loss(
            "poisson",
            {"*": "a - y * log(a)"},
            {"exp": "a - y", "softplus": "(1 - y / a) / (1 + exp(-z))"},
            r"\sum_c a_c - y_c \log a_c",
            ("exp", "softplus"),
            "z",
            "0 or more",
            {"*": "1 - y / a"},
        ),
        Loss(
            "perceptron",
            {"*": "max(0, -y * z)"},
            {"*": "0 if y * z > 0 else -y"},
            r"\sum_c \max(0, -y_c z_c)",
            ("sign", "identity"),
            "z",
            "-1 and 1",
        ),
        Loss(
            "hinge",
            {"*": "max(0, 1 - y * z)"},
            {"*": "0 if y * z > 1 else -y"},
            r"\sum_c \max(0, 1 - y_c z_c)",
            ("identity", "sign"),
            "z",
            "-1 and 1",
        ),
    )
}


def loss_for(loss: str | LossFunction, output: str) -> Loss:
    """Return the row of this name, or one for a function, if it makes sense for an output activation.

    Raises
    ------
    OptionError
        If there is no such loss, or it cannot judge these outputs.

    Examples
    --------
    >>> loss_for("cross_entropy", "tanh")
    Traceback (most recent call last):
    glasshouse.errors.OptionError: cross_entropy cannot judge tanh outputs: give it softmax or sigmoid
    """
    row = Loss("custom", {}, {}, "", SMOOTH, "a") if callable(loss) else LOSSES[choose("loss", loss, LOSSES)]
    if output not in row.outputs:
        raise OptionError(f"{row.name} cannot judge {output} outputs: give it {' or '.join(row.outputs)}")
    return row


def known_by(function: Callable[..., Any]) -> str:
    """A name to know a function of one's own again by: where it is defined, and a hash of what it does.

    Examples
    --------
    >>> known_by(lambda a, y: (a, y)) == known_by(lambda a, y: (a, a))
    False
    """
    code = getattr(function, "__code__", None)
    if code is None:
        try:
            content = pickle.dumps(function)
        except Exception:  # an object that cannot be stored is known by its type alone
            content = b""
        return f"{type(function).__module__}.{type(function).__qualname__} {hashlib.sha256(content).hexdigest()[:8]}"
    plain = (bool, int, float, str, bytes, tuple, type(None))
    held = [cell.cell_contents for cell in getattr(function, "__closure__", None) or ()]
    numbers = [value for value in (*code.co_consts, *held) if isinstance(value, plain)]
    content = code.co_code + repr((code.co_names, numbers, getattr(function, "__defaults__", None))).encode()
    return f"{function.__module__}.{function.__qualname__} {hashlib.sha256(content).hexdigest()[:8]}"


class CustomLoss:
    """A loss written in Python, bound to output, target and weight columns like a native one.

    Parameters
    ----------
    function : (a, y) -> (value, gradient)
        a and y are (n_samples, n_outputs), for reading only; value is (n_samples,), gradient is dL/da, shaped as a.
    """

    def __init__(self, kernels: Arithmetic, function: LossFunction, output: Columns, target: Columns, weight: Columns):
        self.kernels, self.function = kernels, function
        self.output, self.target, self.weight = output, target, weight

    def __call__(self, n: int) -> float:
        """Return the sum of weight * loss over the first n columns; write delta of the outputs."""
        if n == 0:  # a rank without rows in this batch: theirs is a function of rows
            return 0.0
        a, y = self.output.a[:, :n].T, self.target.a[:, :n].T
        for array in (a, y):
            array.flags.writeable = False
        found = self.function(a, y)
        if not isinstance(found, tuple | list) or len(found) != 2:
            raise OptionError(f"a custom loss returned {type(found).__name__}: return (value, dL/da), two arrays")
        value, gradient = (np.asarray(part) for part in found)
        for name, shape, wanted in (("value", value.shape, (n,)), ("gradient", gradient.shape, a.shape)):
            if shape != wanted:
                raise OptionError(f"the {name} of a custom loss has the shape {shape}: return one of shape {wanted}")
        if value.dtype.kind not in "fiub" or gradient.dtype.kind not in "fiub":
            raise OptionError(f"a custom loss returned {value.dtype} and {gradient.dtype}: return real numbers")
        weight, delta = self.weight.a[0, :n], self.output.delta
        assert delta is not None
        delta[:, :n] = gradient.T * weight
        delta[:, n:] = 0
        self.kernels.pull_back(self.output, n)
        return float(np.sum(weight * value))

    def curvature(self, n: int, into: Columns) -> float:
        raise OptionError("a custom loss has no curvature: choose one of the table for what needs second derivatives")
