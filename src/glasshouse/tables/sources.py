"""The bytes of a file as UTF-8 lines: gzip undone, the encoding found out, every line end a newline."""

from __future__ import annotations

import codecs
import gzip
import re
import zlib
from pathlib import Path
from typing import NamedTuple

from ..errors import TableError

__all__ = ["Source", "encoding_of", "source_of"]

BOMS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
CHUNK = 1 << 22


class Source(NamedTuple):
    """UTF-8 without a mark in front, lines that end in newlines, and what the file was."""

    data: bytes
    encoding: str
    gzipped: bool


def source_of(path: Path, encoding: str | None = None) -> Source:
    """Read a file of text.

    Raises
    ------
    TableError
        If it is missing, empty, damaged, not text, or not in the encoding that was named.
    """
    data, gzipped = _unpacked(path)
    found = encoding or encoding_of(data)
    try:
        codecs.lookup(found)
    except LookupError as error:
        raise TableError(f"there is no encoding {found!r}: try utf-8, latin-1 or utf-16") from error
    text = _as_utf8(path, data, found)
    if not re.search(rb"\S", text):
        raise TableError(f"{path} is empty: a table needs at least a few rows")
    if b"\0" in text:
        place = text.index(b"\0")
        raise TableError(f"{path} is not text (a zero byte at position {place}): save the table as CSV in UTF-8")
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if text.startswith(b"\n"):
        text = text.lstrip(b"\n")
    return Source(
        text if text.endswith(b"\n") else text + b"\n", found.removesuffix("-le").removesuffix("-be"), gzipped
    )


def _unpacked(path: Path) -> tuple[bytes, bool]:
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise TableError(f"there is no file {path}: check the path, or try example:iris") from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise TableError(f"cannot read {str(path)[:80]!r}: {reason}") from error
    if not data.startswith(b"\x1f\x8b"):
        return data, False
    try:
        return gzip.decompress(data), True
    except (OSError, EOFError, zlib.error) as error:
        raise TableError(f"{path} is a damaged gzip file: copy or download it again") from error


def encoding_of(data: bytes) -> str:
    """By the mark in front; by the zero bytes of UTF-16; UTF-8 if it is that; else the Western one-byte code."""
    for mark, encoding in BOMS.items():
        if data.startswith(mark):
            return encoding
    sample = data[:4096]
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if max(even, odd) > len(sample) // 5 and min(even, odd) == 0:
        return "utf-16-le" if odd else "utf-16-be"
    if _is_utf8(data):
        return "utf-8"
    if b"\0" in data:
        return "utf-8"  # not text at all: say so by its zero byte
    western = re.search(rb"[\x80-\x9f]", data) is not None and not re.search(rb"[\x81\x8d\x8f\x90\x9d]", data)
    return "cp1252" if western else "latin-1"


def _is_utf8(data: bytes) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(data), CHUNK):  # a piece at a time: the whole as text would be as large again
            decoder.decode(data[start : start + CHUNK])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _as_utf8(path: Path, data: bytes, encoding: str) -> bytes:
    if codecs.lookup(encoding).name == "utf-8":
        if _is_utf8(data) or b"\0" in data:
            return data.removeprefix(codecs.BOM_UTF8)
        error_at = _first_error(data)
        raise TableError(
            f"{path} is not UTF-8 (byte 0x{data[error_at]:02x} at position {error_at}): name another encoding, or none"
        )
    try:
        return data.decode(encoding).removeprefix("\ufeff").encode()
    except UnicodeError as error:
        raise TableError(f"{path} is not {encoding} ({error}): name another encoding, or none") from error


def _first_error(data: bytes) -> int:
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return error.start
    return 0
