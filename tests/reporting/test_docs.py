"""The page about reports: its examples run, and its table of fields names every field of the twin."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import glasshouse as gh

PAGE = Path(__file__).parents[2] / "docs" / "report.md"


def test_examples_in_the_page_run() -> None:
    result = doctest.testfile(str(PAGE), module_relative=False)
    assert result.attempted >= 7
    assert result.failed == 0


def test_every_field_of_the_twin_is_in_the_page() -> None:
    twin = gh.report(gh.train("example:iris", target="target", epochs=1, baselines=False, out="")).twin
    named = re.findall(r"^\| `(\w+)` \|", PAGE.read_text("utf-8"), re.MULTILINE)
    assert ["schema_version", *named] == list(twin)
