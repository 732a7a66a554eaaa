"""The experiments with perceptrons, done once more in PyTorch: the same rule must come to the same verdict."""

from __future__ import annotations

import numpy as np
import torch
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from verdicts import agree

from glasshouse.laboratory.claims import Observation
from glasshouse.laboratory.experiments import (
    perceptron_distance,
    perceptron_is_logistic,
    perceptron_never_stops,
    perceptron_probability,
    perceptron_stops,
)


def logistic(X: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, float]:
    """The weights and the bias of logistic regression with C = 1."""
    rows, target = torch.tensor(X), torch.tensor(y, dtype=torch.float64)
    w, b = (torch.zeros(k, dtype=torch.float64, requires_grad=True) for k in (X.shape[1], 1))
    optimizer = torch.optim.LBFGS(
        [w, b], max_iter=1000, tolerance_grad=1e-9, tolerance_change=0, line_search_fn="strong_wolfe"
    )

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = torch.nn.functional.binary_cross_entropy_with_logits(rows @ w + b, target) + w @ w / 2 / len(X)
        loss.backward()
        return loss

    optimizer.step(closure)
    return w.detach().numpy(), float(b.detach())


class Rosenblatt:
    """The rule, by tensors; an input that is always 1 carries the bias."""

    def __init__(self, X: np.ndarray, y: np.ndarray, seed: int):
        self.rows = torch.tensor(np.column_stack([X, np.ones(len(X))]))
        self.signed = self.rows * torch.tensor(np.where(y, 1.0, -1.0))[:, None]
        self.w = torch.zeros(self.rows.shape[1], dtype=torch.float64)
        self.order = torch.Generator().manual_seed(seed)

    def epoch(self) -> tuple[int, float]:
        """How many mistakes it made, and how far the weights went."""
        mistakes, way = 0, 0.0
        for row in self.signed[torch.randperm(len(self.signed), generator=self.order)]:
            if row @ self.w <= 0:
                self.w += row
                mistakes, way = mistakes + 1, way + float(row.norm())
        return mistakes, way

    def fit(self, epochs: int = 15) -> np.ndarray:
        for _ in range(epochs):
            if not self.epoch()[0]:
                break
        return self.w.numpy()


def test_one_unit_is_logistic_regression() -> None:
    def theirs(seeds: list[int]) -> list[Observation]:
        found = []
        for seed in seeds:
            rng = np.random.default_rng(seed)
            X, y = perceptron_is_logistic.tables()["iris"]
            rows, others = rng.integers(0, len(X), (2, len(X)))
            fits = [LogisticRegression(tol=1e-10, max_iter=5000).fit(X[k], y[k]).coef_[0] for k in (rows, others)]
            unit, _ = logistic(X[rows], y[rows])
            found += [
                Observation("another sample of the rows", float(np.linalg.norm(fits[1] - fits[0])), "iris"),
                Observation("perceptron with a sigmoid", float(np.linalg.norm(unit - fits[0])), "iris"),
            ]
        return found

    agree(perceptron_is_logistic.EXPERIMENT, theirs, "perceptron-is-logistic", case_by_case=True)


def test_distance() -> None:
    def theirs(seeds: list[int]) -> list[Observation]:
        found = []
        for seed in seeds:
            X, y = perceptron_distance.tables()["iris"]
            X = (X - X.mean(0)) / X.std(0)
            *w, b = Rosenblatt(X, y, seed).fit()
            w, points = torch.tensor(w), torch.tensor(X)
            z = points @ w + b
            nearest = points - (torch.linalg.pinv(w[None, :]) @ z[None, :]).T
            distance = (points - nearest).norm(dim=1)
            for arm, said in (("weighted sum", z.abs()), ("weighted sum over ‖w‖", z.abs() / w.norm())):
                found.append(Observation(arm, max(float(((said - distance).abs() / distance).mean()), 1e-16), "iris"))
            found.append(Observation("a tenth", 0.1, "iris"))
        return found

    agree(
        perceptron_distance.EXPERIMENT,
        theirs,
        "perceptron-distance",
        "perceptron-distance-unscaled",
        case_by_case=True,
    )


