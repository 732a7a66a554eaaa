"""What every test shares: strict floating point, and one thread for the peers, since tests run side by side."""

from __future__ import annotations

import os
from collections.abc import Iterator

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pytest


@pytest.fixture(autouse=True)
def _strict_numpy() -> Iterator[None]:
    with np.errstate(divide="raise", over="raise", invalid="raise"):
        yield
