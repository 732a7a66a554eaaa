"""The table of optimisers: small frozen objects with their settings; a step is one sweep over the flat vector."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from .. import kernels
from ..errors import choose
from ..network.network import Network

__all__ = ["OPTIMIZERS", "SGD", "Adam", "Optimizer", "optimizer"]

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class SGD:
    """w := w - rate g."""

    name: ClassVar[str] = "sgd"
    moments: ClassVar[tuple[str, ...]] = ()

    def step(
        self,
        network: Network,
        gradient: Array,
        moments: Mapping[str, Array],
        movable: npt.NDArray[np.uint8] | None,
        t: int,
        learning_rate: float,
        l2: float,
    ) -> None:
        """Update the parameters in place; t counts steps from 1."""
        kernels.arithmetic(network.dtype).sgd(
            network.parameters, gradient, movable, network.n_weights, learning_rate, l2
        )


@dataclass(frozen=True)
class Adam:
    """m and v are running means of g and g²; w := w - rate m̂ / (sqrt(v̂) + epsilon) (Kingma, Ba 2015)."""

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    name: ClassVar[str] = "adam"
    moments: ClassVar[tuple[str, ...]] = ("first", "second")

    def step(
        self,
        network: Network,
        gradient: Array,
        moments: Mapping[str, Array],
        movable: npt.NDArray[np.uint8] | None,
        t: int,
        learning_rate: float,
        l2: float,
    ) -> None:
        """Update the parameters and moments in place; t counts steps from 1."""
        kernels.arithmetic(network.dtype).adam(
            network.parameters,
            gradient,
            movable,
            network.n_weights,
            moments["first"],
            moments["second"],
            learning_rate,
            self.beta_1,
            self.beta_2,
            self.epsilon,
            1 - self.beta_1**t,
            1 - self.beta_2**t,
            l2,
        )


Optimizer = SGD | Adam
OPTIMIZERS: dict[str, type[SGD] | type[Adam]] = {row.name: row for row in (SGD, Adam)}


def optimizer(name: str) -> Optimizer:
    """Return an optimiser with its default settings.

    Examples
    --------
    >>> optimizer("adam")
    Adam(beta_1=0.9, beta_2=0.999, epsilon=1e-08)
    """
    return OPTIMIZERS[choose("solver", name, OPTIMIZERS)]()
