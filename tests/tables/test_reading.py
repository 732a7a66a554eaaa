"""Reading: one table written many ways is one table; what cannot be read is said in one line; fuzzed."""

from __future__ import annotations

import csv
import gzip
import io

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glasshouse.errors import OptionError, TableError
from glasshouse.tables.examples import EXAMPLES, TOYS
from glasshouse.tables.reading import Reading, as_table, read_table

ROWS = [
    ["ann", "31", "0.5", "x, y"],
    ["bob", "", "-1e3", 'say "hi"'],
    ["cem", "45", "7.25", "z"],
    ["ann", "2", "3", "z"],
]
NAMES = ["who", "age", "size", "note"]


def written(delimiter=",", header=True, quoting=csv.QUOTE_MINIMAL, end="\n", blank_ends=False, rows=ROWS) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, quoting=quoting, lineterminator=end)
    writer.writerows([NAMES, *rows] if header else rows)
    return (out.getvalue() + end * 2 * blank_ends).encode()


def with_commas(cell: str) -> str:
    return cell.replace(".", ",") if cell.replace(".", "").lstrip("-").isdecimal() else cell


WAYS = {
    "comma": written(),
    "semicolon": written(";"),
    "tab": written("\t"),
    "bar": written("|"),
    "quoted": written(quoting=csv.QUOTE_ALL),
    "crlf": written(end="\r\n"),
    "bom": b"\xef\xbb\xbf" + written(),
    "gzip": gzip.compress(written(";"), mtime=0),
    "blank ends": written(blank_ends=True),
    "no header": written(header=False),
    "carriage returns": written(end="\r"),
    "utf-16": written().decode().encode("utf-16"),
    "utf-16 without a mark": written().decode().encode("utf-16-le"),
    "utf-16, the other way round": "\ufeff".encode("utf-16-be") + written().decode().encode("utf-16-be"),
    "utf-32": written().decode().encode("utf-32"),
    "decimal commas": written(";", rows=[[with_commas(cell) for cell in row] for row in ROWS]),
    "decimal commas, tabs": written("\t", rows=[[with_commas(cell) for cell in row] for row in ROWS]),
    "decimal commas in quotes": written(rows=[[with_commas(cell) for cell in row] for row in ROWS]),
    "empty columns at the right": b"\n".join(line + b",," for line in written().splitlines()) + b"\n",
    "empty rows at the end": written() + b",,,\n,,,\n",
    "blanks": b'who   age size    note\nann 31 0.5 "x, y"\nbob "" -1e3 "say ""hi"""\ncem 45 7.25  z\n ann 2 3 z \n',
}


@pytest.mark.parametrize("way", WAYS)
def test_a_table_written_many_ways_is_one_table(way, tmp_path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(WAYS[way])
    table = read_table(path)
    assert [table.columns[name].to_pylist() for name in table.columns] == [list(column) for column in zip(*ROWS)]
    assert list(table.columns) == (NAMES if way != "no header" else [f"column_{k}" for k in range(1, 5)])
    assert table.named == (way != "no header")


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("a,b\n1,x\n2,y\n", True),  # a number below a word
        ("1,x\n2,y\n", False),  # a number in the first row
        ("red,big\nred,small\nblue,big\n", False),  # the first row's words come again
        ("colour,size\nred,small\nblue,big\n", True),
        ("a,b\n", True),
        ("a,a\n1,2\n", True),
        ("39, State-gov, <=50K\n50, Private, >50K\n", False),
    ],
)
def test_headers_are_found_out(text, header, tmp_path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text)
    if text.count("\n") == 1 and header:
        with pytest.raises(TableError, match="has a header but no rows"):
            read_table(path)
    else:
        assert read_table(path).dialect.header is header


