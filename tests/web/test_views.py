"""Every view has its twin: tables as they are understood, models, what can be taken away, prunings."""

from __future__ import annotations

import io
import threading
import zipfile
from pathlib import Path

import pytest
from served import CSV, page

import glasshouse as gh
from glasshouse.tables.columns import describe
from glasshouse.web import understood
from glasshouse.web.app import VIEWS, application
from glasshouse.web.site import MOST_PRUNINGS
from glasshouse.web.understood import MOST_BARS

# What can be asked for


def test_every_view_is_listed_and_every_route_is_a_view(faked) -> None:
    listed = faked.get("/api").json
    assert listed["version"] == gh.__version__
    assert all(view["says"] for view in listed["views"])
    routes = {
        (method, route.path)
        for route in application(faked.site).routes
        for method in route.methods - {"HEAD"}
        if route.path.startswith("/api")
    }
    assert {(view["method"], view["path"]) for view in listed["views"]} == routes
    assert len(listed["views"]) == len(VIEWS) == len(routes)


def test_the_page_and_its_files_are_served_and_nothing_beside_them(faked) -> None:
    found = faked.get("/")
    assert (found.status, found.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert faked.get("/static/palette.css").headers["content-type"] == "text/css; charset=utf-8"
    assert faked.get("/static/main.js").headers["content-type"] == "text/javascript; charset=utf-8"
    for name in ("", "nothing.js", "..%2f__init__.py", "%2e%2e/app.py", "../app.py", "main.js/", "main.js%00"):
        assert faked.get(f"/static/{name}").status == 404


def test_what_is_not_there_is_said(faked) -> None:
    for target in (
        "/api/nothing",
        "/nothing",
        "/api/",
        "/api/trainings/t9",
        "/api/prunings/p9",
        "/api/trainings/t9/events",
    ):
        assert faked.get(target).status == 404
    assert faked.post("/api").status == 405
    assert faked.get("/api/trainings/t9/control").json == {
        "schema_version": 1,
        "error": "this takes another method: see /api",
    }


# Tables


def test_tables_and_models_are_listed(folder) -> None:
    with page(folder, given="people.csv") as found:
        listed = found.get("/api/tables").json
    assert (listed["folder"], listed["given"], listed["models"]) == ("data", "people.csv", [])
    assert listed["tables"][0] == {"id": "people.csv", "name": "people.csv", "group": "file", "bytes": len(CSV)}
    assert {table["group"] for table in listed["tables"]} == {"file", "example", "toy"}


def test_a_table_is_understood(faked) -> None:
    found = faked.get("/api/table?id=people.csv").json
    assert (found["rows"], found["dialect"], found["target"]) == (60, "semicolon, header, decimal comma", "y")
    assert (found["task"], found["classes"]) == ("classification", ["no", "yes"])
    columns = {column["name"]: column for column in found["columns"]}
    assert [columns[name]["kind"] for name in ("size", "sort", "when", "name", "gone")] == [
        "number",
        "category",
        "date",
        "text",
        "empty",
    ]
    assert [columns[name]["dropped"] for name in ("size", "sort", "when", "name", "gone")] == [
        False,
        False,
        False,
        True,
        True,
    ]
    assert (columns["size"]["inputs"], columns["sort"]["inputs"], columns["name"]["inputs"]) == (1, 3, 0)
    assert columns["sort"]["bars"] == [{"label": sort, "share": 20 / 60} for sort in "abc"]
    assert len(columns["size"]["bars"]) == MOST_BARS
    assert sum(bar["share"] for bar in columns["size"]["bars"]) == pytest.approx(1)
    assert columns["when"]["bars"][0]["label"] == "2024-01-11"
    assert columns["gone"]["bars"] == []


def test_a_table_is_understood_as_it_is_said(faked) -> None:
    found = faked.get("/api/table?id=people.csv&target=size&drop=sort&drop=when&as=y=category&as=name=category").json
    columns = {column["name"]: column for column in found["columns"]}
    assert (found["target"], found["task"], found["classes"]) == ("size", "regression", None)
    assert [columns[name]["kind"] for name in ("sort", "when", "y", "name")] == [
        "dropped",
        "dropped",
        "category",
        "category",
    ]
    wrong = {
        "id=": "there is no table",
        "": "id is given 0 times",
        "id=people.csv&id=people.csv": "id is given 2 times",
        "id=people.csv&target=nobody": "no column 'nobody'",
        "id=people.csv&target=name": "60 different texts",
        "id=people.csv&drop=nobody": "no column 'nobody'",
        "id=people.csv&as=y": "write as=COLUMN=KIND",
        "id=people.csv&as=y=word": "no kind of column 'y'",
        "id=people.csv&as=y=category&drop=y": "say one of them",
    }
    for query, words in wrong.items():
        answer = faked.get(f"/api/table?{query}")
        assert answer.status == 400
        assert words in answer.json["error"]


def test_a_table_is_read_anew_when_it_changes_and_its_place_is_not_told(faked, folder) -> None:
    assert faked.get("/api/table?id=people.csv").json["rows"] == 60
    (folder / "people.csv").write_text(CSV[: CSV.index("\n", 800) + 1])
    assert faked.get("/api/table?id=people.csv").json["rows"] < 60
    (folder / "people.csv").write_bytes(b"a,b\n1,\0\n")
    error = faked.get("/api/table?id=people.csv").json["error"]
    assert "people.csv" in error
    assert str(folder) not in error


def test_a_column_is_worked_out_once_for_each_way_it_is_read(faked, monkeypatch) -> None:
    looked = []
    monkeypatch.setattr(understood, "describe", lambda name, *more: looked.append(name) or describe(name, *more))
    first = faked.get("/api/table?id=people.csv").json
    assert looked == ["size", "sort", "when", "name", "gone", "y"]
    del looked[:]
    assert faked.get("/api/table?id=people.csv").json == first
    assert faked.get("/api/table?id=people.csv&target=sort").json["target"] == "sort"
    assert looked == []
    dropped = faked.get("/api/table?id=people.csv&drop=sort&as=name=category").json
    assert sorted(looked) == ["name", "sort"]
    for before, after in zip(first["columns"], dropped["columns"], strict=True):
        assert (before == after) == (before["name"] not in ("name", "sort"))
    faked.begin(table="people.csv", target="y", drop=["sort"], epochs=1)
    assert sorted(looked) == ["name", "sort"]


@pytest.mark.parametrize(
    "text", ["a\n", "text\n" + "".join(f"word{k}x\n" for k in range(60)), "x\n1\n1\n", "", "\0", "{"]
)
def test_a_table_of_nothing_to_learn_is_said_to_be_one(faked, folder, text) -> None:
    (folder / "odd.csv").write_text(text)
    answer = faked.get("/api/table?id=odd.csv")
    assert answer.status == 400
    assert answer.json["error"].count("\n") == 0


def test_names_of_a_table_are_text_wherever_they_stand(faked, folder) -> None:
    hostile = '</script><img src=x onerror="alert(1)">'
    (folder / "odd.csv").write_text(f'"{hostile.replace(chr(34), chr(34) * 2)}",y\n' + "1,2\n2,3\n3,1\n" * 9)
    answer = faked.get("/api/table?id=odd.csv")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json["columns"][0]["name"] == hostile


def test_choices_are_the_names_that_are_taken(faked) -> None:
    found = faked.get("/api/choices").json
    for name, several in (("activation", "activations"), ("initializer", "initializers"), ("optimizer", "optimizers")):
        for row in found[several]:
            assert row["says"]
            id = faked.begin(**{name: row["name"], "epochs": 1})
            assert faked.ended(id)["status"]["state"] == "done"
    chosen = faked.get("/api/trainings/t1").json["options"]
    assert {**found["defaults"], "epochs": 1, "activation": chosen["activation"]} == {
        name: chosen[name] for name in found["defaults"]
    }


# Models, downloads, prunings


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    """A folder with a model and its table."""
    folder = tmp_path_factory.mktemp("trained") / "data"
    folder.mkdir()
    (folder / "people.csv").write_text(CSV)
    gh.train(folder / "people.csv", target="y", epochs=3, hidden=[6, 4], baselines=False, out=folder / "people.glass")
    return folder


def test_a_model_has_its_twin(trained) -> None:
    with page(trained, given="people.glass") as found:
        twin = found.get("/api/model?id=people.glass").json
        assert twin["summary"]["target"] == "y"
        assert (twin["rows"], [layer["units"] for layer in twin["picture"]["layers"]][1:]) == (60, [6, 4, 1])
        assert twin["understood"]["sizes"][1:] == [6, 4, 1]
        unit = found.get("/api/model/unit?id=people.glass&layer=2&unit=1&row=0").json
        assert (unit["layer"], unit["unit"], unit["row"]) == (2, 1, 0)
        for query in ("layer=9&unit=0", "layer=1&unit=99", "layer=1&unit=0&row=999", "layer=1&unit=0&weight=999"):
            assert found.get(f"/api/model/unit?id=people.glass&{query}").status == 400
        assert found.get("/api/model?id=people.csv").status == 400


def test_a_damaged_model_is_said_to_be_one(trained) -> None:
    (trained / "bad.glass").write_bytes(b"{" * 100)
    (trained / "bad.onnx").write_bytes(b"{" * 100)
    with page(trained) as found:
        for name in ("bad.glass", "bad.onnx"):
            answer = found.get(f"/api/model?id={name}")
            assert answer.status == 400
            assert str(trained) not in answer.json["error"]


def test_a_model_can_be_taken_away(trained) -> None:
    with page(trained) as found:
        glass = found.get("/api/download?id=people.glass&to=glass")
        assert glass.body == (trained / "people.glass").read_bytes()
        assert glass.headers["content-disposition"] == 'attachment; filename="people.glass"'
        zipped = found.get("/api/download?id=people.glass&to=c&int8=1")
        assert zipped.headers["content-disposition"] == 'attachment; filename="people-c.zip"'
        assert {"y.h", "y.c", "Makefile"} <= set(zipfile.ZipFile(io.BytesIO(zipped.body)).namelist())
        (trained / "out.onnx").write_bytes(found.get("/api/download?id=people.glass&to=onnx").body)
        assert found.get("/api/model?id=out.onnx").status == 200
        report = found.get("/api/download?id=people.glass&to=report")
        assert report.headers["content-disposition"] == 'attachment; filename="people.html"'
        assert report.body.startswith(b"<!DOCTYPE html>")
        for query in ("to=exe", "to=report&int8=1", "to=c&int8=yes", ""):
            assert found.get(f"/api/download?id=people.glass&{query}").status == 400


def test_a_model_is_pruned_on_the_bench_and_taken_away(trained) -> None:
    with page(trained) as found:
        begun = found.post("/api/prunings", {"model": "people.glass"})
        assert (begun.status, begun.json["id"], begun.json["model"]) == (201, "p1", "people.glass")
        cut = found.get("/api/prunings/p1/cut?density=0.5&criterion=magnitude").json
        assert cut["nonzero"] < begun.json["whole"]["nonzero"]
        kept = found.post("/api/prunings/p1/keep", {"density": 0.5, "criterion": "magnitude", "retrain": False})
        assert (kept.status, kept.json["id"]) == (202, "p1")
        for thread in threading.enumerate():
            if thread.name == "glasshouse p1":
                thread.join(60)
        twin = found.get("/api/prunings/p1").json
        assert (twin["busy"], twin["error"], len(twin["kept"])) == (False, None, 1)
        smaller = found.get("/api/download?id=p1&to=glass")
        assert smaller.headers["content-disposition"] == 'attachment; filename="people-p1.glass"'
        (trained / "smaller.glass").write_bytes(smaller.body)
        assert (
            gh.load(trained / "smaller.glass").network.n_weights < gh.load(trained / "people.glass").network.n_weights
        )
        assert found.get("/api/download?id=p1&to=report").status == 200
        assert found.post("/api/prunings/p1/undo").json["kept"] == []
        found.site.bench.find("p1").busy = True
        for answer in (
            found.get("/api/prunings/p1/cut?density=0.5"),
            found.post("/api/prunings/p1/undo"),
            found.post("/api/prunings/p1/keep", {"density": 0.5}),
        ):
            assert answer.status == 409
        for query in ("", "density=x", "density=0", "density=nan", "density=0.5&criterion=x"):
            found.site.bench.find("p1").busy = False
            assert found.get(f"/api/prunings/p1/cut?{query}").status == 400
        for order in ({}, {"density": "0.5"}, {"density": 0.5, "criterion": []}, {"density": 0.5, "retrain": 1}):
            assert found.post("/api/prunings/p1/keep", order).status == 400
        assert found.post("/api/prunings", {"model": 3}).status == 400
        for k in range(MOST_PRUNINGS):
            assert found.post("/api/prunings", {"model": "people.glass"}).json["id"] == f"p{k + 2}"
        assert found.get("/api/prunings/p1").status == 404


def test_no_cut_that_was_kept_leaves_the_bench_to_make_place(trained, monkeypatch) -> None:
    monkeypatch.setattr("glasshouse.web.site.MOST_PRUNINGS", 3)
    with page(trained) as found:
        bench = found.site.bench
        for _ in range(3):
            bench.begin("people.glass", None)
        bench.find("p2").keep(0.5, "magnitude", False)
        assert found.get("/api/prunings/p1").status == 200  # the one not used for longest is p3 now
        assert bench.begin("people.glass", None) == "p4"
        assert [bench.has(f"p{k}") for k in range(1, 5)] == [True, True, False, True]
        for id in ("p1", "p4"):
            bench.find(id).keep(0.5, "magnitude", False)
        refused = found.post("/api/prunings", {"model": "people.glass"})
        assert refused.status == 409
        assert "as many as may (p2 of people.glass, p1 of people.glass, p4" in refused.json["error"]
        bench.find("p1").undo()
        assert found.post("/api/prunings", {"model": "people.glass"}).json["id"] == "p5"
        assert [bench.has(f"p{k}") for k in range(1, 6)] == [False, True, False, True, True]
