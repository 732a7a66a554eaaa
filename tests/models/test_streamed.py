"""A table that is read in parts becomes a model as one in memory does, and is known again by everything that asks."""

from __future__ import annotations

import numpy as np
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
from parts import limits, numbers_and_words, written

import glasshouse as gh
from glasshouse.errors import OptionError, TableError
from glasshouse.models import room, streamed, train

N = 4000


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """A window of 512 rows, and a few hundred rows held."""
    monkeypatch.setattr(train, "outgrows", lambda table, memory, ranks: memory is not None)
    monkeypatch.setattr(streamed, "WINDOW", 1 << 14)
    monkeypatch.setattr(streamed, "SMALLEST", 512)
    with limits(ROWS=300, HELD=600):
        yield


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    path = tmp_path_factory.mktemp("parts") / "t.parquet"
    columns = numbers_and_words(np.random.default_rng(0), N)
    return written(path, {name: columns[name] for name in columns}, group=700)


def trained(table, target="y", **options):
    dropped = {"y", "level", "number", "weight", "person"} - {target, options.get("weights"), options.get("group")}
    options = {"epochs": 3, "baselines": False, "out": "", "memory": "1GB", "drop": sorted(dropped), **options}
    return gh.train(table, target=target, **options)


@pytest.mark.parametrize(
    ("target", "score", "least"), [("y", "accuracy", 0.9), ("level", "accuracy", 0.8), ("number", "r2", 0.9)]
)
def test_it_learns_what_memory_learns(table, target, score, least) -> None:
    in_parts, at_once = trained(table, target), trained(table, target, memory=None)
    assert in_parts.scores["test"][score] > least
    assert in_parts.scores["test"][score] == pytest.approx(at_once.scores["test"][score], abs=0.08)
    assert in_parts.encoder.feature_names == at_once.encoder.feature_names
    run = in_parts.run
    assert (run.n_rows, sum(run.sizes)) == (N, N)
    assert run.table.n_rows < N
    assert "read in parts" in run.table.notes[-1]
    assert in_parts.origin.streamed


def test_parquet_and_csv_of_it_become_the_same_network_but_for_the_order(table, tmp_path) -> None:
    """Portions differ, so rows are dealt differently: the scores are near, the encoders of all rows the same."""
    path = tmp_path / "t.csv"
    pa_csv.write_csv(pq.read_table(table), path)
    with limits(STRETCH=40_000):
        model = trained(path)
    assert model.scores["test"]["accuracy"] > 0.9


def test_a_model_knows_its_table_again(table, tmp_path) -> None:
    place = tmp_path / "m.glass"
    model = trained(table)
    model.save(place)
    (tmp_path / table.name).symlink_to(table)
    again = gh.evaluate(place)
    assert (again.part, again.rows) == ("test", model.scores["test"]["rows"])
    assert again.scores["accuracy"] == model.scores["test"]["accuracy"]
    assert gh.diagnose(place).findings is not None
    pruned = gh.prune(place, density=0.5, retrain=False, out="")
    assert pruned.model.scores["test"]["rows"] == again.rows


def test_another_table_is_not_taken_for_it(table, tmp_path) -> None:
    place = tmp_path / "m.glass"
    trained(table).save(place)
    other = numbers_and_words(np.random.default_rng(1), N)
    written(tmp_path / table.name, other, group=700)
    with pytest.raises(TableError, match="holds other rows"):
        gh.evaluate(place)


def test_a_resumed_run_is_the_run_that_was_not_stopped(table, tmp_path) -> None:
    class Stop(gh.Watcher):
        def after_epoch(self, state):
            return state.epoch == 2

    whole = trained(table, epochs=4, learning_rate=0.01)
    place = tmp_path / "c"
    trained(table, epochs=4, learning_rate=0.01, checkpoint=place, watchers=[Stop()])
    resumed = trained(table, epochs=4, learning_rate=0.01, checkpoint=place, resume=True)
    np.testing.assert_array_equal(resumed.network.parameters, whole.network.parameters)
    assert resumed.history == whole.history


def test_another_window_is_another_order_and_refused(table, tmp_path, monkeypatch) -> None:
    place = tmp_path / "c"
    trained(table, checkpoint=place)
    monkeypatch.setattr(streamed, "SMALLEST", 1024)
    with pytest.raises(OptionError, match="other rows"):
        trained(table, checkpoint=place, resume=True, epochs=3)


