"""A state: all that a checkpoint holds of a training run, and the one way its network may change shape."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import OptionError, TrainingDiverged
from ..network.network import Network, follow
from ..network.workspace import Workspace
from ..seeds import stream
from .optimizers import LBFGS
from .recipe import Recipe

__all__ = ["Best", "State"]

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Best:
    """The best network so far, and what made it so."""

    epoch: int
    value: float
    network: Network


@dataclass
class State:
    """Where a training run stands.

    Attributes
    ----------
    network : Network
    moments : dict of (n_parameters,) arrays, or (k, n_parameters) for L-BFGS
        The optimiser's memory, in the layout of the parameters.
    generator : numpy Generator
        Draws the order of the rows.
    movable : (n_parameters,) uint8, or None for all
        What an update may touch: not the cut weights of a densely stored layer, held biases, frozen layers.
    average : (n_parameters,), or None
        The running mean of the weights, where the recipe asks for one.
    epoch, step, samples : int
        Epochs and steps done, rows seen in whole epochs.
    factor : float
        Multiplies the rate of the recipe: 1 unless somebody changed it while it trained.
    by_hand : tuple of str
        What somebody changed, and when: a run that the recipe alone does not make again.
    cuts, stalled : int
        How often a plateau has cut the learning rate, and for how many epochs it has waited since.
    best : Best or None
        None until validation rows choose.
    mark, waited : float, int
        The monitored number to beat, and for how many epochs it has not been.
    settled, interrupted : bool
        Whether another epoch would change nothing worth having; whether somebody stopped the run.
    history : list of dict
        One flat row an epoch.
    """

    network: Network
    moments: dict[str, Array]
    generator: np.random.Generator
    movable: npt.NDArray[np.uint8] | None = None
    average: Array | None = None
    epoch: int = 0
    step: int = 0
    samples: int = 0
    cuts: int = 0
    stalled: int = 0
    best: Best | None = None
    mark: float = -np.inf
    waited: int = 0
    factor: float = 1.0
    by_hand: tuple[str, ...] = ()
    settled: bool = False
    interrupted: bool = False
    history: list[dict[str, float]] = field(default_factory=list)
    _work: Workspace | None = field(default=None, repr=False)
    _objective: Any = field(default=None, repr=False)  # what L-BFGS knows of the place it is at

    @classmethod
    def begun(cls, network: Network, recipe: Recipe) -> State:
        """The state before the first step."""
        moments = {name: np.zeros_like(network.parameters) for name in recipe.optimizer.moments}
        state = cls(network, moments, stream(recipe.seed, "order"))
        if recipe.average:
            state.average = network.parameters.copy()
        if not recipe.fit_intercept:
            state.movable = np.ones(len(network.parameters), np.uint8)
            state.movable[network.n_weights :] = network.parameters[network.n_weights :] = 0
        return state

    def workspace(self, recipe: Recipe) -> Workspace:
        """The buffers of this network, made again only after it changed."""
        work, dropout = self._work, recipe.dropout_of(len(self.network.layers) - 1)
        serves = (
            work is not None
            and work.network is self.network
            and work.movable is self.movable
            and (work.capacity, work.loss_name, work.dropout) == (recipe.batch_size, recipe.loss, dropout)
        )
        if work is None or not serves:
            work = self._work = Workspace(
                self.network, recipe.loss, recipe.batch_size, movable=self.movable, dropout=dropout
            )
        return work

    def go_on_at(self, learning_rate: float, recipe: Recipe) -> None:
        """From the next step on, train at this rate instead of the recipe's; its schedule goes on from there.

        Raises
        ------
        OptionError
            If no recipe could have this rate, or the optimiser finds the length of its steps by itself.
        """
        if isinstance(recipe.optimizer, LBFGS):
            raise OptionError("lbfgs finds the length of its steps by itself: it has no learning rate")
        self.factor = replace(recipe, learning_rate=learning_rate).learning_rate / recipe.learning_rate
        self.by_hand = (*self.by_hand, f"learning rate {learning_rate:g} from step {self.step + 1} on")

    def release(self) -> None:
        """Let go of the buffers and the threads that go with them."""
        self._work = self._objective = None

    def chosen(self) -> Network:
        """The network to keep: the best weights where validation rows chose, else the running mean, else the last."""
        if self.best is not None:
            return self.best.network.with_parameters(self.best.network.parameters)
        return self.network.with_parameters(self.network.parameters if self.average is None else self.average)

    def move(self, network: Network, origin: npt.NDArray[np.integer[Any]]) -> None:
        """Take a network of another shape: what belongs to a parameter follows it, newborn ones are at rest.

        The best weights so far stay as they are, in their own shape.
        """
        self.network = network
        self.moments = {name: follow(vector, origin) for name, vector in self.moments.items()}
        self.movable = None if self.movable is None else follow(self.movable, origin, born=1)
        if self.average is not None:
            self.average = np.where(origin < 0, network.parameters, follow(self.average, origin))

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_work": None, "_objective": None}  # buffers and threads stay where they are

    def diverged(self, work: Workspace, n: int, learning_rate: float) -> TrainingDiverged:
        """The error that says where the numbers stopped being finite; the weights are still the last finite ones."""
        activations = [columns.a[:, :n] for columns in work.columns[1:]]
        finite = [np.isfinite(a) for a in activations]
        layer = next((k for k, ok in enumerate(finite, start=1) if not ok.all()), None)
        largest = max(
            (float(np.abs(a[ok]).max(initial=0)) for a, ok in zip(activations, finite, strict=True)), default=0.0
        )
        return TrainingDiverged(self.epoch + 1, self.step + 1, layer, largest, learning_rate)
