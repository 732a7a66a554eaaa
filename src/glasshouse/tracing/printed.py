"""A trace as it is printed: with so many decimals, exact or carried, in sections, each line said in words as well."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from itertools import groupby
from typing import Any

from ..errors import expect_number
from .arithmetic import fixed
from .expressions import names_in
from .notations import LATEX, PLACE, TEXT, Notation, latex_name, written
from .steps import Step
from .trace import Trace

__all__ = ["Printed", "Section"]

MOST_DECIMALS = 30
WORDS = {
    "sum": "weighted sum of {of}: each input times its weight, added up, and the bias",
    "activation": "output of {of}: its activation of the weighted sum",
    "loss": "loss",
    "dL/da": "how the loss changes with the output of {of}",
    "dL/dz": "how the loss changes with the weighted sum of {of}: the slope of its activation comes in",
    "dL/dw": "gradient of {of}: dL/dz at its end times what it reads",
    "moment": "memory of the optimiser for {of}",
    "update": "{of} after the step",
    "aside": "a factor of the chain rule",
}


@dataclass(frozen=True)
class Section:
    """Steps that belong together, under a heading: ``Forward``, ``Backward, step 2, sample 3``."""

    title: str
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Printed:
    """A trace and how its numbers are shown.

    Attributes
    ----------
    decimals : int
        From 0 to 30.
    carry : bool
        Whether every line is rounded and used so, as with a pocket calculator, or exact and only shown so.
    """

    trace: Trace
    decimals: int = 4
    carry: bool = False

    def __post_init__(self) -> None:
        limit = f"from 0 to {MOST_DECIMALS}"
        expect_number("decimals", self.decimals, lambda d: 0 <= d <= MOST_DECIMALS, limit, whole=True)

    @cached_property
    def values(self) -> dict[str, Decimal | float]:
        return dict(self.trace.carried(self.decimals)) if self.carry else dict(self.trace.values)

    def number(self, name: str) -> str:
        """The number of a step or a given, as it is shown."""
        given = self.trace.givens.get(name)
        return fixed(self.values[name], self.decimals) if given is None else given.shown(self.decimals)

    def symbols(self, step: Step, notation: Notation = TEXT, leaf: Callable[[str], str] | None = None) -> str:
        """The formula of a step in symbols."""
        return written(step.expression, notation, leaf or (latex_name if notation is LATEX else str))

    def numbers(self, step: Step, notation: Notation = TEXT, leaf: Callable[[str], str] | None = None) -> str:
        """The formula of a step with the numbers put in."""
        return written(step.expression, notation, leaf or self.number)

    @cached_property
    def sections(self) -> tuple[Section, ...]:
        """The steps in order, under headings."""
        return tuple(Section(title, tuple(steps)) for title, steps in groupby(self.trace.steps, key=self._title))

    def _title(self, step: Step) -> str:
        of = self.trace.specification
        found, batch = PLACE.match(step.name), of.batch_of(step.stage)
        words = [step.section]
        if step.stage > of.steps:
            words = [f"{step.section} after the update{'s' if of.steps > 1 else ''}"]
        elif of.steps > 1:
            words.append(f"step {step.stage}")
        if found is not None and found["sample"]:
            words.append(f"sample {found['sample']}")
        elif len(batch) > 1 and step.section != "Update":
            words.append("all samples")
        elif len(of.samples) > 1 and step.section == "Forward":
            words.append(f"sample {batch[0] + 1}")
        return ", ".join(words)

    def to_dict(self, differences: Mapping[str, float] | None = None) -> dict[str, Any]:
        """As ``--to json`` prints it: `result` as it is shown, `value` in double precision."""
        steps = []
        for section in self.sections:
            for step in section.steps:
                line = {
                    "name": step.name,
                    "section": section.title,
                    "kind": step.kind,
                    "of": step.of,
                    "formula": self.symbols(step),
                    "numbers": self.numbers(step),
                    "result": self.number(step.name),
                    "value": self.trace.values[step.name],
                    "uses": list(dict.fromkeys(names_in(step.expression))),
                }
                steps.append(line | ({"difference": differences.get(step.name)} if differences else {}))
        of = self.trace.specification
        return {
            "title": of.title,
            "conventions": of.conventions(),
            "decimals": self.decimals,
            "carry": self.carry,
            "givens": {name: given.value for name, given in self.trace.givens.items()},
            "steps": steps,
        }

    def meaning(self, step: Step) -> str:
        """A step in words."""
        if step.kind == "loss":
            return "loss" + (f" of {step.of}" if step.of and step.name.startswith("loss_") else "")
        return WORDS[step.kind].format(of=step.of)

    def head(self) -> list[str]:
        """What the network is and by which conventions it is trained: a line each."""
        of = self.trace.specification
        sizes = "-".join(str(n) for n in (len(of.inputs), *(len(layer.units) for layer in of.layers)))
        activations = dict.fromkeys(layer.activation for layer in of.layers)
        lines = [f"{of.title}: {sizes}, {', '.join(activations)}"]
        lines += [f"{what}: {said}" for what, said in of.conventions().items()]
        if self.carry:
            lines.append(f"every line is rounded to {self.decimals} decimals, half up, and used so from then on")
        else:
            lines.append(f"numbers are exact, and shown with {self.decimals} decimals")
        if of.titles:
            lines.append("inputs: " + ", ".join(f"{name} is {title}" for name, title in of.titles.items()))
        return lines + list(of.remarks)
