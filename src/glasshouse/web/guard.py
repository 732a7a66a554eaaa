"""The guard before the live page: who may ask, from where, and how much; every answer leaves with its headers.

A page is read by one person on one machine, and yet every site that person visits can send requests to it. So, in this
order, whatever is asked: the Host must be a name of this server (a foreign name that was made to point here is not),
Origin and Sec-Fetch-Site must say that no other page asks (one on another port of this machine is another page), the
method and the length must be usual, and the token must be known. Only then the application sees the request, and its
body as it arrives: counted, and not slower than a limit.
"""

from __future__ import annotations

import asyncio
import hmac
import html
import ipaddress
import json
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

__all__ = ["JSON_LIMIT", "UPLOAD", "UPLOAD_LIMIT", "Guard", "Refused", "refusal"]

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

JSON_LIMIT = 64 << 10  # bytes
UPLOAD_LIMIT = 64 << 20
QUERY_LIMIT = 16 << 10
UPLOAD = "/api/tables"  # the one place that takes a file
METHODS = ("GET", "POST")
PIECE_SECONDS, BODY_SECONDS = 20.0, 300.0  # between two pieces of a body, and for all of it
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    b"content-security-policy": POLICY.encode(),
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"cache-control": b"no-store",
}


class Refused(Exception):
    """A request that is not served: the status, and one line that says why and what to do."""

    def __init__(self, status: int, message: str):
        self.status = status
        super().__init__(message)


def refusal(path: str, status: int, message: str) -> tuple[bytes, bytes]:
    """Content type and body of an error: JSON below /api, else a page of one sentence."""
    if path.startswith("/api"):
        return b"application/json", json.dumps({"schema_version": 1, "error": message}).encode()
    sentence = html.escape(message, quote=True)
    page = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Glasshouse: {status}</title><p>{sentence}</p>'
    return b"text/html; charset=utf-8", page.encode()


