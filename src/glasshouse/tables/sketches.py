"""What a column of any length holds, in bounded memory: integer counts that add up, whatever the rows were cut into.

A `Tally` counts numbers in buckets: the numbers of one sign, exponent and first bits of the mantissa. It begins with
all 52 bits, which is each number apart, and drops a bit whenever there are more than `MOST_BUCKETS`. How many bits are
left in the end depends on all numbers together and on nothing else, so the tally of a table is the same from any split
of its rows, in any order (a uniform collapse, as in UDDSketch, Epicoco et al. 2020).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ..errors import TableError
from .blocks import Column
from .cells import Cells, Counted
from .columns import Column as Described
from .columns import describe
from .dates import order_of
from .words import EXACT, LARGEST, WRITTEN, Words, missing_mask, numbers, readings, words_of

__all__ = ["MOST_WORDS", "Sketch", "Tally", "quantiles", "sketch_of", "tally_of"]

Array = npt.NDArray[Any]
MOST_BUCKETS = 1 << 15
MOST_WORDS = 1 << 17  # distinct texts that are told apart
MOST_BYTES = 1 << 22  # of them
MANTISSA = 52
NO_WORDS = Counted(Words(pa.array([], pa.string())), np.zeros(0, np.int64))
MINUTES = (
    r"^([0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}[ T][0-9]{1,2}):[0-5][0-9](?::(?:[0-5][0-9]|60)(?:\.[0-9]+)?)?"
    r"(Z|[+-][0-9]{2}:?[0-9]{2})?$"
)


@dataclass(frozen=True, eq=False)
class Tally:
    """Counts of numbers in buckets.

    Attributes
    ----------
    keys : (n_buckets,) int64, ascending
        Sign, exponent and the first `bits` bits of the mantissa; negative numbers below 0.
    counts : (n_buckets,) int64
    bits : int
        52 while every number is apart.
    sums : (2,) uint64
        Of the numbers and of their squares, modulo 2^64, where all are whole: what tells row numbers from others.
    whole : bool
    """

    keys: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    counts: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    bits: int = MANTISSA
    sums: npt.NDArray[np.uint64] = field(default_factory=lambda: np.zeros(2, np.uint64))
    whole: bool = True
    low: float = np.inf
    high: float = -np.inf

    @property
    def n_rows(self) -> int:
        return int(self.counts.sum())

    @property
    def values(self) -> npt.NDArray[np.float64]:
        """The number that stands for each bucket: itself, or the middle."""
        shift = MANTISSA - self.bits
        negative = self.keys < 0
        magnitude = np.where(negative, ~self.keys, self.keys) << shift
        if shift:
            magnitude += np.int64(1) << (shift - 1)
        values = magnitude.view(np.float64)
        return np.clip(np.where(negative, -values, values), self.low, self.high)

    def __add__(self, other: Tally) -> Tally:
        bits = min(self.bits, other.bits)
        keys = np.concatenate([tally.keys >> (tally.bits - bits) for tally in (self, other)])
        order = np.argsort(keys, kind="stable")
        counts = np.concatenate((self.counts, other.counts))[order]
        whole = self.whole and other.whole
        return replace(
            self,
            sums=self.sums + other.sums if whole else np.zeros(2, np.uint64),
            whole=whole,
            low=min(self.low, other.low),
            high=max(self.high, other.high),
            **_folded(keys[order], counts, bits),
        )

    @property
    def counts_rows(self) -> bool:
        """Whether the numbers are whole, from one to another, each once."""
        n = self.n_rows
        if not self.whole or n == 0 or self.high - self.low + 1 != n:
            return False
        a, b = int(self.low), int(self.high)
        plain, squares = (a + b) * n // 2, _squares(b) - _squares(a - 1)
        return [int(total) for total in self.sums] == [plain % (1 << 64), squares % (1 << 64)]


def _squares(n: int) -> int:
    """1 + 4 + … + n²; the polynomial, which holds below 0 too."""
    return n * (n + 1) * (2 * n + 1) // 6


def tally_of(
    values: npt.NDArray[np.float64], counts: npt.NDArray[np.int64] | None = None, bits: int = MANTISSA
) -> Tally:
    """Count numbers, none of them NaN, each once or so often, with at most so many bits of the mantissa.

    Examples
    --------
    >>> import numpy as np
    >>> tally_of(np.array([2.0, -1.0, 2.0])).values.tolist()
    [-1.0, 2.0]
    """
    if len(values) == 0:
        return Tally()
    if counts is None:
        ordered = np.sort(values) + 0.0  # there is one zero
    else:
        order = np.argsort(values)
        ordered, counts = values[order] + 0.0, counts[order]
    pattern = ordered.view(np.int64)
    magnitude = (pattern & np.int64(np.iinfo(np.int64).max)) >> (MANTISSA - bits)
    keys = np.where(pattern < 0, ~magnitude, magnitude)
    low, high = float(ordered[0]), float(ordered[-1])
    whole = bool(low > -(2.0**53) and high < 2.0**53 and (ordered == np.rint(ordered)).all())
    sums = np.zeros(2, np.uint64)
    if whole:
        numbers = ordered.astype(np.int64).view(np.uint64)
        of_all = numbers if counts is None else numbers * counts.view(np.uint64)
        sums = np.array([of_all.sum(), (of_all * numbers).sum()], np.uint64)
    return Tally(sums=sums, whole=whole, low=low, high=high, **_folded(keys, counts, bits))


def quantiles(values: npt.NDArray[np.float64], counts: npt.NDArray[np.int64], shares: Sequence[float]) -> list[float]:
    """NumPy's quantiles of numbers that so many rows hold each, without writing the rows out.

    Examples
    --------
    >>> import numpy as np
    >>> quantiles(np.array([1.0, 3.0]), np.array([1, 3]), [0.25, 0.5])
    [2.5, 3.0]
    """
    order = np.argsort(values)
    ordered, upto = values[order], np.cumsum(counts[order])
    found = []
    for share in shares:
        place = (upto[-1] - 1) * share
        below, above = np.searchsorted(upto, (int(place), min(int(place) + 1, upto[-1] - 1)), side="right")
        found.append(float(np.quantile((ordered[below], ordered[above]), place - int(place))))
    return found


def _folded(keys: Array, counts: Array | None, bits: int) -> dict[str, Any]:
    """Ascending keys, each to be counted once or so often: equal ones together, with as many bits dropped as needed."""
    ends = np.flatnonzero(np.diff(keys, append=keys[-1:] + 1))  # the last of each run
    upto = ends + 1 if counts is None else np.cumsum(counts)[ends]
    keys = keys[ends]
    if len(keys) > MOST_BUCKETS:
        dropped = bisect_left(range(bits), True, key=lambda k: _distinct(keys >> k) <= MOST_BUCKETS)
        keys, bits = keys >> dropped, bits - dropped
        ends = np.flatnonzero(np.diff(keys, append=keys[-1:] + 1))
        keys, upto = keys[ends], upto[ends]
    return {"keys": keys, "counts": np.diff(upto, prepend=np.int64(0)), "bits": bits}


def _distinct(keys: Array) -> int:
    """How many different ones there are among ascending keys."""
    return 1 + int(np.count_nonzero(np.diff(keys)))


@dataclass(frozen=True, eq=False)
class Sketch:
    """What a column holds: a tally of its numbers, counts of its words, and how many cells hold nothing.

    A column of text counts its words, the numbers among them, while they are few (`MOST_WORDS`). Of more, the numbers
    go to the tally, dates forget their minutes, and beyond that many others the column is text, whatever it says.

    Attributes
    ----------
    missing : int
        Cells without anything; marks such as NA are words.
    numeric : bool
        Whether the cells are of a type of numbers.
    crowded : bool
        Whether there were too many words to tell apart.
    overflowed : bool
        Whether there were too many others too: then some are not counted.
    written : str
        How its numbers become words; see `Block`.
    """

    tally: Tally = field(default_factory=Tally)
    words: Counted = NO_WORDS
    missing: int = 0
    numeric: bool = True
    crowded: bool = False
    overflowed: bool = False
    uncounted: int = 0
    written: str = WRITTEN

    @property
    def n_rows(self) -> int:
        return self.tally.n_rows + self.words.n_rows + self.missing + self.uncounted

    @property
    def exact(self) -> bool:
        """Whether every cell is known."""
        return not self.crowded and (not self.numeric or self.tally.bits == MANTISSA)

    def counted(self) -> Counted:
        """The distinct cells and their counts, null among them; of an exact sketch, all there are."""
        parts = [self.words]
        if self.missing:
            parts.append(Counted(Words(pa.array([None], pa.string())), np.array([self.missing], np.int64)))
        if len(self.tally.keys):
            parts.append(Counted(Words.of_numbers(self.tally.values, self.written), self.tally.counts))
        words = pa.concat_arrays([part.words for part in parts])
        return Counted(Words(words), np.concatenate([part.counts for part in parts]))

    def described(self, name: str, said: str | None = None) -> Described:
        """The kind of the column, by the rules of `columns` as far as bounded memory can tell.

        Raises
        ------
        TableError
            If a number is infinite, or it was said to be a category and its values cannot all be told apart.
        """
        long = self.written == "int64" and max(-self.tally.low, self.tally.high) >= EXACT
        if long and said in ("category", "boolean"):
            raise TableError(f"column {name!r} is said to be a {said} and has numbers beyond 2^53: write them as text")
        if self.exact:
            return describe(name, self.counted(), said)
        present = self.words.where(~missing_mask(self.words.words))
        n_present = self.tally.n_rows + present.n_rows + self.uncounted
        n_missing, distinct = self.n_rows - n_present, len(self.tally.keys) + len(present.words)
        examples = [*present.words[:1].to_pylist(), *words_of(self.tally.values[:1], self.written).to_pylist(), ""]

        def column(kind: str, reason: str, unreadable: int = 0) -> Described:
            return Described(name, kind, reason, n_missing, distinct, unreadable, examples[0])

        odd = present.n_rows + self.uncounted
        mostly = self.tally.n_rows >= 0.9 * n_present and len(present.words) <= 3 and not self.overflowed
        if said == "number" or (said is None and mostly):
            numbers(name, present.words)  # refuses those that are infinite
        if said in ("category", "boolean"):
            raise TableError(f"column {name!r} is said to be a {said} and has more than {distinct:,} values: drop it")
        if said is not None:
            return column(said, "it was said so", odd if said == "number" else 0)
        if mostly:
            if odd:
                return column("number", f"{self.tally.n_rows} of {n_present} cells are numbers", odd)
            counts = n_missing == 0 and self.tally.counts_rows
            return column("identifier", "counts the rows") if counts else column("number", "every cell is a number")
        if self.tally.n_rows == 0 and not self.overflowed and (order := order_of(present.words)):
            return column("date", f"every cell is a date, {order}")
        return column("text", f"more than {MOST_WORDS:,} different values")

    def numbers(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
        """The numbers, a NaN for all cells that are none, and how many rows hold each."""
        tally, others = self.tally, self.missing + self.uncounted
        if self.numeric or self.crowded:
            others += self.words.n_rows
            values, counts = tally.values, tally.counts
        else:
            values, counts = _known(self.words.words), self.words.counts
        if not others:
            return values, counts
        return np.append(values, np.nan), np.append(counts, np.int64(others))

    def begun(self) -> Sketch:
        """An empty one for more rows of the column, which counts no finer than this one does already."""
        tally = Tally(bits=self.tally.bits)
        return Sketch(tally, numeric=self.numeric, crowded=self.crowded, overflowed=self.overflowed)

    def added(self, column: Column, written: str = WRITTEN) -> Sketch:
        """With the cells of a block's column, whose numbers, if it holds numbers, are written so."""
        if isinstance(column, np.ndarray):
            there = column[~np.isnan(column)]
            here = Sketch(tally_of(there, bits=self.tally.bits), missing=len(column) - len(there), written=written)
            return self + here if self.numeric else self + here.as_text()
        if self.numeric and self.n_rows:
            return self.as_text().added(column, written)
        if self.crowded:
            return self + _crowded(column, self.tally.bits)
        return self + sketch_of(Cells.of(pc.utf8_trim_whitespace(column)).counted())

    def as_text(self) -> Sketch:
        """A column of numbers as one of text that holds their words."""
        if not self.numeric:
            return self
        if self.tally.bits < MANTISSA:
            return replace(self, numeric=False, crowded=True)
        return replace(self, tally=Tally(), words=replace(self, missing=0).counted(), numeric=False)

    def __add__(self, other: Sketch) -> Sketch:
        if self.numeric != other.numeric:
            if self.n_rows == 0 or other.n_rows == 0:
                return other if self.n_rows == 0 else self
            return self.as_text() + other.as_text()
        ours, theirs = (s.spread() if self.crowded or other.crowded else s for s in (self, other))
        found = Sketch(
            ours.tally + theirs.tally,
            _sorted(ours.words + theirs.words),
            ours.missing + theirs.missing,
            self.numeric,
            ours.crowded,
            ours.overflowed or theirs.overflowed,
            ours.uncounted + theirs.uncounted,
            _one_way([s.written for s in (ours, theirs) if len(s.tally.keys)]),
        )
        many = found.overflowed or _too_many(found.words)
        return found.spread().bounded() if many and not self.numeric else found

    def spread(self) -> Sketch:
        """A column of text with too many words: its numbers tallied, dates without their minutes, the rest counted."""
        if self.crowded or self.numeric:
            return replace(self, crowded=True)
        values = _known(self.words.words)
        known = ~np.isnan(values)
        tally = tally_of(values[known], self.words.counts[known])
        return replace(self, tally=tally, words=_sorted(_by_hour(self.words.where(~known))), crowded=True)

    def bounded(self) -> Sketch:
        """Without words beyond the limit: which of them stay says nothing any more, but that there were too many."""
        if not (_too_many(self.words) or self.overflowed):
            return self
        return replace(self, words=NO_WORDS, overflowed=True, uncounted=self.uncounted + self.words.n_rows)


