"""Solutions made by hand, as they come: CSV or JSON of name and value, or lines of text and Markdown.

A line of text is read as a chain of equal things, ``w5 = 0.4 - 0.3 * 0.1634 = 0.3510``: a name, formulas, a number. A
chain within brackets, ``sigmoid(z_1 = … = 0.3825)``, is a line of its own. Handwriting is not read.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, DecimalException
from pathlib import Path

from ..errors import AnswersError
from .arithmetic import DECIMAL
from .expressions import evaluate, parsed
from .spelling import Vocabulary, from_latex

__all__ = ["Answer", "as_number", "formula_value", "read_answers"]

NUMBER = r"[-+−–]?\s*(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+−]?\d+)?"
EQUAL = r"\s*(?:={1,2}|≈|≃|→|⇒|←|\\approx)\s*"
INSIDE = re.compile(r"\(([^()=]*(?:\([^()]*\)[^()=]*)*=(?:[^()]|\([^()]*\))*)\)")  # brackets with an equation in them
MOST_BYTES = 4_000_000


@dataclass(frozen=True)
class Answer:
    """One number of a hand-made solution.

    Attributes
    ----------
    line : int
        Of the file, counted from 1.
    spelled : str
        What it was called; empty for a formula without a name.
    name : str or None
        The step or the given that is meant; None until its formula has placed it.
    value : Decimal
        With the digits it was written with.
    formulas : tuple of str
        What stood between name and number.
    placed : bool
        Whether its formula, and not a name, said what it is.
    """

    line: int
    spelled: str
    name: str | None
    value: Decimal
    formulas: tuple[str, ...] = ()
    placed: bool = False

    @property
    def written(self) -> str:
        """The number with its digits, in positional notation."""
        return f"{self.value:f}"

    @property
    def decimals(self) -> int:
        exponent = self.value.as_tuple().exponent
        return max(0, -exponent) if isinstance(exponent, int) else 0


def read_answers(path: Path, vocabulary: Vocabulary, unread: list[int] | None = None) -> list[Answer]:
    """The answers in a file; lines of text with an equation that says no number are added to `unread`.

    Raises
    ------
    AnswersError
        With the line, if a name is unknown, a number is none, or a line cannot be read.
    """
    try:
        raw = path.read_bytes()
        if len(raw) > MOST_BYTES:
            raise AnswersError(f"{path.name} has {len(raw):,} bytes: a solution has at most {MOST_BYTES:,}")
        text = raw.decode("utf-8-sig")
    except OSError as error:
        raise AnswersError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise AnswersError(f"{path.name} is no text in UTF-8: save it as CSV, JSON, text or Markdown") from error
    reader = {".csv": _csv, ".tsv": _csv, ".json": _json}.get(path.suffix.lower(), _text)
    try:
        answers = list(reader(text, vocabulary))
        if unread is not None and reader is _text:
            read = {answer.line for answer in answers}
            unread += [number for number, line in _joined(text) if _looks_read(line) and number not in read]
    except AnswersError as error:
        raise AnswersError(f"{path.name}, {error}") from error
    if not answers:
        raise AnswersError(f"{path.name} has no line such as 'w5 = 0.3510': write a name, '=' and a number")
    return answers


def as_number(text: str) -> Decimal | None:
    """A number with the digits it is written with, its mark a point or a comma; None if it is none.

    Examples
    --------
    >>> as_number("0,3510"), as_number("−1.5e-3"), as_number("w5")
    (Decimal('0.3510'), Decimal('-0.0015'), None)
    """
    text = text.strip().replace("−", "-").replace("–", "-").replace(" ", "")
    if re.fullmatch(r"[-+]?\d*,\d+(?:[eE][-+]?\d+)?", text):
        text = text.replace(",", ".")
    if not re.fullmatch(NUMBER, text):
        return None
    try:
        value = Decimal(text)
    except DecimalException:
        return None
    return value if abs(value.adjusted()) < 300 or value == 0 else None


def formula_value(text: str) -> Decimal | None:
    """What a formula of numbers comes to; None where it is none, or holds names."""
    try:
        value = evaluate(parsed(as_formula(text)), _no_name, DECIMAL)
    except (ValueError, KeyError, TypeError, ArithmeticError, RecursionError, MemoryError):
        return None
    return value if isinstance(value, Decimal) and value.is_finite() else None


def _no_name(name: str) -> Decimal:
    raise KeyError(name)


def as_formula(text: str) -> str:
    """A formula as people write it, in the signs that `parsed` reads.

    Examples
    --------
    >>> as_formula("2(0.5 − 0.25)² × 3")
    '2*(0.5 - 0.25)**2 * 3'
    """
    text = from_latex(text)
    text = re.sub(r"[\[{]", "(", re.sub(r"[\]}]", ")", text))
    for sign, plain in {
        "×": "*",
        "·": "*",
        "⋅": "*",
        "−": "-",
        "–": "-",
        "÷": "/",
        "²": "**2",
        "³": "**3",
        "½": "(1/2)",
    }.items():
        text = text.replace(sign, plain)
    text = text.replace("^", "**").replace("σ", "sigmoid").replace("$", "")
    text = re.sub(r"\bln\b", "log", re.sub(r"\b(?:sig|logistic)\b", "sigmoid", text))
    text = re.sub(r"(?<=[\d)])\s*(?=\()", "*", text)
    if re.search(r"\*\*\s*[-(]?\s*\d{3,}", text) or len(text) > 2000:
        raise ValueError("a power nobody writes")
    return text.strip()


def _csv(text: str, vocabulary: Vocabulary) -> Iterator[Answer]:
    first = text.lstrip().partition("\n")[0]
    delimiter = max(";\t,", key=first.count)
    for k, (line, row) in enumerate(_rows(text, delimiter)):
        cells = [cell.strip() for cell in row]
        if not any(cells):
            continue
        if len(cells) < 2:
            raise AnswersError(f"line {line}: {row[0]!r} has no value: write name{delimiter}value")
        value = as_number(cells[1])
        if delimiter == "," and len(cells) == 3 and all(re.fullmatch(r"[-+]?\d+", cell) for cell in cells[1:]):
            raise AnswersError(
                f"line {line}: {cells[0]} has two numbers: write a decimal point, or ; between the cells"
            )
        if value is None:
            if k == 0 and vocabulary(cells[0]) is None:
                continue  # the header
            if not cells[1]:
                continue  # a blank left open
            raise AnswersError(f"line {line}: {cells[0]} is {cells[1]!r}: write a number")
        yield _named(line, cells[0], value, vocabulary)


def _rows(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    rows = csv.reader(io.StringIO(text, newline=None), delimiter=delimiter)
    try:
        for row in rows:
            yield rows.line_num, row
    except csv.Error as error:
        raise AnswersError(f"line {rows.line_num}: this is no CSV: {error}") from error


def _json(text: str, vocabulary: Vocabulary) -> Iterator[Answer]:
    try:
        raw = json.loads(text, parse_float=Decimal, parse_int=Decimal, parse_constant=str)
    except (json.JSONDecodeError, RecursionError, DecimalException) as error:
        line = getattr(error, "lineno", 1)
        raise AnswersError(f"line {line}: this is no JSON: {getattr(error, 'msg', 'too deep')}") from error
    pairs = raw.items() if isinstance(raw, dict) else _pairs(raw)
    for name, value in pairs:
        where = re.search(rf'"{re.escape(str(name))}"', text)
        line = 1 if where is None else text.count("\n", 0, where.start()) + 1
        number = value if isinstance(value, Decimal) else as_number(value) if isinstance(value, str) else None
        if value is None:
            continue
        if number is None or not number.is_finite():
            raise AnswersError(f"line {line}: {name} is {value!r}: write a number")
        yield _named(line, str(name), number, vocabulary)


def _pairs(raw: object) -> Iterator[tuple[object, object]]:
    if not isinstance(raw, list):
        raise AnswersError('line 1: write {"w5_new": 0.3510}, or a list of {"name": …, "value": …}')
    for item in raw:
        if not isinstance(item, dict) or not {"name", "value"} <= set(item):
            raise AnswersError(f'line 1: {item!r} is no answer: write {{"name": …, "value": …}}')
        yield item["name"], item["value"]


def _text(text: str, vocabulary: Vocabulary) -> Iterator[Answer]:
    text = text.replace("{,}", ",")
    commas = bool(re.search(r"\d,\d", text)) and not re.search(r"\d\.\d", text)
    for number, raw in _joined(text):
        line = re.sub(r"(?<=\d),(?=\d)", ".", raw) if commas else raw
        if len(line) > 5000:
            raise AnswersError(f"line {number} has {len(line):,} signs: write a number a line")
        line = _without_ornaments(line)
        if line.startswith("|"):
            yield from _row_of_table(number, line, vocabulary)
            continue
        for piece in re.split(r"[;,]\s+(?=[^\d\s=][^=]{0,40}=)", line):
            for one in _apart(piece, vocabulary):
                yield from _chains(number, one, vocabulary)


def _joined(text: str) -> Iterator[tuple[int, str]]:
    """Lines with their numbers; one that begins with an equals sign goes on with the one before."""
    waiting: tuple[int, str] | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        if waiting is not None and re.match(r"[\s&$]*=", line):
            before, more = waiting[1].rstrip(" \\"), line.lstrip(" &$")
            waiting = waiting[0], f"{before} {more}"
            continue
        if waiting is not None:
            yield waiting
        waiting = number, line
    if waiting is not None:
        yield waiting


def _looks_read(line: str) -> bool:
    """Whether a line that gave no answer may have been meant as one."""
    return bool(re.search(r"=\D*\d|\|.*\d.*\||[^\W\d]\w*\s*:\s*[-+]?\d", line)) and not re.match(r"\s*#", line)


def _row_of_table(line: int, row: str, vocabulary: Vocabulary) -> Iterator[Answer]:
    """A row of a table in Markdown: a name, formulas, a number."""
    cells = [cell.strip(" *`") for cell in row.strip("| ").split("|")]
    value = as_number(cells[-1])
    if len(cells) > 1 and value is not None:
        yield from _placed(line, cells[0], value, tuple(cells[1:-1]), vocabulary)


def _apart(piece: str, vocabulary: Vocabulary) -> Iterator[str]:
    """Equations that stand side by side with nothing between them: a number, then a known name and an equals sign."""
    start = 0
    for found in re.finditer(r"(?<=\d)\s+(?:und\s+|and\s+)?(?=([^\W\d][^\s=]*)\s*=)", piece):
        if vocabulary(found[1]) is not None:
            yield piece[start : found.start()]
            start = found.end()
    yield piece[start:]


def _without_ornaments(line: str) -> str:
    """A line without what Markdown and LaTeX put around its contents."""
    line = re.sub(r"^\s*(?:[-*+>#]+\s+|\(?(?:\d+|[a-z])[.)]\s+)+", "", line)
    line = re.sub(r"(?<![\w)])\*\*(?=\S)([^*]+?)\*\*(?![\w(])", r"\1", line)  # bold, not a power
    line = line.replace("$", " ").replace("`", " ").replace("\\\\", " ").replace("&", " ")
    return re.sub(r"\\[\[\]()]", " ", from_latex(line)).strip()


def _chains(line: int, piece: str, vocabulary: Vocabulary) -> Iterator[Answer]:
    """The answers of one chain: those within its brackets first."""
    inside = INSIDE.search(piece)
    while inside is not None:
        found = list(_chain(line, inside[1], vocabulary))
        if not found:
            break
        yield from found
        piece = piece[: inside.start(1)] + found[-1].written + piece[inside.end(1) :]
        inside = INSIDE.search(piece)
    yield from _chain(line, piece, vocabulary)


def _chain(line: int, piece: str, vocabulary: Vocabulary) -> Iterator[Answer]:
    label, sign, rest = piece.partition(":")
    if not sign or "=" in label:
        label, rest = "", piece
    parts = [part.strip() for part in re.split(EQUAL, rest.strip())]
    value = as_number(
        re.sub(r"[\s.,;:✓✔*]*(?:\([^()=]*\))?[\s.,;:✓✔*]*$", "", parts[-1]) if len(parts[-1]) > 1 else parts[-1]
    )
    if len(parts) == 1 and not label:
        return  # prose
    if value is None:
        is_formula = bool(re.search(r"\d", parts[-1])) and not re.search(r"[^\W\d]", parts[-1])
        if len(parts) > 1 and is_formula and vocabulary(label or parts[0]) is not None:
            raise AnswersError(f"line {line}: {piece.strip()[:60]!r} does not end in a number: write '… = 0.3510'")
        return
    spelled, formulas = label.strip(), parts[:-1]
    if formulas and re.search(r"[^\W\d]", formulas[0]) and formula_value(formulas[0]) is None:
        name = vocabulary(formulas[0])
        if name is not None or vocabulary(spelled) is None:
            if name is not None or not spelled or len(formulas) == 1:
                spelled = formulas[0]
            formulas = formulas[1:]
    if not formulas and not re.search(r"[^\W\d]", spelled):
        return  # a number by itself
    yield from _placed(line, spelled, value, tuple(formulas), vocabulary)


def _placed(
    line: int, spelled: str, value: Decimal, formulas: tuple[str, ...], vocabulary: Vocabulary
) -> Iterator[Answer]:
    name = vocabulary(spelled) if spelled else None
    if name is None and not any(formula_value(formula) is not None for formula in formulas):
        if not formulas and (" " in spelled.strip() or not spelled):
            return  # a sentence that ends in a number
        raise AnswersError(f"line {line}: nothing is called {spelled!r}: {vocabulary.near(spelled)}")
    yield Answer(line, spelled, name, value, formulas)


def _named(line: int, spelled: str, value: Decimal, vocabulary: Vocabulary) -> Answer:
    name = vocabulary(spelled)
    if name is None:
        raise AnswersError(f"line {line}: nothing is called {spelled!r}: {vocabulary.near(spelled)}")
    return Answer(line, spelled, name, value)