def test_blanks_around_cells_go_and_names_are_made_unique(tmp_path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("x , x,,y\n 1, a b ,3,4\n2,c,3,4\n")
    table = read_table(path)
    assert list(table.columns) == ["x", "x.2", "column_3", "y"]
    assert table.columns["x.2"].to_pylist() == ["a b", "c"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (b"\xef\xbb\xbf\n", "is empty"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "is not text"),
        (b"\x1f\x8b\x08\x00abc", "damaged gzip"),
        (gzip.compress(b"a,b\n1,2\n" * 50, mtime=0)[:-12], "damaged gzip"),
        (b"a,b,c\n1,2,3\n4,5\n6,7,8\n", "a row has 2 cells where 3 are expected"),
    ],
)
def test_what_cannot_be_read_is_said_in_one_line(data, message, tmp_path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(data)
    with pytest.raises(TableError, match=message) as caught:
        read_table(path)
    assert "\n" not in str(caught.value)
    assert "t.csv" in str(caught.value)


@pytest.mark.parametrize("text", ["\n\na,b\n1,x\n2,y\n", "a,b\n1,x\n2,y", "\ufeffa,b\n\n1,x\n2,y\n"])
def test_blank_lines_and_a_missing_last_line_end_change_nothing(text, tmp_path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text)
    assert read_table(path).columns["a"].to_pylist() == ["1", "2"]


def test_one_line_without_an_end_is_a_header(tmp_path) -> None:
    (tmp_path / "t.csv").write_text("a,b,c")
    with pytest.raises(TableError, match="has a header but no rows"):
        read_table(tmp_path / "t.csv")


def test_quotes_after_blanks(tmp_path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('a, b\n1, "u, v"\n2,  "w"\n')
    assert read_table(path).columns["b"].to_pylist() == ["u, v", "w"]
    path.write_text('a, b\n1, "u, v", 3\n2,  "w"\n4,5\n')
    with pytest.raises(TableError, match="a row has 3 cells where 2 are expected"):
        read_table(path)


def test_missing_files_and_folders(tmp_path) -> None:
    with pytest.raises(TableError, match="there is no file"):
        read_table(tmp_path / "none.csv")
    with pytest.raises(TableError, match="holds no file: name a folder of tables"):
        read_table(tmp_path)


@pytest.mark.parametrize("name", [name for name in EXAMPLES if name not in TOYS])
def test_examples_are_the_bundled_tables(name) -> None:
    from sklearn import datasets

    table = read_table(f"example:{name}")
    bunch = getattr(datasets, f"load_{name}")()
    assert list(table.columns)[-1] == "target"
    assert table.n_rows == len(bunch.target)
    first = np.array(next(iter(table.columns.values())).to_pylist(), float)
    assert np.array_equal(first, bunch.data[:, 0])


@pytest.mark.parametrize("name", TOYS)
def test_sets_in_the_plane_are_two_classes_that_neighbours_tell_apart(name) -> None:
    from sklearn.neighbors import KNeighborsClassifier

    columns = read_table(f"example:{name}").columns
    assert list(columns) == ["x", "y", "target"]
    points = np.array([columns[axis].to_pylist() for axis in "xy"], float).T
    classes = np.array(columns["target"].to_pylist())
    assert set(classes) == {"blue", "orange"}
    assert np.abs(points).max() < 4
    assert KNeighborsClassifier(3).fit(points[:300], classes[:300]).score(points[300:], classes[300:]) > 0.9


def test_a_mistyped_example_is_answered_with_the_right_one() -> None:
    with pytest.raises(TableError, match="did you mean 'iris'"):
        read_table("example:irsi")


def test_columns_by_name_number_and_last() -> None:
    table = read_table("example:iris")
    assert table.resolve("target") == table.resolve("5") == table.resolve("last") == "target"
    with pytest.raises(TableError, match=r"has no column 'traget': did you mean 'target'\?"):
        table.resolve("traget")
    with pytest.raises(TableError, match="has no column '9': it has 'sepal length"):
        table.resolve("9")


def test_letters_of_other_encodings_are_found_out_or_named(tmp_path) -> None:
    path = tmp_path / "t.csv"
    for encoding, found in (("latin-1", "latin-1"), ("cp1252", "cp1252"), ("utf-16", "utf-16"), ("utf-8-sig", "utf-8")):
        word = "größe €" if encoding != "latin-1" else "größe"
        path.write_bytes(f"{word},x\n1,é\n2,ü\n".encode(encoding))
        table = read_table(path)
        assert list(table.columns) == [word, "x"]
        assert table.dialect.encoding == found
    path.write_bytes("größe,x\n1,2\n".encode("latin-1"))
    assert list(read_table(path, Reading(encoding="cp850")).columns) != ["größe", "x"]
    with pytest.raises(TableError, match=r"is not UTF-8 \(byte 0xf6 at position 2\): name another"):
        read_table(path, Reading(encoding="utf-8"))
    with pytest.raises(TableError, match="there is no encoding 'utf-9': try utf-8"):
        read_table(path, Reading(encoding="utf-9"))


def test_what_is_found_out_is_said_and_can_be_overruled(tmp_path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"a;b\r1,5;x\r2,25;y\r1.000,5;y\r")
    table = read_table(path)
    assert str(table.dialect) == "semicolon, header, decimal comma"
    assert table.columns["a"].to_pylist() == ["1.5", "2.25", "1000.5"]
    assert read_table(path, Reading(decimal=".")).columns["a"].to_pylist() == ["1,5", "2,25", "1.000,5"]
    assert list(read_table(path, Reading(header=False)).columns) == ["column_1", "column_2"]
    assert list(read_table(path, Reading(names=("u", "v"))).columns) == ["u", "v"]
    assert list(read_table(path, Reading(delimiter="bar")).columns) == ["a;b"]
    with pytest.raises(TableError, match="has 2 columns, 3 names were given"):
        read_table(path, Reading(names=("u", "v", "w")))
    for wrong, message in (
        ({"delimiter": "::"}, "delimiter is '::': it must be one sign, or comma"),
        ({"decimal": "'"}, "decimal is"),
        ({"names": ("u", "u")}, "names holds 'u': give each column a name of its own"),
    ):
        with pytest.raises(OptionError, match=message):
            Reading(**wrong)


def test_rows_with_a_name_of_their_own(tmp_path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('"age","city"\n"1",31,"Bern"\n"2",45,"Ulm"\n')
    table = read_table(path)
    assert {name: cells.to_pylist() for name, cells in table.columns.items()} == {
        "row": ["1", "2"],
        "age": ["31", "45"],
        "city": ["Bern", "Ulm"],
    }
    assert table.notes == ("one name too few: the first column is called row",)


def test_empty_ends_are_left_out_and_said(tmp_path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b,,\n1,2,,\n3,4,,\n,,,\n,,,\n")
    table = read_table(path)
    assert (table.n_rows, list(table.columns)) == (2, ["a", "b"])
    assert table.notes == ("2 empty columns at the right left out", "2 empty rows at the end left out")
    path.write_text("a,b,c\n1,2,\n3,4,\n")
    assert list(read_table(path).columns) == ["a", "b", "c"]  # it has a name: it may be filled in another table


def test_parquet_and_folders(tmp_path) -> None:
    import pyarrow.parquet as pq

    columns = {"a": pa.array([1.5, None, 3.0]), "b": pa.array(["x", "y", None]), "c": pa.array([True, False, None])}
    (tmp_path / "parts").mkdir()
    for k in range(3):
        pq.write_table(pa.table(columns), tmp_path / "parts" / f"part-{k}.parquet")
    one, many = read_table(tmp_path / "parts" / "part-0.parquet"), read_table(tmp_path / "parts")
    assert one.columns["a"].to_pylist() == ["1.5", None, "3"]
    assert one.columns["c"].to_pylist() == ["True", "False", None]
    assert (many.n_rows, many.notes) == (9, ("3 files",))
    (tmp_path / "parts" / "part-3.csv").write_text("a,z\n1,2\n")
    with pytest.raises(TableError, match=r"part-3.csv has other columns than .*part-0.parquet \(b, c, z\): keep like"):
        read_table(tmp_path / "parts")
    damaged = tmp_path / "d.parquet"
    damaged.write_bytes((tmp_path / "parts" / "part-0.parquet").read_bytes()[:-20])
    with pytest.raises(TableError, match="is a damaged Parquet file"):
        read_table(damaged)


@settings(max_examples=300, deadline=None)
@given(data=st.binary(max_size=300) | st.text(max_size=300).map(lambda text: text.encode("utf-8", "ignore")))
def test_any_bytes_give_a_table_or_one_line(data, tmp_path_factory) -> None:
    path = tmp_path_factory.mktemp("fuzz") / "t.csv"
    path.write_bytes(data)
    try:
        table = read_table(path)
    except TableError as error:
        assert "\n" not in str(error)
    else:
        assert table.n_rows > 0
        assert len({len(cells) for cells in table.columns.values()}) == 1


def test_how_text_is_written_is_not_said_of_what_is_no_text(tmp_path) -> None:
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    frame.to_parquet(tmp_path / "t.parquet")
    said = Reading(delimiter=";", header=True)
    for source in (tmp_path / "t.parquet", "example:iris", frame, as_table(frame)):
        with pytest.raises(OptionError, match="is no text: leave out delimiter and header"):
            as_table(source, said)
        assert as_table(source, Reading()).n_rows
        assert as_table(source, said, of_another=True).n_rows
