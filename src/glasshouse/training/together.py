"""Several ranks in one training: what they add up, and when they meet. Where one trains alone, nothing happens here.

Ranks in step add up gradient, loss and rows of every batch; from there on all of them compute the same. Ranks apart
take some steps by themselves, and their weights are averaged where they meet.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from math import inf, isinf
from typing import NamedTuple, Protocol

import numpy as np

from ..distributed.agreement import agree
from ..distributed.communicator import Array, Communicator
from ..errors import OptionError, TrainingDiverged, WorldError
from ..network.workspace import Workspace
from .optimizers import LBFGS
from .recipe import Recipe
from .state import State

__all__ = ["Ranks", "Seen", "any_of", "diverged", "expect_alike", "ranks_of"]

CURE = "start all ranks with the same versions, files and options"


class Seen(NamedTuple):
    """What an epoch adds up: loss and penalty by the row, the rows, and how many steps had a gradient."""

    loss: float
    penalty: float
    rows: int
    moved: int


class Ranks(Protocol):
    """What ranks do with each other while an epoch runs."""

    def add_up(self, work: Workspace, loss: float, n: int, total: int) -> tuple[float, int]:
        """The loss whose gradient the workspace now holds, and of how many rows both are."""

    def diverged(self, state: State, error: TrainingDiverged) -> TrainingDiverged:
        """What is to be raised on every rank, where this one cannot take its next step."""

    def meet(self, state: State, last: bool) -> None:
        """Called after every step, the last of an epoch named."""

    def close(self, state: State, seen: Seen) -> Seen:
        """The sums of all ranks, when the epoch has ended and their weights are the same."""


def ranks_of(together: Communicator, recipe: Recipe) -> Ranks:
    """How the ranks of a run train together."""
    if together.size == 1:
        return Alone()
    return InStep(together, recipe.dtype) if recipe.sync_every == 1 else Apart(together, recipe.sync_every)


class Alone:
    """One rank: what it sees is all there is."""

    def add_up(self, work: Workspace, loss: float, n: int, total: int) -> tuple[float, int]:
        return loss, n

    def diverged(self, state: State, error: TrainingDiverged) -> TrainingDiverged:
        return error

    def meet(self, state: State, last: bool) -> None:
        pass

    def close(self, state: State, seen: Seen) -> Seen:
        return seen


class InStep:
    """One sum of one buffer a step, after which every rank holds the gradient of the whole batch."""

    def __init__(self, together: Communicator, dtype: str):
        self.together, self.largest = together, float(np.finfo(dtype).max)

    def add_up(self, work: Workspace, loss: float, n: int, total: int) -> tuple[float, int]:
        sums = work.sums
        sums[-2] = loss if abs(loss) <= self.largest else inf  # the guard of the step sees it
        sums[-1] = n
        self.together.all_reduce(sums)
        _expect_rows(self.together, total, int(sums[-1]))
        return float(sums[-2]), total

    def diverged(self, state: State, error: TrainingDiverged) -> TrainingDiverged:
        return diverged(self.together, error)

    def meet(self, state: State, last: bool) -> None:
        pass

    def close(self, state: State, seen: Seen) -> Seen:
        _expect_same_weights(self.together, state)
        return seen


class Apart:
    """Steps with the rows of one rank, and after every few of them the mean of what the ranks have come to."""

    def __init__(self, together: Communicator, every: int):
        self.together, self.every = together, every
        self.steps, self.total, self.buffer = 0, 0, np.zeros(0)

    def add_up(self, work: Workspace, loss: float, n: int, total: int) -> tuple[float, int]:
        self.total += total
        share = total / n if n else 1.0  # the weights were made for the sum over ranks: here for the mean of these rows
        with np.errstate(over="ignore"):  # the guard of the step sees it
            work.gradient *= share
        return loss * share, n

    def diverged(self, state: State, error: TrainingDiverged) -> TrainingDiverged:
        """The others come to where they meet, find this rank there, and raise the same."""
        self._average(state, lost=True)
        return diverged(self.together, error)

    def meet(self, state: State, last: bool) -> None:
        self.steps += 1
        if (last or self.steps % self.every == 0) and self._average(state, lost=False):
            raise diverged(self.together, None)

    def close(self, state: State, seen: Seen) -> Seen:
        sums = np.array(seen, np.float64)
        self.together.all_reduce(sums)
        _expect_rows(self.together, self.total, int(sums[2]))
        _expect_same_weights(self.together, state)
        return Seen(float(sums[0]), float(sums[1]), int(sums[2]), int(sums[3]))

    def _average(self, state: State, lost: bool) -> bool:
        """Give every rank the mean of all; return whether any of them is lost."""
        mine = [state.network.parameters, *state.moments.values(), *([] if state.average is None else [state.average])]
        if len(self.buffer) == 0:
            self.buffer = np.empty(sum(map(len, mine)) + 1, state.network.dtype)
        np.concatenate(mine, out=self.buffer[:-1])
        self.buffer[-1] = lost
        self.together.all_reduce(self.buffer)
        self.buffer[:-1] /= self.together.size
        moves = True if state.movable is None else state.movable.astype(bool)  # what is held keeps its last bit
        for part, mean in zip(mine, np.split(self.buffer[:-1], len(mine)), strict=True):
            np.copyto(part, mean, where=moves)
        return bool(self.buffer[-1] > 0)


def _expect_rows(together: Communicator, wanted: int, found: int) -> None:
    if wanted != found:
        raise WorldError(f"rank {together.rank} expects {wanted} rows, but the ranks have {found} together: {CURE}")


def _expect_same_weights(together: Communicator, state: State) -> None:
    """A sum that could differ between ranks would do so unseen."""
    digests = together.gather(np.array([zlib.crc32(_bytes(state.network.parameters))], np.int64))[:, 0]
    others = np.flatnonzero(digests != digests[0]).tolist()
    if others:
        raise WorldError(
            f"after epoch {state.epoch + 1} the weights of rank 0 are not those of {', '.join(map(str, others[:8]))}: "
            f"{CURE}, and let no watcher change a state"
        )


def diverged(together: Communicator, error: TrainingDiverged | None) -> TrainingDiverged:
    """The same error on every rank: the first step that could not be taken, the first layer that is not finite."""
    if together.size == 1 and error is not None:
        return error
    told = np.full(5, -inf)
    if error is not None:
        layer = -inf if error.layer is None else -error.layer
        told[:] = -error.epoch, -error.step, layer, error.largest_activation, error.learning_rate
    together.all_reduce(told, "max")
    epoch, step, layer = (-told[:3]).tolist()
    return TrainingDiverged(int(epoch), int(step), None if isinf(layer) else int(layer), *told[3:].tolist())


def any_of(together: Communicator, *flags: bool) -> list[bool]:
    """Each flag, set where it is set on any rank."""
    told = np.array(flags, np.float64)
    together.all_reduce(told, "max")
    return [bool(flag) for flag in told]


def expect_alike(together: Communicator, state: State, n_rows: int, n_held: int, recipe: Recipe) -> None:
    """Make sure that several ranks can train this recipe, and are about to do the same.

    Raises
    ------
    OptionError
        If the recipe is one for a single rank.
    WorldError
        If the ranks differ.
    """
    if together.size == 1:
        return
    if isinstance(recipe.optimizer, LBFGS):
        raise OptionError("lbfgs takes all rows at once: run it on one rank, or choose solver 'adam'")
    most = 2 ** (np.finfo(recipe.dtype).nmant + 1)
    if recipe.batch_size > most:
        raise OptionError(f"batch_size is {recipe.batch_size}: ranks count at most {most} rows in {recipe.dtype}")
    if recipe.evolution is not None and callable(recipe.evolution.grow):
        raise OptionError("a grow function sees the rows of one rank: run it on one rank, or choose grow 'gradient'")
    agree(
        together,
        {
            "the recipe": json.dumps(recipe.to_dict(), default=str),
            "the number of rows": str(n_rows),
            "the number of validation rows": str(n_held),
            "where the run stands": f"after epoch {state.epoch}, step {state.step}",
            "the weights it goes on from": hashlib.sha256(_bytes(state.network.parameters)).hexdigest(),
        },
    )


def _bytes(array: Array) -> memoryview:
    return np.ascontiguousarray(array).data
