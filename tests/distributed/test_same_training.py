"""One rank equals several on the same global batches, whatever the optimiser; and what they promise of their bits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from configurations import configuration
from joint_runs import chosen, furthest, in_threads, train, vectors, weighted
from ranks import WITH_MPI, ThreadRank, on_ranks, on_threads
from runs import accuracy, begun, blobs

from glasshouse.distributed.serial import SERIAL
from glasshouse.network.density import Density
from glasshouse.network.reshaping import connections
from glasshouse.training.batches import Batches
from glasshouse.training.checkpoints import begin
from glasshouse.training.loop import Validation, fit
from glasshouse.training.optimizers import LBFGS, SGD
from glasshouse.training.rewiring import Evolution
from glasshouse.training.state import State
from glasshouse.training.watchers import Watcher

STEPPING = ["sgd", "rmsprop", "adam", "adamw"]


@pytest.mark.parametrize("optimizer", STEPPING)
@pytest.mark.parametrize("n", [2, 3, 5])
def test_after_a_hundred_steps_ranks_are_where_one_rank_is(n: int, optimizer: str) -> None:
    """With weights, clipping, penalties, a running mean, warm-up, validation rows and a short last batch."""
    one = train(SERIAL, chosen(optimizer))
    several = in_threads(n, chosen(optimizer))[0]
    assert one.step == several.step == 100
    assert furthest(one, several) <= 1e-10
    assert several.best.epoch == one.best.epoch


@pytest.mark.parametrize(("n_rows", "batch_size", "n"), [(5, 2, 3), (1, 1, 2), (7, 7, 3), (30, 4, 5), (64, 64, 2)])
def test_ranks_without_rows_take_part(n_rows: int, batch_size: int, n: int) -> None:
    """Batches smaller than the number of ranks, and validation rows fewer than these."""
    wanted = chosen(batch_size=batch_size, max_epochs=4)
    one = train(SERIAL, wanted, blobs(n_rows), held=2)
    assert furthest(one, in_threads(n, wanted, blobs(n_rows), held=2)[0]) <= 1e-10


def test_a_loss_of_ones_own_is_never_shown_no_rows() -> None:
    shown = []

    def loss(a, y):
        shown.append(len(a))
        return ((a - y) ** 2).sum(1), 2 * (a - y)

    wanted = chosen(loss=loss, output="sigmoid", batch_size=2, max_epochs=2, monitor="loss")
    one = train(SERIAL, wanted, blobs(5))
    assert furthest(one, in_threads(3, wanted, blobs(5))[0]) <= 1e-10
    assert min(shown) > 0


def test_in_single_precision_the_ranks_agree_to_the_bit_and_differ_from_one_by_rounding() -> None:
    data = blobs(307, dtype=np.float32)
    wanted = chosen(dtype="float32")
    one, several = train(SERIAL, wanted, data), in_threads(3, wanted, data)[0]
    assert furthest(one, several) < 1e-3


def test_rows_are_dealt_once_and_in_the_order_of_one_rank() -> None:
    class Of(ThreadRank):
        def __init__(self, rank, size):
            self.rank, self.size = rank, size

    data = weighted(53)
    whole = list(Batches(data, 8, np.random.default_rng(1)))
    dealt = [list(Batches(data, 8, np.random.default_rng(1), together=Of(rank, 3))) for rank in range(3)]
    assert {len(batches) for batches in dealt} == {7}
    for k, batch in enumerate(whole):
        parts = [batches[k] for batches in dealt]
        for rank, part in enumerate(parts):
            assert part.rows.tolist() == batch.rows[rank::3].tolist()
            assert np.allclose(part.weight, batch.weight[rank::3], rtol=1e-15)
            assert part.total == batch.total == len(batch.rows)


def test_a_step_is_one_sum_of_one_buffer() -> None:
    """Of the gradient and the two numbers behind it, always the same memory: nothing is made in a step."""
    calls = []

    def run(together):
        train(together, chosen(monitor="loss", max_epochs=3))
        calls.append(together.calls)

    assert on_threads(2, run) == [None] * 2
    size = len(chosen().initialized(2, 3).parameters) + 2
    sums = [[call for call in each if call[1] == size] for each in calls]
    for each, all_calls in zip(sums, calls, strict=True):
        assert len(each) == 3 * 10
        assert len(set(each)) == 1
        assert len(all_calls) < 30 + 3 * 3 + 10  # an epoch's end, and what is agreed upon at the start


def test_two_ranks_leave_out_different_units() -> None:
    """The same rows on both ranks would otherwise lose the same units."""
    wanted = chosen(dropout=(0.5,), monitor="loss", max_epochs=3, learning_rate=0.001)
    masks = []

    def run(together):
        data = blobs(64)._replace(rows=np.zeros(32, np.int64))  # one row, again and again
        state = State.begun(wanted.initialized(2, 3), wanted)

        class Look(Watcher):
            def after_step(self, state, work) -> None:
                masks.append((together.rank, state.step, work.inputs[1].a[:, : work.n] == 0))

        return fit(state, data, wanted, watchers=[Look()], together=together)

    states = on_threads(2, run)
    assert furthest(*states) == 0
    first = {rank: mask for rank, step, mask in masks if step == 1}
    assert (first[0] != first[1]).any()
    assert 0.2 < first[0].mean() < 0.8
    alone = train(SERIAL, wanted)
    assert furthest(alone, in_threads(1, wanted)[0]) == 0


@pytest.mark.parametrize("grow", ["random", "gradient"])
@pytest.mark.parametrize("drop", ["magnitude", "loss_sensitivity"])
def test_ranks_move_the_same_connections_as_one_rank(drop: str, grow: str) -> None:
    """What a rule reads of a batch is a sum over its rows, so ranks add it up."""
    wanted = chosen(density=Density(0.4), evolution=Evolution(drop, grow, every=7, until=1.0), monitor="loss")
    wanted = replace(wanted, hidden_layer_sizes=(20, 15))
    one, several = train(SERIAL, wanted), in_threads(3, wanted)
    assert not np.array_equal(connections(one.network.layers[1]), connections(wanted.initialized(2, 3).layers[1]))
    for state in several:
        for ours, theirs in zip(one.network.layers, state.network.layers, strict=True):
            assert np.array_equal(connections(ours), connections(theirs))
    assert furthest(one, several[0]) <= 1e-10


def test_a_checkpoint_knows_nothing_of_ranks(tmp_path) -> None:
    """Begun by two, resumed by three and ended by one, a run is the run of one."""
    wanted = chosen(max_epochs=9)
    data, path = weighted(), tmp_path / "run"

    def go_on(together, epochs):
        shorter = replace(wanted, max_epochs=epochs)
        fresh = State.begun(shorter.initialized(2, 3), shorter)
        state, keepers = begin(fresh, (data,), shorter, path, resume=True)
        together.barrier()
        held = Validation(blobs(101, seed=5), accuracy)
        return fit(state, data, shorter, held, keepers if together.rank == 0 else (), together)

    for n, epochs in ((2, 3), (3, 6)):
        for state in on_threads(n, lambda together, epochs=epochs: go_on(together, epochs)):
            assert state.epoch == epochs
    assert furthest(go_on(SERIAL, 9), train(SERIAL, wanted)) <= 1e-10


@pytest.mark.parametrize("first", range(0, 60, 10))
def test_random_configurations_are_the_same_on_all_ranks(first: int) -> None:
    """Everything a recipe can hold; in double precision and without dropout, the same as on one rank, too."""
    for number in range(first, first + 10):
        wanted, data, validation = configuration(number)
        if isinstance(wanted.optimizer, LBFGS):
            continue

        def run(together, wanted=wanted, data=data, validation=validation):
            with np.errstate(all="ignore"):
                return fit(begun(wanted, data), data, wanted, validation, (), together)

        apart = replace(wanted, evolution=None, sync_every=3)
        for states in (on_threads(3, run), on_threads(2, lambda together, run=run, apart=apart: run(together, apart))):
            assert all(furthest(state, states[0]) == 0 for state in states), number
        if wanted.dtype == "float64" and not wanted.dropout:
            one, several = vectors(run(SERIAL)), vectors(on_threads(2, run)[0])
            assert all(np.allclose(one[name], several[name], rtol=1e-10, atol=1e-10) for name in one), number


SCRIPT = """
import sys
import numpy as np
from joint_runs import chosen, train, vectors
from glasshouse.distributed.world import world
together = world()
found = {}
for name in ("sgd", "adam"):
    for every in (1, 4):
        state = train(together, chosen(name, sync_every=every))
        found |= {f"{name}.{every}.{key}": value for key, value in vectors(state).items()}
