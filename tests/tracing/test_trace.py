"""A trace against what we did not write: torch's derivatives and optimisers, Fraction's and mpmath's arithmetic."""

from __future__ import annotations

import ast
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext

import mpmath
import pytest
import torch
from specified import Torch, random_specification, some

from glasshouse.errors import OptionError
from glasshouse.network.activations import ACTIVATIONS
from glasshouse.tracing.arithmetic import FLOAT, fixed
from glasshouse.tracing.expressions import evaluate
from glasshouse.tracing.notations import TEXT, written
from glasshouse.tracing.notes import EXAMPLES, specification
from glasshouse.tracing.steps import Writer
from glasshouse.tracing.trace import losses, traced

TENS = range(10)  # of a thousand networks, some of each hundred


def near(found: float, wanted: float, relative: float, absolute: float) -> bool:
    return abs(found - wanted) <= max(absolute, relative * abs(wanted))


@pytest.mark.parametrize("ten", TENS)
def test_every_number_is_that_of_automatic_differentiation(ten: int) -> None:
    for number in some(range(100 * ten, 100 * ten + 100)):
        of = random_specification(number)
        trace = traced(of)
        for stage in range(1, of.steps + 1):
            writer = Writer(of, stage)
            values = {name: trace.values[writer.parameter(name)] for name in of.parameters}
            total = dict.fromkeys(of.parameters, 0.0)
            whole = 0.0
            for sample in writer.batch:
                network = Torch(of, values)
                found, terms, loss, by_output = network.forward(sample)
                loss.backward()
                wanted = {writer.key("loss", sample): loss}
                for unit, term in zip(of.layers[-1].units, terms):
                    wanted[writer.key(f"loss_{unit}", sample)] = term * (len(terms) if of.loss_scale == "mean" else 1)
                for name, (column, i) in found.items():
                    wanted[writer.key(name, sample)] = column[i]
                    if column.grad is not None:
                        wanted[writer.key(f"dL/d{name}", sample)] = column.grad[i]
                wanted |= {writer.key(f"dL/d{unit}", sample): slope for unit, slope in by_output.items()}
                for name, leaf in network.leaves.items():
                    slope = 0.0 if leaf.grad is None else float(leaf.grad)
                    share = 1 / len(writer.batch) if of.batch == "mean" else 1.0
                    total[name] += share * slope
                    wanted[writer.key(f"dL/d{name}", sample)] = slope
                whole += float(loss.detach()) * (1 / len(writer.batch) if of.batch == "mean" else 1.0)
                for key, value in wanted.items():
                    if key in trace.by_name and not (len(writer.batch) > 1 and key == writer.key("loss")):
                        wanted_value = float(torch.as_tensor(value, dtype=torch.float64).detach())
                        assert near(trace.values[key], wanted_value, 1e-10, 1e-12), (number, key)
            assert near(trace.values[writer.key("loss")], whole, 1e-10, 1e-12), number
            for name, slope in total.items():
                if name not in of.held:
                    assert near(trace.values[writer.key(f"dL/d{name}")], slope, 1e-10, 1e-12), (number, name)


@pytest.mark.parametrize("ten", TENS)
def test_every_formula_comes_to_the_kernels_number(ten: int) -> None:
    for number in some(range(100 * ten, 100 * ten + 100)):
        trace = traced(random_specification(number))
        for step in (*trace.steps, *trace.asides.values()):
            value = trace.exact(step.name)
            for expression in (step.expression, *(() if step.kind == "aside" else step.also)):
                assert near(evaluate(expression, trace.exact, FLOAT), value, 1e-12, 1e-14), (number, step.name)


