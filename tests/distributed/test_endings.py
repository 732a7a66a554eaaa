"""However a run of several ranks ends, it ends on all of them: wishes, Ctrl-C, errors of one rank or of all."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from joint_runs import chosen, in_threads, train, weighted
from ranks import WITH_MPI, LeftAloneError, mpirun, on_ranks, on_threads
from runs import begun, blobs

from glasshouse.distributed.serial import SERIAL
from glasshouse.errors import OptionError, TrainingDiverged, WorldError
from glasshouse.network.density import Density
from glasshouse.training.loop import Validation, fit
from glasshouse.training.optimizers import LBFGS, SGD
from glasshouse.training.rewiring import Evolution
from glasshouse.training.watchers import Watcher


class Enough(Watcher):
    def after_epoch(self, state) -> bool:
        return state.epoch == 3


@pytest.mark.parametrize("rank", [0, 1, 2])
def test_a_wish_of_one_rank_ends_all_after_the_same_epoch(rank: int) -> None:
    states = in_threads(3, chosen(), watchers=lambda each: [Enough()] if each == rank else [])
    assert [(state.epoch, state.interrupted) for state in states] == [(3, False)] * 3


@pytest.mark.parametrize("every", [1, 3, 7])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_all_ranks_diverge_at_once_in_the_same_words(dtype: str, every: int) -> None:
    """Rows of one rank alone are too large; the error names the step of all, and the weights are finite and alike."""
    data = blobs(60)
    data.X[1::2] *= 1e30 if dtype == "float32" else 1e200
    wanted = chosen(
        output="identity", loss="squared_error", dtype=dtype, sync_every=every, shuffle=False, monitor="loss",
        optimizer="sgd", activation=("relu",), batch_size=12,
    )  # fmt: skip
    states = [begun(wanted, data) for _ in range(2)]

    def run(together):
        fit(states[together.rank], data, wanted, together=together)

    found = on_threads(2, run)
    assert [type(error) for error in found] == [TrainingDiverged] * 2
    assert str(found[0]) == str(found[1])
    assert (found[0].epoch, found[0].step) == (1, 1)
    assert np.isfinite(states[0].network.parameters).all()
    assert np.array_equal(states[0].network.parameters, states[1].network.parameters)


def test_divergence_is_where_one_rank_diverges() -> None:
    wanted = chosen(output="identity", loss="squared_error", learning_rate=1e30, clip_norm=None, l1=0.0, monitor="loss")
    wanted = replace(wanted, optimizer=SGD())
    with pytest.raises(TrainingDiverged) as caught, np.errstate(all="ignore"):
        train(SERIAL, wanted)

    for error in on_threads(3, lambda together: train(together, wanted)):
        assert (error.epoch, error.step, error.layer) == (caught.value.epoch, caught.value.step, caught.value.layer)
        assert error.learning_rate == caught.value.learning_rate


@pytest.mark.parametrize("row", [0, 1, 99])
def test_a_validation_that_diverges_on_one_rank_is_raised_on_all(row: int) -> None:
    held = blobs(100)
    held.X[row] = 1e200
    wanted = chosen(activation=("exp",), batch_size=16)

    def run(together):
        fit(begun(wanted, weighted()), weighted(), wanted, Validation(held, lambda *_: 0.0), (), together)

    found = on_threads(3, run)
    assert [type(error) for error in found] == [TrainingDiverged] * 3
    assert len({str(error) for error in found}) == 1


WHOLE = {"optimizer": LBFGS(), "clip_norm": None, "l1": 0.0, "average": 0.0, "warm_up": 0}


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        (WHOLE, "lbfgs takes all rows at once: run it on one rank"),
        ({"density": Density(0.5), "evolution": Evolution(grow=lambda *_: None)}, "sees the rows of one rank"),
        ({"dtype": "float32", "batch_size": (1 << 24) + 1}, "ranks count at most 16777216 rows in float32"),
    ],
)
def test_what_is_for_one_rank_is_refused_on_all(choices, message: str) -> None:
    wanted = replace(chosen(monitor="loss"), **choices)
    for error in on_threads(2, lambda together: train(together, wanted)):
        assert isinstance(error, OptionError)
        assert message in str(error)


@pytest.mark.parametrize(
    ("what", "train_here"),
    [
        ("the recipe: rank 0 has …", lambda together: train(together, chosen(seed=together.rank))),
        ("the number of rows: rank 0 has 100", lambda together: train(together, chosen(), blobs(100 + together.rank))),
        ("the number of validation rows", lambda together: train(together, chosen(), held=100 + together.rank)),
    ],
)
def test_ranks_that_are_not_alike_do_not_begin(what: str, train_here) -> None:
    found = on_threads(2, train_here)
    assert [type(error) for error in found] == [WorldError] * 2
    assert len({str(error) for error in found}) == 1
    assert f"the ranks disagree about {what}" in str(found[0])


def test_weights_and_progress_have_to_be_the_same() -> None:
    wanted, data = chosen(monitor="loss"), weighted()

    def run(together, change):
        state = begun(wanted, data)
        if together.rank == 1:
            change(state)
        return fit(state, data, wanted, together=together)

    def weights(state):
        state.network.parameters[3] = np.nextafter(state.network.parameters[3], 9)

    def progress(state):
        state.epoch = 2

    for change, what in ((weights, "the weights it goes on from"), (progress, "where the run stands")):
        for error in on_threads(2, lambda together, change=change: run(together, change)):
            assert f"disagree about {what}: " in str(error)


class Meddling(Watcher):
    def after_step(self, state, work) -> None:
        state.network.parameters[0] += 1e-9


@pytest.mark.parametrize("every", [1, 3])
def test_weights_that_drift_apart_are_found_at_the_end_of_the_epoch(every: int) -> None:
    def run(together):
        train(together, chosen(sync_every=every), watchers=[Meddling()] if together.rank else [])

    for error in on_threads(2, run):
        assert isinstance(error, WorldError)
        assert str(error).startswith("after epoch 1 the weights of rank 0 are not those of 1: ")


def test_a_batch_that_is_not_whole_is_found() -> None:
    """A rank that reads other rows than the others believe."""

    class Short:
        n_rows = 40

        def batches(self, recipe, state, together):
            whole = list(blobs(40).batches(recipe, state, together))
            return [batch._replace(rows=batch.rows[:-1], weight=batch.weight[:-1]) for batch in whole]

        shown = blobs(40)

    for every, epoch in ((1, "32"), (3, "40")):
        wanted = chosen(sync_every=every, monitor="loss")
        found = on_threads(2, lambda together, w=wanted: fit(begun(w, blobs(40)), Short(), w, together=together))
        assert all(isinstance(error, WorldError) for error in found)
        assert f"rank 0 expects {epoch} rows, but the ranks have " in str(found[0])


class Broken(Watcher):
    def after_epoch(self, state) -> None:
        raise OSError(28, "No space left on device")


def test_an_error_of_one_rank_leaves_no_other_waiting() -> None:
    found = on_threads(3, lambda together: train(together, chosen(), watchers=[Broken()] if together.rank == 0 else []))
    assert [type(error) for error in found] == [OSError, LeftAloneError, LeftAloneError]


HEAD = """
import os, signal, sys
from joint_runs import chosen, train
from glasshouse.distributed.world import world
from glasshouse.training.watchers import Watcher

