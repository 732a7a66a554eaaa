"""A recipe: every choice of a training run, frozen; estimators and commands build it, the model file keeps it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any, get_type_hints

import numpy as np

from ..errors import OptionError, choose, expect_number
from ..network.activations import ACTIVATIONS, activation
from ..network.density import Density, sparsified
from ..network.initializers import Initializer, initializer
from ..network.losses import LossFunction, known_by, loss_for
from ..network.network import Network, perceptron_layers
from ..seeds import stream
from ..storage import as_type, restored
from .optimizers import LBFGS, OPTIMIZERS, Adam, AdamW, Optimizer
from .rewiring import Evolution, evolution_from
from .schedules import SCHEDULES, Constant, Progress, Schedule

__all__ = ["MONITORS", "Recipe"]

# The last name which score of the validation rows theirs is; to the loop they are all its score.
MONITORS = (
    "loss",
    "validation_loss",
    "validation_score",
    *(f"validation_{score}" for score in ("accuracy", "roc_auc", "r2", "mae")),
)


@dataclass(frozen=True)
class Recipe:
    """Every choice of a training run.

    Parameters
    ----------
    output : str
        What the last layer does.
    loss : str or function
        How it is judged: a name of the table that fits the output, or (a, y) -> (value, dL/da).
    activation : tuple of str
        Of the hidden layers: one for all, or one for each.
    initializer : Initializer or 'auto'
        'auto' gives each layer what its activation wants.
    density : Density
        The share of the weights that exists.
    evolution : Evolution or None
        How connections move while the network trains; those of dense layers do not.
    dropout : tuple of float
        The share of units a step leaves out: one for all hidden layers, or one for each; empty for none.
    loss_scale : float
        Multiplies every sample's loss: ½ makes squared error the textbook's half sum.
    l2, l1 : float
        Add l2 / 2 * sum of w² and l1 * sum of |w| to the loss, w the weights without biases. L1 is taken as a proximal
        step, so that weights become 0 and stay there.
    clip_norm : float or None
        The gradient is shortened to this norm where it is longer.
    batch_size : int
        The rows of a step, of all ranks together.
    warm_up : int
        Over so many first steps the rate rises, in equal parts, to what the schedule says.
    sync_every : int
        Several ranks add up their gradients at every step (1), or each takes so many steps with its own rows before
        weights, moments and running means are averaged over the ranks. One rank alone trains the same either way.
    average : float
        The weights that are kept are a running mean over the steps: 0 for none, 1 for the mean of all, else the share
        an older mean keeps in a step (for its first 1 / (1 - average) steps, the mean of all).
    monitor : str
        What must improve by `tol` within `patience` epochs (None: not at all): the training loss with its penalties,
        the validation loss or a validation score. The last two also keep the best weights.
    fit_intercept : bool
        Whether biases move; else they stay 0.
    seed : int
        Seeds weights, order and every other draw, each from its own child.

    Raises
    ------
    OptionError
        If a name is unknown, a number is out of its range, or choices do not fit each other.

    Examples
    --------
    >>> Recipe(output="softmax", loss="cross_entropy", hidden_layer_sizes=(8,)).initialized(4, 3).parameters.shape
    (67,)
    """

    output: str
    loss: str | LossFunction
    hidden_layer_sizes: tuple[int, ...] = (100,)
    activation: tuple[str, ...] = ("relu",)
    initializer: Initializer | str = "auto"
    density: Density = field(default_factory=Density)
    evolution: Evolution | None = None
    dtype: str = "float32"
    optimizer: Optimizer = field(default_factory=Adam)
    learning_rate: float = 0.001
    schedule: Schedule = field(default_factory=Constant)
    warm_up: int = 0
    batch_size: int = 200
    sync_every: int = 1
    max_epochs: int = 200
    shuffle: bool = True
    dropout: tuple[float, ...] = ()
    l2: float = 0.0
    l1: float = 0.0
    clip_norm: float | None = None
    average: float = 0.0
    loss_scale: float = 1.0
    monitor: str = "loss"
    tol: float = 1e-4
    patience: int | None = 10
    fit_intercept: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        self._expect_names()
        self._expect_numbers()
        self._expect_steps_that_fit()

    def _expect_names(self) -> None:
        object.__setattr__(self, "activation", tuple(activation(name).name for name in self.activation))
        loss_for(self.loss, activation(self.output).name)
        for name in self.activation:
            if not activation(name).hidden:
                good = ", ".join(row.name for row in ACTIVATIONS.values() if row.hidden)
                raise OptionError(f"{name!r} belongs to the last layer: for hidden layers choose one of {good}")
        if self.initializer != "auto":
            object.__setattr__(self, "initializer", initializer(self.initializer))
        choose("monitor", self.monitor, MONITORS)
        choose("dtype", self.dtype, ("float32", "float64"))
        layers = len(self.hidden_layer_sizes)
        for name, counts in (("activation", {1, layers}), ("dropout", {0, 1, layers})):
            given = len(getattr(self, name))
            if given not in counts:
                raise OptionError(
                    f"{name} has {given} entries for {layers} hidden layers: give one for all, or one each"
                )

    def _expect_numbers(self) -> None:
        for size in self.hidden_layer_sizes:
            expect_number("hidden_layer_sizes", size, lambda v: v >= 1, "of at least 1", whole=True)
        for name in ("batch_size", "max_epochs", "patience", "sync_every"):
            if getattr(self, name) is not None:
                expect_number(name, getattr(self, name), lambda v: 1 <= v < 1 << 40, "of at least 1", whole=True)
        expect_number("warm_up", self.warm_up, lambda v: 0 <= v < 1 << 40, "of at least 0", whole=True)
        for name in ("l2", "l1", "tol", "seed"):
            expect_number(name, getattr(self, name), lambda v: 0 <= v < float("inf"), "at least 0")
        for name in ("learning_rate", "loss_scale", "clip_norm"):
            if getattr(self, name) is not None:
                expect_number(name, getattr(self, name), lambda v: 0 < v < float("inf"), "a number above 0")
        for share in self.dropout:
            expect_number("dropout", share, lambda v: 0 <= v < 1, "at least 0 and below 1, the share left out")
        if not any(self.dropout):
            object.__setattr__(self, "dropout", ())
        if self.dropout and not self.hidden_layer_sizes:
            raise OptionError("dropout leaves out hidden units, and there are none: set dropout to 0")
        expect_number("average", self.average, lambda v: 0 <= v <= 1, "from 0 (none) to 1 (the mean of all steps)")

    def _expect_steps_that_fit(self) -> None:
        """No step may leave the numbers of this precision, whatever the gradient it is given."""
        limit, precision = float(np.finfo(self.dtype).max) ** 0.5, np.dtype(self.dtype).type
        epsilon = getattr(self.optimizer, "epsilon", 1.0)
        if not precision(epsilon) > 0:
            raise OptionError(f"epsilon is {epsilon!r}: it is 0 in {self.dtype}, choose 1e-8")
        if not self.learning_rate / min(epsilon, 1.0) < limit:
            by = f" with epsilon {epsilon:g}" if epsilon < 1 else ""
            raise OptionError(f"learning_rate is {self.learning_rate:g}{by}: beyond {self.dtype}, choose a smaller one")
        if isinstance(self.optimizer, AdamW) and self.learning_rate * self.optimizer.weight_decay >= 1:
            shrinks = self.learning_rate * self.optimizer.weight_decay
            raise OptionError(f"learning_rate * weight_decay is {shrinks:g}: keep it below 1, or weights change sign")
        if self.evolution is not None and self.sync_every > 1:
            raise OptionError(
                f"sync_every is {self.sync_every}: connections that move are the same on all ranks at every step, "
                "set sync_every=1 or evolution=None"
            )
        if isinstance(self.optimizer, LBFGS):
            self._expect_whole_steps()

    def _expect_whole_steps(self) -> None:
        if self.dtype != "float64":
            raise OptionError("lbfgs compares losses to their last digits: set dtype to 'float64'")
        asked = {
            "dropout": any(self.dropout),
            "l1": self.l1 > 0,
            "clip_norm": self.clip_norm is not None,
            "average": self.average > 0,
            "evolution": self.evolution is not None,
            "schedule": not isinstance(self.schedule, Constant),
            "warm_up": self.warm_up > 0,
            "sync_every": self.sync_every > 1,
        }
        for name in [name for name, given in asked.items() if given]:
            raise OptionError(f"lbfgs takes whole, smooth steps and knows no {name}: choose solver 'adam'")

    def rate(self, at: Progress) -> float:
        """The learning rate of a step."""
        rate = self.learning_rate * self.schedule.factor(at)
        return rate if at.step + 1 >= self.warm_up else rate * (at.step + 1) / self.warm_up

    def dropout_of(self, n_hidden: int) -> tuple[float, ...]:
        """The dropout of each hidden layer."""
        return self.dropout * n_hidden if len(self.dropout) == 1 else self.dropout

    def initialized(self, n_features: int, n_outputs: int) -> Network:
        """A network of this recipe with its first weights."""
        names = self.activation * len(self.hidden_layer_sizes) if len(self.activation) == 1 else self.activation
        layers = perceptron_layers(n_features, self.hidden_layer_sizes, n_outputs, names, self.output)
        if self.density.share < 1:
            layers = sparsified(layers, self.density, stream(self.seed, "topology"))
        return Network.initialized(layers, stream(self.seed, "weights"), self.initializer, np.dtype(self.dtype))

    def to_dict(self) -> dict[str, Any]:
        """The recipe as JSON holds it; a loss of one's own is 'custom' and its name."""
        document = {f.name: getattr(self, f.name) for f in fields(self)}
        for name in ("optimizer", "schedule"):
            document[name] = {"name": document[name].name, **asdict(document[name])}
        document["density"] = asdict(self.density)
        document["evolution"] = None if self.evolution is None else self.evolution.to_dict()
        document["initializer"] = self.initializer if isinstance(self.initializer, str) else asdict(self.initializer)
        if callable(self.loss):
            document["loss"] = f"custom: {known_by(self.loss)}"
        return {name: list(value) if isinstance(value, tuple) else value for name, value in document.items()}

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> Recipe:
        """The recipe of `to_dict`; one with a loss of its own cannot be made again from a file."""
        choices, hints = dict(document), get_type_hints(cls)
        wanted = [f.name for f in fields(cls)]
        if set(choices) != set(wanted):
            raise TypeError(f"a recipe needs exactly {', '.join(wanted)}")
        found: dict[str, Any] = {
            "optimizer": _named(OPTIMIZERS, "solver", choices.pop("optimizer")),
            "schedule": _named(SCHEDULES, "schedule", choices.pop("schedule")),
            "density": restored(Density, choices.pop("density")),
            "loss": as_type(choices.pop("loss"), str, "loss"),
        }
        evolution = choices.pop("evolution")
        found["evolution"] = None if evolution is None else evolution_from(evolution)
        first = choices.pop("initializer")
        found["initializer"] = "auto" if first == "auto" else restored(Initializer, first)
        return cls(**found, **{name: as_type(value, hints[name], name) for name, value in choices.items()})


def _named(table: dict[str, Any], what: str, document: dict[str, Any]) -> Any:
    """An object of a table of settings, from its name and settings."""
    settings = dict(document)
    return restored(table[choose(what, settings.pop("name"), table)], settings)
