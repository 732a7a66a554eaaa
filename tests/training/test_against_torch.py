"""PyTorch as an oracle: from the same weights and order, 100 steps of every optimiser and schedule agree to 1e-10."""

from __future__ import annotations

import math

import numpy as np
import pytest
from runs import begun, recipe

from glasshouse.training.batches import Batches, Data
from glasshouse.training.loop import epoch, look_back
from glasshouse.training.optimizers import SGD, Adam, AdamW, RMSprop
from glasshouse.training.schedules import Constant, Cosine, InverseScaling, OneCycle, Plateau, StepDecay

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install torch==2.13.0")

EPOCHS, PER_EPOCH, SIZE, RATE = 10, 10, 8, 0.1
SIZES, L2 = (5, 9, 7, 3), 0.01

OPTIMIZERS = {
    SGD(0): lambda groups: torch.optim.SGD(groups, lr=RATE),
    SGD(0.9, nesterov=False): lambda groups: torch.optim.SGD(groups, lr=RATE, momentum=0.9),
    SGD(0.8): lambda groups: torch.optim.SGD(groups, lr=RATE, momentum=0.8, nesterov=True),
    RMSprop(0.95): lambda groups: torch.optim.RMSprop(groups, lr=RATE, alpha=0.95),
    Adam(0.8, 0.99): lambda groups: torch.optim.Adam(groups, lr=RATE, betas=(0.8, 0.99)),
    AdamW(weight_decay=0.3): lambda groups: torch.optim.AdamW(decoupled(groups, 0.3), lr=RATE),
}
SCHEDULES = {
    Constant(): lambda o: torch.optim.lr_scheduler.ConstantLR(o, factor=1.0),
    StepDecay(3, 0.5): lambda o: torch.optim.lr_scheduler.StepLR(o, step_size=3, gamma=0.5),
    Cosine(0.1): lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, EPOCHS, eta_min=0.1 * RATE),
    OneCycle(): lambda o: torch.optim.lr_scheduler.OneCycleLR(
        o, RATE, total_steps=EPOCHS * PER_EPOCH, cycle_momentum=False
    ),
    Plateau(0.5, patience=0): lambda o: torch.optim.lr_scheduler.ReduceLROnPlateau(
        o, factor=0.5, patience=0, threshold=0, threshold_mode="abs"
    ),
    InverseScaling(0.1): lambda o: torch.optim.lr_scheduler.LambdaLR(
        o, lambda e: 1 / (e * PER_EPOCH * SIZE + 1) ** 0.1
    ),
}


def decoupled(groups, decay):
    """AdamW's own decay instead of L2."""
    return [{"params": groups[0]["params"], "weight_decay": decay}, groups[1]]


class Peer:
    """The same network in PyTorch."""

    def __init__(self, network):
        self.parameters = [
            torch.tensor(p, requires_grad=True) for pair in network.views(network.parameters) for p in pair
        ]
        self.weights, self.biases = self.parameters[::2], self.parameters[1::2]
        self.groups = [{"params": self.weights, "weight_decay": L2}, {"params": self.biases, "weight_decay": 0.0}]

    def loss(self, X, y, weight=None):
        a = X
        for k, (w, b) in enumerate(zip(self.weights, self.biases, strict=True)):
            z = a @ w.T + b
            a = (torch.tanh, torch.nn.functional.gelu, lambda z: z)[k](z)
        each = torch.nn.functional.cross_entropy(a, y, reduction="none")
        return (each if weight is None else each * weight).mean()

    def flat(self):
        return np.concatenate([p.detach().numpy().ravel() for p in (*self.weights, *self.biases)])


def data(weighted=False):
    rng = np.random.default_rng(0)
    X, y = rng.normal(0, 1, (PER_EPOCH * SIZE, 5)), rng.integers(0, 3, PER_EPOCH * SIZE)
    return Data(X, np.eye(3)[y], rng.uniform(0, 3, len(X)) if weighted else None), y


def chosen(**choices):
    return recipe(
        hidden_layer_sizes=SIZES[1:-1],
        activation=("tanh", "gelu"),
        learning_rate=RATE,
        batch_size=SIZE,
        max_epochs=EPOCHS,
        shuffle=False,
        patience=None,
        tol=0.0,
        **choices,
    )


def close(found, truth):
    assert np.abs(found - truth).max() <= 1e-10 * max(1.0, np.abs(truth).max())


