"""One pass over a large table finds the same whoever reads which of its portions, and what reading it whole finds."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from parts import at_once, limits, looked_at, numbers_and_words, same_sketch, written
from ranks import on_threads

from glasshouse.distributed.serial import SERIAL
from glasshouse.errors import TableError
from glasshouse.tables.blocks import joined
from glasshouse.tables.cells import Cells
from glasshouse.tables.columns import describe
from glasshouse.tables.dataset import dataset
from glasshouse.tables.dealing import SAMPLED, TEST, VALIDATION, Dealing
from glasshouse.tables.sketches import sketch_of
from glasshouse.tables.survey import survey
from glasshouse.tables.surveyed import gathered

N = 600


@pytest.fixture(params=["parquet", "csv"])
def path(request, tmp_path):
    columns = numbers_and_words(np.random.default_rng(0), N)
    if request.param == "parquet":
        yield written(tmp_path / "t.parquet", columns, group=70)
        return
    cells = {name: [str(cell) for cell in values.tolist()] for name, values in columns.items()}
    rows = [",".join(columns), *map(",".join, zip(*cells.values(), strict=True))]
    (tmp_path / "t.csv").write_text("\n".join(rows))
    with limits(STRETCH=5000):
        yield tmp_path / "t.csv"


def same_survey(one, other) -> bool:
    kept = [
        [
            (
                *(each.portions.tolist(), each.side, each.block.n_rows, dict(each.block.written)),
                *(each.block.cells(name).to_pylist() for name in each.block.columns),
            )
            for each in gathered(found.kept)
        ]
        for found in (one, other)
    ]
    return (
        all(same_sketch(sketch, other.learned[name]) for name, sketch in one.learned.items())
        and all(same_sketch(sketch, other.in_all[name]) for name, sketch in one.in_all.items())
        and list(one.learned) == list(other.learned)
        and kept[0] == kept[1]
        and (one.n_rows, one.without_target, one.trained) == (other.n_rows, other.without_target, other.trained)
        and one.fingerprint == other.fingerprint
    )


@pytest.mark.parametrize(("ranks", "most"), [(2, 100), (3, 1 << 17)])
def test_ranks_find_together_what_one_finds(path, ranks, most) -> None:
    with limits(MOST_WORDS=most, MOST_BUCKETS=most):
        alone = looked_at(path, "y", marks={"": ("Ulm",)})
        for found in on_threads(ranks, lambda together: looked_at(path, "y", together=together, marks={"": ("Ulm",)})):
            assert same_survey(found, alone)
    assert any(not sketch.exact for sketch in alone.learned.values()) == (most == 100)
    assert sum(alone.of_ranks(ranks)) == sum(alone.trained.values())


def test_a_pass_finds_what_reading_the_table_whole_finds(path) -> None:
    found, whole = looked_at(path, "y"), at_once(path)
    assert (found.n_rows, found.without_target) == (N, 0)
    for name, cells in whole.items():
        column = Cells.of([cell.strip() or None for cell in cells]).counted()
        ours, theirs = found.in_all[name].described(name), describe(name, column)
        assert (ours.kind, ours.missing, ours.distinct) == (theirs.kind, theirs.missing, theirs.distinct)
        words = sketch_of(found.in_all[name].counted()).words
        assert dict(zip(words.words.to_pylist(), words.counts.tolist(), strict=True)) == {
            word: cells.count(word) for word in set(cells)
        }
    assert found.learned["y"].n_rows == sum(found.trained.values())
    rows = list(zip(*whole.values(), strict=True))
    for kept in found.kept:
        cells = joined([kept.block], list(whole))
        for row in zip(*(column.to_pylist() for column in cells.values()), strict=True):
            assert tuple(cell or "" for cell in row) in rows


def test_what_is_held_is_what_was_dealt_and_has_a_target(tmp_path) -> None:
    columns = numbers_and_words(np.random.default_rng(1), N)
    y = np.where(np.arange(N) % 5 == 0, "", columns["y"].astype(object))
    y[::7] = "gone"
    path = written(tmp_path / "t.parquet", {**columns, "y": y}, group=50)
    there = int(((y != "") & (y != "gone")).sum())
    with limits(HELD=40):
        found = looked_at(path, "y", marks={"y": ("gone",)})
    assert found.without_target == N - there
    held = {side: sum(k.block.n_rows for k in found.kept if k.side == side) for side in (SAMPLED, VALIDATION, TEST)}
    assert all(10 < n < 80 for n in held.values())
    assert sum(found.trained.values()) + held[VALIDATION] + held[TEST] == there
    for kept in found.kept:
        assert set(kept.block.cells("y").to_pylist()) <= {"yes", "no"}


def test_every_cell_changes_the_fingerprint(path, tmp_path) -> None:
    before = looked_at(path, "y").fingerprint
    if path.suffix == ".csv":
        other = tmp_path / "o.csv"
        other.write_text(path.read_text().replace("Bern", "Thun", 1))
    else:
        table = pq.read_table(path)
        city = table["city"].to_pylist()
        city[N - 1] = None if city[N - 1] else "Thun"
        other = written(tmp_path / "o.parquet", table.set_column(2, "city", pa.array(city)), group=70)
    assert looked_at(path, "y", seed=3).fingerprint == before
    assert looked_at(other, "y").fingerprint != before


def test_the_watcher_hears_of_all_rows(path) -> None:
    data, heard = dataset(str(path)), []
    survey(data, "y", Dealing(0, data.n_rows), {}, (), SERIAL, heard.append)
    assert heard == sorted(heard)
    assert heard[-1] == N
    assert len(heard) == len(data.portions)


def test_an_infinite_number_is_named_with_its_row_group_unless_it_is_a_mark(tmp_path) -> None:
    x = np.arange(40.0)
    x[33] = np.inf
    path = written(tmp_path / "t.parquet", {"x": x, "y": ["a", "b"] * 20}, group=10)
    with pytest.raises(TableError, match=r"t.parquet, row group 3: column 'x' holds inf: a number must be finite"):
        looked_at(path, "y")
    assert looked_at(path, "y", marks={"x": ("inf",)}).in_all["x"].missing == 1


@pytest.mark.parametrize("damage", ["flipped", "cut", "gone", "grown", "replaced"])
def test_a_file_that_is_not_what_it_was_is_named_with_the_portion(path, damage) -> None:
    data = dataset(str(path))
    whole = path.read_bytes()
    if damage == "flipped":
        middle = (
            pq.ParquetFile(path).metadata.row_group(4).column(1).data_page_offset if "parquet" in str(path) else 999
        )
        changed = bytearray(whole)
        changed[middle : middle + 40] = bytes(40)
        path.write_bytes(changed)
        data = dataset(str(path))
    elif damage == "gone":
        path.unlink()
    else:
        path.write_bytes({"cut": whole[:-300], "grown": whole + whole[-40:], "replaced": whole[::-1]}[damage])
    reason = {
        "flipped": r"(row group 4 is damaged|bytes .* to .* is not text)",
        "gone": "cannot be read any more .*: put it back",
    }.get(damage, "changed while it was read .*: wait until it is whole, or train on a copy")
    with pytest.raises(TableError, match=rf"{path.name},? {reason}") as caught:
        survey(data, "y", Dealing(0, N), {}, data.columns, SERIAL)
    assert "\n" not in str(caught.value)
