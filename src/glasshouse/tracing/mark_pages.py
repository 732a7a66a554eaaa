"""The marks of a student, and of a class, as web pages that need no network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from ..drawing.look import templates_in
from .diagram import network_svg
from .html import TEMPLATES, styles
from .printed import Printed
from .trace import Trace

if TYPE_CHECKING:
    from .classroom import ClassMarks, StudentMarks

__all__ = ["class_page", "student_page"]


def student_page(marks: StudentMarks, trace: Trace) -> str:
    """Every line with its verdict, the first wrong one marked in the list and on the drawn network."""
    marking = marks.marking
    lines = [] if marking is None else list(marking.lines)
    first = None if marking is None else marking.first
    return _page(
        "student",
        trace,
        {} if first is None else {first.name: 1},
        title=marks.student,
        student=marks.student,
        score="" if marking is None else f"{marking.score:g} of {marking.possible:g}",
        feedback=marks.feedback,
        notes=[] if marking is None else list(marking.notes),
        missing="" if marking is None else ", ".join(marking.missing),
        lines=[
            {
                "name": line.name,
                "given": line.answer.written,
                "verdict": line.verdict,
                "because": line.because,
                "is_first": line is first,
            }
            for line in lines
        ],
    )


def class_page(marks: ClassMarks, files: Sequence[str]) -> str:
    """The first mistakes counted on the drawn network, and every student's marks with a link to the page."""
    first = marks.first_mistakes
    read = [one.marking for one in marks.students if one.marking is not None]
    without = sum(bool(marking.lines) and marking.first is None for marking in read)
    return _page(
        "class",
        marks.trace,
        first,
        title=f"{marks.trace.specification.title}: {len(marks.students)} solutions",
        caption=f"the red numbers count whose first mistake is there; {without} made none",
        first_mistakes=list(first.items()),
        students=[
            {
                "name": one.student,
                "file": file,
                "score": "" if one.marking is None else f"{one.marking.score:g} of {one.marking.possible:g}",
                "feedback": one.feedback,
                "is_problem": one.marking is None,
            }
            for one, file in zip(marks.students, files, strict=True)
        ],
    )


def _page(kind: str, trace: Trace, counts: Mapping[str, int], title: str, **content: Any) -> str:
    of = trace.specification
    return (
        templates_in(TEMPLATES)
        .get_template(f"{kind}.html.j2")
        .render(
            title=title,
            sizes=Printed(trace).head()[0].removeprefix(f"{of.title}: "),
            conventions=[(what, ": ", said) for what, said in of.conventions().items()],
            drawing=Markup(network_svg(of, counts=counts)),
            styles=styles("marks"),
            scripts=[],
            data=Markup("null"),
            **content,
        )
    )
