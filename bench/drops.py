"""What a budget of 0.005 costs on rows nobody chose by: ``python -m bench.drops FOLDER [--page]``."""

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
from glasshouse.tables.reading import as_table

SEEDS = range(5)
DROP = 0.005
MANY = 4000  # test rows


def main(folder: Path, criterion: str) -> None:
    head = "| table | metric | test rows | dense | pruned | drop, mean ± s.e. | runs within | kept, median | seconds |"
    lines = [head, "|---" * 9 + "|"]
    kept, within = [], []
    for name, (file, target) in TEN.items():
        table = as_table(folder / file)
        drops, shares, scores, seconds = [], [], [], []
        for seed in SEEDS:
            model = gh.train(table, target=target, out="", seed=seed, hidden=HIDDEN, baselines=False)
            found = gh.prune(model, table, max_drop=DROP, criterion=criterion)
            pair = [side.scores[found.metric] for side in (found.before, found.after)]
            scores.append(pair)
            drops.append(pair[0] - pair[1])
            shares.append(found.after.nonzero / found.before.nonzero)
            seconds.append(found.seconds)
        rows = model.scores["test"]["rows"]
        if rows >= MANY:
            within += [drop <= DROP for drop in drops]
        kept += shares
        before, after = np.mean(scores, axis=0)
        error = np.std(drops, ddof=1) / len(drops) ** 0.5
        good = "yes" if np.mean(drops) <= DROP + 1.64 * error else "no"
        runs = f"{sum(drop <= DROP for drop in drops)} of {len(drops)}"
        runs += "" if rows >= MANY else f"; mean within: {good}"
        lines.append(
            f"| {name} | {found.metric} | {rows:,} | {before:.4f} | {after:.4f} "
            f"| {np.mean(drops):+.4f} ± {error:.4f} | {runs} | {np.median(shares):.1%} | {np.median(seconds):.0f} |"
        )
        print(lines[-1], flush=True)
    lines.append(
        f"\nOf the runs with {MANY:,} test rows or more {np.mean(within):.0%} drop by {DROP} or less; over all "
        f"{len(kept)} runs the median share kept is {np.median(kept):.1%}."
    )
    print(lines[-1])
    if "--page" in sys.argv:
        page.put("drops", "\n".join(lines), PAGE)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[sys.argv.index("--by") + 1] if "--by" in sys.argv else "magnitude")
