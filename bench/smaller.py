"""What cut networks save beside their dense twin, measured: ``python -m bench.smaller [--page]``."""

from __future__ import annotations

import os
import sys

os.environ["GLASSHOUSE_NUM_THREADS"] = "1"

import numpy as np

from bench import page
from bench.cuts import PAGE
from bench.rounds import measured
from glasshouse.network.document import layer_settings, pattern_arrays
from glasshouse.network.footprint import BATCH, flash_bytes, footprint
from glasshouse.network.network import Network
from glasshouse.network.passes import forward, loss_and_gradient
from glasshouse.network.predictor import row_predictor
from glasshouse.network.workspace import Workspace
from glasshouse.pruning.compaction import compacted
from glasshouse.pruning.criteria import criterion
from glasshouse.storage import packed
from glasshouse.training.recipe import Recipe

NETWORKS = [(784, (1000, 1000), 10), (784, (300, 100), 10), (100, (256, 128), 1), (13, (64, 32), 1)]
DENSITIES = (0.5, 0.25, 0.1, 0.05, 0.02)
TRAINED = 128  # a batch that trains


def of_file(network: Network) -> int:
    arrays = {"parameters": network.parameters, **pattern_arrays(network)}
    return len(packed("model", {"layers": [layer_settings(layer) for layer in network.layers]}, arrays))


def timed(network: Network, rows: np.ndarray) -> dict[str, object]:
    """Forward for 32 rows, one row, a step of training."""
    work, train = Workspace(network, None, BATCH), Workspace(network, "squared_error", TRAINED)
    work.load_inputs(rows, np.arange(BATCH))
    Y = np.zeros((TRAINED, network.n_outputs), network.dtype)
    n = train.load(rows, Y, np.full(TRAINED, 1 / TRAINED, network.dtype), np.arange(TRAINED))
    predict, row = row_predictor(network), rows[0].copy()
    return {
        "32 rows": lambda: forward(work, BATCH),
        "one row": lambda: predict(row),
        "a step": lambda: loss_and_gradient(train, n),
    }


def main() -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    names = ("file", "flash", "memory", "32 rows", "one row", "a step")
    lines = [f"| network | kept | {' | '.join(names)} |", "|---" * (2 + len(names)) + "|"]
    for n_features, hidden, n_outputs in NETWORKS:
        recipe = Recipe(output="identity", loss="squared_error", hidden_layer_sizes=hidden)
        dense = recipe.initialized(n_features, n_outputs)
        rows = np.random.default_rng(0).normal(size=(TRAINED, n_features)).astype(np.float32)
        for density in DENSITIES:
            pruned = criterion("magnitude_per_layer").cut(dense, None, round(density * dense.n_weights)).network
            small = compacted(pruned, storage="speed").network
            sides = [(of_file(n), flash_bytes(n), footprint(n).total) for n in (dense, pruned)]
            ratios = [f"{one / other:.1f}" for one, other in zip(*sides, strict=True)]
            calls = [timed(network, rows[:, : network.n_features].copy()) for network in (small, dense)]
            for name in names[3:]:
                result = measured(name, {"pruned": calls[0][name], "dense": calls[1][name]}, 1, 9)
                middle, low, high = result.ratio(1)
                ratios.append(f"{middle:.1f} ({low:.1f} to {high:.1f})")
            sizes = "-".join(map(str, dense.sizes))
            lines.append(f"| {sizes} | {density:.0%} | {' | '.join(ratios)} |")
            print(lines[-1], flush=True)
    if "--page" in sys.argv:
        page.put("smaller", "\n".join(lines), PAGE)


if __name__ == "__main__":
    main()
