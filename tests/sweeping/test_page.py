"""The page on sweeps: its examples run, and what it says of the space is so."""

from __future__ import annotations

import doctest
import tomllib
from pathlib import Path

from glasshouse.sweeping.default import DEFAULT
from glasshouse.sweeping.outcome import Outcome
from glasshouse.sweeping.space import KEYS, space_of

PAGE = Path(__file__).parents[2] / "docs" / "sweeps.md"


def test_the_examples_run() -> None:
    result = doctest.testfile(str(PAGE), module_relative=False)
    assert result.attempted >= 8
    assert result.failed == 0


def test_every_option_every_field_and_the_default_space_are_on_it() -> None:
    page = PAGE.read_text()
    for name in (*KEYS, *Outcome.__dataclass_fields__):
        assert f"`{name}`" in page
    first, *others = (part.split("```")[0] for part in page.split("```toml\n")[1:])
    assert first == DEFAULT
    for text in others:
        assert space_of(tomllib.loads(text)).options
