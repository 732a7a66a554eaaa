"""Solutions as people type them: names, formulas, decimal commas, tables, whole classes, and what cannot be read."""

from __future__ import annotations

import contextlib
import csv
import io
import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glasshouse.errors import AnswersError
from glasshouse.tracing.answers import formula_value, read_answers
from glasshouse.tracing.notes import specification
from glasshouse.tracing.spelling import Vocabulary
from glasshouse.tracing.trace import traced

TRACE = traced(specification("example:course-sheet"))
NAMES = Vocabulary(TRACE.specification, [*TRACE.givens, *TRACE.by_name, *TRACE.asides])

SPELLINGS = {
    "dL/dw5": [
        "∂L/∂w5",
        "dE/dw5",
        "dE_total/dw_5",
        r"\frac{\partial E}{\partial w_{5}}",
        "gradient of w5",
        "dL wrt w5",
    ],
    "w5_new": ["w5_new", "new w5", "w5'", "w5+", "w_5^{new}", "updated w5", "$w_5^{+}$"],
    "dL/dz3": ["δ_o1", "delta_o1", "∂E/∂net_o1", "dL/dz3", r"$\delta_{o1}$", "derivative of loss w.r.t z_3"],
    "z1": ["z1", "z_1", "net_h1", "z_h1", "Input of h1", "net input of h1"],
    "h1": ["h1", "out_h1", "Output of h1", "a_h1", "activation of h1"],
    "loss": ["loss", "E", "Error", "L", "E_total", "total error", "cost", "J"],
    "loss_o1": ["E_o1", "loss of o1", "L_o1"],
    "dL/do1": ["∂E/∂out_o1", "dE/do1"],
    "do1/dz3": ["∂out_o1/∂net_o1", "do1/dz3"],
    "dz3/dw5": ["∂net_o1/∂w5"],
    "dloss_o2/dh1": ["∂E_o2/∂out_h1"],
}


@pytest.mark.parametrize(("name", "spelled"), [(name, word) for name, words in SPELLINGS.items() for word in words])
def test_names_as_people_spell_them(name: str, spelled: str) -> None:
    assert NAMES(spelled) == name


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("w5 = 0.4 - 0.3 * 0.1634 = 0.3510", [("w5", "0.3510")]),
        (
            "Output of h1: sigmoid(z_1 = 0.05 * 0.15 + 0.10 * 0.25 + 0.35 = 0.3825) = 0.5945",
            [("z1", "0.3825"), ("h1", "0.5945")],
        ),
        ("So: w5 = 0,4 - 0,3 * 0,1634 = 0,3510", [("w5", "0.3510")]),
        ("dE/dw5 = 0.1634; w5_new = 0.3510", [("dL/dw5", "0.1634"), ("w5_new", "0.3510")]),
        ("- **z1** = 0.3825", [("z1", "0.3825")]),
        ("$$\\frac{\\partial L}{\\partial w_5} = 0.2749 \\cdot 0.5945 = 0.1634$$", [("dL/dw5", "0.1634")]),
        ("z1 ≈ 0.3825 (rounded)", [("z1", "0.3825")]),
        ("h1 = σ(z1) = 5.945e-1", [("h1", "0.5945")]),
        ("z1: 0.3825", [("z1", "0.3825")]),
        ("δ_o2 = −0.0793", [("dL/dz4", "-0.0793")]),
        ("z1 = 0.3825 z2 = 0.39 und h1 = 0.5945", [("z1", "0.3825"), ("z2", "0.39"), ("h1", "0.5945")]),
        ("Δw5 = -0.3 * 0.1634 = -0.0490", [("Δw5", "-0.0490")]),
        ("| h1 | sigmoid(0.3825) | 0.5945 |", [("h1", "0.5945")]),
        ("(b) z₂ = **0.39** ✓", [("z2", "0.39")]),
        ("neues w5 = 0{,}3510", [("w5_new", "0.3510")]),
        ("z1 = x1*w1 + x2*w3 + b1\n  = 0.05*0.15 + 0.375\n  = 0.3825", [("z1", "0.3825")]),
    ],
)
def test_lines_as_people_type_them(here, line: str, found) -> None:
    (here / "a.md").write_text(f"# A solution\n\nI worked it out on 3 May.\n{line}\n")
    answers = read_answers(here / "a.md", NAMES)
    assert [(a.name, str(a.value)) for a in answers] == found
    assert {a.line for a in answers} == {4}


def test_csv_and_json_keep_their_digits(here) -> None:
    (here / "a.csv").write_text("name,value\nz1,0.3825\nw5_new,0.3510\nh1,\n")
    (here / "b.csv").write_text("z1;0,3825\nw5_new;0,3510\n")
    (here / "c.json").write_text('{"z1": 0.3825, "w5_new": 0.3510}')
    (here / "d.json").write_text('[{"name": "z1", "value": "0.3825"}, {"name": "w5_new", "value": 0.3510}]')
    for name in ("a.csv", "b.csv", "c.json", "d.json"):
        found = [(answer.name, str(answer.value)) for answer in read_answers(here / name, NAMES)]
        assert found == [("z1", "0.3825"), ("w5_new", "0.3510")], name


def test_lines_that_were_not_read_are_said(glasshouse, here) -> None:
    (here / "a.txt").write_text("z1 = 0.3825\nMistake o1 = 17.0\n# Part 2 = 3\nz2 = x1 * w2 + x2 * w4 + b1\n")
    out = glasshouse("check", "example:course-sheet", "a.txt")[1]
    assert "note: not read: lines 2, 4" in out


