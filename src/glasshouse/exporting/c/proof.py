"""The proof at export: the C is compiled here and run on the user's rows, and compared with the model."""

from __future__ import annotations

import os
import shlex
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...tables.table import Table
from ..plan import Plan
from ..proof import TIE, Proof, RoundedProof, distances, farthest, spread_of, told_apart
from .programs import run
from .row import Row
from .writer import source, templates

__all__ = ["Compiled", "compiler", "proved"]

Array = npt.NDArray[Any]
STRICT = ("-std=c99", "-Wall", "-Wextra", "-Wconversion", "-pedantic")


def compiler() -> str | None:
    """A C compiler of this machine: $CC, with its flags, else cc, gcc or clang."""
    named = os.environ.get("CC", "").strip()
    if named and shutil.which(shlex.split(named)[0]):
        return named
    return next((path for name in ("cc", "gcc", "clang") if (path := shutil.which(name))), None)


class Compiled:
    """A plan's C, compiled in a folder that is gone afterwards; a context manager.

    Raises
    ------
    GlasshouseError
        If it does not compile: that is our fault.
    """

    def __init__(self, plan: Plan, cc: str, flags: Sequence[str] = ("-O2",)):
        self.plan, self.row, self.cc = plan, Row(plan), cc
        self.folder = tempfile.TemporaryDirectory(prefix="glasshouse-")
        self.place = Path(self.folder.name)
        for name, text in source(plan, []).items():
            (self.place / name).write_text(text)
        (self.place / "proof_.c").write_text(_harness(plan))
        words = [*shlex.split(cc), *STRICT, *flags, f"{plan.name}.c", "proof_.c", "-o", "proof", "-lm"]
        self.messages = run(words, self.place, "on the C that was written")

    def __enter__(self) -> Compiled:
        return self

    def __exit__(self, *args: object) -> None:
        self.folder.cleanup()

    def predicted(self, raw: Sequence[Sequence[Array]]) -> Array:
        """A record for each raw row: 'answer', and 'probabilities' where it has some."""
        return self.answers(self.row.records(raw))

    def answers(self, records: Array) -> Array:
        """The same, of rows that are written as the struct has them."""
        kind: list[Any] = [("answer", np.float64)]
        if self.plan.has_probabilities:
            assert self.plan.classes is not None
            real = np.uint16 if self.plan.whole else np.float64 if self.plan.real == "double" else np.float32
            kind.append(("probabilities", real, (len(self.plan.classes),)))
        return self._through("rows", records, np.dtype(kind))

    def network(self, inputs: Array) -> Array:
        """The outputs, or scores, of encoded inputs (n, n_features)."""
        whole, real = self.plan.whole, np.float64 if self.plan.real == "double" else np.float32
        inputs = np.ascontiguousarray(inputs, np.int8 if whole else real)
        n = self.plan.model.network.n_outputs
        found = self._through("inputs", inputs, np.dtype((np.int16 if whole else real, (n,))))
        return found.reshape(-1, n)

    def _through(self, what: str, data: Array, kind: np.dtype[Any]) -> Array:
        (self.place / "in").write_bytes(data.tobytes())
        run([str(self.place / "proof"), what, "in", "out"], self.place, "which is the compiled C")
        return np.frombuffer((self.place / "out").read_bytes(), kind)


def _harness(plan: Plan) -> str:
    return (
        templates()
        .get_template("proof.c.jinja")
        .render(
            name=plan.name,
            NAME=plan.name.upper(),
            has_probabilities=plan.has_probabilities,
            scores=plan.whole is not None,
            real=plan.real,
            element="int8_t" if plan.whole else plan.real,
            score="int16_t" if plan.whole else plan.real,
        )
    )


def proved(plan: Plan, table: Table, compiled: Compiled) -> Proof:
    """Run the rows of a table through both, and compare.

    Whole numbers are compared with `IntegerNetwork`, whose arithmetic they are to follow to the last bit; of float
    inputs the network is, and answers may differ where an input lies between two whole numbers. Floats are compared
    with the model.
    """
    raw = plan.raw(table)
    found = compiled.predicted(raw)
    inputs = plan.inputs(table)
    outputs = plan.outputs(inputs)
    by, n = Path(shlex.split(compiled.cc)[0]).name, table.n_rows
    if plan.whole is not None and plan.counts is None:  # C rounds inputs in floats, NumPy in doubles
        off = np.abs(compiled.network(inputs).astype(np.int64) - outputs).max(initial=0)
        near = max(1.0, 0.01 * float(np.ptp(outputs))) if plan.classes is None else 0.0
        agree = int((np.abs(found["answer"] - plan.answers(outputs)) <= near).sum())
        return RoundedProof(by, n, float(off), agree, whole=True)
    agree = int(_same(plan, found, outputs).sum())
    return Proof(by, n, _largest(plan, found, outputs), agree, whole=bool(plan.whole))


def _largest(plan: Plan, found: Array, outputs: Array) -> float:
    if plan.whole is not None:
        pairs = [(plan.answers(outputs).astype(np.int64), found["answer"])]
        if plan.has_probabilities:
            pairs.append((plan.whole_probabilities(outputs).astype(np.int64), found["probabilities"]))
        return max(float(np.abs(one - other).max(initial=0)) for one, other in pairs)
    if plan.has_probabilities:
        wanted = np.column_stack((1 - outputs[:, 0], outputs[:, 0])) if outputs.shape[1] == 1 else outputs
        return farthest(wanted, found["probabilities"])
    return float(_away(found, outputs).max(initial=0.0)) if plan.classes is None else 0.0


def _away(found: Array, outputs: Array) -> npt.NDArray[np.float64]:
    """How far predicted numbers are from those of the model."""
    return distances(outputs[:, 0], found["answer"], spread_of(outputs[:, 0]))


def _same(plan: Plan, found: Array, outputs: Array) -> npt.NDArray[np.bool_]:
    same = np.asarray(found["answer"] == plan.answers(outputs))
    if plan.whole is not None:
        return same
    if plan.classes is None:
        return np.asarray(_away(found, outputs) <= TIE)
    middle = 0.5 if plan.output == "sigmoid" else 0.0
    return np.asarray(same | ~told_apart(outputs, middle, each=plan.many))
