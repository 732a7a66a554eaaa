"""A training that is watched and steered: it tells what it is, does what it is told, and is changed by neither."""

from __future__ import annotations

import base64
import json
import threading

import numpy as np
import pandas as pd
import pytest
from runs import begun, blobs, recipe

import glasshouse as gh
from glasshouse.errors import OptionError
from glasshouse.tables.reading import as_table
from glasshouse.training.loop import fit
from glasshouse.training.schedules import Cosine, Progress
from glasshouse.web.live import Live
from glasshouse.web.pictures import DEAD, FINE, IDLE, SATURATED, Sample
from glasshouse.web.shown import model_views, unit_of
from glasshouse.web.steering import Steering
from glasshouse.web.surface import SIZE, Surface


class Heard:
    """What was told, by kind; `at` says what to order when a kind is told for the first time."""

    def __init__(self, at=None, pace=None):
        self.events, self.at = [], dict(at or {})
        self.live = Live(self.tell, pace)

    def tell(self, kind, data) -> None:
        json.dumps(data, allow_nan=True)
        self.events.append((kind, data))
        orders = self.at.pop(kind, [])
        threading.Thread(target=lambda: [self.live.order(order) for order in orders]).start()

    def of(self, kind):
        return [data for name, data in self.events if name == kind]

    def train(self, **options):
        asked = {"target": "target", "hidden": (6,), "epochs": 8, "baselines": False, "out": "", **options}
        return gh.train(asked.pop("table", "example:moons"), **asked, watchers=[self.live])


def wait_for(thread, condition) -> None:
    for _ in range(1000):
        if condition():
            return
        thread.join(0.02)
    raise AssertionError("it did not come")


def test_watching_changes_no_bit() -> None:
    plain = gh.train("example:moons", target="target", hidden=(6,), epochs=8, baselines=False, out="")
    heard = Heard()
    watched = heard.train()
    assert np.array_equal(plain.network.parameters, watched.network.parameters)
    assert len(heard.of("epoch")) == 8
    assert [row["loss"] for row in heard.of("epoch")] == pytest.approx([row["loss"] for row in plain.history])


def test_what_it_tells_is_what_the_network_is() -> None:
    heard = Heard()
    model = heard.train(table="example:iris")
    heard.live.ended()
    understood, picture = heard.of("understood")[0], heard.of("picture")[-1]
    assert understood["features"] == model.encoder.feature_names
    assert understood["outputs"] == ["setosa", "versicolor", "virginica"]
    assert understood["sizes"] == [4, 6, 3]
    assert len(understood["sample"]) == 24
    assert [len(letters) for letters in picture["health"]] == [4, 6, 3]
    assert [(strip["units"], strip["rows"]) for strip in picture["strips"]] == [(4, 24), (6, 24), (3, 24)]
    assert all(len(base64.b64decode(s["values"])) == s["units"] * s["rows"] for s in picture["strips"])
    assert len(picture["edges"]) == 4 * 6 + 6 * 3
    states = [status["state"] for status in heard.of("status")]
    assert [state for k, state in enumerate(states) if k == 0 or states[k - 1] != state] == [
        "reading",
        "training",
        "judging",
    ]


