"""Models of a folder, opened: of a file in it, or of a training; with the table they were trained on, if any."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..errors import GlasshouseError
from ..models.model import Model
from ..models.verbs import model_of
from ..tables.table import Table
from .folder import Folder, Place
from .tables import Tables

__all__ = ["Models", "Opened"]

KEPT = 4  # models in memory


@dataclass(frozen=True, eq=False)
class Opened:
    """A model and its table.

    Attributes
    ----------
    table : Table or None
        The rows it was trained on, while they are in the folder and unchanged.
    extra : Pruned or None
        How it was pruned, of one from the bench.
    """

    id: str
    model: Model
    table: Table | None
    place: Place | None = None
    extra: Any = None


class Models:
    """The models of a folder, read once while they stay as they are."""

    def __init__(self, folder: Folder, tables: Tables):
        self._folder, self._tables = folder, tables
        self._opened: OrderedDict[tuple[Any, ...], Opened] = OrderedDict()
        self._lock = threading.Lock()

    def open(self, id: str) -> Opened:
        """The model of an id.

        Raises
        ------
        ModelFileError
            If there is none, or its file is damaged.
        """
        place = self._folder.model(id)
        status = Path(place.source).stat()
        key = place.source, status.st_mtime_ns, status.st_size
        with self._lock:
            found = self._opened.get(key)
        if found is None:
            found = self._read(id, place)
        elif found.table is None:  # it may have come meanwhile
            found = replace(found, table=self._table_of(id, found.model))
        with self._lock:
            self._opened[key] = found
            self._opened.move_to_end(key)
            while len(self._opened) > KEPT:
                self._opened.popitem(last=False)
        return found

    def _read(self, id: str, place: Place) -> Opened:
        try:
            model = model_of(place.source)
        except GlasshouseError as error:  # the page knows ids, not where the folder stands
            raise type(error)(str(error).replace(place.source, place.name)) from error
        return Opened(id, model, self._table_of(id, model), place)

    def _table_of(self, id: str, model: Model) -> Table | None:
        """The table it was trained on. A model file comes from anywhere: what it names must be in the folder."""
        job = self._folder.job(id) if self._folder.is_training(id) else None
        named = job.get("table") if isinstance(job, dict) else model.origin.file
        if not isinstance(named, str) or not named:
            return None
        try:
            table = self._tables.read(named)
        except GlasshouseError:
            return None
        return table if model.knows(table) else None
