"""A recipe: every choice of a training run, frozen; estimators and commands build it, the model file keeps it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any, get_type_hints

import numpy as np

from ..errors import OptionError, choose
from ..network.activations import activation
from ..network.initializers import initializer
from ..network.losses import loss_for
from ..network.network import Network, perceptron_layers
from ..seeds import stream
from ..storage import as_type, restored
from .optimizers import OPTIMIZERS, Adam, Optimizer
from .schedules import SCHEDULES

__all__ = ["MONITORS", "Recipe"]

MONITORS = ("loss", "validation_loss", "validation_score")


@dataclass(frozen=True)
class Recipe:
    """Every choice of a training run.

    Parameters
    ----------
    output, loss : str
        What the last layer does and how it is judged; they must fit (see `losses`).
    loss_scale : float
        Multiplies every sample's loss: ½ makes squared error the textbook's half sum.
    l2 : float
        Adds l2 / 2 * sum of w² to the loss, w the weights without biases.
    monitor : str
        What must improve by `tol` within `patience` epochs: the training loss, the validation loss or the validation
        score. The last two also restore the best weights at the end.
    seed : int
        Seeds weights, order and every other draw, each from its own child.

    Raises
    ------
    OptionError
        If a name is unknown, a number is out of its range, or output and loss do not fit.

    Examples
    --------
    >>> Recipe(output="softmax", loss="cross_entropy", hidden_layer_sizes=(8,)).initialized(4, 3).parameters.shape
    (67,)
    """

    output: str
    loss: str
    hidden_layer_sizes: tuple[int, ...] = (100,)
    activation: str = "relu"
    initializer: str = "auto"
    dtype: str = "float32"
    optimizer: Optimizer = field(default_factory=Adam)
    learning_rate: float = 0.001
    schedule: str = "constant"
    batch_size: int = 200
    max_epochs: int = 200
    shuffle: bool = True
    l2: float = 0.0
    loss_scale: float = 1.0
    monitor: str = "loss"
    tol: float = 1e-4
    patience: int = 10
    seed: int = 0

    def __post_init__(self) -> None:
        loss_for(self.loss, activation(self.output).name)
        if not activation(self.activation).elementwise:
            raise OptionError(
                f"activation {self.activation!r} belongs to the last layer: choose relu or tanh for hidden layers"
            )
        if self.initializer != "auto":
            initializer(self.initializer)
        choose("schedule", self.schedule, SCHEDULES)
        choose("monitor", self.monitor, MONITORS)
        choose("dtype", self.dtype, ("float32", "float64"))
        for size in self.hidden_layer_sizes:
            _at_least("hidden_layer_sizes", size, 1)
        for name in ("batch_size", "max_epochs", "patience"):
            _at_least(name, getattr(self, name), 1)
        for name in ("l2", "tol", "seed"):
            _at_least(name, getattr(self, name), 0)
        for name in ("learning_rate", "loss_scale"):
            if not 0 < getattr(self, name) < float("inf"):
                raise OptionError(f"{name} is {getattr(self, name)!r}: it must be a number above 0")
        if isinstance(self.optimizer, Adam) and not np.dtype(self.dtype).type(self.optimizer.epsilon) > 0:
            raise OptionError(f"epsilon is {self.optimizer.epsilon!r}: it is 0 in {self.dtype}, choose 1e-8")

    def rate(self, epoch: int) -> float:
        """The learning rate of an epoch, counted from 0."""
        return self.learning_rate * SCHEDULES[self.schedule].factor(epoch / self.max_epochs)

    def initialized(self, n_features: int, n_outputs: int) -> Network:
        """A network of this recipe with its first weights."""
        layers = perceptron_layers(n_features, self.hidden_layer_sizes, n_outputs, self.activation, self.output)
        return Network.initialized(layers, stream(self.seed, "weights"), self.initializer, np.dtype(self.dtype))

    def to_dict(self) -> dict[str, Any]:
        """The recipe as JSON holds it."""
        document = {f.name: getattr(self, f.name) for f in fields(self)}
        document["optimizer"] = {"name": self.optimizer.name, **asdict(self.optimizer)}
        document["hidden_layer_sizes"] = list(self.hidden_layer_sizes)
        return document

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> Recipe:
        """The recipe of `to_dict`."""
        choices, settings = dict(document), dict(document["optimizer"])
        row = OPTIMIZERS[choose("solver", settings.pop("name"), OPTIMIZERS)]
        wanted = {f.name: f for f in fields(cls)}
        if set(choices) != set(wanted):
            raise TypeError(f"a recipe needs exactly {', '.join(wanted)}")
        hints = get_type_hints(cls)
        del choices["optimizer"]
        typed = {name: as_type(value, hints[name], name) for name, value in choices.items()}
        return cls(**typed, optimizer=restored(row, settings))


def _at_least(name: str, value: float, limit: int) -> None:
    if not value >= limit:
        raise OptionError(f"{name} is {value!r}: it must be at least {limit}")
