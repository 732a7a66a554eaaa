"""What can be taken away: the model's file, C, ONNX, the report; made in a folder that is gone afterwards."""

from __future__ import annotations

import io
import re
import tempfile
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from ..errors import OptionError, TableError, choose
from ..exporting.export import export
from ..models.model import Model
from .opened import Opened

__all__ = ["FORMS", "Download", "download"]

FORMS = ("glass", "c", "onnx", "report")


class Download(NamedTuple):
    """The name of a file, its bytes, and what they are."""

    name: str
    content: bytes
    media_type: str


def download(opened: Opened, form: str, *, int8: bool = False) -> Download:
    """One of `FORMS`.

    Raises
    ------
    OptionError
        If there is no such form, or it has no int8.
    TableError
        If it needs the rows the model was trained on, and they are not there.
    """
    choose("form", form, FORMS)
    if int8 and form not in ("c", "onnx"):
        raise OptionError(f"int8 is of C and ONNX: leave it out of {form}")
    stem = _stem(opened)
    if form == "glass":
        return Download(f"{stem}.glass", _file(opened), "application/octet-stream")
    if form == "report":
        return Download(f"{stem}.html", _report(opened), "text/html; charset=utf-8")
    if int8 and opened.table is None:
        raise TableError(f"int8 needs the rows {opened.id} was trained on: put that table into the folder")
    model = _without_file(opened)
    with tempfile.TemporaryDirectory(prefix="glasshouse-") as folder:
        if form == "onnx":
            made = export(model, to="onnx", out=Path(folder, f"{stem}.onnx"), int8=int8, table=opened.table)
            name, kind = f"{stem}.onnx", "application/octet-stream"
        else:
            made = export(model, to="c", out=Path(folder, "c"), int8=int8, table=opened.table)
            name, kind = f"{stem}-c.zip", "application/zip"
        if not made.files:
            raise OptionError(f"the proof of {form} failed ({made.proof}), and nothing was written: please report it")
        content = made.files[0].read_bytes() if form == "onnx" else _zipped(made.files)
    return Download(name, content, kind)


def _stem(opened: Opened) -> str:
    """Letters, digits and ``_``, whatever the file is called: it stands in a header."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", opened.id.rsplit(".", 1)[0]).strip("_")[:60] or "model"


def _file(opened: Opened) -> bytes:
    if opened.place is not None and opened.place.source.endswith(".glass"):
        return Path(opened.place.source).read_bytes()
    with tempfile.TemporaryDirectory(prefix="glasshouse-") as folder:
        path = Path(folder, "model.glass")
        opened.model.save(path)
        return path.read_bytes()


def _without_file(opened: Opened) -> Model:
    """Where no table was found, none is looked for: the name in a model file may be any path."""
    if opened.table is not None:
        return opened.model
    return replace(opened.model, origin=replace(opened.model.origin, file=""))


def _report(opened: Opened) -> bytes:
    from ..reporting.report import report

    if opened.table is None:
        raise TableError(f"a report needs the rows {opened.id} was trained on: put that table into the folder")
    html: str = report(opened.model if opened.extra is None else opened.extra, opened.table).html
    return html.encode()


def _zipped(files: list[Path]) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            archive.write(file, file.name)
    return sink.getvalue()
