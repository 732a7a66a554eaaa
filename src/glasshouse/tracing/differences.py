"""Finite differences: each derivative of a trace checked by moving what it is a derivative of, and nothing else.

The loss is worked out again from the expressions of the way forward; no rule of differentiation is used.
"""

from __future__ import annotations

from ..errors import OptionError
from .arithmetic import FLOAT
from .expressions import evaluate
from .notations import PLACE
from .steps import Step, Writer
from .trace import Trace

__all__ = ["differences"]

MOST_LINES = 4_000_000  # lines worked out again, some seconds
STEP = 2.0**-17  # near the cube root of a double's precision, where the error of a central difference is least


def differences(trace: Trace) -> dict[str, float]:
    """(loss(x + h) - loss(x - h)) / 2h of every derivative of a trace, by the derivative's name.

    Raises
    ------
    OptionError
        If the trace is too long for it.
    """
    forward = {
        stage: [s for s in trace.steps if s.stage == stage and s.section in ("Forward", "Loss")]
        for stage in _stages(trace)
    }
    checked = [step for step in trace.steps if step.kind in ("dL/da", "dL/dz", "dL/dw")]
    if sum(2 * len(forward[step.stage]) for step in checked) > MOST_LINES:
        raise OptionError(
            f"{len(checked):,} derivatives are too many to check: name some with only, or take fewer steps"
        )
    return {step.name: _difference(trace, step, forward[step.stage]) for step in checked}


def _stages(trace: Trace) -> set[int]:
    return {step.stage for step in trace.steps}


def _difference(trace: Trace, step: Step, forward: list[Step]) -> float:
    moved, loss = _ends(trace, step)
    h = STEP * max(1.0, abs(trace.values[moved]))

    def loss_at(value: float) -> float:
        values = {moved: value}

        def value_of(name: str) -> float:
            return values[name] if name in values else trace.values[name]

        for line in forward:
            if line.name != moved:
                values[line.name] = evaluate(line.expression, value_of, FLOAT)
        return values[loss]

    x = trace.values[moved]
    return (loss_at(x + h) - loss_at(x - h)) / (2 * h)


def _ends(trace: Trace, step: Step) -> tuple[str, str]:
    """What a derivative is taken of, and the loss it is taken of: a sample's own, or the batch's."""
    found = PLACE.match(step.name.removeprefix("dL/d"))
    assert found is not None
    writer = Writer(trace.specification, step.stage)
    sample = None if found["sample"] is None else int(found["sample"]) - 1
    base = found["base"]
    moved = writer.parameter(base) if step.kind == "dL/dw" else writer.key(base, sample)
    return moved, writer.key("loss", sample)
