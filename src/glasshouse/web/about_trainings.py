"""Views of trainings: begin, look, listen, steer, ask a unit, take a remedy."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from ..errors import OptionError
from ..storage import finite
from .answers import View, answer, asked, body_of, whole, working
from .guard import Refused
from .site import Site
from .training import Listener, Training

__all__ = ["TRAINING_VIEWS"]

HEARTBEAT = 15.0  # seconds
PICTURE_WAIT = 2.0
ANSWER_WAIT = 20.0


async def begin(request: Request) -> Response:
    site: Site = request.app.state.site
    options = await body_of(request)
    table = options.pop("table", None)
    if not isinstance(table, str):
        raise OptionError("table is the id of a table: name one that /api/tables lists")
    pace = options.pop("pace", None)
    training = await working(site.trainings.begin, table, options, pace)
    return answer({"id": training.id}, 201)


async def all_of_them(request: Request) -> Response:
    site: Site = request.app.state.site
    return answer(site.trainings.list())


async def twin(request: Request) -> Response:
    training = await _recalled(request)
    if training.runs and not training.watched:
        return answer(await _with_a_picture(training))
    return answer(training.twin())


async def _with_a_picture(training: Training) -> dict[str, Any]:
    """All of a training at which nobody looks, so that no picture is made unless one is asked for."""
    listener = training.listen()
    try:
        with contextlib.suppress(TimeoutError):  # it reads, or judges, or its epochs take long: the last one is shown
            await _news_of_a_picture(training, listener)
        return training.twin()  # before it is told that nobody looks any more
    finally:
        training.leave_alone(listener)


async def _news_of_a_picture(training: Training, listener: Listener) -> None:
    async with asyncio.timeout(PICTURE_WAIT):
        training.news_for(listener)  # what was there before
        while training.runs:
            await listener.woken.wait()
            if "picture" in {kind for kind, _ in training.news_for(listener)}:
                return


async def events(request: Request) -> Response:
    training = await _recalled(request)
    listener = training.listen()
    return StreamingResponse(_stream(training, listener), media_type="text/event-stream")


async def _stream(training: Training, listener: Listener) -> AsyncIterator[bytes]:
    try:
        while True:
            try:
                async with asyncio.timeout(HEARTBEAT):
                    await listener.woken.wait()
            except TimeoutError:
                yield b": still here\n\n"
                continue
            for kind, data in training.news_for(listener):
                text = json.dumps(finite(data), allow_nan=False, separators=(",", ":"))  # one line, whatever it holds
                yield f"event: {kind}\ndata: {text}\n\n".encode()
    finally:
        training.leave_alone(listener)


async def control(request: Request) -> Response:
    site: Site = request.app.state.site
    id, order = request.path_params["id"], await body_of(request)
    await working(site.trainings.control, id, order.get("do"), order.get("value"))
    return answer(site.trainings.find(id).row())


async def unit(request: Request) -> Response:
    site: Site = request.app.state.site
    training = _training(request)
    question = {"layer": whole(request, "layer"), "unit": whole(request, "unit"), "row": whole(request, "row", 0)}
    weight = None if not asked(request, "weight", "") else whole(request, "weight")
    if not training.runs:
        from .about_models import unit_of_model

        return answer(await working(unit_of_model, site, training.id, question, weight))
    try:
        async with asyncio.timeout(ANSWER_WAIT):
            found: dict[str, Any] = await asyncio.wrap_future(training.unit({**question, "weight": weight}))
            return answer(found)
    except TimeoutError:
        raise Refused(409, f"training {training.id} is busy with other work: ask again") from None


async def remedy(request: Request) -> Response:
    site: Site = request.app.state.site
    number = (await body_of(request)).get("finding")
    training, changed = await working(site.trainings.remedy, request.path_params["id"], number)
    return answer({"id": training.id, "changed": changed}, 201)


def _training(request: Request) -> Training:
    site: Site = request.app.state.site
    found: Any = site.trainings.find(request.path_params["id"])
    assert isinstance(found, Training)
    return found


async def _recalled(request: Request) -> Training:
    """With what it left, if a server before trained it."""
    site: Site = request.app.state.site
    training = _training(request)
    if training.is_forgotten:
        await working(site.trainings.recall, training, site.models.open)
    return training


TRAINING_VIEWS = (
    View("POST", "/api/trainings", "begin a training: table, target, and what was chosen", begin),
    View("GET", "/api/trainings", "the trainings, the newest first", all_of_them),
    View("GET", "/api/trainings/{id}", "all of a training: options, status, history, picture, findings, result", twin),
    View("GET", "/api/trainings/{id}/events", "the same as it comes, as server-sent events", events),
    View("POST", "/api/trainings/{id}/control", "pause, go, step, stop, resume; rate or pace with a value", control),
    View("GET", "/api/trainings/{id}/unit", "the arithmetic of a unit: ?layer=&unit=&row=&weight=", unit),
    View("POST", "/api/trainings/{id}/remedy", "begin again with what a finding advises", remedy),
)
