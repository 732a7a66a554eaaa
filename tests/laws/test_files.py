"""Files: one idea each, no longer than 400 lines, a docstring that says which; words and flags that may not occur."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]


def files(*endings: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    return [REPOSITORY / line for line in listed.stdout.splitlines() if line.endswith(endings)]


def test_there_are_files_to_judge() -> None:
    assert len(files(".py")) > 50
    assert len(files(".hpp")) >= 8


@pytest.mark.parametrize("path", files(".py", ".pyi", ".hpp", ".cpp"), ids=lambda p: str(p.relative_to(REPOSITORY)))
def test_no_file_is_longer_than_400_lines(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 400


@pytest.mark.parametrize("path", files(".py"), ids=lambda p: str(p.relative_to(REPOSITORY)))
def test_every_module_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text()))


@pytest.mark.parametrize("path", files(".hpp", ".cpp"), ids=lambda p: str(p.relative_to(REPOSITORY)))
def test_every_header_says_what_it_is_for(path: Path) -> None:
    assert path.read_text().startswith("// ")


def test_nothing_asks_for_fast_math_or_the_builders_own_processor() -> None:
    build = (REPOSITORY / "CMakeLists.txt").read_text()
    flags = [word for line in build.splitlines() if not line.startswith("#") for word in line.split()]
    assert "-ffp-contract=off" in flags
    assert not {"-ffast-math", "-march=native", "-funsafe-math-optimizations", "-Ofast"} & set(flags)


def test_no_page_promises_an_installation_that_does_not_exist_yet() -> None:
    promise = "pip install " + "glasshouse"
    for path in files(".md", ".py", ".toml", "Makefile"):
        assert promise not in path.read_text(), path
