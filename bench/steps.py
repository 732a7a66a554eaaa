"""One epoch of training, float32, softmax and cross-entropy, rows in a new random order: the same work for everyone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from bench.idx import images, labels
from bench.rounds import Run, installed
from glasshouse.network.density import Density
from glasshouse.training.batches import Batches, Data
from glasshouse.training.loop import epoch
from glasshouse.training.optimizers import SGD, Adam
from glasshouse.training.recipe import Recipe
from glasshouse.training.state import State

RATE, MOMENTUM = 0.001, 0.9


@dataclass(frozen=True)
class Work:
    """A shape, an optimiser (adam, or sgd with momentum), rows in batches, and the share of weights that exists."""

    sizes: tuple[int, ...]
    optimizer: str
    batch: int
    n_rows: int
    density: float = 1.0
    mnist: Path | None = None

    @property
    def steps(self) -> int:
        return -(-self.n_rows // self.batch)

    def __str__(self) -> str:
        dense = "" if self.density == 1 else f", density {self.density:g}"
        return f"{'-'.join(map(str, self.sizes))}{dense}, batch {self.batch}, {self.optimizer}, {self.n_rows:,} rows"

    def rows(self) -> tuple[np.ndarray, np.ndarray]:
        """Of MNIST where there is a folder of it and its images fit, else drawn at random."""
        if self.mnist is not None and self.sizes[0] == 784:
            return images(self.mnist, "train", "float32")[: self.n_rows], labels(self.mnist, "train")[: self.n_rows] * 1
        rng = np.random.default_rng(0)
        X = rng.normal(0, 1, (self.n_rows, self.sizes[0])).astype(np.float32)
        return X, rng.integers(0, self.sizes[-1], self.n_rows)


WORKS = [
    Work((30, 64, 64, 2), "adam", 128, 128 * 200),
    Work((784, 300, 100, 10), "sgd", 128, 60_000),
    Work((784, 512, 256, 10), "adam", 128, 128 * 50),
    Work((784, 2048, 2048, 10), "adam", 256, 256 * 6),
    Work((784, 1000, 1000, 1000, 10), "sgd", 128, 128 * 80, density=0.045),
    Work((784, 1000, 1000, 1000, 10), "sgd", 128, 128 * 10, density=0.25),
    Work((784, 1000, 1000, 1000, 10), "sgd", 128, 128 * 10, density=0.4),
    Work((784, 1000, 1000, 1000, 10), "sgd", 128, 128 * 10, density=0.7),
]


def contestants(work: Work, threads: int) -> Iterator[tuple[str, Run]]:
    """Ours first, then every peer that is installed."""
    yield "glasshouse", ours(work)
    if work.density < 1:
        yield "ours, dense", ours(replace(work, density=1.0))
    peers = {"jax": jax, "pytorch": pytorch, "scikit-learn": scikit_learn}
    yield from installed({name: partial(build, work, threads) for name, build in peers.items()})


def ours(work: Work) -> Run:
    """The loop's own epoch: order, gather, passes, guard, update."""
    X, y = work.rows()
    recipe = Recipe(
        output="softmax",
        loss="cross_entropy",
        hidden_layer_sizes=work.sizes[1:-1],
        batch_size=work.batch,
        optimizer=Adam() if work.optimizer == "adam" else SGD(MOMENTUM, nesterov=False),
        learning_rate=RATE,
        density=Density(work.density),
    )
    state = State.begun(recipe.initialized(work.sizes[0], work.sizes[-1]), recipe)
    data = Data(X, np.eye(work.sizes[-1], dtype=np.float32)[y])
    return lambda: epoch(state, Batches(data, work.batch, state.generator), recipe)


def scikit_learn(work: Work, threads: int) -> Run:
    from sklearn.neural_network import MLPClassifier
    from threadpoolctl import threadpool_limits

    X, y = work.rows()
    model = MLPClassifier(
        work.sizes[1:-1],
        batch_size=work.batch,
        solver=work.optimizer,
        alpha=0,
        learning_rate_init=RATE,
        momentum=MOMENTUM,
        nesterovs_momentum=False,
    )
    classes = np.arange(work.sizes[-1])

    def run() -> None:
        with threadpool_limits(threads):
            model.partial_fit(X, y, classes=classes)

    return run


def pytorch(work: Work, threads: int) -> Run:
    import torch

    torch.set_num_threads(threads)
    layers: list[torch.nn.Module] = []
    for fan_in, fan_out in zip(work.sizes, work.sizes[1:]):
        layers += [torch.nn.Linear(fan_in, fan_out), torch.nn.ReLU()]
    network = torch.nn.Sequential(*layers[:-1])
    parameters = list(network.parameters())
    optimizer = (
        torch.optim.Adam(parameters, RATE) if work.optimizer == "adam" else torch.optim.SGD(parameters, RATE, MOMENTUM)
    )
    loss = torch.nn.CrossEntropyLoss()
    inputs, targets = map(torch.from_numpy, work.rows())

    def run() -> None:
        for rows in torch.randperm(work.n_rows).split(work.batch):
            optimizer.zero_grad()
            loss(network(inputs[rows]), targets[rows]).backward()
            optimizer.step()

    return run


def jax(work: Work, threads: int) -> Run:
    """The whole epoch is one compiled scan over its batches."""
    import jax.numpy as jnp
    from jax import jit, lax, nn, random, tree, value_and_grad

    X, y = map(jnp.asarray, work.rows())
    rng = np.random.default_rng(0)
    parameters = [
        (
            jnp.asarray(rng.normal(0, (2 / fan_in) ** 0.5, (fan_in, fan_out)), jnp.float32),
            jnp.zeros(fan_out, jnp.float32),
        )
        for fan_in, fan_out in zip(work.sizes, work.sizes[1:])
    ]

    def loss(parameters, rows):
        a = X[rows]
        for w, b in parameters[:-1]:
            a = nn.relu(a @ w + b)
        w, b = parameters[-1]
        return -jnp.take_along_axis(nn.log_softmax(a @ w + b), y[rows][:, None], axis=1).mean()

    def adam(carry, rows):
        parameters, m, v, t = carry
        value, g = value_and_grad(loss)(parameters, rows)
        t = t + 1
        m = tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
        v = tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
        rate, root = RATE / (1 - 0.9**t), 1 - 0.999**t
        moved = tree.map(lambda w, m, v: w - rate * m / (jnp.sqrt(v / root) + 1e-8), parameters, m, v)
        return (moved, m, v, t), value

    def sgd(carry, rows):
        parameters, u, v, t = carry
        value, g = value_and_grad(loss)(parameters, rows)
        u = tree.map(lambda u, g: MOMENTUM * u + g, u, g)
        return (tree.map(lambda w, u: w - RATE * u, parameters, u), u, v, t), value

    whole = work.n_rows // work.batch * work.batch  # a scan takes batches of one size

    @jit
    def run_epoch(carry, key):
        order = random.permutation(key, work.n_rows)[:whole].reshape(-1, work.batch)
        return lax.scan(adam if work.optimizer == "adam" else sgd, carry, order)

    nothing = tree.map(jnp.zeros_like, parameters)
    state = [(parameters, nothing, nothing, jnp.float32(0)), random.key(0)]

    def run() -> None:
        state[1] = random.split(state[1])[0]
        state[0], values = run_epoch(state[0], state[1])
        values.block_until_ready()

    return run
