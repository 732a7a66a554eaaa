"""Random models, 500 of them and 1,000 rows each, as C and ONNX and themselves: ``python -m bench.exports``.

``python -m bench.exports 100 7`` takes 100 of them, from seed 7 on. The C is compiled by gcc, with the address and
undefined-behaviour sanitizers, and by clang, in turn, at -O0, -O2 and -Os in turn; a warning is an error.
"""

from __future__ import annotations

import shutil
import sys
from collections import Counter
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from random_models import random_model

from glasshouse.exporting.c.proof import Compiled, proved
from glasshouse.exporting.onnx_graph import written
from glasshouse.exporting.onnx_proof import proof
from glasshouse.exporting.plan import planned
from glasshouse.exporting.proof import Proof

SANITIZED = ("-Werror", "-fsanitize=address,undefined,float-cast-overflow", "-fno-sanitize-recover=all")
LEVELS = ("-O0", "-O2", "-Os")


class Tally:
    """What came of one way out over all models."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.largest = 0.0

    def add(self, found: Proof, *, holds: bool) -> None:
        self.counts["models"] += 1
        self.counts["hold"] += holds
        self.counts["rows"] += found.rows
        self.counts["agree"] += found.agree
        self.largest = max(self.largest, found.largest)

    def __str__(self) -> str:
        c = self.counts
        return (
            f"{c['hold']:,} of {c['models']:,} models hold; {c['agree']:,} of {c['rows']:,} rows agree; "
            f"largest difference {self.largest:.2g}"
        )


def main() -> int:
    count, first = (int(word) for word in (*sys.argv[1:], *("500", "0")[len(sys.argv) - 1 :]))
    compilers = [path for path in map(shutil.which, ("gcc", "clang")) if path]
    tallies = {name: Tally() for name in ("float C", "int8 C of counts", "network of int8 C", "ONNX", "ONNX int8")}
    for seed in range(first, first + count):
        model, rows = random_model(np.random.default_rng(seed))
        cc = compilers[seed % len(compilers)]
        flags = (LEVELS[seed % 3], *(SANITIZED if cc.endswith("gcc") else ("-Werror",)))
        plan = planned(model, "net", table=rows if seed // 2 % 2 else None)  # in floats, or as precise as the model
        counted = planned(model, "net", int8=True, table=rows)
        with Compiled(plan, cc, flags) as compiled:
            found = proved(plan, rows, compiled)
            tallies["float C"].add(found, holds=found.holds)
        with Compiled(counted, cc, flags) as compiled:
            found = proved(counted, rows, compiled)
            tallies["int8 C of counts"].add(found, holds=found.holds)
            x = np.random.default_rng(seed).integers(-128, 128, (1000, model.network.n_features)).astype(np.int8)
            same = (compiled.network(x) == counted.outputs(x)).all(axis=1)
            found = Proof("", len(same), float(not same.all()), int(same.sum()), whole=True)
            tallies["network of int8 C"].add(found, holds=found.holds)
        found = proof(model, written(model, encoder=seed % 4 != 0), rows)
        tallies["ONNX"].add(found, holds=found.holds)
        found = proof(model, written(model, whole=counted.whole), rows)
        tallies["ONNX int8"].add(found, holds=found.holds)
        for name, tally in tallies.items():
            if tally.counts["hold"] < tally.counts["models"] and not tally.counts[f"said {tally.counts['hold']}"]:
                print(f"seed {seed}: {name} does not hold", flush=True)
                tally.counts[f"said {tally.counts['hold']}"] += 1
    for name, tally in tallies.items():
        print(f"{name:20}{tally}")
    return int(any(tally.counts["hold"] < tally.counts["models"] for tally in tallies.values()))


if __name__ == "__main__":
    sys.exit(main())
