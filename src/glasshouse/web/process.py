"""A process that is told things and tells things, a JSON object a line: how the server speaks with what trains."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import threading
from collections.abc import Callable, Sequence
from typing import IO, Any

__all__ = ["Process"]

MOST_LINE = 16 << 20  # bytes; a picture of the largest network has one or two million
GRACE = 10.0  # seconds from the end of what it says to its own


class Process:
    """Start a command and hand it its first line; a thread takes what it says.

    Parameters
    ----------
    command : sequence of str
    first : dict
        What it is to do.
    take : (dict) -> None
        Called with each object it says, in the thread; a ValueError says that this cannot be meant, and ends it.
    ended : (code, problem) -> None
        Called when it has ended, in the thread: its exit code, and what it said that was ended for, '' if nothing.
    """

    def __init__(
        self,
        command: Sequence[str],
        first: dict[str, Any],
        take: Callable[[dict[str, Any]], None],
        ended: Callable[[int, str], None],
    ):
        self._take, self._ended = take, ended
        # In a session of its own: Ctrl-C is for the server, which then ends its workers.
        self._child = subprocess.Popen(
            command, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )
        self._input, self._lock = _raw(self._child.stdin), threading.Lock()
        with contextlib.suppress(BrokenPipeError):  # it has ended already: the thread will see that
            _write_all(self._input.fileno(), _line(first))
        os.set_blocking(self._input.fileno(), False)
        self._thread = threading.Thread(target=self._follow, name=f"follows {self._child.pid}", daemon=True)
        self._thread.start()

    def tell(self, order: dict[str, Any]) -> bool:
        """Send a line, short enough to be written whole or not at all: whether it was."""
        with self._lock:
            if self._input.closed:
                return False
            try:
                return os.write(self._input.fileno(), _line(order)) > 0
            except OSError:  # it has ended, or does not read
                return False

    def leave(self) -> None:
        """Close its input, which ends it where it stands."""
        with self._lock:
            self._input.close()

    def wait(self, seconds: float) -> None:
        """Until it has ended, by force if it takes longer."""
        try:
            self._child.wait(seconds)
        except subprocess.TimeoutExpired:
            self._child.kill()
        self._thread.join(seconds)

    def _follow(self) -> None:
        problem = ""
        with io.BufferedReader(_raw(self._child.stdout), 1 << 18) as lines:
            while line := lines.readline(MOST_LINE + 1):
                try:
                    self._take(_object(line))
                except (ValueError, RecursionError) as error:
                    problem = str(error) if len(line) > MOST_LINE else f"what cannot be read ({error})"
                    self._child.kill()
                    break
        self.leave()
        try:
            code = self._child.wait(GRACE)
        except subprocess.TimeoutExpired:
            self._child.kill()
            code = self._child.wait()
        self._ended(code, problem)


def _object(line: bytes) -> dict[str, Any]:
    if len(line) > MOST_LINE:
        raise ValueError(f"more than {MOST_LINE >> 20} MB at once")
    found = json.loads(line, parse_constant=lambda _: None)  # what is no finite number is null
    if not isinstance(found, dict):
        raise ValueError(f"a {type(found).__name__}, no object")
    return found


def _line(data: dict[str, Any]) -> bytes:
    return json.dumps(data).encode() + b"\n"


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _raw(stream: IO[bytes] | None) -> io.RawIOBase:
    assert isinstance(stream, io.RawIOBase)  # not buffered, so that orders leave at once
    return stream
