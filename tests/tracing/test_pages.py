"""Pages of a trace: whole, harmless, and alive in a browser, where the worksheet judges as `mark` does."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from specified import random_specification

from glasshouse.network.activations import ACTIVATIONS
from glasshouse.tracing.answers import Answer
from glasshouse.tracing.arithmetic import FLOAT, cut_off, rounded
from glasshouse.tracing.diagram import element_finder, network_svg
from glasshouse.tracing.expressions import evaluate, names_in, parsed
from glasshouse.tracing.html import page, slides, worksheet
from glasshouse.tracing.marking import mark
from glasshouse.tracing.notes import EXAMPLES, specification
from glasshouse.tracing.printed import Printed
from glasshouse.tracing.trace import Trace, traced

KINDS = {"page": page, "slides": slides, "worksheet": worksheet}
HOSTILE = "</script><script>alert(1)</script>"
REPORT = """
<script>
const errors = [];
addEventListener("error", (event) => errors.push(event.message));
console.error = (...said) => errors.push(said.join(" "));
</script>
"""


class Elements(HTMLParser):
    """Every element, its attributes, and the text right after its start."""

    def __init__(self, text: str):
        super().__init__()
        self.found: list[tuple[str, dict[str, str], str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs) -> None:
        self.found.append((tag, {key: value or "" for key, value in attrs}, ""))

    def handle_data(self, data: str) -> None:
        if self.found:
            tag, attributes, text = self.found[-1]
            self.found[-1] = (tag, attributes, text + data)

    def with_attribute(self, key: str) -> list[tuple[str, str]]:
        return [(attributes[key], text.strip()) for _, attributes, text in self.found if key in attributes]


def printed(source, decimals: int = 4) -> Printed:
    return Printed(traced(specification(source) if isinstance(source, str | dict) else source), decimals)


def drawn(of) -> Elements:
    return Elements(network_svg(of))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", EXAMPLES)
def test_a_page_is_whole_and_asks_for_nothing(name: str, kind: str) -> None:
    shown = printed(f"example:{name}")
    text = KINDS[kind](shown)
    found = Elements(text)
    assert not [key for _, attributes, _ in found.found for key in attributes if key in ("src", "href", "srcset")]
    assert not re.search(r"@import|url\(|https?://(?!www\.w3\.org/2000/svg)", text)
    assert "{{" not in text
    assert "{%" not in text
    assert not re.search("[\ue000-\ue00f]", text)
    if kind == "page":
        results = [pair for pair in found.with_attribute("data-name") if pair[0] in shown.trace.by_name]
        assert {(step.name, shown.number(step.name)) for step in shown.trace.steps} <= set(results)
    elif kind == "slides":
        assert [name for name, _ in found.with_attribute("data-step")] == [step.name for step in shown.trace.steps]
        assert all(f">{shown.number(step.name)}<" in text for step in shown.trace.steps)
    else:
        asked = [attributes["name"] for tag, attributes, _ in found.found if tag == "input"]
        assert asked == [step.name for step in shown.trace.steps]
        labels = {attributes["for"] for tag, attributes, _ in found.found if tag == "label"}
        assert labels == {attributes["id"] for tag, attributes, _ in found.found if tag == "input"}


@pytest.mark.parametrize("kind", KINDS)
def test_every_name_in_a_formula_says_which_number_it_is(kind: str) -> None:
    shown = printed("example:xor")
    names = [name for name, _ in Elements(KINDS[kind](shown)).with_attribute("data-name")]
    wanted = {name for step in shown.trace.steps for name in names_in(step.expression)}
    assert wanted <= set(names)


@pytest.mark.parametrize("kind", KINDS)
def test_a_title_is_text_and_nothing_else(kind: str) -> None:
    raw = {
        "title": HOSTILE,
        "inputs": {"größe": Decimal("0.5")},
        "targets": {"y": Decimal(1)},
        "learning_rate": Decimal("0.1"),
        "layers": [{"units": ["unité"], "activation": "sigmoid", "weights": [["w"]], "bias": "-"}],
        "values": {"w": Decimal("-0.3")},
    }
    text = KINDS[kind](printed(raw))
    assert "<script>alert" not in text
    assert "&lt;/script&gt;&lt;script&gt;alert(1)" in text
    assert "größe" in text


def test_a_drawing_has_every_unit_weight_and_bias() -> None:
    for number in range(30):
        of = random_specification(number)
        found = drawn(of)
        names = {name for name, _ in found.with_attribute("data-name")}
        units = {unit for layer in of.layers for unit in layer.units}
        assert names == {*of.inputs, *of.targets, *units, *of.parameters, "loss"}
        sums = [name for name, _ in found.with_attribute("data-also")]
        assert sums == [z for layer in of.layers for z in layer.sums]
        lines = [attributes for tag, attributes, _ in found.found if tag == "line" and "data-name" in attributes]
        assert [line["data-name"] for line in lines] == [n for layer in of.layers for _, _, n in layer.places()]


def test_names_along_edges_stand_apart() -> None:
    for name in EXAMPLES:
        labels = [
            (float(attributes["x"]), float(attributes["y"]), 0.6 * 14 * len(text.strip()))
            for tag, attributes, text in drawn(specification(f"example:{name}")).found
            if tag == "text" and attributes.get("class") == "label"
        ]
        for k, (x, y, width) in enumerate(labels):
            for other_x, other_y, other in labels[:k]:
                assert abs(y - other_y) >= 14 or abs(x - other_x) >= (width + other) / 2


def test_a_step_belongs_to_an_element_of_the_drawing() -> None:
    for number in range(30):
        of = random_specification(number)
        find = element_finder(of)
        names = {name for name, _ in drawn(of).with_attribute("data-name")}
        trace = traced(of)
        assert {find(step.name) for step in trace.steps} <= names
        assert {find(name) for name in trace.asides} <= names
        for step in trace.steps:
            assert find(step.name) == (step.of if step.kind != "loss" else "loss"), (number, step.name)


def test_counts_are_badges_where_their_steps_belong() -> None:
    counts = {"z1": 2, "dL/dh1": 3, "dL/dw5": 4, "w5_new": 1, "loss": 6, "loss_o1": 1, "dL/db1[2]@3": 8, "eta": 9}
    text = network_svg(specification("example:course-sheet"), counts=counts)
    badges = dict(re.findall(r'class="badge"><title>([^:]+): (\d+)</title>', text))
    assert badges == {"h1": "5", "w5": "5", "loss": "7", "b1": "8"}
    assert 'class="badge"' not in network_svg(specification("example:course-sheet"))


# In a browser


def in_browser(tmp_path: Path, text: str, script: str):
    """What a script finds on a page that it is let loose on, in Chromium; no error may have been seen there."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("chromium is not installed: pages are tested without a browser only")
    report = "document.body.dataset.report = JSON.stringify({found, errors});"
    path = tmp_path / "page.html"
    path.write_text(
        text.replace("<head>", f"<head>{REPORT}", 1)
        + f"<script>{{const found = (() => {{{script}}})();{report}}}</script>",
        "utf-8",
    )
    command = [
        *(chromium, "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"),
        *("--virtual-time-budget=1000", "--dump-dom", path.as_uri()),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True, encoding="utf-8")
    report = json.loads(Elements(done.stdout).with_attribute("data-report")[0][0])
    assert report["errors"] == []
    return report["found"]


