"""What a model takes on a microcontroller: linked for it where its compiler is installed, else an estimate."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import GlasshouseError
from ..plan import Plan
from .layers import c_layers, functions_of
from .programs import run
from .row import Row
from .writer import scratch_bytes, source, templates

__all__ = ["MCUS", "Mcu", "Run", "Size", "emulated", "sized"]

Array = npt.NDArray[Any]
GCC, QEMU = "arm-none-eabi-gcc", "qemu-system-arm"
FLAGS = ("-std=c99", "-Os", "-mthumb", "-ffunction-sections", "-fdata-sections")
LINK = ("-nostartfiles", "-Wl,--gc-sections,-Map=firmware.map,--no-warn-rwx-segments", "-T", "firmware.ld")
PLAIN_LOOPS = ("-fno-tree-loop-distribute-patterns",)  # else those of the firmware call memcpy, which is counted
QUIET = ("-display", "none", "-semihosting-config", "enable=on,target=native", "-monitor", "none", "-serial", "none")
TICK = 40  # nanoseconds of the emulator's timer, which counts to 2**24
MOST_INSTRUCTIONS = 6e8  # of a row: more are not counted
A_CONNECTION = 300  # instructions, more than one ever takes
SECONDS = 60  # of the emulator, which does 50 million instructions in one
MOST_FLASH = 4 << 20  # of the boards
MOST_ROWS = 64


@dataclass(frozen=True)
class Mcu:
    """A processor: what its compiler is told, and the board that QEMU has for it."""

    flags: tuple[str, ...]
    board: str
    fpu: bool = False


MCUS = {
    "cortex-m0plus": Mcu(("-mcpu=cortex-m0plus",), "mps2-an385"),
    "cortex-m4": Mcu(("-mcpu=cortex-m4", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"), "mps2-an386", True),
    "cortex-m7": Mcu(("-mcpu=cortex-m7", "-mfloat-abi=hard", "-mfpu=fpv5-sp-d16"), "mps2-an500", True),
}


@dataclass(frozen=True)
class Size:
    """Bytes of `predict`, and the instructions of a row.

    Attributes
    ----------
    mcu : str
    code, tables, library : int
        In flash: what was written, its constants, and what is linked of the compiler's and the C library.
    scratch, row, stack : int
        In memory: static, the struct of one row (of a model of windows, one sample), and the deepest the stack gets.
    instructions : int or None
        Of one row, the most; None where that was not counted.
    linked : bool
        Whether it was linked; else these are estimates.
    emulated : bool
        Whether it was run, and stack and instructions are as they were then.
    """

    mcu: str
    code: int
    tables: int
    library: int
    scratch: int
    row: int
    stack: int
    instructions: int | None
    linked: bool
    emulated: bool

    @property
    def flash(self) -> int:
        return self.code + self.tables + self.library

    @property
    def ram(self) -> int:
        return self.scratch + self.row + self.stack


@dataclass(frozen=True)
class Run:
    """Rows that were run on an emulated processor: the answers, the stack, and instructions of each row."""

    answers: npt.NDArray[Any]
    stack: int
    instructions: npt.NDArray[np.int64]


def sized(plan: Plan, mcu: str, raw: Sequence[Sequence[Array]] | None = None) -> Size:
    """Link `predict` for a processor, or estimate; with raw rows, and QEMU, also run them."""
    if shutil.which(GCC) is None:
        return _estimated(plan, mcu)
    with tempfile.TemporaryDirectory(prefix="glasshouse-") as folder:
        place = Path(folder)
        _link(plan, mcu, place, None)
        total = _sections(place / "firmware.elf")
        harness = _kept(place / "firmware.map", "firmware_.o")
        ours = _kept(place / "firmware.map", f"{plan.name}.o")
        flash = total["text"] + total["data"] - harness["text"] - harness["rodata"]
        static = total["data"] + total["bss"] - harness["bss"]
        stack, instructions, ran = _stack_bound(place / f"{plan.name}.su"), None, False
        if raw is not None and flash < MOST_FLASH and (tried := _counted(plan, mcu, raw)) is not None:
            stack, instructions, ran = tried.stack, int(tried.instructions.max()), True
            stack += _frame(place / f"{plan.name}.su", "_push") if plan.window else 0
    row = _given_bytes(plan)
    code, tables = ours["text"], ours["rodata"] + ours["data"]
    return Size(mcu, code, tables, flash - code - tables, static, row, stack, instructions, True, ran)


def _counted(plan: Plan, mcu: str, raw: Sequence[Sequence[Array]]) -> Run | None:
    """A run of as many rows as there is time for; None where there is no emulator, or no time for one."""
    longest = A_CONNECTION * _connections(plan)
    if shutil.which(QEMU) is None or longest > MOST_INSTRUCTIONS:
        return None
    n = max(1, int(SECONDS * 5e7 / longest))
    try:
        return emulated(plan, mcu, [[part[:n] for part in parts] for parts in raw])
    except subprocess.TimeoutExpired:
        return None


def _connections(plan: Plan) -> int:
    return sum(layer.fan_in * layer.fan_out for layer in plan.model.network.layers)


def emulated(plan: Plan, mcu: str, raw: Sequence[Sequence[Array]]) -> Run:
    """Run `predict` for a few raw rows in QEMU, an instruction at a time.

    Raises
    ------
    GlasshouseError
        If the emulator ends before the last row.
    """
    records = Row(plan).records([[part[:MOST_ROWS] for part in parts] for parts in raw])
    with tempfile.TemporaryDirectory(prefix="glasshouse-") as folder:
        place = Path(folder)
        _link(plan, mcu, place, records)
        shift = 3 if A_CONNECTION * _connections(plan) < 8e7 else 0  # 8 nanoseconds an instruction, or 1
        words = [QEMU, "-M", MCUS[mcu].board, "-kernel", "firmware.elf", "-icount", f"shift={shift}"]
        words += QUIET
        said = [int(word) for word in run(words, place, "in its firmware", timeout=300).split() if word.isdigit()]
    if len(said) != (wanted := 3 * len(records) + 2):
        raise GlasshouseError(f"{QEMU} gave {len(said)} of {wanted} numbers: please report it")
    found = np.array(said[:-2], np.int64).reshape(-1, 3)
    bits = found[:, 2].astype(np.uint32)
    real = plan.classes is None and plan.whole is None
    answers = bits.view(np.float32) if real else bits.view(np.int32)
    return Run(answers, said[-1], found[:, 1] * TICK >> shift)


def _link(plan: Plan, mcu: str, place: Path, records: Array | None) -> None:
    """Firmware around `predict`: of one row, or of these."""
    for name, text in source(plan, []).items():
        (place / name).write_text(text)
    rows = [] if records is None else [", ".join(map(str, record.tobytes())) for record in records]
    (place / "firmware_.c").write_text(
        templates()
        .get_template("firmware.c.jinja")
        .render(
            name=plan.name,
            NAME=plan.name.upper(),
            window=plan.window,
            sample="int16_t" if plan.counts else "float",
            rows=rows,
            n_rows=len(rows),
            n_bytes=0 if records is None else records.dtype.itemsize,
            answer=plan.answer,
            fpu=MCUS[mcu].fpu,
        )
    )
    (place / "firmware.ld").write_text(templates().get_template("firmware.ld").render())
    flags = [*FLAGS, *MCUS[mcu].flags]
    for words in (
        ["-fstack-usage", "-c", f"{plan.name}.c"],
        [*PLAIN_LOOPS, "-c", "firmware_.c"],
        ["firmware_.o", f"{plan.name}.o", *LINK, "-lm", "-o", "firmware.elf"],
    ):
        run([GCC, *flags, *words], place, "on the C that was written")


def _sections(elf: Path) -> dict[str, int]:
    """Bytes of text, data and bss in a linked file."""
    names, numbers = run(["arm-none-eabi-size", str(elf)], elf.parent, "on what was linked").splitlines()[:2]
    return dict(zip(names.split()[:3], map(int, numbers.split()[:3])))


def _kept(map_file: Path, object_name: str) -> dict[str, int]:
    """Bytes that the linker kept of an object, by kind of section."""
    found = dict.fromkeys(("text", "rodata", "data", "bss"), 0)
    kept = map_file.read_text().split("Linker script and memory map")[-1]
    line = re.compile(r"^ \.(vectors|text|rodata|data|bss)\S*\s+0x[0-9a-f]+\s+0x([0-9a-f]+)\s+(\S+)$", re.MULTILINE)
    for kind, size, name in line.findall(re.sub(r"(^ \.\S+)\n", r"\1", kept, flags=re.MULTILINE)):
        if Path(name).name == object_name:
            found["text" if kind == "vectors" else kind] += int(size, 16)
    return found


LEVELS = (
    ("predict",),
    ("encode", "scores_of", "activate", "deviation_of"),
    ("layer", "bent_far"),
    ("bent", "requantized", "clamped", "quantized"),
)


def _given_bytes(plan: Plan) -> int:
    """Of what a caller hands over: a row, or a sample."""
    if plan.window is None:
        return Row(plan).dtype.itemsize
    return len(plan.window.channels) * (2 if plan.counts else 4)


def _frame(usage: Path, ending: str) -> int:
    """The stack that a function takes itself."""
    lines = (line.split("\t") for line in usage.read_text().splitlines())
    return max((int(size) for place, size, *_ in lines if place.endswith(ending)), default=0)


def _stack_bound(usage: Path) -> int:
    """The deepest chain of calls, each level its largest: the C library's own functions are not in it."""
    largest = [0] * len(LEVELS)
    for line in usage.read_text().splitlines():
        place, size, *_ = line.split("\t")
        name = place.rsplit(":", 1)[-1].split(".")[0]  # gcc may have made it special: encode.constprop
        for level, names in enumerate(LEVELS):
            if name.endswith("_predict") if level == 0 else name.rstrip("0123456789") in names:
                largest[level] = max(largest[level], int(size))
    return sum(largest) + _frame(usage, "_push")


