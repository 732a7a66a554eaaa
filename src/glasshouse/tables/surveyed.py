"""What a pass over a large table, or over some of its portions, finds; findings of portions add up."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from .blocks import Block
from .sketches import Sketch

__all__ = ["Kept", "Survey"]


@dataclass(frozen=True, eq=False)
class Kept:
    """Rows of a block that are kept, and the portion and the side they are of."""

    portion: int
    side: int
    block: Block


@dataclass(frozen=True, eq=False)
class Survey:
    """What a pass over some portions found.

    Attributes
    ----------
    learned, others : dict of str to Sketch
        Of the rows that train and have a target; of all others.
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
        return Survey(
            {name: sketch + other.learned[name] for name, sketch in self.learned.items()},
            {name: sketch + other.others[name] for name, sketch in self.others.items()},
            sorted([*self.kept, *other.kept], key=lambda kept: kept.portion),
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
