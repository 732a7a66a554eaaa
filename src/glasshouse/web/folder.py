"""The one folder that the page may read: the only place that makes paths of names from outside."""

from __future__ import annotations

import fcntl
import json
import os
import re
import stat
import unicodedata
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from ..errors import GlasshouseError, ModelFileError, OptionError, TableError
from ..storage import write_bytes
from ..tables.examples import EXAMPLES, TOYS

__all__ = ["Folder", "Place"]

TEXT = (".csv", ".tsv", ".txt", ".data")
TABLES = (*TEXT, *(f"{suffix}.gz" for suffix in TEXT), ".parquet")
MODELS = (".glass", ".onnx")
OWN = ".glasshouse"
UPLOADED = "upload:"
MOST_LISTED = 500
MOST_IN_UPLOADS = 256 << 20
TRAINING = re.compile(r"t[1-9][0-9]{0,8}")
LARGEST_JOB = 1 << 20


class Place(NamedTuple):
    """What an id from outside stands for: a name to show, and what `as_table` or `Model.load` takes."""

    id: str
    name: str
    group: str
    source: str
    bytes: int | None


class Folder:
    """A folder of tables and models, and below it ``.glasshouse`` with uploads and trainings.

    Every id that comes from outside becomes a path here or nowhere: it must be the name of a regular file that lies
    directly in the folder, not hidden, and not a link that leads elsewhere.

    Parameters
    ----------
    path : path
        It must exist; ``.glasshouse`` is made in it, readable by its owner only.

    Raises
    ------
    OptionError
        If it is no folder.
    GlasshouseError
        If it cannot be written to, or another server works in it.

    Examples
    --------
    >>> import tempfile
    >>> folder = Folder(tempfile.mkdtemp())
    >>> folder.table("example:iris").source
    'example:iris'
    >>> folder.table("../secret.csv")
    Traceback (most recent call last):
    glasshouse.errors.TableError: there is no table '../secret.csv' here: choose one that is listed
    >>> folder.close()
    """

    def __init__(self, path: str | os.PathLike[str]):
        self.path = Path(path).resolve()
        if not self.path.is_dir():
            raise OptionError(f"folder is {os.fspath(path)!r}: there is no such folder, name one that is there")
        self._own = self._made(self.path / OWN)
        self.uploads = self._made(self._own / "uploads")
        self.trainings = self._made(self._own / "trainings")
        self._lock = self._locked(self._own / "lock")
        for entry in os.scandir(self.uploads):
            if entry.name.startswith(".") and entry.is_file(follow_symlinks=False):  # a server did not see it end
                os.unlink(entry)

    def _made(self, path: Path) -> Path:
        """A real folder: what came with somebody's data must not lead our writing elsewhere."""
        try:
            path.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise GlasshouseError(
                f"cannot write {path}: {error.strerror}: name a folder that can be written"
            ) from error
        if path.is_symlink() or not os.access(path, os.W_OK):
            raise GlasshouseError(f"cannot write {path}: it is a link, or not writable: remove it, or name a folder")
        return path

    def _locked(self, path: Path) -> BinaryIO:
        """Held until `close`, or until this process ends, however it ends."""
        try:
            file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600), "r+b")
        except OSError as error:
            raise GlasshouseError(f"cannot write {path}: {error.strerror}: name another folder") from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            raise GlasshouseError(
                f"another glasshouse serves {self.path} already: stop that one, or name another folder"
            ) from None
        return file

    def close(self) -> None:
        """Let another server work here."""
        self._lock.close()

    # What is there

    def tables(self) -> list[Place]:
        """Files, uploads, then the examples."""
        files = [Place(e.name, e.name, "file", e.path, e.size) for e in _files(self.path, TABLES)]
        uploads = [Place(f"{UPLOADED}{e.name}", e.name, "upload", e.path, e.size) for e in _files(self.uploads, TABLES)]
        return [*files, *uploads, *map(_example, EXAMPLES)]

    def models(self) -> list[Place]:
        return [Place(e.name, e.name, "model", e.path, e.size) for e in _files(self.path, MODELS)]

    # From an id to a path

    def table(self, id: str) -> Place:
        """The table of an id.

        Raises
        ------
        TableError
            If there is none.
        """
        if id.startswith("example:") and id.removeprefix("example:") in EXAMPLES:
            return _example(id.removeprefix("example:"))
        uploaded = id.startswith(UPLOADED)
        found = _file(self.uploads if uploaded else self.path, id.removeprefix(UPLOADED), TABLES)
        if found is None:
            raise TableError(f"there is no table {id[:80]!r} here: choose one that is listed")
        return Place(id, found.name, "upload" if uploaded else "file", found.path, found.size)

    def model(self, id: str) -> Place:
        """The model file of an id: of a file in the folder, or of a training.

        Raises
        ------
        ModelFileError
            If there is none.
        """
        trained = self.is_training(id)
        found = _file(self.trainings, f"{id}.glass", MODELS) if trained else _file(self.path, id, MODELS)
        if found is None:
            raise ModelFileError(f"there is no model {id[:80]!r} here: choose one that is listed")
        return Place(id, found.name, "training" if trained else "model", found.path, found.size)

    # Its own work

    def uploaded(self) -> int:
        """The bytes of all uploads."""
        return sum(entry.stat(follow_symlinks=False).st_size for entry in os.scandir(self.uploads))

    @staticmethod
    def is_training(id: str) -> bool:
        """Whether this is what a training is called."""
        return TRAINING.fullmatch(id) is not None

    def of_training(self, id: str, ending: str) -> Path:
        """Where a part of a training stands: ``json`` the job, ``checkpoint``, ``glass`` the model."""
        if not self.is_training(id):
            raise OptionError(f"there is no training {id[:80]!r} here: choose one that is listed")
        return self.trainings / f"{id}.{ending}"

    def numbers(self) -> list[int]:
        """Of all trainings that left something here."""
        names = (entry.name.partition(".")[0] for entry in os.scandir(self.trainings))
        return sorted({int(name[1:]) for name in names if TRAINING.fullmatch(name)})

    def has(self, id: str, ending: str) -> bool:
        return _file(self.trainings, f"{id}.{ending}", (f".{ending}",)) is not None

    def keep_job(self, id: str, job: dict[str, Any]) -> None:
        write_bytes(self.of_training(id, "json"), json.dumps(job, sort_keys=True).encode())

    def job(self, id: str) -> Any:
        """What was kept of a job, as it stands there: anybody may have written it. None if that cannot be read."""
        found = _file(self.trainings, f"{id}.json", (".json",))
        if found is None or found.size > LARGEST_JOB:
            return None
        try:
            return json.loads(Path(found.path).read_bytes())
        except (OSError, ValueError, RecursionError):
            return None

    def forget(self, id: str, *endings: str) -> None:
        for ending in endings:
            self.of_training(id, ending).unlink(missing_ok=True)


