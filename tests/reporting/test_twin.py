"""The twin's numbers against scikit-learn's, worked out from the model's answers alone, and against brute force."""

from __future__ import annotations

import json
import tracemalloc
from collections import Counter
from itertools import product

import numpy as np
import pytest
from builders import build
from sklearn import metrics
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import calibration_curve
from sklearn.inspection import permutation_importance

import glasshouse as gh
from glasshouse.network.predictor import Predictor
from glasshouse.reporting.importance import importance
from glasshouse.reporting.judged import POINTS, area, classes_judged, numbers_judged
from glasshouse.reporting.overview import overview
from glasshouse.reporting.wiring import wiring
from glasshouse.tables.cells import Cells
from glasshouse.tables.encodings import NumberEncoding
from glasshouse.tables.reading import Table, read_table


@pytest.fixture(scope="module")
def answers():
    """Probabilities of three classes for 400 rows, some of them right, and two of an unknown class."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 400)
    z = rng.normal(0, 1, (400, 3)) + 1.5 * np.eye(3)[y]
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    return p.astype(np.float32), np.where(np.arange(400) < 2, -1, y)


def test_confusions_are_those_of_scikit_learn(answers) -> None:
    p, y = answers
    found = classes_judged(["a", "b", "c"], p, y)
    wanted = metrics.confusion_matrix(y[2:], p[2:].argmax(1))
    assert found["confusion"]["matrix"] == wanted.tolist()
    assert found["unknown"] == 2
    assert found["confusion"]["wrong"] == wanted.sum() - np.trace(wanted)
    first = found["confusion"]["errors"][0]
    off = wanted - np.diag(np.diag(wanted))
    assert first["rows"] == off.max() == off[first["true"], first["predicted"]]


def test_curves_are_those_of_scikit_learn_at_some_of_their_points(answers) -> None:
    p, y = answers
    found = classes_judged(["a", "b", "c"], p, y)
    assert [one["class"] for one in found["areas"]] == [0, 1, 2]
    for curve in found["curves"]:
        k = curve["class"]
        is_it, said = y[2:] == k, p[2:, k]
        false, true, _ = metrics.roc_curve(is_it, said)
        whole = set(zip(false.tolist(), true.tolist(), strict=True))
        drawn = list(zip(*curve["roc"].values(), strict=True))
        assert set(drawn) <= whole
        assert (drawn[0], drawn[-1]) == ((0.0, 0.0), (1.0, 1.0))
        assert min(POINTS, len(false)) - 2 <= len(drawn) <= POINTS
        assert curve["roc_auc"] == pytest.approx(metrics.roc_auc_score(is_it, said), abs=1e-12)
        precision, recall, _ = metrics.precision_recall_curve(is_it, said)
        assert set(zip(*curve["precision_recall"].values(), strict=True)) <= set(
            zip(recall.tolist(), precision.tolist(), strict=True)
        )
        assert curve["average_precision"] == pytest.approx(metrics.average_precision_score(is_it, said), abs=1e-12)
    assert found["curves"][0]["roc_auc"] == min(one["roc_auc"] for one in found["areas"])


@pytest.mark.parametrize("n_classes", [2, 3])
def test_calibration_is_that_of_scikit_learn(answers, n_classes) -> None:
    p, y = answers[0][2:], answers[1][2:]
    if n_classes == 2:
        p, y = np.column_stack((1 - p[:, 1], p[:, 1])), (y == 1).astype(int)
        said, came = p[:, 1], y == 1
    else:
        said, came = p.max(axis=1), p.argmax(axis=1) == y
    found = classes_judged([str(k) for k in range(n_classes)], p, y)["calibration"]
    true, predicted = calibration_curve(came, said, n_bins=10)
    assert [one["came_true"] for one in found["bins"]] == pytest.approx(true.tolist(), abs=1e-12)
    assert [one["said"] for one in found["bins"]] == pytest.approx(predicted.tolist(), abs=1e-6)
    assert sum(one["rows"] for one in found["bins"]) == len(y)
    gaps = sum(one["rows"] * abs(one["said"] - one["came_true"]) for one in found["bins"]) / len(y)
    assert found["expected_error"] == pytest.approx(gaps)
    assert all(one["low"] <= one["came_true"] <= one["high"] for one in found["bins"])


def test_residuals_are_true_less_predicted() -> None:
    rng = np.random.default_rng(1)
    y = rng.normal(0, 10, 3000)
    outputs = (y + rng.normal(1, 2, 3000)).astype(np.float32)
    found = numbers_judged(outputs, y)
    left = y - outputs
    assert found["residuals"]["mean"] == pytest.approx(left.mean())
    assert sum(found["residuals"]["counts"]) == 3000
    assert found["residuals"]["half_within"] == pytest.approx(np.median(np.abs(left)))
    pairs = set(zip(y.tolist(), outputs.astype(float).tolist(), strict=True))
    assert set(zip(found["dots"]["true"], found["dots"]["predicted"], strict=True)) <= pairs
    assert len(found["dots"]["true"]) <= 700


class Wrapped(ClassifierMixin, BaseEstimator):
    """A model that takes arrays of cells, as scikit-learn hands them over."""

    def __init__(self, model, names):
        self.model, self.names = model, names

    def fit(self, X, y):
        return self

    def predict(self, X):
        columns = {name: Cells.of([str(cell) for cell in X[:, k]]) for k, name in enumerate(self.names)}
        return self.model.predict(Table("rows", columns))

    def __sklearn_is_fitted__(self):
        return True


def test_importance_is_that_of_scikit_learn_within_its_chance() -> None:
    """Both deal by draws of their own: means of 30 deals agree within four standard errors."""
    rng = np.random.default_rng(0)
    n = 300
    size, word = rng.normal(0, 1, n), rng.choice(["a", "b", "c"], n)
    nothing = rng.normal(0, 1, n)
    y = np.where(size + 1.5 * (word == "a") > 0.5, "yes", "no")
    names = ["size", "word", "nothing"]
    cells = np.column_stack((size.round(4).astype(object), word.astype(object), nothing.round(4).astype(object)))
    columns = {name: Cells.of([str(cell) for cell in cells[:, k]]) for k, name in enumerate(names)}
    table = Table("rows", columns | {"y": Cells.of(y.tolist())})
    model = gh.train(table, target="y", hidden=(16,), epochs=15, baselines=False, out="")
    places = model.labels_in(table).y
    found = importance(model, model.encoder.encode(table), places, "accuracy", repeats=30)
    theirs = permutation_importance(Wrapped(model, names).fit(cells, y), cells, y, n_repeats=30, random_state=0)
    assert found["score"] == pytest.approx(np.mean(model.predict(table) == y))
    assert found["rows"] == n
    ours = {column["name"]: column for column in found["columns"]}
    for k, name in enumerate(names):
        chance = np.hypot(ours[name]["spread"], theirs.importances_std[k]) / np.sqrt(30)
        assert abs(ours[name]["drop"] - theirs.importances_mean[k]) < 4 * chance + 1e-3, name
    assert ours["size"]["drop"] > 0.05 > ours["nothing"]["drop"]
    again = importance(model, model.encoder.encode(table), places, "accuracy", repeats=30)
    assert again == found


def test_a_column_that_nobody_reads_costs_nothing_and_work_is_bounded(monkeypatch) -> None:
    model = gh.train("example:wine", target="target", hidden=(4,), epochs=2, baselines=False, out="")
    w = model.network.views(model.network.parameters)[0][0]
    w[:, 0] = 0
    wine = read_table("example:wine")
    rows, y = model.encoder.encode(wine), model.labels_in(wine).y
    found = importance(model, rows, y, "accuracy")
    assert found["columns"][0]["drop"] == found["columns"][0]["spread"] == 0.0
    each = model.network.n_weights + 100 * model.network.n_outputs
    for columns, bound in ((4, 100 * 3 * each * 4), (0, 1)):
        monkeypatch.setattr("glasshouse.reporting.importance.WORK", float(bound))
        small = importance(model, rows, y, "accuracy")
        assert (small["rows"], small["of_rows"], small["repeats"]) == (100, 178, 3)
        assert (len(small["columns"]), small["left_out"]) == (columns, 13 - columns)
    order = np.argsort(-np.abs(w).sum(axis=0))
    monkeypatch.setattr("glasshouse.reporting.importance.WORK", 100.0 * 3 * each * 4)
    names = [column["name"] for column in importance(model, rows, y, "accuracy")["columns"]]
    assert names == [rows.encodings[k].name for k in sorted(order[:4])]


def test_the_work_of_importance_stays_below_its_bound(monkeypatch) -> None:
    """Counted, whatever the bound: all passes but the first, in multiplications."""
    model = gh.train("example:wine", target="target", hidden=(4,), epochs=1, baselines=False, out="")
    wine = read_table("example:wine")
    rows, y = model.encoder.encode(wine), model.labels_in(wine).y
    passed = []

    class Counting(Predictor):
        def __call__(self, X):
            passed.append(len(X))
            return super().__call__(X)

    monkeypatch.setattr("glasshouse.reporting.importance.Predictor", Counting)
    for bound in (0.0, 1e4, 3e5, 1e6, 3e6, 1e9):
        passed.clear()
        monkeypatch.setattr("glasshouse.reporting.importance.WORK", bound)
        found = importance(model, rows, y, "accuracy")
        assert sum(passed[1:]) * model.network.n_weights <= bound
        assert len(passed) == 1 + found["repeats"] * len(found["columns"])
    assert (found["rows"], found["repeats"], found["left_out"]) == (178, 5, 0)


def test_an_area_by_ranks_is_that_of_scikit_learn_with_ties_too() -> None:
    rng = np.random.default_rng(3)
    for n in (2, 5, 60, 700):
        p = (rng.integers(0, 9, n) / 8).astype(np.float32)
        is_it = rng.random(n) < 0.4
        is_it[:2] = (True, False)
        assert area(is_it, p) == pytest.approx(metrics.roc_auc_score(is_it, p), abs=1e-12)


def test_many_classes_take_no_room_of_their_square() -> None:
    rng = np.random.default_rng(0)
    many = rows = 1500
    p = rng.random((rows, many), dtype=np.float32)
    y = rng.integers(0, many, rows)
    p[::3][np.arange(rows // 3), y[::3]] += 1
    tracemalloc.start()
    found = classes_judged([str(k) for k in range(many)], p, y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < p.nbytes / 2
    assert found["confusion"]["matrix"] is None
    assert found["confusion"]["wrong"] == (p.argmax(axis=1) != y).sum()
    pairs = Counter((t, n) for t, n in zip(y.tolist(), p.argmax(axis=1).tolist(), strict=True) if t != n)
    assert [e["rows"] for e in found["confusion"]["errors"]] == [count for _, count in pairs.most_common(30)]
    assert all(pairs[e["true"], e["predicted"]] == e["rows"] for e in found["confusion"]["errors"])
    frequent = np.bincount(y)
    assert len(found["areas"]) == 200
    assert min(frequent[one["class"]] for one in found["areas"]) >= np.sort(frequent)[-200]


def test_paths_are_those_that_can_be_walked() -> None:
    rng = np.random.default_rng(0)
    masks = [rng.random((4, 3)) < 0.5, rng.random((2, 4)) < 0.6]
    network = build(rng, [3, 4, 2], ["relu", "softmax"], masks=masks)
    found = wiring(network, [NumberEncoding(name, 0.0, 1.0, False) for name in "abc"])
    walked = np.zeros(3)
    for i, j, k in product(range(3), range(4), range(2)):
        walked[i] += bool(masks[0][j, i]) and bool(masks[1][k, j])
    assert found["paths"] == walked.sum()
    assert [column["paths"] for column in found["columns"]] == pytest.approx((walked / walked.sum()).tolist())
    assert [column["connections"] for column in found["columns"]] == masks[0].sum(axis=0).tolist()
    assert sum(column["strength"] for column in found["columns"]) == pytest.approx(1)


def test_the_wiring_of_a_large_dense_network_says_nothing() -> None:
    network = build(np.random.default_rng(0), [30, 60, 1], ["relu", "identity"])
    assert wiring(network, [NumberEncoding(str(k), 0.0, 1.0, False) for k in range(30)]) is None


def test_the_overview_counts_what_is_there() -> None:
    rows = 200
    rng = np.random.default_rng(0)
    ages = [str(a) for a in rng.integers(1, 90, rows)]
    ages[:7] = [""] * 7
    words = rng.choice(["red", "blue", "rare"], rows, p=[0.5, 0.48, 0.02]).tolist()
    columns = {
        "age": Cells.of(ages),
        "word": Cells.of(words),
        "when": Cells.of([f"2020-01-{1 + k % 28:02d}" for k in range(rows)]),
        "flag": Cells.of(["yes" if k % 3 else "no" for k in range(rows)]),
        "same": Cells.of(["x"] * rows),
        "y": Cells.of(rng.choice(["0", "1"], rows).tolist()),
    }
    table = Table("rows", columns)
    model = gh.train(table, target="y", hidden=(2,), epochs=1, baselines=False, out="")
    found = {column["name"]: column for column in overview(model, table)["columns"]}
    assert list(found) == list(columns)
    assert (found["age"]["missing"], found["age"]["distinct"]) == (7, len(set(ages)) - 1)
    assert sum(found["age"]["spread"]["counts"]) == rows - 7
    known = np.sort([float(age) for age in ages if age])
    assert found["age"]["spread"]["ends"] == [known[0], known[-1]]
    assert found["age"]["spread"]["median"] == known[(rows - 7 - 1) // 2]
    inner = np.clip(known, *found["age"]["spread"]["edges"])
    assert found["age"]["spread"]["counts"] == np.histogram(inner, 16, found["age"]["spread"]["edges"])[0].tolist()
    assert "missing indicated: 2 inputs" in found["age"]["becomes"]
    assert found["word"]["spread"]["levels"][0] == [
        max(set(words), key=words.count),
        max(map(words.count, set(words))),
    ]
    assert found["when"]["spread"]["ends"] == ["2020-01-01", "2020-01-28"]
    assert dict(found["flag"]["spread"]["levels"]) == {"yes": 133, "no": 67}
    assert (found["same"]["role"], found["same"]["spread"]) == ("left out", None)
    assert found["same"]["becomes"] == "not read: every cell is 'x'"
    assert found["y"]["role"] == "target"


def test_a_twin_is_json_without_holes_and_says_what_the_model_says(here) -> None:
    model = gh.train("example:breast_cancer", target="target", epochs=5, seed=3, out="m.glass")
    twin = gh.report(model, out="").twin
    assert twin["schema_version"] == 1
    assert json.loads(json.dumps(twin, allow_nan=False)) == twin
    test = model.scores["test"]
    for name, value in twin["scores"]["values"].items():
        assert value["value"] == test[name]
        assert (value["low"], value["high"]) == model.intervals[name]
    assert [one["name"] for one in twin["scores"]["baselines"]] == [b.name for b in model.run.baselines]
    assert twin["history"]["best_epoch"] == model.run.best_epoch
    assert twin["history"]["epochs"] == model.run.epochs
    assert twin["health"]["rows"] == model.run.health.rows
    assert twin["rows"]["parts"] == {"training": 364, "validation": 91, "test": 114}
    assert twin["reproduction"]["commands"] == list(model.made_by)
    assert len(twin["importance"]["columns"]) == 30
    again = gh.report(gh.load("m.glass"), "example:breast_cancer", out="").twin
    for part in ("judged", "importance", "wiring", "network", "history", "classes", "headline"):
        if part != "headline":
            assert again[part] == twin[part], part
    assert again["headline"]["value"] == twin["headline"]["value"]
    assert again["scores"]["baselines"] is None
