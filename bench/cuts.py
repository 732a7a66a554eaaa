"""Cuts without retraining: what each criterion keeps of the score: ``python -m bench.cuts FOLDER [--page]``.

FOLDER holds the ten tables, and mnist. A number is the mean test score of five networks, each cut by every criterion.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("GLASSHOUSE_NUM_THREADS", "1")

import numpy as np

from bench import page
from bench.idx import images, labels
from bench.ten import TEN, networks
from glasshouse.network.network import Network
from glasshouse.pruning.criteria import criterion
from glasshouse.pruning.cycle import outputs_of
from glasshouse.pruning.evidence import Evidence
from glasshouse.training.batches import Data
from glasshouse.training.loop import fit
from glasshouse.training.optimizers import SGD
from glasshouse.training.recipe import Recipe
from glasshouse.training.schedules import Cosine
from glasshouse.training.state import State

SEEDS = range(5)
SHARES = (0.10, 0.05)
CUTS = 20
COLUMNS = ("dense", "magnitude", "OBD, one cut", f"OBD, {CUTS} cuts", "OBS")
PAGE = page.PAGE.with_name("pruning.md")


def scores(network: Network, evidence: Evidence, share: float, score) -> list[float]:  # type: ignore[no-untyped-def]
    """By magnitude, by OBD at once, by OBD in twenty cuts, by OBS."""
    count = round(share * network.n_weights)
    found = [criterion(name).cut(network, evidence, count).network for name in ("magnitude", "obd", "obs")]
    slow = network
    for k in range(1, CUTS + 1):
        left = round(network.n_weights * share ** (k / CUTS))
        slow = criterion("obd").cut(slow, evidence, left).network
    return [score(some) for some in (network, *found[:2], slow, found[2])]


def cases(folder: Path) -> Iterator[tuple[str, list[list[list[float]]]]]:
    """For each table: seeds, shares, columns."""
    for name in TEN:
        found = []
        for rows in networks(folder, name, SEEDS):
            recipe = rows.model.recipe
            evidence = Evidence(recipe.loss, rows.train, recipe.loss_scale).some()
            score = lambda network, rows=rows: rows.score(outputs_of(network, rows.test))  # noqa: E731
            found.append([scores(rows.network, evidence, share, score) for share in SHARES])
        yield name, found
    yield "MNIST, 784-300-100-10", [mnist(folder / "mnist", seed) for seed in SEEDS]


def mnist(folder: Path, seed: int) -> list[list[float]]:
    X, y = images(folder, "train", "float32"), labels(folder, "train")
    Xt, yt = images(folder, "t10k", "float32"), labels(folder, "t10k")
    recipe = Recipe(
        output="softmax",
        loss="cross_entropy",
        hidden_layer_sizes=(300, 100),
        batch_size=128,
        optimizer=SGD(0.9),
        learning_rate=0.1,
        schedule=Cosine(),
        max_epochs=10,
        l2=2e-5,
        patience=None,
        seed=seed,
    )
    data = Data(X, np.eye(10, dtype=np.float32)[y])
    network = fit(State.begun(recipe.initialized(784, 10), recipe), data, recipe).network
    test = Data(Xt, np.eye(10, dtype=np.float32)[yt])
    score = lambda some: float(np.mean(outputs_of(some, test).argmax(1) == yt))  # noqa: E731
    return [scores(network, Evidence("cross_entropy", data).some(), share, score) for share in SHARES]


def main(folder: Path) -> None:
    heads = [f"{name}, {share:.0%}" for share in SHARES for name in COLUMNS[1:]]
    lines = [f"| table | dense | {' | '.join(heads)} |", "|---" * (2 + len(heads)) + "|"]
    wins = np.zeros((len(SHARES), 4), int)
    count = 0
    for name, found in cases(folder):
        means = np.mean(found, axis=0)  # shares, columns
        cells = [f"{value:.3f}" for row in means for value in row[1:]]
        lines.append(f"| {name} | {means[0, 0]:.3f} | {' | '.join(cells)} |")
        print(lines[-1], flush=True)
        if name in TEN:
            count += 1
            wins += np.column_stack(
                [means[:, one] >= means[:, other] for one, other in ((4, 2), (4, 1), (4, 3), (3, 1))]
            )
    for share, (obd, magnitude, many, slow) in zip(SHARES, wins.tolist(), strict=True):
        lines.append(
            f"\nAt {share:.0%}: OBS is at least OBD in one cut on {obd} of {count} tables, at least magnitude on "
            f"{magnitude}, at least OBD in {CUTS} cuts on {many}; OBD in {CUTS} cuts is at least magnitude on {slow}."
        )
        print(lines[-1])
    if "--page" in sys.argv:
        page.put("cuts", "\n".join(lines), PAGE)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
