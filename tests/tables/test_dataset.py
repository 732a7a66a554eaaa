"""A table read in parts has the columns and the rows of the same table read whole, wherever the parts are cut."""

from __future__ import annotations

import csv
import datetime
import decimal
import gzip
import io
import random

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from parts import at_once, in_parts, limits, looked_at, without_empty_end, written
from tables.test_mutated import mutated, said

from glasshouse.errors import GlasshouseError, OptionError, TableError
from glasshouse.tables.dataset import dataset
from glasshouse.tables.lines import first_row, whole_lines
from glasshouse.tables.reading import Reading

CELLS = st.one_of(
    st.sampled_from(["1", "-2.5", "", "NA", 'say "hi"', '5" pipe', "a,b", "x\ny", '"', '""', " x", "\n", ",", "ü"]),
    st.text('ab1,;"\n é', max_size=6),
)
ROWS = st.integers(1, 3).flatmap(lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=2))


def as_csv(rows, quoting=csv.QUOTE_MINIMAL, end="\n"):
    out = io.StringIO()
    csv.writer(out, quoting=quoting, lineterminator=end).writerows(rows)
    return out.getvalue()


@settings(deadline=None, max_examples=60)
@given(ROWS, st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]), st.sampled_from([1, 7, 30, 1 << 20]), st.data())
def test_every_row_of_csv_is_read_once_wherever_it_is_cut(tmp_path_factory, rows, quoting, stretch, data) -> None:
    end = data.draw(st.sampled_from(["\n", "\r\n"]))
    text = as_csv([[f"c{k}" for k in range(len(rows[0]))], *rows], quoting, end)
    if data.draw(st.booleans()):
        text = text.removesuffix(end)
    encoding = data.draw(st.sampled_from(["utf-8", "utf-8-sig", "latin-1"]))
    pack = data.draw(st.sampled_from([bytes, gzip.compress]))
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    path.write_bytes(pack(text.encode(encoding)))
    reading = Reading(delimiter=",", header=True, encoding=encoding if encoding == "latin-1" else None)
    try:
        whole = at_once(path, reading)
    except TableError:
        return
    with limits(STRETCH=stretch, ROWS=5):
        assert without_empty_end(in_parts(path, reading)) == whole


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.sampled_from(['5" pipe', '"a\nb"', '"say ""x""\n,"', "", "x", 'a"b"', '"q"']), min_size=1), st.data()
)
def test_a_quote_inside_a_cell_is_a_letter(cells, data) -> None:
    rows = [f"{cell},{data.draw(st.sampled_from(cells))}\n" for cell in cells]
    text, size = "".join(rows).encode(), data.draw(st.integers(1, 40))
    pieces = list(whole_lines("t", io.BytesIO(text), size, ","))
    assert b"".join(pieces) == text
    ends = np.cumsum([len(row) for row in rows]).tolist()
    assert set(np.cumsum([len(piece) for piece in pieces]).tolist()) <= set(ends)
    assert first_row(text, ",") == ends[0]


@pytest.mark.parametrize(
    "text",
    [
        "a,b\n1,2\n3,4\n",
        "\ufeffa,b\r\n1,2\r\n\r\n\r\n3,4",
        "\n\na,b\n\n\n\n\n\n\n\n\n\n1,2\n\n\n\n\n\n\n\n3,4\n\n\n\n\n\n\n\n",
        "1,2,\n3,4,\n5,6,\n",
        "a,b,\n3,4,\n5,6,\n",
        "a,b\n1,2,3\n4,5,6\n",
        'a, b\n1, "x, y"\n3, 4\n5, "6"\n',
        "a b\n1 2\n3   4\n",
        "a;b\n1,5;2\n1.234,5;x\n",
        '"a\nb",c\n1,2\n3,4\n',
        "größe\nü\nß\n",
        "a\n1\n\n2\n",
    ],
)
@pytest.mark.parametrize("stretch", [1, 5, 1 << 20])
def test_odd_tables_are_read_alike(tmp_path, text, stretch) -> None:
    path = tmp_path / "t.csv"
    for pack, encoding in ((bytes, "utf-8"), (gzip.compress, "utf-8"), (bytes, "cp1252")):
        if encoding == "cp1252" and "\ufeff" in text:
            continue
        path.write_bytes(pack(text.encode(encoding)))
        with limits(STRETCH=stretch):
            assert in_parts(path) == at_once(path)
            whole = dataset(str(path))
        assert "gzip" not in str(whole.dialect) or pack is gzip.compress
        assert len(whole.portions) > 1 or stretch > 1 or pack is gzip.compress


def test_a_letter_across_the_end_of_the_sample_is_one_letter(tmp_path) -> None:
    path = tmp_path / "t.csv"
    for k in range(5):
        path.write_text("a,b\n" + f"x,{'2' * (4 + k)}\n" + "ü,4\n" * 30)
        with limits(SAMPLE=80):
            assert set(in_parts(path)["a"]) == {"x", "ü"}


