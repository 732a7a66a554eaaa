"""What chooses the epoch: the one asked for, by scikit-learn's own metric of the network that is kept."""

from __future__ import annotations

import pytest

import glasshouse as gh


class History(gh.Watcher):
    """Keeps the rows of the history."""

    def __init__(self) -> None:
        self.rows: list[dict[str, float]] = []

    def after_epoch(self, state) -> None:
        self.rows = state.history


@pytest.mark.parametrize(
    ("table", "metric", "sign"),
    [
        ("breast_cancer", "accuracy", 1),
        ("breast_cancer", "roc_auc", 1),
        ("breast_cancer", "log_loss", -1),
        ("breast_cancer", None, -1),
        ("digits", "accuracy", 1),
        ("diabetes", "r2", 1),
        ("diabetes", "mae", -1),
        ("diabetes", "rmse", -1),
    ],
)
def test_the_kept_network_is_the_best_by_its_metric(table, metric, sign) -> None:
    history = History()
    model = gh.train(f"example:{table}", target="target", metric=metric, baselines=False, out="", watchers=[history])
    assert model.metric == metric or (metric is None and model.metric == "log_loss")
    loss = model.recipe.monitor == "validation_loss"
    values = [-row["validation_loss"] if loss else row["validation_score"] for row in history.rows]
    assert model.run.best_epoch == history.rows[values.index(max(values))]["epoch"]
    if not loss:  # scores are computed by scikit-learn's metrics, on the finished network
        assert model.scores["validation"][model.metric] == pytest.approx(sign * max(values), rel=1e-5)


def test_the_metric_is_kept_in_the_file(tmp_path) -> None:
    model = gh.train("example:iris", target="target", metric="accuracy", baselines=False, out=tmp_path / "m.glass")
    assert model.metric == gh.load(tmp_path / "m.glass").metric == "accuracy"


@pytest.mark.parametrize(
    ("table", "metric", "message"),
    [
        ("diabetes", "accuracy", "no metric of a number is called 'accuracy': choose one of rmse, r2, mae"),
        ("iris", "acuracy", "did you mean 'accuracy'"),
        ("iris", "roc_auc", "metric is 'roc_auc', which is of two classes, and the target has 3 classes"),
    ],
)
def test_a_metric_of_another_task_is_refused(table, metric, message) -> None:
    with pytest.raises(gh.OptionError, match=message):
        gh.train(f"example:{table}", target="target", metric=metric, baselines=False, out="")


def test_a_run_is_not_resumed_by_another_metric(tmp_path) -> None:
    choices = {"target": "target", "baselines": False, "out": "", "checkpoint": tmp_path / "c"}
    gh.train("example:iris", metric="accuracy", **choices)
    with pytest.raises(gh.GlasshouseError, match="monitor"):
        gh.train("example:iris", resume=True, **choices)
