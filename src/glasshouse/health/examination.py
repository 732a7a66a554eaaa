"""An examination: everything the rules read, measured once on some rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..network.measures import Gauge, LayerMeasures, effective_rank, twins
from ..network.network import Network
from ..network.passes import loss_and_gradient
from ..network.predictor import PANEL, panels
from ..network.workspace import Workspace
from ..seeds import stream
from ..training.batches import Data
from ..training.recipe import Recipe
from .leaking import Leaking, leaking

__all__ = ["Examination", "InputGauge", "Inputs", "Sample", "examine", "leaks_of", "written_out"]

Array = npt.NDArray[Any]
ROWS = 4000  # looked at, evenly spaced


@dataclass(frozen=True)
class Inputs:
    """The columns of X as the network sees them.

    Attributes
    ----------
    mean, deviation, size : (n_features,)
        `size` is the root of the mean square.
    constant, duplicated : list of int
        Columns of one value; columns that equal an earlier one.
    """

    mean: Array
    deviation: Array
    size: Array
    constant: list[int]
    duplicated: list[int]


@dataclass(frozen=True)
class Sample:
    """One look at a batch while it trains.

    Attributes
    ----------
    epoch, step : int
        How many had been done.
    flat : list of (units,) float32
        Of each layer, the share of the batch's rows at which a unit is flat.
    sizes, deltas : list of float
        The root mean square of each layer's activations, and that of |dL/dz| over the rows.
    updates : list of float
        How far the next step moved the weights of each layer, as a share of their norm.
    still : list of float
        The share of each layer's weights that it left exactly as they were.
    """

    epoch: int
    step: int
    flat: list[Array]
    sizes: list[float]
    deltas: list[float]
    updates: list[float]
    still: list[float]


@dataclass(frozen=True)
class Examination:
    """What the rules read.

    Attributes
    ----------
    rows, steps : int
        How many rows were looked at; how many steps were taken, None where no history says so.
    layers : list of LayerMeasures
        Of the finished network.
    ranks : list of float
        The effective rank of each layer's activations, where they were taken.
    twins : list of list of list of int
        For each hidden layer, groups of units with the same weights.
    loss, prior_loss : float
        The mean loss; that of always answering the class frequencies, or the mean (NaN where it is not known).
    prior, mean_output : (n_outputs,)
        The frequencies or means of Y, and of the outputs.
    history : list of dict
        One row an epoch.
    samples : list of Sample
        What a doctor saw while it trained.
    leaks : list of Leaking
        Inputs that alone tell the target, where they were looked for.
    names : list of str
        Of the inputs; empty if they have none.
    """

    network: Network
    recipe: Recipe
    rows: int
    steps: int | None
    layers: list[LayerMeasures]
    ranks: list[float]
    twins: list[list[list[int]]]
    inputs: Inputs
    loss: float
    prior_loss: float
    prior: Array
    mean_output: Array
    history: Sequence[dict[str, float]]
    samples: Sequence[Sample]
    leaks: Sequence[Leaking] = ()
    names: Sequence[str] = ()

    @property
    def hidden(self) -> list[LayerMeasures]:
        """The layers below the last."""
        return self.layers[:-1]


def examine(
    network: Network,
    recipe: Recipe,
    data: Data,
    history: Sequence[dict[str, float]] = (),
    samples: Sequence[Sample] = (),
    rows: int = ROWS,
    thorough: bool = False,
    names: Sequence[str] = (),
) -> Examination:
    """Pass some rows forward and backward, and count; if `thorough`, look for leaks and take ranks too.

    Those cost a few milliseconds for each input, and a singular value decomposition for each layer.
    """
    some = np.unique(np.linspace(0, data.n_rows - 1, min(data.n_rows, rows)).astype(np.int64))
    X, Y, places = data.written(some)
    weight = data.masses()[some]
    weight = weight / weight.mean() if weight.any() else np.ones(len(some))
    work = Workspace(network, recipe.loss, min(PANEL, len(places)))
    gauge, inputs = Gauge(work), InputGauge(network.n_features)
    loss, mean_output = 0.0, np.zeros(network.n_outputs)
    kept: list[list[Array]] = [[] for _ in network.layers]
    with np.errstate(all="ignore"):  # what is not finite is found, not warned of
        for panel in panels(len(places), work.capacity):
            n = work.load(X, Y, weight[panel] / len(panel), places[panel])
            loss += loss_and_gradient(work, n, add=bool(panel[0])) * n * recipe.loss_scale
            gauge.add(n)
            inputs.add(work.columns[0].a[:, :n])
            mean_output += weight[panel] @ work.outputs(n)
            if thorough and panel[0] < 2 * PANEL:
                for activations, columns in zip(kept, work.columns[1:], strict=True):
                    activations.append(columns.a[:, :n].copy())
        ranks = [_rank(np.concatenate(parts, axis=1)) for parts in kept if parts]
    Y = np.asarray(Y[places], np.float64)
    prior = weight @ Y / len(places)
    return Examination(
        network=network,
        recipe=recipe,
        rows=len(places),
        steps=len(history) * -(-data.n_rows // recipe.batch_size) if history else None,
        layers=gauge.layers(),
        ranks=ranks,
        twins=[
            twins(layer, w, b)
            for layer, (w, b) in zip(network.layers[:-1], network.views(network.parameters), strict=False)
        ],
        inputs=inputs.inputs(),
        loss=loss / len(places),
        prior_loss=_prior_loss(recipe, Y, prior, weight) * recipe.loss_scale,
        prior=prior,
        mean_output=mean_output / len(places),
        history=history,
        samples=samples,
        leaks=leaks_of(recipe, X[places], Y) if thorough else (),
        names=names,
    )


def leaks_of(recipe: Recipe, X: Any, Y: Array) -> list[Leaking]:
    """The inputs that alone tell the target, by these rows of X, an array or a CSR matrix, and of Y."""
    classes = recipe.loss in ("cross_entropy", "hinge", "perceptron")
    if Y.shape[1] > 1 and recipe.output != "softmax":  # several targets at once: no one of them is the target
        return []
    y = Y.argmax(axis=1) if Y.shape[1] > 1 else Y[:, 0]
    return leaking(written_out(X), y, classes, stream(recipe.seed, "leaks"))


def written_out(X: Any) -> Array:
    """An array as it is, a CSR matrix with its zeros."""
    return np.asarray(X.toarray() if hasattr(X, "toarray") else X)


class InputGauge:
    """Adds up over panels what `Inputs` reports, of columns x (n_features, n)."""

    def __init__(self, n_features: int):
        self.rows = 0
        self.sums, self.squares, self.marks = np.zeros(n_features), np.zeros(n_features), np.zeros(n_features)
        self.low, self.high = np.full(n_features, np.inf), np.full(n_features, -np.inf)

    def add(self, x: Array) -> None:
        with np.errstate(all="ignore"):
            along = np.cos(np.arange(self.rows, self.rows + x.shape[1]))  # equal columns reach as far along it
            self.rows += x.shape[1]
            self.sums += x.sum(axis=1, dtype=np.float64)
            self.squares += np.einsum("un,un->u", x, x, dtype=np.float64)
            self.marks += np.einsum("un,n->u", x, along)
            self.low, self.high = np.minimum(self.low, x.min(axis=1)), np.maximum(self.high, x.max(axis=1))

    def inputs(self) -> Inputs:
        with np.errstate(all="ignore"):
            mean, square = self.sums / self.rows, self.squares / self.rows
            deviation = np.sqrt(np.maximum(square - mean**2, 0))
        first: dict[tuple[float, float], int] = {}
        moving = np.flatnonzero(self.low < self.high).tolist()
        repeated = [k for k in moving if first.setdefault((self.marks[k], self.squares[k]), k) != k]
        constant = np.flatnonzero(self.low == self.high).tolist()
        deviation[constant] = 0
        return Inputs(mean, deviation, np.sqrt(square), constant, repeated)


def _rank(a: Array) -> float:
    return effective_rank(a.astype(np.float64)) if np.isfinite(a).all() else 0.0


def _prior_loss(recipe: Recipe, Y: Array, prior: Array, weight: Array) -> float:
    """The mean loss of the best constant answer, where it has a formula."""
    with np.errstate(all="ignore"):
        entropy = -np.nansum(prior * np.log(prior))
        if recipe.loss == "cross_entropy" and recipe.output == "softmax":
            return float(entropy)
        if recipe.loss == "cross_entropy":
            return float(entropy - np.nansum((1 - prior) * np.log(1 - prior)))
    if recipe.loss == "squared_error":
        return float((weight @ (Y - prior) ** 2).sum() / len(Y))
    return float("nan")
