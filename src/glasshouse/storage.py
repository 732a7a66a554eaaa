"""Files of named arrays and canonical JSON under one SHA-256, written whole or not at all.

A file is in the safetensors format, which holds arrays and text and can execute nothing. Its one metadata entry is the
document, as JSON with sorted keys, and the hash covers document and arrays. The same content is the same bytes.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import secrets
import sys
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import load, save

from .errors import GlasshouseError, ModelFileError

__all__ = [
    "as_type",
    "bears",
    "checked_place",
    "finite",
    "is_stored",
    "packed",
    "read",
    "restored",
    "write",
    "write_bytes",
]

FORMAT = "glasshouse"
VERSION = 1
Record = TypeVar("Record")
Arrays = Mapping[str, npt.NDArray[Any]]


def canonical(document: Mapping[str, Any]) -> str:
    """JSON with sorted keys and no spaces: equal documents are equal text. NaN and infinity are refused."""
    return json.dumps(
        document, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False, default=_plain
    )


def _plain(value: Any) -> Any:
    """A number of numpy's as Python's."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} cannot stand in a file")


def finite(value: Any) -> Any:
    """What JSON can hold: numbers of numpy as Python's, tuples as lists, keys as text, null for no finite number.

    Examples
    --------
    >>> finite({"loss": np.float32(0.5), "left": float("nan"), 3: (2, 3)})
    {'loss': 0.5, 'left': None, '3': [2, 3]}
    """
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(name): finite(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return value


def fingerprint(document: Mapping[str, Any], arrays: Arrays) -> str:
    """SHA-256, in hexadecimal, of a document and the names, types, shapes and bytes of arrays."""
    digest = hashlib.sha256(canonical(document).encode())
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"\n{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def write(path: str | os.PathLike[str], kind: str, document: Mapping[str, Any], arrays: Arrays) -> None:
    """Write a file of one kind ('model', ...) in one atomic step."""
    write_bytes(path, packed(kind, document, arrays))


def packed(kind: str, document: Mapping[str, Any], arrays: Arrays) -> bytes:
    """The bytes of such a file."""
    arrays = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    whole = {
        "format": FORMAT,
        "version": VERSION,
        "kind": kind,
        "document": document,
        "sha256": fingerprint(document, arrays),
    }
    return bytes(save(arrays, {FORMAT: canonical(whole)}))


def checked_place(path: str | os.PathLike[str], *inputs: Any) -> Path:
    """Return a path that can be written to and is none of the inputs.

    Raises
    ------
    GlasshouseError
        If it is a folder, in a folder that is missing or read-only, or one of the inputs, which it would replace.
    """
    target = Path(path)
    cure = "choose another place"
    try:
        target.exists()
    except OSError as error:
        raise GlasshouseError(f"cannot write {str(target)[:60]}…: {error.strerror}: {cure}") from error
    if target.is_dir():
        raise GlasshouseError(f"cannot write {target}: it is a folder: name a file")
    if not target.parent.is_dir():
        raise GlasshouseError(f"cannot write {target}: there is no folder {target.parent}: {cure}")
    if not os.access(target.parent, os.W_OK):
        raise GlasshouseError(f"cannot write {target}: the folder is not writable: {cure}")
    for source in inputs:
        is_path = isinstance(source, str | os.PathLike) and target.exists() and os.path.exists(source)
        if is_path and os.path.samefile(target, source):
            raise GlasshouseError(f"cannot write {target}: it would replace what is read: {cure}")
    return target


def bears(path: str | os.PathLike[str], mark: bytes) -> bool:
    """Whether a mark stands in the first 2,000 bytes of a file."""
    try:
        with open(path, "rb") as file:
            return mark in file.read(2000)
    except OSError:
        return False


def write_bytes(path: str | os.PathLike[str], data: bytes) -> None:
    """Write beside the target, flush to the disk, then rename over it: a reader sees the old file or the new one.

    Raises
    ------
    GlasshouseError
        If the folder is missing, full or not writable; what stood there before still stands.
    """
    target = Path(path)
    temporary = target.with_name(f".{secrets.token_hex(8)}")
    try:
        with open(temporary, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except OSError as error:
        raise GlasshouseError(f"cannot write {target}: {error.strerror}: choose another place") from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def is_stored(path: str | os.PathLike[str]) -> bool:
    """Whether a file begins as ours do: eight bytes of length, then a JSON object."""
    try:
        if not os.path.isfile(path):  # a pipe can be read only once
            return False
        with open(path, "rb") as file:
            return file.read(9)[8:] == b"{"
    except OSError:
        return False


def read(path: str | os.PathLike[str], kind: str) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    """Read a file of one kind: its document and its arrays.

    Raises
    ------
    ModelFileError
        If the file is missing, is something else, is of another kind or a newer version, or is damaged.
    """
    try:
        open(path, "rb").close()  # says why, where safetensors says only that there is no file
        with safe_open(os.fspath(path), framework="numpy") as file:
            text = (file.metadata() or {}).get(FORMAT)
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (it is no mapping)
    except FileNotFoundError as error:
        raise ModelFileError(f"{path}: there is no such file") from error
    except OSError as error:
        raise ModelFileError(f"{path} cannot be read: {error.strerror or error}") from error
    except (SafetensorError, TypeError, ValueError, KeyError, AttributeError) as error:
        raise ModelFileError(f"{path} is not a Glasshouse {kind}, or is damaged: make it again") from error
    return _checked(path, text, arrays, kind)


def unpacked(data: bytes, kind: str, name: str) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    """The document and the arrays of `packed` bytes; `name` is what they are called.

    Raises
    ------
    ModelFileError
        If they are of another kind, or damaged.
    """
    try:
        length = int.from_bytes(data[:8], "little")
        text = json.loads(data[8 : 8 + length])["__metadata__"][FORMAT]
        arrays = load(data)
    except (SafetensorError, TypeError, ValueError, KeyError) as error:
        raise ModelFileError(f"{name} is not a Glasshouse {kind}, or is damaged: make it again") from error
    return _checked(name, text, arrays, kind)


def _checked(
    name: str | os.PathLike[str], text: str | None, arrays: dict[str, npt.NDArray[Any]], kind: str
) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    """The document of such a text, if it is whole and goes with the arrays."""
    try:
        whole = json.loads(text or "null")
        if not isinstance(whole, dict) or whole.get("format") != FORMAT:
            raise ModelFileError(f"{name} was not written by Glasshouse: make it with glasshouse train")
        if type(whole["version"]) is not int or whole["version"] != VERSION:
            raise ModelFileError(f"{name} is version {whole['version']}, this is {VERSION}: upgrade Glasshouse")
        if whole["kind"] != kind:
            raise ModelFileError(f"{name} holds a {whole['kind']}, not a {kind}")
        document = whole["document"]
        damaged = fingerprint(document, arrays) != whole["sha256"]
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        if isinstance(error, ModelFileError):
            raise
        raise ModelFileError(f"{name} is damaged (its header cannot be read): make it again") from error
    if damaged or not isinstance(document, dict):
        raise ModelFileError(f"{name} is damaged (its SHA-256 does not match its content): make it again")
    return document, arrays


def restored(kind: type[Record], settings: Mapping[str, Any]) -> Record:
    """Build a dataclass from JSON, every field there, none unknown, and each of its declared type.

    Raises
    ------
    TypeError
        If a field is missing, unknown or of another type. Files come from anywhere: nothing in them is trusted.
    """
    hints = get_type_hints(kind)
    wanted = {field.name: hints[field.name] for field in fields(kind)}  # type: ignore[arg-type]  # a dataclass
    if not isinstance(settings, Mapping) or set(settings) != set(wanted):
        raise TypeError(f"{kind.__name__} needs exactly {', '.join(wanted)}")
    return kind(**{name: as_type(settings[name], hint, name) for name, hint in wanted.items()})


def as_type(value: Any, hint: Any, name: str) -> Any:
    """`value`, if JSON can have meant this type by it: a list is a tuple, a whole number a float."""
    if get_origin(hint) is tuple and isinstance(value, list):
        return tuple(as_type(item, get_args(hint)[0], name) for item in value)
    if hint is float and type(value) in (int, float) and abs(value) <= sys.float_info.max:
        return float(value)
    if isinstance(hint, UnionType):
        for kind in get_args(hint):
            if (value is None) == (kind is NoneType):
                return value if value is None else as_type(value, kind, name)
    if hint in (bool, str) and type(value) is hint:
        return value
    if hint is int and type(value) is int and abs(value) < 1 << 63:
        return value
    raise TypeError(f"{name} is no {getattr(hint, '__name__', hint)}")