def torch_optimizer(of, moved):
    leaves = list(moved.values())
    chosen, rate = of.stepping, of.learning_rate.value
    if chosen.name == "sgd":
        return torch.optim.SGD(leaves, rate, chosen.momentum, nesterov=chosen.nesterov and chosen.momentum > 0)
    if chosen.name == "rmsprop":
        return torch.optim.RMSprop(leaves, rate, chosen.decay, chosen.epsilon)
    if chosen.name == "adam":
        return torch.optim.Adam(leaves, rate, (chosen.beta_1, chosen.beta_2), chosen.epsilon)
    biases = {name for layer in of.layers for name in layer.biases}
    groups = [
        {"params": [leaf for name, leaf in moved.items() if (name in biases) is decides], "weight_decay": decay}
        for decides, decay in ((True, 0.0), (False, chosen.weight_decay))
    ]
    return torch.optim.AdamW(groups, rate, (chosen.beta_1, chosen.beta_2), chosen.epsilon)


@pytest.mark.parametrize("ten", range(3))
def test_every_update_is_that_of_another_library(ten: int) -> None:
    for number in some(range(100 * ten, 100 * ten + 100)):
        of = random_specification(number, steps=3)
        trace = traced(of)
        network = Torch(of, {name: of.values[name].value for name in of.parameters})
        moved = {name: leaf for name, leaf in network.leaves.items() if name not in of.held}
        if not moved:
            continue
        steps = torch_optimizer(of, moved)
        for stage in range(1, 4):
            writer = Writer(of, stage)
            steps.zero_grad()
            for name, leaf in moved.items():
                leaf.grad = torch.tensor(trace.values[writer.key(f"dL/d{name}")], dtype=torch.float64)
            steps.step()
            for name, leaf in moved.items():
                assert near(trace.values[writer.parameter(name, stage + 1)], float(leaf.detach()), 1e-10, 1e-12), (
                    number,
                    name,
                )


def decimals_of(function):
    """A function of mpmath's on decimals of 50 digits."""
    return lambda x: Decimal(mpmath.nstr(function(mpmath.mpf(str(x))), 50))


class Exact(ast.NodeTransformer):
    """Python's own reading of a formula, its numbers taken as decimals."""

    def __init__(self, text: str):
        self.text = text

    def visit_BinOp(self, node):
        if isinstance(node.op, ast.Pow):
            node.left = self.visit(node.left)  # the exponent stays a whole number
            return node
        return self.generic_visit(node)

    def visit_Constant(self, node):
        return ast.Call(ast.Name("D", ast.Load()), [ast.Constant(ast.get_source_segment(self.text, node))], [])


def decimal_value(text: str) -> Decimal:
    """What a printed formula comes to, by Python's parser, decimals, and mpmath's functions."""
    names = {word: decimals_of(getattr(mpmath, word)) for word in ("exp", "log", "sqrt", "tanh", "erf")}
    names |= {"abs": abs, "max": max, "min": min, "pi": Decimal(mpmath.nstr(mpmath.pi, 50)), "D": Decimal}
    for row in ACTIVATIONS.values():
        if row.elementwise and row.name not in names:
            names[row.name] = lambda z, f=row.formula: evaluated(f, names | {"z": z})
    with localcontext() as context, mpmath.workdps(60):
        context.prec, context.Emax, context.Emin = 60, 999_999, -999_999
        return evaluated(text, names)


def evaluated(text: str, names) -> Decimal:
    tree = ast.fix_missing_locations(Exact(text).visit(ast.parse(text, mode="eval")))
    return eval(compile(tree, "formula", "eval"), {"__builtins__": {}}, names)


@pytest.mark.parametrize("decimals", [2, 4, 6])
def test_carried_formulas_come_to_their_printed_results(decimals: int) -> None:
    """With what is printed, and nothing else."""
    counted = 0
    for number in some(range(60), 0.4):
        trace = traced(random_specification(number, samples=2))
        try:
            values = trace.carried(decimals)
        except OptionError as error:
            assert "has no value when every line is rounded" in str(error)
            continue
        for step in trace.steps:
            printed = written(step.expression, TEXT, lambda name, v=values: f"{v[name]:f}")
            wanted = decimal_value(printed).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP, Context(prec=60))
            assert values[step.name] == wanted, (number, step.name, printed)
            counted += 1
    assert counted > 400  # of those that have a value at so few decimals


