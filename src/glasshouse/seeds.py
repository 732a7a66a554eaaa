"""One seed, one child generator for each purpose: what draws for one purpose never shifts the draws of another."""

from __future__ import annotations

import numpy as np

__all__ = ["PURPOSES", "stream"]

PURPOSES = ("weights", "order", "dropout", "split")  # appended to, never reordered: the place is the child's key


def stream(seed: int, purpose: str) -> np.random.Generator:
    """Return the generator of a purpose.

    Examples
    --------
    >>> stream(0, "order").integers(100) == stream(0, "order").integers(100)
    np.True_
    >>> stream(0, "order").integers(1 << 30) == stream(0, "weights").integers(1 << 30)
    np.False_
    """
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(PURPOSES.index(purpose),))))
