"""The experiments with sparse networks, done once more in PyTorch: the same rule must come to the same verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import scale
from torch.nn import functional
from verdicts import agree

from glasshouse.laboratory.claims import Observation
from glasshouse.laboratory.experiments import prune_criteria, sparse_read, sparse_tables

UNITS = 64
Both = list[torch.Tensor]  # of both layers of many networks: (many, fan_out, fan_in)
Weights = list[torch.Tensor]  # those of both layers, then both biases


def answers(net: Weights, X: torch.Tensor) -> torch.Tensor:
    """Of each network for its rows (many, n, inputs), (many, n, outputs): one layer of ReLU units, one of sums."""
    w, v, b, c = net
    return torch.baddbmm(c, torch.baddbmm(b, X, w.mT).relu(), v.mT)


def squares(z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return ((z[:, :, 0] - y) ** 2).mean(1).sum()


def cross_entropies(z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return functional.cross_entropy(z.flatten(0, 1), y.flatten()) * len(z)


def learned(
    masks: Both,
    X: torch.Tensor,
    y: torch.Tensor,
    loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
    *,
    epochs: int,
    batch: int,
    rate: float,
    prune: Callable[[int, Weights], None] = lambda epoch, net: None,
) -> Weights:
    """Networks of these connections, from He's weights by Adam; their losses are summed, so each learns by itself."""
    weights = [torch.randn(m.shape) * m * (2 / m.sum(2, keepdim=True).clamp(min=1)).sqrt() for m in masks]
    biases = [torch.zeros(len(m), 1, m.shape[1]) for m in masks]
    net = [part.requires_grad_() for part in (*weights, *biases)]
    optimizer = torch.optim.Adam(net, lr=rate)
    for epoch in range(epochs):
        prune(epoch, net)
        for rows in torch.randperm(X.shape[1]).split(batch):
            optimizer.zero_grad()
            loss(answers(net, X[:, rows]), y[:, rows]).backward()
            optimizer.step()
            cut(net, masks)
    return [part.detach() for part in net]


def cut(net: Weights, masks: Both) -> None:
    with torch.no_grad():
        for part, mask in zip(net, masks, strict=False):
            part.mul_(mask)


def strongest(saliencies: Both, share: float) -> Both:
    """Masks that keep this share of the weights of each network."""
    every = torch.cat([s.flatten(1) for s in saliencies], 1)
    least = every.sort(1, descending=True).values[:, round(share * every.shape[1]) - 1]
    return [(s >= least[:, None, None]).float() for s in saliencies]


def standardised(y: torch.Tensor) -> torch.Tensor:
    return (y - y.mean(1, keepdim=True)) / y.std(1, keepdim=True)


def stacked(parts: Iterable[Iterable[np.ndarray]], kind: torch.dtype) -> Both:
    """For each seed (X, X_test, y, y_test); each of them for all seeds."""
    kinds = (torch.float32, torch.float32, kind, kind)
    return [torch.tensor(np.stack(each), dtype=k) for each, k in zip(zip(*parts, strict=True), kinds, strict=True)]


def second_derivatives(net: Weights, X: torch.Tensor) -> Both:
    """The diagonal of the Hessian of the cross-entropy, row by row; ReLU units bend nowhere, so V' H V is all of it."""
    w, v, b, c = net
    z = torch.baddbmm(b, X, w.mT)
    p = torch.baddbmm(c, z.relu(), v.mT).softmax(2)
    below = (p @ v**2 - (p @ v) ** 2) * (z > 0)
    return [below.mT @ X**2 / X.shape[1], (p * (1 - p)).mT @ z.relu() ** 2 / X.shape[1]]


def test_optimal_brain_damage_keeps_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prune_criteria, "SHARES", (0.15, 0.1))
    monkeypatch.setattr(prune_criteria, "CRITERIA", {"OBD": "obd", "magnitude": "magnitude"})
    agree(prune_criteria.EXPERIMENT, pruned_by_both, "prune-obd-keeps", each=8)


