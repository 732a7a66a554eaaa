"""What every encoding makes of the distinct cells of its column, and how such codes are put together."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .words import Words

__all__ = ["SWITCH", "Bounds", "Read", "nowhere", "side_by_side"]

Bounds = tuple[float, float]  # between which numbers a feature lies
SWITCH: Bounds = (0.0, 1.0)


class Read(NamedTuple):
    """What an encoding makes of each distinct cell of its column.

    Attributes
    ----------
    codes : (n_words, n_features) float32, or (n_words,) the place of the one feature that is 1, -1 for none
    unreadable, unseen : (n_words,) bool
        Cells that are not as in training: no numbers, no dates; categories that training never had.
    """

    codes: npt.NDArray[Any]
    unreadable: npt.NDArray[np.bool_]
    unseen: npt.NDArray[np.bool_]


def side_by_side(*features: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Features of each word as columns."""
    return np.column_stack([feature.astype(np.float32) for feature in features])


def nowhere(words: Words) -> npt.NDArray[np.bool_]:
    return np.zeros(len(words), bool)
