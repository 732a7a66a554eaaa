"""Networks of torch as ours, and ours as torch's: the same outputs, and nothing that would be read wrongly."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import torch
from builders import build, masks_for
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_iris

import glasshouse as gh
from glasshouse.models.convert.to_torch import torch_of
from glasshouse.network.activations import ACTIVATIONS
from glasshouse.network.foreign import network_of
from glasshouse.network.predictor import Predictor
from glasshouse.tables.reading import as_table

TO_TORCH = [name for name in ACTIVATIONS if name not in ("exp", "sign")]


@settings(max_examples=60, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 20), min_size=2, max_size=5),
    dtype=st.sampled_from([np.float32, np.float64]),
    density=st.sampled_from([None, 0.4]),
    output=st.sampled_from(TO_TORCH),
    seed=st.integers(0, 1 << 16),
)
def test_a_network_in_torch_and_back(sizes, dtype, density, output, seed) -> None:
    rng = np.random.default_rng(seed)
    hidden = rng.choice([name for name in TO_TORCH if name != "softmax"], len(sizes) - 2).tolist()
    network = build(rng, sizes, [*hidden, output], dtype, density and masks_for(rng, sizes, density))
    theirs = torch_of(network)
    X = rng.normal(size=(30, sizes[0])).astype(dtype)
    with torch.no_grad():
        found = theirs(torch.from_numpy(X)).numpy()
    wanted = Predictor(network)(X)
    assert found.dtype == dtype
    bound = 2e-6 if dtype == np.float32 else 1e-13
    assert np.abs(found - wanted).max() <= bound * max(1, np.abs(wanted).max())
    again = network_of(theirs)
    assert [layer.activation for layer in again.layers] == [*hidden, output]
    assert again.dtype == dtype
    assert np.allclose(Predictor(again)(X), wanted, atol=1e-6 if dtype == np.float32 else 1e-14)


def test_a_model_in_torch_and_back() -> None:
    X, y = load_iris(return_X_y=True, as_frame=True)
    for few in (y > 0, y):
        model = gh.Model.of(gh.MLPClassifier((6,), tol=1.0, random_state=0).fit(X, few))
        inputs = model.encoder.transform(as_table(X))[0].astype(model.network.dtype)
        with torch.no_grad():
            outputs = model.to_torch()(torch.from_numpy(inputs)).numpy()
        assert np.allclose(outputs, model.outputs(X)[0][:, -model.network.n_outputs :], atol=1e-6)
        back = gh.from_torch(model.to_torch(), names=X.columns, classes=model.targets.classes)
        assert np.array_equal(back.predict(X), model.predict(X))
    for name in ("exp", "sign"):
        network = build(np.random.default_rng(0), [2, 1], [name], np.float32)
        with pytest.raises(gh.OptionError, match=f"torch has no module for the activation '{name}': it has identity"):
            torch_of(network)


def test_without_torch_it_is_said_how_to_get_it(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(gh.OptionError, match="torch is not installed: pip install torch"):
        torch_of(build(np.random.default_rng(0), [2, 1], ["tanh"], np.float32))


def test_outputs_of_torch_are_what_they_are_there() -> None:
    nn = torch.nn
    torch.manual_seed(0)
    X = np.random.default_rng(0).normal(size=(40, 4)).astype(np.float32)
    shared = nn.Tanh()
    logits = nn.Sequential(nn.Linear(4, 6), shared, nn.Sequential(nn.Linear(6, 5, bias=False), shared), nn.Linear(5, 2))
    with torch.no_grad():
        wanted = torch.softmax(logits(torch.from_numpy(X)), 1).numpy()
        number = logits[:3](torch.from_numpy(X)).numpy()[:, :1]
    for theirs in (logits, nn.Sequential(logits, nn.Softmax(-1)), nn.Sequential(logits, nn.Identity())):
        assert np.allclose(gh.from_torch(theirs, classes=["a", "b"]).predict_proba(X), wanted, atol=1e-6)
    assert np.allclose(Predictor(network_of(logits[:3]))(X)[:, :1], number, atol=1e-6)
    half = gh.from_torch(nn.Sequential(nn.Linear(4, 1).bfloat16()))
    assert (half.network.dtype, half.task) == (np.float32, "regression")


@pytest.mark.parametrize(
    ("modules", "words"),
    [
        (["Linear(4, 3)", "ReLU()", "Tanh()"], "layer Tanh follows the activation relu: put a Linear layer between"),
        (["Linear(4, 3)", "ELU(2.0)"], "layer ELU has alpha 2.0, which cannot be read: 1.0 can"),
        (["Linear(4, 3)", "GELU('tanh')"], "layer GELU has approximate 'tanh', which cannot be read: 'none' can"),
        (["Linear(4, 3)", "LeakyReLU(0.2)"], "layer LeakyReLU has negative_slope 0.2"),
        (["Linear(4, 3)", "Softplus(2)"], "layer Softplus has beta 2"),
        (["Linear(4, 3)", "Softmax(0)"], "layer Softmax has dim 0, which is over the rows"),
        (["Linear(4, 3)", "Softmax(1)", "Linear(3, 3)"], "a Softmax stands before a Linear layer"),
        (["Linear(4, 3)", "BatchNorm1d(3)"], "layer BatchNorm1d cannot be read"),
        (["Linear(4, 3)", "Linear(4, 3)"], "a layer of 3 outputs stands before one of 4 inputs"),
        (["Linear(4, 3)", "ReLU()"], "the outputs are relu, which are no classes: end in 3 identity or softmax"),
        (["ReLU()"], "layer ReLU cannot be read before a Linear one"),
    ],
)
def test_layers_of_torch_that_would_be_read_wrongly_are_refused(modules, words) -> None:
    theirs = torch.nn.Sequential(*(eval(f"torch.nn.{module}") for module in modules))
    with pytest.raises(gh.OptionError, match=words):
        gh.from_torch(theirs, classes=["a", "b", "c"])


def test_classes_that_do_not_fit_and_weights_that_are_no_numbers_are_refused() -> None:
    theirs = torch.nn.Sequential(torch.nn.Linear(2, 3))
    for wrong, words in (
        ({}, "the network has 3 outputs: name their classes"),
        ({"classes": ["a", "b"]}, "2 classes for 3 outputs"),
        ({"classes": ["a", "b", "a"]}, "two of the classes are 'a'"),
        ({"classes": "abc", "target": "x1"}, "give 2 others"),
    ):
        with pytest.raises(gh.OptionError, match=words):
            gh.from_torch(theirs, **wrong)
    with torch.no_grad():
        theirs[0].bias[0] = float("nan")
    with pytest.raises(gh.OptionError, match="holds weights that are no finite numbers"):
        gh.from_torch(theirs, classes="abc")
