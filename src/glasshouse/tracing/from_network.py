"""A specification of a network that was trained, for one row: its own loss, learning rate and optimiser."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..errors import OptionError
from ..network.network import Network
from ..training.optimizers import LBFGS, SGD
from ..training.recipe import Recipe
from .specification import Given, Specification, TracedLayer

__all__ = ["specification_of"]


def specification_of(
    network: Network,
    recipe: Recipe,
    x: npt.NDArray[np.floating],
    y: npt.NDArray[np.floating],
    title: str,
    names: tuple[str, ...] = (),
) -> Specification:
    """Describe a network and one row, x (n_features,) and y (n_outputs,), to be traced.

    Inputs are x1, x2, …, weights w1, w2, … in the order of the network, biases b1, b2, …; `names` are what the inputs
    are called in their table.

    Raises
    ------
    OptionError
        If its loss is a function of one's own, which has no formula to print.
    """
    if callable(recipe.loss):
        raise OptionError(
            "the loss of this network is a function of one's own: a trace prints formulas, and it has none"
        )
    layers: list[TracedLayer] = []
    values: dict[str, Given] = {}
    weight = unit = 0
    for k, (layer, (w, b)) in enumerate(zip(network.layers, network.views(network.parameters), strict=True)):
        there, last = layer.dense(np.ones_like(w)) != 0, k == len(network.layers) - 1
        rows = []
        for values_of_row, there_of_row in zip(layer.dense(w), there, strict=True):
            row: list[str | None] = []
            for value, is_there in zip(values_of_row, there_of_row, strict=True):
                weight += bool(is_there)
                row.append(f"w{weight}" if is_there else None)
                if is_there:
                    values[f"w{weight}"] = Given(float(value))
            rows.append(tuple(row))
        numbers = range(unit + 1, unit + layer.fan_out + 1)
        values |= {f"b{n}": Given(float(value)) for n, value in zip(numbers, b, strict=True)}
        units = [f"o{i + 1}" if last else f"h{n}" for i, n in enumerate(numbers)]
        layers.append(
            TracedLayer(
                layer.activation,
                tuple(units),
                tuple(f"z{n}" for n in numbers),
                tuple(rows),
                tuple(f"b{n}" for n in numbers),
            )
        )
        unit += layer.fan_out
    inputs = tuple(f"x{k + 1}" for k in range(network.n_features))
    left_out = {
        "L2 penalty": recipe.l2,
        "L1 penalty": recipe.l1,
        "dropout": any(recipe.dropout),
        "clipping": recipe.clip_norm is not None,
    }
    remarks = ["inputs and targets are as the network has them: scaled, categories as 0 and 1"]
    remarks += [f"left out of this step: {name}" for name, asked in left_out.items() if asked]
    if isinstance(recipe.optimizer, LBFGS):
        remarks.append("its own optimiser, lbfgs, searches along a line: this is a step of gradient descent")
    return Specification(
        title=title,
        inputs=inputs,
        targets=tuple(f"y{k + 1}" for k in range(network.n_outputs)),
        layers=tuple(layers),
        values=values,
        samples=(tuple(Given(float(value)) for value in x),),
        answers=(tuple(Given(float(value)) for value in y),),
        learning_rate=Given.typed(recipe.learning_rate),
        loss=recipe.loss,
        loss_scale=recipe.loss_scale,
        biases="updated" if recipe.fit_intercept else "held",
        optimizer=SGD(momentum=0) if isinstance(recipe.optimizer, LBFGS) else recipe.optimizer,
        titles=dict(zip(inputs, names, strict=False)),
        remarks=tuple(remarks),
    )
