"""One seed, one run, also in two processes, and also in two halves: 100 random configurations, equal to the bit."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import configurations
import numpy as np
import pytest
from configurations import Kill, configuration, digest, run
from runs import begun, blobs, recipe
from safetensors import safe_open

from glasshouse import storage
from glasshouse.errors import GlasshouseError, ModelFileError, OptionError
from glasshouse.training.checkpoints import begin
from glasshouse.training.loop import fit
from glasshouse.training.optimizers import Adam
from glasshouse.training.schedules import Cosine

CONFIGURATIONS = 100
SCRIPT = Path(configurations.__file__)


def digests(folder: Path | str, first: int = 0, last: int = CONFIGURATIONS) -> list[str]:
    """What a fresh process finds."""
    command = [sys.executable, str(SCRIPT), str(folder), str(first), str(last)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()


@pytest.fixture(scope="module")
def truth() -> list[str]:
    return digests("-")


def test_the_same_seed_in_two_fresh_processes_is_the_same_run(truth) -> None:
    assert len(set(truth)) == CONFIGURATIONS
    assert [run(number, None) for number in range(CONFIGURATIONS)] == truth


def test_killed_at_any_moment_and_resumed_is_the_same_run(truth, tmp_path) -> None:
    """A child is killed as kill -9 does it, somewhere in an epoch; a fresh process goes on from what it left."""
    killed = 0
    for number in range(CONFIGURATIONS):
        child = os.fork()
        if child == 0:
            run(number, tmp_path / f"{number}.checkpoint", Kill(number))
            os._exit(0)
        killed += os.WIFSIGNALED(os.waitpid(child, 0)[1])
    assert killed > CONFIGURATIONS / 2
    assert digests(tmp_path) == truth
    assert not [path for path in tmp_path.iterdir() if path.suffix != ".checkpoint" and not path.name.startswith(".")]


def test_a_finished_run_is_resumed_to_itself(tmp_path) -> None:
    path = tmp_path / "run"
    assert run(5, path) == run(5, path)


def test_ctrl_c_keeps_what_there_is_after_an_epoch_and_nothing_before() -> None:
    chosen, data, validation = configuration(3)
    state = begun(chosen, data)
    fit(state, data, chosen, validation, [Kill(4, KeyboardInterrupt())])
    assert state.interrupted == (state.epoch < chosen.max_epochs)
    assert np.isfinite(state.chosen().parameters).all()

    class AtOnce(Kill):
        def before_epoch(self, state) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(begun(chosen, data), data, chosen, validation, [AtOnce(0)])


def kept(tmp_path, **choices):
    chosen, data = recipe(max_epochs=2, **choices), blobs(60)
    state, keepers = begin(begun(chosen, data), [data], chosen, tmp_path / "run", resume=False)
    fit(state, data, chosen, watchers=keepers)
    return chosen, data, state


def test_what_does_not_belong_together_is_refused(tmp_path) -> None:
    chosen, data, state = kept(tmp_path)
    path = tmp_path / "run"
    for again, rows, resume, message in (
        (chosen, data, False, "exists: go on from it with resume=True \\(--resume\\), or remove it"),
        (
            recipe(max_epochs=2, seed=3),
            data,
            True,
            "was written with seed 0, this run has 3: give a number as the seed",
        ),
        (recipe(max_epochs=2, optimizer=Adam(0.8)), data, True, "was written with optimizer"),
        (chosen, blobs(60, seed=1), True, "or for rows read in other parts: give the same table"),
        (chosen, data._replace(weight=np.ones(60)), True, "was written for other rows"),
    ):
        with pytest.raises(OptionError, match=message):
            begin(begun(again, rows), [rows], again, path, resume)
    with pytest.raises(OptionError, match="resume needs the checkpoint"):
        begin(state, [data], chosen, None, resume=True)
    with pytest.raises(GlasshouseError, match="there is no folder"):
        begin(state, [data], chosen, tmp_path / "nowhere" / "run", resume=False)
    found, _ = begin(begun(chosen, data), [data], chosen, path, resume=True)
    assert digest(found) == digest(state)


def test_a_damaged_or_forged_checkpoint_is_named(tmp_path) -> None:
    chosen, data, _ = kept(tmp_path, average=0.9)
    path = tmp_path / "run"
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(60):
        broken = bytearray(whole)
        broken[rng.integers(len(broken))] ^= 1 << rng.integers(8)
        path.write_bytes(bytes(broken[: rng.integers(1, len(broken) + 1)]))
        with pytest.raises((ModelFileError, OptionError)):
            begin(begun(chosen, data), [data], chosen, path, resume=True)
    path.write_bytes(whole)
    with safe_open(path, framework="numpy") as file:
        document = json.loads(file.metadata()["glasshouse"])["document"]
        arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118

    def forged(document, arrays) -> None:
        storage.write(path, "checkpoint", document, arrays)
        with pytest.raises(ModelFileError, match="is not a whole checkpoint"):
            begin(begun(chosen, data), [data], chosen, path, resume=True)

    for name, value in (
        ("epoch", -1),
        ("epoch", 7),
        ("step", -1),
        ("samples", 1.5),
        ("history", [[["loss", "small"]]]),
        ("best", {"epoch": 1, "value": 0.5}),
        ("generator", {"state": "zz", "inc": "0", "has_uint32": 0, "uinteger": 0}),
        ("layers", []),
        ("settled", "no"),
        ("mark", [1]),
    ):
        forged(document | {name: value}, arrays)
    for name in ("average", "moment.first", "moment.second", "parameters"):
        forged(document, arrays | {name: np.zeros(3)})
        forged(document, arrays | {name: arrays[name].astype(np.float32)})
        forged(document, {other: array for other, array in arrays.items() if other != name})
    forged(document, arrays | {"moment.second": -np.ones_like(arrays["moment.second"])})
    forged(document, arrays | {"moment.third": arrays["moment.second"]})


def test_a_run_is_made_longer_unless_its_schedule_was_planned(tmp_path) -> None:
    chosen, data, _ = kept(tmp_path)
    longer = recipe(max_epochs=5)
    state, _ = begin(begun(longer, data), [data], longer, tmp_path / "run", resume=True)
    assert digest(fit(state, data, longer)) == digest(fit(begun(longer, data), data, longer))
    planned = recipe(max_epochs=2, schedule=Cosine())
    state, keepers = begin(begun(planned, data), [data], planned, tmp_path / "planned", resume=False)
    fit(state, data, planned, watchers=keepers)
    again = recipe(max_epochs=5, schedule=Cosine())
    with pytest.raises(OptionError, match="was written with max_epochs 2, this run has 5: give what it had"):
        begin(begun(again, data), [data], again, tmp_path / "planned", resume=True)
    assert chosen.max_epochs == 2
