"""What ranks tell each other in words: bytes of any length, and whether they agree about the run they are in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

import numpy as np

from ..errors import WorldError
from .communicator import Communicator

__all__ = ["agree", "gather_bytes"]

AT_ONCE = 1 << 30  # bytes of all ranks in one call: MPI counts them in 31 bits
ODD = "surrogateescape"  # what Python makes of a path whose bytes are no UTF-8
SHOWN = 60  # letters of a text, around where it differs


def gather_bytes(together: Communicator, data: bytes) -> list[bytes]:
    """Return the bytes of every rank, in the order of the ranks, on every rank.

    Examples
    --------
    >>> from glasshouse.distributed.serial import SERIAL
    >>> gather_bytes(SERIAL, b"alone")
    [b'alone']
    """
    lengths = together.gather(np.array([len(data)], np.int64))[:, 0].tolist()
    piece = max(min(max(lengths), AT_ONCE // together.size), 1)
    found = [bytearray() for _ in lengths]
    for begin in range(0, max(lengths), piece):
        part = np.frombuffer(data[begin : begin + piece], np.uint8)
        padded = np.zeros(piece, np.uint8)
        padded[: len(part)] = part
        for whole, length, row in zip(found, lengths, together.gather(padded), strict=True):
            whole.extend(row[: max(length - begin, 0)].tobytes())
    return [bytes(whole) for whole in found]


def agree(together: Communicator, texts: Mapping[str, str]) -> None:
    """Make sure that what each rank says of the run, by name, is the same on all of them.

    Raises
    ------
    WorldError
        On every rank, with the first name that differs, and who says what.

    Examples
    --------
    >>> from glasshouse.distributed.serial import SERIAL
    >>> agree(SERIAL, {"seed": "0"})
    """
    if together.size == 1:
        return
    digests = {name: hashlib.sha256(_encoded(text)).hexdigest() for name, text in texts.items()}
    said = [json.loads(each) for each in gather_bytes(together, json.dumps(digests).encode())]
    names = list(dict.fromkeys(name for each in said for name in each))  # the same list on every rank
    for name in names:
        if len({each.get(name) for each in said}) > 1:
            every = gather_bytes(together, _encoded(texts.get(name, "")))
            values = [each.decode(errors=ODD) for each in every]
            raise WorldError(f"{_difference(name, values)}: start all ranks with the same versions, files and options")


def _encoded(text: str) -> bytes:
    return text.encode(errors=ODD)


def _difference(name: str, values: list[str]) -> str:
    """Which ranks say what, around the first letter that is not the same."""
    ranks: dict[str, list[int]] = {}
    for rank, value in enumerate(values):
        ranks.setdefault(value, []).append(rank)
    first = next((k for k, letters in enumerate(zip(*values, strict=False)) if len(set(letters)) > 1), 0)
    begin = max(first - SHOWN // 2, 0)
    said = []
    for value, who in ranks.items():
        short = value[begin : begin + SHOWN]
        short = f"{'…' if begin else ''}{short}{'…' if begin + SHOWN < len(value) else ''}"
        those = ", ".join(map(str, who[:8])) + (", …" if len(who) > 8 else "")
        said.append(f"rank{'s' if len(who) > 1 else ''} {those} {'have' if len(who) > 1 else 'has'} {short or 'none'}")
    return f"the ranks disagree about {name}: {'; '.join(said)}"
