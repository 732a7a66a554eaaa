"""Views of tables: which there are, one of them as it is understood, and how another comes in."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from ..errors import OptionError
from .answers import View, answer, asked, working
from .choices import choices
from .guard import Refused
from .site import Site
from .uploads import take_in

__all__ = ["TABLE_VIEWS"]

MOST_CORRECTIONS = 2000


async def tables(request: Request) -> Response:
    site: Site = request.app.state.site

    def found() -> dict[str, object]:
        return {
            "folder": site.folder.path.name,
            "given": site.given,
            "tables": [{"id": p.id, "name": p.name, "group": p.group, "bytes": p.bytes} for p in site.folder.tables()],
            "models": [{"id": p.id, "name": p.name} for p in site.folder.models()],
        }

    return answer(await working(found))


async def upload(request: Request) -> Response:
    site: Site = request.app.state.site
    name = asked(request, "name")
    if site.uploading.locked():
        raise Refused(409, "another table is being uploaded: wait until it is there")
    async with site.uploading:
        id, size = await take_in(site.folder, name, request.stream())
    return answer({"id": id, "bytes": size}, 201)


async def table(request: Request) -> Response:
    site: Site = request.app.state.site
    id, target = asked(request, "id"), asked(request, "target", "")
    drop, words = request.query_params.getlist("drop"), request.query_params.getlist("as")
    if len(drop) + len(words) > MOST_CORRECTIONS:
        raise OptionError(f"{len(drop) + len(words):,} corrections: at most {MOST_CORRECTIONS:,} are taken")
    kinds = {}
    for word in words:
        column, sign, kind = word.rpartition("=")
        if not sign:
            raise OptionError(f"as is {word[:60]!r}: write as=COLUMN=KIND")
        kinds[column] = kind

    def found() -> dict[str, object]:
        return site.tables.understood(id).twin(id, target or None, kinds, drop)

    return answer(await working(found))


async def what_to_choose(request: Request) -> Response:
    return answer(choices())


TABLE_VIEWS = (
    View("GET", "/api/tables", "the tables and models that can be opened", tables),
    View("POST", "/api/tables", "take in a table: ?name=NAME, its bytes as the body", upload),
    View("GET", "/api/table", "a table as it is understood: ?id=&target=&drop=COL&as=COL=KIND", table),
    View("GET", "/api/choices", "the names that can be chosen for a training, and the defaults", what_to_choose),
)
