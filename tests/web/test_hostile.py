"""Ten thousand hostile requests: none that may not succeeds, none breaks anything, nothing outside is touched."""

from __future__ import annotations

import asyncio
import json
import random
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from served import CSV, HOST, ORIGIN, PORT, Page, ask, page

from glasshouse.web import connections
from glasshouse.web.app import VIEWS
from glasshouse.web.connections import server_of
from glasshouse.web.folder import OWN
from glasshouse.web.guard import JSON_LIMIT, UPLOAD, Guard

CANARY = "CANARY-7f3a"
IN_PROCESS, ON_A_SOCKET = 9_500, 500

# fmt: off
HOSTS = [
    HOST, HOST, HOST, "", "evil.example", f"evil.example:{PORT}", "127.0.0.1", f"127.0.0.1:{PORT + 1}", "a" * 9000,
    "\xff", f"127.0.0.1:{PORT}@evil.example", f"{HOST}, evil.example", f"[::1]:{PORT}", f"127.0.0.1.:{PORT}",
]
ORIGINS = [
    None, None, ORIGIN, ORIGIN, "null", "", "http://evil.example", f"https://{HOST}", f"{ORIGIN}/", f"{ORIGIN}.evil",
    "file://", f"http://localhost:{PORT}", "http://127.0.0.1:8888",
]
SITES = [None, None, None, "same-origin", "none", "cross-site", "same-site", "", "SAME-ORIGIN", "x"]
METHODS = ["GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PATCH", "get", "", "\x00", "G" * 500]
TYPES = ["application/json", "application/octet-stream", "", "text/plain", "multipart/form-data", "a" * 3000]
WORDS = [
    "../secret.csv", "..\\secret.csv", "%2e%2e%2fsecret.csv", "..%252fsecret.csv", "/etc/passwd", "//etc/passwd",
    "....//secret.csv", "file:///etc/passwd", "secret.csv\0.csv", "out.csv", "a/../../secret.csv", ".glasshouse/lock",
    "upload:../../../secret.csv", "upload:../trainings/t1.json", "example:../secret", "t1/../../x", "t1.glass", "t0",
    "t99999", "p1", "p0", "\ud800", "\x00", "\r\nX: y", "'; DROP TABLE x; --", "<script>alert(1)</script>", "{{7*7}}",
    "%s%n", "$(touch x)", "x" * 5000, "", ".", "..", "~", "NUL", "good.csv", "bad.glass", "\u202e", "good.csv ", "1",
]
KNOWN = ["t1", "t1", "good.csv", "example:iris", "bad.glass", "size", "size=category", "1", "0.5", "c", "index.html"]
VALUES: list[Any] = [
    None, True, 0, -1, 1, 1.5, 10**18, 1e308, -0.0, "", "x", "y", [], {}, [[]], {"a": {"b": []}}, "x" * 30_000,
    ["x"] * 5000, "\0", "\ud800", "../secret.csv", "good.csv", "target", ["size"], {"size": "date"}, [1], [10**9],
    "relu", "adam", 10**400,
]
KEYS = [
    "table", "target", "kinds", "drop", "hidden", "activation", "initializer", "density", "optimizer", "learning_rate",
    "epochs", "seed", "pace", "do", "value", "finding", "model", "criterion", "retrain", "out", "__proto__", "\0",
]
QUERIES = [
    "id", "name", "target", "drop", "as", "layer", "unit", "row", "weight", "density", "criterion", "to", "int8",
    "token",
]
# fmt: on


def body_of(dice: random.Random) -> list[bytes]:
    """A body, whole or broken, in one piece or many."""
    kind = dice.randrange(12)
    if kind < 6:
        data = {key: dice.choice(VALUES) for key in dice.sample(KEYS, dice.randrange(6))}
        if dice.random() < 0.3:
            data |= {"table": "good.csv", "target": "y", "epochs": 1}
        text = json.dumps(data).encode()
    elif kind == 6:
        text = dice.choice([b"[", b'{"a":']) * dice.choice([10, 1000, 12_000])
    elif kind == 7:
        text = dice.choice(
            [b"9" * 5000, b"1e999999", b"NaN", b"-Infinity", b"\xff\xfe{}", b"\x00", b"null", b'"', b"[1,]", b"{}{}"]
        )
    elif kind == 8:
        text = dice.randbytes(dice.randrange(3000))
    elif kind == 9:
        text = b"x" * (JSON_LIMIT + dice.randrange(-2, 3))
    elif kind == 10:
        text = b'{"target": "' + b"\xc3\xa9" * dice.randrange(9000) + b'"}'
    else:
        text = b""
    cuts = sorted(dice.randrange(len(text) + 1) for _ in range(dice.choice([0, 0, 1, 5])))
    return [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]


