"""HAR on a Cortex-M0+: ours pruned and in int8, dense int8 networks, and emlearn's export of their like in floats.

``python -m bench.embedded ../shared/data`` trains on har_wle_train.csv.gz (rows of one recording stand on both sides of
its split from har_wle_validate.csv.gz), links everything with arm-none-eabi-gcc at -Os, and prints bytes and accuracy.
With ``--blocks`` the same sequence is judged on stretches of time it has not seen.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import emlearn
import numpy as np
import pyarrow as pa
from sklearn.neural_network import MLPClassifier

import glasshouse as gh
from glasshouse.exporting.c.mcu import FLAGS, LINK, MCUS, _sections
from glasshouse.exporting.c.writer import templates
from glasshouse.tables.reading import as_table

np.seterr(all="warn")  # emlearn makes NumPy raise for the whole process
TARGET = "classe"
DENSE = ((16, 8), (24, 12), (32, 16), (40, 20), (48, 24), (64, 32))
FIRMWARE = """
#include <stdint.h>
extern unsigned int stack_top, data_from, data_start, data_end, bss_start, bss_end;
int32_t har_predict(const float *features, int32_t n);
float features[{n}];
volatile int32_t answer;
void reset(void);
__attribute__((section(".vectors"), used)) void (*const vectors[2])(void) = {{(void (*)(void))&stack_top, reset}};
void reset(void) {{ for (;;) {{ answer = har_predict(features, {n}); }} }}
"""


def pruned(train: object, **options: object) -> tuple[gh.Model, gh.Model]:
    """The documented sequence: a network of two layers, and with its inputs cut to 24, its units to 45 %."""
    whole = gh.train(train, target=TARGET, hidden=(64, 32), epochs=300, baselines=False, out="", **options)
    small = gh.prune(whole, train, grain="inputs", density=0.46, epochs=300, out="").model
    return whole, gh.prune(small, train, grain="units", density=0.45, criterion="obd", epochs=1000, out="").model


def exported(model: gh.Model, table: object) -> tuple[int, int, float]:
    """Bytes of flash and memory, and accuracy, in int8."""
    with tempfile.TemporaryDirectory() as folder:
        found = gh.export(model, int8=True, table=table, out=folder, name="har")
    assert found.proof.holds
    assert found.size is not None
    assert found.scores is not None
    return found.size.flash, found.size.ram, found.scores.after["accuracy"]


def through_emlearn(hidden: tuple[int, ...], train: object, judge: object) -> tuple[int, int, float]:
    """The same, of scikit-learn's network of this shape as emlearn writes it: floats, rows that are scaled already."""
    frames = [as_table(table) for table in (train, judge)]
    model = gh.train(train, target=TARGET, hidden=(4,), epochs=1, baselines=False, out="")
    X, X_judge = (model.encoder.encode(frame).dense() for frame in frames)
    y, y_judge = (model.labels_in(frame).y for frame in frames)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = MLPClassifier(hidden, max_iter=300, random_state=0).fit(X, y)
    code = emlearn.convert(theirs, method="inline").save(name="har")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "har.c").write_text(code)
        (place / "firmware.c").write_text(FIRMWARE.format(n=X.shape[1]))
        (place / "firmware.ld").write_text(templates().get_template("firmware.ld").render())
        gcc = ["arm-none-eabi-gcc", *FLAGS, *MCUS["cortex-m0plus"].flags, f"-I{emlearn.includedir}", "-Wno-psabi"]
        words = [*gcc, "har.c", "firmware.c", *LINK, "-lm", "-o", "firmware.elf"]
        subprocess.run(words, cwd=place, check=True, capture_output=True)
        total = _sections(place / "firmware.elf")
    return total["text"] + total["data"], total["data"] + total["bss"], float(theirs.score(X_judge, y_judge))


def blocks(train: object, parts: int = 5) -> list[tuple[float, float]]:
    """Accuracy on stretches of time that were not trained on: of the whole network, of the small one in int8."""
    table = as_table(train)
    names = list(table.columns)
    frame = pa.table({name: table.columns[name].text() for name in names})
    classes = np.array(frame[TARGET].to_pylist())
    stretch = np.zeros(len(classes), int)
    for label in np.unique(classes):
        rows = np.flatnonzero(classes == label)
        stretch[rows] = np.arange(len(rows)) * 2 * parts // len(rows)
    scores = []
    for fold in range(parts):
        held = stretch // 2 == fold
        some = frame.append_column("stretch", pa.array([f"s{s}" for s in stretch])).filter(pa.array(~held))
        judges = frame.filter(pa.array(held))
        whole, small = pruned(some, group="stretch")
        scores.append((whole.evaluate(judges).scores["accuracy"], exported(small, judges)[2]))
    return scores


def main() -> int:
    folder = Path(sys.argv[1])
    train, judge = folder / "har_wle_train.csv.gz", folder / "har_wle_validate.csv.gz"
    if "--blocks" in sys.argv:
        for name, scores in zip(("whole", "small, int8"), zip(*blocks(train), strict=True), strict=True):
            each = ", ".join(f"{score:.3f}" for score in scores)
            print(f"{name}: {np.mean(scores):.3f} ± {np.std(scores, ddof=1):.3f}: {each}")
        return 0
    ours = exported(pruned(train, test=judge)[1], judge)
    print(f"{'ours, pruned, int8':36}{ours[0]:>8,} B flash{ours[1]:>8,} B memory   accuracy {ours[2]:.4f}", flush=True)
    for hidden in DENSE:
        dense = exported(
            gh.train(train, target=TARGET, hidden=hidden, epochs=500, test=judge, baselines=False, out=""), judge
        )
        theirs = through_emlearn(hidden, train, judge)
        for name, (flash, memory, accuracy) in (("dense, int8", dense), ("emlearn, float", theirs)):
            words = f"{name}, {'-'.join(map(str, hidden))}"
            print(
                f"{words:36}{flash:>8,} B flash{memory:>8,} B memory   accuracy {accuracy:.4f}   "
                f"{ours[0] / flash:.2f} of its flash",
                flush=True,
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
