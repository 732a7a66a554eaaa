"""A model on the bench: cut to any density to see at once what that costs, kept where it pleases, and taken back."""

from __future__ import annotations

import threading
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import GlasshouseError, OptionError, choose, expect_number
from ..models.model import Model
from ..models.prunable import Prunable, prunable, smaller
from ..models.pruning import DEFAULT, Pruned, prune
from ..models.savings import measured
from ..network.network import Network
from ..network.reshaping import thinned
from ..pruning.criteria import CRITERIA, criterion, strongest
from ..pruning.cycle import Cycle, outputs_of
from ..tables.table import Table
from .pictures import bare_picture

__all__ = ["Pruning"]


class Kept:
    """One model that was kept: its rows, and what its weights count for, worked out when it is first asked for.

    `whole` is how many connections the first model of the row had: densities are shares of those.
    """

    def __init__(
        self,
        model: Model,
        table: Table,
        whole: int | None = None,
        pruned: Pruned | None = None,
        retrained: bool = False,
    ):
        self.model, self.table, self.pruned, self.retrained = model, table, pruned, retrained
        self.network = model.targets.unfinished(model.network)
        self.whole = self.network.n_weights if whole is None else whole
        self._saliencies: dict[str, npt.NDArray[Any]] = {}

    @cached_property
    def work(self) -> Prunable:
        return prunable(self.model, self.table, None, DEFAULT, "weights", True, False, False, None, ())

    @cached_property
    def cycle(self) -> Cycle:
        parts = self.work.parts
        return self.work.cycle(self.network, self.work.data(parts.train), self.work.data(parts.validation))

    @cached_property
    def score(self) -> float:
        return self.score_of(self.network)

    def score_of(self, network: Network) -> float:
        """On the rows that choose."""
        validation = self.cycle.validation
        assert validation is not None
        data = validation.data
        return validation.score(outputs_of(network, data), data.of(data.Y), None)

    def count(self, density: float) -> int:
        """How many connections a density leaves; no more than there are."""
        return min(max(1, round(density * self.whole)), self.network.n_weights)

    def cut(self, density: float, name: str) -> Network:
        """The network cut in one piece, without training."""
        row, count = criterion(name), self.count(density)
        if count == self.network.n_weights:
            return self.network
        evidence = replace(self.cycle, criterion=row).evidence
        if row.adapts is not None:
            return row.cut(self.network, evidence, count).network
        if name not in self._saliencies:
            self._saliencies[name] = row.saliency(self.network, evidence)
        return thinned(self.network, strongest(self._saliencies[name], count)).network

    def point(self, network: Network, name: str | None, first: float) -> dict[str, Any]:
        """What a network of this model takes, how fast it is, and what it costs of the score."""
        model = self.model if network is self.network else smaller(self.work, network)[0]
        takes, score = measured(model, None), self.score_of(network)
        return {
            "density": float(np.count_nonzero(network.parameters[: network.n_weights])) / self.whole,
            "criterion": name,
            "score": score,
            "drop": first - score,
            "nonzero": takes.nonzero,
            "units": takes.units,
            "columns": takes.columns,
            "file_bytes": takes.file_bytes,
            "flash_bytes": takes.flash_bytes,
            "row_latency": takes.row_latency,
            "retrained": self.retrained and network is self.network,
        }


class Pruning:
    """A row of models, each cut from the one before; the last is the current one.

    Every call may come from a thread of its own: one at a time is at the bench.
    """

    def __init__(self, model: Model, table: Table):
        self._kept = [Kept(model, table)]
        self._turn = threading.Lock()
        self.busy, self.error = False, None  # type: bool, str | None
        first = self._kept[0]
        self._points = [first.point(first.network, None, first.score)]

    @classmethod
    def opened(cls, model: Model, table: Table) -> Pruning:
        """Put a model on the bench.

        Raises
        ------
        TableError
            If the table does not fit the model, or no rows are left to choose by.
        """
        return cls(model, table)

    @property
    def model(self) -> Model:
        """The current one."""
        return self._kept[-1].model

    @property
    def pruned(self) -> Pruned | None:
        """What the last cut that was kept came to; None before the first."""
        return self._kept[-1].pruned

    def twin(self) -> dict[str, Any]:
        """Where the row stands."""
        work = self._kept[-1].work
        return {
            "busy": self.busy,
            "error": self.error,
            "criteria": [{"name": row.name, "says": f"{row.formula} ({row.reference})"} for row in CRITERIA.values()],
            "metric": work.metric,
            "chosen_by": f"{len(work.parts.validation):,} validation rows",
            "whole": self._points[0],
            "current": self._points[-1],
            "kept": self._points[1:],
            "picture": bare_picture(self._kept[-1].network),
        }

    def cut(self, density: float, name: str) -> dict[str, Any]:
        """The current model cut in one piece and not trained again: a preview, of which nothing is kept.

        Raises
        ------
        OptionError
            If the density is no share, or there is no such criterion.
        """
        self.expect(density, name)
        with self._turn:
            current = self._kept[-1]
            network = current.cut(density, name)
            point = current.point(network, name, self._points[0]["score"])
            return {**point, "picture": bare_picture(network)}

    def keep(self, density: float, name: str, retrain: bool) -> None:
        """Prune the current model to a density, as `gh.prune` does, and go on from there.

        With `retrain` it goes down the ladder, a little training after each cut; else it is one cut.
        """
        self.expect(density, name)
        with self._turn:
            self.busy, self.error = True, None
            try:
                self._keep(density, name, retrain)
            except (GlasshouseError, ValueError) as error:
                self.error = str(error)
            finally:
                self.busy = False

    def _keep(self, density: float, name: str, retrain: bool) -> None:
        current = self._kept[-1]
        share = float(f"{density * current.whole / current.network.n_weights:.6g}")
        if share >= 1:
            raise OptionError(f"density is {density:g}: the network has no more connections than that, move it lower")
        found = prune(
            current.model, current.table, density=share, criterion=name, one_shot=not retrain, retrain=retrain, out=""
        )
        after = Kept(found.model, current.table, current.whole, found, retrain)
        self._points.append(after.point(after.network, name, self._points[0]["score"]))
        self._kept.append(after)

    def undo(self) -> None:
        """Go back to the model before the last cut that was kept; nothing where there is none."""
        with self._turn:
            self.error = None
            if len(self._kept) > 1:
                self._kept.pop()
                self._points.pop()

    @staticmethod
    def expect(density: Any, name: Any) -> None:
        """
        Raises
        ------
        OptionError
            If the density is no share, or there is no such criterion.
        """
        expect_number("density", density, lambda d: 0 < d <= 1, "above 0 and at most 1, the share that is kept")
        choose("criterion", name if isinstance(name, str) else "", CRITERIA)
