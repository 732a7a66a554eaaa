"""What the doctor saw, as drawn: the numbers of the examination, where they belong; nothing to draw is said."""

from __future__ import annotations

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.datasets import load_digits

import glasshouse as gh

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(scope="module")
def model():
    X, y = load_digits(return_X_y=True)
    return gh.MLPClassifier((30, 20), max_iter=60, random_state=0).fit(X / 16, y)


def test_flow_is_that_of_the_layers(model) -> None:
    display = gh.FlowDisplay.from_estimator(model)
    seen = model.health_.seen
    activations, gradients = display.lines_
    assert np.allclose(activations.get_ydata(), [layer.size for layer in seen.layers])
    assert np.allclose(gradients.get_ydata(), [layer.delta for layer in seen.layers])
    assert activations.get_xdata().tolist() == [1, 2, 3]
    plt.close(display.figure_)


def test_every_hidden_unit_is_a_row_and_every_look_a_column(model) -> None:
    display = gh.FlatUnitsDisplay.from_estimator(model)
    shares = display.image_.get_array()
    assert shares.shape == (50, len(model.health_.seen.samples))
    assert np.allclose(shares[:30, 0], model.health_.seen.samples[0].flat[0])
    assert [label.get_text() for label in display.ax_.get_yticklabels()] == ["layer 1", "layer 2"]
    plt.close(display.figure_)


def test_updates_are_those_of_the_looks_on_the_axes_given(model) -> None:
    figure, ax = plt.subplots()
    display = gh.UpdatesDisplay.from_estimator(model.health_, ax=ax)
    assert display.ax_ is ax
    looked = [sample for sample in model.health_.seen.samples if sample.updates]
    for k, line in enumerate(display.lines_):
        assert np.allclose(line.get_ydata(), [sample.updates[k] for sample in looked])
    plt.close(figure)


def test_where_nobody_looked_there_is_nothing_to_draw(model) -> None:
    X, y = load_digits(return_X_y=True)
    alone = gh.MLPClassifier((5,), max_iter=3, watch_health=False).fit(X / 16, y)
    for display in (gh.FlowDisplay, gh.FlatUnitsDisplay, gh.UpdatesDisplay):
        with pytest.raises(gh.OptionError, match="watch_health=True"):
            display.from_estimator(alone)
    later = gh.diagnose(alone, X / 16, y)
    assert len(gh.FlowDisplay.from_estimator(later).lines_) == 2
    with pytest.raises(gh.OptionError, match="nobody looked while it trained"):
        gh.FlatUnitsDisplay.from_estimator(later)
    plt.close("all")
