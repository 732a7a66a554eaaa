"""How many mistakes does Rosenblatt's rule make before it stops?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

import glasshouse as gh

from ..claims import Claim, Experiment, Observation
from ..figures import Lines
from ..rules import Rule

MARGINS = (0.3, 0.1, 0.03, 0.01)  # of the line that is planted


class Mistakes(gh.Watcher):
    """Counts the rows for which the weights moved."""

    count = 0

    def after_step(self, state: Any, work: Any) -> None:
        self.count += bool(work.gradient.any())


def observe(seed: int) -> Iterator[Observation]:
    """Mistakes up to the first epoch without one, and Novikoff's bound for the same rows."""
    rng = np.random.default_rng(seed)
    for margin in MARGINS:
        X, y, line = separable(rng, margin)
        limit, mistakes = bound(X, y, line), Mistakes()
        # an epoch that does not end the run makes a mistake: a run that never ends makes more than the bound
        gh.Perceptron(tol=None, max_iter=int(limit) + 1, random_state=seed).fit(X, y, watchers=[mistakes])
        yield Observation("bound (R / γ)²", limit, str(margin))
        yield Observation("mistakes", float(mistakes.count), str(margin))


def separable(rng: np.random.Generator, margin: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """200 points of a cube in five dimensions, none nearer than the margin to a random line, and that line."""
    w = rng.standard_normal(5)
    w, b = w / np.linalg.norm(w), rng.uniform(-0.3, 0.3)
    X = rng.uniform(-1, 1, (4000, 5))
    X = X[np.abs(X @ w + b) >= margin][:200]
    return X, X @ w + b > 0, np.append(w, b)


def bound(X: np.ndarray, y: np.ndarray, line: np.ndarray) -> float:
    """(R / γ)² of these rows: the bias is the weight of an input that is always 1."""
    rows = np.column_stack([X, np.ones(len(X))])
    nearest = np.min(np.where(y, 1, -1) * (rows @ line)) / np.linalg.norm(line)
    return float((np.linalg.norm(rows, axis=1).max() / nearest) ** 2)


EXPERIMENT = Experiment(
    kind="perceptron",
    question="How many mistakes does Rosenblatt's rule make before it stops?",
    setting="200 points in five dimensions, split by a planted line that none is nearer to than a margin. The rule "
    "runs until an epoch makes no mistake; every row that moved the weights is counted. R is the length of the longest "
    "row and γ the distance of the nearest from the planted line, the bias taken as an input of 1.",
    measure="mistakes",
    over="margin",
    claims=(
        Claim(
            id="perceptron-stops",
            says="On rows that a line separates with margin γ, Rosenblatt's rule stops after at most (R/γ)² mistakes",
            rule=Rule("bound (R / γ)²", "mistakes", times=1),
            when="It holds on any rows that a line separates, in any order and at any learning rate, from weights of "
            "0 (Novikoff, 1962): a mistake lengthens w along the normal of the separating line by γ or more, but w² "
            "by R² at most. The bound looks at the nearest row alone, so most runs stop far earlier: after a seventh "
            "of it at a margin of 0.3, about a hundredth at 0.01. It says nothing where no line separates the rows, "
            "and nothing of rows that were not seen.",
        ),
    ),
    observe=observe,
    figure=Lines("margin of the planted line", "mistakes", log_x=True, log_y=True),
)
