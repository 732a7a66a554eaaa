"""Every experiment, and the claims by what they are called."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable
from functools import cache

from ..errors import choose
from . import experiments
from .claims import KINDS, Claim, Experiment

__all__ = ["claims", "deciding", "every_experiment"]


@cache
def every_experiment() -> tuple[Experiment, ...]:
    """One of each file in `experiments`, kind by kind."""
    names = [module.name for module in pkgutil.iter_modules(experiments.__path__)]
    found = [importlib.import_module(f"{experiments.__name__}.{name}").EXPERIMENT for name in sorted(names)]
    return tuple(sorted(found, key=lambda experiment: KINDS.index(experiment.kind)))


def claims() -> dict[str, tuple[Experiment, Claim]]:
    """Each claim by its name, with the experiment that decides it."""
    return {claim.id: (experiment, claim) for experiment in every_experiment() for claim in experiment.claims}


def deciding(names: Iterable[str]) -> list[tuple[Experiment, tuple[Claim, ...]]]:
    """The experiments that decide these claims, each once.

    Raises
    ------
    OptionError
        If no claim is called so.

    Examples
    --------
    >>> deciding(("init-relu-hee",))
    Traceback (most recent call last):
    glasshouse.errors.OptionError: no claim is called 'init-relu-hee': did you mean 'init-relu-he'?
    """
    asked = [choose("claim", name, claims()) for name in names]
    return [
        (experiment, chosen)
        for experiment in every_experiment()
        if (chosen := tuple(claim for claim in experiment.claims if claim.id in asked))
    ]
