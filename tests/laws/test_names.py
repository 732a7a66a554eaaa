"""Names: what is declared is importable, verbs are functions of the same options, and every unit is in the docs."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import click
import pytest

import glasshouse
from glasshouse.cli.main import VERBS
from glasshouse.cli.main import glasshouse as group
from glasshouse.exporting.c.mcu import MCUS
from glasshouse.network.activations import ACTIVATIONS
from glasshouse.network.density import ALLOCATIONS
from glasshouse.network.initializers import ALIASES, INITIALIZERS
from glasshouse.network.losses import LOSSES
from glasshouse.pruning.compaction import STORAGES
from glasshouse.pruning.criteria import CRITERIA
from glasshouse.pruning.grains import GRAINS
from glasshouse.tables.columns import KINDS
from glasshouse.tables.examples import EXAMPLES
from glasshouse.tables.reading import Reading
from glasshouse.tracing.notes import EXAMPLES as TRACED
from glasshouse.tracing.rendering import FORMATS
from glasshouse.tracing.slips import SLIPS
from glasshouse.training.optimizers import OPTIMIZERS
from glasshouse.training.rewiring import DROPS, GROWS, NEW_WEIGHTS
from glasshouse.training.schedules import SCHEDULES

REPOSITORY = Path(__file__).parents[2]
MODULES = [
    module.name
    for module in pkgutil.walk_packages(glasshouse.__path__, "glasshouse.")
    if not module.name.startswith("glasshouse.kernels._") and module.name != "glasshouse.__main__"
]
SHOWN_ONLY = {"fail_on", "as_json"}  # how a result is shown is not the function's business
SHOWN_BY = {
    "train": {"with_report"},
    "prune": {"with_report"},
    "diagnose": {"with_report"},
    "trace": {"to", "decimals", "carry", "fragment", "check_gradients", "losses", "out"},
    "check": {"blank", "hint"},
}


def test_public_names_are_importable_and_typed() -> None:
    stub = (Path(glasshouse.__file__).parent / "__init__.pyi").read_text()
    for name in glasshouse.__all__:
        assert getattr(glasshouse, name) is not None
        assert f"as {name}\n" in stub or f"{name}:" in stub
    assert stub.count(" as ") == len(glasshouse.__all__) - 1
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        glasshouse.nothing  # noqa: B018


def test_importing_the_package_is_cheap() -> None:
    heavy = ("numpy", "sklearn", "pyarrow", "click", "rich")
    code = f"import sys, glasshouse; print([m for m in {heavy} if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_a_prediction_imports_no_other_learner(tmp_path: Path) -> None:
    model, rows = tmp_path / "iris.glass", tmp_path / "rows.csv"
    glasshouse.train("example:iris", target="target", epochs=1, baselines=False, out=str(model))
    rows.write_text("sepal length (cm),sepal width (cm),petal length (cm),petal width (cm)\n5.1,3.5,1.4,0.2\n")
    code = (
        f"import sys, glasshouse as gh\nmodel = gh.load({str(model)!r})\nmodel.predict({str(rows)!r})\n"
        "print([m for m in ('scipy', 'sklearn', 'rich', 'click', 'matplotlib') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_asking_for_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom glasshouse.cli.main import _run\n_run(['--help'])\n"
        "print([m for m in ('numpy', 'sklearn', 'pyarrow', 'rich') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.endswith(
        "[]\n"
    )


@pytest.mark.parametrize("name", MODULES)
def test_what_a_module_declares_is_what_it_has(name: str) -> None:
    module = importlib.import_module(name)
    for public in getattr(module, "__all__", ()):
        assert hasattr(module, public)


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_run(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_is_a_function_with_the_same_options(verb: str) -> None:
    command = group.get_command(click.Context(group), verb)
    function = getattr(glasshouse, verb)
    options = {parameter.name for parameter in command.params} - SHOWN_ONLY - SHOWN_BY.get(verb, set())
    parameters = set(inspect.signature(function).parameters) - {"watchers", "y"}  # y goes with arrays
    if "reading" in parameters:  # in Python one object, for what is rarely said
        parameters = parameters - {"reading"} | {field.name for field in fields(Reading)}
    assert options == parameters
    assert "Example: glasshouse " + verb in command.epilog
    assert all(parameter.help for parameter in command.params if isinstance(parameter, click.Option))
    assert "Examples" in (inspect.getdoc(function) or "") or verb == "evaluate"


UNITS = [
    *MCUS,
    *TRACED,
    *FORMATS,
    *SLIPS,
    *CRITERIA,
    *GRAINS,
    *STORAGES,
    *DROPS,
    *GROWS,
    *NEW_WEIGHTS,
    *ALLOCATIONS,
    *ACTIVATIONS,
    *LOSSES,
    *INITIALIZERS,
    *ALIASES,
    *OPTIMIZERS,
    *SCHEDULES,
    *KINDS,
    *EXAMPLES,
]


@pytest.mark.parametrize("unit", UNITS)
def test_every_unit_is_in_the_docs(unit: str) -> None:
    assert f"`{unit}`" in (REPOSITORY / "docs" / "units.md").read_text(), "run: make docs"


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_and_its_options_are_in_the_docs(verb: str) -> None:
    page = (REPOSITORY / "docs" / "commands.md").read_text()
    command = group.get_command(click.Context(group), verb)
    for parameter in command.params:
        for word in parameter.opts if isinstance(parameter, click.Option) else []:
            assert word in page, "run: make docs"


def test_generated_pages_are_up_to_date() -> None:
    built = subprocess.run(
        [sys.executable, "docs/build.py", "--check"], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stdout + built.stderr
