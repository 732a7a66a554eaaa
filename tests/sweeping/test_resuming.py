"""A sweep that ends before its end loses what was being trained, and no more; what is not its own it refuses."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import glasshouse as gh
from glasshouse.errors import GlasshouseError, OptionError
from glasshouse.sweeping import folder as folder_module
from glasshouse.sweeping import trial as trial_module
from glasshouse.training.watchers import Watcher

SPACE = {"hidden": [[8], [16, 8]], "learning_rate": {"low": 0.002, "high": 0.05, "log": True}, "epochs": [18]}
ASKED = {"target": "target", "space": SPACE, "trials": 9}
RESUMED = {"out": "s.sweep", "resume": True, "workers": 2, **ASKED}
CHILD = f"import glasshouse as gh; gh.sweep('example:breast_cancer', **{RESUMED!r})"


def board(found) -> list[tuple]:
    """All of the leaderboard but the seconds."""
    return [(t.number, t.settings, t.score, t.epochs, t.best_epoch, t.parameters, t.ended) for t in found.trials]


def lines(folder: Path) -> list[dict]:
    path = folder / "trials.jsonl"
    text = path.read_text() if path.exists() else ""
    return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]


def task(line: dict) -> tuple[int, int]:
    return line["trial"], line["rung"]


class After(Watcher):
    """Raises an error once so many rungs are done."""

    def __init__(self, rungs: int, error: BaseException):
        self.left, self.error = rungs, error

    def stage(self, name: str) -> None:
        self.left -= " begun, " in name
        if self.left == 0:
            raise self.error


@pytest.fixture(scope="module")
def whole():
    return board(gh.sweep("example:breast_cancer", out="", **ASKED))


def test_killed_at_any_moment_it_loses_what_was_being_trained_and_no_more(here, whole) -> None:
    """A child is killed as kill -9 does it, a moment after a rung of chance was done; the next goes on."""
    rng, kept = np.random.default_rng(), []
    for _ in range(3):
        child = subprocess.Popen([sys.executable, "-c", CHILD], cwd=here)
        until = len(kept) + int(rng.integers(1, 4))
        while child.poll() is None and len(lines(here / "s.sweep")) < until:
            time.sleep(0.002)
        time.sleep(float(rng.random()) * 0.05)
        child.kill()
        child.wait()
        now = lines(here / "s.sweep")
        assert now[: len(kept)] == kept
        kept = now
    found = gh.sweep("example:breast_cancer", out="s.sweep", resume=True, **ASKED)
    assert board(found) == whole
    everything = lines(here / "s.sweep")
    assert everything[: len(kept)] == kept
    assert len({task(line) for line in everything}) == len(everything)
    assert (here / "s.glass").exists()


def test_ctrl_c_keeps_what_is_finished_and_says_how_to_go_on(here, whole) -> None:
    with pytest.raises(KeyboardInterrupt, match=r"what is finished stands in s\.sweep: go on with .* --resume"):
        gh.sweep("example:breast_cancer", out="s.sweep", watchers=[After(4, KeyboardInterrupt())], **ASKED)
    assert len(lines(here / "s.sweep")) == 4
    assert not (here / "s.glass").exists()
    assert board(gh.sweep("example:breast_cancer", out="s.sweep", resume=True, **ASKED)) == whole


def test_ctrl_c_in_the_middle_of_an_epoch_keeps_no_half_of_it(here, whole, monkeypatch) -> None:
    """Where trials run in the main thread, it meets the training itself."""
    steps = int(np.random.default_rng().integers(20, 300))  # of about 500

    def after_step(self, state, work) -> None:
        nonlocal steps
        steps -= 1
        if steps == 0:
            raise KeyboardInterrupt

    monkeypatch.setattr(trial_module._Ending, "after_step", after_step)
    with pytest.raises(KeyboardInterrupt, match=r"what is finished stands in s\.sweep"):
        gh.sweep("example:breast_cancer", out="s.sweep", joblib="sequential", **ASKED)
    assert board(gh.sweep("example:breast_cancer", out="s.sweep", resume=True, **ASKED)) == whole


def test_ctrl_c_at_a_terminal_ends_within_an_epoch_with_one_line(here) -> None:
    space = here / "space.toml"
    space.write_text("hidden = [[512, 512], [384, 384]]\nepochs = [3000]\n")  # hours, if nobody came
    words = ["sweep", "example:digits", "--target", "target", "--space", space, "--out", "s.sweep", "--workers", "2"]
    child = subprocess.Popen([sys.executable, "-m", "glasshouse", *words], stderr=subprocess.PIPE, text=True, cwd=here)
    while not lines(here / "s.sweep"):  # the default recipe is on its first rung at least
        assert child.poll() is None
        time.sleep(0.01)
    child.send_signal(signal.SIGINT)
    said = child.communicate(timeout=60)[1]
    assert child.returncode == 130
    assert said == (
        "glasshouse: interrupted: what is finished stands in s.sweep: go on with the same words and --resume\n"
    )
    assert list((here / "s.sweep").glob("trial-*.checkpoint"))  # of those that were stopped between two rungs


def test_a_full_disk_is_one_line_and_what_was_written_stands(here, whole, monkeypatch) -> None:
    calls, sync = [], os.fsync

    def full(descriptor: int) -> None:
        if os.readlink(f"/proc/self/fd/{descriptor}").endswith("trials.jsonl"):
            calls.append(descriptor)
            if len(calls) > 3:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        sync(descriptor)

    with monkeypatch.context() as patched:
        patched.setattr(folder_module.os, "fsync", full)
        with pytest.raises(GlasshouseError) as caught:
            gh.sweep("example:breast_cancer", out="s.sweep", **ASKED)
    assert str(caught.value) == (
        "cannot write s.sweep/trials.jsonl: No space left on device: make room, and go on with resume=True (--resume)"
    )
    assert board(gh.sweep("example:breast_cancer", out="s.sweep", resume=True, **ASKED)) == whole


def test_a_half_written_last_line_is_trained_again(here, whole) -> None:
    gh.sweep("example:breast_cancer", out="s.sweep", **ASKED)
    path = here / "s.sweep" / "trials.jsonl"
    text = path.read_bytes()
    path.write_bytes(text[: -int(np.random.default_rng().integers(2, 90))])
    assert board(gh.sweep("example:breast_cancer", out="s.sweep", resume=True, **ASKED)) == whole
    assert len(lines(here / "s.sweep")) == text.count(b"\n")


def test_more_trials_go_on_from_fewer(here, whole) -> None:
    few = gh.sweep("example:breast_cancer", out="s.sweep", **ASKED | {"trials": 4})
    before = lines(here / "s.sweep")
    more = board(gh.sweep("example:breast_cancer", out="s.sweep", resume=True, **ASKED))
    assert len(few.trials) == 4
    assert lines(here / "s.sweep")[: len(before)] == before
    beyond = {number: score for number, _, score, *_, ended in whole if ended == "finished"}
    assert beyond.items() <= {number: score for number, _, score, *_ in more}.items()


def test_a_finished_sweep_is_resumed_to_itself(here) -> None:
    first = gh.sweep("example:iris", out="s.sweep", **ASKED)
    written = (here / "s.sweep" / "trials.jsonl").read_bytes()
    again = gh.sweep("example:iris", out="s.sweep", resume=True, **ASKED)
    assert board(again) == board(first)
    assert (here / "s.sweep" / "trials.jsonl").read_bytes() == written


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"resume": False}, "s.sweep exists: go on from it with resume=True \\(--resume\\), or name another with out"),
        ({"table": "example:wine"}, "s.sweep is a sweep of another table: give what it had"),
        ({"seed": 1}, "s.sweep is a sweep of another seed"),
        ({"metric": "accuracy"}, "s.sweep is a sweep of another metric"),
        ({"space": {"hidden": [[8]]}}, "s.sweep is a sweep of another space"),
        ({"drop": ["petal width (cm)"]}, "s.sweep is a sweep of another drop"),
        ({"test": "example:iris"}, "s.sweep is a sweep of another test"),
        ({"trials": 2}, "no outcome of these 2 trials in line .: give at least as many trials as it had"),
    ],
)
def test_a_folder_of_another_sweep_is_refused(here, other, said) -> None:
    gh.sweep("example:iris", out="s.sweep", **ASKED | {"trials": 3})
    before = (here / "s.sweep" / "trials.jsonl").read_bytes()
    asked = {"table": "example:iris", "out": "s.sweep", "resume": True, **ASKED, "trials": 3} | other
    with pytest.raises(OptionError, match=said):
        gh.sweep(**asked)
    assert (here / "s.sweep" / "trials.jsonl").read_bytes() == before


def test_a_line_that_was_taken_out_is_trained_again_to_the_same_board(here, whole) -> None:
    gh.sweep("example:breast_cancer", out="s.sweep", **ASKED)
    path = here / "s.sweep" / "trials.jsonl"
    everything = path.read_bytes().splitlines(keepends=True)
    outcomes = lines(here / "s.sweep")
    last = {line["trial"]: line["rung"] for line in outcomes}
    first_of_paused = next(k for k, line in enumerate(outcomes) if last[line["trial"]] == 1)
    for number in (first_of_paused, int(np.random.default_rng().integers(len(everything)))):
        path.write_bytes(b"".join(everything[:number] + everything[number + 1 :]))
        assert board(gh.sweep("example:breast_cancer", out="s.sweep", resume=True, **ASKED)) == whole
        again = sorted(lines(here / "s.sweep"), key=task)
        assert [line | {"seconds": 0} for line in again] == [
            line | {"seconds": 0} for line in sorted(outcomes, key=task)
        ]


def test_a_folder_of_another_version_is_refused(here) -> None:
    gh.sweep("example:iris", out="s.sweep", **ASKED | {"trials": 2})
    path = here / "s.sweep" / "sweep.json"
    assert json.loads(path.read_text())["version"] == gh.__version__
    path.write_text(path.read_text().replace(f'"version": "{gh.__version__}"', '"version": "0.0.9"'))
    with pytest.raises(OptionError, match=r"s\.sweep is a sweep of another version: give what it had"):
        gh.sweep("example:iris", out="s.sweep", resume=True, **ASKED | {"trials": 2})


@pytest.mark.parametrize(
    "damage",
    [
        lambda line: line[:40],
        lambda line: line.replace('"rung": 0', '"rung": 3'),
        lambda line: line.replace('"schema_version": 1', '"schema_version": 2'),
        lambda line: line.replace('"epochs": 2', '"epochs": "2"'),
        lambda line: "[]",
        lambda line: "",
    ],
)
def test_a_damaged_line_is_named(here, damage) -> None:
    gh.sweep("example:iris", out="s.sweep", **ASKED | {"trials": 3})
    path = here / "s.sweep" / "trials.jsonl"
    first, *others = path.read_text().splitlines()
    path.write_text("\n".join([damage(first), *others]) + "\n")
    with pytest.raises(
        OptionError, match=r"trials\.jsonl holds no outcome of these 3 trials in line 1: .* mend the line"
    ):
        gh.sweep("example:iris", out="s.sweep", resume=True, **ASKED | {"trials": 3})


def test_a_folder_that_is_no_sweep_is_begun_or_named(here) -> None:
    (here / "s.sweep").mkdir()
    gh.sweep("example:iris", out="s.sweep", resume=True, **ASKED | {"trials": 2})
    (here / "s.sweep" / "sweep.json").write_text("{}")
    with pytest.raises(OptionError, match=r"sweep\.json cannot be read, or is of no sweep of this version"):
        gh.sweep("example:iris", out="s.sweep", resume=True, **ASKED | {"trials": 2})