def test_columns_without_a_name_that_are_not_empty_after_all_are_refused(tmp_path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b,\n" + "1,2,\n" * 60 + "3,4,late\n")
    with (
        limits(SAMPLE=80),
        pytest.raises(TableError, match=r"bytes .* to .*: 'column_3' has no name, is empty at first and holds 'late'"),
    ):
        in_parts(path)
    path.write_text("1,2,\n" * 60 + "3,4,late\n")
    assert in_parts(path, Reading(names=("a", "b", "c")))["c"][-1] == "late"


MORNING = datetime.datetime(2024, 1, 31, 9, 30, tzinfo=datetime.UTC)
COLUMNS = {
    "int8": pa.array([1, None, -3], pa.int8()),
    "int64": pa.array([12_345_678_901, None, -3]),
    "uint64": pa.array([2**53 - 1, None, 0], pa.uint64()),
    "float16": pa.array([np.float16(0.1), None, np.float16(3)], pa.float16()),
    "float32": pa.array([0.1, np.nan, -99.9], pa.float32()),
    "float64": pa.array([0.1, None, 1e-7]),
    "decimal": pa.array([decimal.Decimal("1.50"), None, decimal.Decimal("-0.25")]),
    "bool": pa.array([True, None, False]),
    "text": pa.array([" a ", None, "łódź"]),
    "large": pa.array(["a", None, "b"], pa.large_string()),
    "words": pa.array(["a", None, "b"]).dictionary_encode(),
    "places": pa.array([1, None, 2]).dictionary_encode(),
    "date": pa.array([MORNING.date(), None, MORNING.date()]),
    "moment": pa.array([MORNING, None, MORNING], pa.timestamp("ns", tz="Europe/Berlin")),
    "time": pa.array([MORNING.time(), None, MORNING.time()]),
    "span": pa.array([datetime.timedelta(1), None, datetime.timedelta(2)]),
    "bytes": pa.array([b"\xff\xfe", None, b"\xff"]),
    "list": pa.array([[1, 2], None, []]),
    "struct": pa.array([{"x": 1}, None, {"x": 2}]),
    "nothing": pa.nulls(3),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_of_any_type_is_what_it_is_in_a_table_read_whole(tmp_path, name) -> None:
    path = written(tmp_path / "t.parquet", {"k": ["u", "v", "w"], name: COLUMNS[name]}, group=2)
    assert in_parts(path) == at_once(path)
    assert len(dataset(str(path)).portions) == 2


def test_whole_numbers_beyond_2_to_53_are_the_nearest_that_there_are(tmp_path) -> None:
    path = written(tmp_path / "t.parquet", {"k": pa.array([2**53 + 1, 2**64 - 1, 7], pa.uint64())})
    assert list(map(float, in_parts(path)["k"])) == list(map(float, at_once(path)["k"]))


def test_folders_and_partitions_are_read_as_they_are_read_whole(tmp_path) -> None:
    for year, rows in (("2023", 3), ("2024", 5), ("__HIVE_DEFAULT_PARTITION__", 2)):
        (tmp_path / f"year={year}" / "place=a%2Fb").mkdir(parents=True)
        for k in range(2):
            columns = {"x": np.arange(rows) + k, "y": ["u"] * rows, "empty": pa.nulls(rows) if k else [1.0] * rows}
            written(tmp_path / f"year={year}" / "place=a%2Fb" / f"{k}.parquet", columns, group=2)
    (tmp_path / "_SUCCESS").write_text("")
    (tmp_path / "year=2023" / ".crc").write_text("x")
    whole = dataset(str(tmp_path))
    assert (whole.columns, whole.n_rows) == (("x", "y", "empty", "year", "place"), 20)
    assert in_parts(tmp_path) == at_once(tmp_path)
    assert set(in_parts(tmp_path)["place"]) == {"a/b"}
    assert whole.notes == ("6 files",)


def test_a_partition_says_what_a_column_of_its_name_holds(tmp_path) -> None:
    (tmp_path / "x=7").mkdir()
    written(tmp_path / "x=7" / "a.parquet", {"x": [1, 2], "y": ["u", "v"]})
    assert in_parts(tmp_path) == at_once(tmp_path) == {"x": ["7", "7"], "y": ["u", "v"]}


def test_files_that_are_not_alike_are_refused_by_name(tmp_path) -> None:
    written(tmp_path / "a.parquet", {"x": [1, 2], "y": ["u", "v"]})
    written(tmp_path / "b.parquet", {"x": ["1", "2"], "y": ["u", "v"]})
    with pytest.raises(TableError, match=r"b.parquet: column 'x' is text, in .*a.parquet it is numbers: keep like"):
        dataset(str(tmp_path))
    written(tmp_path / "b.parquet", {"x": [1, 2], "z": ["u", "v"]})
    with pytest.raises(TableError, match=r"b.parquet has other columns than .*a.parquet \(y, z\): keep like files"):
        dataset(str(tmp_path))
    (tmp_path / "b.parquet").rename(tmp_path / "b.old")
    (tmp_path / "b.old").write_text("x,y\n1,u\n2,v\n")
    with pytest.raises(TableError, match=r"b.old: column 'x' is text, in .*a.parquet it is numbers: keep like"):
        dataset(str(tmp_path))


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("t.csv", b"", "has no second line: a table needs at least a few rows"),
        (
            "t.csv",
            b"a,b\r1,2\r",
            "ends its lines as old Macs did, which cannot be read in parts: save it with newlines",
        ),
        (
            "t.csv",
            "a,b\n1,2\n".encode("utf-16"),
            "is written in utf-16-le, which cannot be read in parts: save it as UT",
        ),
        ("t.csv", b'a,"b\n1,2\n3,4\n', "the first row does not end within 13 bytes: mend its quotes"),
        ("t.csv", b"a,b\n1,2\n1,2\n1,2\n1,2\n3\n", r"bytes 4 to 22: a row has 1 cells where 2 are expected"),
        ("t.csv", b"a,b\n1,2\n3,\0\n", r"bytes 4 to 12 is not text \(a zero byte\)"),
        ("t.csv", b"\x1f\x8b", "is a damaged gzip file: copy or download it again"),
        (
            "t.csv",
            gzip.compress(b"a,b\n" + b"1,2\n" * 9, mtime=0)[:-9],
            "is a damaged gzip file: copy or download it again",
        ),
        (
            "t.csv",
            b"a,b\n" + b"x,2\n" * 700 + b"\xfc,4\n",
            r"bytes .*: byte 0xfc, 2,800 bytes on, is not utf-8: n",
        ),
        (
            "t.csv",
            b"a, b\n" + b'x, "2"\n' * 700 + b"\xfc, 4\n",
            r"bytes .*: byte 0xfc, 4,900 bytes on, is not utf-",
        ),
        ("t.parquet", b"PAR1" + b"x" * 40 + b"PAR1", "is a damaged Parquet file"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_line(tmp_path, name, content, reason) -> None:
    (tmp_path / name).write_bytes(content)
    with limits(SAMPLE=1000), pytest.raises(TableError, match=rf"{name}.*{reason}") as caught:
        in_parts(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_what_is_no_table_is_refused(tmp_path) -> None:
    with pytest.raises(TableError, match="there is no file"):
        dataset(str(tmp_path / "none.csv"))
    with pytest.raises(TableError, match="holds no file: name a folder of tables"):
        dataset(str(tmp_path))
    path = written(tmp_path / "t.parquet", pa.table({}))
    with pytest.raises(TableError, match="has no columns"):
        dataset(str(path))
    written(path, pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"]))
    with pytest.raises(TableError, match="has two columns 'a': rename one"):
        dataset(str(path))
    with pytest.raises(OptionError, match="is no text: leave out header"):
        dataset(str(path), Reading(header=True))
    for encoding, reason in (("iso-8859-17", "there is no encoding"), ("utf-16", "cannot be read in parts")):
        (tmp_path / "t.csv").write_text("a,b\n1,2\n")
        with pytest.raises(TableError, match=reason):
            dataset(str(tmp_path / "t.csv"), Reading(encoding=encoding))


def test_quotes_that_never_close_end_before_memory_does(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("glasshouse.tables.lines.LONGEST", 1000)
    (tmp_path / "t.csv").write_text("a,b\n1,2\n" + '3,"4\n' + "5,6\n" * 1000)
    with limits(STRETCH=64), pytest.raises(TableError, match="no row ends within 1,000 bytes: quotes do not pair up"):
        dataset(str(tmp_path / "t.csv"))


def outcome(path, reading=None) -> str:
    """What became of a damaged table: looked at whole, or the kind of error, of one line; anything else is raised."""
    try:
        data = dataset(str(path), reading)
        found = looked_at(path, data.columns[-1], reading=reading)
        assert found.n_rows == sum(len(cells) for cells in list(in_parts(path, reading).values())[:1])
        for name, sketch in found.in_all.items():
            sketch.described(name)
    except GlasshouseError as error:
        assert str(error)
        assert "\n" not in str(error), str(error)
        return type(error).__name__
    return "read"


@pytest.mark.parametrize("seed", range(2))
def test_whatever_the_bytes_of_text_rows_or_a_reason(seed, tmp_path) -> None:
    rnd, path, ends = random.Random(seed), tmp_path / "t.csv", []
    for _ in range(100):
        path.write_bytes(mutated(rnd))
        with limits(STRETCH=rnd.choice([90, 1 << 20])):
            ends.append(outcome(path, said(rnd)))
    assert 15 < ends.count("read") < 85


def test_whatever_the_bytes_of_parquet_rows_or_a_reason(tmp_path) -> None:
    rng, rnd, path, ends = np.random.default_rng(0), random.Random(0), tmp_path / "t.parquet", []
    words = [None if k % 7 == 0 else f"wörd{k % 5}" for k in range(60)]
    columns = {"x": rng.normal(size=60), "s": words, "list": [[word] for word in words], "y": ["a", "b"] * 30}
    pq.write_table(pa.table(columns), path, row_group_size=30)
    whole = path.read_bytes()
    for _ in range(50):
        damaged = bytearray(whole)
        damaged[rnd.randrange(4, len(whole))] ^= 1 << rnd.randrange(8)
        path.write_bytes(damaged)
        ends.append(outcome(path))
    assert 5 < ends.count("read") < 45