def _too_many(counted: Counted) -> bool:
    """Whether there are more words than are told apart, or longer ones: more of either never become fewer."""
    n_bytes = pc.sum(pc.binary_length(counted.words)).as_py() or 0
    return len(counted.words) > MOST_WORDS or n_bytes > MOST_BYTES


def sketch_of(counted: Counted) -> Sketch:
    """The sketch of a column of text whose cells are counted."""
    found = Sketch(words=_plain(counted), numeric=False)
    return found.spread().bounded() if _too_many(found.words) else found


def _one_way(written: Sequence[str]) -> str:
    """How the numbers of several files are written, if in all of them alike."""
    return written[0] if len(set(written)) == 1 else WRITTEN


def _crowded(column: pa.Array, bits: int) -> Sketch:
    """A block's column of text whose words are too many to be told apart."""
    values = _known(column)
    others = np.isnan(values)
    words = _by_hour(_plain(Cells.of(pc.utf8_trim_whitespace(column.filter(pa.array(others)))).counted()))
    return Sketch(tally_of(values[~others], bits=bits), _sorted(words), numeric=False, crowded=True).bounded()


def _known(words: pa.Array) -> npt.NDArray[np.float64]:
    """Words as numbers, NaN where one is none, or infinite: whoever knows the column refuses it by name."""
    try:
        return numbers("", words)
    except TableError:
        values = readings(pc.utf8_trim_whitespace(words))
        with np.errstate(invalid="ignore"):
            return np.where(np.abs(values) > LARGEST, np.nan, values)


def _by_hour(counted: Counted) -> Counted:
    """Dates without their minutes; words that become the same are one."""
    cut = Cells.of(pc.replace_substring_regex(counted.words, MINUTES, r"\1:00\2"))
    return Counted(cut.known, np.bincount(cut.places, counted.counts, len(cut.words)).astype(np.int64))


def _plain(counted: Counted) -> Counted:
    """Words in one order, whatever came first; nothing is the mark of an empty cell."""
    filled = Counted(Words(counted.words.fill_null("")), counted.counts)
    return _sorted(filled + NO_WORDS if counted.words.null_count else filled)


def _sorted(counted: Counted) -> Counted:
    order = pc.sort_indices(counted.words)
    return Counted(Words(counted.words.take(order)), counted.counts[np.asarray(order)])
