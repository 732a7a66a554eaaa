"""Damaged ONNX and model files, one clear error each or a model that runs: ``python -m bench.mutants [COUNT [SEED]]``.

5,000 of each if it is not said otherwise. What may not come: any other exception, a crash, memory beyond bounds.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from test_mutants import KINDS, survey

LIMIT = 4 << 30  # bytes of address space beyond what is there before the first


def main(count: int, seed: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (address_space() + LIMIT,) * 2)
    for kind in KINDS:
        before, started = peak(), time.perf_counter()
        ends, slowest = survey(kind, count, seed, Path(tempfile.mkdtemp()))  # where the one that fails stays
        seconds, grown = time.perf_counter() - started, peak() - before
        print(
            f"{kind}: {count:,} mutants, seed {seed}: {ends['loaded']:,} load and predict, {said(ends)}; "
            f"slowest {slowest:.2f} s, {seconds:.0f} s in all, memory grew by {grown >> 20} MB"
        )


def peak() -> int:
    """The most memory this process has had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


def said(ends: Counter[str]) -> str:
    return ", ".join(f"{n:,} {name}" for name, n in ends.most_common() if name != "loaded")


def address_space() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:]]
    main(*(given + [5000, 0][len(given) :]))
