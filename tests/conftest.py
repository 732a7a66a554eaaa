"""What every test shares: strict floating point, one thread for the peers, since tests run side by side, a terminal."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pytest

from glasshouse.cli.main import _run


@pytest.fixture(autouse=True)
def _strict_numpy() -> Iterator[None]:
    with np.errstate(divide="raise", over="raise", invalid="raise"):
        yield


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def glasshouse(here, capsys):
    def call(*arguments: str) -> tuple[int, str, str]:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            code = _run([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return call