def ancestors(trace: Trace, name: str) -> set[str]:
    found: set[str] = set()
    waiting = [name]
    while waiting:
        step = trace.by_name.get(waiting.pop())
        for read in set(names_in(step.expression)) - found if step else ():
            found.add(read)
            waiting.append(read)
    return found


def test_pointing_at_a_number_lights_the_path_it_came_along(tmp_path) -> None:
    shown = printed("example:course-sheet")
    script = """
    const names = (selector) => [...new Set([...document.querySelectorAll(selector)].map((e) => e.dataset.name))];
    const state = () => ({
      focus: names("main .focus[data-name]"), lit: names(".home.near, .home.far"), near: names(".home.near"),
      drawn: names(".network .near, .network .focus"), said: document.querySelector(".said").textContent,
    });
    const result = (name) => document.querySelector(`.result [data-name="${name}"]`);
    const fire = (target, kind) => target.dispatchEvent(new MouseEvent(kind, {bubbles: true}));
    const over = [...document.querySelectorAll(".result [data-name]")].map((target) => {
      fire(target, "mouseover");
      return [target.dataset.name, state()];
    });
    fire(document.body, "mouseover");
    const nothing = state();
    result("dL/dw5").focus();
    const focused = state();
    result("dL/dw5").blur();
    fire(result("z1"), "click");
    fire(document.body, "mouseover");
    const kept = state();
    document.dispatchEvent(new KeyboardEvent("keydown", {key: "Escape"}));
    const unit = document.querySelector('.network [data-name="h1"] circle');
    fire(unit, "mouseover");
    return {over, nothing, focused, kept, unit: state()};
    """
    found = in_browser(tmp_path, page(shown), script)
    steps = shown.trace.by_name
    assert [name for name, _ in found["over"]] == list(steps)
    find = element_finder(shown.trace.specification)
    for name, state in found["over"]:
        reads = set(names_in(steps[name].expression))
        assert state["focus"] == [name]
        assert set(state["lit"]) == ancestors(shown.trace, name)
        assert set(state["near"]) == reads
        assert set(state["drawn"]) == {find(each) for each in {name, *reads}} - {""}
        assert state["said"].startswith(f"{name}: ")
    assert found["nothing"]["focus"] == found["nothing"]["lit"] == found["nothing"]["drawn"] == []
    assert found["focused"]["focus"] == ["dL/dw5"]
    assert found["kept"]["focus"] == ["z1"]
    assert set(found["unit"]["lit"]) == {step.name for step in steps.values() if find(step.name) == "h1"}


