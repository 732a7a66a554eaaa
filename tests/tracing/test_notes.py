"""Specifications as they are written down: the four ways to write rows, shared names, what any bytes lead to."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glasshouse.errors import GlasshouseError, SpecificationError
from glasshouse.tracing import notes
from glasshouse.tracing.answers import Answer
from glasshouse.tracing.marking import mark
from glasshouse.tracing.notes import EXAMPLES, specification
from glasshouse.tracing.trace import traced

TEXTS = [path.read_text() for path in (Path(notes.__file__).parent / "examples").glob("*.toml")]
LAYER = {"units": 1, "activation": "sigmoid", "weights": [["w", "v"]]}
RAW = {"learning_rate": Decimal("0.1"), "layers": [LAYER], "values": {"w": 1, "v": Decimal("0.50")}}


@pytest.mark.parametrize(
    ("inputs", "targets"),
    [
        ([1, 2], [0]),
        ([[1, 2], [3, 4]], [[0], [1]]),
        ({"x1": 1, "x2": 2}, {"y1": 0}),
        ({"x1": [1, 3], "x2": [2, 4]}, {"y1": [0, 1]}),
    ],
)
def test_rows_can_be_written_in_four_ways(inputs, targets) -> None:
    of = specification(RAW | {"inputs": inputs, "targets": targets})
    assert of.inputs == ("x1", "x2")
    assert [given.value for given in of.samples[0]] == [1, 2]
    assert [given.value for given in of.answers[-1]] == [len(of.samples) - 1]


def test_numbers_are_shown_as_they_were_typed() -> None:
    of = specification(RAW | {"inputs": [1, 2], "targets": [0]})
    assert of.values["v"].shown(4) == "0.50"
    assert specification("example:course-sheet").samples[0][1].shown(1) == "0.10"


def test_json_is_read_as_toml_is(here) -> None:
    raw = {"inputs": [1, 2], "targets": [0], "learning_rate": 0.1, "layers": [LAYER], "values": {"w": 1, "v": 0.5}}
    (here / "a.json").write_text(json.dumps(raw, indent=1))
    assert traced(specification(here / "a.json")).values["z1"] == 2
    (here / "b.json").write_text(json.dumps(raw, indent=1).replace("sigmoid", "sigmoit"))
    with pytest.raises(SpecificationError, match=r"b.json, line 13: no activation is called 'sigmoit'"):
        specification(here / "b.json")


def test_a_shared_weight_adds_its_gradient_up_over_its_places() -> None:
    raw = RAW | {"layers": [LAYER | {"weights": [["w", "w"]]}], "values": {"w": 1}, "inputs": [1, 2], "targets": [0]}
    trace = traced(specification(raw))
    assert trace.values["dL/dw"] == pytest.approx(3 * trace.values["dL/dz1"])
    assert trace.values["z1@2"] == pytest.approx(3 * trace.values["w_new"])


def test_weights_of_layers_by_size_are_drawn_and_short() -> None:
    raw = {"inputs": [1, 2], "targets": [0], "learning_rate": 1, "layers": [{"units": 3, "activation": "relu"}, LAYER]}
    raw["layers"][1] = {"units": 1, "activation": "sigmoid"}
    one, other = specification(raw), specification(raw | {"seed": 1})
    assert one.values == specification(raw).values != other.values
    assert {len(given.text.partition(".")[2]) for given in one.values.values()} == {2}


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(TEXTS), st.data())
def test_a_damaged_specification_is_traced_or_refused(tmp_path_factory, text: str, data) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 20)))
    piece = data.draw(
        st.sampled_from(["", "=", "-", '"', "1e999", "[", "nan", "0", "true", "[[layers]]", "w1", "\n", "é"])
    )
    path = tmp_path_factory.mktemp("fuzz") / "net.toml"
    path.write_text(text[:start] + piece + text[end:])
    try:
        traced(specification(path))
    except GlasshouseError as error:
        assert str(error)


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(sorted(EXAMPLES)), st.data())
def test_any_numbers_can_be_marked(example: str, data) -> None:
    trace = traced(specification(f"example:{example}"))
    names = data.draw(st.lists(st.sampled_from(sorted(trace.by_name)), min_size=1, max_size=4, unique=True))
    digits = st.sampled_from(["0", "0.0000", "-0.5", "1", "1e9", "-1e30", "0.0001", "123456.789", "1e-30"])
    answers = [Answer(k, name, name, Decimal(data.draw(digits))) for k, name in enumerate(names)]
    marking = mark(trace, answers)
    assert len(marking.lines) == len(names)
    assert 0 <= marking.score <= marking.possible
