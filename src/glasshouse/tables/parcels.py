"""A survey as bytes, and back: what ranks hand each other, as arrays and JSON."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from .. import storage
from .blocks import Block, Column
from .cells import Counted
from .sketches import Sketch, Tally
from .surveyed import Kept, Survey, gathered
from .words import Words

__all__ = ["packed", "unpacked"]

Arrays = dict[str, Any]


def packed(survey: Survey) -> bytes:
    """The bytes of a survey."""
    pieces = gathered(survey.kept)
    arrays: Arrays = {f"kept.{k}.portions": kept.portions for k, kept in enumerate(pieces)}
    document = {
        "columns": list(survey.learned),
        "learned": [_sketch(arrays, f"learned.{k}", s) for k, s in enumerate(survey.learned.values())],
        "others": [_sketch(arrays, f"others.{k}", s) for k, s in enumerate(survey.others.values())],
        "kept": [
            {
                "side": kept.side,
                "rows": kept.block.n_rows,
                "source": kept.block.source,
                "written": dict(kept.block.written),
                "columns": list(kept.block.columns),
                "text": [
                    _column(arrays, f"kept.{k}.{place}", column)
                    for place, column in enumerate(kept.block.columns.values())
                ],
            }
            for k, kept in enumerate(pieces)
        ],
        "rows": survey.n_rows,
        "without": survey.without_target,
        "trained": [[k, n] for k, n in survey.trained.items()],
        "digests": [[k, digest.hex()] for k, digest in survey.digests.items()],
    }
    return storage.packed("survey", document, arrays)


def unpacked(data: bytes) -> Survey:
    """The survey of `packed`."""
    document, arrays = storage.unpacked(data, "survey", "what another rank sent")
    columns = document["columns"]
    kept = []
    for k, held in enumerate(document["kept"]):
        cells = {
            name: _uncolumn(arrays, f"kept.{k}.{place}", text)
            for place, (name, text) in enumerate(zip(held["columns"], held["text"], strict=True))
        }
        block = Block(cells, held["rows"], held["source"], held["written"])
        kept.append(Kept(held["side"], arrays[f"kept.{k}.portions"], block))
    return Survey(
        {name: _unsketch(arrays, f"learned.{k}", document["learned"][k]) for k, name in enumerate(columns)},
        {name: _unsketch(arrays, f"others.{k}", document["others"][k]) for k, name in enumerate(columns)},
        kept,
        document["rows"],
        document["without"],
        dict(document["trained"]),
        {k: bytes.fromhex(digest) for k, digest in document["digests"]},
    )


def _sketch(arrays: Arrays, name: str, sketch: Sketch) -> dict[str, Any]:
    tally = sketch.tally
    arrays[f"{name}.keys"], arrays[f"{name}.counts"] = tally.keys, tally.counts
    arrays[f"{name}.sums"], arrays[f"{name}.ends"] = tally.sums, np.array([tally.low, tally.high])
    _column(arrays, f"{name}.words", sketch.words.words)
    arrays[f"{name}.rows"] = sketch.words.counts
    return {
        "bits": tally.bits,
        "whole": tally.whole,
        "missing": sketch.missing,
        "numeric": sketch.numeric,
        "crowded": sketch.crowded,
        "overflowed": sketch.overflowed,
        "uncounted": sketch.uncounted,
        "written": sketch.written,
    }


def _unsketch(arrays: Arrays, name: str, said: dict[str, Any]) -> Sketch:
    low, high = arrays[f"{name}.ends"].tolist()
    tally = Tally(
        arrays[f"{name}.keys"],
        arrays[f"{name}.counts"],
        said["bits"],
        arrays[f"{name}.sums"],
        said["whole"],
        low,
        high,
    )
    words = Counted(Words(_uncolumn(arrays, f"{name}.words", text=True)), arrays[f"{name}.rows"])
    flags = (said[part] for part in ("missing", "numeric", "crowded", "overflowed", "uncounted", "written"))
    return Sketch(tally, words, *flags)


def _column(arrays: Arrays, name: str, column: Column) -> bool:
    """Put a column among the arrays; whether it is text: its bytes, and the length of each cell, -1 for null."""
    if isinstance(column, np.ndarray):
        arrays[name] = column
        return False
    cells = [None if cell is None else cell.encode() for cell in column.to_pylist()]
    arrays[f"{name}.text"] = np.frombuffer(b"".join(cell or b"" for cell in cells), np.uint8)
    arrays[f"{name}.lengths"] = np.array([-1 if cell is None else len(cell) for cell in cells], np.int32)
    return True


def _uncolumn(arrays: Arrays, name: str, text: bool) -> Column:
    if not text:
        return arrays[name]
    lengths = arrays[f"{name}.lengths"]
    ends = np.concatenate(([0], np.maximum(lengths, 0).cumsum())).tolist()
    data = arrays[f"{name}.text"].tobytes()
    cells = [None if n < 0 else data[a:b].decode() for n, a, b in zip(lengths.tolist(), ends, ends[1:], strict=False)]
    return pa.array(cells, pa.string())
