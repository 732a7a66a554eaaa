"""How what several ranks do together ends when it does not end well: a Ctrl-C waits, and nobody is left waiting."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType

from ..errors import OptionError, TrainingDiverged
from .communicator import Communicator

__all__ = ["CtrlC", "joint"]


@contextmanager
def joint(together: Communicator) -> Iterator[None]:
    """Around what ranks do together: after an error that may be one rank's alone it takes part in nothing any more.

    Where a script catches that error and goes on, the job ends with the script, at the latest.
    """
    try:
        yield
    except (TrainingDiverged, OptionError):  # raised on every rank
        raise
    except BaseException as error:
        together.leave(f"{type(error).__name__}: {error}")
        raise


class CtrlC:
    """Somebody's Ctrl-C where several ranks work: noted, since the others wait for this one. A second is Python's.

    Attributes
    ----------
    seen : bool
        Whether there was one.
    """

    def __init__(self, together: Communicator):
        main = threading.current_thread() is threading.main_thread()
        self.held = together.size > 1 and main and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        self.seen = False

    def __enter__(self) -> CtrlC:
        if self.held:
            signal.signal(signal.SIGINT, self._note)
        return self

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.seen = True
        signal.signal(signal.SIGINT, signal.default_int_handler)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.held:
            signal.signal(signal.SIGINT, signal.default_int_handler)
