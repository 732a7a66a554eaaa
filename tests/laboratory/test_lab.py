"""The verb: what it lists, runs, prints and writes, and what it says to what it cannot take."""

from __future__ import annotations

import json
import re
import struct
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

import glasshouse as gh
from glasshouse.drawing.look import colors
from glasshouse.drawing.svg import COLORS
from glasshouse.laboratory.catalogue import claims, every_experiment
from glasshouse.laboratory.claims import Claim, Experiment, Observation
from glasshouse.laboratory.figures import Dots, Lines, pens
from glasshouse.laboratory.rules import Rule
from glasshouse.laboratory.running import observed
from glasshouse.laboratory.twin import observations_of

RECORDED = Path(__file__).parents[2] / "docs" / "lab.json"
QUICK = "perceptron-distance"  # a second
MANY = [f"arm {k}" for k in range(6)]


def coin(seed: int):
    """An experiment of chance alone, as quick as can be."""
    rng = np.random.default_rng(seed)
    for case in ("1", "10"):
        for arm in MANY:
            yield Observation(arm, float(rng.random() + 0.1), case)


CHANCE = Experiment(
    kind="losses",
    question="Is one coin better than the other?",
    setting="Coins.",
    measure="heads",
    over="toss",
    claims=(Claim("loss-coins", "The first coin is better", Rule("arm 0", "arm 1", by=0), "Never."),),
    observe=coin,
    figure=Lines("toss", "heads", log_x=True, log_y=True),
)


def test_without_a_claim_they_are_listed_and_nothing_is_run(glasshouse, here) -> None:
    code, out, err = glasshouse("lab")
    assert (code, err, [*here.iterdir()]) == (0, "", [])
    assert all(f"  {id} " in out for id in claims())
    assert out.splitlines()[-1] == "next: glasshouse lab CLAIM, or glasshouse lab --all"
    listed = gh.lab()
    assert [record.id for record in listed.records] == list(claims())
    assert all(record.verdict is None for record in listed.records)


def test_one_is_run_and_told_with_its_rule_and_its_numbers(glasshouse, here) -> None:
    code, out, err = glasshouse("lab", QUICK, "--workers", "1")
    assert (code, err) == (0, "")
    assert [line.split()[0] for line in out.splitlines() if re.match("  [a-z]", line)] == [
        *("question", "setting", "rule", "found", "verdict", "when")
    ]
    assert out.splitlines()[-1] == f"wrote {QUICK}.html, {QUICK}.json"
    assert sorted(path.name for path in here.iterdir()) == [f"{QUICK}.html", f"{QUICK}.json"]


def test_the_rule_stands_before_anything_runs(glasshouse) -> None:
    _, listed, _ = glasshouse("lab", "--json")
    before = {c["id"]: c for e in json.loads(listed)["experiments"] for c in e["claims"]}
    _, ran, _ = glasshouse("lab", QUICK, "--json", "--workers", "1", "--out", "")
    (experiment,) = json.loads(ran)["experiments"]
    for claim in experiment["claims"]:
        assert claim["rule"] == before[claim["id"]]["rule"]
        assert before[claim["id"]]["verdict"] is None
        assert claim["verdict"] in ("supported", "refuted", "depends")
    assert before.keys() == claims().keys()


def test_the_same_seed_gives_the_same_numbers_on_one_worker_and_on_two() -> None:
    one, two = (gh.lab(QUICK, seed=5, workers=n, out="")[QUICK].seen for n in (1, 2))
    other = gh.lab(QUICK, seed=6, workers=1, out="")[QUICK].seen
    assert one.rows == two.rows
    assert one.rows != other.rows


def test_runs_are_other_seeds_and_the_first_is_the_run_alone() -> None:
    twice = gh.lab(QUICK, runs=2, seed=3, workers=1, out="")[QUICK]
    assert len(twice.verdicts) == 2
    alone = [gh.lab(QUICK, seed=seed, workers=1, out="")[QUICK] for seed in (3, 4)]
    assert [verdict.found for verdict in twice.verdicts] == [record.verdicts[0].found for record in alone]
    assert twice.seen.rows == alone[0].seen.rows


def test_repetitions_are_told_as_they_come() -> None:
    told: list[str] = []

    class Told(gh.Watcher):
        def stage(self, name: str) -> None:
            told.append(name)

    gh.lab(QUICK, workers=1, out="", watchers=(Told(),))
    first, *_, last = told
    repetitions = claims()[QUICK][0].repetitions
    assert (first, last) == (
        f"{QUICK} (1 of 1): 0 of {repetitions}",
        f"{QUICK} (1 of 1): {repetitions} of {repetitions}",
    )


class Page(HTMLParser):
    def __init__(self, text: str):
        super().__init__()
        self.ids, self.links, self.loads, self.svgs = set(), set(), [], 0
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.ids.add(found.get("id"))
        self.svgs += tag == "svg"
        if tag == "a":
            self.links.add(found["href"])
        self.loads += [tag] * (tag in ("script", "link", "img", "iframe") or "src" in found)


