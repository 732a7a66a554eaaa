"""What a server holds while it runs: its folder, and what was read, trained and pruned in it."""

from __future__ import annotations

import asyncio
import os
import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from ..errors import TableError
from ..tables.reading import Reading
from .folder import Folder
from .guard import Refused
from .opened import Models, Opened
from .prunings import Pruning
from .tables import Tables
from .trainings import WORKER, Trainings

__all__ = ["Bench", "Site"]

MOST_PRUNINGS = 8  # each also keeps the model before every cut that was kept: undo goes back to the first


class Bench:
    """The models that are being pruned; each keeps its rows in memory, so there are few.

    The one that was not used for longest makes place for another, if no cut of it was kept; no work is thrown away.
    """

    def __init__(self, models: Models, tables: Tables):
        self._models, self._tables = models, tables
        self._all: OrderedDict[str, tuple[str, Pruning]] = OrderedDict()
        self._number = 0
        self._lock = threading.Lock()

    def begin(self, model: str, table: str | None) -> str:
        """Put a model on the bench: its id there.

        Raises
        ------
        GlasshouseError
            If there is no such model, or no rows to judge it by.
        Refused
            If all places are taken by models that are being trained, or have cuts that were kept.
        """
        with self._lock:
            self._expect_place()
        opened = self._models.open(model)
        rows = opened.table if table is None else self._tables.read(table)
        if rows is None:
            raise TableError(f"the table {model} was trained on is not in the folder: name a table")
        pruning = Pruning.opened(opened.model, rows)
        with self._lock:
            leaves = self._expect_place()
            if leaves is not None:
                del self._all[leaves]
            self._number += 1
            id = f"p{self._number}"
            self._all[id] = model, pruning
        return id

    def _expect_place(self) -> str | None:
        """Who makes place for another; None while there is room."""
        if len(self._all) < MOST_PRUNINGS:
            return None
        free = [id for id, (_, pruning) in self._all.items() if not pruning.busy and pruning.pruned is None]
        if not free:
            ids = ", ".join(f"{id} of {model[:40]}" for id, (model, _) in self._all.items())
            raise Refused(
                409, f"{MOST_PRUNINGS} prunings have cuts that were kept, as many as may ({ids}): undo those of one"
            )
        return free[0]

    def find(self, id: str) -> Pruning:
        """
        Raises
        ------
        Refused
            If there is none.
        """
        with self._lock:
            if id not in self._all:
                raise Refused(404, f"there is no pruning {id[:40]!r}: begin one")
            self._all.move_to_end(id)
            return self._all[id][1]

    def has(self, id: str) -> bool:
        return id in self._all

    def keep(self, id: str, density: Any, criterion: Any, retrain: bool) -> None:
        """Prune it in a thread; it is busy from now on until that is done.

        Raises
        ------
        OptionError
            If the density is no share, or there is no such criterion.
        """
        pruning = self.find(id)
        pruning.expect(density, criterion)
        with self._lock:
            self.expect_idle(id)
            pruning.busy = True
        threading.Thread(
            target=_kept, args=(pruning, density, criterion, retrain), name=f"glasshouse {id}", daemon=True
        ).start()

    def expect_idle(self, id: str) -> None:
        """Who asks for more meanwhile would wait long, and so would those who come after."""
        if self._all[id][1].busy:
            raise Refused(409, f"pruning {id} trains: wait until it is done")

    def twin(self, id: str) -> dict[str, Any]:
        pruning = self.find(id)
        with self._lock:
            model = self._all[id][0] if id in self._all else ""
        return {"id": id, "model": model, **pruning.twin()}

    def opened(self, id: str) -> Opened:
        """The model as it is now, for a download."""
        pruning = self.find(id)
        with self._lock:
            model = self._all[id][0]
        return Opened(
            f"{model.rsplit('.', 1)[0]}-{id}", pruning.model, self._models.open(model).table, None, pruning.pruned
        )


def _kept(pruning: Pruning, density: float, criterion: str, retrain: bool) -> None:
    try:
        pruning.keep(density, criterion, retrain)
    except Exception as error:  # nobody waits for this thread: the twin says it
        pruning.error = f"internal error: {type(error).__name__}: please report what the terminal says"
        raise
    finally:
        pruning.busy = False


class Site:
    """Everything a request may reach.

    Parameters
    ----------
    folder : path
    given : str or None
        The id of the table or model that was named at the start.
    reading : Reading or None
        How that table is written.
    command : sequence of str
        What trains; see `Trainings`.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        given: str | None = None,
        reading: Reading | None = None,
        command: Sequence[str] = WORKER,
    ):
        self.folder, self.given = Folder(folder), given
        self.tables = Tables(self.folder, given, reading)
        self.models = Models(self.folder, self.tables)
        self.trainings = Trainings(self.folder, self.tables, command)
        self.bench = Bench(self.models, self.tables)
        self.uploading = asyncio.Lock()

    def close(self) -> None:
        """End the trainings, and let another server have the folder."""
        self.trainings.close()
        self.folder.close()
