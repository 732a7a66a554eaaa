"""One training step with Adam, float32, softmax and cross-entropy, the same work for each contestant."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from glasshouse.training.batches import Batches, Data
from glasshouse.training.loop import epoch
from glasshouse.training.recipe import Recipe
from glasshouse.training.state import State

SHAPES = {
    "30-64-64-2, batch 128, Adam": (30, 64, 64, 2),
    "784-512-256-10, batch 128, Adam": (784, 512, 256, 10),
}
BATCH = 128
Step = Callable[[], object]


def contestants(shape: tuple[int, ...]) -> dict[str, Step]:
    """Ours first, then every peer that is installed."""
    rng = np.random.default_rng(0)
    X = rng.normal(0, 1, (BATCH, shape[0])).astype(np.float32)
    y = rng.integers(0, shape[-1], BATCH)
    steps: dict[str, Step] = {"glasshouse": ours(shape, X, y), "scikit-learn": scikit_learn(shape, X, y)}
    try:
        steps["pytorch"] = pytorch(shape, X, y)
    except ImportError:
        print("pytorch is not installed: left out (make bench installs it)")
    return steps


def ours(shape: tuple[int, ...], X: np.ndarray, y: np.ndarray) -> Step:
    """The loop's own epoch over one batch: gather, passes, norm, update."""
    recipe = Recipe(output="softmax", loss="cross_entropy", hidden_layer_sizes=shape[1:-1], batch_size=BATCH)
    state = State.begun(recipe.initialized(shape[0], shape[-1]), recipe)
    batch = list(Batches(Data(X, np.eye(shape[-1], dtype=np.float32)[y]), BATCH))
    return lambda: epoch(state, batch, recipe)


def scikit_learn(shape: tuple[int, ...], X: np.ndarray, y: np.ndarray) -> Step:
    from sklearn.neural_network import MLPClassifier

    model = MLPClassifier(shape[1:-1], batch_size=BATCH)
    classes = np.arange(shape[-1])
    return lambda: model.partial_fit(X, y, classes=classes)


def pytorch(shape: tuple[int, ...], X: np.ndarray, y: np.ndarray) -> Step:
    import torch

    torch.set_num_threads(1)
    layers: list[torch.nn.Module] = []
    for fan_in, fan_out in zip(shape, shape[1:]):
        layers += [torch.nn.Linear(fan_in, fan_out), torch.nn.ReLU()]
    network = torch.nn.Sequential(*layers[:-1])
    optimizer = torch.optim.Adam(network.parameters())
    loss = torch.nn.CrossEntropyLoss()
    inputs, targets = torch.from_numpy(X), torch.from_numpy(y)

    def step() -> None:
        optimizer.zero_grad()
        loss(network(inputs), targets).backward()
        optimizer.step()

    return step
