"""Trainings: checked before they start, told to whoever listens, few at once, and steered."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from served import ask, events_in, page

import glasshouse as gh
from glasshouse.web import training as trainings_of
from glasshouse.web.folder import OWN

WRONG = {
    '{"table": 3}': "table is the id",
    '{"target": "y"}': "table is the id",
    '{"table": "no.csv", "target": "y"}': "there is no table",
    '{"table": "people.csv"}': "target is the name",
    '{"table": "people.csv", "target": 3}': "target is the name",
    '{"table": "people.csv", "target": "nobody"}': "no column 'nobody'",
    '{"table": "people.csv", "target": "gone"}': "missing in every row",
    '{"table": "people.csv", "target": "y", "tagret": 1}': "did you mean 'target'",
    '{"table": "people.csv", "target": "y", "out": "/tmp/x"}': "no option is called 'out'",
    '{"table": "people.csv", "target": "y", "reading": {}}': "no option is called 'reading'",
    '{"table": "people.csv", "target": "y", "hidden": 3}': "hidden",
    '{"table": "people.csv", "target": "y", "hidden": [0]}': "hidden",
    '{"table": "people.csv", "target": "y", "hidden": [1e300]}': "hidden",
    '{"table": "people.csv", "target": "y", "hidden": [99999]}': "hidden",
    '{"table": "people.csv", "target": "y", "hidden": [true]}': "hidden",
    '{"table": "people.csv", "target": "y", "hidden": [1,1,1,1,1,1,1,1,1,1,1]}': "hidden",
    '{"table": "people.csv", "target": "y", "activation": "softmax"}': "hidden layers",
    '{"table": "people.csv", "target": "y", "activation": "rellu"}': "did you mean 'relu'",
    '{"table": "people.csv", "target": "y", "activation": ["relu"]}': "must be a name",
    '{"table": "people.csv", "target": "y", "initializer": "x"}': "initializer",
    '{"table": "people.csv", "target": "y", "optimizer": "x"}': "optimizer",
    '{"table": "people.csv", "target": "y", "optimizer": null}': "must be a name",
    '{"table": "people.csv", "target": "y", "density": 0}': "density",
    '{"table": "people.csv", "target": "y", "density": "1"}': "density",
    '{"table": "people.csv", "target": "y", "learning_rate": -1}': "learning_rate",
    '{"table": "people.csv", "target": "y", "learning_rate": 1e999}': "learning_rate",
    '{"table": "people.csv", "target": "y", "learning_rate": NaN}': "no JSON",
    '{"table": "people.csv", "target": "y", "learning_rate": 0.01, "optimizer": "lbfgs"}': "leave the",
    '{"table": "people.csv", "target": "y", "clip_norm": 0}': "clip_norm",
    '{"table": "people.csv", "target": "y", "clip_norm": 1, "optimizer": "lbfgs"}': "no clip_norm",
    '{"table": "people.csv", "target": "y", "epochs": 0}': "epochs",
    '{"table": "people.csv", "target": "y", "epochs": 1.5}': "epochs",
    '{"table": "people.csv", "target": "y", "epochs": 1000000000}': "epochs",
    '{"table": "people.csv", "target": "y", "seed": -1}': "seed",
    '{"table": "people.csv", "target": "y", "pace": 0}': "pace",
    '{"table": "people.csv", "target": "y", "drop": "size"}': "drop",
    '{"table": "people.csv", "target": "y", "drop": ["nobody"]}': "no column 'nobody'",
    '{"table": "people.csv", "target": "y", "drop": ["size", "sort", "when"]}': "no column left",
    '{"table": "people.csv", "target": "y", "kinds": []}': "kinds",
    '{"table": "people.csv", "target": "y", "kinds": {"size": "word"}}': "kind of column 'size'",
    '{"table": "people.csv", "target": "y", "kinds": {"size": 3}}': "kinds",
    "[]": "a list",
    "": "table is the id",
    "{": "no JSON",
    "[" * 60_000: "no JSON",
    "9" * 6000: "no JSON",
    "{}{}": "no JSON",
}


@pytest.mark.parametrize("body", WRONG, ids=lambda body: body[:70])
def test_what_is_chosen_wrongly_is_said_before_a_process_starts(faked, body) -> None:
    given = {**faked.own, "content-type": "application/json"}
    answer = asyncio.run(ask(faked.guard, "POST", "/api/trainings", given, [body.encode()]))
    assert answer.status == 400
    assert WRONG[body] in answer.json["error"]
    assert faked.get("/api/trainings").json["trainings"] == []
    assert os.listdir(faked.site.folder.trainings) == []


def test_a_training_goes_from_begin_to_result(faked, folder) -> None:
    id = faked.post("/api/trainings", {"table": "people.csv", "target": "last", "epochs": 5, "drop": ["sort"]}).json[
        "id"
    ]
    twin = faked.ended(id)
    assert faked.get(f"/api/trainings/{id}").json == {"schema_version": 1, **twin}
    assert (twin["id"], twin["error"], twin["remedied_from"]) == ("t1", None, None)
    assert [row["epoch"] for row in twin["history"]] == [1, 2, 3, 4, 5]
    assert (twin["result"]["model"], twin["result"]["file"]) == ("t1", "t1.glass")
    assert twin["status"]["state"] == "done"
    job = twin["understood"]["job"]
    assert job["options"] == {name: value for name, value in twin["options"].items() if name not in ("table", "pace")}
    assert (job["options"]["target"], job["options"]["drop"], job["resume"]) == ("y", ["sort"], False)
    assert job["table"] == str(folder / "people.csv")
    assert Path(job["out"]).read_bytes() == b"a model"
    assert sorted(os.listdir(folder / OWN / "trainings")) == ["t1.glass", "t1.json"]
    (row,) = faked.get("/api/trainings").json["trainings"]
    assert row == {
        "id": "t1",
        "table": "people.csv",
        "target": "y",
        "state": "done",
        "epoch": 5,
        "max_epochs": 5,
        "resumable": False,
    }


def test_how_the_given_table_is_written_goes_along(folder) -> None:
    with page(folder, given="people.csv") as found:
        found.site.tables.reading = gh.Reading(delimiter=";", names=tuple("abcdef"), header=True)
        assert found.get("/api/table?id=people.csv").json["target"] == "f"
        id = found.post("/api/trainings", {"table": "people.csv", "target": "f", "epochs": 1}).json["id"]
        said = found.ended(id)["understood"]["job"]["options"]["reading"]
        assert said == {"delimiter": ";", "header": True, "names": list("abcdef")}
        other = found.ended(found.begin(epochs=1))
        assert "reading" not in other["understood"]["job"]["options"]


@pytest.mark.parametrize(
    ("seed", "words"),
    [
        (1, "exit code 3"),
        (2, "cannot be read"),
        (3, "said more than 16 MB at once"),
        (4, "signal 9"),
        (5, "it diverged"),
        (6, "'nonsense'"),
    ],
)
def test_a_worker_that_fails_is_said_to_have(faked, seed, words) -> None:
    id = faked.begin(seed=seed, epochs=50)
    twin = faked.ended(id)
    assert twin["status"]["state"] == "failed"
    assert words in twin["error"]
    assert twin["result"] is None
    accident = seed != 5  # what it says itself, it would say again
    assert twin["resumable"] == accident
    assert faked.site.folder.has(id, "checkpoint") == accident
    assert faked.post(f"/api/trainings/{id}/control", {"do": "resume"}).status == (200 if accident else 409)


def test_a_number_that_is_none_is_null(faked) -> None:
    twin = faked.get(f"/api/trainings/{faked.ended(faked.begin(seed=9, epochs=2))['id']}")
    assert twin.json["history"][0] == {"epoch": 1, "loss": None}


def test_names_of_some_megabytes_are_told(faked) -> None:
    understood = faked.ended(faked.begin(seed=10, epochs=1))["understood"]
    assert [len(name) for name in understood["names"]] == [9000] * 600


def test_what_finds_its_steps_has_no_learning_rate(faked) -> None:
    id = faked.begin(seed=7, optimizer="lbfgs", learning_rate=0.005)
    twin = faked.wait(id, lambda twin: len(twin["history"]) == 2)
    assert "learning_rate" not in twin["understood"]["job"]["options"]
    refused = faked.post(f"/api/trainings/{id}/control", {"do": "rate", "value": 0.1})
    assert (refused.status, "no learning rate to set" in refused.json["error"]) == (400, True)
    assert faked.post(f"/api/trainings/{id}/control", {"do": "stop"}).status == 200


def test_what_cannot_be_done_now_is_refused(faked) -> None:
    """Reading, it can be stopped in its first epoch; judging, there is nothing left to steer."""
    id = faked.begin(seed=8, epochs=1)
    faked.wait(id, lambda twin: twin["status"]["stage"] == "reading")
    steering = [{"do": "pause"}, {"do": "go"}, {"do": "step"}, {"do": "rate", "value": 1}]
    for order in steering:
        refused = faked.post(f"/api/trainings/{id}/control", order)
        assert (refused.status, "is reading, and takes no" in refused.json["error"]) == (409, True)
    for order in ({"do": "pace", "value": 5}, {"do": "stop"}):
        assert faked.post(f"/api/trainings/{id}/control", order).status == 200
    faked.wait(id, lambda twin: twin["status"]["state"] == "judging")
    for order in (*steering, {"do": "stop"}, {"do": "pace", "value": 7}):
        refused = faked.post(f"/api/trainings/{id}/control", order)
        assert (refused.status, "is judging, and takes no" in refused.json["error"]) == (409, True)
    assert faked.site.trainings.find(id).twin()["options"]["pace"] == 5


def test_two_train_at_once(faked) -> None:
    first, second = faked.begin(seed=7), faked.begin(seed=7)
    refused = faked.post("/api/trainings", {"table": "example:iris", "target": "target"})
    assert refused.status == 409
    assert "t1 and t2 train" in refused.json["error"]
    assert faked.post(f"/api/trainings/{first}/control", {"do": "stop"}).status == 200
    assert faked.ended(first)["status"]["state"] == "stopped"
    assert faked.begin(seed=7) == "t3"
    assert [row["id"] for row in faked.get("/api/trainings").json["trainings"]] == ["t3", "t2", "t1"]
    assert faked.ended(second) if not faked.site.trainings.find(second).runs else True


def test_the_oldest_are_forgotten_and_their_models_stay(faked, monkeypatch, folder) -> None:
    monkeypatch.setattr("glasshouse.web.trainings.MOST_KEPT", 3)
    for _ in range(5):
        faked.ended(faked.begin(epochs=1))
    assert [row["id"] for row in faked.get("/api/trainings").json["trainings"]] == ["t5", "t4", "t3"]
    assert faked.get("/api/trainings/t1").status == 404
    assert (folder / OWN / "trainings" / "t1.glass").exists()


def test_orders_reach_the_worker(faked) -> None:
    id = faked.begin(seed=7)
    faked.wait(id, lambda twin: len(twin["history"]) == 2)
    assert faked.post(f"/api/trainings/{id}/control", {"do": "rate", "value": 0.25}).status == 200
    faked.wait(id, lambda twin: (twin["understood"] or {}).get("rate") == 0.25)
    assert faked.post(f"/api/trainings/{id}/control", {"do": "pace", "value": 3}).status == 200
    assert faked.get(f"/api/trainings/{id}").json["options"]["pace"] == 3
    for order in (
        {},
        {"do": "rate"},
        {"do": "rate", "value": "1"},
        {"do": "rate", "value": 0},
        {"do": "kill"},
        {"do": []},
    ):
        assert faked.post(f"/api/trainings/{id}/control", order).status == 400
    assert faked.post(f"/api/trainings/{id}/control", {"do": "resume"}).status == 409
    assert faked.post(f"/api/trainings/{id}/control", {"do": "stop"}).status == 200
    faked.ended(id)
    assert faked.post(f"/api/trainings/{id}/control", {"do": "pause"}).status == 409


def test_a_unit_is_asked_of_the_worker_while_it_trains(faked) -> None:
    id = faked.begin(seed=7)
    faked.wait(id, lambda twin: len(twin["history"]) == 2)
    assert faked.get(f"/api/trainings/{id}/unit?layer=2&unit=0&row=3").json == {"schema_version": 1, "layer": 2}
    answer = faked.get(f"/api/trainings/{id}/unit?layer=0&unit=0")
    assert (answer.status, answer.json["error"]) == (400, "there is no layer 0")
    for query in ("layer=1", "layer=-1&unit=0", "layer=1e3&unit=0", "layer=1&unit=0&row=x", "layer=1&unit=9999999999"):
        assert faked.get(f"/api/trainings/{id}/unit?{query}").status == 400


def test_a_remedy_is_a_new_training(faked) -> None:
    sick = faked.ended(faked.begin(epochs=2, hidden=[7]))["id"]
    found = faked.post(f"/api/trainings/{sick}/remedy", {"finding": 0})
    assert (found.status, found.json["changed"]) == (201, {"learning_rate": 0.5})
    twin = faked.ended(found.json["id"])
    assert (twin["remedied_from"], twin["options"]["learning_rate"], twin["options"]["hidden"]) == (sick, 0.5, [7])
    for number in (1, 2, -1, True, None, "0"):
        assert faked.post(f"/api/trainings/{sick}/remedy", {"finding": number}).status == 400
    assert faked.post(f"/api/trainings/{twin['id']}/remedy", {"finding": 0}).status == 400  # it has that already


# Events


def test_who_comes_late_is_told_the_latest_of_each_and_the_whole_history(faked) -> None:
    id = faked.ended(faked.begin(epochs=4))["id"]
    events = faked.listened(id, "result")
    assert [kind for kind, _ in events] == ["understood", "status", "history", "picture", "findings", "result"]
    told = dict(events)
    assert [row["epoch"] for row in told["history"]] == [1, 2, 3, 4]
    assert told["picture"]["epoch"] == 4


def test_who_listens_is_told_everything_as_it_comes(faked) -> None:
    events = faked.listened(faked.begin(epochs=30), "result")
    rows = [row for kind, data in events if kind == "history" for row in data]
    rows += [data for kind, data in events if kind == "epoch"]
    assert [row["epoch"] for row in rows] == list(range(1, 31))
    assert [data["state"] for kind, data in events if kind == "status"][-1] == "done"


def test_pictures_are_made_while_somebody_looks(faked) -> None:
    id = faked.begin(seed=7)
    faked.wait(id, lambda twin: (twin["picture"] or {}).get("watched") is False)
    assert faked.get(f"/api/trainings/{id}").json["picture"]["watched"] is True
    faked.wait(id, lambda twin: twin["picture"]["watched"] is False)
    events = faked.listened(id, "picture")
    assert events[-1][0] == "picture"
    faked.wait(id, lambda twin: twin["picture"]["watched"] is False)
    assert faked.site.trainings.find(id).runs  # the page is closed, and it goes on


def test_a_slow_listener_misses_pictures_and_no_epoch(faked) -> None:
    """Nothing is kept for one who does not read: what was replaced meanwhile is gone, but for the history."""
    training = faked.site.trainings.find(faked.ended(faked.begin(epochs=1))["id"])

    async def slowly() -> None:
        listener = training.listen()
        training.news_for(listener)
        for epoch in range(2, 5002):
            training._take({"event": "epoch", "data": {"epoch": epoch}})
            training._take({"event": "picture", "data": {"epoch": epoch}})
        assert set(vars(listener)) == {"_loop", "woken", "news", "told"}
        assert len(listener.news) == 2
        news = training.news_for(listener)
        assert [row["epoch"] for kind, row in news if kind == "epoch"] == list(range(2, 5002))
        assert [row["epoch"] for kind, row in news if kind == "picture"] == [5001]
        assert training.news_for(listener) == []
        training.leave_alone(listener)

    asyncio.run(slowly())


def test_listeners_are_bounded(faked, monkeypatch) -> None:
    monkeypatch.setattr(trainings_of, "MOST_LISTENERS", 2)
    training = faked.site.trainings.find(faked.begin(seed=7))

    async def many() -> None:
        both = [training.listen(), training.listen()]
        refused = await ask(faked.guard, "GET", f"/api/trainings/{training.id}/events", faked.own)
        assert refused.status == 409
        for listener in both:
            training.leave_alone(listener)

    asyncio.run(many())


def test_a_quiet_stream_shows_that_it_is_there(faked, monkeypatch) -> None:
    monkeypatch.setattr("glasshouse.web.about_trainings.HEARTBEAT", 0.01)
    id = faked.ended(faked.begin(epochs=1))["id"]
    answer = asyncio.run(
        ask(
            faked.guard,
            "GET",
            f"/api/trainings/{id}/events",
            faked.own,
            until=lambda b: b.count(b": still here\n\n") > 2,
        )
    )
    assert events_in(answer.body)


def test_a_history_that_is_told_again_is_told_whole(faked) -> None:
    id = faked.begin(seed=7, epochs=9)
    faked.wait(id, lambda twin: len(twin["history"]) == 2)
    training = faked.site.trainings.find(id)
    training.leave()
    faked.ended(id)

    async def watch() -> list[tuple[str, object]]:
        listener = training.listen()
        training.news_for(listener)
        faked.site.trainings.control(id, "resume", None)
        until = asyncio.get_running_loop().time() + 30
        while len(training.history) < 4 and asyncio.get_running_loop().time() < until:
            await asyncio.sleep(0.01)
        news = training.news_for(listener)
        training.leave_alone(listener)
        return news

    told = asyncio.run(watch())
    assert [row["epoch"] for row in dict(told)["history"]] == [1, 2, 3, 4]