def test_the_page_holds_everything_and_loads_nothing(here) -> None:
    found = gh.lab(QUICK, workers=1, out="a.html")
    text = (here / "a.html").read_text("utf-8")
    page = Page(text)
    assert not page.loads
    assert page.svgs == 1
    assert page.links == {f"#{record.id}" for record in found.records}
    assert {record.id for record in found.records} <= page.ids
    twin = json.loads((here / "a.json").read_text("utf-8"))
    assert twin == json.loads(json.dumps(found.to_dict()))
    assert twin["machine"]["cores"] >= 1
    assert {"glasshouse", "python", "numpy", "scikit-learn"} <= twin["versions"].keys()
    for name in set(re.findall(r"var\(--([\w-]+)\)", text)):
        assert f"--{name}:" in text


@pytest.mark.parametrize("experiment", [*every_experiment(), CHANCE], ids=lambda e: e.claims[0].id)
def test_every_figure_names_its_axes(experiment) -> None:
    from matplotlib.figure import Figure

    seen = observed(CHANCE, 0, 1, lambda _: None)
    if experiment is not CHANCE:
        twin = json.loads(RECORDED.read_text("utf-8"))
        (entry,) = [e for e in twin["experiments"] if e["question"] == experiment.question]
        seen = observations_of(entry["observations"])
    drawn = experiment.figure.drawn(seen, COLORS)
    axes = Figure(layout="constrained").subplots(1, drawn.panels, squeeze=False)[0]
    drawn.draw(*axes)
    assert 1 <= drawn.panels <= 4
    for ax in axes:
        assert ax.get_xlabel()
        assert len(ax.lines) > 0


def test_the_first_six_pens_differ_without_their_colours() -> None:
    some = [pen for pen, _ in zip(pens(COLORS), range(6), strict=False)]
    assert (
        len({str(pen.dashes) for pen in some}) == len({pen.marker for pen in some}) == len({p.color for p in some}) == 6
    )


@pytest.mark.parametrize("figure", [Lines("toss", "heads", arms=("arm 1", "arm 3")), Dots("heads", log=True)])
def test_a_figure_shows_every_value(figure) -> None:
    from matplotlib.figure import Figure

    seen = observed(CHANCE, 0, 1, lambda _: None)
    drawn = figure.drawn(seen, COLORS)
    (ax,) = Figure(layout="constrained").subplots(1, 1, squeeze=False)[0]
    drawn.draw(ax)
    shown = np.concatenate([np.column_stack(line.get_data()) for line in ax.lines]).round(9).ravel().tolist()
    for arm in figure.arms or MANY:
        for case in ("1", "10"):
            assert set(seen.values(arm, case).round(9).tolist()) <= set(shown)


def test_slides_are_pictures_light_and_dark(glasshouse, here) -> None:
    code, out, _ = glasshouse("lab", QUICK, "--to", "slides", "--workers", "1")
    assert (code, out.splitlines()[-1]) == (0, f"wrote 4 pictures in {QUICK}-slides")
    folder = here / f"{QUICK}-slides"
    assert sorted(path.name for path in folder.iterdir()) == [
        f"{QUICK}{suffix}.{kind}" for suffix in ("-dark", "") for kind in ("png", "svg")
    ]
    for suffix, scheme in (("", "light"), ("-dark", "dark")):
        picture = (folder / f"{QUICK}{suffix}.png").read_bytes()
        assert struct.unpack(">II", picture[16:24]) == (1920, 1080)
        text = (folder / f"{QUICK}{suffix}.svg").read_text("utf-8")
        assert colors(scheme)["paper"] in text
        assert ElementTree.fromstring(text).tag.endswith("svg")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["perceptron-distanc"], "no claim is called 'perceptron-distanc': did you mean 'perceptron-distance'?"),
        ([QUICK, "--all"], f"every claim and {QUICK} are asked for: leave one out"),
        ([QUICK, "--runs", "0"], "runs is 0: it must be a whole number at least 1"),
        ([QUICK, "--seed", "-1"], "seed is -1: it must be a whole number from 0 to"),
        ([QUICK, "--workers", "0"], "workers is 0: it must be a whole number at least 1"),
        ([QUICK, "--to", "slide"], "no form of the laboratory is called 'slide': did you mean 'slides'?"),
        ([QUICK, "--out", "a.json"], "cannot write a.json: its JSON twin goes there: name a page, such as lab.html"),
        ([QUICK, "--out", "gone/a.html"], "cannot write gone/a.html: there is no folder gone: choose another place"),
        ([QUICK, "--to", "slides", "--out", "file"], "cannot write slides into file: it is a file: name a folder"),
        (["--runs", "3"], "runs goes with claims: name some, or all of them"),
    ],
)
def test_bad_input_is_answered_in_one_line_and_writes_nothing(glasshouse, here, words, said) -> None:
    (here / "file").write_text("mine")
    code, out, err = glasshouse("lab", *words)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert err.startswith(f"glasshouse: {said}")
    assert [path.name for path in here.iterdir()] == ["file"]


@pytest.mark.parametrize("name", [f"{QUICK}.html", f"{QUICK}.json"])
def test_what_is_not_ours_is_not_written_over_unless_it_is_named(glasshouse, here, name) -> None:
    (here / name).write_text("mine")
    code, _, err = glasshouse("lab", QUICK, "--workers", "1")
    assert (code, (here / name).read_text()) == (2, "mine")
    assert err == f"glasshouse: cannot write {name}: it is there and is none of ours: move it, or say --out\n"
    (here / name).unlink()
    assert glasshouse("lab", QUICK, "--workers", "1")[0] == 0
    assert glasshouse("lab", QUICK, "--workers", "1")[0] == 0  # over one of ours