def target_of(dice: random.Random, path: str, likely: bool) -> str:
    """A path that there is, or is not, and a query; their parts hostile, or such that something is done."""
    words = KNOWN if likely else WORDS
    path = path.replace("{id}", _written(dice, "t1" if likely else dice.choice(WORDS)))
    path = path.replace("{name}", _written(dice, dice.choice(words)))
    names = dice.sample(QUERIES, dice.randrange(5))
    if likely and path not in ("/", "/api/trainings"):
        names = list(dict.fromkeys([*names, *QUERIES[:2]]))
    pairs = [f"{name}={_written(dice, dice.choice(words if name != 'id' else KNOWN[:5] + WORDS))}" for name in names]
    if not likely and dice.random() < 0.1:
        pairs.append(f"{_written(dice, dice.choice(WORDS))}={_written(dice, dice.choice(WORDS))}")
    return ("/." if path.startswith("//") else "") + path + ("?" + "&".join(pairs) if pairs else "")


def _written(dice: random.Random, text: str) -> str:
    """As a browser writes it, twice over, or as it stands where a URL can hold that."""
    once = quote(text, safe="", errors="replace")
    plain = text.isascii() and text.isprintable() and not set(text) & set("?#[] ")
    return text if plain and dice.random() < 0.3 else quote(once) if dice.random() < 0.1 else once


def request(dice: random.Random, guard: Guard) -> tuple[str, str, list[tuple[str, str]], list[bytes], bool]:
    """Method, target, headers, body, and whether it may be answered at all."""
    view = dice.choice(VIEWS)
    known, likely = dice.random() < 0.6, dice.random() < 0.5
    if likely:  # nothing is wrong with it but, perhaps, who asks and what for
        host, origin, site, method = HOST, ORIGIN, None, view.method
        kind = TYPES[1] if (view.method, view.path) == ("POST", UPLOAD) else TYPES[0]
    else:
        host, origin, site, method = (dice.choice(some) for some in (HOSTS, ORIGINS, SITES, METHODS))
        kind = dice.choice(TYPES)
    path = (
        view.path
        if likely or dice.random() < 0.5
        else dice.choice(["/", "/static/{name}", "/{name}", "/api/{id}", "//{id}"])
    )
    pieces = body_of(dice)
    headers = [("host", host), ("content-type", kind)]
    headers += [("origin", origin)] * (origin is not None) + [("sec-fetch-site", site)] * (site is not None)
    wrong = ["", "x", guard.token[:-1], f"{guard.token.lower()}x", guard.ticket, "\xe9" * 40]
    word = guard.token if known else dice.choice(wrong)
    cookie = dice.random() < 0.5
    headers.append(("cookie", f"a=b; {guard.cookie}={word}") if cookie else ("authorization", f"Bearer {word}"))
    length = None if likely else dice.choice([None, None, str(sum(map(len, pieces))), "0", "-1", "9" * 20, "x"])
    headers += [("content-length", length)] * (length is not None)
    if not likely and dice.random() < 0.1:
        more = [("host", HOST), ("origin", ORIGIN), ("x-forwarded-host", HOST), ("content-encoding", "gzip")]
        headers.append(dice.choice(more))
    own = host == HOST and (origin is None or origin == ORIGIN) and site in (None, "same-origin", "none")
    return method, target_of(dice, path, likely), headers, pieces if method == "POST" else [b""], known and own


@pytest.fixture
def place(tmp_path) -> Path:
    """A folder, and a secret beside it that a link in it leads to."""
    (tmp_path / "secret.csv").write_text(f"{CANARY},y\n" + "1,2\n3,4\n" * 20)
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "good.csv").write_text(CSV)
    (folder / "bad.glass").write_bytes(b"{" * 200)
    (folder / "out.csv").symlink_to(tmp_path / "secret.csv")
    return folder


