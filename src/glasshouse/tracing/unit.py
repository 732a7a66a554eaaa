"""The arithmetic of one unit for one row, in a network of any size: its sum, its activation, the way back to a weight.

`trace` spells a whole training step out; this reads what the kernels left in their columns, so it answers at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import OptionError, expect_number
from ..network.activations import activation
from ..network.losses import LOSSES
from ..network.network import Network
from ..network.passes import loss_and_gradient
from ..network.workspace import Workspace
from ..training.recipe import Recipe

__all__ = ["Sum", "Term", "UnitArithmetic", "WeightStep", "unit_arithmetic"]

Array = npt.NDArray[Any]
MOST = 40  # terms that are listed; the others are added up
SPELLED = 6  # of them, in a line of text


@dataclass(frozen=True)
class Term:
    """One product of a sum: a weight times what comes through it."""

    unit: int
    name: str
    w: float
    value: float
    product: float


@dataclass(frozen=True)
class Sum:
    """A sum of products, the largest first; `others` are those that are not listed, `rest` is what they add up to."""

    terms: tuple[Term, ...]
    others: int
    rest: float
    total: float


@dataclass(frozen=True)
class WeightStep:
    """A weight: what it multiplies, its derivative dL/dw = dL/dz x, and where plain gradient descent would take it."""

    source: int
    name: str
    w: float
    x: float
    gradient: float
    learning_rate: float
    descended: float
    optimizer: str


@dataclass(frozen=True)
class UnitArithmetic:
    """What a unit does with a row.

    Attributes
    ----------
    layer, unit : int
        The layer counted from 1, the unit from 0.
    forward : Sum
        w x over what the unit reads; with `b` it is `z`, and `a` = f(z).
    backward : Sum or None
        w dL/dz over the units that read this one, which is dL/da; None in the last layer, where the loss gives it.
    slope : float or None
        f'(z); None for softmax, whose outputs depend on every z.
    delta : float
        dL/dz.
    loss : str or None
        The loss and what it gives dL/dz, of the last layer; `loss_value` is that of the row.
    weight : WeightStep or None
        The weight that was asked for.
    """

    layer: int
    unit: int
    name: str
    activation: str
    formula: str
    forward: Sum
    b: float
    z: float
    a: float
    slope_formula: str
    slope: float | None
    backward: Sum | None
    loss: str | None
    loss_value: float
    delta: float
    weight: WeightStep | None

    def to_dict(self) -> dict[str, Any]:
        """The arithmetic as JSON holds it."""
        return {**asdict(self), "lines": self.lines()}

    def lines(self) -> list[str]:
        """The same as lines of text, the way forward first.

        Examples
        --------
        >>> import glasshouse as gh
        >>> from glasshouse.models.tracing import unit
        >>> model = gh.train("example:iris", target="target", hidden=(2,), activation="tanh", out="", baselines=False)
        >>> [line.partition(" = ")[0] for line in unit(model, "example:iris", layer=1, unit=0).lines()]
        ['z', 'a', 'dL/da', 'dL/dz']
        """
        spelled = self.forward.terms[:SPELLED]
        products = " + ".join(f"{_number(term.w)} * {_number(term.value)}" for term in spelled)
        left = len(self.forward.terms) + self.forward.others - len(spelled)
        rest = self.forward.total - sum(term.product for term in spelled)
        more = f" + {_number(rest)} ({left} more)" if left else ""
        name = f"{self.activation}(z)"
        formula = "" if self.formula == name else f" = {self.formula}"
        found = [
            f"z = sum of w * x + b = {products}{more} + {_number(self.b)} = {_number(self.z)}",
            f"a = {name}{formula} = {_number(self.a)}",
        ]
        if self.backward is not None and self.slope is not None:
            found += [
                f"dL/da = sum of w * dL/dz of the units above = {_number(self.backward.total)}",
                f"dL/dz = dL/da * ({self.slope_formula}) = {_number(self.backward.total)} * {_number(self.slope)} "
                f"= {_number(self.delta)}",
            ]
        else:
            found.append(f"dL/dz = {self.loss} = {_number(self.delta)}")
        if self.weight is not None:
            step = self.weight
            found += [
                f"dL/dw = dL/dz * x = {_number(self.delta)} * {_number(step.x)} = {_number(step.gradient)}",
                f"w - eta * dL/dw = {_number(step.w)} - {_number(step.learning_rate)} * {_number(step.gradient)} "
                f"= {_number(step.descended)}"
                + (f" (a step of {step.optimizer} is made of this gradient)" if step.optimizer != "sgd" else ""),
            ]
        return found


def unit_arithmetic(
    network: Network,
    recipe: Recipe,
    x: Array,
    y: Array,
    layer: int,
    unit: int,
    *,
    weight: int | None = None,
    names: Sequence[str] = (),
    outputs: Sequence[str] = (),
    learning_rate: float | None = None,
) -> UnitArithmetic:
    """Work one row, x (n_features,) and y (n_outputs,), through a network and back, and read one unit of it.

    In double precision, by the kernels that train; penalties, dropout and clipping are left out, as in a trace.

    Parameters
    ----------
    weight : int, optional
        Of which unit below, or which input, the weight is to be shown.
    names, outputs : sequence of str
        Of the inputs and the outputs.
    learning_rate : float, optional
        That of the recipe if None.

    Raises
    ------
    OptionError
        If there is no such layer, unit or weight, or the loss is a function of one's own.
    """
    if callable(recipe.loss):
        raise OptionError("the loss of this network is a function of one's own: it has no formula to show")
    depth = len(network.layers)
    expect_number("layer", layer, lambda v: 1 <= v <= depth, f"from 1 to {depth}", whole=True)
    here = network.layers[layer - 1]
    expect_number("unit", unit, lambda v: 0 <= v < here.fan_out, f"from 0 to {here.fan_out - 1}", whole=True)
    exact = network.astype(np.float64)
    work = Workspace(exact, recipe.loss, 1, keep_z=True, threads=1)
    work.load(_row(x), _row(y), np.array([recipe.loss_scale]), np.zeros(1, np.int64))
    value = loss_and_gradient(work, 1)
    weights = [lay.dense(w) for lay, (w, _) in zip(exact.layers, exact.views(exact.parameters), strict=True)]
    there = here.dense(np.ones(here.weight_shape)) != 0
    below, columns = work.columns[layer - 1].a[:, 0], work.columns[layer]
    w = weights[layer - 1][unit]
    row, last = activation(here.activation), layer == depth
    z, a, delta = (float(part[unit, 0]) for part in (columns.z, columns.a, columns.delta))  # type: ignore[index]
    backward = None
    if not last:
        above = work.columns[layer + 1].delta[:, 0]  # type: ignore[index]
        backward = _sum(
            weights[layer][:, unit], above, np.flatnonzero(weights[layer][:, unit]), layer + 1, outputs, depth
        )
    return UnitArithmetic(
        layer,
        unit,
        _name(layer, unit, outputs if last else ()),
        here.activation,
        row.formula,
        _sum(w, below, np.flatnonzero(there[unit]), layer - 1, names, 0),
        float(exact.views(exact.parameters)[layer - 1][1][unit]),
        z,
        a,
        row.slope_formula,
        float(row.slope(np.array([z]))[0]) if row.elementwise else None,
        backward,
        _of_the_loss(recipe, here.activation) if last else None,
        float(value),
        delta,
        None if weight is None else _step(there[unit], w, below, delta, weight, layer, names, recipe, learning_rate),
    )


def _row(values: Array) -> Array:
    return np.ascontiguousarray(values, np.float64).reshape(1, -1)


def _sum(w: Array, values: Array, there: Array, layer: int, names: Sequence[str], named: int) -> Sum:
    """The products of a sum, the largest in magnitude first; of layer `named`, units have names."""
    products = w[there] * values[there]
    order = np.argsort(-np.abs(products), kind="stable")
    listed = order[:MOST]
    terms = tuple(
        Term(
            int(there[k]),
            _name(layer, int(there[k]), names if layer == named else ()),
            float(w[there[k]]),
            float(values[there[k]]),
            float(products[k]),
        )
        for k in listed
    )
    return Sum(terms, len(there) - len(listed), float(products[order[MOST:]].sum()), float(products.sum()))


def _name(layer: int, unit: int, names: Sequence[str]) -> str:
    if unit < len(names):
        return str(names[unit])
    return f"x{unit + 1}" if layer == 0 else f"unit {unit} of layer {layer}"


def _of_the_loss(recipe: Recipe, output: str) -> str:
    """What gives dL/dz in the last layer, as a formula in a, y and z."""
    row = LOSSES[str(recipe.loss)]
    slope = row.slope.get(output, row.slope.get("*", ""))
    scale = "" if recipe.loss_scale == 1 else f"{recipe.loss_scale:g} * "
    through = "" if row.reads == "z" else f" * ({activation(output).slope_formula})"
    return f"{scale}({slope}){through}"


def _step(
    there: Array,
    w: Array,
    below: Array,
    delta: float,
    weight: int,
    layer: int,
    names: Sequence[str],
    recipe: Recipe,
    learning_rate: float | None,
) -> WeightStep:
    expect_number("weight", weight, lambda v: 0 <= v < len(w), f"from 0 to {len(w) - 1}", whole=True)
    if not there[weight]:
        raise OptionError(f"weight is {weight}: this unit has no connection to it, it was cut")
    rate = recipe.learning_rate if learning_rate is None else learning_rate
    gradient, x = delta * float(below[weight]), float(below[weight])
    name = _name(layer - 1, weight, names if layer == 1 else ())
    value = float(w[weight])
    return WeightStep(weight, name, value, x, gradient, rate, value - rate * gradient, recipe.optimizer.name)


def _number(value: float) -> str:
    return f"{value + 0.0:.4g}"  # no -0
