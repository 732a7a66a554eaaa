"""The experiments with initialisers, done once more in PyTorch: the same rule must come to the same verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.preprocessing import scale
from verdicts import agree

from glasshouse.laboratory.claims import Observation
from glasshouse.laboratory.experiments import (
    init_best_tanh,
    init_he_dormant,
    init_relu_he,
    init_tanh_xavier,
    init_xavier_scale,
)

Draw = Callable[[torch.Tensor], torch.Tensor]  # in place
PLAIN: Draw = partial(torch.nn.init.normal_, std=0.05)
WIDE: Draw = partial(torch.nn.init.normal_, std=1.0)
XAVIER: Draw = torch.nn.init.xavier_normal_
HE: Draw = partial(torch.nn.init.kaiming_normal_, nonlinearity="relu")


@pytest.fixture(autouse=True)
def in_double_precision() -> Iterator[None]:
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def digits(seed: int, rows: int) -> tuple[torch.Tensor, torch.Tensor]:
    X, y = load_digits(return_X_y=True)
    some = np.random.default_rng(seed).permutation(len(X))[:rows]
    return torch.tensor(scale(X)[some]), torch.tensor(y[some])


def perceptron(sizes: list[int], activation: Callable[[], torch.nn.Module], draw: Draw) -> torch.nn.Sequential:
    """Linear layers and what bends them, weights drawn and biases 0."""
    layers: list[torch.nn.Module] = []
    for fan_in, fan_out in zip(sizes, sizes[1:]):
        layers += [torch.nn.Linear(fan_in, fan_out), activation()]
        draw(layers[-2].weight)
        torch.nn.init.zeros_(layers[-2].bias)
    return torch.nn.Sequential(*layers[:-1])


def sizes_through(network: torch.nn.Sequential, X: torch.Tensor, y: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    """The root mean square of the activations, and of dL/dz, in every hidden layer."""
    sums, activations, h = [], [], X
    for layer in network:
        h = layer(h)
        (sums if isinstance(layer, torch.nn.Linear) else activations).append(h)
    gradients = torch.autograd.grad(torch.nn.functional.cross_entropy(h, y), sums[:-1])
    return tuple(
        np.array([float(t.detach().square().mean().sqrt()) for t in each]) for each in (activations, gradients)
    )


def test_signal_of_relu() -> None:
    def theirs(seeds: list[int]) -> list[Observation]:
        found = []
        arms = {"plain σ = 0.05": PLAIN, "Xavier": XAVIER, "He": HE}
        for seed in seeds:
            X, y = digits(seed, 500)
            for arm, draw in arms.items():
                forward, backward = sizes_through(perceptron([64] * 21 + [10], torch.nn.ReLU, draw), X, y)
                for k in init_relu_he.LAYERS:
                    for of, ratio in (
                        ("activations", forward[k - 1] / forward[0]),
                        ("gradients", backward[k - 1] / backward[19]),
                    ):
                        found.append(Observation(arm, min(ratio, 1 / ratio), str(k), of))
                    if arm == "Xavier" and k > 1:
                        step = 2 * np.log(forward[k - 1] / forward[0]) / (k - 1)
                        for name, share in (("distance from 1", 1), ("distance from ½", 0.5)):
                            found.append(
                                Observation(name, abs(step - np.log(share)), str(k), "share that a layer keeps")
                            )
        return found

    agree(
        init_relu_he.EXPERIMENT,
        theirs,
        "init-relu-he",
        "init-relu-xavier",
        "init-relu-gradient",
        each=8,
        case_by_case=True,
    )


def test_signal_of_tanh() -> None:
    def theirs(seeds: list[int]) -> list[Observation]:
        found = []
        for seed in seeds:
            X, y = digits(seed, 500)
            for arm, draw in {"plain σ = 0.05": PLAIN, "Xavier": XAVIER, "He": HE}.items():
                forward, backward = sizes_through(perceptron([64] * 21 + [10], torch.nn.Tanh, draw), X, y)
                for k in init_tanh_xavier.LAYERS:
                    ratio = backward[k - 1] / backward[19]
                    found += [
                        Observation(arm, forward[k - 1] / forward[0], str(k), "activations"),
                        Observation(arm, max(ratio, 1 / ratio), str(k), "change of the gradients"),
                    ]
            for k in init_tanh_xavier.LAYERS:
                found.append(Observation("a change of 100 times", 100, str(k), "change of the gradients"))
        return found

    agree(
        init_tanh_xavier.EXPERIMENT,
        theirs,
        "init-tanh-xavier",
        "init-tanh-gradient",
        "init-tanh-he",
        case_by_case=True,
    )


def test_scale_of_xavier() -> None:
    def theirs(seeds: list[int]) -> list[Observation]:
        found = []
        for _ in seeds:
            for fan_in, fan_out in init_xavier_scale.LAYERS:
                drawn = float(XAVIER(torch.empty(fan_out, fan_in)).std())
                for arm, formula in {
                    "Xavier, by 1/√fan_in": 1 / fan_in**0.5,
                    "Xavier, by √(2/(fan_in + fan_out))": (2 / (fan_in + fan_out)) ** 0.5,
                }.items():
                    found.append(Observation(arm, abs(drawn / formula - 1), f"{fan_in} → {fan_out}"))
                found.append(Observation("one tenth", 0.1, f"{fan_in} → {fan_out}"))
        return found

    agree(init_xavier_scale.EXPERIMENT, theirs, "init-xavier-scale", "init-xavier-fans", each=8, case_by_case=True)


def test_the_scale_makes_no_unit_dormant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(init_he_dormant, "DEPTHS", (2, 10))

    def theirs(seeds: list[int]) -> list[Observation]:
        found = []
        for seed in seeds:
            X, _ = digits(seed, 400)
            for depth in init_he_dormant.DEPTHS:
                for arm, draw in {"plain σ = 0.05": PLAIN, "He": HE}.items():
                    torch.manual_seed(seed)
                    h, zero = X, []
                    for layer in perceptron([64, *[32] * depth, 10], torch.nn.ReLU, draw)[:-1]:
                        h = layer(h)
                        if isinstance(layer, torch.nn.ReLU):
                            zero += (h == 0).all(dim=0).tolist()
                    found.append(Observation(arm, float(np.mean(zero)), str(depth), "before training"))
        return found

    agree(init_he_dormant.EXPERIMENT, theirs, "init-he-dormant", case_by_case=True)


def trained(network: torch.nn.Sequential, X: torch.Tensor, y: torch.Tensor, rate: float) -> float:
    """Ten epochs of Nesterov's SGD in batches of 40; the mean loss of the last, each batch's before its step."""
    parameters = list(network.parameters())
    momenta = [torch.zeros_like(p) for p in parameters]
    for _ in range(10):
        losses = []
        for rows in torch.randperm(len(X)).split(40):
            loss = torch.nn.functional.cross_entropy(network(X[rows]), y[rows])
            losses.append(float(loss.detach()))
            with torch.no_grad():
                for p, m, gradient in zip(parameters, momenta, torch.autograd.grad(loss, parameters), strict=True):
                    m.mul_(0.9).add_(gradient)
                    p.sub_(rate * (gradient + 0.9 * m))
    return float(np.mean(losses))


def test_training_of_tanh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(init_best_tanh, "DEPTHS", (5,))
    monkeypatch.setattr(init_best_tanh, "RATES", (0.03,))

    def theirs(seeds: list[int]) -> list[Observation]:
        found = []
        for seed in seeds:
            X, y = digits(seed, 400)
            for arm, draw in {"plain σ = 1": WIDE, "Xavier": XAVIER, "He": HE}.items():
                network = perceptron([64, *[32] * 5, 10], torch.nn.Tanh, draw)
                found.append(Observation(arm, trained(network, X, y, 0.03), "5"))
        return found

    agree(init_best_tanh.EXPERIMENT, theirs, "init-best-tanh", "init-saturated-slow", case_by_case=True)
