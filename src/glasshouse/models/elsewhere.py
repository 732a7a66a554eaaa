"""What a model needs of a network trained elsewhere: its inputs as they are, what its outputs mean, a recipe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..errors import OptionError
from ..estimators.targets import Classes, Numbers, Target
from ..network.foreign import network_of
from ..network.network import Network
from ..tables.encoder import TableEncoding
from ..tables.encodings import PlainEncoding
from ..training.recipe import Recipe

__all__ = ["Parts", "parts_of", "recipe_of"]


class Parts(NamedTuple):
    """What a model is made of."""

    encoder: TableEncoding
    network: Network
    targets: Target
    recipe: Recipe


def recipe_of(network: Network, probabilities: bool, learning_rate: float) -> Recipe:
    """What is known of how a network from elsewhere was trained."""
    return Recipe(
        output=network.layers[-1].activation,
        loss="cross_entropy" if probabilities else "squared_error",
        hidden_layer_sizes=network.sizes[1:-1],
        activation=tuple(layer.activation for layer in network.layers[:-1]) or ("relu",),
        dtype=network.dtype.name,
        learning_rate=learning_rate,
        monitor="validation_loss",
    )


def parts_of(thing: Any, names: Sequence[str] | None, classes: Sequence[Any] | None, target: str) -> Parts:
    """Take a fitted estimator, scikit-learn's MLP or a torch Sequential apart.

    Raises
    ------
    OptionError
        If it is none of them, predicts several columns, or names or classes do not fit its inputs and outputs.
    """
    ours = hasattr(thing, "network_")
    network = thing.network_ if ours else network_of(thing)
    classes = getattr(thing, "classes_", None) if classes is None else classes
    width = network.n_outputs
    if classes is None and width > 1:
        raise OptionError(f"the network has {width} outputs: name their classes, or give one with a single number")
    if classes is not None and len(classes) != max(width, 2):
        raise OptionError(f"there are {len(classes)} classes for {width} outputs: name {max(width, 2)}")
    targets: Target
    if classes is None:
        targets = Numbers(np.zeros(1), np.ones(1))
    else:
        targets = Classes(np.array([str(label) for label in classes]))
        network = network.with_output(targets.output)
    recipe = recipe_of(network, classes is not None, float(getattr(thing, "learning_rate_init", 0.001)))
    if ours:
        recipe = replace(thing.recipe_, monitor="validation_loss", loss=recipe.loss, output=recipe.output)
    return Parts(_as_they_are(thing, network.n_features, names, target), network, targets, recipe)


def _as_they_are(thing: Any, n_features: int, names: Sequence[str] | None, target: str) -> TableEncoding:
    """Every input a column of that name."""
    given: npt.NDArray[Any] | Sequence[str] | None = (
        getattr(thing, "feature_names_in_", None) if names is None else names
    )
    words = [f"x{k}" for k in range(n_features)] if given is None else [str(name) for name in given]
    if len(words) != n_features or len({*words, target}) != n_features + 1:
        raise OptionError(
            f"names are {len(words)}, of which {len(set(words))} differ, and {target!r}: give {n_features} others"
        )
    return TableEncoding(tuple(PlainEncoding(word) for word in words), (*words, target), (target,))
