"""From a table to a model and back from its file: scores by scikit-learn, labels, surprises, damaged files."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

import glasshouse as gh
from glasshouse import storage
from glasshouse.errors import ModelFileError, TableError
from glasshouse.estimators.targets import Classes, Numbers
from glasshouse.models.labels import columns_of, labels_for, targets_of, task_of, written_columns_of
from glasshouse.models.scores import difference, scores
from glasshouse.network.layers import Sparse
from glasshouse.network.network import Network
from glasshouse.network.topology import Topology
from glasshouse.tables.cells import Cells
from glasshouse.tables.reading import Table, read_table
from glasshouse.training.batches import OneHot


@pytest.fixture(scope="module")
def wine():
    return gh.train("example:wine", target="target", out="")


@pytest.fixture(scope="module")
def diabetes():
    return gh.train("example:diabetes", target="target", out="")


def text(cells) -> Cells:
    return Cells.of(cells)


def test_scores_are_scikit_learns_on_rows_that_chose_nothing(wine) -> None:
    table = read_table("example:wine")
    test = table.take(wine.run.split.test)
    y, p = np.array(test.columns["target"].to_pylist()), wine.predict_proba(test)
    assert wine.scores["test"]["accuracy"] == metrics.accuracy_score(y, wine.predict(test))
    assert wine.scores["test"]["log_loss"] == pytest.approx(metrics.log_loss(y, p / p.sum(1, keepdims=True)), rel=1e-5)
    assert wine.scores["test"]["accuracy"] > 0.9
    judged = wine.evaluate(test)
    assert judged.scores == {k: v for k, v in wine.scores["test"].items() if k not in ("rows", "source")}
    assert judged.rows == wine.scores["test"]["rows"] == len(wine.run.split.test)
    parts = wine.run.split
    assert not set(parts.train) & set(parts.test)
    assert not set(parts.validation) & set(parts.test)


def test_two_classes_have_an_area_under_the_curve() -> None:
    targets = Classes(np.array(["no", "yes"]))
    rng = np.random.default_rng(0)
    y, p = rng.integers(2, size=200), rng.random(200)
    outputs = np.column_stack((1 - p, p))
    found = scores(targets, outputs, y)
    assert found["roc_auc"] == metrics.roc_auc_score(y, p)
    assert found["log_loss"] == pytest.approx(metrics.log_loss(y, outputs))
    with_stranger = scores(targets, outputs[:100], np.array([-1, *y[1:100]]))
    assert with_stranger["accuracy"] <= 0.99
    assert with_stranger["roc_auc"] == metrics.roc_auc_score(y[1:100], p[1:100])


def test_a_number_is_predicted_in_its_own_units(diabetes) -> None:
    table = read_table("example:diabetes")
    test = table.take(diabetes.run.split.test)
    y = np.array([float(cell) for cell in test.columns["target"].to_pylist()])
    predicted = diabetes.predict(test)
    assert diabetes.scores["test"]["r2"] == pytest.approx(metrics.r2_score(y, predicted))
    assert diabetes.scores["test"]["rmse"] == pytest.approx(metrics.root_mean_squared_error(y, predicted))
    assert diabetes.scores["test"]["mae"] == pytest.approx(metrics.mean_absolute_error(y, predicted))
    assert diabetes.scores["test"]["r2"] > 0.2
    with pytest.raises(TableError, match="has no probabilities"):
        diabetes.predict_proba(test)


def test_baselines_are_judged_on_the_same_rows(wine, diabetes) -> None:
    assert [b.name for b in wine.run.baselines] == ["majority", "logistic regression", "boosted trees"]
    assert [b.name for b in diabetes.run.baselines] == ["mean", "ridge regression", "boosted trees"]
    assert all(len(b.rows) == wine.scores["test"]["rows"] for b in wine.run.baselines)
    assert wine.run.differences[0][1].verdict == 1  # better than the majority, beyond chance


def test_differences_know_chance() -> None:
    rng = np.random.default_rng(0)
    ours, theirs = rng.random(4000) < 0.90, rng.random(4000) < 0.80
    assert difference(ours.astype(float), theirs.astype(float)).verdict == 1
    assert difference(theirs.astype(float), ours.astype(float)).verdict == -1
    assert difference(ours[:30].astype(float), ours[:30].astype(float)).verdict == 0
    verdicts = [difference(rng.normal(0, 1, 200), rng.normal(0, 1, 200)).verdict for _ in range(500)]
    assert np.mean(np.array(verdicts) != 0) < 0.09


@pytest.mark.parametrize("name", ["wine", "diabetes", "breast_cancer"])
def test_a_model_survives_its_file(name, tmp_path) -> None:
    path = tmp_path / "m.glass"
    model = gh.train(f"example:{name}", target="last", out=path, baselines=False, seed=5)
    again = gh.load(path)
    assert np.array_equal(model.predict(f"example:{name}"), again.predict(f"example:{name}"))
    assert again.scores == model.scores
    assert again.recipe == model.recipe
    assert again.run is None
    again.save(tmp_path / "again.glass")
    assert (tmp_path / "again.glass").read_bytes() == path.read_bytes()


def test_a_sparse_model_survives_its_file(wine, tmp_path) -> None:
    rng = np.random.default_rng(0)
    topology = Topology.from_mask(rng.random((3, 13)) < 0.5)
    network = Network.initialized([Sparse(topology, "softmax")], rng)
    from dataclasses import replace

    sparse = replace(wine, network=network)
    sparse.save(tmp_path / "s.glass")
    again = gh.load(tmp_path / "s.glass")
    assert np.array_equal(sparse.predict_proba("example:wine"), again.predict_proba("example:wine"))


def mutated(document, arrays):
    """Documents with a whole hash and nonsense inside."""
    deep = lambda: json.loads(json.dumps(document))  # noqa: E731
    for key in document:
        changed = deep()
        del changed[key]
        yield changed, arrays
    for value in (-1, 0, 10**9, "relu", None):
        changed = deep()
        changed["layers"][0]["fan_in"] = value
        yield changed, arrays
    for place, value in (("activation", "rellu"), ("kind", "lambda"), ("activation", "softmax")):
        changed = deep()
        changed["layers"][0][place] = value
        yield changed, arrays
    changed = deep()
    changed["encoder"]["encodings"][0]["scale"] = "wide"
    yield changed, arrays
    for path in (
        ["encoder", "encodings", 0, "name"],
        ["encoder", "encodings", 0, "median"],
        ["recipe", "learning_rate"],
        ["scores", "test"],
        ["scores", "test", "rows"],
        ["target"],
        ["targets", "classes"],
        ["layers"],
    ):
        for value in ({}, [1], 10**400, "x\x1b", None):
            changed = deep()
            inner = changed
            for key in path[:-1]:
                inner = inner[key]
            inner[path[-1]] = value
            if (path[-1], value) != ("test", {}):  # no scores are no nonsense
                yield changed, arrays
    changed = deep()
    changed["targets"]["classes"].append("one more")
    yield changed, arrays
    nan = np.full_like(arrays["parameters"], np.nan)
    for bad in (nan, np.zeros(3, np.float32), arrays["parameters"].astype(np.int32), arrays["parameters"][None]):
        yield document, {"parameters": bad}


def test_files_with_a_whole_hash_and_nonsense_inside_are_refused(wine, tmp_path) -> None:
    path = tmp_path / "m.glass"
    wine.save(path)
    document, arrays = storage.read(path, "model")
    tried = 0
    for nonsense, numbers in mutated(document, arrays):
        storage.write(path, "model", nonsense, numbers)
        with pytest.raises(ModelFileError, match="is not a whole model"):
            gh.load(path)
        tried += 1
    assert tried > 15


@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=200))
def test_any_bytes_are_refused_as_a_model(data, tmp_path_factory) -> None:
    path = tmp_path_factory.mktemp("junk") / "m.glass"
    path.write_bytes(data)
    with pytest.raises(ModelFileError):
        gh.load(path)


@pytest.mark.parametrize(
    ("cells", "task"),
    [
        (["a", "b", "a"], "classification"),
        (["0", "1", "1"], "classification"),
        (["1", "2", "7"] * 9, "classification"),
        ([str(k) for k in range(40)], "regression"),
        (["0.5", "1.5", "0.5"], "regression"),
        (["020", "030", "020"], "classification"),
    ],
)
def test_the_task_is_found_out(cells, task) -> None:
    assert task_of("t", text(cells).counted()) == task


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["", "?", "NA"], "missing in every row"),
        (["x", "x", ""], "is 'x' in every row: there is nothing to learn"),
        ([f"Mr. {k}" for k in range(30)], "30 different texts in 30 rows"),
    ],
)
def test_targets_that_cannot_be_learned(cells, message) -> None:
    with pytest.raises(TableError, match=message):
        task_of("t", text(cells).counted())


def test_classes_come_in_their_natural_order() -> None:
    labels = labels_for("t", text(["10", "9", "", "b", "a", "9"]), "classification")
    assert labels.classes.tolist() == ["9", "10", "a", "b"]
    assert labels.y.tolist() == [1, 0, -1, 3, 2, 0]
    assert isinstance(targets_of(labels, np.arange(6)), Classes)
    assert isinstance(targets_of(labels_for("t", text(["1", "2.5"]), "regression"), np.arange(2)), Numbers)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from(["9", "10", "b", "a", "-1", "1e3"]), min_size=2, max_size=30))
def test_classes_encode_and_decode_in_any_order(words) -> None:
    labels = labels_for("t", text(words), "classification")
    targets = targets_of(labels, np.arange(len(words)))
    assert targets.classes[labels.y].tolist() == words
    if len(targets.classes) > 1:
        columns = columns_of(targets, labels.y, np.float32)
        assert targets.decode(columns).tolist() == words
        written = written_columns_of(targets, labels.y, np.float32)
        assert np.array_equal(written.write(slice(None)) if isinstance(written, OneHot) else written, columns)


def test_test_labels_that_differ_in_case_blanks_or_a_full_stop_are_matched() -> None:
    labels = labels_for(
        "t", text(["<=50K.", ">50K", " YES", "maybe", ""]), "classification", np.array([">50K", "<=50K", "yes"])
    )
    assert labels.y.tolist() == [1, 0, 2, -1, -1]
    assert labels.matched == {"<=50K.": "<=50K", " YES": "yes"}
    assert labels.unknown == {"maybe": 1}
    assert labels.missing.tolist() == [False] * 4 + [True]


def test_rows_without_a_target_are_left_out_and_counted() -> None:
    table = read_table("example:wine")
    cells = table.columns["target"].to_pylist()
    cells[::7] = [""] * len(cells[::7])
    holed = Table("holed", {**table.columns, "target": text(cells)})
    model = gh.train(holed, target="target", baselines=False)
    assert model.run.without_target == len(cells[::7])
    assert sum(map(len, model.run.split)) == len(cells) - len(cells[::7])
    assert model.run.path is None


def test_a_table_without_a_header_is_judged_by_place(tmp_path) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(0, 1, (300, 3))
    lines = [",".join([*(f"{v:.4f}" for v in row), "yes" if row[0] > 0 else "no"]) for row in X]
    (tmp_path / "train.csv").write_text("\n".join(lines[:200]))
    (tmp_path / "test.csv").write_text("\n".join(f"{line}." for line in lines[200:]))
    model = gh.train(tmp_path / "train.csv", target="last", test=tmp_path / "test.csv", baselines=False)
    assert model.scores["test"]["accuracy"] > 0.9
    assert model.scores["test"]["rows"] == 100
    assert model.scores["test"]["source"] == str(tmp_path / "test.csv")
    assert model.run.test_labels.matched == {"yes.": "yes", "no.": "no"}


def test_equal_numbers_written_differently_are_one_label_in_a_test_table(tmp_path) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(0, 1, (200, 2))
    for name, words in (("a", ("0", "1")), ("b", ("0.0", "1.00"))):
        lines = [f"{u:.3f},{v:.3f},{words[int(u > 0)]}" for u, v in X]
        (tmp_path / f"{name}.csv").write_text("x,y,t\n" + "\n".join(lines))
    model = gh.train(tmp_path / "a.csv", target="t", test=tmp_path / "b.csv", baselines=False)
    assert model.scores["test"]["accuracy"] > 0.9
    (tmp_path / "c.csv").write_text("x,y,t\n1,2,yes\n3,4,no\n")
    with pytest.raises(TableError, match=r"no label of 't' in .*c.csv is known: it has no, yes, the model 0, 1"):
        model.evaluate(tmp_path / "c.csv")


def test_few_rows_of_many_classes_are_dealt_or_refused() -> None:
    def tiny(rows, classes):
        y = [f"k{i % classes}" for i in range(rows)]
        x = [str(i * i % 17) for i in range(rows)]
        return Table("tiny", {"x": text(x), "y": text(y)})

    for rows, classes in ((10, 2), (40, 20), (100, 20), (25, 3)):
        model = gh.train(tiny(rows, classes), target="y", baselines=False)
        assert all(len(part) for part in model.run.split)
    with pytest.raises(TableError, match="12 rows of 12 classes: too few to train, choose and judge"):
        gh.train(tiny(12, 12), target="y", baselines=False)


def test_targets_far_from_zero_keep_their_digits() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(0, 1, 400)
    cells = {"x": text([repr(float(v)) for v in x]), "y": text([repr(float(1e8 + v)) for v in x])}
    model = gh.train(Table("far", cells), target="y", baselines=False)
    assert model.scores["test"]["r2"] > 0.97


def test_the_order_of_a_table_without_a_header_is_what_counts(tmp_path) -> None:
    rng = np.random.default_rng(0)
    rows = [[*(f"{v:.3f}" for v in x), "ab"[int(x[2] > 0)]] for x in rng.normal(0, 1, (200, 3))]
    first = [[row[3], *row[:3]] for row in rows]  # the target stands first
    (tmp_path / "t.csv").write_text("\n".join(map(",".join, first)))
    model = gh.train(tmp_path / "t.csv", target="1", baselines=False)
    (tmp_path / "without.csv").write_text("\n".join(",".join(row[:3]) for row in rows))
    assert model.predict(tmp_path / "without.csv").tolist() == model.predict(tmp_path / "t.csv").tolist()
    (tmp_path / "narrow.csv").write_text("\n".join(",".join(row[:2]) for row in rows))
    with pytest.raises(TableError, match="has 2 columns and no header, the model was trained on 4"):
        model.predict(tmp_path / "narrow.csv")


def test_a_frame_trains_like_its_file(tmp_path) -> None:
    import pandas as pd
    import polars as pl

    from glasshouse.tables.examples import example

    cells = example("example:wine")
    pd.DataFrame(cells).to_csv(tmp_path / "wine.csv", index=False)
    read = {"target": "target", "out": "", "baselines": False}
    models = [gh.train(source, **read) for source in (tmp_path / "wine.csv", pd.DataFrame(cells), pl.DataFrame(cells))]
    for model in models[1:]:
        assert np.array_equal(model.network.parameters, models[0].network.parameters)
    assert gh.inspect(pl.DataFrame(cells))["rows"] == 178
    assert models[0].predict(pd.DataFrame(cells)).tolist() == models[0].predict(tmp_path / "wine.csv").tolist()


def test_training_goes_on_from_a_checkpoint_to_the_same_bytes(tmp_path) -> None:
    class Stop(gh.Watcher):
        def after_epoch(self, state):
            if state.epoch == 7:
                raise RuntimeError("the power went")

    choices = {"target": "target", "baselines": False}
    gh.train("example:iris", out=tmp_path / "whole.glass", **choices)
    kept = {"checkpoint": tmp_path / "run", "out": tmp_path / "resumed.glass"}
    with pytest.raises(RuntimeError):
        gh.train("example:iris", watchers=[Stop()], **kept, **choices)
    assert not (tmp_path / "resumed.glass").exists()
    with pytest.raises(gh.OptionError, match="exists: go on from it with resume"):
        gh.train("example:iris", **kept, **choices)
    with pytest.raises(gh.OptionError, match="was written with seed 0, this run has 1"):
        gh.train("example:iris", seed=1, resume=True, **kept, **choices)
    gh.train("example:iris", resume=True, **kept, **choices)
    assert (tmp_path / "resumed.glass").read_bytes() == (tmp_path / "whole.glass").read_bytes()


def test_ctrl_c_leaves_the_best_model_so_far_and_says_so(tmp_path) -> None:
    class Interrupt(gh.Watcher):
        def after_epoch(self, state):
            if state.epoch == 3:
                raise KeyboardInterrupt

    model = gh.train("example:iris", target="target", baselines=False, out=tmp_path / "m", watchers=[Interrupt()])
    assert (model.run.interrupted, model.run.epochs) == (True, 3)
    assert gh.load(tmp_path / "m").predict("example:iris").shape == (150,)
