"""Pages that show what was printed: their examples are run again, and the table of defaults names every difference."""

from __future__ import annotations

import doctest
import inspect
import re
import shlex
import warnings
from pathlib import Path

import matplotlib as mpl
import pytest
import sklearn.linear_model
import sklearn.neural_network
from sklearn.exceptions import ConvergenceWarning

import glasshouse

mpl.use("Agg")
DOCS = Path(__file__).parents[1] / "docs"


@pytest.mark.parametrize(
    ("page", "fewest"),
    [
        ("estimators.md", 30),
        ("health.md", 15),
        ("pruning.md", 20),
        ("backpropagation.md", 4),
        ("convert.md", 25),
        ("onnx.md", 20),
        ("export.md", 15),
    ],
)
def test_examples_in_the_pages_run(page, fewest) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        result = doctest.testfile(str(DOCS / page), module_relative=False)
    assert result.attempted > fewest
    assert result.failed == 0
    import matplotlib.pyplot as plt

    plt.close("all")


def test_the_commands_of_the_page_on_backpropagation_print_what_it_says(glasshouse, here) -> None:
    """Lines of a block that are left out stand as …; a block with a file's name is that file."""
    page = (DOCS / "backpropagation.md").read_text()
    commands = 0
    for name, text in re.findall(r"^```text ?([\w.]*)\n(.*?)^```", page, re.MULTILINE | re.DOTALL):
        if name:
            (here / name).write_text(text)
            continue
        first, _, wanted = text.partition("\n")
        code, out, err = glasshouse(*shlex.split(first.removeprefix("$ glasshouse ")))
        assert code == 0, first
        pattern = "".join("(?:.*\n)*?" if line == "…" else re.escape(line) + "\n" for line in wanted.splitlines())
        assert re.fullmatch(pattern, out + err), f"{first}\n{out}{err}"
        commands += 1
    assert commands == 15


@pytest.mark.parametrize("name", ["Perceptron", "LogisticRegression", "MLPClassifier", "MLPRegressor"])
def test_every_default_that_differs_is_in_the_table(name) -> None:
    ours = inspect.signature(getattr(glasshouse, name)).parameters
    module = sklearn.linear_model if hasattr(sklearn.linear_model, name) else sklearn.neural_network
    theirs = inspect.signature(getattr(module, name)).parameters
    page = (DOCS / "estimators.md").read_text()
    table = page[page.index("## Where defaults differ") :]
    for shared in set(ours) & set(theirs):
        found, wanted = ours[shared].default, theirs[shared].default
        if found != wanted and not (found == [*wanted] if isinstance(wanted, tuple) else False):
            assert f"`{shared}`" in table, f"{name}: {shared} is {found!r}, scikit-learn's {wanted!r}"
