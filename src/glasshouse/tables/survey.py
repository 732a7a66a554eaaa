"""One pass over a large table: what its columns hold, how many of its rows train, and the rows that are kept.

Portions are surveyed apart, on two threads and on every rank, and what they find adds up: the survey of a table is the
same whoever read which of its portions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt

from ..distributed.agreement import gather_bytes
from ..distributed.communicator import Communicator
from .blocks import Block, stacked
from .dataset import Dataset
from .dealing import SAMPLED, TEST, TRAIN, VALIDATION, Dealing
from .memory import hand_back, handed_back
from .parcels import packed, unpacked
from .portions import Portion
from .sketches import Sketch
from .surveyed import Kept, Survey
from .words import missing_mask

__all__ = ["present", "survey"]

THREADS = 2  # more would each hold a row group
WIDE = 200  # columns, of each of which a reader holds a page: beyond, one thread


def present(block: Block, target: str) -> npt.NDArray[np.bool_]:
    """Which rows have a target."""
    column = block.columns[target]
    return ~np.isnan(column) if isinstance(column, np.ndarray) else ~block.cells(target).each(missing_mask)


def survey(
    data: Dataset,
    target: str,
    dealing: Dealing,
    marks: dict[str, tuple[str, ...]],
    sketched: Sequence[str],
    together: Communicator,
    watch: Callable[[int], None] = lambda n_rows: None,
) -> Survey:
    """Look at every row once.

    Parameters
    ----------
    marks : dict of str to tuple of str
        Cells that mean missing; see `TableEncoding`.
    sketched : sequence of str
        The columns to learn of.
    watch : callable
        Is told now and then how many rows have been seen here.

    Raises
    ------
    TableError
        If a portion is damaged, or its file has changed.
    """
    nothing = Survey({name: Sketch() for name in sketched}, {name: Sketch() for name in sketched})

    def one(k: int, known: Survey) -> Survey:
        return _of_portion(data.portions[k], k, data.columns, known, target, dealing, marks)

    found = nothing
    mine = range(together.rank, len(data.portions), together.size)
    n_threads = THREADS if len(data.columns) <= WIDE else 1
    with handed_back(), ThreadPoolExecutor(n_threads) as threads:
        waiting = [threads.submit(one, k, nothing) for k in mine[:n_threads]]
        for place in range(len(mine)):  # in their order, and never more of them than there are threads
            found = found + waiting.pop(0).result()
            if place + n_threads < len(mine):
                waiting.append(threads.submit(one, mine[place + n_threads], found))
            hand_back()
            watch(found.n_rows)
    if together.size == 1:
        return found
    whole = nothing
    for parcel in gather_bytes(together, packed(found)):
        whole = whole + unpacked(parcel)
    return whole


def _of_portion(
    portion: Portion,
    k: int,
    columns: Sequence[str],
    known: Survey,
    target: str,
    dealing: Dealing,
    marks: dict[str, tuple[str, ...]],
) -> Survey:
    """What a portion adds to what is known: where that is counted coarsely already, this need not be counted finer."""
    learned, others = ({name: sketch.begun() for name, sketch in known.learned.items()} for _ in range(2))
    kept: dict[int, list[Block]] = {side: [] for side in (SAMPLED, VALIDATION, TEST)}
    digest = hashlib.sha256()
    n_rows = without = trained = 0
    for block in portion.blocks(columns):
        block.hash_into(digest)
        marked = block.without(marks)
        there, sides = present(marked, target), dealing.sides(block, k, n_rows)
        n_rows, without = n_rows + block.n_rows, without + int((~there).sum())
        trains = there & ((sides == TRAIN) | (sides == SAMPLED))
        trained += int(trains.sum())
        for sketches, some in ((learned, marked.take(trains)), (others, marked.take(~trains))):
            for name in sketches:
                column = some.columns[name]
                values = some.numbers(name) if isinstance(column, np.ndarray) else column
                sketches[name] = sketches[name].added(values, some.written_as(name))
        for side, blocks in kept.items():
            blocks += [marked.take(there & (sides == side))]
    held = [(side, stacked(blocks)) for side, blocks in kept.items() if blocks]
    rows = [Kept(side, np.full(block.n_rows, k), block) for side, block in held if block.n_rows]
    return Survey(learned, others, rows, n_rows, without, {k: trained}, {k: digest.digest()})
