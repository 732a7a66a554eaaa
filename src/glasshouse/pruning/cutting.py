"""Cutting while a network trains: before an epoch, down to what a schedule leaves."""

from __future__ import annotations

import numpy as np

from ..errors import OptionError, choose, expect_number
from ..training.batches import Data
from ..training.recipe import Recipe
from ..training.state import State
from ..training.watchers import Watcher
from .criteria import Criterion
from .criteria import criterion as criterion_of
from .evidence import Evidence
from .grains import GRAINS, cut, pieces
from .schedule import Cubic

__all__ = ["Cutting", "GradualPruning"]


class Cutting(Watcher):
    """Cuts what counts least; it does not return, unless the recipe has an `Evolution` that grows something.

    Parameters
    ----------
    schedule : Cubic
    criterion : Criterion
    evidence : Evidence, optional
        Needed by criteria that look at rows.
    whole : int
        How many pieces a density of 1 is.
    grain : {'weights', 'units', 'inputs'}
    """

    def __init__(
        self, schedule: Cubic, criterion: Criterion, evidence: Evidence | None, whole: int, grain: str = "weights"
    ):
        self.schedule, self.criterion, self.evidence = schedule, criterion, evidence
        self.whole, self.grain = whole, grain

    def before_epoch(self, state: State) -> None:
        count = max(1, round(self.schedule.at(state.epoch) * self.whole))
        if count >= pieces(state.network, self.grain):
            return
        state.move(*cut(state.network, self.criterion, self.evidence, self.grain, count))
        state.best, state.mark, state.waited = None, -np.inf, 0  # what was best was larger


class GradualPruning(Watcher):
    """Prunes a network while it trains: give it to `fit` among the watchers.

    Parameters
    ----------
    density : float
        The share of the connections, units or inputs that is left in the end.
    criterion : str
        By which weights count: see docs/pruning.md.
    begin, until : float
        The shares of `max_epochs` at which the first and the last cut is made, along a cubic curve.
    grain : {'weights', 'units', 'inputs'}

    Raises
    ------
    OptionError
        If a name is unknown, or a number out of its range.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from glasshouse import GradualPruning, MLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> sparse = MLPClassifier(max_iter=60, early_stopping=True, random_state=0)
    >>> sparse.fit(X, y, watchers=[GradualPruning(0.1)]).network_.n_weights  # of 700
    70
    """

    def __init__(
        self,
        density: float,
        criterion: str = "magnitude",
        *,
        begin: float = 0.0,
        until: float = 0.75,
        grain: str = "weights",
    ):
        expect_number("density", density, lambda d: 0 < d <= 1, "above 0 and at most 1, the share that is kept")
        expect_number("begin", begin, lambda b: 0 <= b < 1, "at least 0 and below 1, a share of the epochs")
        expect_number("until", until, lambda u: begin <= u <= 1, "at least begin and at most 1, a share of the epochs")
        choose("grain", grain, GRAINS)
        self.density, self.criterion, self.begin, self.until, self.grain = density, criterion, begin, until, grain
        self._row = criterion_of(criterion)
        self._cutting: Cutting | None = None

    def before_fit(self, state: State, data: Data, recipe: Recipe) -> None:
        if self._row.needs_rows and callable(recipe.loss):
            raise OptionError(f"criterion {self._row.name!r} needs a loss of the table: choose 'magnitude'")
        evidence = Evidence(recipe.loss, data, recipe.loss_scale).some() if self._row.needs_rows else None  # type: ignore[arg-type]
        begin, end = (round(share * recipe.max_epochs) for share in (self.begin, self.until))
        whole = recipe.initialized(data.X.shape[1], data.Y.shape[1])
        schedule = Cubic(self.density, begin, end)
        self._cutting = Cutting(schedule, self._row, evidence, pieces(whole, self.grain), self.grain)

    def before_epoch(self, state: State) -> None:
        assert self._cutting is not None
        self._cutting.before_epoch(state)
