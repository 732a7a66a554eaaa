"""Serve the live page: a socket on this machine, a guard before it, and a browser that opens."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import ipaddress
import os
import socket
import sys
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import OptionError, expect_number
from ..tables.reading import Reading

if TYPE_CHECKING:
    from .site import Site

__all__ = ["serve"]

FIRST_PORT, PORTS = 8321, 100
LOOPBACK = "127.0.0.1"
NO_TEXT = (".glass", ".onnx", ".parquet")


def serve(
    source: str | os.PathLike[str] | None = None,
    *,
    folder: str | os.PathLike[str] | None = None,
    host: str = LOOPBACK,
    port: int | None = None,
    open_page: bool = True,
    reading: Reading | None = None,
) -> None:
    """Serve the live page until Ctrl-C: train, watch and prune in a browser.

    Only who has the link that is printed can use it. It reads tables and models that lie directly in one folder, and
    writes into ``.glasshouse`` in it: uploads, and trainings with their checkpoints, so that what was interrupted can
    go on.

    Parameters
    ----------
    source : path or 'example:NAME', optional
        A table or a model to begin with.
    folder : path, optional
        The folder whose tables and models the page shows: that of `source`, else the current one.
    host : str
        The address to listen on. Any but a loopback address lets other machines in, those with the link.
    port : int, optional
        The first free one from 8321 if None or 0.
    open_page : bool
        Whether to open a browser, where there is a display.
    reading : Reading, optional
        What is known of the table `source`: delimiter, header, encoding, decimal mark, names.

    Raises
    ------
    OptionError
        If the folder or the port cannot be used, `source` does not lie in the folder, or starlette or uvicorn are not
        installed.

    Examples
    --------
    >>> import glasshouse as gh
    >>> gh.serve(folder="no/such/folder")
    Traceback (most recent call last):
    glasshouse.errors.OptionError: folder is 'no/such/folder': there is no such folder, name one that is there
    """
    _expect_installed()
    _expect_no_loop()
    if port:
        expect_number("port", port, lambda p: 1 <= p <= 65535, "from 1 to 65,535", whole=True)
    place = _folder_of(source, folder)
    given = _given(source, place, reading)
    listening = _listening(host, port or 0)
    try:
        _serve(place, given, reading, host, listening, open_page)
    finally:
        listening.close()


def _expect_installed() -> None:
    gone = [name for name in ("starlette", "uvicorn") if importlib.util.find_spec(name) is None]
    if gone:
        # The extra of this package, written so that no page promises what is not there yet.
        extra = f"{__name__.partition('.')[0]}[web]"
        raise OptionError(f"the live page needs {' and '.join(gone)}: pip install '{extra}'")


def _expect_no_loop() -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise OptionError("an event loop runs here already, as in a notebook: run glasshouse serve in a terminal")


def _folder_of(source: Any, folder: str | os.PathLike[str] | None) -> Path:
    is_file = source is not None and not os.fspath(source).startswith("example:")
    if is_file and Path(source).is_dir():
        raise OptionError(f"{os.fspath(source)} is a folder: name it with --folder, or name a table in it")
    if folder is not None:
        return Path(folder)
    return Path(source).resolve().parent if is_file else Path()


def _given(source: Any, folder: Path, reading: Reading | None) -> str | None:
    """The id of what was named: it must be in the folder, since the page reads nothing else."""
    said = [name for name, value in vars(reading or Reading()).items() if value is not None]
    if source is None or os.fspath(source).startswith("example:"):
        if said:
            raise OptionError(f"{source or 'no table'} is no text: leave out {' and '.join(said)}")
        return None if source is None else os.fspath(source)
    path = Path(source)
    if said and path.suffix.lower() in NO_TEXT:
        raise OptionError(f"{os.fspath(source)} is no text: leave out {' and '.join(said)}")
    if not path.exists():
        raise OptionError(f"there is no file {os.fspath(source)}: check the path, or try example:iris")
    if not folder.is_dir() or path.resolve().parent != folder.resolve():
        raise OptionError(f"{os.fspath(source)} does not lie in {folder}: name the folder it is in, or no --folder")
    return path.resolve().name


def _listening(host: str, port: int) -> socket.socket:
    """A socket that is bound.

    Raises
    ------
    OptionError
        If the address is none of this machine's, or the port is taken.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except (OSError, UnicodeError) as error:
        raise OptionError(f"host is {host!r}: no address is known for it, try {LOOPBACK}") from error
    for candidate in [port] if port else range(FIRST_PORT, FIRST_PORT + PORTS):
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((address[0], candidate))
            listening.listen(128)  # two sockets can be bound to one port, but not both listen
        except OSError as error:
            listening.close()
            if isinstance(error, PermissionError):
                raise OptionError(f"port {candidate} is for the system's own: choose one from 1024") from error
            if error.errno not in (98, 48):  # EADDRINUSE of Linux and of macOS
                raise OptionError(f"host is {host!r}: it is no address of this machine, try {LOOPBACK}") from error
            continue
        return listening
    if port:
        raise OptionError(f"port {port} is taken: stop what listens there, or leave --port out")
    raise OptionError(f"every port from {FIRST_PORT} to {FIRST_PORT + PORTS - 1} is taken: name one with --port")


