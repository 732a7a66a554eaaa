"""Where trials run: threads of this process, the ranks of an MPI job, or whatever joblib backend somebody has set.

Each place takes tasks while there are any, and yields what they came to as it comes; between two of them the caller
tells the halving, which may then have more.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ThreadPoolExecutor, wait
from typing import Any

from joblib import Parallel, delayed, parallel_config
from joblib.parallel import (
    LokyBackend,
    MultiprocessingBackend,
    ThreadingBackend,
    get_active_backend,
)

from ..errors import GlasshouseError, OptionError, expect_number
from ..kernels import team_size
from .halving import Halving, Task
from .outcome import Outcome

__all__ = ["Place", "Ranks", "place_for"]

Job = Callable[[Task], Callable[[], Outcome]]  # what to call for a task, small enough to be sent to a process


class Place:
    """Threads.

    Attributes
    ----------
    workers : int
        How many trials run at once.
    threads : int or None
        Kernel threads of each; None for as many as its process has.
    elsewhere : bool
        Whether trials run in other processes, which have to read the table themselves.
    copies : int
        How many processes of this machine hold the rows, as far as that is known.
    """

    elsewhere = False
    copies = 1

    def __init__(self, workers: int):
        self.workers = workers
        self.threads: int | None = max(team_size() // workers, 1)

    def outcomes(self, halving: Halving, job: Job, stop: Callable[[], None]) -> Generator[Outcome, None, None]:
        """What the tasks came to, as it comes; `stop` ends those under way in this process, if nobody wants more."""
        with ThreadPoolExecutor(self.workers) as pool:
            yield from _asked(halving, job, [(pool, self.workers)], stop)


class Ranks(Place):
    """The ranks of an MPI job, so many of them on this machine; rank 0 leads, and trains in a thread of its own."""

    elsewhere = True

    def __init__(self, executor: Executor, size: int, here: int):
        self.executor, self.workers, self.copies, self.threads = executor, size, here, None

    def outcomes(self, halving: Halving, job: Job, stop: Callable[[], None]) -> Generator[Outcome, None, None]:
        """The tasks of other ranks end with the job: see `led_by_rank_0`."""
        with ThreadPoolExecutor(1) as own:
            yield from _asked(halving, job, [(own, 1), (self.executor, self.workers - 1)], stop)


class Joblib(Place):
    """A backend of joblib, by name, or as somebody has set it with `joblib.parallel_config`."""

    def __init__(self, name: str | None, workers: int | None):
        self.name, self.threads = name, 1
        with self._config():
            backend, jobs = get_active_backend()
            self.workers = backend.effective_n_jobs(workers or jobs or -1)
            self.elsewhere = not getattr(backend, "supports_sharedmem", False)
            if isinstance(backend, LokyBackend | MultiprocessingBackend):  # others may be on other machines
                self.copies = 1 + self.workers

    def _config(self) -> contextlib.AbstractContextManager[Any]:
        return contextlib.nullcontext() if self.name is None else parallel_config(backend=self.name)

    def outcomes(self, halving: Halving, job: Job, stop: Callable[[], None]) -> Generator[Outcome, None, None]:
        """It asks for the next task before it hands on what the last came to, so a wave may end too early."""
        try:
            with self._config():
                while halving.waiting:
                    tasks = (delayed(job(task))() for task in iter(halving.take, None))
                    yield from Parallel(
                        self.workers, return_as="generator_unordered", batch_size=1, pre_dispatch="n_jobs"
                    )(tasks)
        except BrokenExecutor as error:
            raise GlasshouseError(
                "a process that trained was ended from outside, perhaps for its memory: go on with resume=True "
                "(--resume), and fewer workers"
            ) from error
        except BaseException:
            stop()
            raise


def place_for(workers: int | None, joblib: str | None) -> Place:
    """Where the trials of this process run.

    Raises
    ------
    OptionError
        If joblib has no such backend, or it cannot begin.
    """
    if workers is not None:
        expect_number("workers", workers, lambda n: 1 <= n <= 1024, "from 1 to 1024", whole=True)
    backend, jobs = get_active_backend(prefer="threads")
    if joblib is None and isinstance(backend, ThreadingBackend):
        _, jobs = get_active_backend()
        return Place(workers or (jobs if jobs is not None and jobs > 0 else team_size()))
    try:
        return Joblib(joblib, workers)
    except (ValueError, ImportError) as error:
        raise OptionError(
            f"joblib cannot begin ({error}): choose loky, or name no backend to train in threads"
        ) from error


def _asked(
    halving: Halving, job: Job, pools: list[tuple[Executor, int]], stop: Callable[[], None]
) -> Generator[Outcome, None, None]:
    """Keep every worker of some pools busy."""
    running: dict[Future[Outcome], int] = {}
    free = [size for _, size in pools]
    try:
        while True:
            for k, (pool, _) in enumerate(pools):
                while free[k] and (task := halving.take()) is not None:
                    running[pool.submit(job(task))] = k
                    free[k] -= 1
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                free[running.pop(future)] += 1
                yield future.result()
    except BaseException:
        stop()
        raise
