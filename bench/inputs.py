"""Madelon: 20 of its 500 inputs tell something, the others are noise: ``python -m bench.inputs FOLDER [--page]``.

The real ones are known by their correlations with each other, which noise does not have. FOLDER holds
madelon_train.csv.gz and madelon_valid.csv.gz; the first is split as `train` does, and the second judges.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ.setdefault("GLASSHOUSE_NUM_THREADS", "1")

import numpy as np
import pandas as pd

import glasshouse as gh
from bench import page
from bench.cuts import PAGE
from glasshouse.tables.reading import as_table

SEEDS = range(10)
KEPT, INPUTS = 20, 500
CRITERIA = ("loss_sensitivity", "magnitude", "obd", "output_sensitivity")
CORRELATED = 0.2


def main(folder: Path) -> None:
    X = pd.read_csv(folder / "madelon_train.csv.gz").drop(columns="target")
    correlations = np.corrcoef(X.to_numpy(float).T) - np.eye(INPUTS)
    real = set(X.columns[np.abs(correlations).max(axis=0) > CORRELATED])
    table, judges = (as_table(folder / f"madelon_{part}.csv.gz") for part in ("train", "valid"))
    lines = [
        f"| criterion | real among {KEPT} | dense, test | pruned, test | seeds with 7 or more real and 0.70 |",
        "|---" * 5 + "|",
    ]
    for name in CRITERIA:
        found = []
        for seed in SEEDS:
            model = gh.train(table, target="target", out="", seed=seed, baselines=False)
            pruned = gh.prune(model, table, grain="inputs", density=KEPT / INPUTS, criterion=name).model
            kept = {encoding.name for encoding in pruned.encoder.encodings}
            found.append([len(kept & real), *(m.evaluate(judges).scores["accuracy"] for m in (model, pruned))])
        counts, dense, after = np.array(found).T
        both = int(((counts >= 7) & (after >= 0.70)).sum())
        lines.append(
            f"| {name} | {counts.min():.0f} to {counts.max():.0f} | {dense.mean():.3f} | "
            f"{after.mean():.3f} ({after.min():.3f} to {after.max():.3f}) | {both} of {len(SEEDS)} |"
        )
        print(lines[-1], flush=True)
    if "--page" in sys.argv:
        page.put("inputs", "\n".join(lines), PAGE)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