def _estimated(plan: Plan, mcu: str) -> Size:
    """From the tables, which are exact, and what code of this kind took on the models it was measured on."""
    layers = c_layers(plan)
    tables = sum(layer.table_bytes for layer in layers)
    code = 240 + 90 * len(layers)
    if plan.counts is not None:
        numbers = [counted for column in plan.counts.numbers for counted in column]
        tables += 6 * len(numbers) + (256 if any(c.number.bent for c in numbers) else 0)
        code += 120
    else:
        code += 40 * sum(len(column.numbers) for column in plan.columns)
    code += 12 * sum(len(column.codes.values) for column in plan.columns if column.codes)
    fpu, calls = MCUS[mcu].fpu, len(functions_of(plan))
    library = 160 if plan.counts is not None else 200 + 600 * calls if fpu else 3600 + 1200 * calls
    scratch = scratch_bytes(plan)
    if plan.window is not None:
        open_windows = plan.window.at_once * Row(plan).dtype.itemsize
        a_sample = 2 if plan.counts else 4
        scratch += open_windows + a_sample * (len(plan.window.channels) + len(plan.window.kept) * plan.window.length)
        code += 60 * len(plan.window.reads)
    return Size(mcu, code, tables, library, scratch, _given_bytes(plan), 120, None, linked=False, emulated=False)
