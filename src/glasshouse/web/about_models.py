"""Views of models: one as it stands, the arithmetic of a unit in it, and what can be taken away."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from ..errors import OptionError, TableError
from .answers import View, answer, asked, whole, working
from .downloads import download
from .opened import Opened
from .shown import model_views, unit_of
from .site import Site

__all__ = ["MODEL_VIEWS", "unit_of_model"]


def model_twin(site: Site, id: str) -> dict[str, Any]:
    opened = site.models.open(id)
    views = model_views(opened.model, opened.table)
    rows = None if opened.table is None else opened.table.n_rows
    return {"id": id, "summary": opened.model.summary(), "rows": rows, **views}


def unit_of_model(site: Site, id: str, question: dict[str, int], weight: int | None) -> dict[str, Any]:
    opened = site.models.open(id)
    if opened.table is None:
        raise TableError(f"the table {id} was trained on is not in the folder: there is no row to work it out for")
    found: dict[str, Any] = unit_of(opened.model, opened.table, **question, weight=weight)
    return found


async def model(request: Request) -> Response:
    return answer(await working(model_twin, request.app.state.site, asked(request, "id")))


async def unit(request: Request) -> Response:
    question = {"layer": whole(request, "layer"), "unit": whole(request, "unit"), "row": whole(request, "row", 0)}
    weight = None if not asked(request, "weight", "") else whole(request, "weight")
    return answer(await working(unit_of_model, request.app.state.site, asked(request, "id"), question, weight))


async def take_away(request: Request) -> Response:
    site: Site = request.app.state.site
    id, form = asked(request, "id"), asked(request, "to")
    int8 = asked(request, "int8", "0")
    if int8 not in ("0", "1"):
        raise OptionError(f"int8 is {int8[:20]!r}: it must be 0 or 1")
    found = await working(lambda: download(_opened(site, id), form, int8=int8 == "1"))
    headers = {"content-disposition": f'attachment; filename="{found.name}"'}
    return Response(found.content, media_type=found.media_type, headers=headers)


def _opened(site: Site, id: str) -> Opened:
    return site.bench.opened(id) if site.bench.has(id) else site.models.open(id)


MODEL_VIEWS = (
    View("GET", "/api/model", "a model: ?id= of a file in the folder, or of a training that is done", model),
    View("GET", "/api/model/unit", "the arithmetic of a unit in it: ?id=&layer=&unit=&row=&weight=", unit),
    View("GET", "/api/download", "a file to keep: ?id=&to=glass, c, onnx or report, &int8=1", take_away),
)
