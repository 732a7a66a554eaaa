"""Export a model: as C99, with its sizes and the proof that it is the model, or as ONNX, with the same proof."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import GlasshouseError, OptionError, TableError, choose, expect_number
from ..models.model import Model, Source
from ..models.verbs import AnyModel, model_of, trained_table
from ..storage import checked_place, write_bytes
from ..tables.reading import Reading, as_table
from ..tables.table import Table
from ..training.watchers import Watcher, announce
from .c.export import export_c, spread
from .c.mcu import MCUS, Size, sized
from .c.names import Names, checked_name
from .contract import Contract, bytes_of, kept
from .judged import PARTS, Judged, judged
from .onnx_export import export_onnx
from .plan import INPUTS, Plan, planned
from .proof import Proof
from .recordings import window_of

__all__ = ["FORMATS", "Exported", "export"]

FORMATS = ("c", "onnx")
MCU = "cortex-m0plus"
OURS = b"Glasshouse"  # stands in the first lines of each file
ONLY_C = ("inputs", "name", "mcu", "flash", "ram", "max_drop", "length", "step")


@dataclass(frozen=True, eq=False)
class Exported:
    """What `export` wrote, and what was proved of it.

    Attributes
    ----------
    model : Model
        The one that was written: the one given, or smaller, where a limit of flash or memory asked for it.
    files : list of Path
    proof : Proof
        Its reason, where there are no rows, no compiler or no runtime to prove it with.
    size : Size or None
        On a microcontroller, of C.
    scores : Judged or None
        In whole numbers: the score of the model, and of what was written.
    contract : Contract or None
        How far it was pruned to meet the limits, and whether it does.
    """

    model: Model
    to: str
    files: list[Path]
    proof: Proof
    size: Size | None = None
    scores: Judged | None = None
    contract: Contract | None = None

    @property
    def met(self) -> bool:
        """Whether the limits are met, if there were some."""
        return self.contract is None or self.contract.met


def export(
    model: AnyModel,
    *,
    to: str = "c",
    out: str | os.PathLike[str] | None = None,
    int8: bool = False,
    inputs: str | None = None,
    encoder: bool = True,
    table: Source | None = None,
    test: Source | None = None,
    name: str | None = None,
    mcu: str | None = None,
    flash: int | str | None = None,
    ram: int | str | None = None,
    max_drop: float | None = None,
    length: int | None = None,
    step: int | None = None,
    reading: Reading | None = None,
    watchers: Sequence[Watcher] = (),
) -> Exported:
    """Write a model as C99 or ONNX: raw columns in, label out; and prove on rows that it is the model.

    The C is compiled and run where there is a compiler, the ONNX graph where there is onnxruntime. Of C it is also said
    what it takes on a Cortex-M: linked where arm-none-eabi-gcc is installed, run where qemu-system-arm is, else an
    estimate.

    Parameters
    ----------
    model : Model or path
    to : {'c', 'onnx'}
    out : path, optional
        The folder of C, or the file of ONNX: beside the model, as NAME-c or NAME.onnx, if None.
    int8 : bool
        Weights and activations as int8; their scales are set by the rows of the table.
    inputs : {'float', 'int16'}, optional
        How numbers of a raw row are given: as they are, or, without a floating point anywhere, as counts. The unit of
        a count is a power of ten. By default counts with int8, else as they are.
    encoder : bool
        Whether an ONNX graph takes raw columns. Else it takes what the encoder makes of them.
    table : path, Table or frame, optional
        The rows that set scales and prove: those the model was trained on, while that table lies beside it.
    test : path, Table or frame, optional
        Rows that judge what int8 costs, and prove too: of the table the model was trained on, its test rows, if None.
    name : str, optional
        Before every symbol and file of C: the name of the model's file, or of its target.
    mcu : {'cortex-m0plus', 'cortex-m4', 'cortex-m7'}, optional
        What it is linked for: a Cortex-M0+ if None.
    flash, ram : int or str, optional
        Limits in bytes, or as '12k': a model that is larger is pruned until it fits.
    max_drop : float, optional
        What that may cost of the metric, on the rows that choose: 0.005 if None.
    length, step : int, optional
        Of the windows that the model was trained on, in samples: C then also takes samples one at a time, as NAME_push.
        The step is half a length if None.

    Raises
    ------
    OptionError
        If a choice does not exist, or does not go with the others.
    TableError
        If rows are needed and there are none, or they do not fit the model.

    Examples
    --------
    >>> import tempfile, glasshouse as gh
    >>> model = gh.train("example:iris", target="target", baselines=False, out="")
    >>> found = gh.export(model, to="c", int8=True, table="example:iris", out=tempfile.mkdtemp())
    >>> [file.name for file in found.files]
    ['target.h', 'target.c', 'target_test.c', 'Makefile']
    """
    choose("format", to, FORMATS)
    limits = bytes_of("flash", flash), bytes_of("ram", ram)
    _checked(to, locals(), limits)
    announce(watchers, "reading")
    given = model_of(model)
    rows, why_none = _rows(model, given, table, reading, needed=int8 or any(limits))
    judges = None if test is None else as_table(test, reading, of_another=table is None)
    proving = [some for some in (rows, judges) if some is not None]
    if judges is not None and int8 and given.task != "labels":
        given.target_in(judges)  # which says that it lacks the target
    if to == "onnx":
        place = checked_place(_place(model, out, ".onnx"), *([] if isinstance(model, Model) else [model]))
        made = export_onnx(given, rows, proving, encoder=encoder, int8=int8)
        if _refuted(made.proof):
            return Exported(given, to, [], made.proof, scores=made.scores)
        write_bytes(place, made.content)
        return Exported(given, to, [place], _said(made.proof, proving, why_none), scores=made.scores)
    word = _name(model, given, name)
    folder = _folder(_place(model, out, "-c"), word)
    mcu = choose("mcu", mcu or MCU, MCUS)

    def plan_of(some: Model) -> Plan:
        window = None if length is None else window_of(some, length, step)
        return planned(some, word, int8=int8, inputs=inputs, table=rows, window=window)

    def measure(plan: Plan) -> Size:
        return sized(plan, mcu, None if rows is None else plan.raw(rows.take(spread(rows.n_rows))))

    plan, contract = plan_of(given), None
    if any(limits):
        assert rows is not None
        drop = 0.005 if max_drop is None else max_drop
        plan, size, contract = kept(plan, plan_of, measure, rows, limits, drop, watchers)
    else:
        size = measure(plan)
    announce(watchers, "judging")
    scores = judged(plan, proving[-1]) if int8 else None
    made_c = export_c(plan, proving, size, _notes(scores))
    proof = _said(made_c.proof, proving, why_none)
    if _refuted(proof) or (contract is not None and not contract.met):
        return Exported(plan.model, to, [], proof, size, scores, contract)
    return Exported(plan.model, to, _written(folder, made_c.files), proof, size, scores, contract)


def _refuted(proof: Proof) -> bool:
    """Whether rows were compared, and are not equal."""
    return not proof.reason and not proof.holds


def _said(proof: Proof, proving: Sequence[Table], why_none: str) -> Proof:
    """With the reason that there are no rows, where there is one."""
    return Proof.none(why_none) if proof.reason and not proving and why_none else proof


def _checked(to: str, given: dict[str, Any], limits: tuple[int | None, int | None]) -> None:
    """Options that say nothing of what is written are refused."""
    if to == "onnx":
        for option in ONLY_C:
            if given[option] is not None:
                raise OptionError(f"{option} is of C: leave it out, or choose --to c")
    elif not given["encoder"]:
        raise OptionError("C has the network alone beside the whole model, as NAME_network: leave --no-encoder out")
    if given["step"] is not None and given["length"] is None:
        raise OptionError("step is from one window to the next: name the length of a window too")
    if given["inputs"] is not None:
        choose("kind of inputs", given["inputs"], INPUTS)
    if given["max_drop"] is not None:
        if not any(limits):
            raise OptionError("max_drop is what pruning may cost to keep a limit: name one with --flash or --ram")
        expect_number("max_drop", given["max_drop"], lambda d: 0 <= d < 1, "at least 0 and below 1")


def _rows(
    model: AnyModel, given: Model, table: Source | None, reading: Reading | None, *, needed: bool
) -> tuple[Table | None, str]:
    """The rows to prove with, or why there are none."""
    if table is not None:
        return as_table(table, reading), ""
    try:
        return trained_table(model, given, reading), ""
    except TableError as error:
        if needed:
            raise
        return None, str(error)


def _place(model: AnyModel, out: str | os.PathLike[str] | None, ending: str) -> Path:
    if out is not None:
        return Path(out)
    if isinstance(model, Model):
        raise OptionError("a model that is in no file has no place beside it: name one with out")
    path = Path(os.fspath(model))
    return path.with_name(f"{path.stem}{ending}")


def _folder(place: Path, name: str) -> Path:
    """A folder that can be written to, in which nobody else's file would be replaced."""
    if place.exists() and not place.is_dir():
        raise GlasshouseError(f"cannot write {place}: it is a file: name a folder")
    if not place.is_dir():
        return checked_place(place)
    for file in (f"{name}.h", f"{name}.c", f"{name}_test.c", "Makefile"):
        here = checked_place(place / file)
        if here.exists() and OURS not in here.read_bytes()[:400]:
            raise GlasshouseError(f"cannot write {here}: it is none that Glasshouse wrote: choose another folder")
    return place


def _name(model: AnyModel, given: Model, name: str | None) -> str:
    if name is None:
        found = Names().new(given.target if isinstance(model, Model) else Path(os.fspath(model)).stem).strip("_")
        return found if checked_name(found) else f"model_{found}"
    if not checked_name(name):
        raise OptionError(f"name is {name!r}: it must be a name in C, small letters, digits and single _, up to 40")
    return name


def _notes(scores: Judged | None) -> list[str]:
    if scores is None or not scores.after:
        return []
    pairs = ", ".join(f"{k} {scores.before[k]:.3f} to {v:.3f}" for k, v in scores.after.items())
    return [f"By int8, on {scores.rows:,} {PARTS[scores.part]}: {pairs}."]


def _written(folder: Path, files: dict[str, str]) -> list[Path]:
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise GlasshouseError(f"cannot write {folder}: {error.strerror}: choose another place") from error
    for name, text in files.items():
        write_bytes(folder / name, text.encode())
    return [folder / name for name in files]
