"""What a sweep found: trials by rank, the model, the default's beside it; all of it as text, JSON or a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from ..models.model import Model
from ..models.scores import Difference, score_name
from .halving import RUNGS
from .outcome import LOWER, Outcome
from .space import KEYS

__all__ = ["Sweep", "Trial", "ranked"]

SHOWN = 12  # trials on a screen
SHORT = {
    "learning_rate": "rate",
    "batch_size": "batch",
    "initializer": "initial",
    "epochs": "at most",
}  # of many columns


@dataclass(frozen=True)
class Trial:
    """One recipe, as far as it came.

    Attributes
    ----------
    number : int
        0 is the default recipe, which is what `train` takes by itself.
    settings : dict
        What is not as the default has it.
    score : float or None
        The metric on the validation rows, of the best epoch; None if training diverged.
    ended : str
        'finished'; 'stopped', because others were better early on; or 'diverged'.
    """

    number: int
    settings: dict[str, Any]
    score: float | None
    epochs: int
    best_epoch: int
    parameters: int
    seconds: float
    ended: str


def ranked(outcomes: Sequence[Outcome], settings: Sequence[dict[str, Any]], metric: str) -> list[Trial]:
    """Those that finished, the best first; then those that were stopped, who came farther first; then the diverged."""
    last = {o.trial: o for o in sorted(outcomes, key=lambda o: o.rung)}
    seconds = {number: sum(o.seconds for o in outcomes if o.trial == number) for number in last}
    sign = 1 if metric in LOWER else -1

    def place(o: Outcome) -> tuple[bool, int, float, int]:
        return o.score is None, -o.rung, sign * (o.score or 0.0), o.trial

    return [
        Trial(
            o.trial,
            settings[o.trial],
            o.score,
            o.epochs,
            o.best_epoch,
            o.parameters,
            seconds[o.trial],
            "diverged" if o.score is None else "finished" if o.rung == RUNGS - 1 else "stopped",
        )
        for o in sorted(last.values(), key=place)
    ]


@dataclass(frozen=True, eq=False)
class Sweep:
    """What `sweep` found; print it for the leaderboard.

    Attributes
    ----------
    trials : list of Trial
        By rank. Only those that finished can be the best.
    metric : str
        The score of the validation rows that chose.
    model : Model
        The best recipe, trained by `train`.
    default : Model or None
        The default recipe, trained on the same rows; None if that diverges.
    difference : Difference or None
        The best's test score less the default's, row by row: of right labels, or of squared errors.
    asked : int
        How many trials were asked for.
    exhausted : bool
        Whether there are fewer because the space holds no more; else draws in a row brought no new recipe.
    space : dict
        What was swept.
    seconds : float
        Of this run; trials that stood in the folder already took none of it.
    path, folder : Path or None
        Where the model was written, and where the trials stand.
    """

    trials: list[Trial]
    metric: str
    model: Model
    default: Model | None
    difference: Difference | None
    asked: int
    exhausted: bool
    space: dict[str, Any] = field(repr=False)
    seconds: float
    path: Path | None = None
    folder: Path | None = None

    @property
    def best(self) -> Trial:
        """The first of the trials."""
        return self.trials[0]

    @property
    def leaderboard(self) -> pa.Table:
        """The trials as a table, by rank; a setting that is the default's is null."""
        names = self._swept
        rows = [
            {
                "rank": rank,
                "trial": trial.number,
                self.metric: trial.score,
                "epochs_trained": trial.epochs,
                "parameters": trial.parameters,
                "seconds": trial.seconds,
                "ended": trial.ended,
                **{name: _cell(trial.settings[name]) if name in trial.settings else None for name in names},
            }
            for rank, trial in enumerate(self.trials, start=1)
        ]
        return pa.Table.from_pylist(rows)

    @property
    def _swept(self) -> list[str]:
        return [key for key in KEYS if any(key in trial.settings for trial in self.trials)]

    def to_dict(self) -> dict[str, Any]:
        """All of it, as JSON holds it."""
        return {
            "metric": self.metric,
            "seed": self.model.recipe.seed,
            "asked": self.asked,
            "space": self.space,
            "best": self.best.number,
            "trials": [vars(trial) for trial in self.trials],
            "scores": {name: {**model.scores, "intervals": model.intervals} for name, model in self._judged},
            "difference": None if self.difference is None else self.difference._asdict(),
            "seconds": self.seconds,
            "model": None if self.path is None else str(self.path),
            "folder": None if self.folder is None else str(self.folder),
        }

    @property
    def _judged(self) -> list[tuple[str, Model]]:
        return [(name, model) for name, model in (("default", self.default), ("best", self.model)) if model is not None]

    def lines(self, most: int | None = SHOWN) -> list[str]:
        """The leaderboard as text: so many trials, or all of them."""
        shown = self.trials[:most]
        heads = ["rank", "trial", score_name(self.metric), "epochs", "parameters", "seconds"]
        rows = [heads + [SHORT.get(name, name) for name in self._swept]]
        rows += [self._cells(rank, trial) for rank, trial in enumerate(shown, start=1)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        texts = ["  " + "  ".join(cell.rjust(width) for cell, width in zip(row, widths)) for row in rows]
        lines = texts[:1]
        for text, trial, before in zip(texts[1:], shown, [None, *shown]):
            if trial.ended != "finished" and (before is None or before.ended != trial.ended):
                lines.append(f"  {trial.ended}{' early' if trial.ended == 'stopped' else ''}:")
            lines.append(text)
        left = len(self.trials) - len(shown)
        return lines + ([f"  and {left} more"] if left else [])

    def _cells(self, rank: int, trial: Trial) -> list[str]:
        settings = trial.settings
        return [
            str(rank),
            str(trial.number) if settings else "default",
            "–" if trial.score is None else shown_score(self.metric, trial.score),
            str(trial.epochs),
            f"{trial.parameters:,}",
            f"{trial.seconds:.1f}",
            *(str(_cell(settings[name])) if name in settings else "–" for name in self._swept),
        ]

    def __repr__(self) -> str:
        finished = sum(trial.ended == "finished" for trial in self.trials)
        chose = f"{score_name(self.metric)} of {self.model.scores['validation']['rows']:,} validation rows"
        head = f"{len(self.trials)} trials by {chose}, {finished} of them to the end"
        return "\n".join([head, *self.lines()])


def shown_score(metric: str, value: float) -> str:
    """A score with four decimals; errors in the target's units with five digits."""
    return f"{value:,.5g}" if metric in ("rmse", "mae") else f"{value:.4f}"


def _cell(value: Any) -> Any:
    """A setting as one would type it."""
    return (",".join(map(str, value)) or "0") if isinstance(value, tuple) else value
