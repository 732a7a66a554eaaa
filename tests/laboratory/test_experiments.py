"""Every experiment: its verdicts come out of its numbers, turned round they are refuted, and it can be run again.

The numbers are those that stand in docs/lab.json (`python -m bench.laboratory --page`); one repetition of each is run
here.
"""

from __future__ import annotations

import ast
import json
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import glasshouse as gh
from glasshouse.laboratory.catalogue import claims, every_experiment
from glasshouse.laboratory.experiments import __path__ as folders
from glasshouse.laboratory.running import repetition
from glasshouse.laboratory.twin import observations_of

RECORDED = Path(__file__).parents[2] / "docs" / "lab.json"
ALLOWED = {*sys.stdlib_module_names, "numpy", "scipy", "sklearn"}
SHUFFLES, FEW = 200, 25  # of which, by chance alone, about 3 in 100 point one way


@cache
def recorded() -> dict:
    twin = json.loads(RECORDED.read_text("utf-8"))
    return {c["id"]: (e, c) for e in twin["experiments"] for c in e["claims"]}


def pairs_of(id: str) -> dict[str, np.ndarray]:
    return observations_of(recorded()[id][0]["observations"]).pairs(claims()[id][1].rule)


def clear(id: str) -> dict[str, np.ndarray]:
    """The cases in which the numbers show what was claimed, or what was not, turned so that they show it."""
    rule, found = claims()[id][1].rule, {}
    for case, pairs in pairs_of(id).items():
        for turned in (pairs, pairs[:, ::-1]):
            if rule.found(case, turned).holds:
                found[case] = turned
    return found


def test_what_is_recorded_is_what_can_be_run() -> None:
    assert list(recorded()) == list(claims()), "run: python -m bench.laboratory --page"
    ids = [claim.id for experiment in every_experiment() for claim in experiment.claims]
    assert len(set(ids)) == len(ids) >= 30


@pytest.mark.parametrize("id", claims())
def test_the_recorded_verdict_comes_out_of_the_recorded_numbers(id) -> None:
    (experiment, claim), (entry, record) = claims()[id], recorded()[id]
    verdict = claim.rule.verdict(pairs_of(id), experiment.over)
    assert record["runs"][0] == verdict.word
    assert record["verdict"] == (verdict.word if len(set(record["runs"])) == 1 else "depends")
    assert (record["claim"], record["when"], entry["setting"]) == (claim.says, claim.when, experiment.setting)
    assert record["rule"] == claim.rule.stated(experiment.over, experiment.measure)


@pytest.mark.parametrize("id", claims())
def test_the_opposite_of_what_the_numbers_show_is_refuted(id) -> None:
    (experiment, claim), shown = claims()[id], clear(id)
    if not shown:  # no case shows anything beyond the limit, either way: then nothing is supported
        assert recorded()[id][1]["verdict"] != "supported"
        return
    assert claim.rule.verdict(shown, experiment.over).word == "supported"
    assert claim.rule.verdict({case: p[:, ::-1] for case, p in shown.items()}, experiment.over).word == "refuted"


@pytest.mark.parametrize("id", claims())
def test_numbers_that_are_shuffled_show_nothing(id) -> None:
    """Each pair turned or not by a coin: whatever the arms were, there is no effect left."""
    (experiment, claim), rng, words = claims()[id], np.random.default_rng(), []
    pairs = pairs_of(id)
    for _ in range(SHUFFLES):
        coins = {case: rng.random(len(p)) < 0.5 for case, p in pairs.items()}
        turned = {case: np.where(coins[case][:, None], p[:, ::-1], p) for case, p in pairs.items()}
        words.append(claim.rule.verdict(turned, experiment.over).word)
    assert words.count("supported") <= FEW


@pytest.mark.parametrize("experiment", every_experiment(), ids=lambda e: e.claims[0].id)
def test_a_repetition_sees_what_is_recorded(experiment) -> None:
    """The same arms in the same cases, and numbers that are numbers."""
    entry, _ = recorded()[experiment.claims[0].id]
    seen = repetition(experiment.observe, experiment.seeds(0)[0])
    assert {(o.of, o.case, o.arm) for o in seen} == {(r["of"], r["case"], r["arm"]) for r in entry["observations"]}
    assert all(np.isfinite(o.value) for o in seen)


def names_used(tree: ast.AST) -> set[str]:
    """What is taken from `gh`."""
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "gh"
    }


@pytest.mark.parametrize("path", sorted(Path(folders[0]).glob("[!_]*.py")), ids=lambda path: path.stem)
def test_an_experiment_uses_what_anybody_can_import(path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            assert {alias.name.split(".")[0] for alias in node.names if alias.name != "glasshouse"} <= ALLOWED
        if isinstance(node, ast.ImportFrom):
            ours = node.level == 2 and node.module in ("claims", "figures", "rules")
            assert ours or (node.level == 0 and str(node.module).split(".")[0] in ALLOWED)
        if isinstance(node, ast.Attribute):
            assert not node.attr.startswith("_")
    assert names_used(tree) <= set(gh.__all__)
    assert names_used(tree), "an experiment is about us"


@pytest.mark.parametrize("id", claims())
def test_a_claim_is_told_in_full(id) -> None:
    experiment, claim = claims()[id]
    assert claim.says[0].isupper()
    assert not claim.says.endswith(".")
    assert experiment.question.endswith("?")
    assert experiment.setting.endswith(".")
    assert len(claim.when.split()) >= 15
    assert claim.when.endswith((".", "?", ")"))
    assert id.split("-")[0] in ("perceptron", "loss", "init", "activation", "sparse", "prune", "backprop")
