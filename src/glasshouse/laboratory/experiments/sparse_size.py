"""How much smaller is a sparse network, in its file and in memory?"""

from __future__ import annotations

import tempfile
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

import glasshouse as gh

from ..claims import Claim, Experiment, Observation
from ..figures import Lines
from ..rules import Rule

SHARES = (0.5, 0.2, 0.1, 0.05, 0.02)
FILE, MEMORY = "model file", "memory to load it and answer 32 rows"


def observe(seed: int) -> Iterator[Observation]:
    """Bytes of a dense network and of sparse ones; what they have learned changes none of them."""
    X, y = load_digits(return_X_y=True)
    dense = sizes(X[:64], y[:64], 1.0, seed)
    for share in SHARES:
        sparse = sizes(X[:64], y[:64], share, seed)
        for of in (FILE, MEMORY):
            yield Observation("dense", dense[of], str(share), of)
            yield Observation("sparse", sparse[of], str(share), of)


def sizes(X: np.ndarray, y: np.ndarray, share: float, seed: int) -> dict[str, float]:
    """Kilobytes of a network with this share of the weights of every layer."""
    density = gh.Density(share, "uniform")
    network = gh.MLPClassifier(
        (512, 512), density=density, max_iter=1, dtype="float32", random_state=seed, watch_health=False
    )
    model = gh.from_sklearn(network.fit(X, y))
    with tempfile.TemporaryDirectory() as folder:
        path, table = Path(folder, "network.glass"), Path(folder, "rows.csv")
        model.save(path)
        names = ",".join(model.encoder.feature_names)
        np.savetxt(table, X[:32], fmt="%g", delimiter=",", header=names, comments="")
        held = min(peak(path, table) for _ in range(2))  # the first call also imports what it needs
        return {FILE: path.stat().st_size / 1000, MEMORY: held / 1000}


def peak(path: Path, table: Path) -> int:
    """The most bytes that are allocated at once from reading the file to the answers."""
    tracemalloc.start()
    gh.load(path).predict_proba(table)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


EXPERIMENT = Experiment(
    kind="sparsity",
    question="How much smaller is a sparse network, in its file and in memory?",
    setting="64-512-512-10 networks in single precision; a share of the weights of every layer exists. The file is "
    "measured on disk, memory as the peak of what Python allocates from loading the file to the answers of 32 rows.",
    measure="kB",
    over="share kept",
    claims=(
        Claim(
            id="sparse-smaller",
            says="Fewer connections make a smaller model file",
            rule=Rule("dense", "sparse", times=1, of=FILE),
            when="It depends on how few there are: a weight that may be anywhere is kept with the place of its "
            "input, so it takes twice the bytes. At half of the weights nothing is saved; at a fifth the file "
            "is 2.4 times smaller, at a twentieth 9 times. Whole units that leave need no places: cutting by "
            "units makes smaller files at once.",
        ),
        Claim(
            id="sparse-memory",
            says="Fewer connections take less memory where the network answers",
            rule=Rule("dense", "sparse", times=1, of=MEMORY),
            when="It depends on how few there are. At half of the weights it takes more memory, since a layer with "
            "so many connections is multiplied faster with its zeros written out, next to the sparse form; "
            "from a fifth on there is less of everything. What the inputs and activations of the rows take "
            "stays, and sets a floor.",
        ),
    ),
    observe=observe,
    repetitions=4,
    figure=Lines("share of weights kept", "kB", log_x=True, log_y=True),
)
