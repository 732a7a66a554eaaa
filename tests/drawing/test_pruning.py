"""Frontiers and graphs as drawn: their lines are what was found."""

from __future__ import annotations

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
from builders import build

from glasshouse import FrontierDisplay, NetworkDisplay
from glasshouse.errors import OptionError
from glasshouse.pruning.budget import Point


def test_a_line_for_each_criterion() -> None:
    points = [Point(0.1, 0.9, 0.05, 0.01), Point(0.5, 0.94, 0.01, 0.01)]
    display = FrontierDisplay({"magnitude": points, "obs": points[:1]}, 0.95, "accuracy").plot()
    assert display.lines_["magnitude"].get_xdata().tolist() == [0.5, 0.1]
    assert display.lines_["magnitude"].get_ydata().tolist() == [0.94, 0.9]
    left, right = display.ax_.get_xlim()
    assert left > right  # fewer weights are further along
    assert display.ax_.get_legend() is not None
    plt.close(display.figure_)
    with pytest.raises(OptionError, match="no frontier to draw"):
        FrontierDisplay({"magnitude": []})


def test_a_line_for_each_connection_and_a_name_for_each_input_that_is_read() -> None:
    rng = np.random.default_rng(0)
    masks = [np.array([[1, 0, 1, 0], [0, 0, 1, 0]]), np.array([[1, 1]])]
    network = build(rng, [4, 2, 1], ["relu", "identity"], masks=masks)
    display = NetworkDisplay(network, ["a", "b", "c", "d"], ["y"]).plot()
    assert len(display.ax_.collections[0].get_segments()) == 5
    assert [text.get_text() for text in display.ax_.texts] == ["a", "c", "y"]
    assert display.shown_ == [0, 2]
    plt.close(display.figure_)


def test_of_a_large_network_the_strongest_connections_are_drawn_if_asked() -> None:
    network = build(np.random.default_rng(0), [90, 100, 1], ["relu", "identity"])
    display = NetworkDisplay(network, most=120).plot()
    assert len(display.ax_.collections[0].get_segments()) == 120
    assert display.left_out_ == 9_100 - 120
    (w, _), (last, _) = network.views(network.parameters)
    strongest = np.sort(np.abs(w), axis=None)[-60:]
    drawn = [abs(edge[3]) for edge in display.drawn["edges"] if edge[0] == 1]
    np.testing.assert_allclose(np.sort(drawn), strongest, rtol=1e-3)
    assert len(display.drawn["edges"]) - len(drawn) == 60 <= last.size
    plt.close(display.figure_)


def test_names_are_drawn_as_they_are_written() -> None:
    network = build(np.random.default_rng(0), [2, 1], ["identity"])
    display = NetworkDisplay(network, ["$\\frac{1}{", "$x^2$"], ["\\sqrt{$"]).plot()
    display.figure_.canvas.draw()
    assert not any(text.get_parse_math() for text in display.ax_.texts)
    plt.close(display.figure_)


def test_what_cannot_be_told_apart_is_not_drawn() -> None:
    network = build(np.random.default_rng(0), [90, 100, 1], ["relu", "identity"])
    with pytest.raises(OptionError, match="has 9,100 connections, and up to 100 units side by side"):
        NetworkDisplay(network)
