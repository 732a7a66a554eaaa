"""The table of losses: a value for each sample, the outputs it makes sense for, and whether it reads z or a.

Every loss is a sum over the outputs of one sample; the batch adds weight * loss, so that mean, sum, ½ and sample
weights are all values of the weight row.
"""

from __future__ import annotations

from typing import NamedTuple

from ..errors import OptionError, choose

__all__ = ["LOSSES", "Loss", "loss_for"]


class Loss(NamedTuple):
    """One row. `formula` is the term of one output in a and y; the loss of a sample is the sum of its terms."""

    name: str
    formula: dict[str, str]  # output activation -> term; '*' for any other
    latex: str
    outputs: tuple[str, ...]
    reads: str  # 'z' where value and gradient are exact only from the weighted sum, else 'a'


LOSSES = {
    row.name: row
    for row in (
        Loss(
            "cross_entropy",
            {"softmax": "-y * log(a)", "sigmoid": "-y * log(a) - (1 - y) * log(1 - a)"},
            r"-\sum_c y_c \log a_c",
            ("softmax", "sigmoid"),
            "z",
        ),
        Loss(
            "squared_error",
            {"*": "(a - y) ** 2"},
            r"\sum_c (a_c - y_c)^2",
            ("identity", "sigmoid", "tanh", "relu", "softmax"),
            "a",
        ),
    )
}


def loss_for(name: str, output: str) -> Loss:
    """Return the row of this name if it makes sense for an output activation.

    Raises
    ------
    OptionError
        If there is no such loss, or it cannot judge these outputs.

    Examples
    --------
    >>> loss_for("cross_entropy", "tanh")
    Traceback (most recent call last):
    glasshouse.errors.OptionError: cross_entropy cannot judge tanh outputs: give it softmax or sigmoid
    """
    row = LOSSES[choose("loss", name, LOSSES)]
    if output not in row.outputs:
        raise OptionError(f"{name} cannot judge {output} outputs: give it {' or '.join(row.outputs)}")
    return row
