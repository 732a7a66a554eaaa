"""The folder: what is in it has an id, nothing else in the world has one; uploads stay small and overwrite nothing."""

from __future__ import annotations

import gzip
import os
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from served import page

import glasshouse as gh
from glasshouse.errors import GlasshouseError, ModelFileError, OptionError, TableError
from glasshouse.web import bounds, uploads
from glasshouse.web.folder import OWN, TABLES, Folder, is_name, safe_name

TABLE = "x,y\n" + "".join(f"{k / 2},{k % 2}\n" for k in range(20))


@pytest.fixture
def place(tmp_path) -> Path:
    """A folder, and beside it what must not be read."""
    (tmp_path / "secret.csv").write_text("the,canary\n1,2\n")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "good.csv").write_text(TABLE)
    (folder / "sub").mkdir()
    (folder / "sub" / "deep.csv").write_text(TABLE)
    (folder / ".hidden.csv").write_text(TABLE)
    (folder / "notes.md").write_text("no table")
    (folder / "out.csv").symlink_to(tmp_path / "secret.csv")
    (folder / "near.csv").symlink_to("good.csv")
    (folder / "ring.csv").symlink_to("ring.csv")
    (folder / "gone.csv").symlink_to("nothing.csv")
    (folder / "dir.csv").mkdir()
    os.mkfifo(folder / "pipe.csv")
    (folder / "m.glass").write_bytes(b"m")
    (folder / "upload:fake.csv").write_text(TABLE)
    return folder


@pytest.fixture
def folder(place):
    found = Folder(place)
    yield found
    found.close()


def test_what_is_listed_can_be_opened(folder) -> None:
    files = [table for table in folder.tables() if table.group == "file"]
    assert [table.id for table in files] == ["good.csv", "near.csv"]
    assert "example:moons" in [table.id for table in folder.tables() if table.group == "toy"]
    for table in folder.tables():
        assert folder.table(table.id) == table
    assert [model.id for model in folder.models()] == ["m.glass"]
    assert Path(folder.model("m.glass").source).read_bytes() == b"m"


STRANGE = [
    "",
    ".",
    "..",
    "../secret.csv",
    "..\\secret.csv",
    "sub/deep.csv",
    "sub/../good.csv",
    "./good.csv",
    "good.csv/",
    "good.csv\0",
    "good.csv\n",
    "/etc/passwd",
    "~/x.csv",
    "file:///etc/x.csv",
    ".hidden.csv",
    ".glasshouse/trainings/t1.json",
    "notes.md",
    "out.csv",
    "ring.csv",
    "gone.csv",
    "dir.csv",
    "pipe.csv",
    "upload:",
    "upload:../good.csv",
    "upload:good.csv",
    "upload:fake.csv",
    "upload:/etc/x.csv",
    "example:",
    "example:nothing",
    "example:../iris",
    "m.glass",
    "\ud800.csv",
    "x" * 5000 + ".csv",
    "%2e%2e/secret.csv",
]


@pytest.mark.parametrize("id", STRANGE)
def test_nothing_else_is_a_table(folder, id) -> None:
    with pytest.raises(TableError, match="there is no table"):
        folder.table(id)


@pytest.mark.parametrize("id", [*STRANGE[:-4], "good.csv", "t1", "t0", "t1/../m", "t1.glass", "../m.glass", "T1", "t²"])
def test_nothing_else_is_a_model(folder, id) -> None:
    if id == "m.glass":
        return
    with pytest.raises(ModelFileError, match="there is no model"):
        folder.model(id)


@pytest.mark.parametrize("id", ["", "t0", "t01", "../t1", "t1/x", "t1\n", "t12345678901", "p1"])
def test_no_part_of_a_training_has_another_name(folder, id) -> None:
    with pytest.raises(OptionError, match="there is no training"):
        folder.of_training(id, "json")


