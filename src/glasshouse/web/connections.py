"""How uvicorn is set: on one protocol, quiet, with few connections, none of which waits for ever for a request."""

from __future__ import annotations

import asyncio
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

__all__ = ["Connection", "server_of"]

SECONDS = 15.0  # for the headers of the first request; after that uvicorn's own limit of idle time holds
MOST_CONNECTIONS = 128
HEADERS_BYTES = 64 << 10


class Connection(H11Protocol):
    """One that is closed unless its first request has come within `SECONDS`: else idle ones could take every place."""

    _first: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._first = self.loop.call_later(SECONDS, self._expire)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._first is not None:
            self._first.cancel()
        super().connection_lost(exc)

    def _expire(self) -> None:
        if self.cycle is None and not self.transport.is_closing():
            self.transport.close()


def server_of(app: Any) -> uvicorn.Server:
    """A server for a guarded application; the socket is handed to its `run`."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            http=Connection,
            ws="none",
            lifespan="off",
            loop="asyncio",
            log_config=None,
            log_level="critical",  # what concerns a person is said by `answers.failed`
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=MOST_CONNECTIONS,
            h11_max_incomplete_event_size=HEADERS_BYTES,
            timeout_graceful_shutdown=1,
        )
    )
