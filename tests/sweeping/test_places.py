"""Wherever trials run, and however many at once, the same is found: threads, processes, whatever joblib has, ranks."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from ranks import WITH_MPI, mpirun, on_ranks
from sklearn.datasets import load_iris

import glasshouse as gh
from glasshouse.errors import OptionError, TableError
from glasshouse.kernels import team_size
from glasshouse.sweeping import sweep as sweep_module
from glasshouse.sweeping import trial as trial_module

SPACE = {"hidden": [[8], [16, 8]], "learning_rate": {"low": 0.002, "high": 0.05, "log": True}, "epochs": [9]}
ASKED = {"target": "target", "space": SPACE, "trials": 7}


def board(trials) -> list[dict]:
    """All of the leaderboard but the seconds, as JSON holds it."""
    documents = json.loads(json.dumps([trial if isinstance(trial, dict) else vars(trial) for trial in trials]))
    return [{name: value for name, value in each.items() if name != "seconds"} for each in documents]


@pytest.fixture(scope="module")
def alone():
    return board(gh.sweep("example:wine", out="", workers=1, **ASKED).trials)


@pytest.mark.parametrize("workers", [2, 5, None])
def test_threads_find_what_one_finds(workers, alone) -> None:
    assert board(gh.sweep("example:wine", out="", workers=workers, **ASKED).trials) == alone


@pytest.mark.parametrize("backend", ["loky", "threading", "sequential"])
def test_a_backend_of_joblib_finds_it_too(backend, alone) -> None:
    assert board(gh.sweep("example:wine", out="", workers=2, joblib=backend, **ASKED).trials) == alone


def test_the_backend_somebody_has_set_is_taken(alone, monkeypatch) -> None:
    places = []
    held = sweep_module.held
    monkeypatch.setattr(sweep_module, "held", lambda plan, found: places.append(plan) or held(plan, found))
    with joblib.parallel_config(backend="loky", n_jobs=2):
        assert board(gh.sweep("example:wine", out="", **ASKED).trials) == alone
    assert [plan.threads for plan in places] == [1]
    with (
        joblib.parallel_config(backend="loky"),
        pytest.raises(OptionError, match="table is a DataFrame: trials in other"),
    ):
        gh.sweep(load_iris(as_frame=True).frame, **ASKED)


def test_a_frame_needs_no_file_where_threads_share_it() -> None:
    assert len(gh.sweep(load_iris(as_frame=True).frame, **ASKED).trials) == 7


def test_an_error_in_another_process_is_this_ones(here) -> None:
    """The file is gone when the workers look for it."""
    table = here / "t.csv"
    pd.DataFrame({"x": np.arange(40), "target": np.arange(40) % 2}).to_csv(table, index=False)

    class Gone(gh.Watcher):
        def stage(self, name: str) -> None:
            if name.endswith(" trials"):
                table.unlink()

    with pytest.raises(TableError, match=r"t\.csv"):
        gh.sweep(table, joblib="loky", workers=2, watchers=[Gone()], **ASKED)


class Changed(gh.Watcher):
    """Another row is put into a file as a stage begins for so many times."""

    def __init__(self, path: Path, stage: str, times: int):
        self.path, self.when, self.left = path, stage, times

    def stage(self, name: str) -> None:
        self.left -= name.endswith(self.when)
        if name.endswith(self.when) and self.left == 0:
            self.path.write_text(self.path.read_text() + "5.5,1\n")


@pytest.mark.parametrize("name", ["t.csv", "other.csv"])
@pytest.mark.parametrize(("asked", "when"), [({"joblib": "loky"}, (" trials", 1)), ({}, ("reading", 2))])
def test_rows_that_change_while_a_sweep_runs_are_named(here, name, asked, when) -> None:
    """Trials elsewhere, and the last trainings, read the table anew: what they find is no longer comparable."""
    for each, seed in (("t.csv", 0), ("other.csv", 1)):
        x = np.random.default_rng(seed).normal(size=60)
        pd.DataFrame({"x": x, "target": (x > 0) * 1}).to_csv(here / each, index=False)
    call = {"test": "other.csv", "workers": 2, "watchers": [Changed(here / name, *when)], **asked, **ASKED}
    with pytest.raises(TableError, match=rf"{name} holds other rows than when the sweep began: put back what it held"):
        gh.sweep("t.csv", **call)
    assert not (here / "t.glass").exists()


def test_a_process_that_is_killed_is_one_line_and_the_sweep_goes_on(here, alone) -> None:
    class Killer(gh.Watcher):
        def stage(self, name: str) -> None:
            if " begun, " in name:
                for child in map(
                    int, Path(f"/proc/self/task/{threading.get_native_id()}/children").read_text().split()
                ):
                    if b"popen_loky" in Path(f"/proc/{child}/cmdline").read_bytes():
                        os.kill(child, signal.SIGKILL)

    asked = {"out": "s.sweep", "joblib": "loky", "workers": 2, **ASKED}
    with pytest.raises(gh.GlasshouseError, match=r"a process that trained was ended from outside, .* fewer workers"):
        gh.sweep("example:wine", watchers=[Killer()], **asked)
    assert (here / "s.sweep" / "trials.jsonl").read_text().count("\n") >= 1
    assert board(gh.sweep("example:wine", resume=True, **asked).trials) == alone


def test_trials_share_the_processors_and_leave_the_environment_as_it_was(monkeypatch) -> None:
    monkeypatch.setenv("GLASSHOUSE_NUM_THREADS", "6")
    seen, fit = set(), trial_module.fit
    monkeypatch.setattr(
        trial_module, "fit", lambda *args: (seen.add((team_size(), threading.get_ident())), fit(*args))[1]
    )
    gh.sweep("example:wine", out="", workers=2, **ASKED)
    assert {size for size, _ in seen} == {3}
    assert len({thread for _, thread in seen}) == 2
    assert os.environ["GLASSHOUSE_NUM_THREADS"] == "6"


@WITH_MPI
def test_ranks_find_it_too_and_rank_0_speaks(here, alone) -> None:
    space = here / "space.toml"
    space.write_text("hidden = [[8], [16, 8]]\nlearning_rate = {low = 0.002, high = 0.05, log = true}\nepochs = [9]\n")
    words = [
        sys.executable,
        "-m",
        "glasshouse",
        "sweep",
        "example:wine",
        "--target",
        "target",
        "--space",
        "space.toml",
        "--trials",
        "7",
    ]
    done = mpirun(3, *words, "--json", "--out", "s.sweep", cwd=here)
    assert (done.returncode, done.stderr) == (0, "")
    assert board(json.loads(done.stdout)["trials"]) == alone
    assert gh.load(here / "s.glass").made_by[0].startswith("glasshouse train example:wine --target target")
    refused = mpirun(3, *words, "--out", "s.sweep", cwd=here)
    assert refused.returncode == 2
    assert refused.stderr.count("s.sweep exists: go on from it with resume=True (--resume)") == 1


@WITH_MPI
def test_every_rank_gets_what_rank_0_found(here) -> None:
    script = f"import os, glasshouse as gh\nfound = gh.sweep('example:wine', out='', **{ASKED!r})\n"
    script += "assert found.model.run is None\n"  # it holds the table
    script += "open(f'{os.getpid()}', 'w').write(f'{found.best.number} {found.model} {found.model.scores}')"
    done = on_ranks(2, script, cwd=here)
    assert (done.returncode, done.stderr) == (0, "")
    texts = [path.read_text() for path in here.iterdir()]
    assert len(texts) == 2
    assert len(set(texts)) == 1


IN_MPI = """
import os, sys, time
import glasshouse as gh
from glasshouse.distributed.world import world
from glasshouse.errors import OptionError