class Guard:
    """An ASGI application around another one.

    Parameters
    ----------
    app : ASGI application
    names : set of str
        What a Host may be, with the port, in small letters.
    any_address : bool
        Whether it may also be any address with this port: for a server that listens on all of them. A page elsewhere
        can make a name point here, but not an address.

    Attributes
    ----------
    token : str
        Whoever has it may ask.
    ticket : str
        The same in a link, once: what starts a browser can be seen by everybody on a machine.
    """

    def __init__(self, app: App, names: set[str], port: int, *, any_address: bool = False):
        self.app, self.names, self.port, self.any_address = app, names, port, any_address
        self.token, self.ticket = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        self.cookie = f"glasshouse-{port}"  # cookies know no ports: two servers must not take each other's
        self._tickets = [self.ticket]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await self.app(scope, receive, send)
        if scope["type"] != "http":  # a web socket: there are none
            return await send({"type": "websocket.close", "code": 1008})

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = [pair for pair in message.get("headers", ()) if pair[0].lower() not in HEADERS]
                message = {**message, "headers": [*kept, *HEADERS.items()]}
            await send(message)

        try:
            headers = self._headers(scope)
            self._expect_own(headers)
            if len(scope["query_string"]) > QUERY_LIMIT:
                raise Refused(414, f"the query is longer than {QUERY_LIMIT:,} bytes: ask for less at once")
            if scope["method"] not in METHODS:
                raise Refused(405, f"{scope['method'][:20]!r} is no method of this server: use GET or POST")
            entered = self._entered(scope)
            if entered is not None:
                return await _answer(guarded, 303, [(b"location", entered), (b"set-cookie", self._set_cookie())], b"")
            self._expect_token(headers)
            limit = self._limit(scope, headers)
        except Refused as error:
            kind, body = refusal(scope["path"], error.status, str(error))
            # What the client still sends of a body is not read.
            return await _answer(guarded, error.status, [(b"content-type", kind), (b"connection", b"close")], body)
        return await self.app(scope, _counted(receive, limit), guarded)

    def _headers(self, scope: Scope) -> dict[str, str]:
        """Those that decide; each once, since of two the wrong one could be believed."""
        found: dict[str, str] = {}
        for name, value in scope["headers"]:
            word = name.decode("latin-1").lower()
            if word in found and word in ("host", "origin", "sec-fetch-site", "authorization", "content-length"):
                raise Refused(400, f"the header {word} stands there twice: send it once")
            text = value.decode("latin-1")
            found[word] = f"{found[word]}; {text}" if word == "cookie" and word in found else text
        return found

    def _expect_own(self, headers: dict[str, str]) -> None:
        """The request is for a name of this server, and no page of another origin made it."""
        host = headers.get("host", "").lower()
        if host not in self.names and not (self.any_address and self._is_address(host)):
            raise Refused(403, f"the host {host[:60]!r} is no name of this server: open the link that it printed")
        origin, site = headers.get("origin"), headers.get("sec-fetch-site")
        if (origin is not None and origin.lower() != f"http://{host}") or site not in (None, "same-origin", "none"):
            raise Refused(403, "another page asks, and this server answers its own alone: open the link by itself")

    def _is_address(self, host: str) -> bool:
        name, _, port = host.rpartition(":")
        try:
            ipaddress.ip_address(name[1:-1] if name.startswith("[") and name.endswith("]") else name)
        except ValueError:
            return False
        return port == str(self.port)

    def _entered(self, scope: Scope) -> bytes | None:
        """Where a link with the right token goes on to: the same page without it. None if there is no token in it."""
        if scope["path"] != "/" or scope["method"] != "GET":
            return None
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        given = [value for name, value in query if name == "token"]
        if not given:
            return None
        if len(given) > 1 or not self._knows(given[0], in_link=True):
            raise Refused(401, "the link has a token that this server does not know: open the link that it printed")
        rest = urlencode([pair for pair in query if pair[0] != "token"], errors="replace")
        return f"/?{rest}".encode() if rest else b"/"

    def _knows(self, word: str, *, in_link: bool = False) -> bool:
        given = word.encode("utf-8", "surrogatepass")
        if hmac.compare_digest(given, self.token.encode()):
            return True
        if in_link and any(hmac.compare_digest(given, ticket.encode()) for ticket in self._tickets):
            self._tickets.clear()
            return True
        return False

    def _set_cookie(self) -> bytes:
        return f"{self.cookie}={self.token}; HttpOnly; SameSite=Strict; Path=/".encode()

    def _expect_token(self, headers: dict[str, str]) -> None:
        kind, _, bearer = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and self._knows(bearer.strip()):
            return
        pairs = (part.strip().partition("=") for part in headers.get("cookie", "").split(";"))
        if not any(name == self.cookie and self._knows(value) for name, _, value in pairs):
            raise Refused(401, "this page needs the link with its token: open the one that glasshouse serve printed")

    def _limit(self, scope: Scope, headers: dict[str, str]) -> int:
        """The most bytes a body may have; a body that is known to be longer, or of another kind, is refused."""
        limit = 0
        if scope["method"] != "POST":
            if "transfer-encoding" in headers:
                raise _too_large(limit)
        else:
            by_page = "origin" in headers or headers.get("sec-fetch-site") == "same-origin"
            if not by_page and "authorization" not in headers:
                raise Refused(403, "a change needs an Origin, or the token as Authorization: Bearer: send one of them")
            is_file = scope["path"] == UPLOAD
            wanted = "application/octet-stream" if is_file else "application/json"
            kind, encoding = headers.get("content-type", ""), headers.get("content-encoding", "identity")
            if kind.partition(";")[0].strip().lower() != wanted or encoding != "identity":
                raise Refused(415, f"the body is {kind[:60]!r}, {encoding[:20]!r}: send {wanted}, not compressed")
            limit = UPLOAD_LIMIT if is_file else JSON_LIMIT
        length = headers.get("content-length", "0")
        if not (length.isascii() and length.isdecimal()):
            raise Refused(400, f"Content-Length is {length[:20]!r}: it must be a number")
        if len(length) > 12 or int(length) > limit:
            raise _too_large(limit)
        return limit


def _too_large(limit: int) -> Refused:
    return Refused(413, f"the body is larger than {limit:,} bytes, the limit here: send less")


def _counted(receive: Receive, limit: int) -> Receive:
    """The body as it arrives: at most so many bytes, and not for ever. What comes after it is passed on."""
    received, whole, deadline = 0, False, asyncio.get_running_loop().time() + BODY_SECONDS

    async def counted() -> Message:
        nonlocal received, whole
        if whole:
            return await receive()
        left = min(PIECE_SECONDS, deadline - asyncio.get_running_loop().time())
        try:
            message = await asyncio.wait_for(receive(), max(left, 0.0))
        except TimeoutError:
            raise Refused(408, "the body does not arrive: send it at once") from None
        received += len(message.get("body", b""))
        whole = not message.get("more_body", False)
        if received > limit:
            raise _too_large(limit)
        return message

    return counted


async def _answer(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": body})
