"""Do saliencies tell what deleting a weight does, and what do they cost: ``python -m bench.saliencies [--page]``.

Thirty networks are trained to a minimum (float64, L-BFGS until it stalls, L2 1e-3), and each of their weights is
deleted in turn; then the same after a few steps only, away from a minimum.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable

os.environ.setdefault("GLASSHOUSE_NUM_THREADS", "1")

import numpy as np
from scipy.stats import spearmanr
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, load_wine

from bench import page
from bench.cuts import PAGE
from glasshouse.network.network import Network
from glasshouse.network.passes import loss_and_gradient
from glasshouse.network.workspace import Workspace
from glasshouse.pruning.criteria import criterion
from glasshouse.pruning.evidence import Evidence
from glasshouse.training.batches import Data
from glasshouse.training.loop import fit
from glasshouse.training.optimizers import LBFGS, Adam
from glasshouse.training.recipe import Recipe
from glasshouse.training.state import State

L2 = 1e-3
HIDDEN = {"sigmoid": (8,), "tanh": (8,), "relu": (8,), "sigmoid, 2 layers": (8, 6), "tanh, 2 layers": (8, 6)}
COSTS = ("magnitude", "loss_sensitivity", "output_sensitivity", "obd_one_sweep", "obd_gauss_newton", "obd")
COSTED = [("sigmoid", (300, 100)), ("relu", (300, 100)), ("tanh", (1000, 1000)), ("relu", (1000, 1000, 1000))]


def tables() -> dict[str, tuple[np.ndarray, np.ndarray, str, str]]:
    """Scaled inputs, targets as columns, output and loss."""
    found = {}
    for load in (load_iris, load_wine, load_breast_cancer):
        X, y = load(return_X_y=True)
        found[load.__name__.removeprefix("load_")] = (X, np.eye(y.max() + 1)[y], "softmax", "cross_entropy")
    X, y = load_diabetes(return_X_y=True)
    found["diabetes"] = (X, (y[:, None] - y.mean()) / y.std(), "identity", "squared_error")
    rng = np.random.default_rng(0)
    X = rng.normal(size=(500, 6))
    y = (X[:, 0] * X[:, 1] + X[:, 2] > 0) * 1
    found["product"] = (X, np.eye(2)[y], "softmax", "cross_entropy")
    found["sine"] = (X, np.sin(2 * X[:, :1]) + X[:, 1:2] ** 2 / 2, "identity", "squared_error")
    return {name: ((X - X.mean(0)) / X.std(0), *rest) for name, (X, *rest) in found.items()}


def recipe(activation: str, hidden: tuple[int, ...], output: str, loss: str, settled: bool, seed: int) -> Recipe:
    return Recipe(
        output=output,
        loss=loss,
        hidden_layer_sizes=hidden,
        activation=(activation,),
        dtype="float64",
        optimizer=LBFGS() if settled else Adam(),
        learning_rate=1.0 if settled else 0.01,
        batch_size=256,
        max_epochs=20_000 if settled else 5,
        l2=L2,
        tol=0.0,
        seed=seed,
    )


def objective(network: Network, data: Data, loss: str) -> float:
    """The training loss: the mean over the rows, and the penalty."""
    work = Workspace(network, loss, len(data.Y))
    n = work.load(data.X, data.Y, np.full(len(data.Y), 1 / len(data.Y)), np.arange(len(data.Y)))
    w = network.parameters[: network.n_weights]
    return loss_and_gradient(work, n) + L2 / 2 * float(w @ w)


def deletions(network: Network, data: Data, loss: str) -> np.ndarray:
    before, found = objective(network, data, loss), np.zeros(network.n_weights)
    for k in range(network.n_weights):
        without = network.with_parameters(network.parameters)
        without.parameters[k] = 0
        found[k] = objective(without, data, loss) - before
    return found


def ranks(settled: bool) -> dict[str, list[tuple[float, float]]]:
    """Rank correlations with the true increase, of h w²/2 and of h w²/2 - g w, by activation."""
    found: dict[str, list[tuple[float, float]]] = {}
    for seed, (X, Y, output, loss) in enumerate(tables().values()):
        for name, hidden in HIDDEN.items():
            chosen = recipe(name.split(",")[0], hidden, output, loss, settled, seed)
            data = Data(X, Y)
            network = fit(State.begun(chosen.initialized(X.shape[1], Y.shape[1]), chosen), data, chosen).network
            truth, w = deletions(network, data, loss), network.parameters[: network.n_weights]
            evidence, penalty = Evidence(loss, data), L2 / 2 * w**2  # its own second derivative, and its gradient L2 w
            second = criterion("obd").saliency(network, evidence) + penalty
            both = criterion("obd_with_gradient").saliency(network, evidence) + penalty - L2 * w**2
            found.setdefault(name, []).append(tuple(float(spearmanr(s, truth).statistic) for s in (second, both)))
    return found


def correlations() -> str:
    heads = ("minimum: h w²/2", "lowest", "away: h w²/2", "lowest", "away: h w²/2 - g w", "lowest")
    lines = [f"| networks, six each | {' | '.join(heads)} |", "|---" * 7 + "|"]
    near, far = ranks(True), ranks(False)
    for name in near:
        columns = [[pair[0] for pair in near[name]], *zip(*far[name], strict=True)]
        lines.append(f"| {name} | " + " | ".join(f"{np.mean(c):.3f} | {np.min(c):.3f}" for c in columns) + " |")
        print(lines[-1], flush=True)
    good = sum(pair[0] >= 0.95 for pairs in near.values() for pair in pairs)
    lines.append(f"\nAt a minimum {good} of 30 networks reach 0.95.")
    print(lines[-1])
    return "\n".join(lines)


def costs() -> str:
    """Each criterion's time over that of one gradient, of the same rows in the same precision."""
    lines = [f"| network, ten outputs | {' | '.join(COSTS)} |", "|---" * (1 + len(COSTS)) + "|"]
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(1024, 784)), np.eye(10)[rng.integers(0, 10, 1024)]
    for activation, hidden in COSTED:
        chosen = recipe(activation, hidden, "softmax", "cross_entropy", False, 0)
        network, evidence = chosen.initialized(784, 10), Evidence("cross_entropy", Data(X, Y))
        work = Workspace(network, "cross_entropy", 256)

        def gradient(work: Workspace = work, evidence: Evidence = evidence) -> None:
            for batch in evidence.panels():
                loss_and_gradient(work, work.load(*batch[:4]), add=True)

        calls: list[Callable[[], object]] = [gradient]
        calls += [lambda n=name, w=network, e=evidence: criterion(n).saliency(w, e) for name in COSTS]
        seconds = np.array([[_seconds(call) for call in calls] for _ in range(7)])
        ratios = np.median(seconds[:, 1:] / seconds[:, :1], axis=0)
        sizes = "-".join(map(str, network.sizes))
        lines.append(f"| {sizes}, {activation} | " + " | ".join(f"{r:.1f}" for r in ratios) + " |")
        print(lines[-1], flush=True)
    return "\n".join(lines)


def _seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def main() -> None:
    found = {"saliency costs": costs(), "saliency ranks": correlations()}
    if "--page" in sys.argv:
        for name, text in found.items():
            page.put(name, text, PAGE)


if __name__ == "__main__":
    main()
