"""Files of named arrays and canonical JSON under one SHA-256, written whole or not at all.

A file is in the safetensors format, which holds arrays and text and can execute nothing. Its one metadata entry is the
document, as JSON with sorted keys, and the hash covers document and arrays. The same content is the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from .errors import GlasshouseError, ModelFileError

__all__ = ["read", "write", "write_bytes"]

FORMAT = "glasshouse"
VERSION = 1
Arrays = Mapping[str, npt.NDArray[Any]]


def canonical(document: Mapping[str, Any]) -> str:
    """JSON with sorted keys and no spaces: equal documents are equal text. NaN and infinity are refused."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


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
    arrays = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    whole = {
        "format": FORMAT,
        "version": VERSION,
        "kind": kind,
        "document": document,
        "sha256": fingerprint(document, arrays),
    }
    write_bytes(path, save(arrays, {FORMAT: canonical(whole)}))


def write_bytes(path: str | os.PathLike[str], data: bytes) -> None:
    """Write beside the target, flush to the disk, then rename over it: a reader sees the old file or the new one.

    Raises
    ------
    GlasshouseError
        If the folder is missing, full or not writable; what stood there before still stands.
    """
    target = Path(path)
    temporary = None
    try:
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", delete=False) as file:
            temporary = file.name
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)
        os.replace(temporary, target)
    except OSError as error:
        raise GlasshouseError(f"cannot write {target}: {error.strerror}: choose another place with --out") from error
    finally:
        if temporary is not None and os.path.exists(temporary):
            os.unlink(temporary)


def read(path: str | os.PathLike[str], kind: str) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    """Read a file of one kind: its document and its arrays.

    Raises
    ------
    ModelFileError
        If the file is missing, is something else, is of another kind or a newer version, or is damaged.
    """
    try:
        with safe_open(os.fspath(path), framework="numpy") as file:
            text = (file.metadata() or {}).get(FORMAT)
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (it is no mapping)
    except FileNotFoundError as error:
        raise ModelFileError(f"{path}: there is no such file") from error
    except (SafetensorError, OSError, TypeError, ValueError, KeyError, AttributeError) as error:
        raise ModelFileError(f"{path} is not a Glasshouse {kind}, or is damaged: make it again") from error
    try:
        whole = json.loads(text or "null")
        if not isinstance(whole, dict) or whole.get("format") != FORMAT:
            raise ModelFileError(f"{path} was not written by Glasshouse: make it with glasshouse train")
        if whole["version"] != VERSION:
            raise ModelFileError(f"{path} is version {whole['version']}, this is {VERSION}: upgrade Glasshouse")
        if whole["kind"] != kind:
            raise ModelFileError(f"{path} holds a {whole['kind']}, not a {kind}")
        document = whole["document"]
        damaged = fingerprint(document, arrays) != whole["sha256"]
    except (json.JSONDecodeError, KeyError, TypeError, ValueError, RecursionError) as error:
        if isinstance(error, ModelFileError):
            raise
        raise ModelFileError(f"{path} is damaged (its header cannot be read): make it again") from error
    if damaged or not isinstance(document, dict):
        raise ModelFileError(f"{path} is damaged (its SHA-256 does not match its content): make it again")
    return document, arrays
