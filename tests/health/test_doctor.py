"""Planted faults are found where they are, healthy networks are left in peace, and remedies help.

`tests/doctored.py` does the same by the hundred.
"""

from __future__ import annotations

import json
import warnings

import doctored
import numpy as np
import pytest
from faults import healthy_varied
from sklearn.datasets import load_iris
from sklearn.model_selection import cross_val_score

from glasshouse import HealthWarning, MLPClassifier, MLPRegressor, TrainingDiverged
from glasshouse.health.findings import KINDS, SEVERITIES, Diagnosis, Finding

SEEDS = range(100, 106)


@pytest.mark.parametrize("kind", doctored.FAULTS)
def test_what_was_planted_is_found_and_where(kind) -> None:
    runs = list(doctored.faulty(kind, SEEDS if kind != "learning_rate_too_high" else range(100, 130)))
    assert runs, "nothing was planted that hurts"
    assert sum(run.found for run in runs) >= 0.95 * len(runs)


def test_healthy_networks_are_left_in_peace() -> None:
    severe = [
        [f.kind for f in doctored.trained(healthy_varied(np.random.default_rng(seed))).diagnosis.of("severe")]
        for seed in range(500, 540)
    ]
    assert sum(map(bool, severe)) <= 1, severe


@pytest.mark.parametrize("kind", ["saturated_units", "learning_rate_too_low", "unscaled_inputs", "leaking_label"])
def test_remedies_bring_back_what_the_fault_took(kind) -> None:
    runs = [r for r in doctored.faulty(kind, range(100, 112)) if r.hurt and r.healthy - r.majority >= 0.05]
    assert runs
    assert np.mean([doctored.cured(run) >= 0.9 for run in runs]) >= 0.8


def test_the_course_of_a_watched_fit_is_that_of_one_nobody_watches() -> None:
    X, y = load_iris(return_X_y=True)
    watched, alone = (MLPClassifier(tol=0.01, random_state=0, watch_health=watch).fit(X, y) for watch in (True, False))
    assert watched.network_.parameters.tobytes() == alone.network_.parameters.tobytes()
    assert watched.health_.healthy
    assert not hasattr(alone, "health_")


def test_what_is_severe_is_one_warning_with_the_remedy_as_code() -> None:
    X, y = load_iris(return_X_y=True)
    with pytest.warns(HealthWarning, match=r"dead_units.*: try MLPClassifier\(learning_rate_init=0\.3\); health_ says"):
        model = MLPClassifier((16, 16), learning_rate_init=3.0, random_state=0).fit(X, y)
    finding = model.health_.findings[0]
    assert (finding.kind, finding.severity) == ("dead_units", "severe")
    assert "of 16" in finding.evidence or "all 16" in finding.evidence
    assert json.loads(json.dumps(model.health_.to_dict()))["worst"] == "severe"
    assert "dead_units" in model.health_._repr_html_()


def test_a_search_warns_once_not_once_a_fold() -> None:
    X, y = load_iris(return_X_y=True)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        for rate in (2.0, 3.0):
            cross_val_score(MLPClassifier((16, 16), learning_rate_init=rate, random_state=0), X, y, cv=5)
    assert len([one for one in caught if one.category is HealthWarning]) == 1


def test_a_run_that_diverged_carries_what_the_doctor_saw() -> None:
    X = np.random.default_rng(0).normal(size=(60, 3))
    wild = MLPRegressor((8, 8), activation="exp", solver="sgd", learning_rate_init=50.0, random_state=0)
    with pytest.raises(TrainingDiverged) as caught:
        wild.fit(X, X[:, 0])
    diagnosis = caught.value.diagnosis
    assert diagnosis.findings[0].severity == "severe"
    assert "diverged" in {finding.kind for finding in diagnosis.findings}
    assert wild.health_ is diagnosis


def test_the_worst_comes_first() -> None:
    some = [Finding(kind, severity, 1, 1, "", "", "") for kind in list(KINDS)[:4] for severity in SEVERITIES]
    found = [(f.severity, f.kind) for f in Diagnosis(some[::-1]).findings]
    assert found == sorted(found, key=lambda pair: (SEVERITIES.index(pair[0]), list(KINDS).index(pair[1])))


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_a_limit_is_where_its_severity_begins(kind) -> None:
    for severity in ("warning", "severe"):
        limit = kind.limit(severity)
        if np.isfinite(limit):
            assert kind.severity(limit) in (severity, "severe")
            assert SEVERITIES.index(kind.severity(limit * (0.5 if kind.below else 2) or limit)) <= SEVERITIES.index(
                severity
            )