def test_slides_build_up_step_by_step(tmp_path) -> None:
    shown = printed("example:course-sheet")
    script = """
    const press = (key) => document.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true, cancelable: true}));
    const state = () => [
      document.querySelectorAll(".slide.shown").length,
      [...document.querySelectorAll("li.now")].map((e) => e.dataset.step).join(),
      document.querySelector(".network .focus")?.dataset.name ?? "",
      document.querySelector(".count").textContent,
    ];
    const trail = [state()];
    const steps = document.querySelectorAll("li[data-step]").length;
    for (let k = 0; k <= steps; k += 1) { press(["ArrowRight", " ", "PageDown"][k % 3]); trail.push(state()); }
    const moves = ["Home", "ArrowLeft", "End", "ArrowLeft"].map((key) => { press(key); return state(); });
    document.body.dispatchEvent(new MouseEvent("click", {bubbles: true, clientX: innerWidth - 5}));
    return {trail, moves, clicked: state()};
    """
    found = in_browser(tmp_path, slides(shown), script)
    names = [step.name for step in shown.trace.steps]
    find = element_finder(shown.trace.specification)
    wanted = [[1, name, find(name), f"{k} / {len(names)}"] for k, name in enumerate(names, start=1)]
    title = [1, "", "", f"0 / {len(names)}"]
    assert found["trail"] == [title, *wanted, wanted[-1]]
    assert found["moves"] == [title, title, wanted[-1], wanted[-2]]
    assert found["clicked"] == wanted[-1]


def solution(trace: Trace, rng: np.random.Generator) -> dict[str, str]:
    """Answers with everything people do to numbers: round, cut off, go on from a slip, leave out, write a comma."""
    answers: dict[str, str] = {}
    values = {name: given.value for name, given in trace.givens.items()}
    how = (rounded, cut_off)[rng.integers(2)]
    for step in trace.steps:
        digits = int(rng.choice([2, 3, 4, 4, 4, 6]))
        value = float(evaluate(step.expression, values.__getitem__, FLOAT))
        value = trace.values[step.name] if not np.isfinite(value) or rng.random() < 0.3 else value
        if rng.random() < 0.06:
            value = value * float(rng.choice([-1, 2, 0.5])) + 0.01
        written = how(Decimal(value), digits) if rng.random() < 0.9 else cut_off(Decimal(value), digits)
        values[step.name] = float(written)
        if rng.random() < 0.85:
            answers[step.name] = f"{written:f}".replace(".", "," if rng.random() < 0.2 else ".")
        elif rng.random() < 0.5:
            values[step.name] = trace.values[step.name]
    return answers


