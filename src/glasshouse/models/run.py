"""How a training went: what the screen of ``glasshouse train`` shows, and a saved model does not keep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from ..health.findings import Diagnosis
    from ..tables.columns import Column
    from ..tables.encoder import Surprises
    from ..tables.reading import Table
    from ..tables.splitting import Split
    from .baselines import Baseline
    from .labels import Labels
    from .leaks import Leak
    from .prepared import Sizes
    from .scores import Difference

__all__ = ["Run"]


@dataclass(frozen=True, eq=False)
class Run:
    """How a training went: all that the screen of ``glasshouse train`` shows.

    Attributes
    ----------
    leaks : list of Leak
        Columns that tell the target too well to be true.
    health : Diagnosis
        What the doctor found who watched the training.
    table, n_rows : Table, int
        What was read, and how many rows there are: of a table that was read in parts, a sample is held.
    ranks : int
        How many processes trained it together.
    interrupted : bool
        Whether somebody ended the training by hand; the model is the best so far.
    differences : list of (Baseline, Difference)
        The network's test score minus each baseline's, row by row.
    """

    table: Table
    n_rows: int
    columns: list[Column]
    sizes: Sizes
    split: Split
    without_target: int
    leaks: list[Leak]
    health: Diagnosis
    test_labels: Labels
    surprises: Surprises
    epochs: int
    best_epoch: int
    ranks: int
    interrupted: bool
    seconds: float
    baselines: list[Baseline]
    differences: list[tuple[Baseline, Difference]]
    path: Path | None