def test_printed_formulas_come_to_their_printed_results_at_17_digits() -> None:
    for number in some(range(60), 0.4):
        trace = traced(random_specification(number))
        for step in trace.steps:
            printed = written(step.expression, TEXT, lambda name, t=trace: f"{t.values[name]:.17g}")
            assert near(float(decimal_value(printed)), trace.values[step.name], 1e-12, 1e-14), printed


def test_a_training_run_has_the_losses_of_its_trace() -> None:
    for number in range(40):
        of = random_specification(number, steps=3, batch_size=None, learning_rate=Decimal("0.001"))
        trace = traced(of)
        found = losses(of)
        assert found == [trace.values["loss" + ("" if t == 1 else f"@{t}")] for t in range(1, 5)]


def test_the_story_of_one_number_is_what_it_comes_from_and_nothing_else() -> None:
    trace = traced(specification("example:course-sheet"))
    story = trace.only("w5")
    assert [step.name for step in story.steps] == (
        ["z1", "z2", "h1", "h2", "z3", "o1", "dL/do1", "dL/dz3", "dL/dw5", "w5_new"]
    )
    assert story.steps[-1].name == trace.only("w5_new").steps[-1].name
    with pytest.raises(OptionError, match="did you mean"):
        trace.only("w55")


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_can_be_traced(name: str) -> None:
    assert traced(specification(f"example:{name}")).steps


def test_the_perceptron_learns_and() -> None:
    assert losses(specification("example:perceptron-and"))[-1] == 0


def test_the_unit_of_the_dying_example_dies() -> None:
    trace = traced(specification("example:dying-relu"))
    assert trace.values["h1"] > 0 > trace.values["z1@2"]
    assert trace.values["dL/dw1@2"] == trace.values["dL/dw2@2"] == 0


def test_the_course_sheets_numbers() -> None:
    """As they stand on the sheet, but for the three that exact arithmetic rounds otherwise."""
    values = traced(specification("example:course-sheet")).values
    sheet = {
        **{"z1": 0.3825, "h1": 0.5945, "z2": 0.3900, "h2": 0.5963},
        **{"z3": 1.1359, "o1": 0.7569, "z4": 1.1955, "o2": 0.7677},
        **{"loss": 0.6073, "dL/dz3": 0.2749, "dL/dz4": -0.0793, "dL/dz1": 0.0179, "dL/dz2": 0.0226},
        **{"dL/dw5": 0.1634, "dL/dw7": 0.1639, "dL/dw6": -0.0471, "dL/dw8": -0.0473},
        **{"dL/dw1": 0.0009, "dL/dw3": 0.0018, "dL/dw2": 0.0011, "dL/dw4": 0.0023},
        **{"w5_new": 0.3510, "w7_new": 0.4508, "w6_new": 0.4641, "w8_new": 0.5642},
        **{"w1_new": 0.1497, "w3_new": 0.2495, "w2_new": 0.1997, "w4_new": 0.2993},
    }
    assert {name: float(fixed(values[name], 4)) for name in sheet} == sheet


def test_the_well_known_variants_numbers() -> None:
    """Published with nine digits; its biases' gradients are torch's."""
    values = traced(specification("example:half-and-half")).values
    published = {
        **{"loss": 0.298371109, "w5_new": 0.35891648, "w6_new": 0.408666186},
        **{"w7_new": 0.511301270, "w8_new": 0.561370121},
        **{"w1_new": 0.149780716, "w2_new": 0.19956143, "w3_new": 0.24975114, "w4_new": 0.29950229},
        **{"dL/db1": 0.01872561, "dL/db2": 0.10040033},
    }
    for name, value in published.items():
        digits = 9 if f"{value:.9f}" == f"{value!r}" else 8
        assert abs(values[name] - value) <= 0.51 * 10**-digits, name
