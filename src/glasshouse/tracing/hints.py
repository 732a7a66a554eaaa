"""Hints for a student alone: the line, then its rule, then its formula without the value."""

from __future__ import annotations

from .notations import TEXT, written
from .specification import Specification
from .steps import Step
from .verdicts import Marking

__all__ = ["hint"]

RULES = {
    "sum": "a weighted sum is each input times the weight between them, all added up, and the bias",
    "activation": "an output is the activation ({activation}) of the weighted sum",
    "loss": "the loss compares each output with its target, by {loss}, and adds that up over the outputs",
    "dL/da": "of an output unit it is the derivative of the loss; of a hidden one the sum over its paths: dL/dz of "
    "each unit above, times the weight between them",
    "dL/dz": "it is dL/da times the slope of the activation ({activation}) at that unit",
    "dL/dw": "it is dL/dz of the unit the weight leads to, times what the weight is multiplied with",
    "moment": "it is what the optimiser remembers of the gradients so far",
    "update": "it is the old value less the learning rate times the gradient",
    "aside": "it is one factor of the chain rule by itself",
}


def hint(marking: Marking, level: int) -> str:
    """A hint at the first wrong line; each level, 1 to 3, says a little more."""
    first = marking.first
    if first is None:
        return "no line is wrong"
    words = [f"look at {first.name}, line {first.answer.line}"]
    step = marking.trace.by_name.get(first.name) or marking.trace.asides.get(first.name)
    if step is None:
        return f"{words[0]}: it is given"
    if level >= 2:
        words.append(f"the rule: {_rule(marking.trace.specification, step)}")
    if level >= 3:
        own = {line.name: line.answer.written for line in reversed(marking.lines)}

        def leaf(name: str) -> str:
            given = marking.trace.givens.get(name)
            return own.get(name, name) if given is None else given.shown(6)

        words.append(
            f"{step.name} = {written(step.expression, TEXT, str)} = {written(step.expression, TEXT, leaf)} = ?"
        )
    return "\n".join(words)


def _rule(of: Specification, step: Step) -> str:
    activation = next((layer.activation for layer in of.layers if step.of in layer.units), "")
    return RULES[step.kind].format(activation=activation, loss=of.conventions()["loss"])
