"""Peak resident memory of a sparse training run above that after import: ``python -m bench.memory FOLDER_OF_MNIST``.

Each run is a process of its own, so that nobody's leavings count.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import numpy as np

from bench.idx import images, labels

DTYPES = ("float32", "uint8")
DENSITY = 0.045  # of 784-1000-1000-1000-10: 126,000 weights


def peak() -> float:
    """MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def run(folder: Path, dtype: str) -> None:
    import glasshouse

    bare = peak()
    glasshouse.MLPClassifier((2,), max_iter=1, tol=0).partial_fit(np.eye(2), [0, 1], classes=[0, 1])
    loaded = peak()  # scikit-learn and the kernels are there
    X, y = images(folder, "train", dtype), labels(folder, "train")
    model = glasshouse.MLPClassifier(
        (1000, 1000, 1000), density=glasshouse.Density(DENSITY), batch_size=128, max_iter=2, random_state=0
    )
    before = peak()
    model.fit(X, y)
    print(
        f"{dtype}: {peak() - bare:.0f} MB above import glasshouse, {peak() - loaded:.0f} above what that loads when "
        f"it is used, {peak() - before:.0f} of it while fitting"
    )


if __name__ == "__main__":
    if len(sys.argv) > 2:
        run(Path(sys.argv[1]), sys.argv[2])
    else:
        for dtype in DTYPES:
            subprocess.run([sys.executable, "-m", "bench.memory", sys.argv[1], dtype], check=True)
