"""What each criterion keeps once what is left has been trained: ``python -m bench.criteria FOLDER [--page]``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ.setdefault("GLASSHOUSE_NUM_THREADS", "1")

import numpy as np

import glasshouse as gh
from bench import page
from bench.cuts import PAGE
from bench.ten import HIDDEN, TEN
from glasshouse.pruning.criteria import CRITERIA
from glasshouse.tables.reading import as_table

SEEDS = range(3)
SHARES = (0.05, 0.02)
NAMES = ("california", "ames", "har", "covtype", "german", "titanic")


def main(folder: Path) -> None:
    heads = [f"{name}, {share:.0%}" for name in NAMES for share in SHARES]
    found: dict[str, list[list[float]]] = {name: [] for name in ("dense", *CRITERIA)}
    for name in NAMES:
        table = as_table(folder / TEN[name][0])
        models = [
            gh.train(table, target=TEN[name][1], out="", seed=seed, hidden=HIDDEN, baselines=False) for seed in SEEDS
        ]
        for share in SHARES:
            for by in CRITERIA:
                sides = [gh.prune(model, table, density=share, criterion=by, metric=None) for model in models]
                found[by].append([side.after.scores[score_of(side.model)] for side in sides])
            found["dense"].append([side.before.scores[score_of(side.model)] for side in sides])
        print(
            name,
            {by: np.round([np.mean(v) for v in values[-2:]], 4).tolist() for by, values in found.items()},
            flush=True,
        )
    lines = [f"| criterion | {' | '.join(heads)} | mean |", "|---" * (2 + len(heads)) + "|"]
    for by, values in found.items():
        cells = [f"{np.mean(v):.3f} ± {np.std(v, ddof=1):.3f}" for v in values]
        lines.append(f"| {by} | {' | '.join(cells)} | {np.mean(values):.4f} |")
        print(lines[-1])
    if "--page" in sys.argv:
        page.put("criteria", "\n".join(lines), PAGE)


def score_of(model: gh.Model) -> str:
    return "accuracy" if model.task == "classification" else "r2"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
