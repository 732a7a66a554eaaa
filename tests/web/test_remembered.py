"""From one server to the next: what was interrupted is resumed, what is done is there, whatever its file holds."""

from __future__ import annotations

import pytest
from served import page

import glasshouse as gh
from glasshouse.web.folder import OWN


def test_what_a_server_left_is_resumed_by_the_next(folder) -> None:
    with page(folder) as first:
        id = first.begin(seed=7, epochs=20, hidden=[3], pace=9)
        first.wait(id, lambda twin: len(twin["history"]) == 2)
    assert first.site.trainings.find(id).twin()["status"]["state"] == "waiting"
    with page(folder) as second:
        (row,) = second.get("/api/trainings").json["trainings"]
        assert (row["id"], row["state"], row["resumable"], row["target"]) == (id, "waiting", True, "target")
        assert second.post(f"/api/trainings/{id}/control", {"do": "go"}).status == 409
        assert second.post(f"/api/trainings/{id}/control", {"do": "resume"}).status == 200
        twin = second.wait(id, lambda twin: len(twin["history"]) == 4)
        assert [row["epoch"] for row in twin["history"]] == [1, 2, 3, 4]
        job = twin["understood"]["job"]
        assert (job["resume"], job["options"]["hidden"], job["pace"]) == (True, [3], 9)
        assert second.begin(epochs=1) == "t2"
        second.post(f"/api/trainings/{id}/control", {"do": "stop"})
        assert second.ended(id)["result"] is not None
    with page(folder) as third:
        rows = third.get("/api/trainings").json["trainings"]
        assert [(row["id"], row["state"]) for row in rows] == [("t2", "done"), (id, "done")]
        assert not any(row["resumable"] for row in rows)
        assert third.begin(epochs=1) == "t3"


def test_what_is_done_is_found_by_the_next_server(folder) -> None:
    with page(folder, real=True) as first:
        options = {"table": "people.csv", "target": "y", "hidden": [4], "epochs": 6}
        assert first.post("/api/trainings", options).json["id"] == "t1"
        told = first.ended("t1")
    with page(folder) as second:
        opened = second.site.models._opened
        (row,) = second.get("/api/trainings").json["trainings"]
        assert (row["id"], row["table"], row["target"], row["state"]) == ("t1", "people.csv", "y", "done")
        assert not opened  # a list reads no model
        assert second.post("/api/trainings/t1/control", {"do": "pause"}).status == 409
        assert second.post("/api/trainings/t1/control", {"do": "resume"}).status == 409
        twin = second.get("/api/trainings/t1").json
        assert (twin["options"], twin["error"], twin["findings"]) == (told["options"], None, [])
        assert [row["epoch"] for row in twin["history"]] == [row["epoch"] for row in told["history"]]
        for name in ("loss", "validation_loss", "validation_score"):
            assert [row[name] for row in twin["history"]] == pytest.approx([row[name] for row in told["history"]])
        for name in ("scores", "intervals", "epochs", "best_epoch", "interrupted", "made_by", "model", "file"):
            assert twin["result"][name] == told["result"][name], name
        for name in ("features", "outputs", "sizes", "activations", "task"):
            assert twin["understood"][name] == told["understood"][name]
        assert twin["picture"]["layers"] == told["picture"]["layers"]
        assert (twin["status"]["epoch"], twin["status"]["max_epochs"], twin["status"]["state"]) == (6, 6, "done")
        events = dict(second.listened("t1", "result"))
        assert events["history"] == twin["history"]
        assert second.get("/api/trainings/t1/unit?layer=1&unit=0").status == 200
        assert second.get("/api/download?id=t1&to=onnx").status == 200
        assert second.post("/api/prunings", {"model": "t1"}).status == 201
        assert second.post("/api/trainings/t1/remedy", {"finding": 0}).status == 400


def test_a_model_that_is_damaged_is_said_to_be_one_when_it_is_asked_for(folder) -> None:
    """It may also come from anywhere, and its table may be gone."""
    with page(folder) as first:
        for table in ("people.csv", "people.csv", "example:iris"):
            id = first.post("/api/trainings", {"table": table, "target": "last", "epochs": 1}).json["id"]
            first.ended(id)
    model = gh.train("example:iris", target="target", epochs=2, hidden=[2], baselines=False, out="")
    own = folder / OWN / "trainings"
    model.save(own / "t2.glass")
    (folder / "people.csv").unlink()
    with page(folder) as second:
        assert [row["id"] for row in second.get("/api/trainings").json["trainings"]] == ["t3", "t2", "t1"]
        for id in ("t1", "t3"):
            for answer in (second.get(f"/api/trainings/{id}"), second.get(f"/api/trainings/{id}/events")):
                assert answer.status == 400
                said = f"{id}.glass is not a Glasshouse model, or is damaged: make it again"
                assert answer.json["error"] == said
        twin = second.get("/api/trainings/t2").json
        assert (len(twin["history"]), twin["picture"]["strips"], twin["surface"]) == (2, [], None)


def test_no_more_than_are_remembered_are_found(folder, monkeypatch) -> None:
    with page(folder) as first:
        for _ in range(4):
            first.ended(first.begin(epochs=1))
        first.ended(first.begin(seed=5, epochs=1))  # which leaves nothing
    monkeypatch.setattr("glasshouse.web.trainings.MOST_KEPT", 3)
    with page(folder) as second:
        assert [row["id"] for row in second.get("/api/trainings").json["trainings"]] == ["t4", "t3", "t2"]
        assert second.begin(epochs=1) == "t6"
