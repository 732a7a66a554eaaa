"""The guard: who may ask, from where, and how much, one refusal each; and what every answer carries."""

from __future__ import annotations

import asyncio

import pytest
from served import HOST, ORIGIN, PORT, ask

from glasshouse.web import guard as guards
from glasshouse.web.guard import HEADERS, JSON_LIMIT, QUERY_LIMIT, UPLOAD_LIMIT, Guard

SEEN = "seen"


async def inner(scope, receive, send) -> None:
    """Says that it was reached, and how much it read."""
    size, more = 0, True
    while more:
        message = await receive()
        size, more = size + len(message["body"]), message["more_body"]
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": f"{SEEN} {size}".encode()})


@pytest.fixture
def guard() -> Guard:
    return Guard(inner, {HOST, f"localhost:{PORT}"}, PORT)


@pytest.fixture
def own(guard) -> dict[str, str]:
    return {"host": HOST, "cookie": f"{guard.cookie}={guard.token}"}


def asked(guard, method, target, headers, pieces=(b"",)):
    return asyncio.run(ask(guard, method, target, headers, pieces))


JSON = {"content-type": "application/json", "origin": ORIGIN}
GOOD = [
    ("GET", "/", {}),
    ("GET", "/", {"host": f"localhost:{PORT}"}),
    ("GET", "/", {"host": f"LOCALHOST:{PORT}"}),
    ("GET", "/api", {"origin": ORIGIN}),
    ("GET", "/api", {"origin": f"http://localhost:{PORT}", "host": f"localhost:{PORT}"}),
    ("GET", "/api", {"sec-fetch-site": "same-origin"}),
    ("GET", "/api", {"sec-fetch-site": "none"}),
    ("GET", "/api", {"cookie": "other=1; glasshouse-1=x; glasshouse-8321=TOKEN; last=2"}),
    ("GET", "/api", {"cookie": "", "authorization": "Bearer TOKEN"}),
    ("POST", "/api/trainings", JSON),
    ("POST", "/api/trainings", {"content-type": "application/json; charset=utf-8", "sec-fetch-site": "same-origin"}),
    ("POST", "/api/trainings", {"content-type": "application/json", "cookie": "", "authorization": "Bearer TOKEN"}),
    ("POST", "/api/tables", {**JSON, "content-type": "application/octet-stream"}),
]
BAD = [
    (403, "GET", "/", {"host": ""}),
    (403, "GET", "/", {"host": "127.0.0.1"}),
    (403, "GET", "/", {"host": f"evil.example:{PORT}"}),
    (403, "GET", "/", {"host": f"127.0.0.1.evil.example:{PORT}"}),
    (403, "GET", "/", {"host": f"192.168.0.7:{PORT}"}),
    (403, "GET", "/", {"host": f"127.0.0.1:{PORT + 1}"}),
    (403, "GET", "/", {"host": f"user@127.0.0.1:{PORT}"}),
    (403, "GET", "/api", {"origin": "null"}),
    (403, "GET", "/api", {"origin": ""}),
    (403, "GET", "/api", {"origin": "http://evil.example"}),
    (403, "GET", "/api", {"origin": f"https://{HOST}"}),
    (403, "GET", "/api", {"origin": f"http://127.0.0.1:{PORT + 1}"}),
    (403, "GET", "/api", {"origin": f"http://localhost:{PORT}"}),
    (403, "GET", "/api", {"sec-fetch-site": "cross-site"}),
    (403, "GET", "/api", {"sec-fetch-site": "same-site"}),
    (403, "GET", "/?token=TOKEN", {"sec-fetch-site": "cross-site"}),
    (401, "GET", "/", {"cookie": ""}),
    (401, "GET", "/static/main.js", {"cookie": ""}),
    (401, "GET", "/api", {"cookie": "glasshouse-8321="}),
    (401, "GET", "/api", {"cookie": "glasshouse-8322=TOKEN"}),
    (401, "GET", "/api", {"cookie": "glasshouse=TOKEN"}),
    (401, "GET", "/api", {"cookie": "glasshouse-8321=TOKENx"}),
    (401, "GET", "/api", {"cookie": "glasshouse-8321=\xe9"}),
    (401, "GET", "/api?token=TOKEN", {"cookie": ""}),
    (401, "GET", "//?token=TOKEN", {"cookie": ""}),
    (401, "GET", "/?token=", {}),
    (401, "GET", "/?token=wrong", {}),
    (401, "GET", "/?token=TOKEN&token=TOKEN", {}),
    (401, "GET", "/api", {"cookie": "", "authorization": "Basic TOKEN"}),
    (401, "GET", "/api", {"cookie": "", "authorization": "Bearer"}),
    (401, "POST", "/?token=TOKEN", {**JSON, "cookie": ""}),
    (405, "DELETE", "/api/trainings/t1", {}),
    (405, "HEAD", "/", {}),
    (405, "OPTIONS", "/api", {}),
    (405, "PUT", "/api/tables", {}),
    (405, "get", "/", {}),
    (403, "POST", "/api/trainings", {"content-type": "application/json"}),
    (403, "POST", "/api/trainings", {"content-type": "application/json", "sec-fetch-site": "none"}),
    (415, "POST", "/api/trainings", {**JSON, "content-type": "text/plain"}),
    (415, "POST", "/api/trainings", {**JSON, "content-type": "application/x-www-form-urlencoded"}),
    (415, "POST", "/api/trainings", {**JSON, "content-type": "multipart/form-data; boundary=application/json"}),
    (415, "POST", "/api/trainings", {"origin": ORIGIN}),
    (415, "POST", "/api/trainings", {**JSON, "content-encoding": "gzip"}),
    (415, "POST", "/api/tables", JSON),
    (413, "POST", "/api/trainings", {**JSON, "content-length": str(JSON_LIMIT + 1)}),
    (413, "POST", "/api/trainings", {**JSON, "content-length": "9" * 30}),
    (413, "GET", "/api", {"content-length": "1"}),
    (413, "GET", "/api", {"transfer-encoding": "chunked"}),
    (400, "POST", "/api/trainings", {**JSON, "content-length": "-1"}),
    (400, "POST", "/api/trainings", {**JSON, "content-length": "²"}),
    (414, "GET", f"/api?{'x' * (QUERY_LIMIT + 1)}", {}),
]


