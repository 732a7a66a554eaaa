"""``glasshouse trace`` and ``check`` as a person meets them."""

from __future__ import annotations

import importlib
import json
import shutil
import subprocess

import pytest

from glasshouse.tracing import rendering
from glasshouse.tracing.notes import EXAMPLES

NET = """
inputs = [0.5, 0.2]
targets = [1]
learning_rate = 0.1
loss = "cross_entropy"

[[layers]]
units = 2
activation = "relu"
weights = [["a", "b"], ["c", "d"]]

[[layers]]
units = 1
activation = "sigmoid"
weights = [["e", "f"]]

[values]
a = 0.3
b = -0.2
c = 0.7
d = 0.1
e = 0.5
f = 0.4
"""


def test_one_numbers_story(glasshouse) -> None:
    code, out, err = glasshouse("trace", "example:course-sheet", "--only", "w5")
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == "  w5_new = w5 - eta * dL/dw5 = 0.40 - 0.3 * 0.1634 = 0.3510"
    assert "w6" not in out


def test_both_conventions_of_rounding(glasshouse) -> None:
    exact, carried = (
        glasshouse("trace", "example:course-sheet", "--only", "z3", *more)[1] for more in ([], ["--carry"])
    )
    assert exact.splitlines()[-1].endswith("= 1.1359")
    assert carried.splitlines()[-1].endswith("= 1.1360")


def test_json_is_one_object_with_every_number(glasshouse) -> None:
    code, out, _ = glasshouse("trace", "example:half-and-half", "--json", "--check-gradients")
    found = json.loads(out)
    assert (code, found["schema_version"]) == (0, 1)
    steps = {step["name"]: step for step in found["steps"]}
    assert steps["dL/dw5"]["formula"] == "dL/dz3 * h1"
    assert steps["dL/dw5"]["uses"] == ["dL/dz3", "h1"]
    for step in steps.values():
        if step["difference"] is not None:
            assert step["difference"] == pytest.approx(step["value"], abs=1e-9)


@pytest.mark.parametrize("to", ["text", "markdown", "latex", "html", "slides", "worksheet", "json"])
def test_every_format_can_be_written_to_a_file(glasshouse, here, to: str) -> None:
    code, out, err = glasshouse("trace", "example:xor", "--to", to, "--out", "x")
    assert (code, out, err) == (0, "", "wrote x\n")
    assert "0.7050" in (here / "x").read_text()


def test_a_page_goes_beside_what_it_is_of(glasshouse, here) -> None:
    (here / "net.toml").write_text(NET)
    assert glasshouse("trace", "net.toml", "--to", "slides")[2] == "wrote net.html\n"
    assert (here / "net.html").exists()


@pytest.mark.parametrize("example", EXAMPLES)
def test_latex_compiles(glasshouse, here, example: str) -> None:
    if shutil.which("pdflatex") is None:
        pytest.skip("pdflatex is not installed: apt-get install texlive-latex-base")
    assert glasshouse("trace", f"example:{example}", "--to", "latex", "--check-gradients", "--out", "t.tex")[0] == 0
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "t.tex"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:]


def test_a_fragment_has_no_preamble(glasshouse) -> None:
    out = glasshouse("trace", "example:softmax", "--to", "latex", "--fragment")[1]
    assert "documentclass" not in out
    assert r"\begin{align*}" in out


def test_the_command_knows_the_formats_and_examples_there_are(glasshouse) -> None:
    module = importlib.import_module("glasshouse.cli.trace")
    assert tuple(rendering.FORMATS) == module.FORMATS
    assert rendering.PAGES == module.PAGES
    help_text = "".join(glasshouse("trace", "--help")[1].split())  # words are parted at their hyphens
    assert all(name in help_text for name in (*EXAMPLES, *rendering.FORMATS))


def test_losses_of_a_long_run(glasshouse) -> None:
    code, out, _ = glasshouse("trace", "example:xor", "--losses", "--steps", "1000")
    assert code == 0
    lines = out.splitlines()
    assert [line.split()[0] for line in lines[10:]] == ["10", "20", "50", "100", "200", "500", "1000", "end"]
    assert float(lines[-1].split()[1]) < 0.01
    assert glasshouse("trace", "example:xor", "--losses", "--out", "losses.txt")[1:] == ("", "wrote losses.txt\n")


def test_a_model_is_traced_for_a_row_of_its_table(glasshouse, here) -> None:
    assert (
        glasshouse(
            "train", "example:iris", "--target", "target", "--no-baselines", "--hidden", "8", "--out", "m.glass"
        )[0]
        == 0
    )
    code, out, err = glasshouse("trace", "m.glass", "--row", "3", "--only", "z1")
    assert (code, err) == (0, "")
    assert "x1 is petal length (cm)" in out
    assert glasshouse("trace", "m.glass", "--row", "151")[0] == 2
    (here / "a.txt").write_text("z1 = 1\n")
    assert glasshouse("check", "m.glass", "a.txt", "--row", "3")[0] == 0


