"""Write the generated pages of the docs from the tables of units and the commands; --check only compares.

Run it with ``make docs``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import click

from glasshouse.cli.main import VERBS, glasshouse
from glasshouse.exporting.c.mcu import MCUS
from glasshouse.health.findings import KINDS as FINDINGS
from glasshouse.health.findings import Kind as FindingKind
from glasshouse.network.activations import ACTIVATIONS
from glasshouse.network.density import ALLOCATIONS
from glasshouse.network.initializers import ALIASES, INITIALIZERS
from glasshouse.network.losses import LOSSES, SMOOTH
from glasshouse.pruning.compaction import STORAGES
from glasshouse.pruning.criteria import CRITERIA
from glasshouse.pruning.grains import GRAINS
from glasshouse.tables import columns, words
from glasshouse.tables.examples import EXAMPLES
from glasshouse.tables.windows import FEATURES
from glasshouse.tracing.notes import EXAMPLES as TRACED
from glasshouse.tracing.rendering import FORMATS
from glasshouse.tracing.slips import SLIPS
from glasshouse.training.optimizers import OPTIMIZERS
from glasshouse.training.rewiring import DROPS, GROWS, NEW_WEIGHTS
from glasshouse.training.schedules import SCHEDULES

HERE = Path(__file__).parent
NOTE = "<!-- Written by docs/build.py from the code: run `make docs`. -->\n"


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |" for line in lines) + "\n"


def code(text: object) -> str:
    return f"`{text}`"


def units() -> str:
    """Every row of every table of units, with its formula."""
    activations = [
        [
            code(r.name),
            code(r.formula),
            code(r.slope_formula) if r.slope_formula else "–",
            f"${r.latex}$",
            f"{r.low:g} to {r.high:g}",
            code(r.initializer),
            "hidden, outputs" if r.hidden else "outputs",
        ]
        for r in ACTIVATIONS.values()
    ]
    losses = [
        [
            code(r.name),
            ", ".join(f"{code(f)} ({o})" for o, f in r.formula.items()),
            ", ".join(f"{code(f)} ({o})" for o, f in r.slope.items()) + f" in {r.reads}",
            f"${r.latex}$",
            "any but sign" if r.outputs == SMOOTH else ", ".join(r.outputs),
            r.targets,
        ]
        for r in LOSSES.values()
    ]
    initializers = [
        [code(r.name), r.distribution, code(r.formula), f"{r.scale:g}", r.source] for r in INITIALIZERS.values()
    ]
    aliases = ", ".join(f"{code(alias)} is {code(name)}" for alias, name in ALIASES.items())
    optimizers = [
        [
            code(r.name),
            code(r.__name__),
            (r.__doc__ or "").splitlines()[0],
            ", ".join(f"{f.name}={f.default}" for f in fields(r)),
        ]
        for r in OPTIMIZERS.values()
    ]
    schedules = [
        [code(r.name), code(r.__name__), code(r.formula), ", ".join(f"{f.name}={f.default}" for f in fields(r))]
        for r in SCHEDULES.values()
    ]
    allocations = [[code(name), rule] for name, rule in ALLOCATIONS.items()]
    findings = [
        [code(r.name), r.formula, *(limit_of(r, limit) for limit in (r.warning, r.severe)), r.source]
        for r in FINDINGS.values()
    ]
    parts = [
        "# Units\n",
        NOTE,
        "A unit is one row of one table in the code. The tests evaluate and differentiate these very formulas and"
        " compare them with the kernels.\n",
        "## Activations\n",
        "`src/glasshouse/network/activations.py`. The slope is written in z and a; each row also has its curvature,"
        " f''(z).\n",
        table(["name", "formula", "slope", "", "range", "initialiser it wants", "for"], activations),
        "## Losses\n",
        "`src/glasshouse/network/losses.py`. The loss of a sample is the sum over its outputs, of weighted sum z,"
        " activation a and target y; `*`: any other. A function `(a, y) -> (value, dL/da)` is a loss too.\n",
        table(["name", "term of one output", "its slope", "", "outputs it accepts", "targets"], losses),
        "## Initialisers\n",
        "`src/glasshouse/network/initializers.py`. Mean 0; the formula is the standard deviation, with a scale of its"
        " own if one is given (`Initializer('normal', scale=0.1)`). In a sparse layer fans are counted unit by unit."
        f" {aliases}. Biases start at 0.\n",
        table(["name", "distribution", "standard deviation", "scale", "source"], initializers),
        "## Optimisers\n",
        "`src/glasshouse/training/optimizers.py`.\n",
        table(["name", "object", "step", "settings"], optimizers),
        "## Schedules\n",
        "`src/glasshouse/training/schedules.py`. The factor of the learning rate, in epochs, steps and samples that are"
        " done (`epochs`, `steps`: of the whole run) and in `cuts`, how often a plateau has been met.\n",
        table(["name", "object", "factor", "settings"], schedules),
        "## Density\n",
        "`src/glasshouse/network/density.py`. How the connections of a network sparse from the start are dealt.\n",
        table(["allocation", "each layer gets"], allocations),
        *pruning(),
        *tracing(),
        "## Processors\n",
        "`src/glasshouse/exporting/c/mcu.py`. What C is linked for (`--mcu`), and the board on which QEMU runs it.\n",
        table(
            ["name", "compiled with", "board"], [[code(n), code(" ".join(m.flags)), m.board] for n, m in MCUS.items()]
        ),
        "## Kinds of columns\n",
        "`src/glasshouse/tables/columns.py`. One kind over the whole column, by the first rule that holds.\n",
        table(["kind", "rule"], list(kinds())),
        f"Cells that mark a missing value: {', '.join(code(mark or 'empty') for mark in words.MISSING)}.\n",
        "## Features of a window\n",
        "`src/glasshouse/tables/windows.py`. What `glasshouse windows` makes of the samples x of a channel.\n",
        table(["feature", "formula"], [[code(name), f.formula] for name, f in FEATURES.items()]),
        "## Findings\n",
        "`src/glasshouse/health/findings.py`. What the doctor looks at, and from where on it is a warning and severe."
        " [health.md](health.md) has the runs that set the limits.\n",
        table(["kind", "value", "warning", "severe", "source"], findings),
        "## Example tables\n",
        f"Bundled with scikit-learn, as `example:NAME`: {', '.join(map(code, EXAMPLES))}. The target is `target`.\n",
    ]
    return "\n".join(parts)


def pruning() -> list[str]:
    """What is cut, by what it counts, and how connections move."""
    criteria = [
        [code(r.name), code(r.formula), "rows" if r.needs_rows else "–", r.reference] for r in CRITERIA.values()
    ]
    ways = [(DROPS, "drop"), (GROWS, "grow")]
    rows = [[code(part), code(name), first_line(rule)] for units, part in ways for name, rule in units.items()]
    rows += [[code("new_weight"), code(name), words] for name, words in NEW_WEIGHTS.items()]
    return [
        "## Criteria of pruning\n",
        "`src/glasshouse/pruning/criteria.py`. How much a weight counts; the least salient is cut first."
        " [pruning.md](pruning.md) has what each costs and keeps.\n",
        table(["name", "saliency", "looks at", "source"], criteria),
        "## Grains of pruning\n",
        "`src/glasshouse/pruning/grains.py`. What is cut in one piece.\n",
        table(["grain", "a piece is"], [[code(name), words] for name, words in GRAINS.items()]),
        "## Storage of a compacted layer\n",
        "`src/glasshouse/pruning/compaction.py`.\n",
        table(["storage", "dense or CSR"], [[code(name), words] for name, words in STORAGES.items()]),
        "## Evolution\n",
        "`src/glasshouse/training/rewiring.py`. How the connections of sparse layers move while they train;"
        " `Evolution()` has the settings.\n",
        table(["setting", "name", "what"], rows),
    ]


def tracing() -> list[str]:
    """What can be traced, how it is written, and what the marker recognises."""
    return [
        "## Examples to trace\n",
        "`src/glasshouse/tracing/examples/`, as `example:NAME`. [backpropagation.md](backpropagation.md) has them at"
        " work.\n",
        table(["name", "what"], [[code(name), words] for name, words in TRACED.items()]),
        "## Formats of a trace\n",
        "`src/glasshouse/tracing/rendering.py`, as `--to`.\n",
        table(["format", "what"], [[code(name), words] for name, words in FORMATS.items()]),
        "## Slips\n",
        "`src/glasshouse/tracing/slips.py`. What `check` recognises behind a wrong line.\n",
        table(["name", "what"], [[code(r.name), r.sentence] for r in SLIPS.values()]),
    ]


def first_line(rule: object) -> str:
    return (rule.__doc__ or "").splitlines()[0]


def limit_of(row: FindingKind, limit: float | None) -> str:
    return "–" if limit is None else f"{'≤' if row.below else '≥'} {limit:g}"


def kinds() -> Iterator[list[str]]:
    """The written rules in the docstring that the code stands under."""
    rows: list[list[str]] = []
    for line in (columns.__doc__ or "").split("====\n")[2].splitlines():
        if line.startswith("==="):
            break
        kind, rule = line[:22].strip(), line[22:].strip()
        if kind:
            rows.append([code(kind.split()[0]) + " ".join(["", *kind.split()[1:]]), rule])
        else:
            rows[-1][1] += " " + rule
    yield from rows


def commands() -> str:
    """The help of every verb, as it is printed."""
    parts = ["# Commands\n", NOTE]
    parts.append(
        "Data goes to standard output, messages and progress to standard error. Exit codes: 0 done, 1 a check failed,"
        " 2 bad input or usage, 3 training diverged, 4 our fault.\n"
    )
    context = click.Context(glasshouse, info_name="glasshouse", max_content_width=100)
    parts.append(f"```text\n{glasshouse.get_help(context)}\n```\n")
    for verb in VERBS:
        command = glasshouse.get_command(context, verb)
        assert command is not None
        inner = click.Context(command, info_name=verb, parent=context, max_content_width=100)
        parts.append(f"## {verb}\n\n```text\n{command.get_help(inner)}\n```\n")
    return "\n".join(parts)


def laboratory() -> str:
    """What ``python -m bench.laboratory --page`` found, claim by claim."""
    twin = json.loads((HERE / "lab.json").read_text("utf-8"))
    claims = [claim for experiment in twin["experiments"] for claim in experiment["claims"]]
    machine = f"{twin['machine']['processor']}, {twin['machine']['cores']} cores, kernels {twin['machine']['kernels']}"
    versions = ", ".join(f"{name} {version}" for name, version in twin["versions"].items())
    counts = ", ".join(f"{count} {word}" for word, count in twin["verdicts"].items())
    parts = [
        "# The laboratory\n",
        NOTE,
        "What courses and textbooks say of neural networks, each claim an experiment with a rule that was written down"
        " before it ran. `glasshouse lab` lists them, `glasshouse lab init-relu-he` runs one, `glasshouse lab --all`"
        " all of them, into one page; `--to slides` makes a picture of each for a lecture.\n",
        "Pairs that share their chance (a seed, a table) are compared. In each case the mean of their ratio, or of"
        " their difference, has a 95 % interval by Student's t: the claim *holds* there if all of it lies beyond what"
        " was claimed, *fails* if all of it lies short of that, and is *open* otherwise. It is **supported** if it"
        " holds in every case, **refuted** if it fails in every case; else it **depends**, on what the cases differ in,"
        " or on chance. What no experiment varies, such as the table or the width, no verdict speaks of. Some limits,"
        " learning rates and tables were settled after a first look, where an interval lay across them; the paragraphs"
        " say where another choice came out otherwise.\n",
        f"{len(claims)} claims: {counts}. Of {twin['runs']} runs from as many seeds all gave the same verdict for"
        f" {twin['agreeing']}; one that flips depends on chance. All runs together took {twin['seconds'] / 60:.0f}"
        f" minutes. {machine}; {versions}.\n",
        table(["claim", "", "verdict"], [[f"[`{c['id']}`](#{c['id']})", c["claim"], c["said"]] for c in claims]),
    ]
    for kind in dict.fromkeys(experiment["kind"] for experiment in twin["experiments"]):
        parts.append(f"## {kind.capitalize()}\n")
        for experiment in twin["experiments"]:
            if experiment["kind"] == kind:
                parts += _experiment(experiment)
    return "\n".join(parts)


def _experiment(experiment: dict[str, Any]) -> Iterator[str]:
    """Its claims, what was asked, the picture, and the numbers that decided."""
    for claim in experiment["claims"]:
        where = f": {claim['where']}" if claim["verdict"] == "depends" and claim["where"] else ""
        runs = "" if len(set(claim["runs"])) == 1 else f" (in {len(claim['runs'])} runs: {', '.join(claim['runs'])})"
        yield f"### {claim['id']}\n"
        yield f"*{claim['claim']}.* **{claim['said'].capitalize()}**{where}{runs}.\n"
        yield f"{claim['when']}\n"
    yield f"{experiment['question']} {experiment['setting']} Measured: {experiment['measure']}.\n"
    picture = experiment["claims"][0]["id"]
    yield f"![{experiment['question']}](lab/{picture}.svg)\n"
    for claim in experiment["claims"]:
        yield f"<details><summary>{claim['id']}: the rule, and what decided</summary>\n"
        yield f"{claim['rule']}.\n"
        yield "\n".join(f"- {found['said']}" for found in claim["evidence"]) + "\n"
        yield "</details>\n"


def main() -> int:
    stale = []
    for name, text in {"units.md": units(), "commands.md": commands(), "lab.md": laboratory()}.items():
        path = HERE / name
        if path.exists() and path.read_text() == text:
            continue
        stale.append(name)
        if "--check" not in sys.argv:
            path.write_text(text)
            print(f"wrote docs/{name}")
    if stale and "--check" in sys.argv:
        print(f"stale: {', '.join(stale)}: run make docs")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
