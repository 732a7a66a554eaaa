"""What is learned from a table is the same however its rows are cut into blocks, and rows come out as they went in."""

from __future__ import annotations

from functools import reduce
from operator import add

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

import glasshouse as gh
from glasshouse.errors import TableError
from glasshouse.models import model as models
from glasshouse.models.origin import rows_hash
from glasshouse.tables import encoded
from glasshouse.tables.cells import Cells
from glasshouse.tables.columns import describe
from glasshouse.tables.encoder import TableEncoding
from glasshouse.tables.encodings import ENCODINGS
from glasshouse.tables.frames import table_of
from glasshouse.tables.table import Table
from glasshouse.training import batches, checkpoints

WORDS = st.sampled_from(["1", "2.5", "-3e2", "", "NA", "yes", "no", "2020-01-31", "red", "blue", "None", "007"])
ANY = st.text(max_size=3).filter(lambda word: "inf" not in word.lower())  # an infinite number is refused
COLUMNS = st.lists(st.one_of(WORDS, st.none(), ANY), min_size=1, max_size=60)


@given(COLUMNS, st.data())
def test_cells_are_what_they_were(cells, data) -> None:
    column = Cells.of(cells)
    assert column.to_pylist() == cells
    assert [column[row] for row in range(len(column))] == cells
    rows = data.draw(st.lists(st.integers(0, len(cells) - 1)))
    assert column.take(np.array(rows, int)).to_pylist() == [cells[row] for row in rows]
    assert column.counted().n_rows == len(cells)


@given(COLUMNS, st.data())
def test_counts_and_what_is_learned_from_them_do_not_depend_on_the_blocks(cells, data) -> None:
    ends = sorted([*data.draw(st.lists(st.integers(1, len(cells)), max_size=5, unique=True)), 0, len(cells)])
    blocks = [Cells.of(cells[start:end]) for start, end in zip(ends, ends[1:], strict=False) if end > start]
    assert Cells.joined(blocks).to_pylist() == cells
    whole, parts = Cells.of(cells).counted(), reduce(add, [block.counted() for block in blocks])
    assert parts.words.to_pylist() == whole.words.to_pylist()
    assert parts.counts.tolist() == whole.counts.tolist()
    assert describe("c", parts) == describe("c", whole)
    for encoding in ENCODINGS.values():
        assert encoding.fit("c", parts) == encoding.fit("c", whole)


NUMBERS = {
    "double": st.floats(-1e30, 1e30) | st.sampled_from([0.1, -0.0, 3.0, 1e-9]),
    "float": st.floats(-(2.0**99), 2.0**99, width=32),
    "int64": st.integers(-(2**53) + 1, 2**53 - 1) | st.integers(-3, 3),
}


@pytest.mark.parametrize("written", NUMBERS)
@given(st.data())
def test_numbers_are_what_their_text_is(written, data) -> None:
    """Cells that came as numbers, and those of a file that says the same."""
    cells = data.draw(st.lists(st.none() | NUMBERS[written], min_size=1, max_size=60))
    typed = pa.array(cells, pa.float64() if written == "double" else pa.float32() if written == "float" else pa.int64())
    (mine,) = table_of(pa.table({"c": typed})).columns.values()
    theirs = Cells.of(pc.cast(pc.add(typed, pa.scalar(0, typed.type)), pa.string()))  # there is one zero
    assert mine.known.numeric
    assert mine.to_pylist() == [mine[row] for row in range(len(mine))] == theirs.to_pylist()
    assert describe("c", mine.counted()) == describe("c", theirs.counted())
    there = mine.known.missing
    assert there.tolist() == theirs.known.missing.tolist()
    assert mine.counted().where(~there).words.to_pylist() == theirs.counted().where(~there).words.to_pylist()
    values = np.array([np.nan if cell is None else cell for cell in cells], float)
    again = theirs.numbers("c").astype(np.float32) if written == "float" else theirs.numbers("c")
    assert np.array_equal(again, values, equal_nan=True)
    assert np.array_equal(mine.numbers("c"), theirs.numbers("c"), equal_nan=True)
    assert rows_hash(Table("t", {"c": mine})) == rows_hash(Table("t", {"c": theirs}))
    half = len(cells) // 2 or 1
    blocks = [mine.take(slice(0, half)), mine.take(slice(half, None)), Cells.of(["7", None])]
    assert Cells.joined(blocks[:2]).known.numeric
    assert Cells.joined(blocks).to_pylist() == [*theirs.to_pylist(), "7", None]


