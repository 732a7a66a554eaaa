"""Dropout: the published generator, the right share, a gradient through what stayed, any storage the same."""

from __future__ import annotations

import numpy as np
import oracle
import pytest
from builders import batch, build, densified, masks_for

from glasshouse.network.passes import forward, loss_and_gradient
from glasshouse.network.workspace import Workspace

KEY = (0x243F6A88, 0x85A308D3)


def threefry(counter, key):
    """Threefry-2x32 with 20 rounds, as Salmon et al. (2011) define it, in plain Python."""
    mask, rotations = 0xFFFFFFFF, (13, 15, 26, 6, 17, 29, 16, 24)
    keys = (*key, 0x1BD11BDA ^ key[0] ^ key[1])
    x, y = (counter[0] + keys[0]) & mask, (counter[1] + keys[1]) & mask
    for r in range(20):
        x = (x + y) & mask
        y = ((y << rotations[r % 8] | y >> 32 - rotations[r % 8]) & mask) ^ x
        if r % 4 == 3:
            group = r // 4 + 1
            x, y = (x + keys[group % 3]) & mask, (y + keys[(group + 1) % 3] + group) & mask
    return x, y


@pytest.mark.parametrize(
    ("counter", "key", "words"),
    [  # the known answers of the authors' own distribution, Random123
        ((0, 0), (0, 0), (0x6B200159, 0x99BA4EFE)),
        ((0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF), (0x1CB996FC, 0xBB002BE7)),
        ((0x243F6A88, 0x85A308D3), (0x13198A2E, 0x03707344), (0xC4923A9C, 0x483DF7A0)),
    ],
)
def test_the_generator_of_this_file_gives_the_known_answers(counter, key, words) -> None:
    assert threefry(counter, key) == words


def factors_of(network, rates, n, step):
    """What each hidden layer is multiplied by, from the definition."""
    factors = []
    for k, (layer, rate) in enumerate(zip(network.layers[:-1], rates, strict=True)):
        key = threefry((k, 0), threefry((step & 0xFFFFFFFF, step >> 32), KEY))
        words = np.array([[threefry((c, u // 2), key)[u % 2] for c in range(n)] for u in range(layer.fan_out)])
        factors.append(np.where(words >= int(rate * 2**32), 1 / (1 - rate), 0.0))
    return factors


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize(("loss", "output"), [("cross_entropy", "softmax"), ("huber", "tanh")])
def test_gradients_equal_the_complex_step_through_what_stayed(loss, output, sparse) -> None:
    rng = np.random.default_rng(7)
    sizes, rates, n = [4, 7, 6, 3], (0.5, 0.2), 19
    names = ["sigmoid", "gelu", output]
    network = build(rng, sizes, names, np.float64, masks_for(rng, sizes, 0.6) if sparse else None)
    dense = densified(network) if sparse else network
    X, Y, weight = batch(rng, n, 4, 3, output, loss=loss)
    results = []
    for candidate in (network, dense):
        work = Workspace(candidate, loss, n, dropout=rates)
        work.load(X, Y, weight, np.arange(n))
        work.draw_dropout(KEY, 2**33 + 5)
        results.append((loss_and_gradient(work, n), work))
    factors = factors_of(network, rates, n, 2**33 + 5)
    assert 0 < (factors[0] == 0).mean() < 1
    oracle.assert_truth(dense, results[1][1], results[1][0], names, loss, X, Y, weight, factors)
    assert results[0][0] == results[1][0]


def test_the_share_that_is_left_out_is_the_rate_and_nothing_repeats() -> None:
    network = build(np.random.default_rng(0), [3, 64, 2], ["identity", "identity"])
    drawn = []
    for step in range(20):
        (factor,) = factors_of(network, (0.3,), 50, step)
        drawn.append(factor == 0)
    assert np.mean(drawn) == pytest.approx(0.3, abs=0.01)
    flat = np.array(drawn).reshape(20, -1).astype(float)
    assert abs(np.corrcoef(flat) - np.eye(20)).max() < 0.1
    units = np.array(drawn).transpose(1, 0, 2).reshape(64, -1).astype(float)
    assert abs(np.corrcoef(units) - np.eye(64)).max() < 0.15


def test_at_rest_everything_is_handed_on() -> None:
    rng = np.random.default_rng(1)
    network = build(rng, [4, 9, 3], ["tanh", "softmax"])
    X, Y, weight = batch(rng, 30, 4, 3, "softmax")
    plain, work = Workspace(network, "cross_entropy", 30), Workspace(network, "cross_entropy", 30, dropout=(0.5,))
    for each in (plain, work):
        each.load(X, Y, weight, np.arange(30))
    work.draw_dropout(KEY, 3)
    forward(work, 30)
    assert not np.array_equal(work.outputs(30), plain.outputs(30))
    work.rest_dropout()
    assert loss_and_gradient(work, 30) == loss_and_gradient(plain, 30)
    assert np.array_equal(work.gradient, plain.gradient)
