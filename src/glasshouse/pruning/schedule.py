"""How many weights are left when: all at first, then fewer along a cubic curve, then as many as there shall be."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import expect_number

__all__ = ["Cubic"]


@dataclass(frozen=True)
class Cubic:
    """density + (1 - density)(1 - t)³, t from 0 to 1 between two epochs (Zhu & Gupta 2017).

    Parameters
    ----------
    density : float
        The share of the weights that is left in the end.
    begin, end : int
        The epochs before which the first and the last cut is made. If they are the same, all is cut at once.
    start : float
        The share before the first cut.

    Examples
    --------
    >>> [round(Cubic(0.1, 0, 4).at(epoch), 3) for epoch in range(6)]
    [1.0, 0.48, 0.213, 0.114, 0.1, 0.1]
    """

    density: float
    begin: int = 0
    end: int = 0
    start: float = 1.0

    def __post_init__(self) -> None:
        expect_number("density", self.density, lambda d: 0 < d <= 1, "above 0 and at most 1, the share that is kept")

    def at(self, epoch: int) -> float:
        """The share of the weights that is left when an epoch, counted from 0, begins."""
        if epoch < self.begin:
            return self.start
        t = 1.0 if epoch >= self.end else (epoch - self.begin) / (self.end - self.begin)
        return self.density + (self.start - self.density) * (1 - t) ** 3
