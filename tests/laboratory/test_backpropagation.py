"""The experiments with backpropagation, done once more in PyTorch: the same rule must come to the same verdict."""

from __future__ import annotations

import torch
from sklearn.datasets import load_breast_cancer, load_wine
from sklearn.preprocessing import scale
from verdicts import agree

from glasshouse.laboratory.claims import Observation
from glasshouse.laboratory.experiments import backprop_descends, backprop_gradient, backprop_sheet, backprop_slip

NAMES = ("w1", "w2", "w3", "w4", "w5", "w6", "w7", "w8", "b1", "b2")
SHEET = (0.15, 0.20, 0.25, 0.30, 0.40, 0.45, 0.50, 0.55, 0.35, 0.60)


def drawn(seed: int) -> torch.Tensor:
    """Random weights and biases, in the order of NAMES."""
    return torch.randn(10, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def forward(p: torch.Tensor, hidden=torch.sigmoid) -> dict[str, torch.Tensor]:
    """The 2-2-2 network of the course sheet, with its names."""
    z1, z2 = 0.05 * p[0] + 0.10 * p[2] + p[8], 0.05 * p[1] + 0.10 * p[3] + p[8]
    h1, h2 = hidden(z1), hidden(z2)
    z3, z4 = h1 * p[4] + h2 * p[6] + p[9], h1 * p[5] + h2 * p[7] + p[9]
    o1, o2 = torch.sigmoid(z3), torch.sigmoid(z4)
    loss = (o1 - 0.01) ** 2 + (o2 - 0.99) ** 2
    return {"z1": z1, "h1": h1, "z2": z2, "h2": h2, "z3": z3, "o1": o1, "z4": z4, "o2": o2, "loss": loss}


def test_the_printed_numbers() -> None:
    p = torch.tensor(SHEET, dtype=torch.float64, requires_grad=True)
    values = forward(p)
    for name in ("z1", "z2", "z3", "z4"):
        values[name].retain_grad()
    values["loss"].backward()
    exact = {name: value.item() for name, value in values.items()}
    exact |= {f"dL/d{name}": values[name].grad.item() for name in ("z1", "z2", "z3", "z4")}
    for name, value, slope in zip(NAMES, SHEET, p.grad.tolist(), strict=True):
        exact |= {f"dL/d{name}": slope, f"{name}_new": value - 0.3 * slope}
    found = []
    for part, numbers in backprop_sheet.PRINTED.items():
        farthest = max(abs(printed - exact[name]) for name, printed in numbers.items()) / 1e-4
        found += 4 * [Observation("half of the last digit", 0.5, part, "farthest of a part")]
        found += 4 * [Observation("printed number", farthest, part, "farthest of a part")]
    wrong = [
        name
        for numbers in backprop_sheet.PRINTED.values()
        for name, printed in numbers.items()
        if abs(printed - round(exact[name], 4)) > 1e-9
    ]
    assert wrong == ["loss", "dL/dw1", "w1_new"]
    agree(backprop_sheet.EXPERIMENT, lambda seeds: found, "backprop-sheet", case_by_case=True)


def test_the_gradient_is_the_derivative() -> None:
    def theirs(seeds: list[int]) -> list[Observation]:
        h, found = 1e-4, []
        for seed in seeds:
            for name in ("sigmoid", "tanh"):
                p = drawn(seed).requires_grad_()
                loss = forward(p, getattr(torch, name))["loss"]
                loss.backward()
                with torch.no_grad():
                    moved = [
                        [forward(p + s * h * e, getattr(torch, name))["loss"] for e in torch.eye(10, dtype=p.dtype)]
                        for s in (1, -1)
                    ]
                after, before = (torch.stack(each) for each in moved)
                for arm, slopes in (
                    ("one-sided", (after - loss.detach()) / h),
                    ("two-sided", (after - before) / (2 * h)),
                ):
                    off = float((slopes - p.grad).norm() / p.grad.norm())
                    found.append(Observation(arm, off, name, "differences over 0.0001"))
        return found

    agree(backprop_gradient.EXPERIMENT, theirs, "backprop-gradient", case_by_case=True)


def test_a_step_lowers_the_error() -> None:
    def theirs(seeds: list[int]) -> list[Observation]:
        found = []
        X, y = load_wine(return_X_y=True)
        rows, target = torch.tensor(scale(X)), torch.tensor(y)
        for seed in seeds:
            for rate in (0.1, 1, 30):
                p = torch.cat([drawn(seed)[:8], torch.tensor([0.35, 0.60])]).requires_grad_()
                (before := forward(p)["loss"]).backward()
                after = forward(p.detach() - rate * p.grad * (torch.arange(10) < 8))["loss"]
                found += pair(before, after, rate, backprop_descends.ONE)
                torch.manual_seed(seed)
                network = torch.nn.Sequential(torch.nn.Linear(13, 8), torch.nn.Tanh(), torch.nn.Linear(8, 3)).double()
                for layer in (network[0], network[2]):
                    torch.nn.init.xavier_uniform_(layer.weight)
                    torch.nn.init.zeros_(layer.bias)
                optimizer = torch.optim.SGD(network.parameters(), lr=rate)
                (before := torch.nn.functional.cross_entropy(network(rows), target)).backward()
                optimizer.step()
                after = torch.nn.functional.cross_entropy(network(rows), target)
                found += pair(before, after, rate, backprop_descends.MANY)
        return found

    agree(backprop_descends.EXPERIMENT, theirs, "backprop-descends", "backprop-descends-sheet", case_by_case=True)


def pair(before: torch.Tensor, after: torch.Tensor, rate: float, of: str) -> list[Observation]:
    return [
        Observation(arm, loss.item(), f"{rate:g}", of)
        for arm, loss in (("before the step", before), ("after the step", after))
    ]


def test_the_slope_left_out() -> None:
    def theirs(seeds: list[int]) -> list[Observation]:
        found = []
        X, y = load_breast_cancer(return_X_y=True)
        rows, target = torch.tensor(scale(X)), torch.tensor(y, dtype=torch.float64)[:, None]
        for seed in seeds:
            for arm in ("slope left out", "slope kept"):
                torch.manual_seed(seed)
                network = torch.nn.Sequential(
                    torch.nn.Linear(30, 8), torch.nn.Sigmoid(), torch.nn.Linear(8, 1)
                ).double()
                for layer in (network[0], network[2]):
                    torch.nn.init.xavier_uniform_(layer.weight)
                    torch.nn.init.zeros_(layer.bias)
                optimizer = torch.optim.SGD(network.parameters(), lr=0.3)
                for _ in range(backprop_slip.STEPS):
                    optimizer.zero_grad()
                    z = network(rows)
                    a = torch.sigmoid(z)
                    if arm == "slope kept":
                        ((a - target) ** 2).mean().backward()
                    else:
                        z.backward(2 * (a - target).detach() / len(rows))
                    optimizer.step()
                with torch.no_grad():
                    error = ((torch.sigmoid(network(rows)) - target) ** 2).mean().item()
                found.append(Observation(arm, error, "0.3"))
        return found

    agree(backprop_slip.EXPERIMENT, theirs, "backprop-slip", case_by_case=True)
