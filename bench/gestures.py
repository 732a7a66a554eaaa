"""The gesture recordings from samples to answers: C that is pushed one sample at a time beside the windows of Python.

``python -m bench.gestures ../shared/data`` cuts, trains, prunes to five inputs, exports within 12 kB of flash and 1 kB
of memory, compiles it here, and pushes every sample of every recording.
"""

from __future__ import annotations

import gzip
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

import glasshouse as gh
from glasshouse.exporting.c.proof import compiler
from glasshouse.exporting.plan import planned
from glasshouse.exporting.recordings import window_of
from glasshouse.tables.reading import as_table

FILES = ("gesture_flex.csv.gz", "gesture_punch.csv.gz")
LENGTH, STEP = 119, 60
PUSH = """
#include "gesture.h"
#include <math.h>
#include <stdio.h>
int main(void)
{{
    static const double units[GESTURE_CHANNELS] = {{{units}}};
    double x[GESTURE_CHANNELS];
    int16_t sample[GESTURE_CHANNELS];
    char line[256];
    int answer;
    while (fgets(line, sizeof line, stdin)) {{
        unsigned k;
        if (sscanf(line, "%lf,%lf,%lf,%lf,%lf,%lf", x, x + 1, x + 2, x + 3, x + 4, x + 5) != 6) {{
            gesture_restart();
            continue;
        }}
        for (k = 0; k < GESTURE_CHANNELS; k++) {{
            sample[k] = (int16_t)floor(x[k] / units[k] + 0.5);
        }}
        if (gesture_push(sample, &answer)) {{
            puts(gesture_label(answer));
        }}
    }}
    return 0;
}}
"""


def main() -> int:
    files = [Path(sys.argv[1]) / name for name in FILES]
    table = gh.windows(files, length=LENGTH, step=STEP)
    model = gh.train(table, target="label", group="recording", baselines=False, out="")
    model = gh.prune(model, table, grain="inputs", density=0.15, out="").model
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        options = {"int8": True, "table": table, "length": LENGTH, "step": STEP}
        found = gh.export(model, out=place, name="gesture", flash="12k", ram="1k", **options)
        plan = planned(
            found.model, "gesture", int8=True, table=as_table(table), window=window_of(found.model, LENGTH, STEP)
        )
        assert plan.window is not None
        (place / "push.c").write_text(PUSH.format(units=", ".join(map(repr, plan.window.units))))
        cc = compiler()
        assert cc is not None
        subprocess.run([cc, "-std=c99", "-O2", "gesture.c", "push.c", "-o", "push", "-lm"], cwd=place, check=True)
        text = "\n\n".join(gzip.decompress(file.read_bytes()).decode() for file in files)
        made = subprocess.run([str(place / "push")], input=text, capture_output=True, text=True, check=True)
    pushed = np.array(made.stdout.split())
    python = found.model.predict(table)
    assert found.size is not None
    print(f"{found.size.flash:,} B flash, {found.size.ram:,} B memory; {len(pushed)} of {table.num_rows} windows ended")
    print(f"equal to the model on {(pushed == python).sum()}, right on {(pushed == np.array(table['label'])).sum()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
