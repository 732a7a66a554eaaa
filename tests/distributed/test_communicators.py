"""Communicators: what each method does, over MPI, over threads and for one rank alone; words of any length."""

from __future__ import annotations

import numpy as np
import pytest
from ranks import WITH_MPI, on_ranks, on_threads

from glasshouse.distributed import agreement
from glasshouse.distributed.agreement import agree, gather_bytes
from glasshouse.distributed.serial import SERIAL
from glasshouse.errors import WorldError


def exchange(together) -> None:
    """Every method with buffers whose sums are known."""
    rank, size = together.rank, together.size
    for dtype in (np.float32, np.float64, np.int64):
        for shape in ((1,), (5,), (3, 4), (0,), (100_003,)):
            mine = np.full(shape, rank + 1, dtype)
            buffer = mine.copy()
            together.all_reduce(buffer)
            assert buffer.dtype == dtype
            assert (buffer == size * (size + 1) // 2).all()
            buffer = mine.copy()
            together.all_reduce(buffer, "max")
            assert (buffer == size).all()
            together.broadcast(buffer := mine.copy(), size - 1)
            assert (buffer == size).all()
            every = together.gather(mine)
            assert every.shape == (size, *shape)
            assert all((part == k + 1).all() for k, part in enumerate(every))
    together.barrier()
    odd = together.gather(np.arange(3, dtype=np.uint8) * rank)
    assert odd.tolist() == [[0, k, 2 * k] for k in range(size)]
    part = np.zeros(8)
    together.all_reduce(part[2:6])  # a view
    told = [b"", b"x" * 70_000, b"three"]
    assert gather_bytes(together, told[rank % 3]) == [told[k % 3] for k in range(size)]


def test_one_rank_alone() -> None:
    exchange(SERIAL)
    agree(SERIAL, {"anything": "at all"})


@pytest.mark.parametrize("n", [2, 3])
def test_threads_as_ranks(n: int) -> None:
    assert on_threads(n, exchange) == [None] * n


@WITH_MPI
def test_processes_under_mpirun() -> None:
    done = on_ranks(
        3,
        """
from importlib import util
import sys
spec = util.spec_from_file_location("here", sys.argv[1])
here = util.module_from_spec(spec)
spec.loader.exec_module(here)
from glasshouse.distributed.world import world
assert world() is world() and world().size == 3
here.exchange(world())
here.disagree(world())
print("done")
""",
        __file__,
    )
    assert (done.returncode, done.stdout.split()) == (0, ["done"] * 3), done.stderr


def disagree(together) -> None:
    """The error is the same on every rank, and says who has what, around what differs."""
    same, long = "x" * 500, "y" * 500
    agree(together, {"one": same, "other": long})
    mine = f"{same}{'abc'[min(together.rank, 1)]}{long}"
    with pytest.raises(WorldError) as caught:
        agree(together, {"one": same, "other": mine, "third": mine})
    message = str(caught.value)
    assert "disagree about other: rank 0 has …" in message
    assert "xay" in message
    assert "xby" in message
    assert len(message) < 400
    assert gather_bytes(together, message.encode()) == [message.encode()] * together.size


def test_disagreement_is_told_to_all_in_the_same_words() -> None:
    assert on_threads(3, disagree) == [None] * 3


def test_a_rank_that_says_nothing_of_a_thing_disagrees() -> None:
    def say(together) -> None:
        agree(together, {"seed": "0"} | ({} if together.rank else {"version": "2"}))

    messages = {str(error) for error in on_threads(2, say)}
    assert messages == {
        "the ranks disagree about version: rank 0 has 2; rank 1 has none: "
        "start all ranks with the same versions, files and options"
    }


def test_a_path_whose_bytes_are_no_text_is_a_word_too() -> None:
    def say(together) -> None:
        agree(together, {"table": "t\udcff.csv"})
        agree(together, {"test": ("u\udcfe.csv", "u\udcff.csv")[together.rank]})

    messages = {str(error) for error in on_threads(2, say)}
    assert messages == {
        "the ranks disagree about test: rank 0 has u\udcfe.csv; rank 1 has u\udcff.csv: "
        "start all ranks with the same versions, files and options"
    }


@pytest.mark.parametrize("at_once", [1, 2, 7, 1000])
def test_long_words_go_in_pieces(at_once: int, monkeypatch) -> None:
    monkeypatch.setattr(agreement, "AT_ONCE", at_once)
    words = [bytes(range(200)), b"", bytes(range(77))]
    assert on_threads(3, lambda together: gather_bytes(together, words[together.rank])) == [words] * 3
