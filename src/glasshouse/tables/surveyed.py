"""What a pass over a large table, or over some of its portions, finds; findings of portions add up."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from .blocks import Block, stacked
from .sketches import Sketch

__all__ = ["Kept", "Survey", "gathered"]

MOST_PIECES = 192  # of rows that are kept, before they are put together: small arrays take more than they hold


@dataclass(frozen=True, eq=False)
class Kept:
    """Rows that are kept of one side, and (n_rows,) the portion each of them is from."""

    side: int
    portions: npt.NDArray[np.int64]
    block: Block


def gathered(kept: Sequence[Kept]) -> list[Kept]:
    """The same rows, those of a side together, in the order of their portions."""
    found = []
    for side in sorted({each.side for each in kept}):
        some = [each for each in kept if each.side == side]
        portions = np.concatenate([each.portions for each in some])
        order = np.argsort(portions, kind="stable")
        found.append(Kept(side, portions[order], stacked([each.block for each in some]).at(order)))
    return found


@dataclass(frozen=True, eq=False)
class Survey:
    """What a pass over some portions found.

    Attributes
    ----------
    learned, others : dict of str to Sketch
        Of the rows that train and have a target; of all others, which count no finer than those: only both together,
        `in_all`, are the same from any split.
    kept : list of Kept
        The rows that choose and judge, and some that train, each with a target.
    n_rows, without_target : int
    trained : dict of int to int
        How many rows of each portion train.
    digests : dict of int to bytes
        SHA-256 of the cells of each portion.
    """

    learned: Mapping[str, Sketch]
    others: Mapping[str, Sketch]
    kept: list[Kept] = field(default_factory=list)
    n_rows: int = 0
    without_target: int = 0
    trained: Mapping[int, int] = field(default_factory=dict)
    digests: Mapping[int, bytes] = field(default_factory=dict)

    def __add__(self, other: Survey) -> Survey:
        kept = [*self.kept, *other.kept]
        return Survey(
            {name: sketch + other.learned[name] for name, sketch in self.learned.items()},
            {name: sketch + other.others[name] for name, sketch in self.others.items()},
            kept if len(kept) <= MOST_PIECES else gathered(kept),
            self.n_rows + other.n_rows,
            self.without_target + other.without_target,
            {**self.trained, **other.trained},
            {**self.digests, **other.digests},
        )

    @property
    def in_all(self) -> dict[str, Sketch]:
        """What the columns hold in every row."""
        return {name: sketch + self.others[name] for name, sketch in self.learned.items()}

    def of_ranks(self, size: int) -> list[int]:
        """How many rows each of so many ranks trains on: portions are dealt to them in turn."""
        return [sum(n for k, n in self.trained.items() if k % size == rank) for rank in range(size)]

    @property
    def fingerprint(self) -> str:
        """SHA-256, in hexadecimal, of every cell."""
        return hashlib.sha256(b"".join(self.digests[k] for k in sorted(self.digests))).hexdigest()
