"""The marker against solutions made by a machine that knows where it went wrong."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from specified import random_specification, some

from glasshouse.tracing.answers import Answer, read_answers
from glasshouse.tracing.arithmetic import DECIMAL, cut_off, rounded
from glasshouse.tracing.expressions import (
    Name,
    Negative,
    Number,
    Product,
    Quotient,
    Slope,
    Sum,
    evaluate,
    names_in,
    rewritten,
    substituted,
)
from glasshouse.tracing.marking import mark
from glasshouse.tracing.notes import specification
from glasshouse.tracing.spelling import Vocabulary
from glasshouse.tracing.trace import traced

SHEET = Path(__file__).parent / "course_sheet.md"
KINDS = (
    "forgotten_derivative",
    "sign",
    "missing_learning_rate",
    "updated_weight",
    "factor",
    "swapped_weights",
    "missing_path",
)


def small_network(number: int):
    """One like those of textbooks: sigmoid or tanh, one or two hidden layers, squared error or cross-entropy."""
    rng = np.random.default_rng(number)

    def pick(*choices):
        return choices[rng.integers(len(choices))]

    sizes = [2, *([int(rng.integers(2, 4))] * int(rng.integers(1, 3))), int(rng.integers(1, 3))]
    loss = pick("squared_error", "squared_error", "cross_entropy")
    layers = [
        {
            "units": fan_out,
            "activation": "sigmoid" if k == len(sizes) - 2 else pick("sigmoid", "tanh"),
            "weights": [[Decimal(f"{v:.2f}") for v in row] for row in rng.uniform(0.1, 0.9, (fan_out, fan_in))],
            "bias": pick("-", [Decimal(f"{v:.2f}") for v in rng.uniform(0.1, 0.6, fan_out)]),
        }
        for k, (fan_in, fan_out) in enumerate(zip(sizes, sizes[1:]))
    ]
    return specification(
        {
            "inputs": [Decimal(f"{v:.2f}") for v in rng.uniform(0.1, 1, 2)],
            "targets": [Decimal(int(v)) for v in rng.integers(0, 2, sizes[-1])],
            "layers": layers,
            "learning_rate": pick(Decimal("0.5"), Decimal("0.3"), Decimal("0.1")),
            "loss": loss,
            "loss_scale": pick(1, Decimal("0.5")) if loss == "squared_error" else 1,
            "biases": pick("held", "updated"),
        }
    )


def first_part(trace):
    return [step for step in trace.steps if step.stage == 1]


def worked(trace, decimals: int, how: str, change=None, wrong: str = "") -> dict[str, Decimal]:
    """A solution as a person works it: every line from exact numbers, or those written above it, rounded or cut off.

    `change` rewrites the expression of the line `wrong`; what comes after it uses what it gives.
    """
    shorten = cut_off if "cut" in how else rounded
    written = {name: Decimal(given.shown(17)) for name, given in trace.givens.items()}
    kept = dict(written)
    for step in first_part(trace):
        expression = change(step.expression) if step.name == wrong else step.expression
        source = written if "carried" in how else kept

        def value_of(name, source=source):
            return source[name] if name in source else Decimal(trace.values[name])

        value = evaluate(expression, value_of, DECIMAL)
        written[step.name] = shorten(value, decimals)
        kept[step.name] = value
    return {step.name: written[step.name] for step in first_part(trace)}


def answers_of(solution: dict[str, Decimal], leave_out=()) -> list[Answer]:
    return [Answer(k, n, n, v) for k, (n, v) in enumerate(solution.items(), start=1) if n not in leave_out]


def left_out(rng, trace):
    """What most people do not write down."""
    return (
        [s.name for s in trace.steps if s.kind == "dL/da" or s.name.startswith("loss_")] if rng.random() < 0.5 else []
    )


def planted(trace, kind: str, rng):
    """A line of the trace, and the rewriting of its expression that this slip is; None where it cannot happen."""
    steps = first_part(trace)
    by_kind = {k: [s for s in steps if s.kind == k] for k in ("sum", "loss", "dL/da", "dL/dz", "dL/dw", "update")}
    layers = trace.specification.layers

    def one_of(found):
        return found[rng.integers(len(found))] if found else None

    def slopes(step):
        return isinstance(step.expression, Product) and any(isinstance(f, Slope) for f in step.expression.factors)

    if kind == "forgotten_derivative":
        step = one_of([s for s in by_kind["dL/dz"] if slopes(s)])
        return step, lambda e: Product(tuple(f for f in e.factors if not isinstance(f, Slope)))
    if kind == "sign":
        step = one_of(by_kind["dL/dz"] + by_kind["update"] + by_kind["dL/dw"])
        if step is not None and step.kind == "update":
            return step, lambda e: Sum((e.terms[0], e.terms[1].of))
        return step, Negative
    if kind == "missing_learning_rate":
        return one_of(by_kind["update"]), lambda e: rewritten(e, lambda n: Number("1") if n == Name("eta") else None)
    if kind == "updated_weight":
        hidden = {unit for layer in layers[:-1] for unit in layer.units}
        new = {name: Name(f"{name}_new") for name in trace.specification.parameters}
        return one_of([s for s in by_kind["dL/da"] if s.of in hidden]), lambda e: substituted(e, new)
    if kind == "factor":
        step = one_of(by_kind["loss"] + by_kind["dL/da"][: len(layers[-1].units)])
        half = rng.random() < 0.5
        return step, lambda e: Quotient(e, Number("2")) if half else Product((Number("2"), e))
    if kind == "swapped_weights":
        step = one_of([s for s in by_kind["sum"] + by_kind["dL/da"] if _two_weights(s, trace)])
        if step is None:
            return None, None
        one, other = _two_weights(step, trace)[:2]
        return step, lambda e: substituted(e, {one: Name(other), other: Name(one)})
    hidden = {unit for layer in layers[:-1] for unit in layer.units}
    step = one_of([s for s in by_kind["dL/da"] if s.of in hidden and isinstance(s.expression, Sum)])
    return step, lambda e: e.terms[0] if len(e.terms) == 2 else Sum(e.terms[:-1])


def _two_weights(step, trace):
    weights = [n for n in names_in(step.expression) if n in trace.specification.parameters and n[0] == "w"]
    return weights[:2] if len(weights) > 1 else []


@pytest.mark.parametrize("how", ["rounded", "cut", "carried", "carried and cut"])
def test_no_line_of_a_correct_solution_is_called_wrong(how: str) -> None:
    for number in some(range(125)):
        rng = np.random.default_rng(number)
        trace = traced(small_network(number))
        decimals = int(rng.integers(3, 7))
        marking = mark(trace, answers_of(worked(trace, decimals, how), left_out(rng, trace)))
        bad = [line for line in marking.lines if line.verdict not in ("right", "rounding", "truncated")]
        assert not bad, (number, how, decimals, bad)
        assert marking.score == marking.possible == len(marking.lines)


@pytest.mark.parametrize("how", ["rounded", "cut", "carried"])
def test_no_line_of_a_correct_solution_of_any_network_is_called_wrong(how: str) -> None:
    for number in some(range(60)):
        rng = np.random.default_rng(number)
        trace = traced(random_specification(number, steps=1))
        try:
            solution = worked(trace, int(rng.integers(3, 7)), how)
        except ArithmeticError:
            continue
        marking = mark(trace, answers_of(solution, left_out(rng, trace)))
        assert not [line for line in marking.lines if line.verdict == "wrong"], (number, how)


def test_a_planted_slip_is_found_and_named() -> None:
    found = named = count = 0
    missed = []
    for number in some(range(1, 1000)):
        rng = np.random.default_rng(number)
        kind = KINDS[number % len(KINDS)]
        trace = traced(small_network(number))
        step, change = planted(trace, kind, rng)
        if step is None:
            continue
        decimals, how = int(rng.integers(4, 7)), ("rounded", "carried", "cut")[number % 3]
        true = worked(trace, decimals, how)
        solution = worked(trace, decimals, how, change, step.name)
        if abs(solution[step.name] - true[step.name]) < 2 * Decimal(1).scaleb(-decimals):
            continue
        count += 1
        leave = [name for name in left_out(rng, trace) if name != step.name]
        marking = mark(trace, answers_of(solution, leave))
        line = marking.first
        if line is not None and line.name == step.name:
            found += 1
            named += kind in line.slips
            if kind not in line.slips:
                missed.append((number, kind, step.name, line.slips))
        else:
            missed.append((number, kind, step.name, marking.first_wrong, how, decimals))
    assert found >= 0.98 * count, missed
    assert named >= 0.90 * count, missed


def checked(source, path: Path):
    trace = traced(specification(source))
    return mark(
        trace, read_answers(path, Vocabulary(trace.specification, [*trace.givens, *trace.by_name, *trace.asides]))
    )


def test_the_course_sheets_own_numbers() -> None:
    """Three lines are not what exact arithmetic rounds to, and one formula has no name."""
    marking = checked("example:course-sheet", SHEET)
    assert len(marking.lines) == 29
    odd = {line.name: (str(line.answer.value), line.verdict) for line in marking.lines if line.verdict != "right"}
    assert odd == {
        "loss": ("0.6072", "truncated"),
        "dL/dw1": ("0.0008", "truncated"),
        "w1_new": ("0.1498", "follows"),
    }
    assert [line.name for line in marking.lines if line.answer.placed] == ["dL/dz2"]
    assert marking.first_wrong is None
    assert "0.607277" in next(line.because for line in marking.lines if line.name == "loss")


def test_deltas_of_the_opposite_sign_are_a_convention(here) -> None:
    (here / "a.txt").write_text(
        "δ_o1 = -0.2749\nδ_o2 = 0.0793\nδ_h1 = -0.0179\nδ_h2 = -0.0226\ndE/dw5 = 0.1634\nw5 = 0.3510\n"
    )
    marking = checked("example:course-sheet", here / "a.txt")
    assert {line.verdict for line in marking.lines} == {"right"}
    assert len(marking.notes) == 1
    (here / "b.txt").write_text("δ_o1 = -0.2749\nδ_o2 = -0.0793\ndE/dw5 = -0.1634\nw5 = 0.4490\n")
    marking = checked("example:course-sheet", here / "b.txt")
    assert [line.verdict for line in marking.lines] == ["wrong", "right", "follows", "follows"]
    assert marking.first.slips[0] == "sign"
    assert not marking.notes


def test_a_number_that_has_no_logarithm_is_marked_like_any_other(here) -> None:
    (here / "a.txt").write_text("p2 = 0.0000\nloss = 0.3\n")
    assert [line.verdict for line in checked("example:softmax", here / "a.txt").lines] == ["wrong", "wrong"]


def test_points_and_what_follows_earns(here) -> None:
    raw = {"inputs": [Decimal("0.05")], "targets": [0], "learning_rate": 1, "marks": {"points": {"z1": 3, "o1": 2}}}
    raw["layers"] = [{"units": 1, "activation": "sigmoid", "weights": [[2]]}]
    (here / "a.txt").write_text("z1 = 0.2\no1 = 0.5498\nloss = 7\n")
    marking = checked(raw, here / "a.txt")
    assert [line.verdict for line in marking.lines] == ["wrong", "follows", "wrong"]
    assert (marking.score, marking.possible) == (2, 5)
    raw["marks"]["follows"] = Decimal("0.5")
    assert checked(raw, here / "a.txt").score == 1
    (here / "a.txt").write_text("z1 = 0.1\n")
    assert (checked(raw, here / "a.txt").score, checked(raw, here / "a.txt").possible) == (3, 5)


def test_a_line_whose_formula_says_otherwise_is_a_mistake_of_arithmetic(here) -> None:
    (here / "a.txt").write_text("z1 = 0.05 * 0.15 + 0.10 * 0.25 + 0.35 = 0.3850\n")
    line = checked("example:course-sheet", here / "a.txt").lines[0]
    assert (line.verdict, line.slips) == ("wrong", ("arithmetic",))
    assert line.because == "0.05 * 0.15 + 0.10 * 0.25 + 0.35 is 0.3825"


def test_a_number_given_twice_counts_by_its_worst(here) -> None:
    (here / "a.txt").write_text("z1 = 0.3825\nh1 = 0.5945\nz1 = 0.9999\n")
    assert checked("example:course-sheet", here / "a.txt").score == 1


def test_formulas_without_a_name_are_placed(here) -> None:
    (here / "a.txt").write_text("0.05 * 0.15 + 0.10 * 0.25 + 0.35 = 0.3825\nsigmoid(0.3825) = 0.5945\n")
    marking = checked("example:course-sheet", here / "a.txt")
    assert [(line.name, line.verdict) for line in marking.lines] == [("z1", "right"), ("h1", "right")]
