"""The other verbs of the command line as functions of the same names: evaluate, inspect, predict, windows."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv as pa_csv

from ..errors import OptionError, TableError
from ..estimators.targets import Labels, Numbers
from ..storage import checked_place, is_stored, write_bytes
from ..tables.corrections import Corrections
from ..tables.dataset import dataset
from ..tables.encoder import Surprises
from ..tables.reading import Reading, as_table
from ..tables.table import Table
from ..tables.windows import cut_windows
from .convert.onnx_file import from_onnx
from .judgement import Judgement
from .model import Model, Source
from .room import outgrows
from .streamed import sample_of

__all__ = ["evaluate", "inspect", "predict", "windows"]

Array = npt.NDArray[Any]
AnyModel = str | os.PathLike[str] | Model


def is_model(source: Any) -> TypeGuard[AnyModel]:
    """Whether this is a model, or a file that is one or is called like one."""
    if isinstance(source, str | os.PathLike):
        return is_stored(source) or os.fspath(source).endswith((".glass", ".onnx"))
    return isinstance(source, Model)


def model_of(model: AnyModel) -> Model:
    """The model of a file, ours or ONNX, or the one given."""
    if isinstance(model, Model):
        return model
    return from_onnx(model) if os.fspath(model).endswith(".onnx") else Model.load(model)


def place_beside(given: AnyModel, out: str | os.PathLike[str] | None, suffix: str) -> Path | None:
    """Where another model goes: to `out`, or beside a model's file, its name with a suffix; None for nowhere."""
    if out is None and isinstance(given, Model):
        return None
    if out is not None and not os.fspath(out):
        return None
    path = Path() if isinstance(given, Model) else Path(os.fspath(given))
    place = path.with_name(f"{path.stem}{suffix}.glass") if out is None else Path(out)
    return checked_place(place, *([] if isinstance(given, Model) else [given]))


def predict(
    model: AnyModel, table: Source, *, out: str | os.PathLike[str] | None = None, reading: Reading | None = None
) -> pa.Table:
    """Predict every row of a table; with `out`, write the predictions there as CSV.

    A file that would take more than half of the memory that is free is read in parts.

    Returns
    -------
    pyarrow.Table
        The column ``prediction``, and for classes ``probability LABEL`` for each.

    Examples
    --------
    >>> import glasshouse as gh
    >>> model = gh.train("example:wine", target="target", out="", baselines=False)
    >>> gh.predict(model, "example:wine").column_names
    ['prediction', 'probability class_0', 'probability class_1', 'probability class_2']
    """
    return predict_rows(model, table, out, reading)[0]


def predict_rows(
    model: AnyModel, table: Source, out: str | os.PathLike[str] | None = None, reading: Reading | None = None
) -> tuple[pa.Table, Surprises]:
    """`predict`, and what was odd about the rows."""
    if out is not None:
        checked_place(out, model, table)
    model = model_of(model)
    in_parts = outgrows(table, None)
    outputs, surprises = _in_parts(model, table, reading) if in_parts else model.outputs(as_table(table, reading))
    decoded, targets = model.decode(outputs), model.targets
    columns: dict[str, Any] = {"prediction": decoded} if decoded.ndim == 1 else {}
    if isinstance(targets, Labels):
        columns = {f"prediction {label}": decoded[:, k] for k, label in enumerate(targets.classes)}
    if not isinstance(targets, Numbers):
        columns |= {f"probability {label}": outputs[:, k] for k, label in enumerate(targets.classes)}
    predictions = pa.table({name: pa.array(values) for name, values in columns.items()})
    if out is not None:
        write_bytes(out, as_csv(predictions))
    return predictions, surprises


def _in_parts(model: Model, table: str, reading: Reading | None) -> tuple[Array, Surprises]:
    """`Model.outputs` of a table that outgrows memory."""
    data, encoder = dataset(os.fspath(table), reading), model.encoder
    names = encoder.columns_in(data.headings)
    found, surprises = [], Surprises({}, {})
    for portion in data.portions:
        for block in portion.blocks(list(names.values())):
            encoded = encoder.encode_block(block.called(names).without(encoder.marks))
            found.append(model.outputs_of(encoded))
            surprises = surprises + encoded.surprises()
    return np.concatenate(found), surprises


def as_csv(table: pa.Table) -> bytes:
    """A table as CSV in UTF-8."""
    sink = pa.BufferOutputStream()
    pa_csv.write_csv(table, sink, pa_csv.WriteOptions(quoting_style="needed"))
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]


def evaluate(model: AnyModel, table: Source | None = None, *, reading: Reading | None = None) -> Judgement:
    """Score a model on the rows of a table that have a target; see `Model.evaluate`.

    Without a table, on the test rows of the one it was trained on, while that still lies beside the model's file.

    Raises
    ------
    TableError
        If no table is given, and the one it was trained on is not there any more, or holds other rows now.
    """
    found = model_of(model)
    if table is not None:
        return found.evaluate(_named(found, table, reading))
    rows = trained_table(model, found, reading)
    if not found.held_out:
        raise TableError(f"the model has been trained on every row of {rows.name}: name a table of others")
    return found.evaluate(rows)