def pruned_by_both(seeds: list[int]) -> Iterator[Observation]:
    X, y = load_digits(return_X_y=True)
    parts = (train_test_split(scale(X), y, train_size=0.5, random_state=seed, stratify=y) for seed in seeds)
    X, X_test, y, y_test = stacked(parts, torch.int64)
    whole = [torch.ones(len(seeds), UNITS, 64), torch.ones(len(seeds), 10, UNITS)]
    net = learned(whole, X, y, cross_entropies, epochs=100, batch=200, rate=0.001)
    saliencies = {
        "magnitude": [w.abs() for w in net[:2]],
        "OBD": [h * w**2 / 2 for h, w in zip(second_derivatives(net, X), net, strict=False)],
    }
    for share in prune_criteria.SHARES:
        for arm, saliency in saliencies.items():
            masks = strongest(saliency, share)
            pruned = [*(w * m for w, m in zip(net, masks, strict=False)), *net[2:]]
            before, after = ((answers(n, X_test).argmax(2) == y_test).float().mean(1) for n in (net, pruned))
            yield from (Observation(arm, lost, str(share)) for lost in (before - after).tolist())


def test_sparse_networks_generalise_on_some_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    every = sparse_tables.tables

    def two(seed: int) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
        yield from (table for table in every(seed) if table[0] in ("planted", "digits"))

    def theirs(seeds: list[int]) -> Iterator[Observation]:
        for tables in zip(*(two(seed) for seed in seeds), strict=True):
            yield from dense_and_sparse(tables, seeds)

    monkeypatch.setattr(sparse_tables, "tables", two)
    agree(sparse_tables.EXPERIMENT, theirs, "sparse-generalises")


def dense_and_sparse(tables: tuple[tuple[str, np.ndarray, np.ndarray], ...], seeds: list[int]) -> Iterator[Observation]:
    """One table, as each seed has it."""
    numbers = tables[0][2].dtype.kind == "f"
    parts = (
        train_test_split(X, y, train_size=100, random_state=seed, stratify=None if numbers else y)
        for (_, X, y), seed in zip(tables, seeds, strict=True)
    )
    X, X_test, y, y_test = stacked(parts, torch.float32 if numbers else torch.int64)
    shapes = [(UNITS, X.shape[2]), (1 if numbers else 10, UNITS)]
    # As many connections as Erdős–Rényi allocation deals out: in proportion to fan_in + fan_out.
    whole = 0.1 * sum(a * b for a, b in shapes) / sum(a + b for a, b in shapes)
    drawn = [strongest([torch.rand(len(X), a, b)], min(1.0, whole * (a + b) / (a * b)))[0] for a, b in shapes]
    dense = [torch.ones(len(X), *shape) for shape in shapes]
    loss, target = (squares, standardised(y)) if numbers else (cross_entropies, y)
    for arm, masks in (("dense", dense), ("sparse from the start", drawn)):
        z = answers(learned(masks, X, target, loss, epochs=50, batch=20, rate=0.005), X_test)
        if numbers:
            z = z[:, :, 0] * y.std(1, keepdim=True) + y.mean(1, keepdim=True)
            score = 1 - ((z - y_test) ** 2).sum(1) / ((y_test - y_test.mean(1, keepdim=True)) ** 2).sum(1)
        else:
            score = (z.argmax(2) == y_test).float().mean(1)
        yield from (Observation(arm, value, tables[0][0]) for value in score.tolist())


def test_a_pruned_network_reads_what_matters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sparse_read, "SHARES", (0.5, 0.1))
    agree(sparse_read.EXPERIMENT, pruned_and_read, "sparse-read")


def pruned_and_read(seeds: list[int]) -> Iterator[Observation]:
    many = len(seeds)
    X = torch.randn(many, 500, 30)
    y = X[:, :, 0] + X[:, :, 1].relu() + X[:, :, 2] ** 2 / 2 + 0.3 * torch.randn(many, 500)
    for share in sparse_read.SHARES:
        masks = [torch.ones(many, UNITS, 30), torch.ones(many, 1, UNITS)]

        def prune(epoch: int, net: Weights, masks: Both = masks, share: float = share) -> None:
            left = share + (1 - share) * max(0.0, 1 - epoch / 37) ** 3
            masks[:] = strongest([w.detach().abs() for w in net[:2]], left)
            cut(net, masks)

        learned(masks, X, standardised(y), squares, epochs=50, batch=50, rate=0.01, prune=prune)
        read = ((masks[1] @ masks[0])[:, 0] > 0).float()
        for arm, some in (("3 that matter", read[:, :3]), ("27 that do not", read[:, 3:])):
            yield from (Observation(arm, value, str(share), "pruned") for value in some.mean(1).tolist())
