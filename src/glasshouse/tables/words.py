"""What a cell says, and the distinct cells of a column: as text, as numbers, or first the one and then the other."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ..errors import TableError

__all__ = [
    "EXACT",
    "INFINITE",
    "LARGEST",
    "MISSING",
    "NUMBER",
    "WRITTEN",
    "Words",
    "doubles",
    "is_missing",
    "is_number",
    "is_numeric",
    "missing_mask",
    "numbers",
    "readings",
    "words_of",
    "written_as",
]

Array = npt.NDArray[Any]
MISSING = ("", "?", "NA", "N/A", "na", "n/a", "NaN", "nan", "NAN", "null", "NULL", "#N/A")
NUMBER = r"^[+-]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$"
INFINITE = r"(?i)^[+-]?inf(?:inity)?$"
LARGEST = 1e30
EXACT = 2.0**53  # whole numbers beyond are not told apart
WRITTEN = "double"  # how numbers are written where nothing else is said
_NUMBER = re.compile(NUMBER)


class Words:
    """Distinct cells of a column, null among them if there is one.

    Text is read as numbers once, when that is asked for first. Numbers are written as text whenever that is asked for:
    it would take several times their memory.

    Attributes
    ----------
    values : (n,) float64
        What they say as numbers, NaN where one is missing or no number, infinite ones among them.
    written : str
        The type of Arrow by which numbers become text.

    Examples
    --------
    >>> Words(pa.array(["1.50", "x"])).values.tolist(), Words.of_numbers(np.array([1.5])).text.to_pylist()
    ([1.5, nan], ['1.5'])
    """

    __slots__ = ("_text", "_values", "written")

    def __init__(self, text: pa.Array | None, values: npt.NDArray[np.float64] | None = None, written: str = WRITTEN):
        assert text is not None or values is not None
        self._text, self._values, self.written = text, values, written

    @classmethod
    def of_numbers(cls, values: npt.NDArray[np.float64], written: str = WRITTEN) -> Words:
        """NaN is null."""
        return cls(None, values, written)

    @property
    def numeric(self) -> bool:
        """Whether they came as numbers."""
        return self._text is None

    @property
    def text(self) -> pa.Array:
        """Each as it is written."""
        if self._text is not None:
            return self._text
        assert self._values is not None
        return words_of(self._values, self.written)

    @property
    def values(self) -> npt.NDArray[np.float64]:
        if self._values is None:
            self._values = readings(self._text)
        return self._values

    @property
    def missing(self) -> npt.NDArray[np.bool_]:
        """Where one is a mark for missing, or null."""
        return np.isnan(self.values) if self._text is None else missing_mask(self._text)

    def numbers(self, name: str) -> npt.NDArray[np.float64]:
        """Them as numbers, NaN where one is missing or no number; `name` is their column's.

        Raises
        ------
        TableError
            If one is infinite, in word or in size, or beyond 1e30, where float32 arithmetic ends soon.
        """
        values = self.values
        with np.errstate(invalid="ignore"):
            beyond = np.abs(values) > LARGEST
        if beyond.any():
            raise TableError(
                f"column {name!r} holds {self[int(beyond.argmax())]!r}: a number must be finite "
                f"and within {LARGEST:g}: mend it, or leave the cell empty"
            )
        return values

    def where(self, mask: npt.NDArray[np.bool_]) -> Words:
        """Those for which a mask is true."""
        if mask.all():
            return self
        text = None if self._text is None else self._text.filter(pa.array(mask))
        return Words(text, None if self._values is None else self._values[mask], self.written)

    def __len__(self) -> int:
        return len(self.values if self._text is None else self._text)

    def __getitem__(self, place: int) -> str | None:
        if self._text is not None:
            return self._text[place].as_py()  # type: ignore[no-any-return]
        return words_of(self.values[place : place + 1], self.written)[0].as_py()  # type: ignore[no-any-return]


def is_missing(cell: str) -> bool:
    return cell in MISSING


def is_number(cell: str) -> bool:
    return _NUMBER.match(cell) is not None


def missing_mask(words: pa.Array) -> npt.NDArray[np.bool_]:
    """Where a word is one of the marks for missing, or null."""
    return np.asarray(pc.or_(pc.is_in(words, value_set=pa.array(MISSING)), pc.is_null(words)).fill_null(True), bool)


def numbers(name: str, words: pa.Array) -> npt.NDArray[np.float64]:
    """The same as `Words.numbers`, of text."""
    return Words(words).numbers(name)


def readings(words: pa.Array) -> npt.NDArray[np.float64]:
    """Words as numbers, infinite ones among them; NaN where one is missing or no number. There is one zero.

    Words that are all of them numbers or missing, as most are, take a fifth of the time.
    """
    plain = _plainly(words)
    if plain is not None:
        return plain + 0.0
    words = pc.utf8_trim_whitespace(words)
    plain = _plainly(pc.if_else(pc.is_in(words, value_set=pa.array(MISSING)), pa.scalar(None, pa.string()), words))
    if plain is not None:
        return plain + 0.0
    readable = pc.match_substring_regex(words, NUMBER).fill_null(False)
    values = np.full(len(words), np.nan)
    if pc.any(readable).as_py():
        values[np.asarray(readable)] = doubles(pc.cast(pc.filter(words, readable), pa.float64()))
    values[np.asarray(pc.match_substring_regex(words, INFINITE).fill_null(False))] = np.inf
    return values + 0.0


def _plainly(words: pa.Array) -> npt.NDArray[np.float64] | None:
    """Words as numbers, if each is one within limits, or null."""
    try:
        cast = pc.cast(words, pa.float64())
    except pa.ArrowInvalid:
        return None
    values = doubles(cast)
    with np.errstate(invalid="ignore"):
        plain = np.isnan(values).sum() == cast.null_count and not (np.abs(values) > LARGEST).any()
    return values if plain and not _has_leading_zeros(words) else None


def _has_leading_zeros(words: pa.Array) -> bool:
    """Whether any word is a 0 before another digit, which makes it a code and not a number."""
    _, ends, data = words.buffers()
    if data is None or len(words) == 0 or data.size == 0:
        return False
    text = np.frombuffer(data, np.uint8)
    bounds = np.frombuffer(ends, np.int32)[words.offset : words.offset + len(words) + 1]
    first = np.minimum(bounds[:-1], len(text) - 1)
    first = first + ((text[first] == ord("+")) | (text[first] == ord("-")))
    second = np.minimum(first + 1, len(text) - 1)
    zero = text[np.minimum(first, len(text) - 1)] == ord("0")
    digit = (text[second] >= ord("0")) & (text[second] <= ord("9"))
    return bool((zero & digit & (bounds[1:] - first > 1)).any())


def doubles(cells: pa.Array) -> npt.NDArray[np.float64]:
    """NaN for null; by DLPack, since `to_numpy` imports pandas where that is installed."""
    if cells.null_count:
        cells = cells.fill_null(np.nan)
    return np.asarray(np.from_dlpack(cells), np.float64) if len(cells) else np.zeros(0)


def words_of(values: npt.NDArray[np.float64], written: str = WRITTEN) -> pa.Array:
    """Numbers as a column of a type writes them, null for NaN.

    Examples
    --------
    >>> words_of(np.array([12345678901.0]), "int64")[0].as_py(), words_of(np.array([12345678901.0]))[0].as_py()
    ('12345678901', '1.2345678901e+10')
    """
    numbers = pa.array(values + 0.0, from_pandas=True)  # there is one zero
    words = pc.cast(pc.cast(numbers, written, safe=False), pa.string())
    if written != "int64":
        return words
    with np.errstate(invalid="ignore"):
        beyond = np.abs(values) >= EXACT
    return pc.if_else(pa.array(beyond), pc.cast(numbers, pa.string()), words) if beyond.any() else words


def is_numeric(kind: pa.DataType) -> bool:
    """Whether cells of an Arrow type are numbers, or nothing at all; a decimal is how it is written."""
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_null(kind))


def written_as(kind: pa.DataType) -> str:
    """The type by which numbers of an Arrow type become words: all whole ones are written alike."""
    return "int64" if pa.types.is_integer(kind) else WRITTEN if pa.types.is_null(kind) else str(kind)
