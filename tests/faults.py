"""Networks and tables with one known fault, and healthy ones, drawn at random from a seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from sklearn.datasets import (
    load_breast_cancer,
    load_digits,
    load_iris,
    load_wine,
    make_classification,
    make_gaussian_quantiles,
    make_moons,
)

from glasshouse.health.remedies import Course
from glasshouse.network.initializers import Initializer
from glasshouse.training.batches import Data
from glasshouse.training.loop import Validation
from glasshouse.training.optimizers import SGD, Adam
from glasshouse.training.recipe import Recipe

ROWS = 1200  # of a table, at most


def accuracy(outputs, Y, weight) -> float:
    return float(np.mean(outputs.argmax(axis=1) == Y.argmax(axis=1)))


@dataclass(frozen=True)
class Case:
    """A table dealt into training, validation and test rows, and a course to train it by.

    `layer` is where the fault is, 0 of the inputs, None of the whole run; `kind` is None for a healthy one.
    """

    kind: str | None
    layer: int | None
    course: Course
    X: np.ndarray
    y: np.ndarray
    parts: tuple[np.ndarray, np.ndarray, np.ndarray]

    @property
    def one_hot(self) -> np.ndarray:
        return np.eye(self.y.max() + 1, dtype=np.float32)[self.y]

    @property
    def data(self) -> Data:
        return Data(self.X, self.one_hot, rows=self.parts[0])

    @property
    def validation(self) -> Validation:
        return Validation(Data(self.X, self.one_hot, rows=self.parts[1]), accuracy)

    @property
    def test_rows(self) -> np.ndarray:
        return self.parts[2]

    @property
    def test(self) -> tuple[np.ndarray, np.ndarray]:
        return self.X[self.parts[2]], self.y[self.parts[2]]


def table(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Scaled columns and classes: of a real table, or made up."""
    seed = int(rng.integers(1 << 30))
    makers: list[Callable[[], tuple[np.ndarray, np.ndarray]]] = [
        lambda: load_digits(return_X_y=True),
        lambda: load_breast_cancer(return_X_y=True),
        lambda: load_wine(return_X_y=True),
        lambda: load_iris(return_X_y=True),
        lambda: make_moons(ROWS, noise=0.2, random_state=seed),
        lambda: make_gaussian_quantiles(n_samples=ROWS, n_features=6, n_classes=3, random_state=seed),
        lambda: make_classification(
            ROWS, int(rng.integers(8, 40)), n_informative=6, n_classes=3, class_sep=1.5, random_state=seed
        ),
        lambda: make_classification(
            ROWS, 20, n_informative=8, weights=[0.85], n_clusters_per_class=1, flip_y=0.02, random_state=seed
        ),
    ]
    X, y = makers[rng.integers(len(makers))]()
    some = rng.permutation(len(X))[:ROWS]
    X = X[some]
    deviation = X.std(axis=0)
    return ((X - X.mean(axis=0)) / np.where(deviation > 0, deviation, 1)).astype(np.float32), y[some].astype(np.int64)


def healthy(rng: np.random.Generator, depth: int | None = None) -> Case:
    X, y = table(rng)
    order = rng.permutation(len(X))
    parts = tuple(np.split(order, [int(0.6 * len(X)), int(0.8 * len(X))]))
    depth = int(rng.integers(1, 4)) if depth is None else depth
    width = int(rng.choice([16, 32, 64]))
    recipe = Recipe(
        output="softmax",
        loss="cross_entropy",
        hidden_layer_sizes=(width,) * depth,
        batch_size=32,
        max_epochs=60,
        monitor="validation_score",
        patience=30,
        seed=int(rng.integers(1 << 30)),
    )
    return Case(None, None, Course(recipe), X, y, parts)


def healthy_varied(rng: np.random.Generator) -> Case:
    """Healthy choices of many kinds, as people make them."""
    case = healthy(rng)
    name = str(rng.choice(["relu", "relu", "tanh", "sigmoid", "leaky_relu", "elu", "gelu", "silu"]))
    optimizer, rate = [(Adam(), 0.001), (Adam(), 0.003), (SGD(0.9), 0.03), (SGD(0.9), 0.01)][rng.integers(4)]
    if name == "sigmoid":  # a healthy choice for one layer; three of them often learn nothing by plain descent
        case = healthy(rng, 1)
    changes = {"activation": (name,), "optimizer": optimizer, "learning_rate": rate}
    return replace(case, course=case.course._replace(recipe=replace(case.course.recipe, **changes)))


def planted(kind: str, rng: np.random.Generator) -> tuple[Case, Case]:
    """A faulty case, and the healthy one it was made of: the same size, he and ReLU, scaled inputs, rate 0.001."""
    depths = {"vanishing_gradient": (8, 13), "exploding_gradient": (6, 11), "unbounded_activations": (3, 7)}
    low, high = depths.get(kind, (1, 4))
    well = healthy(rng, int(rng.integers(low, high)))
    recipe, X, layer = well.course.recipe, well.X, None

    def uniform(low: float, high: float) -> float:
        return float(np.exp(rng.uniform(np.log(low), np.log(high))))

    if kind == "dead_units":
        recipe = replace(recipe, learning_rate=uniform(0.1, 2), optimizer=[Adam(), SGD(0.9)][rng.integers(2)])
    elif kind == "saturated_units":
        name = str(rng.choice(["sigmoid", "tanh"]))
        recipe = replace(recipe, activation=(name,), initializer=Initializer("normal", uniform(3, 30)))
    elif kind == "vanishing_gradient":
        recipe = replace(recipe, activation=("sigmoid",), initializer=str(rng.choice(["auto", "lecun", "he"])))
    elif kind == "exploding_gradient":
        name = str(rng.choice(["relu", "identity"]))
        recipe = replace(recipe, activation=(name,), initializer=Initializer("he", uniform(2, 4)), learning_rate=0.01)
    elif kind == "unbounded_activations":
        recipe = replace(recipe, initializer=Initializer("he", uniform(4, 12)), learning_rate=uniform(0.001, 0.01))
    elif kind == "symmetric_units":
        recipe = replace(recipe, activation=(str(rng.choice(["sigmoid", "tanh"])),), initializer=Initializer("zeros"))
        layer = 1
    elif kind == "unscaled_inputs":
        large = rng.random(X.shape[1]) < 0.5
        large[rng.integers(len(large))] = True
        scale = np.where(large, np.exp(rng.uniform(np.log(100), np.log(30_000), len(large))), 1)
        shift = np.where(large, rng.normal(0, 3, len(large)), 0)
        X, layer = ((X + shift) * scale).astype(np.float32), 0
    elif kind == "leaking_label":
        noise = rng.normal(0, 0.05, len(X))
        X, layer = np.column_stack([X, well.y - well.y.mean() + noise]).astype(np.float32), 0
    elif kind == "learning_rate_too_high":
        recipe = replace(recipe, learning_rate=uniform(0.01, 1))
    elif kind == "learning_rate_too_low":
        recipe = replace(recipe, learning_rate=1e-5)
    return replace(well, kind=kind, layer=layer, course=Course(recipe), X=X), well