@pytest.mark.parametrize("schedule", SCHEDULES, ids=str)
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=str)
def test_a_hundred_steps_agree(optimizer, schedule) -> None:
    rows, y = data()
    l2 = 0.0 if isinstance(optimizer, AdamW) else L2
    ours = chosen(optimizer=optimizer, schedule=schedule, l2=l2)
    state = begun(ours, rows)
    peer = Peer(state.network)
    theirs = OPTIMIZERS[optimizer](peer.groups)
    scheduler = SCHEDULES[schedule](theirs)
    X, y = torch.tensor(rows.X), torch.tensor(y)
    for _ in range(EPOCHS):
        row = epoch(state, Batches(rows, SIZE), ours)
        state.epoch += 1
        state.history.append({"epoch": state.epoch, **row})
        look_back(state, ours)
        losses = []
        for start in range(0, len(X), SIZE):
            theirs.zero_grad()
            loss = peer.loss(X[start : start + SIZE], y[start : start + SIZE])
            penalty = l2 / 2 * sum((w.detach() ** 2).sum() for w in peer.weights)
            losses.append(float(loss.detach()) + float(penalty))
            assert math.isfinite(losses[-1])
            loss.backward()
            theirs.step()
            if isinstance(schedule, OneCycle) and theirs.param_groups[0]["lr"] > 0:
                with_steps_left(scheduler)
        assert row["loss"] + row["penalty"] == pytest.approx(np.mean(losses), rel=1e-10)
        if isinstance(schedule, Plateau):
            scheduler.step(np.mean(losses))
        elif not isinstance(schedule, OneCycle):
            scheduler.step()
    assert state.step == 100
    close(state.network.parameters, peer.flat())
    if isinstance(schedule, Plateau):
        assert theirs.param_groups[0]["lr"] == pytest.approx(RATE * 0.5**state.cuts)


@pytest.mark.parametrize("optimizer", [SGD(0), SGD(0.9, nesterov=False), SGD(0.8)], ids=str)
def test_a_hundred_steps_agree_in_single_precision(optimizer) -> None:
    rows, y = data()
    rows = Data(rows.X.astype(np.float32), rows.Y.astype(np.float32))
    ours = chosen(optimizer=optimizer, l2=L2, dtype="float32")
    state = begun(ours, rows)
    peer = Peer(state.network)
    theirs = OPTIMIZERS[optimizer](peer.groups)
    X, y = torch.tensor(rows.X), torch.tensor(y)
    for _ in range(EPOCHS):
        row = epoch(state, Batches(rows, SIZE), ours)
        state.epoch += 1
        losses = []
        for start in range(0, len(X), SIZE):
            theirs.zero_grad()
            loss = peer.loss(X[start : start + SIZE], y[start : start + SIZE])
            losses.append(float(loss.detach()))
            loss.backward()
            theirs.step()
        assert row["loss"] == pytest.approx(np.mean(losses), rel=1e-4)
    assert state.step == 100


def with_steps_left(scheduler) -> None:
    """OneCycleLR refuses the step after the last."""
    if scheduler.last_epoch + 1 < scheduler.total_steps:
        scheduler.step()


def test_the_plateau_is_met_in_these_runs() -> None:
    """Else the comparison above would not have compared it."""
    rows, _ = data()
    ours = chosen(optimizer=RMSprop(0.95), schedule=Plateau(0.5, patience=0), l2=L2)
    state = begun(ours, rows)
    for _ in range(EPOCHS):
        state.history.append({"epoch": 0, **epoch(state, Batches(rows, SIZE), ours)})
        look_back(state, ours)
    assert state.cuts > 0


@pytest.mark.parametrize("average", [1.0, 0.9])
def test_running_means_of_the_weights_agree(average) -> None:
    rows, y = data()
    ours = chosen(optimizer=Adam(), average=average)
    state = begun(ours, rows)
    peer = Peer(state.network)
    theirs = torch.optim.Adam(peer.parameters, lr=RATE)
    holder = torch.nn.ParameterList(peer.parameters)
    mean = torch.optim.swa_utils.AveragedModel(
        holder, avg_fn=lambda old, new, n: old + (new - old) * max(1 - average, 1 / (float(n) + 1))
    )
    X, y = torch.tensor(rows.X), torch.tensor(y)
    for _ in range(3):
        epoch(state, Batches(rows, SIZE), ours)
        for start in range(0, len(X), SIZE):
            theirs.zero_grad()
            peer.loss(X[start : start + SIZE], y[start : start + SIZE]).backward()
            theirs.step()
            mean.update_parameters(holder)
    flat = [p.detach().numpy().ravel() for p in mean.module]
    close(state.chosen().parameters, np.concatenate([*flat[::2], *flat[1::2]]))
    close(state.network.parameters, peer.flat())


def test_weights_of_samples_and_clipping_agree() -> None:
    rows, y = data(weighted=True)
    ours = chosen(optimizer=SGD(0.9), clip_norm=0.6)
    state = begun(ours, rows)
    peer = Peer(state.network)
    theirs = torch.optim.SGD(peer.parameters, lr=RATE, momentum=0.9, nesterov=True)
    X, y, weight = torch.tensor(rows.X), torch.tensor(y), torch.tensor(rows.weight / rows.weight.mean())
    clipped = 0
    for _ in range(EPOCHS):
        epoch(state, Batches(rows, SIZE), ours)
        for start in range(0, len(X), SIZE):
            part = slice(start, start + SIZE)
            theirs.zero_grad()
            peer.loss(X[part], y[part], weight[part]).backward()
            norm = float(torch.nn.utils.get_total_norm([p.grad for p in peer.parameters]))
            clipped += norm > 0.6
            for p in peer.parameters:  # torch's own clipping adds 1e-6 to the norm
                p.grad *= min(1.0, 0.6 / norm)
            theirs.step()
    assert 10 < clipped < 100
    close(state.network.parameters, peer.flat())