def told(guard, headers):
    return {name: value.replace("TOKEN", guard.token) for name, value in headers.items()}


@pytest.mark.parametrize(("method", "target", "headers"), GOOD)
def test_its_own_page_may_ask(guard, own, method, target, headers) -> None:
    found = asked(guard, method, target, {**own, **told(guard, headers)})
    assert (found.status, found.body) == (200, f"{SEEN} 0".encode())


@pytest.mark.parametrize(("status", "method", "target", "headers"), BAD)
def test_nobody_else_may(guard, own, status, method, target, headers) -> None:
    found = asked(guard, method, target.replace("TOKEN", guard.token), {**own, **told(guard, headers)})
    assert found.status == status
    assert SEEN.encode() not in found.body
    assert "location" not in found.headers
    assert "set-cookie" not in found.headers


def test_a_header_that_decides_may_not_stand_there_twice(guard, own) -> None:
    for name, other in (("host", "evil.example"), ("origin", ORIGIN), ("authorization", "Bearer x")):
        found = asked(guard, "GET", "/api", [*own.items(), ("origin", ORIGIN), ("authorization", "x"), (name, other)])
        assert found.status == 400


def test_the_link_becomes_a_cookie_and_a_clean_address(guard) -> None:
    found = asked(guard, "GET", f"/?view=grow&token={guard.token}&table=a%20%26b", {"host": HOST})
    assert found.status == 303
    assert found.headers["location"] == "/?view=grow&table=a+%26b"
    name, _, rest = found.headers["set-cookie"].partition("=")
    assert name == f"glasshouse-{PORT}"
    assert rest == f"{guard.token}; HttpOnly; SameSite=Strict; Path=/"
    assert asked(guard, "GET", f"/?token={guard.token}", {"host": HOST}).headers["location"] == "/"
    assert asked(guard, "GET", "/", {"host": HOST, "cookie": f"{name}={guard.token}"}).status == 200


