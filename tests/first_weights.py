"""Is the initialiser that preflight recommends the best one to train with? ``python tests/first_weights.py [SEED]``.

Tanh and ReLU, 2 to 10 hidden layers, five tables a cell, every candidate trained to early stopping. A recommendation is
good if its mean skill is within 0.02 of the best one's, or not worse by a paired one-sided 95 % test.
"""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
from doctored import accuracy_of, majority_of
from faults import Case, healthy

from glasshouse.health.preflight import CANDIDATES, preflight_of
from glasshouse.health.remedies import trial
from glasshouse.training.recipe import Recipe

TABLES = 5
BEYOND_CHANCE = 2.132  # of Student's t with 4 degrees of freedom, one side, 95 %


def skill(case: Case, recipe: Recipe) -> float:
    """How far from the majority to all right the trained network is on the test rows."""
    network = trial(case.course._replace(recipe=recipe), case.data, case.validation).network
    return (accuracy_of(network, case) - majority_of(case)) / (1 - majority_of(case))


def main(seed: int) -> None:
    good, names = [], [first.name for first in CANDIDATES]
    print(f"| activation, layers | recommended | {' | '.join(names)} | good |\n|---{'|---' * (len(names) + 2)}|")
    for activation in ("relu", "tanh"):
        for depth in range(2, 11):
            skills, chosen = np.empty((TABLES, len(CANDIDATES))), []
            for k in range(TABLES):
                case = healthy(np.random.default_rng((seed, k, depth)), depth)
                recipe = replace(case.course.recipe, activation=(activation,))
                recommended = preflight_of(recipe, case.data).recommended
                assert recommended is not None
                chosen.append(names.index(recommended.name))
                skills[k] = [skill(case, replace(recipe, initializer=first)) for first in CANDIDATES]
            behind = skills[:, skills.mean(axis=0).argmax()] - skills[np.arange(TABLES), chosen]
            deviation = behind.std(ddof=1) / TABLES**0.5
            good.append(behind.mean() <= 0.02 or behind.mean() < BEYOND_CHANCE * deviation)
            cells = " | ".join(f"{mean:.3f}" for mean in skills.mean(axis=0))
            which = ", ".join(sorted({names[k] for k in chosen}))
            print(f"| {activation}, {depth} | {which} | {cells} | {'yes' if good[-1] else 'no'} |", flush=True)
    print(f"good in {sum(good)} of {len(good)} cells")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
