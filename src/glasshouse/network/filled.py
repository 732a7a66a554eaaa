"""Whether a sparse layer is multiplied by connection, or filled up with its zeros and multiplied as a dense one.

Both give the same bits, so this is about time alone. The rule is made of measurements (`bench/storage.py`, in
docs/performance.md), never of a timing inside a fit: one seed takes one course.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .. import kernels

__all__ = ["BREAK_EVEN", "is_filled"]

NARROW = 64  # bytes: a batch that fits one cache line
FEW = 1 << 14  # weights of a layer, its zeros included
# The density from which filling pays: of a layer with few and with many weights, for a narrow batch, for a wider one,
# and for one row at a time, as `row_predictor` takes it.
BREAK_EVEN = {
    "x86_64_v4": {"narrow": (0.25, 0.33), "wide": (0.55, 0.45), "row": (0.05, 0.07)},
    "x86_64_v3": {"narrow": (0.8, 0.65), "wide": (0.75, 0.55), "row": (0.05, 0.09)},
    "x86_64_v2": {"narrow": (0.95, 0.9), "wide": (0.95, 0.8), "row": (0.08, 0.18)},
}


def is_filled(shape: tuple[int, int], n_connections: int, batch_size: int | None, dtype: npt.DTypeLike) -> bool:
    """Whether a layer of this shape (fan_out, fan_in) is filled for batches of this size; None for one row at a time.

    Examples
    --------
    >>> [is_filled((1000, 1000), n, 128, "float32") for n in (100_000, 990_000)]
    [False, True]
    """
    size = shape[0] * shape[1]
    width = "row" if batch_size is None else "narrow" if batch_size * np.dtype(dtype).itemsize <= NARROW else "wide"
    level = kernels.level if kernels.level in BREAK_EVEN else "x86_64_v2"  # not measured elsewhere
    return n_connections >= BREAK_EVEN[level][width][size >= FEW] * size