def test_what_starts_a_browser_opens_the_page_once(guard) -> None:
    link = f"/?token={guard.ticket}"
    bearer = {"host": HOST, "authorization": f"Bearer {guard.ticket}"}
    assert asked(guard, "GET", "/api", bearer).status == 401
    assert asked(guard, "GET", link, {"host": HOST}).status == 303
    assert asked(guard, "GET", link, {"host": HOST}).status == 401


def test_two_servers_have_two_tokens(guard) -> None:
    assert len(guard.token) >= 40
    assert len({guard.token, guard.ticket, Guard(inner, set(), 1).token, Guard(inner, set(), 1).ticket}) == 4


@pytest.mark.parametrize("target", ["/", "/api", "/static/x.js", "/?token=no"])
@pytest.mark.parametrize("known", [True, False])
def test_every_answer_has_the_headers(guard, own, target, known) -> None:
    found = asked(guard, "GET", target, own if known else {"host": HOST})
    for name, value in HEADERS.items():
        assert found.headers[name.decode()] == value.decode()
    assert not [name for name in found.headers if name.startswith("access-control")]


def test_what_a_refusal_says_is_text(guard) -> None:
    hostile = "<script>alert(1)</script>"
    page = asked(guard, "GET", "/", {"host": hostile})
    assert b"<script>" not in page.body
    assert b"&lt;script&gt;" in page.body
    data = asked(guard, "GET", "/api", {"host": hostile})
    assert data.headers["content-type"] == "application/json"
    assert data.body.count(b'"error"') == 1


def test_a_body_is_counted_where_its_length_is_not_said(guard, own) -> None:
    posted = {**own, **JSON}
    with pytest.raises(guards.Refused) as refused:  # the application answers it
        asked(guard, "POST", "/api/trainings", posted, [b"x" * 1000] * (JSON_LIMIT // 1000 + 1))
    assert refused.value.status == 413
    assert asked(guard, "POST", "/api/trainings", posted, [b"x" * JSON_LIMIT]).body == f"{SEEN} {JSON_LIMIT}".encode()
    file = {**posted, "content-type": "application/octet-stream"}
    whole = asked(guard, "POST", "/api/tables", file, [b"x" * (1 << 20)] * (UPLOAD_LIMIT >> 20))
    assert whole.body == f"{SEEN} {UPLOAD_LIMIT}".encode()
    with pytest.raises(guards.Refused):
        asked(guard, "POST", "/api/tables", file, [b"x" * (1 << 20)] * (UPLOAD_LIMIT >> 20) + [b"x"])


def test_a_body_that_does_not_come_is_not_waited_for(guard, own, monkeypatch) -> None:
    monkeypatch.setattr(guards, "PIECE_SECONDS", 0.01)
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/trainings",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in {**own, **JSON}.items()],
    }

    async def never():
        await asyncio.Event().wait()

    with pytest.raises(guards.Refused) as refused:
        asyncio.run(guard(scope, never, None))
    assert refused.value.status == 408


def test_a_server_on_all_addresses_may_be_called_by_each_but_by_no_foreign_name(own) -> None:
    everywhere = Guard(inner, {f"machine:{PORT}"}, PORT, any_address=True)
    known = {"authorization": f"Bearer {everywhere.token}"}
    for host in (f"192.168.0.7:{PORT}", f"[fe80::1]:{PORT}", f"machine:{PORT}"):
        assert asked(everywhere, "GET", "/api", {**known, "host": host}).status == 200
    for host in (f"evil.example:{PORT}", "192.168.0.7:80", "192.168.0.7", f"[::1:{PORT}", f"1.2.3.4.example:{PORT}"):
        assert asked(everywhere, "GET", "/api", {**known, "host": host}).status == 403


def test_there_are_no_web_sockets(guard) -> None:
    sent = []

    async def send(message):
        sent.append(message)

    asyncio.run(guard({"type": "websocket", "headers": []}, None, send))
    assert sent == [{"type": "websocket.close", "code": 1008}]
