"""Tracing and checking as people ask for them: from a specification, or from a model and a row of its table."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import OptionError, SpecificationError, expect_number
from ..network.network import Network
from ..tables.reading import Reading, Table, as_table
from ..tracing.answers import read_answers
from ..tracing.classroom import ClassMarks, is_class, mark_class
from ..tracing.differences import differences
from ..tracing.from_network import specification_of
from ..tracing.marking import mark
from ..tracing.notes import specification
from ..tracing.printed import Printed
from ..tracing.rendering import rendered
from ..tracing.specification import Specification
from ..tracing.spelling import Vocabulary
from ..tracing.trace import Trace, losses, traced
from ..tracing.unit import UnitArithmetic, unit_arithmetic
from ..tracing.verdicts import Marking
from .labels import columns_of
from .model import Model, Source
from .verbs import AnyModel, is_model, model_of, table_for

__all__ = ["Traced", "check", "trace", "unit"]

Array = npt.NDArray[Any]
Described = str | os.PathLike[str] | Mapping[str, Any] | Model


@dataclass(frozen=True)
class Traced:
    """The arithmetic of a training step, to be looked at or written down.

    Attributes
    ----------
    specification : Specification
        The network, its samples and every convention.
    """

    specification: Specification
    only: str | None = None

    @cached_property
    def trace(self) -> Trace:
        """Every step with its expression, and the values in double precision."""
        whole = traced(self.specification)
        return whole if self.only is None else whole.only(self.only)

    @property
    def values(self) -> dict[str, float]:
        """What each name is, in double precision."""
        return {step.name: self.trace.values[step.name] for step in self.trace.steps}

    @cached_property
    def losses(self) -> list[float]:
        """The loss before each step and after the last; for long runs too, since it spells nothing out."""
        return losses(self.specification)

    @cached_property
    def differences(self) -> dict[str, float]:
        """Every derivative by finite differences."""
        whole = traced(self.specification) if self.only is not None else self.trace
        wanted = {step.name for step in self.trace.steps}
        return {name: value for name, value in differences(whole).items() if name in wanted}

    def to(
        self,
        to: str = "text",
        *,
        decimals: int = 4,
        carry: bool = False,
        fragment: bool = False,
        check_gradients: bool = False,
    ) -> str:
        """Write it down.

        Parameters
        ----------
        to : str
            'text', 'markdown', 'latex', 'html', 'slides', 'worksheet' or 'json'.
        carry : bool
            Round every line, half up, and go on with what was rounded, as a person with a pocket calculator does.
        fragment : bool
            Of LaTeX: without a preamble.
        check_gradients : bool
            With a column of finite differences.

        Raises
        ------
        OptionError
            If there is no such format, or a line has no value when it is carried at so few decimals.

        Examples
        --------
        >>> import glasshouse as gh
        >>> print(gh.trace("example:course-sheet", only="z1").to("text", carry=True).splitlines()[-1])
          z1 = x1 * w1 + x2 * w3 + b1 = 0.05 * 0.15 + 0.10 * 0.25 + 0.35 = 0.3825
        """
        printed = Printed(self.trace, decimals, carry)
        return rendered(printed, to, fragment=fragment, differences=self.differences if check_gradients else None)

    def __str__(self) -> str:
        return self.to()


def trace(
    source: Described,
    table: Source | None = None,
    *,
    row: int = 1,
    only: str | None = None,
    steps: int | None = None,
    reading: Reading | None = None,
) -> Traced:
    """Work a training step of a small network out, number by number, by the kernels that train.

    Parameters
    ----------
    source : path of TOML or JSON, ``example:NAME``, mapping, or a fitted model
        The network, its samples and its conventions; see ``docs/backpropagation.md``.
    table : path, frame or Table, optional
        Of a model: the table that the row is of; the one it was trained on, if it lies beside the model.
    row : int
        Of a model: which row of the table, counted from 1.
    only : str, optional
        One number's story: ``w5``, ``dL/dz3``, …, and all that it comes from.
    steps : int, optional
        How many steps of training, instead of what the specification says.

    Raises
    ------
    SpecificationError
        If the specification cannot be read, with the line; or its parts do not fit.
    OptionError
        If no step is called `only`, or the table has no such row.

    Examples
    --------
    >>> import glasshouse as gh
    >>> step = gh.trace("example:course-sheet")
    >>> round(step.values["loss"], 4), round(step.values["w5_new"], 4)
    (0.6073, 0.351)
    """
    described = _described(source, table, row, reading)
    if steps is not None:
        expect_number("steps", steps, lambda v: 1 <= v <= 1_000_000, "from 1 to 1,000,000", whole=True)
        described = replace(described, steps=steps)
    found = Traced(described, only)
    if only is not None:
        _ = found.trace  # says at once if there is no such step
    return found


def check(
    source: Described,
    answers: str | os.PathLike[str],
    *,
    row: int = 1,
    out: str | os.PathLike[str] | None = None,
    reading: Reading | None = None,
) -> Marking | ClassMarks:
    """Mark a solution made by hand, or those of a class: what is right, and where each first goes wrong.

    Parameters
    ----------
    source : path of TOML or JSON, ``example:NAME``, mapping, or a fitted model
    answers : path
        CSV or JSON of name and value, or text or Markdown with lines such as ``w5 = 0.4 - 0.3 * 0.1634 = 0.3510``. Of a
        class, a table with a row a student and a column a number, or a folder of solutions. No handwriting is read.
    row : int
        Of a model: which row of its table, counted from 1.
    out : path, optional
        Of a class: the folder for ``marks.csv``, a page a student, and ``class.html``.
    reading : Reading, optional
        How the table of a class is written.

    Raises
    ------
    AnswersError
        With the line, if a name is unknown or a line cannot be read.

    Examples
    --------
    >>> import pathlib, tempfile, glasshouse as gh
    >>> mine = pathlib.Path(tempfile.mkdtemp(), "mine.txt")
    >>> _ = mine.write_text("z1 = 0.3825\\nh1 = 0.5954\\n")
    >>> gh.check("example:course-sheet", mine).first_wrong
    'h1'
    """
    worked = traced(_described(source, None, row, None))
    path = Path(answers)
    known = [*worked.givens, *worked.by_name, *worked.asides]
    for part, names in (
        ("marks", worked.specification.marks.points),
        ("aliases", worked.specification.aliases.values()),
    ):
        for name in names:
            if name not in known:
                raise SpecificationError(f"[{part}] names {name!r}, and no line is called so: see check --blank")
    vocabulary = Vocabulary(worked.specification, known)
    if is_class(path, vocabulary, reading):
        return mark_class(worked, path, vocabulary, None if out is None else Path(out), reading)
    if out is not None:
        raise OptionError(f"{path.name} is the solution of one person: --out is for the marks of a class")
    if reading not in (None, Reading()):
        raise OptionError(f"{path.name} is the solution of one person: how a table is read is for a class")
    unread: list[int] = []
    found = mark(worked, read_answers(path, vocabulary, unread))
    if not unread:
        return found
    lines = f"line{'s' if len(unread) > 1 else ''} {', '.join(map(str, unread[:12]))}"
    return replace(found, notes=(*found.notes, f"not read: {lines}: no name and number were found there"))


def _described(source: Described, table: Source | None, row: int, reading: Reading | None) -> Specification:
    if is_model(source):
        return _of_model(source, table, row, reading)
    if table is not None or reading not in (None, Reading()):
        raise OptionError("a table, and how it is read, belong to a model: a specification has its own samples")
    if row != 1:
        raise OptionError(f"row is {row}: rows belong to the table of a model, a specification has its own samples")
    return specification(source)  # type: ignore[arg-type]  # a TypeGuard says nothing of what is no model


def unit(
    model: Model, table: Source, *, layer: int, unit: int, row: int = 1, weight: int | None = None
) -> UnitArithmetic:
    """The arithmetic of one unit of a model for one row of a table, counted from 1: at once, for a network of any size.

    Raises
    ------
    OptionError
        If there is no such row, layer, unit or weight.
    """
    network, x, y = _row_of(model, as_table(table), row)
    names, outputs = model.encoder.feature_names, model.output_names
    return unit_arithmetic(network, model.recipe, x, y, layer, unit, weight=weight, names=names, outputs=outputs)


def _of_model(source: AnyModel, table: Source | None, row: int, reading: Reading | None) -> Specification:
    model = model_of(source)
    rows = table_for(source, model, table, reading)
    network, x, y = _row_of(model, rows, row)
    title = Path(os.fspath(source)).name if not isinstance(source, Model) else model.target
    return specification_of(network, model.recipe, x, y, f"{title}, row {row}", tuple(model.encoder.feature_names))


def _row_of(model: Model, rows: Table, row: int) -> tuple[Network, Array, Array]:
    """The network as it trains, in double precision, and one row of a table as it reads it."""
    expect_number("row", row, lambda v: 1 <= v <= rows.n_rows, f"from 1 to {rows.n_rows:,}", whole=True)
    one = rows.take(np.array([row - 1]))
    labels = model.labels_in(one)
    if labels.missing.any() or (labels.classes is not None and labels.y[0] < 0):
        raise SpecificationError(f"row {row} has no {model.target}: a training step needs a target")
    network = model.targets.unfinished(model.network).astype(np.float64)
    x = np.asarray(model.encoder.encode(one).write(slice(0, 1)), np.float64)[0]
    return network, x, columns_of(model.one_column, labels.y, np.float64)[0]
