"""Ranks that take some steps by themselves, and average their weights where they meet."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from joint_runs import chosen, furthest, in_threads, train, vectors, weighted
from ranks import on_threads
from runs import blobs

from glasshouse.distributed.serial import SERIAL
from glasshouse.training.loop import fit
from glasshouse.training.state import State


def test_apart_ranks_meet_at_the_mean_of_where_they_are() -> None:
    """One epoch of two steps that meet once: the mean of two runs, each on one rank's rows."""
    wanted = chosen(
        monitor="loss",
        max_epochs=1,
        sync_every=2,
        batch_size=20,
        shuffle=False,
        clip_norm=None,
        warm_up=0,
        optimizer="sgd",
    )
    data = blobs(40)
    shares = [np.concatenate([np.arange(start + rank, start + 20, 2) for start in (0, 20)]) for rank in (0, 1)]
    parts = [train(SERIAL, replace(wanted, batch_size=10), data._replace(rows=rows)) for rows in shares]
    together = in_threads(2, wanted, data)[0]
    ours, theirs = vectors(together), [vectors(part) for part in parts]
    for name in ("parameters", "velocity", "average"):
        assert np.allclose(ours[name], (theirs[0][name] + theirs[1][name]) / 2, rtol=1e-13, atol=1e-15)
    assert together.history[0]["loss"] == pytest.approx(sum(p.history[0]["loss"] for p in parts) / 2, rel=1e-12)
    assert together.history[0]["penalty"] == pytest.approx(sum(p.history[0]["penalty"] for p in parts) / 2, rel=1e-12)
    assert together.samples == 40


@pytest.mark.parametrize("every", [2, 3, 10, 1000])
@pytest.mark.parametrize("n", [2, 3])
def test_apart_ranks_end_every_epoch_as_one(n: int, every: int) -> None:
    wanted = chosen(sync_every=every, max_epochs=6, monitor="validation_loss")
    state = in_threads(n, wanted)[0]
    assert (state.step, state.samples) == (60, 6 * 307)
    assert state.history[-1]["loss"] < 0.7 * state.history[0]["loss"]
    one = train(SERIAL, wanted)
    assert furthest(one, train(SERIAL, replace(wanted, sync_every=1))) == 0  # alone there is nobody to meet


def test_what_is_held_keeps_its_bits_where_ranks_meet() -> None:
    """0.1 three times, divided by three, need not be 0.1."""
    wanted = chosen(sync_every=2, max_epochs=2, monitor="loss", fit_intercept=False)
    weights = np.random.default_rng(1).normal(size=wanted.initialized(2, 3).n_weights)

    def run(together):
        state = State.begun(wanted.initialized(2, 3), wanted)
        state.network.parameters[: len(weights)] = weights
        state.movable[: len(weights) : 2] = 0
        return fit(state, weighted(), wanted, together=together)

    for state in on_threads(3, run):
        assert np.array_equal(state.network.parameters[: len(weights) : 2], weights[::2])
        assert (state.network.parameters[len(weights) :] == 0).all()
        assert (state.network.parameters[1 : len(weights) : 2] != weights[1::2]).any()
