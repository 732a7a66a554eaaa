"""Asking the application of the live page without a socket, and a worker that trains nothing."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from glasshouse.web.app import application
from glasshouse.web.guard import Guard
from glasshouse.web.site import Site

PORT = 8321
HOST = f"127.0.0.1:{PORT}"
ORIGIN = f"http://{HOST}"

# A table in the European way, with a column of each kind.
CSV = "size;sort;when;name;gone;y\n" + "".join(
    f"{k / 4:.2f};{'abc'[k % 3]};2024-0{1 + k % 9}-11;person {k};;{'yes' if k % 2 else 'no'}\n".replace(".", ",")
    for k in range(60)
)

# What it does is said by the seed of its job.
WORKER = """
import json, os, sys, time
job = json.loads(sys.stdin.readline())
options, epochs, seed = job["options"], job["options"]["epochs"], job["options"]["seed"]
def say(kind, data): print(json.dumps({"event": kind, "data": data}), flush=True)
def status(state, epoch): say("status", {"state": state, "stage": state, "epoch": epoch, "max_epochs": epochs})
status("reading", 0)
if seed == 8:
    for line in sys.stdin:
        if json.loads(line)["do"] == "stop": break
    else: os._exit(1)
names = ["n" * 9000] * (600 if seed == 10 else 0)
say("understood", {"names": names, "features": ["x"], "target": options["target"], "job": job})
first = int(open(job["checkpoint"]).read()) if job["resume"] else 0
for epoch in range(1, first + 1):
    say("epoch", {"epoch": epoch, "loss": 1 / epoch})
for epoch in range(first + 1, epochs + 1):
    with open(job["checkpoint"], "w") as file:
        file.write(str(epoch))
    say("epoch", {"epoch": epoch, "loss": float("nan") if seed == 9 else 1 / epoch})
    say("picture", {"epoch": epoch, "weights": "w" * 1000})
    status("training", epoch)
    if seed == 1: sys.exit(3)
    if seed == 2: print("Traceback: no JSON", flush=True)
    if seed == 3: print("x" * (17 << 20), flush=True)
    if seed == 4: os.kill(os.getpid(), 9)
    if seed == 5: say("failed", {"error": "it diverged"}); sys.exit(2)
    if seed == 6: say("nonsense", {})
    if seed == 7 and epoch == first + 2:
        for line in sys.stdin:
            order = json.loads(line)
            if order["do"] == "unit":
                found = {"unit": {"layer": order["layer"]}} if order["layer"] else {"error": "there is no layer 0"}
                print(json.dumps({"event": "unit", "id": order["id"], **found}), flush=True)
            if order["do"] == "watch": say("picture", {"epoch": epoch, "watched": order["on"]})
            if order["do"] == "rate": say("understood", {"rate": order["value"]})
            if order["do"] == "stop": break
        else: os._exit(1)
        break
if seed == 8:
    status("judging", epoch)
    for line in sys.stdin: pass
    os._exit(1)
say("findings", [{"kind": "slow", "cure": {"options": {"learning_rate": 0.5}}}, {"kind": "odd", "cure": None}])
with open(job["out"], "wb") as file: file.write(b"a model")
say("result", {"epochs": epoch, "interrupted": seed == 7})
"""


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Page:
    """A guarded application over a folder, and somebody who has its token."""

    def __init__(self, folder: Path, command: Sequence[str] | None = None, given: str | None = None):
        self.site = Site(folder, given) if command is None else Site(folder, given, command=command)
        self.guard = Guard(application(self.site), {HOST, f"localhost:{PORT}"}, PORT)
        self.own = {"host": HOST, "cookie": f"{self.guard.cookie}={self.guard.token}", "origin": ORIGIN}

    def get(self, target: str, **headers: str) -> Answer:
        return asyncio.run(ask(self.guard, "GET", target, {**self.own, **headers}))

    def post(self, target: str, data: Any = None, **headers: str) -> Answer:
        body = json.dumps({} if data is None else data).encode()
        given = {**self.own, "content-type": "application/json", "content-length": str(len(body)), **headers}
        return asyncio.run(ask(self.guard, "POST", target, given, [body]))

    def upload(self, name: str, *pieces: bytes) -> Answer:
        given = {**self.own, "content-type": "application/octet-stream"}
        return asyncio.run(ask(self.guard, "POST", f"/api/tables?name={quote(name)}", given, pieces))

    def begin(self, **options: Any) -> str:
        found = self.post("/api/trainings", {"table": "example:iris", "target": "target", **options})
        assert found.status == 201, found.body
        return str(found.json["id"])

    def wait(self, id: str, good: Callable[[dict[str, Any]], bool], seconds: float = 30.0) -> dict[str, Any]:
        """The twin of a training once something holds of it."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            twin = self.site.trainings.find(id).twin()
            if good(twin):
                return twin
            time.sleep(0.01)
        raise AssertionError(f"it did not come: {twin['status']}, {len(twin['history'])} epochs, {twin['error']}")

    def listened(self, id: str, until: str) -> list[tuple[str, Any]]:
        """The events of a training up to one of this kind."""
        wanted, target = f"event: {until}\n".encode(), f"/api/trainings/{id}/events"
        answer = asyncio.run(ask(self.guard, "GET", target, self.own, until=lambda body: wanted in body))
        assert answer.headers["content-type"] == "text/event-stream; charset=utf-8", answer
        return events_in(answer.body)

    def ended(self, id: str) -> dict[str, Any]:
        twin = self.wait(id, lambda twin: not self.site.trainings.find(id).runs)
        return twin


@contextlib.contextmanager
def page(folder: Path, *, real: bool = False, given: str | None = None):
    """A page whose workers are the fake one, or the real."""
    script = folder.parent / "worker.py"
    script.write_text(WORKER)
    found = Page(folder, None if real else (sys.executable, "-S", str(script)), given)
    try:
        yield found
    finally:
        found.site.close()


async def ask(
    app: Any,
    method: str,
    target: str,
    headers: Any = (),
    pieces: Sequence[bytes] = (b"",),
    until: Callable[[bytes], bool] | None = None,
) -> Answer:
    """One request; a stream is left once something holds of what came."""
    parts = urlsplit(target) if not target.startswith("//") else urlsplit(f"http://{HOST}{target}")
    pairs = headers.items() if isinstance(headers, dict) else headers
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "server": ("127.0.0.1", PORT),
        "client": ("127.0.0.1", 50000),
        "root_path": "",
        "path": _decoded(parts.path),
        "raw_path": parts.path.encode("utf-8", "surrogatepass"),
        "query_string": parts.query.encode("latin-1", "replace"),
        "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in pairs],
    }
    waiting, left = list(pieces), asyncio.Event()
    status, found, body = 0, {}, b""

    async def receive() -> dict[str, Any]:
        if waiting:
            piece = waiting.pop(0)
            return {"type": "http.request", "body": piece, "more_body": bool(waiting)}
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        nonlocal status, found, body
        if message["type"] == "http.response.start":
            status, found = message["status"], {k.decode(): v.decode() for k, v in message["headers"]}
        body += message.get("body", b"")
        if until is not None and until(body):
            left.set()

    await app(scope, receive, send)
    return Answer(status, found, body)


def _decoded(path: str) -> str:
    from urllib.parse import unquote

    return unquote(path, errors="replace")


def events_in(body: bytes) -> list[tuple[str, Any]]:
    """The events of a stream so far."""
    found = []
    for block in body.decode().split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if "data" in lines:
            found.append((lines["event"], json.loads(lines["data"])))
    return found
