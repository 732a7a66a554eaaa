"""Where tables of measurements go: a page of the docs, each between two marks that name it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bench.rounds import Result

__all__ = ["PAGE", "put", "table"]

PAGE = Path(__file__).parent.parent / "docs" / "performance.md"


def put(name: str, text: str, page_path: Path = PAGE) -> None:
    """Replace what stands between the marks of this name on a page.

    Raises
    ------
    ValueError
        If the page has no such marks.
    """
    page = page_path.read_text(encoding="utf-8")
    before, begin, rest = page.partition(f"<!-- bench: {name} -->\n")
    _, end, after = rest.partition("<!-- end -->")
    if not end:
        raise ValueError(f"{page_path} has no place for {name!r}")
    page_path.write_text(f"{before}{begin}\n{text.strip()}\n\n{end}{after}", encoding="utf-8")


def table(results: Sequence[Result]) -> str:
    """A row for each result: ours in microseconds, and how many times longer the others took, with the spread."""
    names = list(dict.fromkeys(name for result in results for name in result.names[1:]))
    lines = [f"| work | ours, µs | {' | '.join(names)} |", "|---" * (2 + len(names)) + "|"]
    for result in results:
        cells = [_ratio(result, name) if name in result.names else "–" for name in names]
        lines.append(f"| {result.title} | {result.microseconds:,.1f} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _ratio(result: Result, name: str) -> str:
    middle, low, high = result.ratio(result.names.index(name))
    return f"{middle:.2f} ({low:.2f} to {high:.2f})"