def tree(folder: Path) -> dict[str, Any]:
    """Everything beside the server's own folder, with when it was written."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if OWN not in path.parts:
            status = path.lstat()
            found[str(path)] = (status.st_size, status.st_mtime_ns if path.is_file() else 0)
    return found


def as_it_was(found: Page, place: Path, before: dict[str, Any]) -> None:
    """Nothing was written but below .glasshouse, and there what belongs there; and the server answers."""
    assert tree(place.parent) == before
    own = place / OWN
    assert {path.name for path in own.iterdir()} == {"lock", "trainings", "uploads"}
    for path in own.rglob("*"):
        assert not path.is_symlink()
        assert CANARY not in (path.read_text(errors="replace") if path.is_file() else "")
    assert found.get("/api/table?id=good.csv").json["rows"] == 60
    assert found.get("/").status == 200


def test_nine_thousand_and_some_in_process(place, capfd) -> None:
    dice, seen = random.Random(0), {True: [0] * 6, False: [0] * 6}
    with page(place) as found:
        found.ended(found.begin(epochs=2))
        before = tree(place.parent)

        async def all_of_them() -> None:
            for number in range(IN_PROCESS):
                method, target, headers, pieces, may = request(dice, found.guard)
                answer = await ask(found.guard, method, target, headers, pieces, until=lambda body: True)
                what = f"{number}: {method} {target[:200]!r} {headers} {answer}"[:1500]
                assert answer.status < 500, what
                assert answer.status >= 400 or may, what
                assert CANARY.encode() not in answer.body, what
                assert answer.headers["content-security-policy"].startswith("default-src 'none'"), what
                assert b"<script>alert" not in answer.body or "json" in answer.headers["content-type"], what
                seen[may][answer.status // 100] += 1

        asyncio.run(all_of_them())
        as_it_was(found, place, before)
    # They were not all turned away at the door, and whoever may not was.
    assert min(seen[True][2], seen[True][4]) > 300, seen
    assert seen[False][4] == sum(seen[False]) > 4000, seen
    assert "Traceback" not in capfd.readouterr().err


# Over a socket


def raw(dice: random.Random, guard: Guard, port: int) -> bytes:
    """Bytes that are no request, or nearly one; every one without the token, or not meant for this server."""
    host = f"host: 127.0.0.1:{port}\r\n".encode()
    bearer = f"authorization: Bearer {guard.token}\r\n".encode()
    body = dice.randbytes(dice.randrange(2000))
    made = [
        body,
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + body,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET",
        b"GET / HTTP/1.1\r\n",
        b"GET / HTTP/9.9\r\n" + host + b"\r\n",
        b"GET /../../secret.csv HTTP/1.1\r\n" + host + b"\r\n",
        b"GET http://evil.example/ HTTP/1.1\r\n" + host + b"\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: evil.example\r\n" + bearer + b"\r\n",
        b"GET /api HTTP/1.1\r\n" + host + host + bearer + b"\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n" + host + b"\r\n",
        b"GET / HTTP/1.1\r\n" + host + b"x: " + b"y" * 100_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + host + b"x: y\r\n" * 20_000 + b"\r\n",
        b"GET / HTTP/1.1\r\n" + host + b"x\x00y: z\r\n\r\n",
        b"GET / HTTP/1.1\nhost: x\n\n",
        b"GET / HTTP/1.1\r\n" + host + b" folded: x\r\n\r\n",
        b"GET /api HTTP/1.1\r\n" + host + b"origin: http://evil.example\r\n" + bearer + b"\r\n",
        b"GET /api HTTP/1.1\r\n" + host + b"upgrade: websocket\r\nconnection: upgrade\r\n\r\n",
        b"POST /api/trainings HTTP/1.1\r\n" + host + b"content-length: 5\r\ncontent-length: 6\r\n\r\n" + body,
        b"POST /api/trainings HTTP/1.1\r\n"
        + host
        + b"content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"
        + body,
        b"POST /api/trainings HTTP/1.1\r\n" + host + b"transfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n" + body,
        b"POST /api/trainings HTTP/1.1\r\n" + host + b"transfer-encoding: chunked\r\n\r\nzz\r\n" + body,
        b"POST /api/tables?name=x.csv HTTP/1.1\r\n" + host + b"content-length: 99999999999\r\n\r\n" + body,
        b"POST /api/tables?name=x.csv HTTP/1.1\r\n" + host + b"expect: 100-continue\r\ncontent-length: 10\r\n\r\n",
        b"GET /api HTTP/1.1\r\n" + host + b"\r\nGET /api HTTP/1.1\r\n" + host + b"\r\n",
        b"CONNECT evil.example:443 HTTP/1.1\r\nhost: evil.example\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\n" + host + b"\r\n",
    ]
    found = bytearray(dice.choice(made))
    for _ in range(dice.choice([0, 0, 0, 1, 3]) if len(found) < 5000 else 0):
        place = dice.randrange(len(found) + 1)
        found[place : place + dice.randrange(3)] = dice.randbytes(dice.randrange(3))
    return bytes(found) if guard.token.encode() not in found or b"evil" in found or found.count(host) > 1 else body


def sent(port: int, data: bytes) -> bytes:
    """What comes back until the other side closes the connection, as it must."""
    answer = b""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        try:
            connection.sendall(data)
            while piece := connection.recv(1 << 16):
                answer += piece
        except ConnectionError:
            pass  # it was cut off, which is an answer too
    return answer


def test_five_hundred_over_a_socket(place, monkeypatch) -> None:
    monkeypatch.setattr(connections, "SECONDS", 0.3)  # who says nothing is not waited for
    dice, statuses = random.Random(1), set()
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen()
    port = listening.getsockname()[1]
    with page(place) as found:
        before = tree(place.parent)
        guard = Guard(found.guard.app, {f"127.0.0.1:{port}"}, port)
        server = server_of(guard)
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            requests = [raw(dice, guard, port) for _ in range(ON_A_SOCKET)]
            with ThreadPoolExecutor(32) as pool:
                answers = pool.map(sent, [port] * ON_A_SOCKET, requests)
            for data, answer in zip(requests, answers, strict=True):
                status = int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0
                assert status == 0 or 400 <= status < 500, (data[:500], answer[:500])
                assert CANARY.encode() not in answer
                statuses.add(status)
            known = f"host: 127.0.0.1:{port}\r\nauthorization: Bearer {guard.token}\r\nconnection: close"
            assert sent(port, f"GET /api/tables HTTP/1.1\r\n{known}\r\n\r\n".encode()).startswith(b"HTTP/1.1 200 ")
            assert thread.is_alive()
        finally:
            server.should_exit = True
            thread.join(20)
        as_it_was(found, place, before)
    assert not thread.is_alive()
    assert {400, 401, 403} <= statuses
