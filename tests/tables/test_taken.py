"""The encodings that scikit-learn's preprocessing becomes: what they read, what they refuse, what a file may hold."""

from __future__ import annotations

import json
import math

import numpy as np
import pyarrow as pa
import pytest

from glasshouse.errors import TableError
from glasshouse.tables.cells import Cells
from glasshouse.tables.encoder import TableEncoding
from glasshouse.tables.encodings import ENCODINGS, OneHotEncoding, ScaledEncoding
from glasshouse.tables.table import Table
from glasshouse.tables.words import Words

AGE = ScaledEncoding("age", 30.0, 20.0, 10.0, True)
PORT = OneHotEncoding("port", ("?", "b"), ("c",), "b", False, False)
CLASS = OneHotEncoding("class", ("1", "2.5"), ("3",), None, True, True)


def words(*cells: str | None) -> Words:
    return Words(pa.array(cells, pa.string()))


def test_numbers_are_scaled_and_missing_ones_filled_and_told() -> None:
    read = AGE.read(words("40", None, "NA", "old", "True", "-1e1"))
    assert np.array_equal(read.codes, np.float32([[2, 0], [1, 1], [1, 1], [1, 1], [-1.9, 0], [-3, 0]]))
    assert read.unreadable.tolist() == [False, False, False, True, False, False]
    assert not read.unseen.any()
    assert AGE.features == ["age", "age missing"]
    assert AGE.bounds == [(-math.inf, math.inf), (0, 1)]
    assert ScaledEncoding("age", 30.0, 20.0, 10.0, False).read(words("")).codes.tolist() == [[1]]


@pytest.mark.parametrize("cell", [None, "NA", "old"])
def test_without_a_fill_what_is_no_number_is_refused(cell) -> None:
    with pytest.raises(TableError, match=f"column 'age' holds {cell!r}: this network takes numbers alone, fill such"):
        ScaledEncoding("age", None, 20.0, 10.0, False).read(words("1", cell))


def test_numbers_that_are_infinite_or_become_so_are_refused() -> None:
    with pytest.raises(TableError, match="column 'age' holds '1e31': a number must be finite"):
        AGE.read(words("1e31"))
    with pytest.raises(TableError, match="column 'age' holds '7': scaled by 1e-300 it is beyond 1e"):
        ScaledEncoding("age", None, 0.0, 1e-300, False).read(words("0", "7"))


def test_a_level_is_itself_even_where_its_text_means_missing_elsewhere() -> None:
    read = PORT.read(words("?", "b", "c", "d", None, "NA", ""))
    assert read.codes.tolist() == [0, 1, -1, -1, 1, 1, 1]
    assert read.unseen.tolist() == [False, False, False, True, False, False, False]
    assert PORT.features == ["port=?", "port=b"]
    assert PORT.bounds == [(0, 1), (0, 1)]


def test_levels_that_are_numbers_are_compared_as_numbers() -> None:
    read = CLASS.read(words("1.0", "25e-1", "3", "4", "x", None, "NaN"))
    assert read.codes.tolist() == [0, 1, -1, -1, -1, 2, 2]
    assert read.unseen.tolist() == [False, False, False, True, True, False, False]
    assert CLASS.features == ["class=1", "class=2.5", "class missing"]


def test_they_are_learned_as_scikit_learn_would() -> None:
    cells = Cells.of(["1", "3", "3", "", "5"]).counted()
    mean, deviation = np.mean([1, 3, 3, 5]), np.std([1, 3, 3, 5])
    assert ScaledEncoding.fit("n", cells) == ScaledEncoding("n", mean, mean, deviation, True)
    assert ScaledEncoding.fit("n", Cells.of(["2", "2"]).counted()) == ScaledEncoding("n", 2.0, 2.0, 1.0, False)
    assert ScaledEncoding.fit("n", Cells.of(["", ""]).counted()) == ScaledEncoding("n", 0.0, 0.0, 1.0, True)
    assert OneHotEncoding.fit("n", cells) == OneHotEncoding("n", ("1", "3", "5"), (), None, True, False)


def test_a_file_gives_them_back() -> None:
    encoder = TableEncoding((AGE, PORT, CLASS), ("age", "port", "class", "t"), ("t",))
    again = TableEncoding.from_dict(json.loads(json.dumps(encoder.to_dict())))
    assert again == encoder
    table = Table("t", {"age": Cells.of(["1", ""]), "port": Cells.of(["?", "x"]), "class": Cells.of(["1", None])})
    wanted = np.float32([[-1.9, 0, 1, 0, 1, 0, 0], [1, 1, 0, 0, 0, 0, 1]])
    assert np.array_equal(again.transform(table)[0], wanted)
    assert again.transform(table)[1].unseen == {"port": 1}
    assert {"scaled", "one_hot"} <= set(ENCODINGS)


WRONG = [
    ("scaled", {"scale": 0.0}, "has center 20.0 and scale 0.0"),
    ("scaled", {"scale": -1.0}, "has center 20.0 and scale -1.0"),
    ("scaled", {"fill": None}, "tells missing cells, but has nothing to fill them with"),
    ("scaled", {"fill": 1e31}, "is filled with 1e"),
    ("scaled", {"scale": 1e-300}, "is filled with 30.0, scale 1e-300"),
    ("scaled", {"center": "20"}, "center is no float"),
    ("one_hot", {"levels": ["a", "a"]}, "two of which are one"),
    ("one_hot", {"levels": ["c", "b"]}, "two of which are one"),
    ("one_hot", {"levels": ["1", "1.0"], "known": [], "numeric": True, "fill": None}, "two of which are one"),
    ("one_hot", {"numeric": True}, "that are no numbers"),
    ("one_hot", {"levels": ["1e31"], "known": [], "numeric": True}, "that are no numbers"),
    ("one_hot", {"fill": "z"}, "is filled with 'z', which is none of its levels"),
    ("one_hot", {"missing": True}, "is filled with 'b', which is none of its levels"),
    ("one_hot", {"levels": "ab"}, "levels is no"),
    ("one_hot", {"missing": 1}, "missing is no bool"),
]


@pytest.mark.parametrize(("kind", "change", "said"), WRONG)
def test_what_a_file_may_not_hold(kind, change, said) -> None:
    document = TableEncoding((AGE if kind == "scaled" else PORT,), ("age", "port", "t"), ("t",)).to_dict()
    settings = {name: list(v) if isinstance(v, tuple) else v for name, v in document["encodings"][0].items()}
    with pytest.raises((ValueError, TypeError), match=said):
        TableEncoding.from_dict({**document, "encodings": [settings | change]})
