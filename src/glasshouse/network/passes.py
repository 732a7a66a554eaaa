"""The textbook's loop: forward, backward, loss and gradient. Each line of it is one call of one kernel.

The columns are x (fan_in, n), z = w x + b (fan_out, n), a = f(z), delta = dL/dz; the batch is the last axis.
"""

from __future__ import annotations

from .workspace import Workspace

__all__ = ["backward", "forward", "loss_and_gradient"]


def forward(work: Workspace, n: int) -> None:
    """Fill z and a of every layer for the first n columns."""
    for layer in work.layers:
        layer.forward(n)  # z = w x + b;  a = f(z)


def backward(work: Workspace, n: int, add: bool = False) -> None:
    """Fill the gradient, or add to it, from the delta of the last layer."""
    for layer in reversed(work.layers):
        layer.backward(n, add)  # dw = delta x';  db = sum of delta;  delta below = (w' delta) * f'(z below)


def loss_and_gradient(work: Workspace, n: int, add: bool = False) -> float:
    """Return the sum of weight * loss over the first n columns; its gradient is in the workspace."""
    forward(work, n)
    value = work.loss(n)  # writes the last delta
    backward(work, n, add)
    return value
