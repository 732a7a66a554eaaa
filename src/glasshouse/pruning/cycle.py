"""The cycle of pruning: cut a little, train a little, down a ladder of densities; then train what is left to its end.

While it trains, a pruned network is taught by the one it came from as well as by the targets (Hinton, Vinyals & Dean
2015): half of each target is the first network's own answer. So what it answers stays near what the first answers, and
a drop of the score is small before it is measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import OptionError
from ..network.network import Network
from ..network.predictor import Predictor
from ..training.batches import AT_ONCE, Data, is_written
from ..training.loop import Validation, fit, judge
from ..training.optimizers import LBFGS, Adam
from ..training.recipe import Recipe
from ..training.rewiring import Evolution
from ..training.schedules import Constant, Cosine
from ..training.state import Best, State
from ..training.watchers import Watcher
from .criteria import Criterion
from .evidence import Evidence
from .grains import cut, pieces

__all__ = ["LADDER", "Cycle", "outputs_of", "taught", "whole"]

Array = npt.NDArray[Any]
LADDER = tuple(2 ** (-k / 2) for k in range(1, 14))  # densities, from 0.71 to 0.011
STEPS_A_RUNG, STEPS_TO_SETTLE = 200, 1500
FEWEST_EPOCHS = 2, 12
TAUGHT_FROM = ("cross_entropy", "squared_error")
TEMPERATURE = 2.0


@dataclass(frozen=True, eq=False)
class Cycle:
    """A network to be pruned, what it is trained by, and how.

    Attributes
    ----------
    network : Network
        As trained, with outputs as the recipe's loss judges them.
    recipe : Recipe
        The one it was trained by; its optimiser, penalties and learning rate serve the retraining.
    data : Data
        What trains, and what the criterion looks at.
    validation : Validation or None
        Rows that choose the epoch; without them the last one is kept.
    criterion : Criterion
    grain : {'weights', 'units', 'inputs'}
    retrain : bool
        Without it a cut is a cut.
    regrow : Evolution or None
        How cut weights may return elsewhere while it trains.
    epochs : int or None
        Of the last training; 1500 steps, and at least 12 epochs, if None.
    lesson : float
        The share of each target that is the first network's answer.
    """

    network: Network
    recipe: Recipe
    data: Data
    validation: Validation | None
    criterion: Criterion
    grain: str = "weights"
    retrain: bool = True
    regrow: Evolution | None = None
    epochs: int | None = None
    lesson: float = 0.5

    @property
    def evidence(self) -> Evidence | None:
        if not self.criterion.needs_rows:
            return None
        if callable(self.recipe.loss):
            raise OptionError(f"criterion {self.criterion.name!r} needs a loss of the table: choose 'magnitude'")
        return Evidence(self.recipe.loss, self.data, self.recipe.loss_scale).some()

    @property
    def whole(self) -> int:
        """How many pieces a density of 1 is."""
        return pieces(self.network, self.grain)

    def _recipe(self, epochs: int, settles: bool, seed: int) -> Recipe:
        recipe = self.recipe
        if isinstance(recipe.optimizer, LBFGS):
            recipe = replace(recipe, optimizer=Adam(), learning_rate=0.001)
        monitor = "validation_loss" if recipe.monitor == "loss" else recipe.monitor
        return replace(
            recipe,
            schedule=Cosine() if settles else Constant(),
            max_epochs=epochs,
            patience=None,
            average=0.0,
            evolution=self.regrow,
            monitor="loss" if self.validation is None else monitor,
            seed=(self.recipe.seed + 1 + seed) % (1 << 32),
        )

    def _epochs(self, settles: bool) -> int:
        steps = -(-self.data.n_rows // self.recipe.batch_size)
        wanted = STEPS_TO_SETTLE if settles else STEPS_A_RUNG
        return max(FEWEST_EPOCHS[settles], -(-wanted // steps))

    def one_cut(self, network: Network, density: float) -> Network:
        """Cut at once, without training."""
        count = max(1, round(density * self.whole))
        if count >= pieces(network, self.grain):
            return network
        return cut(network, self.criterion, self.evidence, self.grain, count).network

    def down(self, network: Network, density: float, seed: int, watchers: Sequence[Watcher] = ()) -> Network:
        """Cut to a density, and train a little."""
        smaller = self.one_cut(network, density)
        return self._trained(smaller, self._recipe(self._epochs(False), False, seed), watchers)

    def settled(self, network: Network, seed: int, watchers: Sequence[Watcher] = ()) -> Network:
        """Train to its end, the rate falling to 0."""
        return self._trained(network, self._recipe(self.epochs or self._epochs(True), True, seed), watchers)

    def _trained(self, network: Network, recipe: Recipe, watchers: Sequence[Watcher]) -> Network:
        """The network after the epoch that the validation rows choose, or before the first; the last without them."""
        if not self.retrain:
            return network
        state = State.begun(network.with_parameters(network.parameters), recipe)
        if self.validation is not None:
            loss, score = judge(state, recipe, self.validation)
            state.best = Best(0, -loss if recipe.monitor == "validation_loss" else score, network)
        return whole(fit(state, self.lessons, recipe, self.validation, watchers)).chosen()

    @cached_property
    def lessons(self) -> Data:
        """The data with targets that are in part the first network's answers."""
        return taught(self.data, self.network, self.recipe.loss, self.lesson)


def whole(state: State) -> State:
    """The state, unless somebody stopped the run by hand: half of a stage is no stage."""
    if state.interrupted:
        raise KeyboardInterrupt
    return state


def taught(data: Data, network: Network, loss: Any, share: float, temperature: float = TEMPERATURE) -> Data:
    """The same rows, with this share of each target replaced by the network's answer.

    Probabilities are softened: their logarithms are divided by the temperature. Under a loss that judges neither
    probabilities nor numbers the targets stay what they are.
    """
    if not share or loss not in TAUGHT_FROM:
        return data
    rows = np.arange(data.n_rows) if data.rows is None else data.rows
    answers = outputs_of(network, data)
    if loss == "cross_entropy":
        answers = _softened(answers, temperature)
    given = data.Y.write(rows) if is_written(data.Y) else data.Y[rows]
    Y = np.zeros((len(data.Y), network.n_outputs), network.dtype)
    Y[rows] = (1 - share) * given + share * answers
    return data._replace(Y=Y)


def _softened(a: Array, temperature: float) -> Array:
    """Probabilities whose logarithms, or whose log odds, are divided by a temperature."""
    single = a.shape[1] == 1
    powers = np.maximum(np.hstack([1 - a, a]) if single else a, 1e-30) ** (1 / temperature)
    found = powers / powers.sum(axis=1, keepdims=True)
    return np.asarray(found[:, 1:] if single else found)


def outputs_of(network: Network, data: Data) -> Array:
    """What a network puts out for the rows that take part, (n_rows, n_outputs)."""
    predict, found = Predictor(network), np.empty((data.n_rows, network.n_outputs), network.dtype)
    for start in range(0, data.n_rows, AT_ONCE):
        block = np.arange(start, min(start + AT_ONCE, data.n_rows))
        X, _, rows = data.written(block)
        found[block] = predict(X[rows])
    return found
