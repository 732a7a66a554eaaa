"""What requests say and answers hold: JSON both ways, what comes in checked, what goes out plain."""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

import anyio
import anyio.lowlevel
import anyio.to_thread
from starlette.requests import Request
from starlette.responses import Response

from ..errors import GlasshouseError, OptionError
from ..storage import finite
from .guard import Refused, refusal

__all__ = ["View", "answer", "asked", "body_of", "failed", "refused", "said_no", "whole", "working"]

SCHEMA_VERSION = 1
LARGEST_NUMBER = 10**9


class View(NamedTuple):
    """One thing that can be asked for: a row of ``GET /api``, and a route."""

    method: str
    path: str
    says: str
    handler: Callable[[Request], Awaitable[Response]]


def answer(data: Mapping[str, Any], status: int = 200) -> Response:
    """A JSON object with the version of its schema."""
    return _json({"schema_version": SCHEMA_VERSION, **data}, status)


def _json(data: Mapping[str, Any], status: int) -> Response:
    text = json.dumps(finite(data), allow_nan=False, separators=(",", ":"))
    return Response(text.encode(), status, media_type="application/json")


async def body_of(request: Request) -> dict[str, Any]:
    """The JSON object of a request; an empty body is an empty one.

    Raises
    ------
    OptionError
        If it is none.
    """
    text = await request.body()
    try:
        found = json.loads(text or b"{}", parse_constant=_no_number)
    except (ValueError, RecursionError) as error:  # also numbers of thousands of digits, and what is no UTF-8
        raise OptionError("the body is no JSON: send an object such as {}") from error
    if not isinstance(found, dict):
        raise OptionError(f"the body is a {type(found).__name__}: send an object such as {{}}")
    return found


def _no_number(word: str) -> Any:
    raise ValueError(word)


def asked(request: Request, name: str, other: str | None = None) -> str:
    """One word of the query.

    Raises
    ------
    OptionError
        If it is not there and there is no other, or stands there more than once.
    """
    given = request.query_params.getlist(name)
    if len(given) > 1 or (not given and other is None):
        raise OptionError(f"{name} is given {len(given)} times: say ?{name}=… once")
    return given[0] if given else str(other)


def whole(request: Request, name: str, other: int | None = None) -> int:
    """A whole number of the query, of at least 0."""
    word = asked(request, name, None if other is None else str(other))
    if not (word.isascii() and word.isdecimal() and len(word) < 10):
        raise OptionError(f"{name} is {word[:40]!r}: it must be a whole number from 0 to {LARGEST_NUMBER - 1:,}")
    return int(word)


async def working(function: Callable[..., Any], *arguments: Any) -> Any:
    """Work that takes its time, in a thread: two at once, others wait."""
    return await anyio.to_thread.run_sync(function, *arguments, limiter=_limiter())


def _limiter() -> anyio.CapacityLimiter:
    """Of this event loop: a limiter belongs to one."""
    try:
        return _LIMITER.get()
    except LookupError:
        limiter = anyio.CapacityLimiter(2)
        _LIMITER.set(limiter)
        return limiter


_LIMITER: anyio.lowlevel.RunVar[anyio.CapacityLimiter] = anyio.lowlevel.RunVar("glasshouse threads")


async def refused(request: Request, error: Exception) -> Response:
    """An answer to `Refused`."""
    assert isinstance(error, Refused)
    return _error(request, error.status, str(error))


async def said_no(request: Request, error: Exception) -> Response:
    """An answer to an error of this package: what was asked for is wrong."""
    assert isinstance(error, GlasshouseError)
    return _error(request, 400, " ".join(str(error).split()))


async def failed(request: Request, error: Exception) -> Response:
    """An answer to what is our fault; the traceback goes to the terminal."""
    traceback.print_exception(error, file=sys.stderr)
    return _error(request, 500, f"internal error: {type(error).__name__}: please report what the terminal says")


def _error(request: Request, status: int, message: str) -> Response:
    kind, body = refusal(request.url.path, status, message)
    return Response(body, status, {"content-type": kind.decode()})
