"""The steps of one training step: a name and an expression for every number of the textbook's arithmetic.

`Writer` writes those of one stage (the first step of training is stage 1), in the order in which people work.
Derivatives are those of a sample's own loss; a batch adds them up, or averages them, in the gradient of each parameter.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ..network.activations import ACTIVATIONS
from ..network.losses import LOSSES
from .expressions import (
    ZERO,
    Call,
    Expression,
    Name,
    Negative,
    Number,
    Product,
    Quotient,
    Slope,
    Sum,
    parsed,
    product,
    substituted,
    total,
    without_zeros,
)
from .specification import Specification, TracedLayer

__all__ = ["Step", "Writer"]

# What log(a) and log(1 - a) mean where a is so near to 0 or 1 that its last digits decide: the same, from z.
SURE = 1e-4
SURE_ENTROPY = "max(0, z) - y * z + log(1 + exp(-abs(z)))"


class Step(NamedTuple):
    """One line of a trace.

    Attributes
    ----------
    name : str
        ``z1``, ``h1``, ``loss``, ``dL/dw5``, ``w5_new``; of several samples ``h1[2]``, of later steps ``h1@2``.
    section : str
        Forward, Loss, Backward, Update.
    kind : str
        'sum', 'activation', 'loss', 'dL/da', 'dL/dz', 'dL/dw', 'moment', 'update'; 'aside' if no other line reads it.
    of : str
        The unit or the parameter it belongs to; empty for the loss.
    expression : Expression
    also : tuple of Expression
        Other ways to the same number.
    stage : int
    """

    name: str
    section: str
    kind: str
    of: str
    expression: Expression
    also: tuple[Expression, ...] = ()
    stage: int = 1


class Writer:
    """Writes the steps of one stage.

    Parameters
    ----------
    specification : Specification
    stage : int
        Counted from 1; the one after the last step is forward only.
    """

    def __init__(self, specification: Specification, stage: int):
        self.of, self.stage = specification, stage
        self.batch = specification.batch_of(stage)
        self.row = LOSSES[specification.loss]
        self.output = specification.layers[-1].activation

    def key(self, base: str, sample: int | None = None) -> str:
        """The name of a number in this stage, of a sample where there are several."""
        where = f"[{sample + 1}]" if sample is not None and len(self.batch) > 1 else ""
        return f"{base}{where}{'' if self.stage == 1 else f'@{self.stage}'}"

    def given(self, base: str, sample: int) -> Name:
        """An input or a target."""
        return Name(f"{base}[{sample + 1}]" if len(self.of.samples) > 1 else base)

    def parameter(self, base: str, stage: int | None = None) -> str:
        """The name of a weight or bias as a stage finds it: what the stage before has made of it."""
        stage = self.stage if stage is None else stage
        if stage == 1 or base in self.of.held:
            return base
        return f"{base}_new" + (f"@{stage - 1}" if stage > 2 else "")

    def below(self, k: int, sample: int) -> list[Name]:
        """What layer k reads."""
        if k == 0:
            return [self.given(name, sample) for name in self.of.inputs]
        return [Name(self.key(unit, sample)) for unit in self.of.layers[k - 1].units]

    def forward(self, sample: int) -> Iterator[Step]:
        """Every weighted sum and every activation."""
        for k, layer in enumerate(self.of.layers):
            below = self.below(k, sample)
            for unit, z, weights, bias in zip(layer.units, layer.sums, layer.weights, layer.biases, strict=True):
                terms: list[Expression] = [
                    Product((below[j], Name(self.parameter(w)))) for j, w in enumerate(weights) if w is not None
                ]
                terms += [] if bias is None else [Name(self.parameter(bias))]
                yield self._step(self.key(z, sample), "Forward", "sum", unit, total(terms))
            for unit, z in zip(layer.units, layer.sums, strict=True):
                yield self._step(
                    self.key(unit, sample), "Forward", "activation", unit, self._activation(layer, z, sample)
                )

    def _activation(self, layer: TracedLayer, z: str, sample: int) -> Expression:
        here = Name(self.key(z, sample))
        if layer.activation == "identity":
            return here
        if layer.activation == "softmax":
            every = total([Call("exp", (Name(self.key(other, sample)),)) for other in layer.sums])
            return Quotient(Call("exp", (here,)), every)
        return Call(layer.activation, (here,))

    def loss(self, sample: int, sure: bool) -> Iterator[Step]:
        """The loss by output, and that of the sample; `sure`: outputs too near to 0 or 1 to take log(1 - a)."""
        terms: list[Step] = []
        for i, unit in enumerate(self.of.layers[-1].units):
            expression = self._term(i, sample, sure)
            if expression != ZERO or self.output != "softmax":
                terms.append(
                    self._step(self.key(f"loss_{unit}", sample), "Loss", "loss", unit, self._scaled(expression, True))
                )
        whole = self.key("loss", sample)
        if len(terms) == 1:
            yield terms[0]._replace(name=whole, expression=self._mean_of_outputs(terms[0].expression))
        else:
            yield from terms
            expression = self._mean_of_outputs(total([Name(term.name) for term in terms]))
            also = self._mean_of_outputs(total([term.expression for term in terms]))
            yield self._step(whole, "Loss", "loss", "", expression, also)

    def batch_loss(self) -> Iterator[Step]:
        """The loss of the batch, where that is more than one sample."""
        if len(self.batch) > 1:
            expression = self._over_batch(total([Name(self.key("loss", sample)) for sample in self.batch]))
            yield self._step(self.key("loss"), "Loss", "loss", "", expression)

    def _term(self, i: int, sample: int, sure: bool) -> Expression:
        """What one output adds to the loss, without terms that are 0 times a logarithm."""
        formula = self.row.formula.get(self.output) or self.row.formula["*"]
        formula = SURE_ENTROPY if sure else formula
        letters = self._letters(i, sample)
        target = self.of.answers[sample][i].value
        if "log" in formula and target in (0, 1) and not sure:
            letters["y"] = Number(str(int(target)))
            return without_zeros(substituted(parsed(formula), letters))
        return substituted(parsed(formula), letters)

    def _letters(self, i: int, sample: int) -> dict[str, Expression]:
        """What a, z and y of a formula stand for at one output."""
        last = self.of.layers[-1]
        return {
            "a": Name(self.key(last.units[i], sample)),
            "z": Name(self.key(last.sums[i], sample)),
            "y": self.given(self.of.targets[i], sample),
        }

    def _scaled(self, expression: Expression, by_output: bool = False) -> Expression:
        """A term of the loss, or a derivative of one, times the scale; the half of 2 x is x."""
        scale = self.of.loss_scale
        if scale == 1 or (scale == "mean" and by_output):
            return expression
        if scale == 0.5 and isinstance(expression, Product) and expression.factors[0] == Number("2"):
            return product(*expression.factors[1:])
        if scale in (0.5, "mean"):
            return Quotient(expression, Number("2" if scale == 0.5 else str(len(self.of.targets))))
        return Product((Number(f"{scale!r}"), expression))

    def _mean_of_outputs(self, expression: Expression) -> Expression:
        return Quotient(expression, Number(str(len(self.of.targets)))) if self.of.loss_scale == "mean" else expression

    def _over_batch(self, expression: Expression) -> Expression:
        return Quotient(expression, Number(str(len(self.batch)))) if self.of.batch == "mean" else expression

    def backward(self, sample: int, sure: bool) -> Iterator[Step]:
        """dL/da and dL/dz of every unit, from the outputs down; then dL/dw and dL/db of the sample."""
        yield from self._output_slopes(sample, sure)
        for k in range(len(self.of.layers) - 2, -1, -1):
            yield from self._hidden_slopes(k, sample)
        yield from self._gradients(sample)

    def _output_slopes(self, sample: int, sure: bool) -> Iterator[Step]:
        last = self.of.layers[-1]
        reads_z = self.row.reads == "z"
        rows = (self.row.by_output or {}) if reads_z else self.row.slope
        formula = rows.get(self.output, rows.get("*"))
        by_output: list[Expression | None] = [
            None if formula is None or sure else self._scaled(substituted(parsed(formula), self._letters(i, sample)))
            for i in range(len(last.units))
        ]
        for unit, expression in zip(last.units, by_output, strict=True):
            if expression is not None:
                yield self._step(self.key(f"dL/d{unit}", sample), "Backward", "dL/da", unit, expression)
        for i, (unit, z) in enumerate(zip(last.units, last.sums, strict=True)):
            through = self._through_output(i, sample, by_output)
            if reads_z:
                formula = self.row.slope.get(self.output) or self.row.slope["*"]
                direct = self._scaled(substituted(parsed(formula), self._letters(i, sample)))
                also = [] if by_output[i] is None or self.output == "softmax" else through
                yield self._step(self.key(f"dL/d{z}", sample), "Backward", "dL/dz", unit, direct, *also)
            else:
                yield self._step(self.key(f"dL/d{z}", sample), "Backward", "dL/dz", unit, *through)

    def _through_output(self, i: int, sample: int, by_output: Sequence[Expression | None]) -> list[Expression]:
        """dL/dz of an output by the chain rule, and the same with the slope a line of its own."""
        last = self.of.layers[-1]
        slopes = [Name(self.key(f"dL/d{unit}", sample)) for unit in last.units]
        if self.output == "softmax":
            units = [Name(self.key(unit, sample)) for unit in last.units]
            mean = total([Product((a, slope)) for a, slope in zip(units, slopes, strict=True)])
            return [Product((units[i], Sum((slopes[i], Negative(mean)))))]
        return self._through(last, i, sample, slopes[i])

    def _through(self, layer: TracedLayer, i: int, sample: int, slope_above: Expression) -> list[Expression]:
        unit, z = layer.units[i], layer.sums[i]
        slope = self.slope(layer, i, sample)
        if slope == Number("1"):
            return [slope_above]
        aside = Name(self.key(f"d{unit}/d{z}", sample))
        return [product(slope_above, Slope(slope)), product(slope_above, aside)]

    def slope(self, layer: TracedLayer, i: int, sample: int) -> Expression:
        """f'(z) of a unit."""
        letters = {"a": Name(self.key(layer.units[i], sample)), "z": Name(self.key(layer.sums[i], sample))}
        return substituted(parsed(ACTIVATIONS[layer.activation].slope_formula), letters)

    def _hidden_slopes(self, k: int, sample: int) -> Iterator[Step]:
        layer, above = self.of.layers[k], self.of.layers[k + 1]
        for j, unit in enumerate(layer.units):
            paths = [
                Product((Name(self.key(f"dL/d{above.sums[i]}", sample)), Name(self.parameter(name))))
                for i, place, name in above.places()
                if place == j
            ]
            yield self._step(self.key(f"dL/d{unit}", sample), "Backward", "dL/da", unit, total(paths))
        for j, (unit, z) in enumerate(zip(layer.units, layer.sums, strict=True)):
            through = self._through(layer, j, sample, Name(self.key(f"dL/d{unit}", sample)))
            yield self._step(self.key(f"dL/d{z}", sample), "Backward", "dL/dz", unit, *through)

    def _gradients(self, sample: int) -> Iterator[Step]:
        for name, places in self.places(sample).items():
            if name not in self.of.held:
                yield self._step(self.key(f"dL/d{name}", sample), "Backward", "dL/dw", name, total(places))

    def places(self, sample: int) -> dict[str, list[Expression]]:
        """dL/dz times what the weight reads, at each place of each parameter: a shared one has several."""
        found: dict[str, list[Expression]] = {name: [] for name in self.of.parameters}
        for k in range(len(self.of.layers) - 1, -1, -1):
            layer, below = self.of.layers[k], self.below(k, sample)
            slopes = [Name(self.key(f"dL/d{z}", sample)) for z in layer.sums]
            for i, j, name in layer.places():
                found[name].append(Product((slopes[i], below[j])))
            for slope, bias in zip(slopes, layer.biases, strict=True):
                if bias is not None:
                    found[bias].append(slope)
        return found

    def batch_gradients(self) -> Iterator[Step]:
        """dL/dw of the batch, where that is more than one sample."""
        if len(self.batch) > 1:
            for name in self.of.parameters:
                if name not in self.of.held:
                    each = [Name(self.key(f"dL/d{name}", sample)) for sample in self.batch]
                    yield self._step(self.key(f"dL/d{name}"), "Backward", "dL/dw", name, self._over_batch(total(each)))

    def asides(self, sample: int) -> Iterator[Step]:
        """What some solutions write down and no other line needs: the factors of the chain rule, one by one."""
        for k, layer in enumerate(self.of.layers):
            below = self.below(k, sample)
            names = self.of.inputs if k == 0 else self.of.layers[k - 1].units
            for i, (unit, z) in enumerate(zip(layer.units, layer.sums, strict=True)):
                if ACTIVATIONS[layer.activation].slope_formula:
                    yield self._aside(f"d{unit}/d{z}", sample, unit, Slope(self.slope(layer, i, sample)))
            for i, j, name in layer.places():
                yield self._aside(f"d{layer.sums[i]}/d{name}", sample, name, below[j])
                if k > 0:
                    yield self._aside(f"d{layer.sums[i]}/d{names[j]}", sample, name, Name(self.parameter(name)))
        yield from self._asides_by_output(sample)
        for name, places in self.places(sample).items():
            if name in self.of.held:
                yield self._aside(f"dL/d{name}", sample, name, total(places))

    def _asides_by_output(self, sample: int) -> Iterator[Step]:
        """The derivatives of one output's loss, where the outputs do not know of each other."""
        last = self.of.layers[-1]
        if self.output == "softmax":
            return
        slopes = [Name(self.key(f"dL/d{z}", sample)) for z in last.sums]
        for unit, z, slope in zip(last.units, last.sums, slopes, strict=True):
            yield self._aside(f"dloss_{unit}/d{z}", sample, unit, slope)
            if self.row.reads == "a":
                yield self._aside(f"dloss_{unit}/d{unit}", sample, unit, Name(self.key(f"dL/d{unit}", sample)))
        if len(self.of.layers) > 1:
            below = self.of.layers[-2].units
            for i, j, name in last.places():
                path = Product((slopes[i], Name(self.parameter(name))))
                yield self._aside(f"dloss_{last.units[i]}/d{below[j]}", sample, name, path)

    def changes(self) -> Iterator[Step]:
        """What an update adds to each parameter; some books write what it takes away."""
        for name in self.of.parameters:
            if name not in self.of.held:
                old, new = Name(self.parameter(name)), Name(self.parameter(name, self.stage + 1))
                more, less = Sum((new, Negative(old))), Sum((old, Negative(new)))
                yield self._step(self.key(f"Δ{name}"), "Update", "aside", name, more, less)

    def _aside(self, base: str, sample: int, of: str, expression: Expression) -> Step:
        return self._step(self.key(base, sample), "Backward", "aside", of, expression)

    def _step(self, name: str, section: str, kind: str, of: str, expression: Expression, *also: Expression) -> Step:
        return Step(name, section, kind, of, expression, also, self.stage)