def test_whole_numbers_too_long_for_a_double_are_told_apart() -> None:
    (cells,) = table_of(pa.table({"c": pa.array([2**60, 2**60 + 1])})).columns.values()
    assert cells.to_pylist() == [str(2**60), str(2**60 + 1)]


@pytest.mark.parametrize("size", [7, 1 << 13])
def test_a_sparse_matrix_and_an_array_hold_the_same(monkeypatch, size) -> None:
    monkeypatch.setattr(encoded, "BLOCK", size)
    rng = np.random.default_rng(3)
    columns = {f"c{k}": Cells.of([f"w{word}" for word in rng.integers(0, 9, 200)]) for k in range(4)}
    columns["x"] = Cells.of([repr(float(value)) for value in rng.normal(size=200)])
    table = Table("t", columns)
    rows = TableEncoding.fit(table).encode(table).take(rng.permutation(200)[:150])
    matrix = rows.matrix()
    assert hasattr(matrix, "indptr") == (size < 150)
    assert np.array_equal(matrix.toarray() if size < 150 else matrix, rows.dense())


def test_an_encoding_kept_in_part_reads_the_rest_no_more() -> None:
    table = Table("t", {"a": Cells.of(["1", "2", "4"] * 3), "b": Cells.of(["x", "y", "x"] * 3)})
    encoding = TableEncoding.fit(table)
    kept = encoding.keep(["a"])
    alone = Table("t", {"a": table.columns["a"]})
    assert np.array_equal(kept.transform(alone)[0], encoding.transform(table)[0][:, :1])
    with pytest.raises(TableError, match="reads no column 'c': it has a, b"):
        encoding.keep(["c"])


class Killed(gh.Watcher):
    """Ends the process, as it were, in the third epoch."""

    def after_epoch(self, state) -> None:
        if state.epoch == 3:
            raise KeyError


@pytest.mark.parametrize("target", ["class", "number"])
def test_a_table_written_as_it_is_needed_trains_and_judges_as_one_kept_as_an_array(
    monkeypatch, tmp_path, target
) -> None:
    rng = np.random.default_rng(5)
    words = rng.integers(0, 9, (300, 3))
    columns = {f"c{k}": Cells.of([f"w{word}" for word in words[:, k]]) for k in range(3)}
    y = words[:, 0] % 2 if target == "class" else words[:, 0] + rng.normal(size=300)
    y = [repr(value) for value in y.tolist()]
    y[7] = ""
    table = Table("t", {**columns, "y": Cells.of(y)})
    array = gh.train(table, target="y", out="", refit=True)
    monkeypatch.setattr(encoded, "BLOCK", 16)
    monkeypatch.setattr(encoded, "SMALL", 0)
    monkeypatch.setattr(batches, "AT_ONCE", 150)
    monkeypatch.setattr(checkpoints, "AT_ONCE", 40)
    monkeypatch.setattr(models, "AT_ONCE", 7)
    written = gh.train(table, target="y", out="", refit=True)
    assert np.array_equal(array.network.parameters, written.network.parameters)
    assert array.scores == written.scores
    for ours, theirs in zip(array.run.baselines, written.run.baselines, strict=True):
        assert theirs.scores == pytest.approx(ours.scores, abs=0.02)
    assert written.evaluate(table).scores == array.evaluate(table).scores
    stopped = {"target": "y", "out": "", "baselines": False, "checkpoint": tmp_path / "run"}
    with pytest.raises(KeyError):
        gh.train(table, watchers=[Killed()], **stopped)
    resumed = gh.train(table, resume=True, **stopped)
    assert resumed.run.epochs == array.run.epochs
    assert resumed.scores == array.scores
