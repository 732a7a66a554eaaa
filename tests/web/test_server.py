"""``glasshouse serve``: what it refuses, what it prints, and a whole visit over a real socket, killed in the middle."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from served import CSV, events_in

import glasshouse as gh
from glasshouse.web.folder import OWN


def test_what_cannot_be_served_is_said_in_a_line(glasshouse, here, monkeypatch) -> None:
    monkeypatch.delattr("uvicorn.Server.run")  # it must not come so far
    (here / "table.csv").write_text(CSV)
    (here / "sub").mkdir()
    for name in ("m.glass", "m.onnx", "t.parquet"):
        (here / name).write_bytes(b"m")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        wrong = {
            ("nothing.csv",): "no file nothing.csv",
            (".",): "is a folder",
            ("--folder", "nothing"): "no such folder",
            ("table.csv", "--folder", "sub"): "does not lie in sub",
            ("table.csv", "--port", port): f"port {port} is taken",
            ("--port", "99999"): "port is 99999",
            ("--host", "no.such.host.invalid"): "no address is known",
            ("--host", "203.0.113.7"): "no address of this machine",
            ("--delimiter", "comma"): "leave out delimiter",
            ("example:iris", "--delimiter", "comma"): "leave out delimiter",
            ("m.glass", "--delimiter", "semicolon"): "m.glass is no text: leave out delimiter",
            ("m.onnx", "--no-header"): "m.onnx is no text: leave out header",
            ("t.parquet", "--delimiter", "semicolon"): "t.parquet is no text: leave out delimiter",
            ("example:iriss",): "there is no table 'example:iriss'",
        }
        for words, said in wrong.items():
            code, out, err = glasshouse("serve", "--no-open", *words)
            assert (code, out) == (2, "")
            assert err.count("\n") == 1
            assert said in err


def test_inside_an_event_loop_it_says_where_to_run_it() -> None:
    async def cell() -> None:
        gh.serve(open_page=False)

    with pytest.raises(gh.OptionError, match="in a terminal"):
        asyncio.run(cell())


def test_without_its_packages_it_says_what_to_install(glasshouse, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "starlette", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    code, _, err = glasshouse("serve")
    assert code == 2
    assert err.count("\n") == 1
    assert "pip install 'glasshouse[web]'" in err


def test_help_imports_no_server() -> None:
    code = (
        "import sys\nfrom glasshouse.cli.main import _run\n_run(['serve', '--help'])\n"
        "print([m for m in ('starlette', 'uvicorn', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("[]\n")


# A visit


class Visit:
    """A server in a process of its own, and a browser that has been let in."""

    def __init__(self, folder: Path, *words: str):
        command = [sys.executable, "-m", "glasshouse", "serve", "--no-open", "--folder", str(folder), *words]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.said, self.connections = "", []
        while "Ctrl-C" not in self.said:
            line = self.process.stdout.readline()
            assert line, self.said
            self.said += line
        self.port, self.token = re.search(r"127\.0\.0\.1:([0-9]+)/\?token=(\S+)", self.said).groups()
        self.cookie = ""
        entered = self.ask("GET", f"/?token={self.token}")
        assert (entered.status, entered.getheader("location")) == (303, "/")
        self.cookie = entered.getheader("set-cookie").partition(";")[0]

    def ask(self, method: str, target: str, data: Any = None) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", int(self.port), timeout=60)
        self.connections.append(connection)
        headers = {"cookie": self.cookie} if self.cookie else {}
        if data is not None:
            headers |= {"content-type": "application/json", "origin": f"http://127.0.0.1:{self.port}"}
        connection.request(method, target, None if data is None else json.dumps(data), headers)
        return connection.getresponse()

    def twin(self, target: str, data: Any = None) -> Any:
        answer = self.ask("GET" if data is None else "POST", target, data)
        found = json.loads(answer.read())
        assert answer.status < 300, found
        return found

    def wait(self, id: str, good: Callable[[Any], bool], seconds: float = 60.0) -> Any:
        until = time.monotonic() + seconds
        while not good(twin := self.twin(f"/api/trainings/{id}")):
            assert time.monotonic() < until, twin["status"]
            time.sleep(0.05)
        return twin

    def events(self, id: str) -> list[tuple[str, Any]]:
        """Those of a training until its result."""
        answer, body = self.ask("GET", f"/api/trainings/{id}/events"), b""
        while not body.endswith(b"\n\n") or b"event: result" not in body:
            body += answer.read1(1 << 16)
        return events_in(body)

    def workers(self) -> list[int]:
        threads = Path(f"/proc/{self.process.pid}/task").iterdir()
        return [int(word) for thread in threads for word in (thread / "children").read_text().split()]

    def end(self, how: signal.Signals) -> int:
        self.process.send_signal(how)
        rest, _ = self.process.communicate(timeout=60)
        self.said += rest
        return self.process.returncode


@contextlib.contextmanager
def visit(folder: Path, *words: str) -> Iterator[Visit]:
    found = Visit(folder, *words)
    try:
        yield found
    finally:
        if found.process.poll() is None:
            found.process.kill()
            found.process.communicate()
        for connection in found.connections:
            connection.close()


def gone(process: int, seconds: float = 30.0) -> bool:
    """Whether a process ends."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="children are looked up in /proc")