def trained_table(model: AnyModel, found: Model, reading: Reading | None) -> Table:
    """The table a model was trained on, while it lies beside the model's file.

    Raises
    ------
    TableError
        If it is not there any more, or holds other rows now.
    """
    file = found.origin.file
    place = Path(os.fspath(model)).parent / file if isinstance(model, str | os.PathLike) else Path(file)
    source = file if file.startswith("example:") else str(place)
    if not file or not (file.startswith("example:") or place.exists()):
        raise TableError(f"the table {file or 'the model was trained on'} is not beside the model: name a table")
    if found.origin.streamed:
        rows = sample_of(source, reading, found.origin, found.target, found.encoder.marks)
    else:
        rows = as_table(source, reading)
    if not found.knows(rows):
        raise TableError(
            f"{source} holds other rows than those the model was trained on: name a table, or say again how this one "
            "is written (--names, --delimiter, …)"
        )
    return rows


def table_for(model: AnyModel, found: Model, table: Source | None, reading: Reading | None) -> Table:
    """The table that is named, or the one a model was trained on; see `trained_table`."""
    return trained_table(model, found, reading) if table is None else _named(found, table, reading)


def _named(model: Model, table: Source, reading: Reading | None) -> Table:
    """A table; of the very one a model was trained on in parts, the sample."""
    is_file = isinstance(table, str | os.PathLike) and Path(table).exists()
    if is_file and model.origin.streamed and dataset(os.fspath(table), reading).columns == model.encoder.names:
        rows = sample_of(os.fspath(table), reading, model.origin, model.target, model.encoder.marks)
        if model.knows(rows):
            return rows
    return as_table(table, reading)


def inspect(
    source: Source | Model,
    *,
    kinds: Mapping[str, str] | None = None,
    drop: Sequence[str] = (),
    missing: Sequence[str] = (),
    reading: Reading | None = None,
) -> dict[str, Any]:
    """Say what a model file or a table holds, and what training would drop; see `train` for the corrections.

    Examples
    --------
    >>> import glasshouse as gh
    >>> gh.inspect("example:iris")["rows"]
    150
    """
    if is_model(source):
        return {"kind": "model", **model_of(source).summary()}
    corrections = Corrections(kinds or {}, drop, missing)
    table = corrections.mark(as_table(source, reading))
    columns = corrections.describe(table)
    return {
        "kind": "table",
        "name": table.name,
        "rows": table.n_rows,
        "dialect": None if table.dialect is None else str(table.dialect),
        "notes": list(table.notes),
        "columns": [
            {
                "name": c.name,
                "kind": c.kind,
                "reason": c.reason,
                "missing": c.missing,
                "distinct": c.distinct,
                "unreadable": c.unreadable,
                "example": c.example,
                "dropped": not c.kept,
            }
            for c in columns
        ],
    }


def windows(
    files: Sequence[str | os.PathLike[str]],
    *,
    length: int,
    step: int | None = None,
    label: str = "from-file",
    recording: str = "blank-lines",
    drop: Sequence[str] = (),
    out: str | os.PathLike[str] | None = None,
    reading: Reading | None = None,
) -> pa.Table:
    """Cut sensor recordings into windows, one row of features each; with `out`, write them there as CSV.

    Every column but label and recording is a channel. A window never reaches over the end of a recording, nor over a
    change of label; samples that fill no window are left out.

    Parameters
    ----------
    files : sequence of paths
        CSV, Parquet or folders, a sample a row.
    length, step : int
        Samples in a window, and from the start of one to the next; half a length if None.
    label : str
        The column that is to be predicted, or 'from-file': the name of the file.
    recording : str
        The column that says which recording a sample is from, or 'blank-lines': they part the recordings of a file.
    drop : sequence of columns
        Columns that are no channels.

    Returns
    -------
    pyarrow.Table
        ``recording``, the label, and for each CHANNEL its mean, mean absolute deviation, min, max, mean absolute
        difference of neighbours, and zero crossings, as ``CHANNEL_mean``, ``CHANNEL_deviation``, ``CHANNEL_min``,
        ``CHANNEL_max``, ``CHANNEL_difference``, ``CHANNEL_crossings``.

    Raises
    ------
    TableError
        If a file cannot be read, a sample is no number, or no recording is as long as a window.

    Examples
    --------
    >>> import tempfile, pathlib, glasshouse as gh
    >>> nod = pathlib.Path(tempfile.mkdtemp(), "nod.csv")
    >>> _ = nod.write_text("x\\n1\\n-1\\n2\\n-2\\n")
    >>> gh.windows([nod], length=4).to_pylist()[0]["x_crossings"]
    3
    """
    return cut(files, length, step, label, recording, drop, out, reading)[0]


def cut(
    files: Sequence[str | os.PathLike[str]],
    length: int,
    step: int | None,
    label: str,
    recording: str,
    drop: Sequence[str],
    out: str | os.PathLike[str] | None,
    reading: Reading | None,
) -> tuple[pa.Table, int]:
    """`windows`, and how many stretches of one recording and label were too short for one."""
    for name, given in (("files", files), ("drop", drop)):
        if isinstance(given, str | os.PathLike):
            raise OptionError(f"{name} is {os.fspath(given)!r}: it must be a list")
    if out is not None:
        checked_place(out, *files)
    every = max(1, length // 2) if step is None and isinstance(length, int) else step
    found, too_short = cut_windows(files, length, every, label, recording, drop, reading)
    if out is not None:
        write_bytes(out, as_csv(found))
    return found, too_short
