"""Views of prunings: a model on the bench, a cut to look at, one to keep, and the way back."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from ..errors import OptionError
from .answers import View, answer, asked, body_of, working
from .prunings import Pruning
from .site import Site

__all__ = ["PRUNING_VIEWS"]


async def begin(request: Request) -> Response:
    site: Site = request.app.state.site
    wanted = await body_of(request)
    model, table = wanted.get("model"), wanted.get("table")
    if not isinstance(model, str) or not isinstance(table, str | None):
        raise OptionError("model is the id of a model, table that of a table: name those that /api/tables lists")
    id = await working(site.bench.begin, model, table)
    return answer(await working(site.bench.twin, id), 201)


async def twin(request: Request) -> Response:
    site: Site = request.app.state.site
    return answer(await working(site.bench.twin, request.path_params["id"]))


async def cut(request: Request) -> Response:
    pruning = _idle(request)
    try:
        density: Any = float(asked(request, "density"))
    except ValueError:
        density = asked(request, "density")[:40]
    return answer(await working(pruning.cut, density, asked(request, "criterion", "magnitude")))


async def keep(request: Request) -> Response:
    site: Site = request.app.state.site
    id, wanted = request.path_params["id"], {"criterion": "magnitude", **await body_of(request)}
    density, criterion, retrain = (wanted.get(name) for name in ("density", "criterion", "retrain"))
    if not isinstance(retrain, bool | None):
        raise OptionError("retrain must be true or false")
    site.bench.keep(id, density, criterion, bool(retrain))
    return answer(await working(site.bench.twin, id), 202)


async def undo(request: Request) -> Response:
    site: Site = request.app.state.site
    await body_of(request)
    await working(_idle(request).undo)
    return answer(await working(site.bench.twin, request.path_params["id"]))


def _idle(request: Request) -> Pruning:
    bench, id = request.app.state.site.bench, request.path_params["id"]
    found: Pruning = bench.find(id)
    bench.expect_idle(id)
    return found


PRUNING_VIEWS = (
    View("POST", "/api/prunings", "put a model on the bench: model, and a table where its own is not there", begin),
    View("GET", "/api/prunings/{id}", "where it stands: what was kept, what it costs and saves", twin),
    View("GET", "/api/prunings/{id}/cut", "a cut to look at, not kept: ?density=&criterion=", cut),
    View(
        "POST", "/api/prunings/{id}/keep", "prune to a density and go on from there: density, criterion, retrain", keep
    ),
    View("POST", "/api/prunings/{id}/undo", "go back to before the last cut that was kept", undo),
)
