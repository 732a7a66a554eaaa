"""What tests of the server share: a folder with a table in it, and a page over it whose workers train nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from served import CSV, page


@pytest.fixture
def folder(tmp_path) -> Path:
    found = tmp_path / "data"
    found.mkdir()
    (found / "people.csv").write_text(CSV)
    return found


@pytest.fixture
def faked(folder):
    with page(folder) as found:
        yield found
