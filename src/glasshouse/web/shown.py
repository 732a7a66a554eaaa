"""Networks, models and findings as the page shows them, whether they are being trained or lie in a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import TableError
from ..estimators.targets import Classes, Target
from ..health.findings import Finding
from ..health.prescription import as_flags, as_options, prescribed
from ..health.remedies import Course
from ..models.labels import columns_of
from ..models.model import Model
from ..models.tracing import unit as unit_of_row
from ..network.network import Network
from ..tables.encoder import TableEncoding
from ..tables.table import Table
from ..training.recipe import Recipe
from .pictures import LOOKED_AT, STRIP_ROWS, Sample, bare_picture

__all__ = ["findings_told", "model_views", "names_of_outputs", "understood_of", "unit_of", "words_of"]

Array = npt.NDArray[Any]
LONGEST, MOST_NAMES = 120, 1024  # signs of a name, and names of a layer, that the page shows


def model_views(model: Model, table: Table | None) -> dict[str, Any]:
    """What the page shows of a model: what it reads and answers, and its picture, with units' health where rows are."""
    network, targets = model.targets.unfinished(model.network), model.one_column
    if table is None:
        nothing = np.empty((0, network.n_outputs), network.dtype)
        understood = understood_of(model.encoder, targets, network, 0, nothing)
        return {"understood": understood, "picture": bare_picture(network)}
    rows = looked_at(model, table)
    some = table.take(rows)
    X = model.encoder.encode(some).dense().astype(network.dtype)
    Y = columns_of(targets, model.labels_in(some).y, network.dtype)
    understood = understood_of(model.encoder, targets, network, table.n_rows, Y[:STRIP_ROWS])
    return {"understood": understood, "picture": Sample(X, Y).picture(network, model.recipe)}


def unit_of(model: Model, table: Table, layer: int, unit: int, row: int, weight: int | None) -> dict[str, Any]:
    """The arithmetic of a unit for one of the rows that `model_views` shows, counted from 0."""
    rows = looked_at(model, table)[:STRIP_ROWS]
    if not 0 <= row < len(rows):
        raise TableError(f"row is {row}: it must be from 0 to {len(rows) - 1}, one of the rows that are shown")
    found = unit_of_row(model, table, layer=layer, unit=unit, row=int(rows[row]) + 1, weight=weight)
    answer = columns_of(model.one_column, model.labels_in(table.take(rows[row : row + 1])).y, np.float64)
    return {**found.to_dict(), "row": row, "target": words_of(model.one_column, answer)[0]}


def looked_at(model: Model, table: Table) -> npt.NDArray[np.int64]:
    """Rows evenly over those that have a target the model knows."""
    labels = model.labels_in(table)
    there = ~labels.missing if labels.classes is None else ~labels.missing & (labels.y >= 0)
    present = np.flatnonzero(there)
    return present[np.unique(np.linspace(0, len(present) - 1, min(len(present), LOOKED_AT)).astype(np.int64))]


def understood_of(
    encoder: TableEncoding, targets: Target, network: Network, n_rows: int, answers: Array
) -> dict[str, Any]:
    """What the table became: inputs, outputs, layers, and the rows whose activations are shown."""
    return {
        "features": short(encoder.feature_names),
        "outputs": short(names_of_outputs(targets)),
        "sizes": list(network.sizes),
        "activations": [layer.activation for layer in network.layers],
        "task": "classification" if isinstance(targets, Classes) else "regression",
        "rows": n_rows,
        "sample": [{"row": k, "target": word} for k, word in enumerate(short(words_of(targets, answers)))],
    }


def words_of(targets: Target, answers: Array) -> list[str]:
    """The label or the number of each row, from what the network was to put out."""
    if isinstance(targets, Classes):
        return [str(label) for label in targets.decode(answers)]
    return [f"{number:.4g}" for number in targets.decoded(answers).tolist()]


def names_of_outputs(targets: Target) -> list[str]:
    """The class of each output, or the second of two; numbers have none."""
    return targets.output_names if isinstance(targets, Classes) else []


def short(names: Sequence[str]) -> list[str]:
    """The first of very many names, each as long as can be read."""
    return [name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…" for name in names[:MOST_NAMES]]


def findings_told(findings: list[Finding], recipe: Recipe) -> list[dict[str, Any]]:
    """Findings with what to say to `train` to cure them."""
    course, told = Course(recipe), []
    for finding in findings:
        better = prescribed(course, finding)
        options = {} if better is None else as_options(course, better)
        cure = None if better is None or not options else {"options": options, "says": as_flags(course, better)}
        told.append({**asdict(finding), "units": list(finding.units[:64]), "cure": cure})
    return told