def test_a_visit_over_a_socket_killed_in_the_middle_and_resumed(tmp_path) -> None:
    with visit(tmp_path) as first:
        assert b"<title>" in first.ask("GET", "/").read()
        short = first.twin("/api/trainings", {"table": "example:iris", "target": "target", "epochs": 3})["id"]
        told = first.events(short)
        kinds = {kind for kind, _ in told}
        assert {"understood", "status", "history", "picture", "result"} <= kinds
        assert first.twin(f"/api/model?id={short}")["summary"]["target"] == "target"
        options = {"table": "example:wine", "target": "target", "epochs": 5000, "hidden": [4], "pace": 100}
        long = first.twin("/api/trainings", options)["id"]
        first.wait(long, lambda twin: len(twin["history"]) >= 3)
        workers = first.workers()
        assert first.end(signal.SIGKILL) == -signal.SIGKILL
        assert workers
        assert all(gone(worker) for worker in workers)
    checkpoint = tmp_path / OWN / "trainings" / f"{long}.checkpoint"
    assert checkpoint.exists()
    with visit(tmp_path) as second:
        assert f"training {long} of example:wine was interrupted" in second.said
        row, done = second.twin("/api/trainings")["trainings"]
        assert (row["id"], row["state"], row["resumable"]) == (long, "waiting", True)
        assert (done["id"], done["state"], done["resumable"]) == (short, "done", False)
        assert f"training {short}" not in second.said
        assert len(second.twin(f"/api/trainings/{short}")["history"]) == 3
        assert second.twin(f"/api/model?id={short}")["summary"]["target"] == "target"  # it has stayed
        second.twin(f"/api/trainings/{long}/control", {"do": "resume"})
        twin = second.wait(long, lambda twin: len(twin["history"]) >= 6)
        assert [row["epoch"] for row in twin["history"]] == list(range(1, len(twin["history"]) + 1))
        workers = second.workers()
        assert second.end(signal.SIGINT) == 0
        assert all(gone(worker) for worker in workers)
        assert "Traceback" not in second.said
        assert f"stopped; {long} can be resumed" in second.said
    assert checkpoint.exists()


def test_another_address_is_said_to_be_one(tmp_path) -> None:
    with visit(tmp_path, "--host", "0.0.0.0") as found:
        assert found.end(signal.SIGTERM) in (0, -signal.SIGTERM)
        assert f"http://127.0.0.1:{found.port}/" in found.said
        assert "everybody who can reach this machine" in found.said
        assert "no TLS" in found.said
