"""Are the numbers of the worked example right to their last digit?"""

from __future__ import annotations

import json
from collections.abc import Iterator

import glasshouse as gh

from ..claims import Claim, Experiment, Observation
from ..figures import Lines
from ..rules import Rule

UNIT = 1e-4  # of the last digit that is printed
CARRIED = (8, 10, 12, 14)  # decimals that intermediate results are rounded to
PRINTED = {
    "forward": {
        **{"z1": 0.3825, "h1": 0.5945, "z2": 0.3900, "h2": 0.5963},
        **{"z3": 1.1359, "o1": 0.7569, "z4": 1.1955, "o2": 0.7677},
    },
    "error": {"loss": 0.6072},
    "outputs": {"dL/dz3": 0.2749, "dL/dz4": -0.0793},
    "second layer": {
        **{"dL/dw5": 0.1634, "w5_new": 0.3510, "dL/dw7": 0.1639, "w7_new": 0.4508},
        **{"dL/dw6": -0.0471, "w6_new": 0.4641, "dL/dw8": -0.0473, "w8_new": 0.5642},
    },
    "hidden units": {"dL/dz1": 0.0179, "dL/dz2": 0.0226},
    "first layer": {
        **{"dL/dw1": 0.0008, "w1_new": 0.1498, "dL/dw3": 0.0018, "w3_new": 0.2495},
        **{"dL/dw2": 0.0011, "w2_new": 0.1997, "dL/dw4": 0.0023, "w4_new": 0.2993},
    },
}


def observe(seed: int) -> Iterator[Observation]:
    """How far each printed number is from the one worked out, in units of its last digit; nothing is drawn."""
    for decimals in CARRIED:
        steps = json.loads(gh.trace("example:course-sheet").to("json", decimals=decimals, carry=True))["steps"]
        exact = {step["name"]: float(step["result"]) for step in steps}
        line = 0
        for part, numbers in PRINTED.items():
            off = [abs(printed - exact[name]) / UNIT for name, printed in numbers.items()]
            yield Observation("half of the last digit", 0.5, part, "farthest of a part")
            yield Observation("printed number", max(off), part, "farthest of a part")
            for distance in off:
                line += 1
                yield Observation("half of the last digit", 0.5, str(line))
                yield Observation("printed number", distance, str(line))


EXPERIMENT = Experiment(
    kind="backpropagation",
    question="Are the numbers of the worked example of backpropagation right to their last digit?",
    setting="The 2-2-2 network of sigmoid units that the course sheet works out by hand, one step at a learning rate "
    "of 0.3. Each of the 29 numbers it prints is compared with the one that comes out when 8, 10, 12 and 14 decimals "
    "are carried; of each part the farthest counts.",
    measure="distance from the exact number, in units of the last printed digit",
    over="part",
    claims=(
        Claim(
            id="backprop-sheet",
            says="Every number that the worked example prints is the exact one, rounded to four decimals",
            rule=Rule("half of the last digit", "printed number", by=0, of="farthest of a part"),
            when="Of 29 numbers 26 are. The loss is 0.607317, so 0.6073 and not 0.6072; dL/dw1 is 0.000895, so "
            "0.0009 and not 0.0008. Both look cut off instead of rounded, and w1 follows from the second: 0.1497, "
            "not 0.1498. More decimals were carried than are printed: from the printed 0.5945 and 0.5963, z3 would "
            "be 1.1360. dL/dz3 = 0.274850 is rounded by a hair.",
        ),
    ),
    observe=observe,
    repetitions=1,
    figure=Lines("printed number, in the order of the sheet", "distance, units of the last digit", quantities=("",)),
)
