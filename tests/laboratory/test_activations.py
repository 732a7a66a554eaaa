"""The experiments with activations, done once more in PyTorch: the same rule must come to the same verdict."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterator

import numpy as np
import torch
from sklearn.datasets import load_diabetes, load_digits
from sklearn.preprocessing import scale
from verdicts import agree

from glasshouse.laboratory.claims import Observation
from glasshouse.laboratory.experiments import (
    activation_bounds,
    activation_divergence,
    activation_dying,
    activation_overflow,
    activation_revival,
    activation_saturation,
    activation_vanishing,
)

UNITS = {"ReLU": torch.nn.ReLU, "leaky ReLU": torch.nn.LeakyReLU, "tanh": torch.nn.Tanh, "sigmoid": torch.nn.Sigmoid}


def made(sizes: tuple[int, ...], name: str, out: int, seed: int, dtype: torch.dtype) -> torch.nn.Sequential:
    """Layers with the first weights that the units want, biases 0."""
    generator = torch.Generator().manual_seed(seed)
    layers: list[torch.nn.Module] = []
    for fan_in, fan_out in zip(sizes, (*sizes[1:], out), strict=True):
        linear = torch.nn.Linear(fan_in, fan_out, dtype=dtype)
        hidden = len(layers) < 2 * len(sizes) - 2
        if hidden and "ReLU" in name:
            torch.nn.init.kaiming_normal_(linear.weight, nonlinearity="relu", generator=generator)
        else:
            torch.nn.init.xavier_uniform_(linear.weight, generator=generator)
        torch.nn.init.zeros_(linear.bias)
        layers += [linear, UNITS[name]()] if hidden else [linear]
    return torch.nn.Sequential(*layers)


def digits(dtype: torch.dtype = torch.float32) -> tuple[torch.Tensor, torch.Tensor]:
    X, y = load_digits(return_X_y=True)
    return torch.tensor(scale(X), dtype=dtype), torch.tensor(y)


def train(network, optimizer, loss, X: torch.Tensor, y: torch.Tensor, epochs: int, seed: int) -> bool:
    """Whether all numbers stay finite."""
    generator = torch.Generator().manual_seed(seed)
    for _ in range(epochs):
        for rows in torch.randperm(len(X), generator=generator).split(200):
            optimizer.zero_grad()
            value = loss(network(X[rows]), y[rows])
            value.backward()
            if not value.isfinite() or not all(p.grad.isfinite().all() for p in network.parameters()):
                return False
            optimizer.step()
    return bool(loss(network(X), y).isfinite())


def silent(network: torch.nn.Sequential, X: torch.Tensor) -> list[torch.Tensor]:
    """Of each hidden layer the units whose weighted sum is above 0 on no row."""
    units = []
    with torch.no_grad():
        for below, here in zip(network[:-1:2], network[1::2], strict=True):
            z = below(X)
            units.append((z <= 0).all(dim=0))
            X = here(z)
    return units


def test_gradients_through_depth(monkeypatch) -> None:
    monkeypatch.setattr(activation_vanishing, "DEPTHS", (2, 10))

    def theirs(seeds: list[int]) -> list[Observation]:
        X, y = digits(torch.float64)
        X, y, found = X[::7], y[::7], []
        for seed in seeds:
            for depth in (2, 10):
                for name in ("ReLU", "tanh", "sigmoid"):
                    sums, a = [], X
                    for layer in made((64,) * (depth + 1), name, 10, seed, torch.float64):
                        a = layer(a)
                        if isinstance(layer, torch.nn.Linear):
                            a.retain_grad()
                            sums.append(a)
                    torch.nn.functional.cross_entropy(a, y, reduction="sum").backward()
                    first, last = (sums[k].grad.square().sum(dim=1).mean().sqrt() for k in (0, -2))
                    found.append(Observation(name, float(first / last), str(depth)))
                found.append(Observation("a hundredth", 0.01, str(depth)))
        return found

    names = ("activation-sigmoid-vanishes", "activation-relu-vanishes-less", "activation-relu-vanishes")
    agree(activation_vanishing.EXPERIMENT, theirs, *names)


def test_saturation_by_autograd() -> None:
    def theirs(seeds: list[int]) -> list[Observation]:
        X, _ = digits(torch.float64)
        found = []
        for seed in seeds:
            for name, steepest in (("sigmoid", 0.25), ("ReLU", 1.0)):
                linear, unit = made((64, 64), name, 1, seed, torch.float64)[:2]
                for factor in activation_saturation.FACTORS:
                    z = (factor * linear(X)).detach().requires_grad_()
                    unit(z).sum().backward()
                    flat = z.grad < 0.05 * steepest
                    below, above = (float((flat & side).double().mean()) for side in (z < 0, z > 0))
                    found.append(Observation(name, min(below, above), str(factor), activation_saturation.LESSER))
                    found.append(Observation(name, below + above, str(factor), activation_saturation.ANYWHERE))
        return found

    agree(activation_saturation.EXPERIMENT, theirs, "activation-relu-saturates", "activation-relu-flat-less")


def test_units_die(monkeypatch) -> None:
    monkeypatch.setattr(activation_dying, "RATES", (0.01, 1))

    def theirs(seeds: list[int]) -> list[Observation]:
        X, y = digits()
        found = []
        for seed in seeds:
            for rate in (0.01, 1):
                for name in ("ReLU", "leaky ReLU"):
                    network = made((64, 64, 64), name, 10, seed, torch.float32)
                    train(
                        network,
                        torch.optim.Adam(network.parameters(), rate, fused=True),
                        torch.nn.CrossEntropyLoss(),
                        X,
                        y,
                        15,
                        seed,
                    )
                    share = float(silent(network, X)[1].float().mean())
                    right = float((network(X).argmax(dim=1) == y).float().mean())
                    found.append(Observation(name, share, str(rate), activation_dying.SILENT))
                    found.append(Observation(name, right, str(rate), activation_dying.RIGHT))
                found.append(Observation("a tenth", 0.1, str(rate), activation_dying.SILENT))
        return found

    agree(activation_dying.EXPERIMENT, theirs, "activation-relu-dies", "activation-dead-hinder")


def test_the_dead_come_back_only_as_leaky_units() -> None:
    def theirs(seeds: list[int]) -> list[Observation]:
        X, y = load_digits(return_X_y=True)
        X, y = torch.tensor(X / 16, dtype=torch.float32), torch.tensor(y)
        loss, found = torch.nn.CrossEntropyLoss(), []
        for seed in seeds:
            killed = made((64, 64, 64), "ReLU", 10, seed, torch.float32)
            train(killed, torch.optim.Adam(killed.parameters(), 0.3, fused=True), loss, X, y, 15, seed)
            dead = silent(killed, X)
            leaky = copy.deepcopy(killed)
            leaky[1], leaky[3] = torch.nn.LeakyReLU(), torch.nn.LeakyReLU()
            for way, network in (("as ReLU", killed), ("as leaky ReLU", leaky)):
                train(network, torch.optim.Adam(network.parameters(), 0.03, fused=True), loss, X, y, 15, seed + 1)
                for layer, (before, after) in enumerate(zip(dead, silent(network, X), strict=True), start=1):
                    found.append(Observation(way, float((~after[before]).float().mean()), str(layer)))
            found += [Observation("a quarter", 0.25, str(layer)) for layer in (1, 2)]
        return found

    agree(activation_revival.EXPERIMENT, theirs, "activation-dead-stay", "activation-leaky-revives")


def test_divergence(monkeypatch) -> None:
    monkeypatch.setattr(activation_divergence, "RATES", (0.1, 1))

    def theirs(seeds: list[int]) -> list[Observation]:
        X, y = load_diabetes(return_X_y=True)
        X, y = torch.tensor(scale(X)), torch.tensor(scale(y))[:, None]
        found = []
        for seed in seeds:
            for rate in (0.1, 1):
                for name in ("ReLU", "sigmoid"):
                    diverged = []
                    for k in range(3):
                        network = made((10, 32), name, 1, seed + k, torch.float64)
                        steps = torch.optim.SGD(network.parameters(), rate)
                        diverged.append(not train(network, steps, torch.nn.MSELoss(), X, y, 15, seed))
                    found.append(Observation(name, float(np.mean(diverged)), str(rate), activation_divergence.DIVERGED))
        return found

    agree(activation_divergence.EXPERIMENT, theirs, "activation-unbounded")


def test_bounds(monkeypatch) -> None:
    monkeypatch.setattr(activation_bounds, "SCALES", ("1", "1e6"))
    X, _ = digits()

    def theirs(seeds: list[int]) -> Iterator[Observation]:
        for seed, factor in itertools.product(seeds, ("1", "1e6")):
            for name in ("ReLU", "sigmoid"):
                outputs = made((64, 32), name, 10, seed, torch.float32)[:2](X * float(factor)).detach()
                yield Observation(name, float((outputs - 0.5).abs().max()), factor)
            yield Observation("½ and a rounding error", 0.5 + 1e-6, factor)

    agree(activation_bounds.EXPERIMENT, theirs, "activation-sigmoid-bounded")


def test_overflow(monkeypatch) -> None:
    monkeypatch.setattr(activation_overflow, "SCALES", ("1", "1e6"))
    X, y = digits()

    def theirs(seeds: list[int]) -> Iterator[Observation]:
        for seed, factor, name in itertools.product(seeds, ("1", "1e6"), ("ReLU", "sigmoid")):
            network = made((64, 32), name, 10, seed, torch.float32)
            steps = torch.optim.SGD(network.parameters(), 0.01, momentum=0.9, nesterov=True)
            finite = train(network, steps, torch.nn.CrossEntropyLoss(), X * float(factor), y, 5, seed)
            yield Observation(name, float(not finite), factor)

    agree(activation_overflow.EXPERIMENT, theirs, "activation-sigmoid-overflow")
