"""The application of the live page: every view that can be asked for, and the files of the page itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .. import __version__
from ..drawing.look import palette
from ..errors import GlasshouseError
from .about_models import MODEL_VIEWS
from .about_prunings import PRUNING_VIEWS
from .about_tables import TABLE_VIEWS
from .about_trainings import TRAINING_VIEWS
from .answers import View, answer, failed, refused, said_no
from .guard import Refused
from .site import Site

__all__ = ["VIEWS", "application", "page_files"]

TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
PAGE = Path(__file__).parent / "page"


async def everything(request: Request) -> Response:
    views = [{"method": view.method, "path": view.path, "says": view.says} for view in VIEWS]
    return answer({"version": __version__, "views": views})


VIEWS = (
    View("GET", "/api", "this list", everything),
    *TABLE_VIEWS,
    *TRAINING_VIEWS,
    *MODEL_VIEWS,
    *PRUNING_VIEWS,
)


def page_files() -> dict[str, tuple[bytes, str]]:
    """The files of the page, read once: what a request names is looked up here, and never becomes a path."""
    found = {
        path.name: (path.read_bytes(), TYPES[path.suffix]) for path in sorted(PAGE.iterdir()) if path.suffix in TYPES
    }
    return {**found, "palette.css": (palette().encode(), TYPES[".css"])}


def application(site: Site) -> Starlette:
    """The application that answers for a site; a `Guard` belongs before it."""
    files = page_files()

    async def page(request: Request) -> Response:
        return _file("index.html")

    async def static(request: Request) -> Response:
        return _file(request.path_params["name"])

    def _file(name: str) -> Response:
        if name not in files:
            raise Refused(404, "the page has no such file: open it anew")
        content, kind = files[name]
        return Response(content, media_type=kind)

    async def unknown(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        words = {404: "there is nothing here: GET /api lists what there is", 405: "this takes another method: see /api"}
        return await refused(request, Refused(error.status_code, words.get(error.status_code, error.detail)))

    handlers: dict[Any, Any] = {
        Refused: refused,
        GlasshouseError: said_no,
        HTTPException: unknown,
        Exception: failed,
    }
    routes = [Route("/", page), Route("/static/{name}", static)]
    routes += [Route(view.path, view.handler, methods=[view.method]) for view in VIEWS]
    app = Starlette(routes=routes, exception_handlers=handlers)
    app.router.redirect_slashes = False
    app.state.site = site
    return app
