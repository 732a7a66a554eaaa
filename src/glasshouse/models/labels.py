"""A target column as something to learn: which task it is, and its cells as classes or numbers."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..errors import TableError
from ..estimators.targets import Classes, Numbers, Target
from ..tables.cells import Cells, Counted
from ..tables.columns import describe
from ..training.batches import OneHot

__all__ = ["Labels", "columns_of", "labels_for", "targets_of", "task_of", "written_columns_of"]

Array = npt.NDArray[Any]

MOST_CODES = 20  # whole numbers of at most so many values are classes


class Labels(NamedTuple):
    """The target of each row, and what was odd about them.

    Attributes
    ----------
    y : (n,)
        The place of its class among `classes`, -1 for none of them; or a number.
    classes : (n_classes,) or None
        Those that are known, in their natural order; None for numbers.
    missing : (n,) bool
        Rows without a target.
    unknown : dict of str to int
        Labels that training never had, and how many rows hold them.
    matched : dict of str to str
        Labels that differ from a known one in case, blanks, a final full stop or how a number is written only.
    """

    y: Array
    classes: Array | None
    missing: npt.NDArray[np.bool_]
    unknown: dict[str, int]
    matched: dict[str, str]


def task_of(name: str, counted: Counted) -> str:
    """'regression' for a column of numbers, unless they are few whole ones; else 'classification'.

    Raises
    ------
    TableError
        If the column holds nothing to learn.
    """
    present = counted.where(~counted.known.missing)
    distinct = len(present.known)
    if distinct == 0:
        raise TableError(f"the target {name!r} is missing in every row: choose another column with --target")
    if distinct < 2:
        raise TableError(
            f"the target {name!r} is {present.known[0]!r} in every row: there is nothing to learn, choose another"
        )
    if describe(name, counted).kind not in ("number", "identifier"):
        if distinct > MOST_CODES and distinct > present.n_rows / 2:
            raise TableError(
                f"the target {name!r} holds {distinct} different texts in {present.n_rows} rows: choose another column"
            )
        return "classification"
    values = present.known.numbers(name)
    values = values[~np.isnan(values)]
    whole = bool((values == np.round(values)).all())
    return "classification" if whole and len(np.unique(values)) <= MOST_CODES else "regression"


def targets_of(labels: Labels, rows: npt.NDArray[np.int64]) -> Target:
    """What the outputs will mean: the classes of the labels, or the scale of the numbers of these rows."""
    return Numbers.of(labels.y[rows]) if labels.classes is None else Classes(labels.classes)


def columns_of(targets: Target, y: Array, dtype: npt.DTypeLike) -> Array:
    """(n,) places of classes, or numbers, to the (n, n_outputs) that a network learns."""
    return targets.encode_places(y, dtype) if isinstance(targets, Classes) else targets.encode(y, dtype)


def written_columns_of(targets: Target, y: Array, dtype: npt.DTypeLike) -> Array | OneHot:
    """The same, of many classes a batch at a time."""
    many = isinstance(targets, Classes) and targets.n_outputs > 1
    return OneHot(y, targets.n_outputs, dtype) if many else columns_of(targets, y, dtype)


def labels_for(name: str, cells: Cells, task: str, known: Array | None = None) -> Labels:
    """Read a target column; with `known` classes, match its labels to them."""
    if task == "regression":
        values = cells.numbers(name)
        return Labels(values, None, np.isnan(values), {}, {})
    gone, counts = cells.known.missing, cells.per_word()
    words: list[str] = cells.words.fill_null("").to_pylist()
    there = [k for k in range(len(words)) if counts[k] and not gone[k]]
    classes = np.array(sorted((words[k] for k in there), key=_natural), dtype=str) if known is None else known
    places = {label: place for place, label in enumerate(classes.tolist())}
    plain = {_plain(label): label for label in places}
    unknown: dict[str, int] = {}
    matched: dict[str, str] = {}
    found = np.full(len(words), -1, np.int32)
    for k in sorted(there, key=words.__getitem__):
        label = words[k]
        if label not in places and _plain(label) in plain:
            matched[label] = plain[_plain(label)]
            label = matched[label]
        found[k] = places.get(label, -1)
        if label not in places:
            unknown[label] = int(counts[k])
    return Labels(found[cells.places], classes, gone[cells.places], unknown, matched)


def _natural(label: str) -> tuple[int, float, str]:
    """The order people count in: numbers by their value, then words."""
    return (0, float(label), label) if _is_float(label) else (1, 0.0, label)


def _plain(label: str) -> str:
    """What equal labels share: numbers their value, words their letters."""
    word = label.strip().removesuffix(".").casefold()
    return repr(float(word)) if _is_float(word) else word


def _is_float(label: str) -> bool:
    try:
        float(label)
    except ValueError:
        return False
    return True
