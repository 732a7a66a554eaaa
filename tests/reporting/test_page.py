"""The page: whole, small, quiet whatever names a table brings, the same for the same twin, and readable."""

from __future__ import annotations

import copy
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from page_checks import PAYLOADS, contrast, mixed, payload, properties

import glasshouse as gh
from glasshouse.drawing.look import palette
from glasshouse.reporting.html import page
from glasshouse.reporting.svg import COLORS, drawn, slot
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
    return gh.report(gh.prune(model, "example:wine", density=0.3, epochs=2, compare=True, out=""), "example:wine")


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
    """Every text of the twin that comes from a table, replaced by each payload in turn."""
    for made in (pruned, trained):
        plain = Elements(made.html).found
        for start in range(0, len(PAYLOADS), 50):
            twin = copy.deepcopy(made.twin)
            poison(twin, start)
            html = page(twin)
            assert check(html).found == plain
            assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", html)


def poison(twin, start: int) -> None:
    """Replace, in place, what a table has a say in."""
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
    rows, wide, many = 600, 700, 120
    columns = {
        f"a long name of a column {k:04d}": Cells.of(rng.normal(0, 1, rows).round(4).astype(str).tolist())
        for k in range(wide)
    }
    columns["y"] = Cells.of([f"class number {k % many:03d}" for k in range(rows)])
    model = gh.train(Table("wide", columns), target="y", hidden=(20,), epochs=1, baselines=False, out="")
    made = gh.report(model)
    check(made.html)
    assert "641 more are in the twin" in made.html
    assert len(made.twin["table"]["columns"]) == wide + 1
    assert len(made.twin["judged"]["confusion"]["matrix"]) == many
    assert len(made.twin["importance"]["columns"]) == wide
    assert len(json.dumps(made.twin)) < 2_000_000


def test_a_name_in_a_drawing_is_text_whatever_it_holds() -> None:
    for k, word in enumerate(PAYLOADS):
        svg = drawn("x", lambda ax: ax.set_title(slot(0)), word, names=[word])
        found = Elements(svg)
        assert ("text", ("style", "x", "y")) in found.found, k
        assert not {tag for tag, _ in found.found} - {"svg", "g", "path", "defs", "use", "text", "clippath", "rect"}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_color_of_text_can_be_read_on_its_ground(scheme) -> None:
    colors = properties(palette(), scheme)
    grounds = {"paper": colors["paper"], "far": colors["far"]}
    for name in ("ink", "muted", "accent", "right", "doubt", "wrong", *(f"series-{k}" for k in range(1, 7))):
        assert contrast(colors[name], grounds["paper"]) >= 4.5, (scheme, name)
    assert contrast(colors["ink"], grounds["far"]) >= 4.5
    for series, most in (("series-1", 0.26), ("series-2", 0.32)):  # cells of the matrix
        assert contrast(colors["ink"], mixed(colors[series], colors["paper"], most)) >= 4.5
