"""An encoder as ONNX nodes: a named input for each column that is read, and the formulas of its encodings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..tables.columns import truths
from ..tables.corrections import marked
from ..tables.dates import moments
from ..tables.encoder import TableEncoding
from ..tables.encodings import (
    BEND,
    FAR,
    BooleanEncoding,
    CategoryEncoding,
    DateEncoding,
    Encoding,
    NumberEncoding,
)
from ..tables.table import Table
from ..tables.taken import OneHotEncoding, ScaledEncoding
from ..tables.words import MISSING, Words
from .columns import DATE_PARTS, needs_double
from .onnx_nodes import ML_DOMAIN, Nodes

__all__ = ["Input", "add_encoder", "inputs_of"]

Array = npt.NDArray[Any]
Reader = Callable[[Words], Array]
SINGLE, DOUBLE, TEXT = np.dtype(np.float32), np.dtype(np.float64), np.dtype(object)
WHOLE = float(1 << 24)  # whole numbers up to here are themselves in single precision


@dataclass(frozen=True)
class Input:
    """One input of the graph, (N, 1).

    Attributes
    ----------
    name : str
        The column's, or one like it where that is taken or empty.
    column : str
    dtype : numpy dtype
        float32, float64, or object for text.
    read : function of distinct cells
        What they are for this input.
    says : str
        What may stand in it, for the file.
    """

    name: str
    column: str
    dtype: np.dtype[Any]
    read: Reader = field(repr=False)
    says: str = ""


def inputs_of(inputs: list[Input], encoder: TableEncoding, table: Table) -> dict[str, Array]:
    """What a graph takes for the rows of a table: an array (n_rows, 1) for each input."""
    columns = marked(table, encoder.marks).columns
    found = {}
    for each in inputs:
        cells = columns[each.column]
        found[each.name] = each.read(cells.known)[cells.places].astype(each.dtype).reshape(-1, 1)
    return found


def add_encoder(nodes: Nodes, encoder: TableEncoding) -> tuple[list[Input], str]:
    """Add an encoder; return its inputs and the name of the features (N, n_features) float32."""
    read = [encoding for encoding in encoder.encodings if encoding.features]  # others are of no use to the network
    names = [_input_names(nodes, encoding) for encoding in read]  # before any node takes one of them
    inputs: list[Input] = []
    features: list[str] = []
    for encoding, name in zip(read, names, strict=True):
        marks = (*encoder.marks.get("", ()), *encoder.marks.get(encoding.name, ()))
        more, found = _added(nodes, encoding, name, marks)
        inputs += more
        features += found
    return inputs, nodes.op("Concat", *features, axis=1)


def _input_names(nodes: Nodes, encoding: Encoding) -> list[str]:
    if isinstance(encoding, DateEncoding):
        return [nodes.name(f"{encoding.name}_{part}") for part in encoding.parts or ("days",)]
    return [nodes.name(encoding.name)]


def _added(nodes: Nodes, encoding: Encoding, names: list[str], marks: tuple[str, ...]) -> tuple[list[Input], list[str]]:
    if isinstance(encoding, DateEncoding):
        return _date(nodes, encoding, names)
    if isinstance(encoding, NumberEncoding):
        return _number(nodes, encoding, names[0])
    if isinstance(encoding, ScaledEncoding):
        return _scaled(nodes, encoding, names[0])
    if isinstance(encoding, BooleanEncoding):
        return _boolean(nodes, encoding, names[0])
    if isinstance(encoding, CategoryEncoding):
        return _category(nodes, encoding, names[0], marks)
    if isinstance(encoding, OneHotEncoding):
        return _one_hot(nodes, encoding, names[0], marks)
    column = encoding.name
    return [Input(names[0], column, SINGLE, lambda words: words.numbers(column), "a number")], names


def _number(nodes: Nodes, encoding: NumberEncoding, name: str) -> tuple[list[Input], list[str]]:
    column, kind = encoding.name, _precision(encoding.median, encoding.scale)
    taken = Input(name, column, kind, lambda words: words.numbers(column), "a number; NaN where it is missing")
    missing = nodes.op("IsNaN", name)
    value = _bent(nodes, taken, missing, encoding.median, encoding.scale)
    return [taken], [value, *_indicator(nodes, missing, encoding.indicator)]


def _scaled(nodes: Nodes, encoding: ScaledEncoding, name: str) -> tuple[list[Input], list[str]]:
    kind = _precision(encoding.center, encoding.scale)
    taken = Input(name, encoding.name, kind, encoding.numbers, "a number")
    z = _standard(nodes, taken, encoding.center, encoding.scale)
    if encoding.fill is None:
        return [taken], [_single(nodes, z, kind)]
    missing = nodes.op("IsNaN", name)
    z = nodes.op("Where", missing, nodes.constant(kind.type(encoding.scaled(encoding.fill))), z)
    taken = replace(taken, says="a number; NaN where it is missing")
    return [taken], [_single(nodes, z, kind), *_indicator(nodes, missing, encoding.indicator)]


def _precision(center: float, scale: float) -> np.dtype[Any]:
    """In which a column is read: double where single would lose digits that matter."""
    return DOUBLE if needs_double(center, scale) else SINGLE


def _standard(nodes: Nodes, taken: Input, center: float, scale: float) -> str:
    """(x - center) / scale; in single precision the center is two numbers, so that none of its digits is lost."""
    kind = taken.dtype.type
    away = nodes.op("Sub", taken.name, nodes.constant(kind(center)))
    rest = kind(center - float(kind(center)))
    away = nodes.op("Sub", away, nodes.constant(rest)) if rest else away
    return nodes.op("Div", away, nodes.constant(kind(scale)))


def _bent(nodes: Nodes, taken: Input, missing: str, median: float, scale: float) -> str:
    """Centred, scaled, softly clipped, as `encodings.scaled` does; the median where it is missing."""
    kind = taken.dtype.type
    z = nodes.op("Where", missing, nodes.constant(kind(0)), _standard(nodes, taken, median, scale))
    z = nodes.op("Clip", z, nodes.constant(kind(-FAR)), nodes.constant(kind(FAR)))
    bent = nodes.op("Div", z, nodes.constant(kind(BEND)))
    root = nodes.op("Sqrt", nodes.op("Add", nodes.op("Mul", bent, bent), nodes.constant(kind(1))))
    return _single(nodes, nodes.op("Div", z, root), taken.dtype)


def _single(nodes: Nodes, value: str, dtype: np.dtype[Any]) -> str:
    return value if dtype == SINGLE else nodes.cast(value, SINGLE)


def _indicator(nodes: Nodes, missing: str, wanted: bool) -> list[str]:
    return [nodes.cast(missing, SINGLE)] if wanted else []


def _boolean(nodes: Nodes, encoding: BooleanEncoding, name: str) -> tuple[list[Input], list[str]]:
    taken = Input(
        name, encoding.name, SINGLE, lambda words: truths(words.text), "1 for yes, 0 for no; NaN where it is missing"
    )
    missing = nodes.op("IsNaN", name)
    value = nodes.op("Where", missing, nodes.constant(np.float32(0.5)), name)
    return [taken], [value, *_indicator(nodes, missing, encoding.indicator)]


def _date(nodes: Nodes, encoding: DateEncoding, names: list[str]) -> tuple[list[Input], list[str]]:
    scales = dict(zip(encoding.parts, zip(encoding.medians, encoding.scales, strict=True), strict=True))
    missing = nodes.op("IsNaN", names[0])  # all parts are, or none is
    inputs, features = [], []
    for name, part in zip(names, encoding.parts or ("days",), strict=True):
        median, scale = scales.get(part, (0.0, 1.0))
        taken = Input(
            name,
            encoding.name,
            _precision(median, scale),
            _reader(encoding.order, part),
            f"{DATE_PARTS[part]}; NaN where the date is missing",
        )
        inputs.append(taken)
        if part in scales:
            features.append(_bent(nodes, taken, missing, median, scale))
    return inputs, [*features, *_indicator(nodes, missing, encoding.indicator)]


def _reader(order: str, part: str) -> Reader:
    return lambda words: np.asarray(getattr(moments(words.text, order), part))


def _category(
    nodes: Nodes, encoding: CategoryEncoding, name: str, marks: tuple[str, ...]
) -> tuple[list[Input], list[str]]:
    width = len(encoding.features)
    places = {level: place for place, level in enumerate(encoding.levels)}
    places |= dict.fromkeys((*MISSING, *marks), width - 1 if encoding.missing else width)
    unseen = len(encoding.levels) if encoding.other else width
    return [_text(name, encoding.name, "")], [_placed(nodes, name, places, unseen, width)]


def _one_hot(
    nodes: Nodes, encoding: OneHotEncoding, name: str, marks: tuple[str, ...]
) -> tuple[list[Input], list[str]]:
    if encoding.numeric:
        return _one_hot_numbers(nodes, encoding, name)
    width = len(encoding.features)
    gone = width if encoding.of_missing < 0 else encoding.of_missing
    places = dict.fromkeys(MISSING, gone)
    places |= {str(word): width if place < 0 else place for word, place in encoding.places.items()}
    places |= dict.fromkeys(marks, gone)
    absent = next((word for word in (*MISSING, *marks) if word not in encoding.places), "")
    return [_text(name, encoding.name, absent)], [_placed(nodes, name, places, width, width)]


def _one_hot_numbers(nodes: Nodes, encoding: OneHotEncoding, name: str) -> tuple[list[Input], list[str]]:
    levels = np.array([float(level) for level in encoding.levels])
    kind = SINGLE if (np.abs(levels) <= WHOLE).all() and (levels == np.floor(levels)).all() else DOUBLE
    column = encoding.name
    taken = Input(name, column, kind, lambda words: words.numbers(column), "a number; NaN where it is missing")
    missing = nodes.op("IsNaN", name)
    value = name
    if encoding.fill is not None:
        value = nodes.op("Where", missing, nodes.constant(kind.type(encoding.fill)), name)
    features = []
    if len(levels):
        each = nodes.constant(levels.astype(kind).reshape(1, -1), "levels")
        features.append(nodes.cast(nodes.op("Equal", value, each), SINGLE))
    return [taken], [*features, *_indicator(nodes, missing, encoding.missing)]


def _text(name: str, column: str, absent: str) -> Input:
    """A column of text; a cell that is no text at all is given as a word that means missing."""
    return Input(
        name,
        column,
        TEXT,
        lambda words: np.array([absent if word is None else word for word in words.text.to_pylist()], dtype=object),
        f"text; {absent!r} where it is missing",
    )


def _placed(nodes: Nodes, text: str, places: dict[str, int], unseen: int, width: int) -> str:
    """(N, width): 1 at the place of the word, all 0 where that is `width`."""
    place = nodes.op(
        "LabelEncoder",
        text,
        domain=ML_DOMAIN,
        keys_strings=list(places),
        values_int64s=list(places.values()),
        default_int64=unseen,
    )
    each = nodes.constant(np.arange(width, dtype=np.int64).reshape(1, -1), "places")
    return nodes.cast(nodes.op("Equal", place, each), SINGLE)