def test_a_folder_that_came_with_links_is_not_written_through(place, tmp_path) -> None:
    (place / OWN).symlink_to(tmp_path)
    with pytest.raises(GlasshouseError, match="it is a link"):
        Folder(place)
    (place / OWN).unlink()
    (place / OWN).mkdir()
    (place / OWN / "uploads").symlink_to(tmp_path)
    with pytest.raises(GlasshouseError, match="it is a link"):
        Folder(place)
    (place / OWN / "uploads").unlink()
    (place / OWN / "lock").symlink_to(tmp_path / "secret.csv")
    with pytest.raises(GlasshouseError, match="cannot write"):
        Folder(place)


def test_a_folder_has_one_server_at_a_time(place) -> None:
    first = Folder(place)
    with pytest.raises(GlasshouseError, match=r"serves .* already"):
        Folder(place)
    first.close()
    Folder(place).close()


def test_a_folder_must_be_there(tmp_path) -> None:
    with pytest.raises(OptionError, match="no such folder"):
        Folder(tmp_path / "nothing")


def test_its_own_work_is_for_its_owner_alone(folder, place) -> None:
    assert (place / OWN).stat().st_mode & 0o77 == 0


@pytest.mark.parametrize(
    "text", ["", "{", "[1]", "[" * 100_000, '{"table": 3}', '{"table": "good.csv", "options": {"target": "y", "x": 1}}']
)
def test_a_job_that_somebody_wrote_there_is_not_believed(place, text) -> None:
    with page(place) as found:
        (place / OWN / "trainings" / "t7.json").write_text(text)
        (place / OWN / "trainings" / "t7.checkpoint").write_text("1")
        assert found.site.folder.numbers() == [7]
    with page(place) as found:
        assert found.get("/api/trainings").json["trainings"] == []
        assert found.begin(epochs=1) == "t8"


def test_a_job_with_a_table_outside_is_not_offered(place) -> None:
    with page(place) as found:
        job = {"table": "../secret.csv", "options": {"target": "canary"}}
        found.site.folder.keep_job("t1", job)
        (place / OWN / "trainings" / "t1.checkpoint").write_text("1")
        found.site.folder.keep_job("t2", {"table": "good.csv", "options": {"target": "y"}})
        (place / OWN / "trainings" / "t2.checkpoint").write_text("1")
    with page(place) as found:
        assert [row["id"] for row in found.get("/api/trainings").json["trainings"]] == ["t2"]


@given(st.text())
def test_an_upload_gets_a_plain_name(name) -> None:
    try:
        found = safe_name(name)
    except TableError:
        assert not name.lower().endswith(TABLES)
        return
    assert is_name(found)
    assert found.endswith(TABLES)
    assert len(found.encode()) < 250


def test_an_upload_never_overwrites(place) -> None:
    with page(place) as found:
        for wanted in ("upload:My_table.csv", "upload:My_table-2.csv", "upload:My_table-3.csv"):
            answer = found.upload("../../My table.CSV", TABLE[:20].encode(), TABLE[20:].encode())
            assert (answer.status, answer.json["id"], answer.json["bytes"]) == (201, wanted, len(TABLE))
        assert (place / OWN / "uploads" / "My_table.csv").read_text() == TABLE
        assert found.get("/api/table?id=upload:My_table-2.csv").json["rows"] == 20
        listed = [table["id"] for table in found.get("/api/tables").json["tables"] if table["group"] == "upload"]
        assert len(listed) == 3


def test_uploads_are_bounded_one_by_one_and_together(place, monkeypatch) -> None:
    monkeypatch.setattr(uploads, "MOST_IN_UPLOADS", 1000)
    with page(place) as found:
        assert found.upload("a.csv", b"x" * 600).status == 201
        assert found.upload("b.csv", b"x" * 600).status == 413
        assert found.upload("c.csv", b"x" * 200, b"x" * 100, b"x" * 101).status == 413
        assert found.upload("d.csv", b"").status == 400
        assert found.upload("e.exe", b"x").status == 400
        assert found.upload("f.csv", b"x" * 400).status == 201
        assert sorted(os.listdir(place / OWN / "uploads")) == ["a.csv", "f.csv"]


