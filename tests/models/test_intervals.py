"""Intervals against scipy's bootstrap, their cover counted on rows drawn anew; classes against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import bootstrap
from sklearn import metrics

import glasshouse as gh
from glasshouse.estimators.targets import Classes, Numbers
from glasshouse.models.intervals import intervals
from glasshouse.models.scores import by_class, scores

TWO, THREE = Classes(np.array(["no", "yes"])), Classes(np.array(["a", "b", "c"]))


def drawn(targets, n, rng):
    """Outputs that are right more often than not, and what was right."""
    if isinstance(targets, Numbers):
        y = rng.normal(3, 2, n)
        return y + rng.normal(0, 0.5, n) * (1 + (y > 3)), y
    k = len(targets.classes)
    p = rng.dirichlet(np.full(k, 0.7), n)
    places = [rng.choice(k, p=(0.9 * row + 0.1 / k)) for row in p]
    return p, np.array(places)


@pytest.mark.parametrize("targets", [TWO, THREE, Numbers(np.zeros(1), np.ones(1))], ids=["two", "three", "numbers"])
def test_intervals_are_those_of_the_bootstrap(targets) -> None:
    rng = np.random.default_rng(5)
    outputs, y = drawn(targets, 800, rng)
    found = scores(targets, outputs, y)
    ours = intervals(targets, outputs, y, found)
    assert set(ours) == set(found)

    def again(rows):
        again = scores(targets, outputs[rows], y[rows])
        return np.array([again[name] for name in found])

    drawn_again = bootstrap(
        (np.arange(800),), again, n_resamples=600, method="percentile", vectorized=False, rng=rng
    ).confidence_interval
    for k, name in enumerate(found):
        low, high = ours[name]
        assert low < found[name] < high
        width = drawn_again.high[k] - drawn_again.low[k]
        assert high - low == pytest.approx(width, rel=0.15), name
        assert low == pytest.approx(drawn_again.low[k], abs=0.15 * width), name


@pytest.mark.parametrize("targets", [TWO, Numbers(np.zeros(1), np.ones(1))], ids=["two", "numbers"])
def test_nineteen_of_twenty_intervals_hold_the_truth(targets) -> None:
    rng = np.random.default_rng(11)
    truth = scores(targets, *drawn(targets, 40_000, rng))
    held = dict.fromkeys(truth, 0)
    for _ in range(300):
        outputs, y = drawn(targets, 300, rng)
        for name, (low, high) in intervals(targets, outputs, y, scores(targets, outputs, y)).items():
            held[name] += low <= truth[name] <= high
    for name, count in held.items():
        assert 0.89 < count / 300 <= 1.0, (name, count)


def test_all_right_is_not_certain_and_a_single_row_says_nothing() -> None:
    p = np.array([[0.9, 0.1]] * 20)
    low, high = intervals(TWO, p, np.zeros(20, int), {"accuracy": 1.0})["accuracy"]
    assert low == pytest.approx(0.8389, abs=1e-3)  # Wilson, by hand: 20 / (20 + 1.96²)
    assert high == pytest.approx(1.0)
    p = np.column_stack((np.linspace(1, 0, 20), np.linspace(0, 1, 20)))
    low, high = intervals(TWO, p, np.repeat([0, 1], 10), {"accuracy": 1.0, "log_loss": 0.3, "roc_auc": 1.0})["roc_auc"]
    assert low == pytest.approx(10 / (10 + 1.96**2), abs=1e-3)
    assert high == 1
    one = Numbers(np.zeros(1), np.ones(1))
    assert intervals(one, np.array([1.0]), np.array([2.0]), {"mae": 1.0})["mae"] == (0.0, np.inf)


def test_classes_are_judged_as_by_scikit_learn() -> None:
    p, y = drawn(THREE, 300, np.random.default_rng(2))
    y = np.where(np.arange(300) % 50 == 0, -1, y)
    words = np.append(THREE.classes, "never seen")[y]
    report = metrics.classification_report(
        words, THREE.classes[p.argmax(1)], labels=THREE.classes, output_dict=True, zero_division=0.0
    )
    for row in by_class(THREE, p, y):
        assert report[row.label] == pytest.approx(
            {"precision": row.precision, "recall": row.recall, "f1-score": row.f1, "support": row.rows}
        )
    assert by_class(Numbers(np.zeros(1), np.ones(1)), np.zeros(2), np.zeros(2)) == []
    assert [row.label for row in by_class(THREE, p[:1] * 0 + [1, 0, 0], np.array([1]))] == ["a", "b"]


def test_intervals_are_kept_in_the_file(tmp_path, glasshouse) -> None:
    model = gh.train("example:iris", target="target", baselines=False, out=tmp_path / "m.glass")
    assert set(model.intervals) == {"accuracy", "log_loss"}
    assert gh.load(tmp_path / "m.glass").intervals == model.intervals
    _, out, _ = glasshouse("inspect", tmp_path / "m.glass")
    low, high = model.intervals["accuracy"]
    assert f"accuracy {model.scores['test']['accuracy']:.3f} ± {(high - low) / 2:.3f}" in out
