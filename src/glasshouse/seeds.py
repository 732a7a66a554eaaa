"""One seed, one child generator for each purpose: what draws for one purpose never shifts the draws of another."""

from __future__ import annotations

import numpy as np

from .errors import OptionError

__all__ = ["PURPOSES", "stream"]

PURPOSES = (
    "weights",
    "order",
    "dropout",
    "split",
    "topology",
    "leaks",
    "evolution",
    "sweep",
)  # appended to, never reordered: the place is the child's key


def stream(seed: int, purpose: str, *place: int) -> np.random.Generator:
    """Return the generator of a purpose, or of a place within it: an epoch, a trial.

    Raises
    ------
    OptionError
        If the seed is not a whole number from 0 to 2³² - 1, which is what every library beside us takes.

    Examples
    --------
    >>> stream(0, "order").integers(100) == stream(0, "order").integers(100)
    np.True_
    >>> stream(0, "order").integers(1 << 30) == stream(0, "weights").integers(1 << 30)
    np.False_
    """
    if not 0 <= seed < 1 << 32:
        raise OptionError(f"seed is {seed}: it must be a whole number from 0 to {(1 << 32) - 1}")
    key = (PURPOSES.index(purpose), *place)
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key)))