def test_an_upload_that_unpacks_to_much_is_refused(place, monkeypatch) -> None:
    monkeypatch.setattr(bounds, "MOST_UNPACKED", 10_000)
    monkeypatch.setattr(bounds, "MOST_ROWS", 1000)
    many, few = pa.table({"x": [0] * 1001}), pa.table({"x": [0] * 999})
    with page(place) as found:
        bomb = gzip.compress(b"1,2\n" * 2_501)
        for name, content in (("a.csv.gz", bomb), ("a.csv", bomb), ("b.csv", gzip.compress(b"1\n") + bomb)):
            assert "unpacks to more" in found.upload(name, content).json["error"]
        assert found.upload("c.csv.gz", gzip.compress(b"1,2\n" * 2_500)).status == 201
        assert "damaged" in found.upload("d.csv.gz", bomb[:10] + b"?" * 50).json["error"]
        for rows, status in ((many, 400), (few, 201)):
            pq.write_table(rows, place / "t.parquet")
            assert found.upload("t.parquet", (place / "t.parquet").read_bytes()).status == status
        assert found.upload("u.parquet", b"PAR1 is not all of it").status == 400


LONG = "x" * 100_000
PARQUET = {
    "a code": (pa.array([LONG] * 2500), {}),
    "a code of large text": (pa.array([LONG] * 2500, pa.large_string()), {}),
    "a category": (pa.array([LONG] * 2500).dictionary_encode(), {}),
    "without a schema": (pa.array([LONG] * 2500), {"store_schema": False}),
    "as it stands": (pa.array([LONG] * 2500), {"use_dictionary": False, "compression": "zstd"}),
    "as what differs": (
        pa.array([LONG] * 2500),
        {"use_dictionary": False, "column_encoding": {"x": "DELTA_BYTE_ARRAY"}},
    ),
    "in lists": (pa.array([[LONG]] * 2500), {}),
    "numbers in lists": (pa.array([[7] * 60_000] * 1000, pa.list_(pa.int8())), {}),
}


@pytest.mark.parametrize("how", PARQUET)
def test_a_parquet_file_of_a_few_bytes_that_say_many_is_refused_unread(place, how, monkeypatch) -> None:
    """Some thousand bytes that become 240 MB of cells; on the way, never so many."""
    column, options = PARQUET[how]
    path = place / "bomb.parquet"
    pq.write_table(pa.table({"x": column}), path, **options)
    assert path.stat().st_size < 1_000_000
    pool, look, held = pa.default_memory_pool(), bounds._bytes_of, [0]
    before = pool.bytes_allocated()

    def looked(cells: pa.Array) -> int:
        held.append(pool.bytes_allocated() - before)
        return look(cells)

    monkeypatch.setattr(bounds, "_bytes_of", looked)
    with pytest.raises(TableError, match="more than 192 MB of cells: upload a smaller table"):
        bounds.expect_small(path, "bomb.parquet")
    assert max(held) < 100 << 20


