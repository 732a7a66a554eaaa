"""The tables of a folder: read, and what was worked out of them kept, while their files stay as they are."""

from __future__ import annotations

import threading
from collections import OrderedDict
from pathlib import Path
from typing import Any

from ..errors import GlasshouseError
from ..tables.reading import Reading, Table, as_table
from .bounds import expect_columns, expect_few_columns
from .folder import Folder
from .understood import Understood

__all__ = ["Tables"]

KEPT = 4  # tables in memory


class Tables:
    """The tables of a folder, read once while they stay as they are.

    Parameters
    ----------
    folder : Folder
    given, reading : str or None, Reading or None
        The id of the table that was named at the start, and how that one is written.
    """

    def __init__(self, folder: Folder, given: str | None = None, reading: Reading | None = None):
        self.folder, self.given, self.reading = folder, given, reading
        self._read: OrderedDict[tuple[Any, ...], Understood] = OrderedDict()
        self._lock = threading.Lock()

    def reading_of(self, id: str) -> Reading | None:
        return self.reading if id == self.given else None

    def read(self, id: str) -> Table:
        """The table of an id; see `understood`."""
        return self.understood(id).table

    def understood(self, id: str) -> Understood:
        """The table of an id, with what was worked out of it.

        Raises
        ------
        TableError
            If there is none, it cannot be read, or it has more columns than the page shows.
        """
        place = self.folder.table(id)
        key: tuple[Any, ...] = (place.source,)
        if place.bytes is not None:
            status = Path(place.source).stat()
            key = (place.source, status.st_mtime_ns, status.st_size)
        with self._lock:
            if key in self._read:
                self._read.move_to_end(key)
                return self._read[key]
        try:
            if place.bytes is not None:
                expect_few_columns(Path(place.source), place.name)
            table = as_table(place.source, self.reading_of(id))
            expect_columns(len(table.columns), place.name)
        except GlasshouseError as error:  # the page knows ids, not where the folder stands
            raise type(error)(str(error).replace(place.source, place.name)) from error
        found = Understood(Table(place.name, table.columns, table.dialect, table.notes))
        with self._lock:
            found = self._read.setdefault(key, found)
            while len(self._read) > KEPT:
                self._read.popitem(last=False)
        return found