def test_mistakes_stay_below_the_bound() -> None:
    def theirs(seeds: list[int]) -> list[Observation]:
        found = []
        for seed in seeds:
            rng = torch.Generator().manual_seed(seed)
            line = torch.randn(6, generator=rng, dtype=torch.float64)
            line /= line[:5].norm()
            line[5] *= 0.1
            for margin in (0.3, 0.1):
                X = torch.rand((4000, 5), generator=rng, dtype=torch.float64) * 2 - 1
                X = X[(X @ line[:5] + line[5]).abs() >= margin][:200]
                perceptron = Rosenblatt(X.numpy(), (X @ line[:5] + line[5] > 0).numpy(), seed)
                mistakes = 0
                while more := perceptron.epoch()[0]:
                    mistakes += more
                gamma = (perceptron.signed @ line).min() / line.norm()
                bound = float((perceptron.rows.norm(dim=1).max() / gamma) ** 2)
                found += [
                    Observation("bound (R / γ)²", bound, str(margin)),
                    Observation("mistakes", float(mistakes), str(margin)),
                ]
        return found

    agree(perceptron_stops.EXPERIMENT, theirs, "perceptron-stops", case_by_case=True)


def test_the_rule_goes_on_where_cross_entropy_rests() -> None:
    def theirs(seeds: list[int]) -> list[Observation]:
        epochs, found = perceptron_never_stops.EPOCHS, []
        for seed in seeds:
            X, y = perceptron_never_stops.tables(seed)["XOR"]
            rule = Rosenblatt(X, y, seed)
            ways = [rule.epoch()[1] for _ in range(epochs)]
            w = torch.randn(3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64, requires_grad=True)
            optimizer = torch.optim.SGD([w], lr=0.3, momentum=0.9, nesterov=True)
            target, steps = torch.tensor(y, dtype=torch.float64), []
            for _ in range(epochs):
                optimizer.zero_grad()
                before = w.detach().clone()
                loss = torch.nn.functional.binary_cross_entropy_with_logits(rule.rows @ w, target)
                (loss + w[:-1] @ w[:-1] / 2 / len(X)).backward()
                optimizer.step()
                steps.append(float((w.detach() - before).norm()))
            for arm, way in (("Rosenblatt", ways), ("logistic", steps)):
                found.append(Observation(arm, way[-1] / way[0], "XOR", "way of the last epoch"))
        return found

    agree(perceptron_never_stops.EXPERIMENT, theirs, "perceptron-never-stops", case_by_case=True)


def test_what_is_a_probability() -> None:
    def theirs(seeds: list[int]) -> list[Observation]:
        found = []
        for seed in seeds:
            rng = np.random.default_rng(seed)
            X = rng.standard_normal((1000, 5))
            y = rng.random(1000) < expit(X @ rng.standard_normal(5))
            (w, b), z = (
                logistic(X[:500], y[:500]),
                X[500:] @ (line := Rosenblatt(X[:500], y[:500], seed).fit())[:5] + line[5],
            )
            said = {
                "perceptron: step": z > 0,
                "perceptron: sigmoid": expit(z),
                "logistic regression": expit(X[500:] @ w + b),
            }
            found += [Observation(arm, gap(each, y[500:]), "planted") for arm, each in said.items()]
        return found

    agree(
        perceptron_probability.EXPERIMENT,
        theirs,
        "perceptron-probability",
        "perceptron-probability-sigmoid",
        case_by_case=True,
    )


def gap(said: np.ndarray, y: np.ndarray) -> float:
    """The calibration error by a histogram of ten bins."""
    said, edges = said.astype(float), np.linspace(0, 1, 11)
    sums = [np.histogram(said, edges, weights=each)[0] for each in (y.astype(float), said)]
    return float(np.abs(sums[0] - sums[1]).sum() / len(y))