class _Found(NamedTuple):
    name: str
    path: str
    size: int


def _example(name: str) -> Place:
    return Place(f"example:{name}", name, "toy" if name in TOYS else "example", f"example:{name}", None)


def _files(folder: Path, suffixes: tuple[str, ...]) -> list[_Found]:
    """Those of a folder that have an id, in the order of their names; the first of very many."""
    try:
        names = sorted(entry.name for entry in os.scandir(folder) if entry.name.lower().endswith(suffixes))
    except OSError:
        return []
    found = (_file(folder, name, suffixes) for name in names[:MOST_LISTED])
    return [file for file in found if file is not None]


def _file(folder: Path, name: str, suffixes: tuple[str, ...]) -> _Found | None:
    """A regular file directly in a folder, or None: the only place where a name from outside is joined to a path."""
    if not is_name(name) or not name.lower().endswith(suffixes):
        return None
    try:
        path = (folder / name).resolve(strict=True)
        status = path.stat()
    except (OSError, ValueError, RuntimeError):  # missing, unreadable, too long, links in a circle
        return None
    inside = path.parent == folder and is_name(path.name)  # a link may lead to a neighbour
    return _Found(name, str(path), status.st_size) if inside and stat.S_ISREG(status.st_mode) else None


def is_name(name: str) -> bool:
    """Whether this is the plain name of a file that is shown: no path, not hidden, of signs that print."""
    if not name or name.startswith(".") or len(name) > 200 or not name.isprintable():
        return False
    return not any(sign in name for sign in "/\\:")


def safe_name(name: str) -> str:
    """The name an upload gets: the last part of what was given, letters, digits and ``. _ -``.

    Raises
    ------
    TableError
        If it does not end as a table does.

    Examples
    --------
    >>> safe_name("../../My table (2).CSV")
    'My_table_2.csv'
    """
    word = unicodedata.normalize("NFC", re.split(r"[/\\]", name)[-1])
    suffix = next((end for end in sorted(TABLES, key=len, reverse=True) if word.lower().endswith(end)), None)
    if suffix is None:
        raise TableError(f"{name[-60:]!r} does not end as a table does: choose {', '.join(TABLES)}")
    stem = re.sub(r"_+", "_", "".join(sign if sign.isalnum() or sign in "-." else "_" for sign in word[: -len(suffix)]))
    return f"{stem.strip('._-')[:60] or 'table'}{suffix}"