def _serve(
    folder: Path, given: str | None, reading: Reading | None, host: str, listening: socket.socket, open_page: bool
) -> None:
    from .app import application
    from .connections import server_of
    from .guard import Guard
    from .site import Site

    address, port = listening.getsockname()[:2]
    everywhere = ipaddress.ip_address(address).is_unspecified
    site = Site(folder, given, reading)
    try:
        if given is not None:
            _expect_shown(site, given)
        guard = Guard(application(site), _names(host, address, port), port, any_address=everywhere)
        shown = LOOPBACK if everywhere else address
        link = f"http://{f'[{shown}]' if ':' in shown else shown}:{port}/"
        _say(site, f"{link}?token={guard.token}", host, address)
        server = server_of(guard)
        if open_page:
            _open(f"{link}?token={guard.ticket}")
        server.run(sockets=[listening])
    except KeyboardInterrupt:  # uvicorn has ended the connections, and hands it on
        pass
    finally:
        site.close()
    left = [row["id"] for row in site.trainings.list()["trainings"] if row["resumable"]]
    print(f"stopped; {' and '.join(left)} can be resumed by the next glasshouse serve here" if left else "stopped")


def _expect_shown(site: Site, given: str) -> None:
    """Say now, not in the browser, that it cannot be opened."""
    find: Callable[[str], Any] = site.folder.model if given.endswith((".glass", ".onnx")) else site.folder.table
    find(given)


def _names(host: str, address: str, port: int) -> set[str]:
    """What a browser may call this server: the address, the name that was said, and localhost where it is that."""
    names = {host, address}
    if ipaddress.ip_address(address).is_loopback or ipaddress.ip_address(address).is_unspecified:
        names.add("localhost")
    if not ipaddress.ip_address(address).is_loopback:
        names.add(socket.gethostname())
    written = {f"[{name}]" if ":" in name else name.lower() for name in names}
    return {f"{name}:{port}" for name in written} | (written if port == 80 else set())


def _say(site: Site, link: str, host: str, address: str) -> None:
    lines = [f"Glasshouse shows {site.folder.path}", f"  open {link}"]
    if not ipaddress.ip_address(address).is_loopback:
        lines.append(
            f"  --host {host}: everybody who can reach this machine on that address and has the link can read the "
            "tables in the folder and start trainings; nothing is encrypted (no TLS)"
        )
    for row in site.trainings.list()["trainings"]:
        if row["resumable"]:
            lines.append(f"  training {row['id']} of {row['table']} was interrupted: the page can resume it")
    for line in [*lines, "  Ctrl-C stops it"]:
        print(_printable(line), flush=True)


def _printable(text: str) -> str:
    return "".join(sign if sign.isprintable() else "�" for sign in text)


def _open(link: str) -> None:
    """A browser that has a window; one in the terminal would take it over."""
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return
    with contextlib.suppress(webbrowser.Error):
        webbrowser.open(link)