if together.rank == 0:
    np.savez(sys.argv[1], **found)
"""


@WITH_MPI
def test_under_mpirun_one_two_and_three_ranks_are_the_same_training(tmp_path) -> None:
    """And the same number of ranks, twice, is the same to the bit."""
    found = {}
    for name, n in (("one", 1), ("two", 2), ("two again", 2), ("three", 3)):
        done = on_ranks(n, SCRIPT, str(tmp_path / name))
        assert done.returncode == 0, done.stderr
        found[name] = dict(np.load(tmp_path / f"{name}.npz"))
    for key, ours in found["one"].items():
        for name in ("two", "three"):
            if ".1." in key:
                assert np.abs(ours - found[name][key]).max(initial=0) <= 1e-10
        assert np.array_equal(found["two"][key], found["two again"][key])
    apart = "adam.4.parameters"
    assert (found["one"][apart] != found["two"][apart]).any()


def test_schedules_and_plain_steps_are_the_same_on_ranks() -> None:
    """A run that settles does so on all ranks, after the same epoch."""
    data = blobs(30)
    signs = data._replace(Y=data.Y * 2 - 1, X=data.X * 10)
    still = chosen(
        output="identity", loss="perceptron", max_epochs=400, monitor="loss", average=0, l1=0.0, l2=0.0, clip_norm=None,
        hidden_layer_sizes=(), activation=("relu",), shuffle=False, warm_up=0,
    )  # fmt: skip
    still = replace(still, optimizer=SGD(0))
    one = train(SERIAL, still, signs)
    states = in_threads(2, still, signs)
    assert one.settled
    assert {(state.settled, state.epoch) for state in states} == {(True, one.epoch)}
