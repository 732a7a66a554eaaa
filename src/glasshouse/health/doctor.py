"""The doctor: looks at a few batches while a network trains, and says what it found when it is done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..errors import TrainingDiverged, expect_number
from ..network.measures import glance, still, updates
from ..training.batches import Data
from ..training.recipe import Recipe
from ..training.watchers import Watcher
from .course import COURSE_RULES
from .examination import ROWS, Examination, Sample, examine
from .findings import KINDS, Diagnosis, Finding
from .rules import RULES

if TYPE_CHECKING:
    from ..network.network import Network
    from ..network.workspace import Workspace
    from ..training.state import State

__all__ = ["Doctor", "diagnosis_of", "findings_of", "verdict"]

STEPS_BETWEEN = 200  # looks at a batch, each of which costs about as much as a step
MOST = 200  # looks that are kept
FEWEST_ROWS = 256
SHARE_OF_ROWS = 0.003  # of all rows that were trained on, those that the last look may take


class Doctor(Watcher):
    """Watch a training run: at most one batch an epoch, none within 200 steps of the last.

    Estimators have one of their own (`watch_health`); give yours in `watchers`, with a smaller `every`, to look closer.

    Parameters
    ----------
    every : int
        Steps between two looks; twice as many whenever there are 200 looks.

    Attributes
    ----------
    samples : list of Sample
        What was seen.

    Examples
    --------
    >>> import numpy as np
    >>> from glasshouse import MLPClassifier
    >>> doctor = Doctor()
    >>> model = MLPClassifier(tol=1.0, random_state=0).fit(np.eye(4), [0, 1, 0, 1], watchers=[doctor])
    >>> doctor.samples[0].epoch
    0
    """

    def __init__(self, every: int = STEPS_BETWEEN):
        expect_number("every", every, lambda steps: steps >= 1, "of at least 1", whole=True)
        self._given = every
        self._begin()

    def _begin(self) -> None:
        self.every = self._given
        self.samples: list[Sample] = []
        self._next, self._epoch = 0, -1
        self._before: npt.NDArray[Any] | None = None
        self._network: Network | None = None

    def before_epoch(self, state: State) -> None:
        """Forget an earlier run when a new one begins."""
        if state.step == 0:
            self._begin()

    def after_step(self, state: State, work: Workspace) -> None:
        """Look at the batch that has just passed; at the step after it, at how far that one moved the weights."""
        if self._before is not None and self._network is state.network:  # not where a cut came in between
            now = state.network.parameters
            self.samples[-1].updates.extend(updates(state.network, self._before, now))
            self.samples[-1].still.extend(still(state.network, self._before, now))
        self._before = None
        if state.step < self._next or state.epoch == self._epoch or work.n == 0:  # a rank without rows in this batch
            return
        self._next, self._epoch = state.step + self.every, state.epoch
        self.samples.append(Sample(state.epoch, state.step, *glance(work), [], []))
        if len(self.samples) > MOST:  # a long run is looked at half as often, and so was
            self.samples, self.every = self.samples[::2], 2 * self.every
            return
        self._before, self._network = state.network.parameters.copy(), state.network

    def after_divergence(self, state: State, data: Data, recipe: Recipe, error: TrainingDiverged) -> None:
        """Add what is found to the error: `error.diagnosis`, and a note for its traceback."""
        seen = examine(state.network, recipe, data, state.history, self.samples)
        error.diagnosis = verdict(error, seen)
        kinds = dict.fromkeys(f.kind for f in error.diagnosis.of("severe") if f.kind != "diverged")
        if kinds:
            error.add_note(f"the doctor found {', '.join(kinds)}: the error's diagnosis says where and why")

    def diagnose(self, state: State, data: Data, recipe: Recipe, names: Sequence[str] = ()) -> Diagnosis:
        """What a run came to, by a last look at some of its rows, at the network it keeps, and at what went before."""
        rows = int(min(ROWS, max(FEWEST_ROWS, SHARE_OF_ROWS * data.n_rows * max(state.epoch, 1))))
        return diagnosis_of(examine(state.chosen(), recipe, data, state.history, self.samples, rows, names=names))


def diagnosis_of(seen: Examination) -> Diagnosis:
    """Every rule on one examination."""
    return Diagnosis(findings_of(seen), seen.rows, seen)


def findings_of(seen: Examination) -> list[Finding]:
    with np.errstate(all="ignore"):
        return [finding for rule in (*RULES, *COURSE_RULES) for finding in rule(seen)]


def verdict(error: TrainingDiverged, seen: Examination) -> Diagnosis:
    """What a run that diverged came to: the divergence, and what the last finite weights show."""
    where = "the loss or its gradient" if error.layer is None else f"layer {error.layer}"
    diverged = Finding(
        "diverged",
        "severe",
        error.largest_activation,
        KINDS["diverged"].limit("severe"),
        f"{where} is not finite in epoch {error.epoch}, step {error.step}; the largest activation before was "
        f"{error.largest_activation:.3g}",
        f"learning rate {error.learning_rate:g}",
        f"learning rate {error.learning_rate / 10:g}",
        error.layer,
        since_epoch=error.epoch,
        remedies=("slower", "suited", "scale"),
    )
    return Diagnosis([diverged, *findings_of(seen)], seen.rows, seen)
