"""Which rows of a large table train, choose and judge: a function of the seed and of where a row stands.

No list of rows is kept, and whoever reads a part of the table deals it alike. A table is large enough that a few of its
rows choose and judge as well as a fifth would, and these few are held in memory.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..seeds import stream
from .blocks import Block
from .splitting import SHARES

__all__ = ["HELD", "SAMPLED", "TEST", "TRAIN", "VALIDATION", "Dealing"]

TRAIN, VALIDATION, TEST, SAMPLED = range(4)  # SAMPLED rows train as well
LEFT_OUT = 255  # rows of a group that is held out, beyond those that are held
HELD = 1 << 16  # at most about so many rows choose, judge, and are kept of those that train
HELD_BYTES = 1 << 25  # at most about so much of them, and of rows however wide so many
FEWEST = 1 << 11
_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class Dealing:
    """How rows are dealt.

    Parameters
    ----------
    n_rows : int
        About how many there are: what the shares are made from, so that at most about `HELD` rows are held of each.
    group : str or None
        The column whose rows of one value stay on one side.
    width : int
        Bytes of a row: of wide rows fewer are held, about `HELD_BYTES` of each side.
    """

    seed: int
    n_rows: int
    with_test: bool = True
    group: str | None = None
    width: int = 8

    @property
    def shares(self) -> tuple[float, float, float]:
        """Of the rows that judge, of those that choose, of those that train and are kept as a sample."""
        most = min(HELD, max(HELD_BYTES // self.width, FEWEST)) / self.n_rows
        shares = SHARES if self.with_test else (4 / 5, 1 / 5, 0.0)
        return min(shares[2], most), min(shares[1], most), min(shares[0], most)

    def sides(self, block: Block, portion: int, start: int) -> npt.NDArray[np.uint8]:
        """The side of each row of a block that begins at a row of a portion."""
        key = np.uint64(stream(self.seed, "split").integers(1 << 63, dtype=np.uint64))
        places = np.arange(start, start + block.n_rows, dtype=np.uint64) + (np.uint64(portion) << np.uint64(40))
        by_row = _uniform(places, key)
        if self.group is None:
            return _dealt(by_row, *self.shares)
        cells = block.cells(self.group)
        words = [b"" if word is None else word.encode() for word in cells.words.to_pylist()]
        hashes = np.array([int.from_bytes(hashlib.sha256(word).digest()[:8], "little") for word in words], np.uint64)
        test, validation, sampled = self.shares
        train, choose, judge = SHARES if self.with_test else (4 / 5, 1 / 5, 0.0)
        sides = _dealt(_uniform(hashes, key), judge, choose, 0.0)[cells.places]
        kept = np.array([sampled / train, validation / choose, test / judge if judge else 0.0])[sides]
        thinned = by_row >= kept
        return np.where(sides == TRAIN, np.where(thinned, TRAIN, SAMPLED), np.where(thinned, LEFT_OUT, sides)).astype(
            np.uint8
        )


def _dealt(u: npt.NDArray[np.float64], test: float, validation: float, sampled: float) -> npt.NDArray[np.uint8]:
    sides = np.searchsorted(np.cumsum([test, validation, sampled]), u, side="right")
    return np.array([TEST, VALIDATION, SAMPLED, TRAIN], np.uint8)[sides]


def _uniform(keys: npt.NDArray[Any], key: np.uint64) -> npt.NDArray[np.float64]:
    """A number from 0 to 1 for each key: SplitMix64 (Steele, Lea, Flood 2014)."""
    with np.errstate(over="ignore"):
        z = (keys + key) * _GOLDEN
        z = (z ^ (z >> np.uint64(30))) * _MIX[0]
        z = (z ^ (z >> np.uint64(27))) * _MIX[1]
        return np.asarray((z ^ (z >> np.uint64(31))) >> np.uint64(11), np.float64) * 2.0**-53
