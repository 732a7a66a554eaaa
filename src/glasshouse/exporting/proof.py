"""What a proof says: how far what was written is from the model, on rows of a table."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["TIE", "Proof", "RoundedProof", "distances", "farthest", "spread_of", "told_apart"]

Array = npt.NDArray[Any]
SAME_LABELS = 0.999
TIE = 1e-5  # outputs so near to each other may be told apart either way


@dataclass(frozen=True)
class Proof:
    """How it did beside the model, or beside the arithmetic of whole numbers that it has to follow.

    Attributes
    ----------
    by : str
        The compiler or runtime that ran it; '' where there was none.
    rows : int
    largest : float
        The largest difference of an output, relative to max(1, |output|), of numbers to their spread where that is
        more; of whole numbers, in their last place.
    agree : int
        Rows with the same label; a tie within 1e-5 may go either way. Of numbers, those within 1e-5.
    reason : str
        Why there is no proof, where there is none; then rows is 0.
    whole : bool
        Whether whole numbers were compared.
    """

    by: str
    rows: int
    largest: float
    agree: int
    reason: str = ""
    whole: bool = False

    @classmethod
    def none(cls, reason: str) -> Proof:
        return cls("", 0, float("nan"), 0, reason)

    def and_of(self, other: Proof) -> Proof:
        """The two of them together: rows of one table, and of another."""
        if self.reason or other.reason:
            return self if self.reason else other
        largest = max(self.largest, other.largest)
        return replace(self, rows=self.rows + other.rows, largest=largest, agree=self.agree + other.agree)

    @property
    def holds(self) -> bool:
        """Whether every output is within 1e-5, or, of whole numbers, the same, and every label."""
        return not self.reason and self.agree == self.rows and self.largest <= (0 if self.whole else TIE)

    def __str__(self) -> str:
        if self.reason:
            return f"not proved: {self.reason}"
        what = "in the last place" if self.whole else "of an output"
        to = "the integer arithmetic" if self.whole else "the model"
        rows = f"{self.agree:,} of {self.rows:,} rows"
        return f"{self.by}: equal to {to} on {rows}, largest difference {self.largest:.2g} {what}"


def farthest(wanted: Array, found: Array) -> float:
    """The largest difference relative to max(1, |wanted|); what is no number is infinitely far."""
    return float(distances(wanted, found).max(initial=0.0))


def distances(wanted: Array, found: Array, spread: float = 1.0) -> npt.NDArray[np.float64]:
    """Each difference relative to max(1, spread, |wanted|)."""
    wanted = wanted.astype(np.float64)
    far = np.abs(wanted - found) / np.maximum(max(1.0, spread), np.abs(wanted))
    return np.asarray(np.where(np.isnan(far), np.inf, far))


def spread_of(outputs: Array) -> float:
    """The standard deviation of predicted numbers: an error is judged by it where one of them is near 0."""
    return float(np.std(outputs.astype(np.float64))) if outputs.size else 1.0


@dataclass(frozen=True)
class RoundedProof(Proof):
    """Of whole numbers that two sides round differently: a half up, or to the even one; in float, or in double."""

    @property
    def holds(self) -> bool:
        """Whether no value is more than 1 off in its last place, and 999 of 1,000 labels are the same."""
        return not self.reason and self.largest <= 1 and self.agree >= SAME_LABELS * self.rows


def told_apart(outputs: Array, middle: float = 0.5, *, each: bool = False) -> npt.NDArray[np.bool_]:
    """Where the best two outputs are more than a tie apart; a single one, or `each` of them, and the middle."""
    if outputs.shape[1] == 1 or each:
        return np.asarray((np.abs(outputs - middle) >= TIE).all(axis=1))
    best = np.sort(outputs, axis=1)
    return np.asarray(best[:, -1] - best[:, -2] >= TIE)
