"""A plan written as C, measured, and proved on rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt

from ...tables.table import Table
from ..plan import Plan
from ..proof import Proof
from .mcu import Size
from .proof import Compiled, compiler, proved
from .writer import companions, source

__all__ = ["CExport", "export_c", "size_lines", "spread"]

Array = npt.NDArray[Any]
VECTORS = 16  # rows of the test that is written beside
MOST_ROWS = 200_000  # that prove it


@dataclass(frozen=True)
class CExport:
    """The texts of the files by their names, and the proof."""

    files: dict[str, str]
    proof: Proof


def export_c(plan: Plan, tables: Sequence[Table], size: Size, notes: list[str]) -> CExport:
    """Write a plan and prove it on the rows of tables; the comment at the top says what it takes, and what held."""
    proof = _proof(plan, tables)
    table = tables[0] if tables else None
    lines = [*notes, *size_lines(size), str(proof)]
    return CExport({**source(plan, lines), **companions(plan, *_vectors(plan, table))}, proof)


def _proof(plan: Plan, tables: Sequence[Table]) -> Proof:
    cc = compiler()
    if cc is None:
        return Proof.none("there is no C compiler here: install gcc or clang")
    with Compiled(plan, cc) as compiled:
        if not tables:
            return Proof.none("no rows were given: name a table with --table")
        some = (table.take(np.arange(min(table.n_rows, MOST_ROWS))) for table in tables)
        return reduce(Proof.and_of, (proved(plan, rows, compiled) for rows in some))


def _vectors(plan: Plan, table: Table | None) -> tuple[list[list[Array]], Array]:
    """A few rows, spread over the table, and their answers; without a table a row of zeros."""
    if table is None:
        raw = [[np.zeros(1) for _ in column.numbers] or [np.zeros(1, np.int64)] for column in plan.columns]
        return raw, plan.answers(plan.outputs(plan.encoded(raw)))
    raw = plan.raw(table.take(spread(table.n_rows)))
    return raw, plan.answers(plan.outputs(plan.encoded(raw)))


def spread(n_rows: int, most: int = VECTORS) -> npt.NDArray[np.int64]:
    """So many rows of a table, from its first to its last."""
    return np.unique(np.linspace(0, n_rows - 1, most).astype(np.int64))


def size_lines(size: Size) -> list[str]:
    """What it takes, for the comment and the screen."""
    how = f"linked for {size.mcu} at -Os" if size.linked else f"estimated for {size.mcu}: arm-none-eabi-gcc is not here"
    stack = "stack" if size.emulated else "stack but for the C library's at most" if size.linked else "stack about"
    parts = f"code {size.code:,}, tables {size.tables:,}, run-time library {size.library:,}"
    lines = [
        f"Flash {size.flash:,} bytes: {parts}; {how}.",
        f"Memory {size.ram:,} bytes: static {size.scratch:,}, a row {size.row:,}, {stack} {size.stack:,}.",
    ]
    if size.instructions is not None:
        lines.append(f"{size.instructions:,} instructions a row, counted in QEMU.")
    return lines