class At(Watcher):
    def __init__(self, rank, do):
        self.rank, self.do = rank, do
    def after_step(self, state, work):
        if together.rank == self.rank and state.step == 17:
            self.do()

def fail(error):
    raise error

together = world()
"""


@WITH_MPI
@pytest.mark.parametrize(
    ("script", "code", "said"),
    [
        ("train(together, chosen(), watchers=[At(1, lambda: fail(ValueError('mine')))])", 1, "ValueError: mine"),
        ("train(together, chosen(), watchers=[At(0, lambda: sys.exit(7))])", 1, ""),
        ("train(together, chosen(seed=together.rank))", 2, "WorldError: the ranks disagree about the recipe: "),
        (
            """
try:
    train(together, chosen(), watchers=[At(0, lambda: fail(OSError(28, 'disk full')))])
except OSError as error:
    print(error, file=sys.stderr)
""",
            1,
            "[Errno 28] disk full\n",
        ),
        (
            """
try:
    train(together, chosen(), watchers=[At(1, lambda: fail(OSError(28, 'disk full')))])
except OSError:
    train(together, chosen())
""",
            2,
            "rank 1 left a run in which the other ranks wait (OSError: [Errno 28] disk full): end the script there",
        ),
        ("train(together, chosen(), watchers=[At(1, lambda: os.kill(os.getpid(), signal.SIGKILL))])", 137, ""),
    ],
    ids=["an error", "an exit", "a disagreement", "an error that is caught", "going on after it", "kill -9"],
)
def test_a_job_ends_by_itself_with_an_exit_code(script: str, code: int, said: str) -> None:
    done = on_ranks(2, HEAD + script)
    assert done.returncode == code
    assert said in done.stderr
    assert done.stderr.count("Traceback (most recent call last):") <= 2  # one error, and perhaps the one it came from


@WITH_MPI
def test_a_ctrl_c_on_one_rank_ends_all_after_their_epoch() -> None:
    script = "state = train(together, chosen(), watchers=[At(1, lambda: signal.raise_signal(signal.SIGINT))])"
    done = on_ranks(2, HEAD + script + "\nprint(state.epoch, state.interrupted)")
    assert (done.returncode, done.stdout.splitlines()) == (0, ["2 True"] * 2), done.stderr


@WITH_MPI
def test_a_second_ctrl_c_ends_the_job() -> None:
    twice = "[signal.raise_signal(signal.SIGINT) for _ in range(2)]"
    done = on_ranks(2, f"{HEAD}train(together, chosen(), watchers=[At(1, lambda: {twice})])")
    assert done.returncode == 130
    assert "KeyboardInterrupt" in done.stderr


@WITH_MPI
def test_commands_for_one_process_say_so_once(tmp_path) -> None:
    for command, said in (
        (["predict", "a", "b"], "glasshouse: predict runs on one process: leave mpirun out\n"),
        (["train", "--nothing"], "glasshouse: No such option '--nothing'"),
    ):
        done = mpirun(2, f"{Path(sys.executable).parent}/glasshouse", *command, cwd=tmp_path)
        assert done.returncode == 2
        assert done.stderr.startswith(said)
        assert done.stderr.count("glasshouse: ") == 1
        assert done.stdout.strip() == ""
