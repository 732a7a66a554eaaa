"""What a judgement of a model on rows says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy.typing as npt

from ..tables.encoder import Surprises
from .intervals import Interval
from .labels import Labels
from .scores import ClassScores

__all__ = ["Judgement"]

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Judgement:
    """What `Model.evaluate` found: how many rows had a target, their scores, and what was odd about them.

    Attributes
    ----------
    each : (rows,)
        What each row adds to the score: 1 where the label is right, or minus the squared error.
    intervals : dict of str to (low, high)
        Of each score, the 95 % interval.
    classes : list of ClassScores
        Precision, recall and F1 of each class.
    part : str
        Which rows these are: 'test' or 'training' of the very table the model was trained on, or 'other'.
    """

    rows: int
    scores: dict[str, float]
    labels: Labels
    surprises: Surprises
    each: Array = field(repr=False)
    intervals: dict[str, Interval]
    classes: list[ClassScores]
    part: str = "other"