WRONG = [
    ("f = 0.4\n", "", "line 15: the weight 'f' has no value: give it one under [values]"),
    ('"e", "f"', '"e"', "line 15: unit 'o1' has 1 weights for the 2 values of layer 1"),
    ("[1]", "[1.5]", "line 3: the target 'y1' of sample 1 is 1.5: cross_entropy wants 0 to 1"),
    ("relu", "rellu", "line 9: no activation is called 'rellu': did you mean 'relu'?"),
    ("learning_rate", "learning_rat", "line 4: no setting is called 'learning_rat': did you mean 'learning_rate'?"),
    ("0.1\n", "-0.1\n", "line 4: learning_rate is -0.1: it must be a number above 0"),
    ('"cross_entropy"', '"poisson"', "line 5: poisson cannot judge sigmoid outputs: give it exp or softplus"),
    ("a = 0.3", "a = 'x'", "line 18: values a holds 'x': write a number"),
    ("a = 0.3", "a = inf", "line 18: values a holds Decimal('Infinity')"),
    ("units = 1", "units = 2", "line 15: layer 2 has 1 rows of weights for 2 units"),
    ("[1]", "[1, 0]", "line 3: there are 2 targets for 1 outputs"),
    ("c = 0.7", "c = 0.7\ng = 1", "line 21: no layer uses the value 'g'"),
    ('"c", "d"', '"c", "z1"', "line 10: the name 'z1' stands for 2 things"),
    ("learning_rate = 0.1", "learning_rate = 0.1\nseed = 1", "line 5: seed draws weights, and every layer has its own"),
    ("units = 1", "units = 1\nsums = 3", "line 14: sums is 3: write a list of names, one a unit"),
    ("learning_rate = 0.1", "learning_rate = 0.1\nsteps = 0", "line 5: steps is 0: it must be a whole number from 1"),
    ("[0.5, 0.2]", "{}", "line 2: inputs is empty: write inputs = "),
    ("a = 0.3", "u_a = 0.3", "line 10: the weight 'a' has no value"),
    ("units = 1", 'units = ["momentum"]', "line 13: the name 'momentum' is taken: choose another"),
    ("units = 1", "unit = 1", "line 13: no setting of a layer is called 'unit': did you mean 'units'?"),
]


@pytest.mark.parametrize(("old", "new", "message"), WRONG)
def test_a_wrong_specification_is_answered_with_its_line(glasshouse, here, old, new, message) -> None:
    (here / "net.toml").write_text(NET.replace(old, new, 1))
    code, out, err = glasshouse("trace", "net.toml")
    assert (code, out) == (2, "")
    assert err.startswith(f"glasshouse: net.toml, {message}")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["trace", "nothing.toml"],
        ["trace", "example:course-shet"],
        ["trace", "example:course-sheet", "--only", "w55"],
        ["trace", "example:course-sheet", "--decimals", "99"],
        ["trace", "example:course-sheet", "--row", "2"],
        ["trace", "example:course-sheet", "table.csv"],
        ["trace", "example:course-sheet", "--steps", "0"],
        ["trace", "example:course-sheet", "--losses", "--only", "w5"],
        ["trace", "example:course-sheet", "--losses", "--to", "latex"],
        ["trace", "example:course-sheet", "--to", "html", "--fragment"],
        ["trace", "example:course-sheet", "--to", "slides", "--check-gradients"],
        ["trace", "example:softmax", "--carry", "--decimals", "0"],
        ["trace", "example:course-sheet", "--steps", "100000"],
        ["trace", "example:course-sheet", "--json", "--to", "latex"],
        ["trace", "example:course-sheet", "--json", "--fragment"],
        ["trace", "example:course-sheet", "--decimal", ","],
        ["check", "example:course-sheet", "--blank", "--out", "marks"],
        ["check", "example:course-sheet"],
        ["check", "example:course-sheet", "nothing.txt"],
        ["check", "example:course-sheet", "nothing.txt", "--blank"],
    ],
)
def test_a_mistake_is_answered_in_one_line(glasshouse, arguments) -> None:
    code, out, err = glasshouse(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("glasshouse: ")
    assert err.count("\n") == 1


def test_marks_and_aliases_name_lines_that_there_are(glasshouse, here) -> None:
    (here / "a.txt").write_text("z1 = 0.1\n")
    for more in ("[marks.points]\nnosuch = 3\n", '[aliases]\nnetto = "nosuch"\n'):
        (here / "net.toml").write_text(NET + more)
        code, _, err = glasshouse("check", "net.toml", "a.txt")
        assert code == 2
        assert "names 'nosuch', and no line is called so" in err


def test_hints_say_a_little_more_each(glasshouse, here) -> None:
    (here / "a.txt").write_text("o1 = 0.7569\ndE/dz3 = 1.4938\n")
    said = [glasshouse("check", "example:course-sheet", "a.txt", "--hint", level)[1] for level in "123"]
    assert said[0] == "look at dL/dz3, line 2\n"
    assert said[1].startswith(said[0])
    assert "slope of the activation" in said[1]
    assert said[2].splitlines()[-1].endswith("= ?")
    assert "0.2749" not in said[2]
    (here / "a.txt").write_text("o1 = 0.7569\n")
    assert glasshouse("check", "example:course-sheet", "a.txt", "--hint", "1")[1] == "no line is wrong\n"


def test_check_ends_with_1_where_asked_to(glasshouse, here) -> None:
    (here / "a.txt").write_text("h1 = 0.5954\n")
    assert glasshouse("check", "example:course-sheet", "a.txt")[0] == 0
    code, out, _ = glasshouse("check", "example:course-sheet", "a.txt", "--fail-on", "wrong", "--json")
    assert code == 1
    found = json.loads(out)
    assert (found["first_wrong"], found["score"], found["lines"][0]["verdict"]) == ("h1", 0, "wrong")
    assert found["lines"][0]["given"] == "0.5954"
    assert "no handwriting is read" in " ".join(glasshouse("check", "--help")[1].split())
