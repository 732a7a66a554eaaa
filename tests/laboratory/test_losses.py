"""The experiments with losses, done once more in PyTorch: the same rule must come to the same verdict."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from sklearn.datasets import load_breast_cancer
from sklearn.preprocessing import scale
from torch.nn import functional
from verdicts import agree

from glasshouse.laboratory.claims import Observation
from glasshouse.laboratory.experiments import loss_confident_gradient, loss_gaussian, loss_skewed, loss_wrong_start

Judge = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
CLASSES: dict[str, Judge] = {  # of a weighted sum z
    "cross-entropy": functional.binary_cross_entropy_with_logits,
    "squared error": lambda z, y: functional.mse_loss(torch.sigmoid(z), y),
}
NUMBERS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "squared error": torch.square,
    "absolute error": torch.abs,
}  # of prediction less target


def learned(X: torch.Tensor, y: torch.Tensor, loss: Callable[[torch.Tensor], torch.Tensor]) -> torch.Tensor:
    """The weights of linear functions, the bias last, by Adam: of rows (many, n, inputs) and targets (many, n)."""
    mean, deviation = y.mean(1, keepdim=True), y.std(1, unbiased=False, keepdim=True)
    rows, target = with_one(X), ((y - mean) / deviation)[:, :, None]
    w = torch.zeros(len(X), rows.shape[2], 1, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.Adam([w], lr=0.05)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 200)
    for _ in range(200):
        optimizer.zero_grad()
        loss(rows @ w - target).mean(1).sum().backward()
        optimizer.step()
        schedule.step()
    found = w.detach()[:, :, 0] * deviation
    found[:, -1:] += mean
    return found


def with_one(X: torch.Tensor) -> torch.Tensor:
    return torch.cat([X, torch.ones_like(X[..., :1])], -1)


def test_confident_gradient() -> None:
    def theirs(seeds: list[int]) -> list[Observation]:
        found = []
        for seed in seeds:
            y = torch.tensor(float(seed % 2))
            slopes = {}
            for case in loss_confident_gradient.RIGHT:
                logit = math.log(1 / float(case) - 1)
                for arm, loss in CLASSES.items():
                    z = torch.tensor(-logit if y else logit, requires_grad=True)
                    loss(z, y).backward()
                    slopes[case, arm] = abs(float(z.grad))
                    found.append(Observation(arm, slopes[case, arm] / slopes["0.5", arm], case))
                found.append(Observation("a mistake in doubt", 1.0, case))
        return found

    agree(loss_confident_gradient.EXPERIMENT, theirs, "loss-confident-gradient", "loss-squared-stalls")


def test_wrong_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loss_wrong_start, "LARGER", ())

    def theirs(seeds: list[int]) -> list[Observation]:
        X, y = load_breast_cancer(return_X_y=True)
        rows, malignant = torch.tensor(scale(X)), torch.tensor(y == 0, dtype=torch.float64)
        found = []
        for seed in seeds:
            for case in ("0.1", "0.01", "0.001"):
                for arm, rate in (("cross-entropy", 0.25), ("squared error", 0.5)):
                    torch.manual_seed(seed)
                    layers = torch.nn.Linear(30, 16), torch.nn.Tanh(), torch.nn.Linear(16, 1)
                    network = torch.nn.Sequential(*layers).double()
                    for layer, bias in ((network[0], 0.0), (network[2], math.log(1 / float(case) - 1))):
                        torch.nn.init.xavier_uniform_(layer.weight)
                        torch.nn.init.constant_(layer.bias, bias)
                    epochs = steps(network, rows, malignant, CLASSES[arm], rate)
                    found.append(Observation(arm, epochs, case, loss_wrong_start.MATCHED))
        return found

    agree(loss_wrong_start.EXPERIMENT, theirs, "loss-wrong-start")


def steps(network: torch.nn.Module, X: torch.Tensor, y: torch.Tensor, loss: Judge, rate: float) -> int:
    """How many down the gradient of all rows it takes until 95 % of them are right."""
    optimizer = torch.optim.SGD(network.parameters(), lr=rate)
    for done in range(2000):
        z = network(X)[:, 0]
        if done and ((z > 0) == (y > 0)).double().mean() >= 0.95:
            return done
        optimizer.zero_grad()
        loss(z, y).backward()
        optimizer.step()
    return 2000


def test_heavy_tails() -> None:
    def theirs(seeds: list[int]) -> list[Observation]:
        n, inputs = loss_gaussian.ROWS, loss_gaussian.INPUTS
        noises = {
            "uniform": torch.distributions.Uniform(-1.0, 1.0),
            "Gaussian": torch.distributions.Normal(0.0, 0.741),
            "Student t, 2": torch.distributions.StudentT(2.0, 0.0, 0.612),
        }
        planted = torch.randn(len(seeds), inputs, dtype=torch.float64) / math.sqrt(inputs)
        X = torch.randn(len(seeds), n, inputs, dtype=torch.float64)
        test = torch.randn(1000, inputs, dtype=torch.float64)
        found = []
        for noise, errors in noises.items():
            y = (X @ planted[:, :, None])[:, :, 0] + errors.sample((len(seeds), n)).double()
            for arm, loss in NUMBERS.items():
                off = with_one(test) @ learned(X, y, loss).T - test @ planted.T
                found += [Observation(arm, float(distance), noise) for distance in off.square().mean(0).sqrt()]
        return found

    agree(loss_gaussian.EXPERIMENT, theirs, "loss-heavy-tails")


def test_skewed() -> None:
    def theirs(seeds: list[int]) -> list[Observation]:
        n, inputs = loss_skewed.ROWS, loss_skewed.INPUTS
        planted = torch.randn(len(seeds), inputs, dtype=torch.float64)
        X = torch.randn(len(seeds), n, inputs, dtype=torch.float64)
        test = torch.randn(1000, inputs, dtype=torch.float64)
        found = []
        for case in loss_skewed.SPREADS:
            spread = float(case)
            y = (X @ planted[:, :, None])[:, :, 0] + torch.exp(spread * torch.randn(len(seeds), n, dtype=torch.float64))
            for of in loss_skewed.LOSSES:
                noise = with_one(test) @ learned(X, y, NUMBERS[of]).T - test @ planted.T
                for arm, true in (("from the mean", math.exp(spread**2 / 2)), ("from the median", 1.0)):
                    distances = (noise - true).square().mean(0).sqrt()
                    found += [Observation(arm, float(distance), case, of) for distance in distances]
        return found

    agree(loss_skewed.EXPERIMENT, theirs, "loss-skewed-mean", "loss-skewed-median")
