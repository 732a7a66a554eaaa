"""The floors: imports go down only, folders on one floor do not see each other, and nothing goes in a circle."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import glasshouse

ROOT = Path(glasshouse.__file__).parent
FLOORS = {
    "errors": 0,
    "seeds": 0,
    "storage": 0,
    "kernels": 0,
    "network": 1,
    "distributed": 1,
    "tables": 2,
    "training": 2,
    "drawing": 2,
    "health": 3,
    "pruning": 3,
    "tracing": 3,
    "estimators": 4,
    "models": 5,
    "exporting": 6,
    "reporting": 6,
    "laboratory": 6,
    "sweeping": 6,
    "web": 7,
    "cli": 8,
}
EVERYONE = {"errors"}  # the one file of its floor that its neighbours may know


def modules() -> dict[str, Path]:
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for path in sorted(ROOT.rglob("*.py"))
        if path.parent != ROOT or path.stem not in ("__init__", "__main__")
    }


def imported(name: str, path: Path, known: dict[str, Path]) -> set[str]:
    """The modules of this package that a module imports, anywhere in it but for type checking only."""
    package = name.split(".") if path.stem == "__init__" else name.split(".")[:-1]
    tree = ast.parse(path.read_text())
    typing_only = {
        id(node)
        for guard in ast.walk(tree)
        if isinstance(guard, ast.If) and "TYPE_CHECKING" in ast.dump(guard.test)
        for node in ast.walk(guard)
    }
    found = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.ImportFrom) or node.level == 0 or id(node) in typing_only:
            continue
        base = package[: len(package) - node.level + 1] + (node.module.split(".") if node.module else [])
        for alias in node.names:
            whole = ".".join([*base, alias.name])
            found.add(whole if whole in known else ".".join(base))
    return {target for target in found if target in known and target != name}


def test_every_module_stands_on_a_floor() -> None:
    assert {name.split(".")[0] for name in modules()} == set(FLOORS)


def test_imports_go_down_only() -> None:
    known, wrong = modules(), []
    for name, path in known.items():
        folder = name.split(".")[0]
        for target in imported(name, path, known):
            below = target.split(".")[0]
            if below != folder and below not in EVERYONE and FLOORS[below] >= FLOORS[folder]:
                wrong.append(f"{name} imports {target}")
    assert not wrong


def test_no_import_goes_in_a_circle() -> None:
    known = modules()
    graph = {name: imported(name, path, known) for name, path in known.items()}
    assert list(TopologicalSorter(graph).static_order())


def test_the_package_names_itself_by_relative_imports() -> None:
    for path in modules().values():
        text = path.read_text()
        assert "from glasshouse." not in text.replace(">>> from glasshouse.", ""), path
