"""A trace: every number of some training steps, as the kernels have it, with the expression it comes from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, DecimalException
from functools import cached_property
from math import isfinite

from ..errors import OptionError, SpecificationError, choose
from .arithmetic import DECIMAL, FLOAT, rounded
from .engine import Engine, Pass
from .expressions import evaluate, names_in
from .notations import TEXT, written
from .specification import MOST_NUMBERS, Given, Specification
from .steps import SURE, Step, Writer
from .updates import settings, update_of, updates

__all__ = ["Trace", "losses", "traced"]

Rounding = Callable[[Decimal, int], Decimal]
LARGEST_ON_PAPER = Decimal("1e12")


@dataclass(frozen=True)
class Trace:
    """The arithmetic of some training steps.

    Attributes
    ----------
    specification : Specification
    givens : mapping of str to Given
        Inputs, targets, first weights and biases, the learning rate and other settings.
    steps : tuple of Step
        In the order in which a person works them out; each reads only givens and steps before it.
    values : mapping of str to float
        What each name is, in double precision.
    """

    specification: Specification
    givens: Mapping[str, Given]
    steps: tuple[Step, ...]
    values: Mapping[str, float]

    @cached_property
    def by_name(self) -> dict[str, Step]:
        return {step.name: step for step in self.steps}

    @cached_property
    def asides(self) -> dict[str, Step]:
        """The factors of the chain rule, one by one, which the steps do not need but some solutions have."""
        found: dict[str, Step] = {}
        for stage in range(1, self.specification.steps + 1):
            writer = Writer(self.specification, stage)
            for sample in writer.batch:
                found |= {step.name: step for step in writer.asides(sample) if step.name not in self.by_name}
            found |= {step.name: step for step in writer.changes()}
        return found

    def exact(self, name: str) -> float:
        """What a step, a given or an aside is, in double precision."""
        if name in self.values:
            return self.values[name]
        return float(evaluate(self.asides[name].expression, self.exact, FLOAT))

    def carried(self, decimals: int, how: Rounding = rounded) -> dict[str, Decimal]:
        """What each name is if every line is rounded as a pocket calculator rounds, and used so from then on.

        Raises
        ------
        OptionError
            If a line has no value then: the logarithm of what was rounded to 0, or a quotient by it.
        """
        values = {name: Decimal(given.shown(decimals)) for name, given in self.givens.items()}
        for step in self.steps:
            try:
                value = evaluate(step.expression, values.__getitem__, DECIMAL)
            except DecimalException:
                value = Decimal("NaN")
            if value.is_nan() or abs(value) >= LARGEST_ON_PAPER:
                numbers = written(step.expression, TEXT, lambda name: f"{values[name]:f}")
                raise OptionError(
                    f"{step.name} = {numbers[:80]} has no value when every line is rounded to {decimals} decimals: "
                    "carry more of them"
                )
            values[step.name] = how(value, decimals)
        return values

    def only(self, name: str) -> Trace:
        """The story of one number: it, and every step it comes from; of a parameter, up to its last update.

        Raises
        ------
        OptionError
            If nothing has this name.
        """
        known = {step.of for step in self.steps if step.kind == "update"}
        if name in known:
            name = [step.name for step in self.steps if step.kind == "update" and step.of == name][-1]
        wanted = {choose("step", name, [*self.by_name, *known])}
        for step in reversed(self.steps):
            if step.name in wanted:
                wanted.update(names_in(step.expression))
        steps = tuple(step for step in self.steps if step.name in wanted)
        givens = {name: given for name, given in self.givens.items() if name in wanted}
        return replace(self, givens=givens, steps=steps)


def traced(specification: Specification) -> Trace:
    """Trace the steps of a specification, and the way forward after them.

    Raises
    ------
    SpecificationError
        If a number cannot be held in double precision, or there are too many to be read.
    TrainingDiverged
        If an update would write a number that is not finite.
    """
    products = sum(1 for layer in specification.layers for _ in layer.places()) * len(specification.batch_of(1))
    if products * specification.steps > MOST_NUMBERS:
        raise SpecificationError(
            f"{specification.steps:,} steps of {products:,} products are more than anybody reads: "
            f"trace at most {MOST_NUMBERS:,} products, or ask for the losses alone",
            "steps",
        )
    engine = Engine(specification)
    givens = _givens(specification)
    book = _Book(engine, {name: given.value for name, given in givens.items()})
    for stage in range(1, specification.steps + 2):
        book.write(Writer(specification, stage))
    return Trace(specification, givens, tuple(book.steps), book.values)


def _givens(specification: Specification) -> dict[str, Given]:
    several = len(specification.samples) > 1
    found: dict[str, Given] = {}
    for k, (inputs, targets) in enumerate(zip(specification.samples, specification.answers, strict=True), start=1):
        names = (*specification.inputs, *specification.targets)
        found |= {f"{n}[{k}]" if several else n: v for n, v in zip(names, (*inputs, *targets), strict=True)}
    found |= {name: specification.values[name] for name in specification.parameters}
    return found | settings(specification)


class _Book:
    """Steps and their values, as they are worked out: the kernels' where they hold them, else the expression's."""

    def __init__(self, engine: Engine, values: dict[str, float]):
        self.engine, self.values = engine, values
        self.steps: list[Step] = []

    def write(self, writer: Writer) -> None:
        """One stage."""
        of, batch = writer.of, writer.batch
        last = writer.stage > of.steps
        passes = {sample: self.engine.run((sample,), backward=not last) for sample in batch}
        sure = {s: _is_sure(of, passes[s]) for s in batch}
        for sample in batch:
            found = self._held(writer, sample, passes[sample])
            self._add(writer.forward(sample), found)
            self._add(writer.loss(sample, sure[sample]), found)
        whole = self.engine.batch(batch, backward=not last)
        self._add(writer.batch_loss(), {writer.key("loss"): whole.loss})
        if last:
            return
        for sample in batch:
            self._add(writer.backward(sample, sure[sample]), self._held(writer, sample, passes[sample]))
        self._add(writer.batch_gradients(), {writer.key(f"dL/d{n}"): g for n, g in whole.gradient.items()})
        self.engine.update(whole.gradient)
        self._add(updates(writer), self._updated(writer))

    def _held(self, writer: Writer, sample: int, found: Pass) -> dict[str, float]:
        """The kernels' numbers of one sample by name."""
        values = {writer.key("loss", sample): found.loss}
        for k, layer in enumerate(writer.of.layers):
            for i, (unit, z) in enumerate(zip(layer.units, layer.sums, strict=True)):
                values[writer.key(z, sample)] = float(found.sums[k][i])
                values[writer.key(unit, sample)] = float(found.activations[k][i])
                if found.slopes:
                    values[writer.key(f"dL/d{z}", sample)] = float(found.slopes[k][i])
        return values | {writer.key(f"dL/d{name}", sample): g for name, g in found.gradient.items()}

    def _updated(self, writer: Writer) -> dict[str, float]:
        values = {}
        for name in writer.of.parameters:
            values[writer.parameter(name, writer.stage + 1)] = self.engine.parameter(name)
            for letter, moment in update_of(writer.of.stepping).kept.items():
                key = writer.parameter(f"{letter}_{name}", writer.stage + 1)
                values[key] = self.engine.parameter(name, self.engine.moments[moment])
        return values

    def _add(self, steps: Iterator[Step], held: Mapping[str, float]) -> None:
        for step in steps:
            value = held.get(step.name)
            if value is None:
                value = float(evaluate(step.expression, self.values.__getitem__, FLOAT))
            if not isfinite(value):
                numbers = written(step.expression, TEXT, lambda name: repr(self.values[name]))
                raise SpecificationError(f"{step.name} = {numbers} is no finite number: scale inputs or weights down")
            self.values[step.name] = value
            self.steps.append(step)


def _is_sure(specification: Specification, found: Pass) -> bool:
    """Whether a sigmoid output is so near to 0 or 1 that cross-entropy has to be taken from z."""
    last = found.activations[-1]
    by_entropy = specification.loss == "cross_entropy" and specification.layers[-1].activation == "sigmoid"
    return by_entropy and bool((last < SURE).any() or (last > 1 - SURE).any())


def losses(specification: Specification) -> list[float]:
    """The loss before each step, and after the last: of the step's own batch, then of all samples."""
    engine = Engine(specification)
    found = []
    for stage in range(1, specification.steps + 1):
        passed = engine.batch(specification.batch_of(stage))
        found.append(passed.loss)
        engine.update(passed.gradient)
    after = engine.batch(specification.batch_of(specification.steps + 1), backward=False)
    return [*found, after.loss]