def test_pause_step_rate_unit_and_stop_are_done_between_steps() -> None:
    heard = Heard({"understood": [{"do": "pause"}]})
    done = threading.Thread(target=heard.train, kwargs={"epochs": 500})
    done.start()

    wait_for(done, lambda: heard.of("status") and heard.of("status")[-1]["state"] == "paused")
    step = heard.live.state.step
    for count in (1, 2, 3):
        heard.live.order({"do": "step"})
        wait_for(done, lambda count=count: heard.live.state.step == step + count and heard.live.steering.paused)
    heard.live.order({"do": "rate", "value": -1.0})
    wait_for(done, lambda: heard.of("status")[-1]["problem"])
    assert "learning_rate is -1.0" in heard.of("status")[-1]["problem"]
    heard.live.order({"do": "rate", "value": 0.02})
    heard.live.order({"do": "unit", "id": 7, "layer": 1, "unit": 2, "row": 3, "weight": 0})
    heard.live.order({"do": "unit", "id": 8, "layer": 9, "unit": 2, "row": 3, "weight": None})
    wait_for(done, lambda: len(heard.of("unit")) == 2)
    rate = heard.live.recipe.rate(Progress(0, 500, heard.live.state.step, 500 * 4, 0, 0))
    assert heard.of("unit")[0]["unit"]["weight"]["learning_rate"] == pytest.approx(4 * rate)
    assert heard.of("status")[-1]["learning_rate"] == pytest.approx(4 * rate)
    assert heard.of("unit")[0]["unit"]["target"] in ("blue", "orange")
    assert "layer is 9" in heard.of("unit")[1]["error"]
    heard.live.order({"do": "go"})
    wait_for(done, lambda: len(heard.of("epoch")) > 3)
    heard.live.order({"do": "stop"})
    done.join(20)
    assert not done.is_alive()
    assert 3 < len(heard.of("epoch")) < 500


def test_a_rate_set_by_hand_is_the_rate_of_a_recipe_that_has_it() -> None:
    data = blobs()
    slow, fast = (recipe(learning_rate=rate, schedule=Cosine(), max_epochs=5) for rate in (0.001, 0.01))
    changed, meant = begun(slow, data), begun(fast, data)
    changed.go_on_at(0.01, slow)
    fit(changed, data, slow)
    fit(meant, data, fast)
    assert changed.network.parameters == pytest.approx(meant.network.parameters, rel=1e-9)
    with pytest.raises(OptionError, match="learning_rate"):
        changed.go_on_at(float("nan"), slow)
    assert changed.factor == 10


def test_units_are_called_what_they_are() -> None:
    rng = np.random.default_rng(0)
    chosen = recipe(hidden_layer_sizes=(4,), output="softmax")
    network = chosen.initialized(3, 2)
    (w, b), (out, _) = network.views(network.parameters)
    w, out = w.reshape(4, 3), out.reshape(2, 4)
    b[0] = -1000  # never on
    w[1] = 0  # nothing comes in
    out[:, 2] = 0  # nothing goes out
    w[3] = rng.normal(size=3)
    letters = Sample(rng.normal(size=(50, 3)), np.eye(2)[rng.integers(0, 2, 50)]).picture(network, chosen)["health"]
    assert letters[1] == DEAD + IDLE + IDLE + FINE
    sigmoid = recipe(hidden_layer_sizes=(2,), activation=("sigmoid",))
    network = sigmoid.initialized(3, 2)
    network.views(network.parameters)[0][1][0] = 50
    picture = Sample(rng.normal(size=(50, 3)), np.eye(2)[rng.integers(0, 2, 50)]).picture(network, sigmoid)
    assert picture["health"][1] == SATURATED + FINE


