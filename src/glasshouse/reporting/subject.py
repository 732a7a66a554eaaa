"""What a report is about: a model with the rows that judge it, found in whatever was given."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import OptionError
from ..health.findings import Diagnosis
from ..models.diagnosing import Cure, diagnose
from ..models.judgement import Judgement
from ..models.model import Model
from ..models.origin import parted
from ..models.pruning import Pruned
from ..models.verbs import model_of, table_for
from ..tables.corrections import marked
from ..tables.encoded import Encoded
from ..tables.reading import Reading, Table

__all__ = ["Subject", "subject_of"]

Array = npt.NDArray[Any]
Rows = npt.NDArray[np.int64]
PARTS = ("training", "validation", "test")


@dataclass(frozen=True, eq=False)
class Subject:
    """A model and the rows at hand.

    Attributes
    ----------
    name : str
        Of its file, '' where it has none.
    table, judged : Table
        The one that is looked over by column, and the one whose rows judge.
    part : str
        Which rows judge: 'test', 'validation' or 'training' of the table it was trained on, or 'other'.
    rows : (n,)
        Those rows of `judged`.
    sizes : dict of str to int
        Rows of each part of the training table, where that is the one at hand.
    encoded, outputs, y
        The rows that judge as the network takes them, what it answers, and what was right: (n,) places of classes, -1
        for one it does not know, or numbers.
    """

    name: str
    model: Model
    table: Table
    judged: Table
    part: str
    rows: Rows
    sizes: dict[str, int]
    encoded: Encoded
    outputs: Array
    y: Array
    judgement: Judgement
    health: Diagnosis
    pruned: Pruned | None
    cure: Cure | None


def subject_of(given: Any, source: Any, reading: Reading | None) -> Subject:
    """Find the model, its table and its rows.

    Raises
    ------
    OptionError
        If nothing with a model was given.
    TableError
        If no table is given, and the one the model was trained on is not there any more, or a table does not fit.
    """
    pruned = given if isinstance(given, Pruned) else None
    cure = given.cure if isinstance(given, Diagnosis) else None
    if isinstance(given, Diagnosis) and cure is None:
        raise OptionError("a diagnosis does not hold its network: give the model, or a diagnosis with fix=True")
    holder = pruned or cure
    place = given if holder is None else holder.path or holder.model
    model = model_of(place) if holder is None else holder.model
    run = model.run
    judged = run.table if run is not None and source is None else table_for(place, model, source, reading)
    table = judged if run is None else run.table
    known = (run is not None and judged is run.table) or model.knows(judged)
    part, rows, sizes = _judging(model, judged, known)
    if run is not None:
        sizes = dict(zip(PARTS, run.sizes, strict=True))
    some = judged.take(rows)
    labels, encoded = model.labels_in(some), model.encoder.encode(some)
    outputs = model.outputs_of(encoded)
    health = run.health if run is not None else diagnose(model, judged) if cure is None else cure.after.diagnosis
    name = os.fspath(place) if isinstance(place, str | os.PathLike) else "" if run is None or not run.path else run.path
    return Subject(
        Path(name).name if name else "",
        model,
        marked(table, model.encoder.marks),
        judged,
        part,
        rows,
        sizes,
        encoded,
        outputs,
        labels.y,
        model.judge(labels, encoded),
        health,
        pruned,
        cure,
    )


def _judging(model: Model, table: Table, known: bool) -> tuple[str, Rows, dict[str, int]]:
    """Which rows judge, as `Model.evaluate` has it; where none were held out for a test, those that chose.

    A network that was trained anew on all rows has seen every one of them.
    """
    labels = model.labels_in(table)
    present = np.flatnonzero(~labels.missing)
    if not known:
        return "other", present, {}
    present, parts = parted(table, labels, model.task, model.origin)
    sizes = dict(zip(PARTS, map(len, (parts.train, parts.validation, parts.test)), strict=True))
    if model.origin.refit:
        return "training", present, sizes
    return ("test", present[parts.test], sizes) if model.held_out else ("validation", present[parts.validation], sizes)
