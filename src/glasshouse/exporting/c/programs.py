"""Compilers and what they compiled, run in a folder."""

from __future__ import annotations

import subprocess
from pathlib import Path

from ...errors import GlasshouseError

__all__ = ["run"]


def run(words: list[str], place: Path, fault: str, timeout: float | None = None) -> str:
    """Run a program and return what it said; both streams, errors first.

    Raises
    ------
    GlasshouseError
        If it ends with another code than 0, which is our fault: `fault` says what that means.
    """
    made = subprocess.run(words, cwd=place, capture_output=True, text=True, check=False, timeout=timeout)
    if made.returncode:
        said = " ".join(made.stderr.split())[:300]
        raise GlasshouseError(f"{Path(words[0]).name} ended with {made.returncode}, {fault}: {said}: please report it")
    return made.stderr + made.stdout
