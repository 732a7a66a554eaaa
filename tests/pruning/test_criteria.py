"""Saliencies against what deleting, or moving, a weight really does."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from builders import batch, build, masks_for
from scipy.stats import spearmanr

from glasshouse.errors import OptionError
from glasshouse.network.passes import loss_and_gradient
from glasshouse.network.predictor import Predictor
from glasshouse.network.workspace import Workspace
from glasshouse.pruning.criteria import CRITERIA, criterion, strongest
from glasshouse.pruning.evidence import Evidence
from glasshouse.training.batches import Data
from glasshouse.training.loop import fit
from glasshouse.training.optimizers import LBFGS
from glasshouse.training.recipe import Recipe
from glasshouse.training.state import State


def mean_loss(network, loss, X, Y) -> float:
    work = Workspace(network, loss, len(X))
    return loss_and_gradient(work, work.load(X, Y, np.full(len(X), 1 / len(X)), np.arange(len(X))))


def deletions(network, loss, X, Y) -> np.ndarray:
    """How much the mean loss grows when one weight is 0."""
    before, found = mean_loss(network, loss, X, Y), []
    for k in range(network.n_weights):
        without = network.with_parameters(network.parameters)
        without.parameters[k] = 0
        found.append(mean_loss(without, loss, X, Y) - before)
    return np.array(found)


@pytest.mark.parametrize("name", CRITERIA)
@pytest.mark.parametrize("density", [None, 0.5])
@pytest.mark.parametrize(("output", "loss"), [("softmax", "cross_entropy"), ("identity", "squared_error")])
def test_every_criterion_gives_a_number_for_every_weight_and_cuts(name, density, output, loss) -> None:
    rng = np.random.default_rng(0)
    sizes = [5, 8, 6, 3]
    network = build(rng, sizes, ["relu", "tanh", output], np.float32, density and masks_for(rng, sizes, density))
    X, Y, weight = batch(rng, 700, 5, 3, output, np.float32, loss)
    evidence = Evidence(loss, Data(X, Y, weight))
    before = network.parameters.copy()
    found = CRITERIA[name].saliency(network, evidence)
    assert found.shape == (network.n_weights,)
    assert np.isfinite(found).all()
    assert np.array_equal(found, CRITERIA[name].saliency(network, evidence))
    smaller, origin = CRITERIA[name].cut(network, evidence, 20)
    assert smaller.n_weights == 20 == (origin[:20] >= 0).sum()
    assert smaller.sizes == network.sizes
    assert np.isfinite(smaller.parameters).all()
    assert np.array_equal(network.parameters, before)


@pytest.mark.parametrize("name", [row.name for row in CRITERIA.values() if row.needs_rows])
def test_the_sum_over_the_rows_does_not_depend_on_how_many_there_are_at_once(name) -> None:
    """Twice the same rows tell the same, whatever panels they fall into."""
    rng = np.random.default_rng(1)
    network = build(rng, [4, 6, 2], ["sigmoid", "softmax"])
    X, Y, _ = batch(rng, 300, 4, 2, "softmax")
    once, twice = (
        CRITERIA[name].saliency(network, Evidence("cross_entropy", Data(np.vstack([X] * k), np.vstack([Y] * k))))
        for k in (1, 2)
    )
    assert np.allclose(once, twice, rtol=1e-9)


def test_sensitivity_of_the_outputs_is_that_of_automatic_differentiation() -> None:
    rng = np.random.default_rng(2)
    network = build(rng, [3, 4, 2], ["tanh", "softmax"])
    X, Y, _ = batch(rng, 9, 3, 2, "softmax")
    found = criterion("output_sensitivity").saliency(network, Evidence("cross_entropy", Data(X, Y)))
    (w1, b1), (w2, b2) = (
        [torch.tensor(part, requires_grad=True) for part in pair] for pair in network.views(network.parameters)
    )
    total = [torch.zeros_like(w1), torch.zeros_like(w2)]
    for x in torch.from_numpy(X):
        outputs = torch.softmax(w2 @ torch.tanh(w1 @ x + b1) + b2, 0)
        for f in outputs:
            slopes = torch.autograd.grad(f, [w1, w2], retain_graph=True)
            total = [t + slope.abs() for t, slope in zip(total, slopes, strict=True)]
    wanted = np.concatenate([(t * w.abs()).detach().numpy().ravel() for t, w in zip(total, (w1, w2), strict=True)])
    assert np.allclose(found, wanted / (9 * 2), rtol=1e-10)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "relu"])
def test_at_a_minimum_obd_ranks_weights_as_their_deletion_does(seed, activation) -> None:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(400, 6))
    y = (X[:, 0] * X[:, 1] + X[:, 2] > 0).astype(float)[:, None]
    recipe = Recipe(
        output="sigmoid",
        loss="cross_entropy",
        hidden_layer_sizes=(8,),
        activation=(activation,),
        dtype="float64",
        optimizer=LBFGS(),
        learning_rate=1.0,
        batch_size=256,
        max_epochs=3000,
        l2=1e-3,
        tol=0.0,
        seed=seed,
    )
    network = fit(State.begun(recipe.initialized(6, 1), recipe), Data(X, y), recipe).network
    obd = criterion("obd").saliency(network, Evidence("cross_entropy", Data(X, y)))
    assert spearmanr(obd, deletions(network, "cross_entropy", X, y)).statistic >= 0.9


def test_obs_answers_better_than_the_same_cut_without_compensation() -> None:
    rng = np.random.default_rng(3)
    network = build(rng, [12, 30, 20, 2], ["relu", "relu", "identity"])
    X = rng.normal(size=(800, 12)) @ rng.normal(size=(12, 12))
    Y = Predictor(network)(X)
    evidence = Evidence("squared_error", Data(X, Y))

    def error(some) -> float:
        return float(((Predictor(some)(X) - Y) ** 2).mean())

    for share in (0.5, 0.2):
        count = round(share * network.n_weights)
        cuts = {name: criterion(name).cut(network, evidence, count).network for name in ("obs", "obd", "magnitude")}
        assert error(cuts["obs"]) < 0.8 * min(error(cuts["obd"]), error(cuts["magnitude"]))


def test_a_small_weight_that_matters_is_kept_by_obd_and_cut_by_magnitude() -> None:
    """An input as large as 100 with a weight of 0.05 says more than one of size 0.1 with a weight of 1."""
    network = build(np.random.default_rng(0), [2, 1], ["identity"])
    network.parameters[...] = [0.05, 1.0, 0.0]
    X = np.random.default_rng(1).normal(size=(200, 2)) * [100.0, 0.1]
    evidence = Evidence("squared_error", Data(X, Predictor(network)(X)))
    keeps = {
        name: criterion(name).cut(network, evidence, 1).network.layers[0].topology.inputs.tolist()
        for name in ("magnitude", "obd")
    }
    assert keeps == {"magnitude": [1], "obd": [0]}


def test_what_needs_rows_says_so() -> None:
    network = build(np.random.default_rng(0), [2, 3, 1], ["relu", "identity"])
    for name, row in CRITERIA.items():
        if row.needs_rows:
            with pytest.raises(
                OptionError, match=f"criterion '{name}' judges weights by rows: give a table, or choose"
            ):
                row.cut(network, None, 3)
        else:
            assert row.cut(network, None, 3).network.n_weights == 3
    with pytest.raises(OptionError, match="no criterion is called 'obx': did you mean 'ob"):
        criterion("obx")


def test_equal_saliencies_are_kept_in_their_order() -> None:
    assert strongest(np.zeros(4), 2).tolist() == [True, True, False, False]
