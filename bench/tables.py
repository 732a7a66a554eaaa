"""Test scores of `train` and its baselines on real tables, over five seeds: ``python -m bench.tables FOLDER``.

FOLDER holds the tables named below as CSV, gzipped or not; tables that are not there are left out.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

import glasshouse as gh

SEEDS = range(5)
TABLES = [  # table, target, test table
    ("adult_train.csv.gz", "last", "adult_test.csv.gz"),
    ("california_housing.csv.gz", "median_house_value", None),
    ("har_wle_train.csv.gz", "classe", "har_wle_validate.csv.gz"),
    ("titanic.csv.gz", "Survived", None),
    ("german_credit.csv.gz", "last", None),
    ("madelon_train.csv.gz", "target", "madelon_valid.csv.gz"),
    ("ames_housing.csv.gz", "SalePrice", None),
    ("covtype_20k.csv.gz", "last", None),
]


def main(folder: Path) -> None:
    print("| table | score | network | linear | boosted trees | network, s |\n|---|---|---|---|---|---|")
    for name, target, test in TABLES:
        if not (folder / name).exists():
            continue
        models = [
            gh.train(folder / name, target=target, test=test and folder / test, out="", seed=seed) for seed in SEEDS
        ]
        for score in ("roc_auc", "accuracy", "r2"):
            ours = [model.scores["test"].get(score) for model in models]
            if ours[0] is None:
                continue
            plain = [[model.run.baselines[k].scores[score] for model in models] for k in (1, 2)]
            cells = [f"{np.mean(values):.4f} ± {np.std(values):.4f}" for values in (ours, *plain)]
            seconds = np.median([model.run.seconds for model in models])
            print(f"| {name.split('.')[0]} | {score} | {' | '.join(cells)} | {seconds:.1f} |", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