def test_a_worksheet_judges_as_the_marker_does(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("glasshouse.tracing.marking.SLIPS", {})  # what a wrong line comes from takes long to find
    wanted, pages, solutions = [], [], []
    rng = np.random.default_rng(0)
    sources = [specification(f"example:{name}") for name in ("course-sheet", "half-and-half", "dying-relu", "softmax")]
    for of in [*sources, *(random_specification(number, 3, 2, optimizer="sgd") for number in range(8))]:
        trace = traced(of)
        for _ in range(4 if of in sources else 2):
            answers = solution(trace, rng)
            given = [Answer(k, name, name, Decimal(t.replace(",", "."))) for k, (name, t) in enumerate(answers.items())]
            pages.append(worksheet(Printed(trace)))
            solutions.append(answers)
            wanted.append(mark(trace, given))
    # One browser takes them all: the scripts of a page are run on the data and the formulas of every page.
    formulas = [re.search(r"const formulas = (\{.*?\n\});", text, re.DOTALL)[1] for text in pages]
    data = [re.search(r'id="data">(.*?)</script>', text, re.DOTALL)[1] for text in pages]
    script = f"""
    const all = [{", ".join(formulas)}];
    const data = [{", ".join(data)}];
    return {json.dumps(solutions)}.map((solution, k) => {{
      for (const name of Object.keys(formulas)) delete formulas[name];
      Object.assign(formulas, all[k]);
      const answers = new Map(Object.entries(solution).map(([name, text]) => [name, typed(text)]));
      return Object.fromEntries(marked(data[k], answers));
    }});
    """
    found = in_browser(tmp_path, pages[0], script)
    counts: dict[str, int] = {}
    lines, apart = 0, []
    for verdicts, marking in zip(found, wanted, strict=True):
        if marking.notes:
            continue  # a convention of sign: the worksheet states its own
        for line in marking.lines:
            lines += 1
            counts[line.verdict] = counts.get(line.verdict, 0) + 1
            if verdicts[line.name] != line.verdict:
                apart.append(
                    (line.name, line.answer.value, line.exact, verdicts[line.name], line.verdict, line.because)
                )
    assert lines > 1500
    # tanh of 30 is 1 in doubles, and 0.99 in decimals if it is cut off; what follows from it is judged otherwise, too.
    assert len(apart) <= lines // 500, apart
    assert set(counts) == {"right", "rounding", "truncated", "follows", "wrong"}
    assert min(counts.values()) > 30


def test_a_worksheet_is_filled_in_and_marked(tmp_path) -> None:
    shown = printed("example:course-sheet")
    right = {step.name: shown.number(step.name) for step in shown.trace.steps}
    called = [row.name for row in ACTIVATIONS.values() if row.elementwise and row.name != "identity"]
    script = f"""
    const put = (name, text) => {{
      const input = document.querySelector(`input[name="${{name}}"]`);
      input.value = text;
      input.dispatchEvent(new Event("change", {{bubbles: true}}));
      return input.closest("li").dataset.verdict;
    }};
    const score = () => document.querySelector(".score").textContent;
    const begun = score();
    const one = [put("z1", " 0,383 "), put("h1", "0.5944"), put("h2", "0.7"), put("z3", "1.188"), put("o2", "12 a")];
    const first = score();
    const right = {json.dumps(right)};
    for (const [name, text] of Object.entries(right)) document.querySelector(`input[name="${{name}}"]`).value = text;
    document.querySelector("button").click();
    const verdicts = [...document.querySelectorAll("li[data-step]")].map((e) => e.dataset.verdict);
    const erf = [-7, -5.9, -2, -0.3, -1e-9, 0, 0.1, 1, 2.5, 3.7, 5, 30].map((x) => [x, f.erf(x)]);
    const names = {json.dumps(called)};
    const at = [-30, -2.5, -0.1, 0, 0.1, 1, 2.5, 30];
    const activations = names.map((name) => [name, at.map((z) => [z, f[name](z)])]);
    return {{begun, one, first, verdicts, last: score(), erf, activations}};
    """
    found = in_browser(tmp_path, worksheet(shown), script)
    assert found["begun"].startswith("0 of 46 points, 0 of 46")
    assert found["one"] == ["right", "truncated", "wrong", "follows", "unreadable"]
    assert found["first"].startswith("3 of 46 points, 4 of 46")
    assert found["first"].endswith("the first wrong one is h2")
    assert set(found["verdicts"]) == {"right"}
    assert found["last"] == "46 of 46 points, 46 of 46 lines filled in"
    for x, value in found["erf"]:
        assert abs(value - FLOAT.functions["erf"](x)) <= 1e-15
    for name, values in found["activations"]:
        for z, value in values:
            exact = float(evaluate(parsed(ACTIVATIONS[name].formula), {"z": z}.__getitem__, FLOAT))
            assert abs(value - exact) <= 1e-13 * max(1, abs(exact)), (name, z)
