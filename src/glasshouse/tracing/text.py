"""A trace as aligned text, and as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .arithmetic import fixed
from .printed import Printed
from .steps import Step

__all__ = ["as_markdown", "as_text", "loss_table"]

WIDTH = 118


def as_text(printed: Printed, differences: Mapping[str, float] | None = None) -> str:
    """Lines of name, symbols, numbers, result; under each other where they do not fit beside each other."""
    lines = list(printed.head())
    for section in printed.sections:
        lines += ["", section.title]
        lines += _aligned([_cells(printed, step, differences) for step in section.steps])
    if differences:
        lines += ["", _agreement(printed, differences)]
    return "\n".join(lines) + "\n"


def _cells(printed: Printed, step: Step, differences: Mapping[str, float] | None) -> list[str]:
    cells = [step.name, printed.symbols(step), printed.numbers(step), printed.number(step.name)]
    if differences and step.name in differences:
        cells.append(f"(by differences {fixed(differences[step.name], printed.decimals)})")
    return cells


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows in columns; those that are too wide, one below the other."""
    widths = [max(len(row[k]) for row in rows) for k in range(4)]
    if 2 + sum(widths) + 9 <= WIDTH:
        return [
            f"  {name:{widths[0]}} = {symbols:{widths[1]}} = {numbers:{widths[2]}} = "
            + "  ".join([f"{result:>{widths[3]}}", *more])
            for name, symbols, numbers, result, *more in rows
        ]
    return [
        line
        for name, symbols, numbers, result, *more in rows
        for line in (
            f"  {name:{widths[0]}} = {symbols}",
            f"  {'':{widths[0]}} = {numbers}",
            f"  {'':{widths[0]}} = {'  '.join([result, *more])}",
        )
    ]


def _agreement(printed: Printed, differences: Mapping[str, float]) -> str:
    values = printed.trace.values
    worst = max(differences, key=lambda name: abs(differences[name] - values[name]))
    off = abs(differences[worst] - values[worst])
    return f"{len(differences)} derivatives checked by finite differences: the farthest, {worst}, is {off:.1e} off"


def as_markdown(printed: Printed, differences: Mapping[str, float] | None = None) -> str:
    """A heading and a table for each section."""
    head = printed.head()
    lines = [f"# {_plain(head[0])}", "", *(f"- {_plain(line)}" for line in head[1:])]
    columns = ["name", "formula", "with numbers", "result", *(["difference"] if differences else [])]
    for section in printed.sections:
        lines += ["", f"## {section.title}", "", _row(columns), _row(["---"] * len(columns))]
        for step in section.steps:
            cells = [f"`{cell}`" for cell in (step.name, printed.symbols(step), printed.numbers(step))]
            cells.append(printed.number(step.name))
            if differences:
                cells.append(fixed(differences[step.name], printed.decimals) if step.name in differences else "")
            lines.append(_row(cells))
    return "\n".join(lines) + "\n"


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"


def _plain(text: str) -> str:
    """Text that Markdown takes for text."""
    return "".join("\\" + c if c in "\\`*_{}[]<>#|" else c for c in text)


def loss_table(losses: Sequence[float], decimals: int) -> list[tuple[str, str]]:
    """(step, loss) before each step and after the last: the first ten, then 20, 50, 100, 200 and so on."""
    last = len(losses) - 1
    shown = {last, *(k for k in range(last) if k < 10 or _is_round(k + 1))}
    return [("end" if k == last else str(k + 1), fixed(losses[k], decimals)) for k in sorted(shown)]


def _is_round(number: int) -> bool:
    """One digit, 1, 2 or 5, and noughts."""
    return str(number).rstrip("0") in ("1", "2", "5")
