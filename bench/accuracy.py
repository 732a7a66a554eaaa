"""Test accuracy beside PyTorch's after as many epochs from the same weights: ``python -m bench.accuracy MNIST``.

Both draw an order of their own, so what is left between them is the noise of a run. PyTorch has no sparse layer that
trains: it multiplies by a mask.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch

from bench import page
from bench.idx import images, labels
from glasshouse.network.density import Density
from glasshouse.network.network import Network
from glasshouse.network.predictor import Predictor
from glasshouse.training.batches import Batches, Data
from glasshouse.training.loop import epoch
from glasshouse.training.optimizers import SGD, Adam
from glasshouse.training.recipe import Recipe
from glasshouse.training.state import State

SEEDS = range(5)
SHAPES = [
    ((300, 100), 1.0, "adam", 0.001, 5),
    ((300, 100), 1.0, "sgd", 0.05, 5),
    ((1000, 1000, 1000), 0.045, "sgd", 0.05, 3),
]
BATCH = 128

Rows = tuple[np.ndarray, np.ndarray]


def recipe_of(hidden: tuple[int, ...], density: float, solver: str, rate: float, epochs: int, seed: int) -> Recipe:
    return Recipe(
        output="softmax",
        loss="cross_entropy",
        hidden_layer_sizes=hidden,
        batch_size=BATCH,
        optimizer=Adam() if solver == "adam" else SGD(0.9, nesterov=False),
        learning_rate=rate,
        max_epochs=epochs,
        density=Density(density),
        seed=seed,
    )


def ours(network: Network, recipe: Recipe, train: Rows, test: Rows) -> float:
    state = State.begun(network.with_parameters(network.parameters), recipe)
    data = Data(train[0], np.eye(10, dtype=np.float32)[train[1]])
    for _ in range(recipe.max_epochs):
        epoch(state, Batches(data, BATCH, state.generator), recipe)
    return float(np.mean(Predictor(state.network)(test[0]).argmax(axis=1) == test[1]))


def theirs(network: Network, recipe: Recipe, train: Rows, test: Rows) -> float:
    torch.manual_seed(recipe.seed)
    weights, masks, biases = [], [], []
    for layer, (w, b) in zip(network.layers, network.views(network.parameters), strict=True):
        weights.append(torch.tensor(layer.dense(w), requires_grad=True))
        masks.append(torch.tensor(layer.dense(np.ones_like(w))))
        biases.append(torch.tensor(b, requires_grad=True))
    parameters, rate = [*weights, *biases], recipe.learning_rate
    adam = isinstance(recipe.optimizer, Adam)
    optimizer = torch.optim.Adam(parameters, rate) if adam else torch.optim.SGD(parameters, rate, 0.9)
    loss = torch.nn.CrossEntropyLoss()

    def forward(a: torch.Tensor) -> torch.Tensor:
        for k, (w, mask, b) in enumerate(zip(weights, masks, biases, strict=True)):
            a = torch.nn.functional.linear(a if k == 0 else torch.relu(a), w * mask, b)
        return a

    X, y = torch.from_numpy(train[0]), torch.from_numpy(train[1].astype(np.int64))
    for _ in range(recipe.max_epochs):
        for rows in torch.randperm(len(X)).split(BATCH):
            optimizer.zero_grad()
            loss(forward(X[rows]), y[rows]).backward()
            optimizer.step()
    with torch.no_grad():
        return float(np.mean(forward(torch.from_numpy(test[0])).argmax(1).numpy() == test[1]))


def main(folder: Path) -> None:
    train, test = ((images(folder, part, "float32"), labels(folder, part)) for part in ("train", "t10k"))
    lines = ["| network | epochs | ours | PyTorch |", "|---|---|---|---|"]
    for hidden, density, solver, rate, epochs in SHAPES:
        found = []
        for seed in SEEDS:
            recipe = recipe_of(hidden, density, solver, rate, epochs, seed)
            network = recipe.initialized(784, 10)
            found.append([run(network, recipe, train, test) for run in (ours, theirs)])
        means = [f"{mean:.2%} ± {spread:.2%}" for mean, spread in zip(np.mean(found, 0), np.std(found, 0))]
        sizes = "-".join(map(str, (784, *hidden, 10)))
        dense = "" if density == 1 else f", density {density:g}"
        lines.append(f"| {sizes}{dense}, {solver} at {rate:g} | {epochs} | {' | '.join(means)} |")
        print(lines[-1], flush=True)
    if "--page" in sys.argv:
        page.put("accuracy", "\n".join(lines))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