def test_parquet_files_of_any_columns_are_taken(place) -> None:
    odd = {
        "nothing": pa.nulls(60),
        "truth": pa.array([True, None] * 30),
        "number": pa.array(range(60), pa.uint8()),
        "word": pa.array(["a", "b", None] * 20),
        "large": pa.array(["a", "b", None] * 20, pa.large_string()),
        "bytes": pa.array([b"a"] * 60),
        "category": pa.array(["a", "b"] * 30).dictionary_encode(),
        "code": pa.array([1, 2] * 30).dictionary_encode(),
        "list": pa.array([[1, 2]] * 60),
        "struct": pa.array([{"a": 1, "b": "x"}] * 60),
        "a.b": pa.array(["u", "v"] * 30),
    }
    pq.write_table(pa.table(odd), place / "odd.parquet")
    with page(place) as found:
        assert found.upload("odd.parquet", (place / "odd.parquet").read_bytes()).status == 201
        assert found.get("/api/table?id=upload:odd.parquet").json["rows"] == 60
        pq.write_table(pa.table({f"c{k}": [k] for k in range(bounds.MOST_COLUMNS + 1)}), place / "wide.parquet")
        for answer in (
            found.upload("wide.parquet", (place / "wide.parquet").read_bytes()),
            found.get("/api/table?id=wide.parquet"),
        ):
            assert answer.status == 400
            assert "2,001 columns, and the page shows at most 2,000" in answer.json["error"]
    assert os.listdir(place / OWN / "uploads") == ["odd.parquet"]


def test_a_table_of_very_many_columns_is_refused_before_it_is_read(place, monkeypatch) -> None:
    """Sent, or lying in the folder; where the first lines do not tell, it is refused when it has been read."""
    monkeypatch.setattr(bounds, "MOST_COLUMNS", 20)
    row = ",".join("1" * 21)
    wide = f"{row}\n{row}\n".encode()
    prose = b'"words"\ty\n' + b'"one, two, three, four, five, six, and so on, and on, and so on",1\n' * 9
    with page(place) as found, monkeypatch.context() as patch:
        patch.setattr("glasshouse.web.tables.as_table", None)  # it must not come so far
        for name, content in (
            ("w.csv", wide),
            ("w.csv.gz", gzip.compress(wide)),
            ("w.tsv", wide.replace(b",", b"\t")),
            ("w.txt", wide.replace(b",", b" ")),
        ):
            (place / name).write_bytes(content)
            for answer in (found.upload(name, content), found.get(f"/api/table?id={name}")):
                assert answer.status == 400
                assert answer.json["error"] == (
                    f"{name} has 21 columns, and the page shows at most 20: leave some out, or take the command line: "
                    "glasshouse train"
                )
        assert found.upload("p.csv", prose).status == 201
        assert os.listdir(place / OWN / "uploads") == ["p.csv"]
    (place / "late.csv").write_bytes(b'"a\n\n"' + wide[1:])
    with page(place) as found:
        assert "21 columns" in found.get("/api/table?id=late.csv").json["error"]


def test_what_an_interrupted_upload_left_is_gone_at_the_next_start(place) -> None:
    with page(place):
        (place / OWN / "uploads" / ".0123").write_text("half")
        (place / OWN / "uploads" / ".x").mkdir()  # no upload
    with page(place):
        assert os.listdir(place / OWN / "uploads") == [".x"]


def test_what_a_model_file_names_is_not_read_outside(place, monkeypatch) -> None:
    """A model comes from anywhere, and says which table it was trained on."""
    monkeypatch.chdir(place / "sub")  # from here the last name leads to the table
    model = gh.train(place / "good.csv", target="y", epochs=1, hidden=[2], baselines=False, out="")
    names = {"good.csv": 20, str(place / "good.csv"): None, "sub/../good.csv": None, "../good.csv": None}
    for k, file in enumerate(names):
        replace(model, origin=replace(model.origin, file=file)).save(place / f"m{k}.glass")
    with page(place) as found:
        for k, rows in enumerate(names.values()):
            assert found.get(f"/api/model?id=m{k}.glass").json["rows"] == rows
            assert found.get(f"/api/download?id=m{k}.glass&to=glass").status == 200
            assert found.get(f"/api/download?id=m{k}.glass&to=onnx").status == 200
            for needing in (
                "/api/download?to=report",
                "/api/download?to=onnx&int8=1",
                "/api/model/unit?layer=1&unit=0",
            ):
                assert found.get(f"{needing}&id=m{k}.glass").status == (200 if rows else 400)
