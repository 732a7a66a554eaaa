"""The network of a specification in the kernels that train: double precision, one sample at a time and all at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import TrainingDiverged
from ..network.layers import Dense
from ..network.network import Network
from ..network.passes import forward, loss_and_gradient
from ..network.workspace import Workspace
from ..training.loop import LARGEST
from ..training.optimizers import Pull
from .specification import Specification

__all__ = ["Engine", "Pass"]

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Pass:
    """What the kernels hold after the passes of one sample, or of a batch.

    Attributes
    ----------
    sums, activations, slopes : list of (n_units,) arrays
        z, a and dL/dz of each layer; of the first sample, if there are several.
    loss : float
    gradient : dict of str to float
        dL/dw and dL/db by the parameter's name, added up over its places.
    """

    sums: list[Array]
    activations: list[Array]
    slopes: list[Array]
    loss: float
    gradient: dict[str, float]


class Engine:
    """A specification's network, its workspace, and where in the flat vector each name stands."""

    def __init__(self, specification: Specification):
        self.of = specification
        sizes = [len(specification.inputs), *(len(layer.units) for layer in specification.layers)]
        layers = tuple(
            Dense(fan_in, fan_out, layer.activation)
            for fan_in, fan_out, layer in zip(sizes, sizes[1:], specification.layers)
        )
        size = sum(layer.fan_in * layer.fan_out + layer.fan_out for layer in layers)
        self.network = Network(layers, np.zeros(size))
        self.places = self._places()
        movable = np.zeros(size, np.uint8)  # a connection that is not there stays 0
        for name, places in self.places.items():
            self.network.parameters[places] = specification.values[name].value
            movable[places] = name not in specification.held
        n = len(specification.samples)
        self.work = Workspace(self.network, specification.loss, n, keep_z=True, movable=movable, threads=1)
        self.moments = {name: np.zeros(size) for name in specification.stepping.moments}
        self.X = np.array([[given.value for given in row] for row in specification.samples])
        self.Y = np.array([[given.value for given in row] for row in specification.answers])
        self.step = 0

    def _places(self) -> dict[str, list[int]]:
        places: dict[str, list[int]] = {name: [] for name in self.of.parameters}
        index = np.arange(len(self.network.parameters))
        for layer, (w, b) in zip(self.of.layers, self.network.views(index), strict=True):
            for i, j, name in layer.places():
                places[name].append(int(w[i, j]))
            for i, bias in enumerate(layer.biases):
                if bias is not None:
                    places[bias].append(int(b[i]))
        return places

    def run(self, samples: tuple[int, ...], share: float = 1.0, backward: bool = True) -> Pass:
        """The passes of some samples; each counts by `share` of the specification's scale."""
        rows = np.array(samples, np.int64)
        weight = np.full(len(rows), self.of.scale * share)
        n = self.work.load(self.X, self.Y, weight, rows)
        if backward:
            loss = loss_and_gradient(self.work, n)
        else:
            forward(self.work, n)
            loss = self.work.loss(n)
        columns = self.work.columns[1:]
        return Pass(
            [z[:, 0].copy() for c in columns if (z := c.z) is not None],
            [c.a[:, 0].copy() for c in columns],
            [delta[:, 0].copy() for c in columns if backward and (delta := c.delta) is not None],
            loss,
            {name: float(sum(self.work.gradient[places])) for name, places in self.places.items()} if backward else {},
        )

    def batch(self, samples: tuple[int, ...], backward: bool = True) -> Pass:
        """The passes of a batch, its losses added up or averaged; leaves the gradient for `update`."""
        return self.run(samples, 1 / len(samples) if self.of.batch == "mean" else 1.0, backward)

    def update(self, gradient: dict[str, float]) -> None:
        """One step of the optimiser down the gradient of the last batch, a shared parameter by the sum of its places.

        Raises
        ------
        TrainingDiverged
            Before the update that would have written a number that is not finite.
        """
        rate = self.of.learning_rate.value
        for name, places in self.places.items():
            self.work.gradient[places] = gradient[name]
        largest = self.work.arrays.largest(0.0)
        if not largest * max(rate, 1.0) < LARGEST["float64"]:
            most = max((float(np.abs(c.a[:, 0]).max()) for c in self.work.columns[1:]), default=0.0)
            raise TrainingDiverged(1, self.step + 1, None, most, rate)
        self.step += 1
        self.of.stepping.step(self.work.arrays, self.moments, self.step, rate, Pull())

    def parameter(self, name: str, vector: Array | None = None) -> float:
        """The value of a parameter, or its entry of another vector in this layout."""
        return float((self.network.parameters if vector is None else vector)[self.places[name][0]])
