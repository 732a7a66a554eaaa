"""What training a trial to a rung came to: one JSON line, which a later run reads back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ..storage import finite, restored
from .halving import RUNGS, Task

__all__ = ["LOWER", "SCHEMA_VERSION", "Outcome", "value_of"]

SCHEMA_VERSION = 1
LOWER = ("log_loss", "rmse", "mae")  # the lower the better


@dataclass(frozen=True)
class Outcome:
    """What a task came to.

    Attributes
    ----------
    score : float or None
        The metric on the validation rows, of the best epoch so far; None if the trial diverged.
    epochs, best_epoch : int
        Since its beginning; and which of them is kept.
    parameters : int
        Of the network that is kept.
    seconds : float
        Of this rung alone.
    message : str
        Why it diverged.
    """

    trial: int
    rung: int
    score: float | None
    epochs: int
    best_epoch: int
    parameters: int
    seconds: float
    message: str = ""

    @property
    def task(self) -> Task:
        return Task(self.trial, self.rung)

    @property
    def last(self) -> bool:
        """Whether the trial has come to its end."""
        return self.rung == RUNGS - 1 or self.score is None

    def line(self, metric: str, settings: Mapping[str, Any]) -> str:
        """As it stands in a file, with what it is of."""
        document = {"schema_version": SCHEMA_VERSION, **asdict(self), "metric": metric, "settings": settings}
        return json.dumps(finite(document), ensure_ascii=False, allow_nan=False)

    @classmethod
    def of_line(cls, line: str, metric: str, settings: list[dict[str, Any]]) -> Outcome:
        """The outcome of a line, if that is what stands there.

        Raises
        ------
        ValueError, TypeError, KeyError
            If it is no such line, or is of a trial with other settings than those drawn.
        """
        document = json.loads(line)
        version, of = document.pop("schema_version"), document.pop("settings")
        found = restored(cls, {name: value for name, value in document.items() if name != "metric"})
        if version != SCHEMA_VERSION or document["metric"] != metric:
            raise ValueError("it is of another version or metric")
        if not (0 <= found.trial < len(settings) and 0 <= found.rung < RUNGS and of == finite(settings[found.trial])):
            raise ValueError("it is of no trial of this sweep")
        return found


def value_of(outcome: Outcome, metric: str) -> float:
    """The score as what chooses compares it: the larger the better."""
    if outcome.score is None:
        return float("-inf")
    return -outcome.score if metric in LOWER else outcome.score