@pytest.mark.parametrize("name", ["moons", "diabetes"])
def test_the_surface_is_what_the_model_predicts_there(name) -> None:
    table = as_table(f"example:{name}")
    columns = list(table.columns)[:2]
    drop = [column for column in table.columns if column not in (*columns, "target")]
    kinds = dict.fromkeys(columns, "number")
    heard = Heard()
    model = heard.train(table=table, drop=drop, kinds=kinds)
    data = model.encoder.encode(table)
    labels = model.labels_in(table)
    Y = model.targets.encode_places(labels.y, "f4") if name == "moons" else model.targets.encode(labels.y, "f4")
    surface = Surface(model.encoder, model.targets, data.dense(), Y)
    drawn = surface.drawn(model.targets.unfinished(model.network))
    axes = [np.linspace(low, high, SIZE) for low, high in zip(drawn["low"], drawn["high"], strict=True)]
    places = [(0, 0), (SIZE // 2, 3), (SIZE - 1, SIZE - 1)]
    names = [encoding.name for encoding in model.encoder.encodings]
    frame = pd.DataFrame([{names[0]: axes[0][i], names[1]: axes[1][j], "target": "0"} for i, j in places])
    low, high = drawn["range"]
    seen = np.frombuffer(base64.b64decode(drawn["values"]), np.uint8).reshape(SIZE, SIZE)
    answers = model.predict_proba(frame)[:, 1] if name == "moons" else model.predict(frame)
    for (i, j), answer in zip(places, answers, strict=True):
        assert seen[j, i] / 255 * (high - low) + low == pytest.approx(answer, abs=(high - low) / 200)
    # The points are where the cells say they are.
    raw = np.array([[float(table.columns[n][k]) for n in names] for k in range(20)])
    assert np.array(drawn["points"])[:20, :2] == pytest.approx(raw, rel=2e-3, abs=2e-3)


def test_a_model_of_a_file_is_shown_as_it_is() -> None:
    table = as_table("example:wine")
    model = gh.train(table, target="target", hidden=(5,), epochs=3, baselines=False, out="")
    views = model_views(model, table)
    assert views["understood"]["rows"] == 178
    assert model_views(model, None)["picture"]["health"] == [FINE * 13, FINE * 5, FINE * 3]
    found = unit_of(model, table, layer=1, unit=4, row=5, weight=2)
    assert found["target"] == views["understood"]["sample"][5]["target"]
    assert found["weight"]["name"] == model.encoder.feature_names[2]


def test_orders_of_two_threads_are_each_done_once() -> None:
    done = []
    steering = Steering(done.append)

    def hand_on() -> None:
        for k in range(3000):
            steering.put({"do": "watch", "on": k})
            steering.drain()

    other = threading.Thread(target=hand_on)
    other.start()
    while other.is_alive():
        steering.obey()
    other.join(10)
    steering.drain()
    assert sorted(order["on"] for order in done) == list(range(3000))


def test_l_bfgs_is_stepped_an_iteration_at_a_time_and_has_no_rate() -> None:
    heard = Heard({"understood": [{"do": "pause"}]})
    done = threading.Thread(target=heard.train, kwargs={"epochs": 40, "optimizer": "lbfgs"})
    done.start()
    wait_for(done, lambda: heard.of("status") and heard.of("status")[-1]["state"] == "paused")
    epochs = heard.live.state.epoch
    for count in (1, 2):
        heard.live.order({"do": "step"})
        wait_for(done, lambda count=count: heard.live.state.epoch == epochs + count and heard.live.steering.paused)
    heard.live.order({"do": "rate", "value": 50})
    wait_for(done, lambda: heard.of("status")[-1]["problem"])
    assert "has no learning rate" in heard.of("status")[-1]["problem"]
    heard.live.order({"do": "stop"})
    done.join(20)
    assert not done.is_alive()
    assert len(heard.of("epoch")) == epochs + 2


def test_what_was_done_by_hand_is_in_the_file_and_outlives_a_stop(tmp_path) -> None:
    asked = {"table": "example:iris", "checkpoint": tmp_path / "c", "out": tmp_path / "m.glass", "epochs": 60}
    heard = Heard({"epoch": [{"do": "rate", "value": 0.02}, {"do": "stop"}]}, pace=50)
    model = heard.train(**asked)
    assert model.run.interrupted
    assert model.by_hand[0].startswith("learning rate 0.02 from step ")
    assert model.by_hand[-1].startswith("stopped in epoch ")
    assert gh.load(tmp_path / "m.glass").by_hand == model.by_hand
    resumed = Heard().train(**asked, resume=True)
    assert resumed.by_hand == model.by_hand[:1]
    assert Heard().train(table="example:iris").by_hand == ()
    with pytest.raises(OptionError, match=r"learning_rate is 0.1: lbfgs finds"):
        gh.train("example:iris", target="target", optimizer="lbfgs", learning_rate=0.1, out="")


def test_names_without_end_are_cut() -> None:
    table = as_table(pd.DataFrame({"x" * 9000: np.arange(40.0) % 7, "y": ["a" * 9000, "b"] * 20}))
    heard = Heard()
    heard.train(table=table, target="y")
    assert len(json.dumps(heard.of("understood")[0])) < 8000