class Raises(gh.Watcher):
    def stage(self, name):
        if {when!r} in name:
            raise {error}

rank = world().rank
try:
    gh.sweep("example:wine", watchers=[Raises()], **{asked!r})
except BaseException as error:
    print(rank, type(error).__name__, error, flush=True)
"""


@WITH_MPI
@pytest.mark.parametrize(
    ("error", "when"),
    [
        ("ValueError('ours')", "reading"),
        ("gh.GlasshouseError('full')", " begun, "),
        ("KeyboardInterrupt()", " begun, "),
    ],
)
def test_an_error_of_rank_0_ends_the_job_even_where_a_script_catches_it(here, error, when) -> None:
    done = on_ranks(3, IN_MPI.format(when=when, error=error, asked={"out": "s.sweep", **ASKED}), cwd=here)
    assert done.returncode == 1
    assert [line.split()[:2] for line in done.stdout.splitlines()] == [["0", error.split("(")[0].removeprefix("gh.")]]


@WITH_MPI
def test_what_is_asked_wrongly_is_every_ranks_error_and_a_script_may_go_on(here) -> None:
    script = IN_MPI.format(when="reading", error="OptionError('no')", asked=ASKED)
    done = on_ranks(3, script + "world().barrier()\n", cwd=here)
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(done.stdout.splitlines()) == [f"{rank} OptionError no" for rank in range(3)]


@WITH_MPI
def test_rank_0_that_fails_for_good_waits_for_no_trial_of_another_rank(here) -> None:
    """Trials that would take hours, on a rank that nobody tells to stop."""
    space = "hidden = [[512, 512], [384, 384]]\nepochs = [3000]\n"
    (here / "space.toml").write_text(space)
    words = "import sys; from glasshouse.cli.main import run; from glasshouse.sweeping.folder import Folder\n"
    words += "from glasshouse.errors import GlasshouseError\n"
    words += "def full(*_): raise GlasshouseError('cannot write: full')\nFolder.add = full\n"
    words += "run(['sweep', 'example:digits', '--target', 'target', '--space', 'space.toml', '--out', 's.sweep'])"
    done = on_ranks(2, words, cwd=here)  # which waits for two minutes
    assert done.returncode == 2
    assert done.stderr.count("glasshouse: cannot write: full") == 1


@pytest.mark.parametrize("asked", [{"workers": 2}, {"joblib": "loky"}])
def test_where_to_run_is_not_asked_under_mpirun(asked, monkeypatch) -> None:
    class Two:
        rank, size = 0, 2

    monkeypatch.setattr(sweep_module, "world", Two)
    with pytest.raises(OptionError, match="under mpirun every rank is a worker, leave it out"):
        gh.sweep("example:wine", **asked, **ASKED)
