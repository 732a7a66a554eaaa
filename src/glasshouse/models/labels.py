"""A target column as something to learn: which task it is, and its cells as classes or numbers."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..errors import TableError
from ..estimators.targets import Classes, Numbers, Target
from ..tables.cells import Cells
from ..tables.columns import describe, missing_mask, numbers

__all__ = ["Labels", "labels_for", "targets_of", "task_of"]

MOST_CODES = 20  # whole numbers of at most so many values are classes


class Labels(NamedTuple):
    """The target of each row, and what was odd about them.

    Attributes
    ----------
    y : (n,)
        Class labels, or numbers.
    missing : (n,) bool
        Rows without a target.
    unknown : dict of str to int
        Labels that training never had, and how many rows hold them.
    matched : dict of str to str
        Labels that differ from a known one in case, blanks, a final full stop or how a number is written only.
    """

    y: npt.NDArray[Any]
    missing: npt.NDArray[np.bool_]
    unknown: dict[str, int]
    matched: dict[str, str]


def task_of(name: str, cells: Cells) -> str:
    """'regression' for a column of numbers, unless they are few whole ones; else 'classification'.

    Raises
    ------
    TableError
        If the column holds nothing to learn.
    """
    counted = cells.counted()
    present = counted.where(~missing_mask(counted.words))
    distinct = len(present.words)
    if distinct == 0:
        raise TableError(f"the target {name!r} is missing in every row: choose another column with --target")
    if distinct < 2:
        raise TableError(
            f"the target {name!r} is {present.words[0].as_py()!r} in every row: "
            "there is nothing to learn, choose another"
        )
    if describe(name, counted).kind not in ("number", "identifier"):
        if distinct > MOST_CODES and distinct > present.n_rows / 2:
            raise TableError(
                f"the target {name!r} holds {distinct} different texts in {present.n_rows} rows: choose another column"
            )
        return "classification"
    values = numbers(name, present.words)
    values = values[~np.isnan(values)]
    whole = bool((values == np.round(values)).all())
    return "classification" if whole and len(np.unique(values)) <= MOST_CODES else "regression"


def targets_of(task: str, y: npt.NDArray[Any]) -> Target:
    """What the outputs will mean: the classes of y in their natural order, or the scale of its numbers."""
    if task == "regression":
        return Numbers.of(y)
    classes = sorted(
        set(y.tolist()), key=lambda label: (0, float(label), label) if _is_float(label) else (1, 0.0, label)
    )
    return Classes(np.array(classes, dtype=str))


def labels_for(name: str, cells: Cells, task: str, known: npt.NDArray[Any] | None = None) -> Labels:
    """Read a target column; with `known` classes, match its labels to them."""
    missing = cells.each(missing_mask)
    if task == "regression":
        values = cells.each(lambda words: numbers(name, words))
        return Labels(values, np.isnan(values), {}, {})
    words = np.array(cells.words.fill_null("").to_pylist(), dtype=str)
    if known is None:
        return Labels(words[cells.places], missing, {}, {})
    plain = {_plain(label): str(label) for label in known}
    exact, matched, unknown = set(known.tolist()), {}, {}
    gone, counts = missing_mask(cells.words), cells.per_word()
    for k in np.argsort(words, kind="stable"):
        word, count = words[k], counts[k]
        if gone[k] or count == 0 or word in exact:
            continue
        if _plain(word) in plain:
            matched[str(word)] = plain[_plain(word)]
        else:
            unknown[str(word)] = int(count)
    meant = np.array([matched.get(word, word) for word in words.tolist()], dtype=str)
    return Labels(meant[cells.places], missing, unknown, matched)


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