def test_formulas_as_people_write_them() -> None:
    assert formula_value("(0.01 − 0.7569)² + (0.99 - 0.7677)^2") == Decimal("0.60727690")
    assert formula_value("2(0.5 - 0.25) × 3") == Decimal("1.50")
    assert formula_value("½ · 0.5") == Decimal("0.25")
    for wrong in ("9**9**9", "w5 * 2", "__import__('os')", "1/0", "()", "log(0)", "9**999999999"):
        assert formula_value(wrong) is None


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.txt", "z1 = 0.3825\nqq7 = 0.5\n", "line 2: nothing is called 'qq7'"),
        ("a.txt", "z1 = 0.05 * 0.15 +\n", "line 1: .* does not end in a number"),
        ("a.csv", "z1,0,3825\n", "line 1: z1 has two numbers: write a decimal point"),
        ("a.txt", "dear teacher\n", "has no line such as"),
        ("a.csv", "name,value\nz1,abc\n", "line 2: z1 is 'abc': write a number"),
        ("a.csv", "hh1,0.5\n", "line 1: nothing is called 'hh1': did you mean 'h1'"),
        ("a.csv", "name\nz1\n", "line 1: 'name' has no value"),
        ("a.json", '{"z1": 0.3825,\n "hh1": 0.5}', "line 2: nothing is called 'hh1'"),
        ("a.json", '{"z1": 0.3825', "line 1: this is no JSON"),
        ("a.json", '{"z1": [1]}', "line 1: z1 is"),
        ("a.json", "[1]", "line 1: Decimal"),
        ("a.json", "7", "line 1: write"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_line(here, name: str, text: str, message: str) -> None:
    (here / name).write_text(text)
    with pytest.raises(AnswersError, match=message):
        read_answers(here / name, NAMES)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=200), st.sampled_from([".txt", ".csv", ".json", ".md"]))
def test_any_text_is_read_or_refused(tmp_path_factory, text: str, suffix: str) -> None:
    path = tmp_path_factory.mktemp("fuzz") / f"a{suffix}"
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    with contextlib.suppress(AnswersError):
        read_answers(path, NAMES)


PIECES = [
    "z1",
    "w5",
    "dL/dw5",
    "=",
    "0.3825",
    "0,5",
    "(",
    ")",
    "sigmoid",
    "*",
    "**",
    "-",
    ":",
    "δ",
    "$",
    " ",
    "\n",
    "|",
]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_lines_of_likely_pieces_are_read_or_refused(tmp_path_factory, text: str) -> None:
    path = tmp_path_factory.mktemp("fuzz") / "a.txt"
    path.write_text(text)
    with contextlib.suppress(AnswersError):
        read_answers(path, NAMES)


def test_aliases_of_a_specification(here) -> None:
    raw = {"inputs": [1], "targets": [0], "learning_rate": 1, "aliases": {"netto": "z1", "Fehler": "loss"}}
    raw["layers"] = [{"units": 1, "activation": "sigmoid", "weights": [[2]]}]
    trace = traced(specification(raw))
    names = Vocabulary(trace.specification, [*trace.givens, *trace.by_name])
    (here / "a.txt").write_text("Netto = 2\nFehler = 0,7758\n")
    assert [answer.name for answer in read_answers(here / "a.txt", names)] == ["z1", "loss"]


GRID = """student,z1,h1,dL/dz3,w5
Ada,0.3825,0.5945,0.2749,0.3510
Bela,0.3825,0.5945,1.4938,0.1336
=cmd(),0.3825,,0.2749,0.3510
Ada,x,0.5945,0.2749,0.3510
"""


def test_a_class_is_marked(glasshouse, here) -> None:
    (here / "grid.csv").write_text(GRID)
    code, out, err = glasshouse("check", "example:course-sheet", "grid.csv", "--out", "marks")
    assert code == 2
    assert "Ada: z1 is 'x', no number" in err
    assert "first mistakes: dL/dz3 1" in out
    rows = list(csv.DictReader(io.StringIO((here / "marks" / "marks.csv").read_text())))
    assert [row["student"] for row in rows] == ["Ada", "Bela", "'=cmd()", "Ada"]
    assert [row["score"] for row in rows] == ["4", "3", "3", "3"]
    assert rows[3]["feedback"] == "no line is wrong, 1 left out, not read: z1 is 'x', no number"
    assert (rows[1]["first_wrong"], rows[1]["slip"]) == ("dL/dz3", "forgotten_derivative")
    pages = sorted(path.name for path in (here / "marks").iterdir())
    assert pages == ["Ada-2.html", "Ada.html", "Bela.html", "class.html", "cmd.html", "marks.csv"]
    page = (here / "marks" / "class.html").read_text()
    assert 'href="Bela.html"' in page
    assert "badge" in page
    assert "of 4" in (here / "marks" / "Bela.html").read_text()


def test_a_folder_is_a_class_and_its_blank_a_header(glasshouse, here) -> None:
    (here / "all").mkdir()
    (here / "all" / "ada.txt").write_text("z1 = 0.3825\nh1 = 0.5945\n")
    (here / "all" / "bela.md").write_text("z1 = 0.3825\nh1 = 0.5954\n")
    code, out, err = glasshouse("check", "example:course-sheet", "all", "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert [one["first_wrong"] for one in found["students"]] == [None, "h1"]
    assert glasshouse("check", "example:course-sheet", "all", "--fail-on", "wrong")[0] == 1
    code, out, _ = glasshouse("check", "example:course-sheet", "--blank")
    assert out.startswith("student,z1,z2,h1,h2,z3,z4,o1,o2,loss_o1,loss_o2,loss,dL/do1,")
    (here / "blank.csv").write_text(out + "Ada," + "," * (out.count(",") - 1) + "\n")
    code, out, _ = glasshouse("check", "example:course-sheet", "blank.csv")
    assert (code, out.splitlines()[-1]) == (0, "nobody made a mistake")
