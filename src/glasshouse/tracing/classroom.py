"""The solutions of a class: marks for every student, and where the class first goes wrong."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import AnswersError, GlasshouseError
from ..storage import write_bytes
from ..tables.reading import Reading, as_table
from .answers import Answer, as_number, read_answers
from .mark_pages import class_page, student_page
from .marking import mark
from .slips import SLIPS
from .spelling import Vocabulary
from .trace import Trace
from .verdicts import Marking

__all__ = ["ClassMarks", "StudentMarks", "blank_header", "is_class", "mark_class"]

SUFFIXES = (".csv", ".tsv", ".json", ".txt", ".md", ".text", ".markdown")
BLANKS = ("-", "–", "—", "?", "/", ".", "…")


@dataclass(frozen=True)
class StudentMarks:
    """One student's solution, marked; or why it could not be read."""

    student: str
    marking: Marking | None
    problem: str = ""

    @property
    def slip(self) -> str:
        """What the first wrong line looks like, by name."""
        first = None if self.marking is None else self.marking.first
        return "" if first is None else " or ".join(first.slips[:2])

    @property
    def feedback(self) -> str:
        """A sentence for the student."""
        if self.marking is None:
            return f"not read: {self.problem}"
        said = self._of_lines(self.marking)
        if self.marking.missing:
            said += f", {len(self.marking.missing)} left out"
        return said + (f", not read: {self.problem}" if self.problem else "")

    def _of_lines(self, marking: Marking) -> str:
        first = marking.first
        if first is not None:
            looks = f": looks as if {SLIPS[first.slips[0]].sentence}" if first.slips else ""
            return f"first wrong: {first.name}{looks}"
        if not marking.lines:
            return "nothing written down"
        cut = marking.count("truncated")
        return "no line is wrong" + (f", {cut} cut off instead of rounded" if cut else "")


@dataclass(frozen=True)
class ClassMarks:
    """The marks of a class.

    Attributes
    ----------
    students : tuple of StudentMarks
    out : Path or None
        The folder that ``marks.csv``, the pages of the students and ``class.html`` were written to.
    """

    trace: Trace
    students: tuple[StudentMarks, ...]
    out: Path | None = None

    @property
    def first_mistakes(self) -> dict[str, int]:
        """How many students go wrong first at each line, the most first."""
        first = [marks.marking.first_wrong for marks in self.students if marks.marking is not None]
        return dict(Counter(name for name in first if name is not None).most_common())

    @property
    def problems(self) -> tuple[StudentMarks, ...]:
        """Solutions that could not be read, or not all of them."""
        return tuple(marks for marks in self.students if marks.problem)

    def rows(self) -> list[dict[str, Any]]:
        """As ``marks.csv`` has them."""
        return [
            {
                "student": marks.student,
                "score": "" if marks.marking is None else f"{marks.marking.score:g}",
                "first_wrong": "" if marks.marking is None else marks.marking.first_wrong or "",
                "slip": marks.slip,
                "feedback": marks.feedback,
            }
            for marks in self.students
        ]

    def to_dict(self) -> dict[str, Any]:
        """As ``--json`` prints it."""
        return {
            "students": [
                {"student": marks.student, "feedback": marks.feedback}
                | ({} if marks.marking is None else marks.marking.to_dict())
                for marks in self.students
            ],
            "first_mistakes": self.first_mistakes,
            "out": None if self.out is None else str(self.out),
        }


def blank_header(trace: Trace) -> str:
    """The header of a table for a class: a column for the student, and one for each line of the steps of training."""
    sink = io.StringIO()
    csv.writer(sink, lineterminator="\n").writerow(["student", *asked_of(trace)])
    return sink.getvalue()


def asked_of(trace: Trace) -> list[str]:
    """What the specification gives points for, else every line before the last way forward."""
    points = list(trace.specification.marks.points)
    return points or [step.name for step in trace.steps if step.stage <= trace.specification.steps]


