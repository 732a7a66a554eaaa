"""What every test shares: strict floating point, and a generator of odd little networks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest


@pytest.fixture(autouse=True)
def _strict_numpy() -> Iterator[None]:
    with np.errstate(divide="raise", over="raise", invalid="raise"):
        yield
