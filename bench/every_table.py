"""Every table of a folder through `glasshouse train`, as a page of the docs: ``python -m bench.every_table FOLDER``.

Writes docs/tables.md; tables that are not there are left out.
"""

from __future__ import annotations

import shlex
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

import glasshouse as gh

HERE = Path(__file__).parent.parent
TABLES = [  # files, what is said of them, and why more than the target is said
    ("titanic.csv.gz", {"target": "Survived"}, ""),
    ("adult_train.csv.gz", {"target": "last", "test": "adult_test.csv.gz"}, "its own test file"),
    ("german_credit.csv.gz", {"target": "last"}, ""),
    ("pima_diabetes.csv.gz", {"target": "last"}, ""),
    ("breast_cancer_wisconsin.csv.gz", {"target": "last"}, ""),
    ("california_housing.csv.gz", {"target": "median_house_value"}, ""),
    ("ames_housing.csv.gz", {"target": "SalePrice"}, ""),
    ("covtype_20k.csv.gz", {"target": "last"}, ""),
    ("isolet_asu.csv.gz", {"target": "letter"}, ""),
    ("skin_nonskin.tsv.gz", {"target": "last"}, ""),
    ("madelon_train.csv.gz", {"target": "target", "test": "madelon_valid.csv.gz"}, "its own test file"),
    ("har_wle_train.csv.gz", {"target": "classe", "test": "har_wle_validate.csv.gz"}, "its own test file"),
    ("diabetes130.csv.gz", {"target": "readmitted"}, ""),
    ("diabetes130.csv.gz", {"target": "readmitted", "group": "patient_nbr"}, "a patient on one side"),
    ("kddcup99_10pct.csv.gz", {"target": "last"}, ""),
    ("kddcup99_10pct.csv.gz", {"target": "last", "test": "kddcup99_test.csv.gz"}, "its own test file"),
    ("beijing_air", {"target": "PM2.5"}, "twelve files, rows dealt at random"),
]
GESTURES = ["gesture_flex.csv.gz", "gesture_punch.csv.gz"]
BLOCKS = 10  # a class


def main(folder: Path) -> None:
    rows, blocks = [], ""
    for name, said, why in TABLES:
        if (folder / name).exists():
            paths = said | ({"test": folder / said["test"]} if "test" in said else {})
            rows.append(row(gh.train(folder / name, out="", **paths), name, said, why))
            print(rows[-1], flush=True)
    if all((folder / name).exists() for name in GESTURES):
        table = gh.windows([folder / name for name in GESTURES], length=119, step=60)
        said = {"target": "label", "group": "recording"}
        rows.append(row(gh.train(table, out="", **said), "gestures.csv", said, "windows, as below"))
    if (folder / "har_wle_train.csv.gz").exists():
        blocks = by_block(folder / "har_wle_train.csv.gz")
    head = "| command | rows | kinds found | score | network | linear | boosted trees |\n|---|---|---|---|---|---|---|"
    page = PAGE.format(table="\n".join([head, *rows]), blocks=blocks)
    (HERE / "docs" / "tables.md").write_text(page, encoding="utf-8")


def row(model: gh.Model, name: str, said: dict[str, str], why: str) -> str:
    """One table: what to type, what was found, and how good everybody is."""
    words = " ".join(f"--{option} {shlex.quote(value)}" for option, value in said.items())
    command = f"`train {name} {words}`" + (f" ({why})" if why else "")
    run, test = model.run, model.scores["test"]
    kinds = Counter(column.kind for column in run.columns)
    found = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
    score = "r2" if model.task == "regression" else "roc_auc" if "roc_auc" in test else "accuracy"
    low, high = model.intervals[score]
    cells = [f"{test[score]:.4f} ± {(high - low) / 2:.4f}"]
    cells += [f"{baseline.scores[score]:.4f}" for baseline in run.baselines[1:]]
    return f"| {command} | {run.table.n_rows:,} | {found} | {score} | {' | '.join(cells)} |"


def by_block(path: Path) -> str:
    """One table dealt by row, and by contiguous blocks of rows."""
    frame = pd.read_csv(path)
    place = frame.groupby("classe").cumcount()
    size = frame.groupby("classe")["classe"].transform("size")
    frame["block"] = frame["classe"] + (place * BLOCKS // size).astype(str)
    with tempfile.TemporaryDirectory() as place_for:
        table = Path(place_for) / "har.csv"
        frame.to_csv(table, index=False)
        lines = ["| dealt | network | logistic regression | boosted trees |", "|---|---|---|---|"]
        for title, said in (("by row", {"drop": ["block"]}), ("by block", {"group": "block"})):
            lines.append(f"| {title} | {' | '.join(accuracies(table, said))} |")
    return "\n".join(lines)


def accuracies(table: Path, said: dict[str, object]) -> Iterator[str]:
    models = [gh.train(table, target="classe", out="", seed=seed, **said) for seed in range(3)]
    for found in (
        [model.scores["test"]["accuracy"] for model in models],
        *([model.run.baselines[k].scores["accuracy"] for model in models] for k in (1, 2)),
    ):
        yield f"{np.mean(found):.3f} ± {np.std(found):.3f}"


PAGE = """# Real tables

Public tables as their owners published them, gzipped, through `glasshouse train` with nothing said but what stands in
the first column; `python -m bench.every_table FOLDER` wrote this page. Scores are of test rows, ± half a 95 % interval,
seed 0, beside the same score of two baselines: linear is logistic or ridge regression, and all three see the same
encoded rows.

{table}

Kinds are decided by the [written rules](units.md#kinds-of-columns); `glasshouse inspect TABLE` shows, column by column,
the rule that decided. No table needed `--as`, `--missing` or a word about delimiter, encoding or header.

Two warnings the figures need. KDD-99's own test file has 17 kinds of attack that training never had: they count as
wrong. Beijing's rows are hours, and neighbouring hours are alike: dealt at random, the hour before and the hour after
stand in training. Its time stands in four columns, and `--order` takes one; joined into a column of dates, it would
test on the latest.

## Recordings

```text
$ glasshouse windows gesture_flex.csv.gz gesture_punch.csv.gz --length 119 --step 60 --out gestures.csv
wrote gestures.csv (20 windows, 36 features)
next: glasshouse train gestures.csv --target label --group recording
```

Twenty recordings are a demonstration, no evidence: four of them are tested.

## By row, and by block

The weight lifting table (HAR) holds moments of recordings one below the other. Dealt by row, moments before and after a
test row, a fraction of a second away, are in training, and a model need only remember them. Here each class is cut into
{n} contiguous blocks, and whole blocks are held out (`--group block`). Same rows, same columns, three seeds:

{blocks}

The score by row answers "do you know this recording?", the score by block "would you know the next one?", and nearly
always the second is asked. Blocks of one person still stand on both sides; only a column that names the person could
part them, and the table has none. `--group` takes such a column.
""".replace("{n}", str(BLOCKS))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