def test_weights_and_groups(table) -> None:
    model = trained(table, weights="weight", group="person")
    sample = model.run.table
    people = [set(sample.columns["person"].take(rows).to_pylist()) for rows in model.run.split]
    assert len(set.union(*people)) == sum(map(len, people))
    assert model.scores["test"]["accuracy"] > 0.85
    assert not {"weight", "person"} & {encoding.name for encoding in model.encoder.encodings}


def test_a_table_to_judge_by(table, tmp_path) -> None:
    other = written(tmp_path / "other.parquet", numbers_and_words(np.random.default_rng(3), 500))
    model = trained(table, test=other)
    assert model.scores["test"]["rows"] == 500
    assert model.run.sizes.test == 0
    assert model.scores["test"]["accuracy"] > 0.9


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"refit": True}, "refit needs every row of"),
        ({"optimizer": "lbfgs"}, "optimizer lbfgs needs every row of"),
        ({"order": "day"}, "order needs every row of"),
        ({"memory": "much"}, "memory is 'much': write a number of bytes, or one like 2GB"),
        ({"memory": "1MB"}, "memory is '1MB': give at least 1GB"),
        ({"target": "yy"}, "has no column 'yy': did you mean 'y'"),
        ({"weights": "x0"}, "the weights in 'x0' hold -"),
    ],
)
def test_what_cannot_be_is_one_line(table, options, words) -> None:
    with pytest.raises((OptionError, TableError), match=words):
        trained(table, **options)


def test_a_file_that_changes_between_two_epochs(table, tmp_path) -> None:
    path = tmp_path / "t.parquet"
    path.write_bytes(table.read_bytes())

    class Grow(gh.Watcher):
        def after_epoch(self, state):
            path.write_bytes(path.read_bytes() + b"more")

    with pytest.raises(TableError, match=r"t.parquet changed while it was read \(from [0-9,]+ to [0-9,]+ bytes\)"):
        trained(path, checkpoint=tmp_path / "c", watchers=[Grow()])
    assert (tmp_path / "c").exists()


def test_a_damaged_row_group_is_named(table, tmp_path) -> None:
    path, data = tmp_path / "t.parquet", bytearray(table.read_bytes())
    start = pq.read_metadata(table).row_group(3).column(0).data_page_offset
    data[start : start + 40] = bytes(40)
    path.write_bytes(data)
    with pytest.raises(TableError, match=r"t.parquet, row group 3 is damaged"):
        trained(path)


def test_predictions_in_parts_are_those_at_once(table, monkeypatch) -> None:
    from glasshouse.models import verbs

    model = trained(table)
    at_once = gh.predict(model, table)
    monkeypatch.setattr(verbs, "outgrows", lambda table, memory: True)
    in_parts = gh.predict(model, table)
    assert in_parts.column_names == at_once.column_names
    for name in at_once.column_names[1:]:
        np.testing.assert_allclose(in_parts[name].to_numpy(), at_once[name].to_numpy(), atol=1e-5)


def test_a_stream_hands_out_the_rows_that_train(table) -> None:
    rows = gh.stream(str(table), target="y", drop=["level", "number"])
    assert rows.classes.tolist() == ["no", "yes"]
    batches = list(rows.batches(100))
    assert sum(len(y) for _, y in batches) == rows.n_rows
    assert {len(y) for _, y in batches[:-1]} == {100}
    assert {X.shape[1] for X, _ in batches} == {len(rows.encoder.feature_names)}
    again = [y.tolist() for _, y in rows.batches(100)]
    assert again == [y.tolist() for _, y in batches] != [y.tolist() for _, y in rows.batches(100, epoch=1)]
    assert rows.n_rows + len(rows.validation[1]) + len(rows.test[1]) == N
    number = gh.stream(str(table), target="number", drop=["level", "y"])
    assert number.classes is None
    values = np.concatenate([y for _, y in number.batches(500)])
    assert np.isin(np.round(values, 6), np.round(pq.read_table(table)["number"].to_numpy(), 6)).all()


def test_a_table_too_wide_for_the_memory_is_refused(tmp_path) -> None:
    path = written(tmp_path / "t.parquet", {f"c{k}": [0, 1] * 20 for k in range(400)})
    with pytest.raises(
        OptionError, match=r"memory is 1GB, and .* has 400 columns: to read it in parts takes about 2.0GB"
    ):
        trained(path, "c0")


def test_what_a_table_takes_is_about_what_it_took(tmp_path) -> None:
    path = written(tmp_path / "t.parquet", {"x": np.random.default_rng(0).normal(size=100_000)})
    assert 5_000_000 < room.needed(path) < 20_000_000
    assert room.free() > 10_000_000
    assert room.bytes_of("1GB") == 10**9
    assert room.bytes_of("1GiB") == 1 << 30
