"""A model written as ONNX, and proved on rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

from ..errors import OptionError
from ..models.model import Model
from ..tables.table import Table
from .judged import Judged, judged
from .plan import planned
from .proof import Proof

__all__ = ["OnnxExport", "export_onnx"]


@dataclass(frozen=True)
class OnnxExport:
    """The bytes of the file, the proof, and in whole numbers the scores before and after."""

    content: bytes
    proof: Proof
    scores: Judged | None


def export_onnx(
    model: Model, table: Table | None, proving: Sequence[Table], *, encoder: bool, int8: bool
) -> OnnxExport:
    """Write a model as one graph; the rows of a table set scales, those of some tables prove it, the last one judges.

    Raises
    ------
    OptionError
        If onnx is not installed.
    """
    try:
        from .onnx_graph import written
        from .onnx_proof import proof
    except ImportError as error:
        raise OptionError("ONNX needs the package onnx: pip install 'glasshouse[onnx]'") from error
    plan = planned(model, "model", int8=int8, inputs="float" if int8 else None, table=table)
    graph = written(model, encoder=encoder, whole=plan.whole)
    found = Proof.none("no rows were given: name a table with --table")
    if proving:
        found = reduce(Proof.and_of, (proof(model, graph, rows) for rows in proving))
    scores = judged(plan, proving[-1]) if int8 else None
    return OnnxExport(graph.proto.SerializeToString(), found, scores)