def is_class(path: Path, vocabulary: Vocabulary, reading: Reading | None) -> bool:
    """Whether a path holds the solutions of several: a folder, or a table with names of steps in its header."""
    if path.is_dir():
        return True
    if path.suffix.lower() not in (".csv", ".tsv"):
        return False
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            first = file.readline(100_000)
    except (OSError, UnicodeDecodeError):
        return False
    delimiter = max(";\t,", key=first.count) if reading is None or not reading.delimiter else reading.delimiter
    cells = next(csv.reader([first], delimiter=delimiter if len(delimiter) == 1 else ","), [])
    return len(cells) > 1 and any(vocabulary(cell) is not None for cell in cells[1:])


def mark_class(
    trace: Trace, path: Path, vocabulary: Vocabulary, out: Path | None, reading: Reading | None
) -> ClassMarks:
    """Mark every solution of a table or a folder; with `out`, write the marks and the pages there.

    Raises
    ------
    AnswersError
        If there are no solutions, or a column of the table names no line.
    """
    source = _of_folder if path.is_dir() else _of_table
    students = tuple(source(trace, path, vocabulary, reading))
    if not students:
        raise AnswersError(f"{path} holds no solutions: give a row, or a file ({', '.join(SUFFIXES)}), a student")
    marks = ClassMarks(trace, students, out)
    if out is not None:
        _write(marks, out)
    return marks


def _of_folder(trace: Trace, path: Path, vocabulary: Vocabulary, reading: Reading | None) -> Iterator[StudentMarks]:
    if reading is not None and reading != Reading():
        raise AnswersError(f"{path} is a folder: how a table is read does not apply to it, leave it out")
    files = sorted(file for file in path.iterdir() if file.suffix.lower() in SUFFIXES)
    for file in files:
        unread: list[int] = []
        try:
            marking = mark(trace, read_answers(file, vocabulary, unread))
            yield StudentMarks(file.stem, marking, f"lines {', '.join(map(str, unread))}" if unread else "")
        except GlasshouseError as error:
            yield StudentMarks(file.stem, None, str(error))


def _of_table(trace: Trace, path: Path, vocabulary: Vocabulary, reading: Reading | None) -> Iterator[StudentMarks]:
    table = as_table(path, reading)
    headers = list(table.columns)
    names = {}
    for header in headers[1:]:
        name = vocabulary(header)
        if name is None:
            raise AnswersError(f"{path.name}, line 1: nothing is called {header!r}: {vocabulary.near(header)}")
        names[header] = name if name not in trace.specification.parameters else f"{name}_new"
    columns = {header: table.columns[header].to_pylist() for header in headers}
    asked = [name for name in names.values() if name in trace.by_name or name in trace.asides]
    for k in range(table.n_rows):
        student = str(columns[headers[0]][k] or "").strip() or f"row {k + 1}"
        answers, bad = [], []
        for header, name in names.items():
            cell = (columns[header][k] or "").strip()
            value = as_number(cell)
            if value is not None:
                answers.append(Answer(k + 1, name, name, value))
            elif cell and cell not in BLANKS:
                bad.append(f"{header} is {cell!r}, no number")
        yield StudentMarks(student, mark(trace, answers, asked), "; ".join(bad))


def _write(marks: ClassMarks, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    sink = io.StringIO()
    rows = marks.rows()
    writer = csv.DictWriter(sink, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows([{key: _harmless(value) for key, value in row.items()} for row in rows])
    files = _file_names([one.student for one in marks.students])
    for one, file in zip(marks.students, files, strict=True):
        write_bytes(out / file, student_page(one, marks.trace).encode())
    write_bytes(out / "class.html", class_page(marks, files).encode())
    write_bytes(out / "marks.csv", sink.getvalue().encode())


def _harmless(cell: str) -> str:
    """A cell that a spreadsheet takes for text, whatever a student is called."""
    return "'" + cell if cell[:1] in ("=", "+", "@") or (cell[:1] == "-" and as_number(cell) is None) else cell


def _file_names(students: Sequence[str]) -> list[str]:
    """A file name for each student, no two the same."""
    taken = {"class"}
    names = []
    for student in students:
        base = re.sub(r"[^\w.-]+", "-", student).strip("-.")[:80] or "student"
        name, number = base, 1
        while name.casefold() in taken:
            number += 1
            name = f"{base}-{number}"
        taken.add(name.casefold())
        names.append(f"{name}.html")
    return names
