"""What a model needs of a network trained elsewhere: how its inputs are read, what its outputs mean, a recipe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ...errors import OptionError
from ...estimators.targets import Classes, Labels, Numbers, Targets
from ...network.foreign import is_foreign, network_of
from ...network.layers import Dense
from ...network.network import Network
from ...tables.encoder import TableEncoding
from ...tables.encodings import PlainEncoding
from ...training.recipe import Recipe
from .features import encoded, over
from .steps import apart, checked_fit, features_of, is_pipeline

__all__ = ["Parts", "parts_of", "recipe_of"]

Array = npt.NDArray[Any]


class Parts(NamedTuple):
    """What a model is made of."""

    encoder: TableEncoding
    network: Network
    targets: Targets
    recipe: Recipe


def recipe_of(network: Network, probabilities: bool, learning_rate: float) -> Recipe:
    """What is known of how a network from elsewhere was trained."""
    output = network.layers[-1].activation
    return Recipe(
        output=output,
        loss="cross_entropy" if probabilities else "poisson" if output == "exp" else "squared_error",
        hidden_layer_sizes=network.sizes[1:-1],
        activation=tuple(layer.activation for layer in network.layers[:-1]) or ("relu",),
        dtype=network.dtype.name,
        learning_rate=learning_rate,
        monitor="validation_loss",
    )


def parts_of(thing: Any, names: Sequence[str] | None, classes: Sequence[Any] | None, target: str) -> Parts:
    """Take a fitted estimator, a Pipeline that ends in one, or a torch Sequential apart.

    Raises
    ------
    OptionError
        If it is none of them, holds a step that is not understood, predicts several columns, or names or classes do
        not fit its inputs and outputs.
    """
    steps, estimator = apart(thing)
    ours = hasattr(estimator, "network_")
    if not ours and not is_foreign(estimator) and hasattr(estimator, "get_params"):
        _refuse(estimator)
    _one_column(estimator)
    network = estimator.network_ if ours else network_of(estimator)
    classes = getattr(estimator, "classes_", None) if classes is None else classes
    targets: Targets
    if classes is None:
        if network.n_outputs > 1:
            cure = "name their classes, or give one with a single number"
            raise OptionError(f"the network has {network.n_outputs} outputs: {cure}")
        targets = Numbers(np.zeros(1), np.ones(1))
    else:
        targets = _classes(classes, network)
        network = _of_classes(network, targets)
    recipe = recipe_of(network, classes is not None, float(getattr(estimator, "learning_rate_init", 0.001)))
    if ours:
        recipe = replace(estimator.recipe_, monitor="validation_loss", loss=recipe.loss, output=recipe.output)
    if not is_pipeline(thing):
        columns = _columns(estimator, network.n_features, names, target)
        encoder = TableEncoding(tuple(map(PlainEncoding, columns)), (*columns, target), (target,))
        return Parts(encoder, network, targets, recipe)
    first = next((step for _, step in steps if step not in (None, "passthrough")), estimator)
    columns = _columns(first, getattr(first, "n_features_in_", None), names, target)
    features = features_of(steps, columns)
    if len(features) != network.n_features:
        cure = "fit the pipeline as a whole"
        raise OptionError(f"{len(features)} features reach a network that takes {network.n_features}: {cure}")
    encodings, A, c = encoded(features, columns)
    return Parts(TableEncoding(encodings, (*columns, target), (target,)), over(network, A, c), targets, recipe)


def _refuse(estimator: Any) -> None:
    """Say of an estimator why it is none of those that can be taken over."""
    kind = type(estimator).__name__
    if hasattr(estimator, "best_estimator_"):
        raise OptionError(f"{kind} holds the estimator it found: give its best_estimator_")
    if kind in ("MLPClassifier", "MLPRegressor", "Perceptron", "LogisticRegression", "LogisticRegressionCV"):
        checked_fit(estimator, kind)
    network_of(estimator)


def _one_column(estimator: Any) -> None:
    """Refuse what predicts several numbers."""
    width = getattr(estimator, "n_outputs_", 1)
    numbers = isinstance(getattr(estimator, "targets_", None), Numbers) or hasattr(estimator, "out_activation_")
    if numbers and not hasattr(estimator, "classes_"):
        width = estimator.targets_.n_outputs if hasattr(estimator, "targets_") else width
        if width > 1:
            raise OptionError(f"{type(estimator).__name__} predicts {width} columns, a model has one: fit one each")


def _classes(classes: Sequence[Any], network: Network) -> Classes | Labels:
    width, output = network.n_outputs, network.layers[-1].activation
    if len(classes) != max(width, 2):
        raise OptionError(f"there are {len(classes)} classes for {width} outputs: name {max(width, 2)}")
    words = [str(label) for label in classes]
    if len(set(words)) < len(words):
        raise OptionError(f"two of the classes are {max(words, key=words.count)!r}: give each a name of its own")
    if width > 1 and output == "sigmoid":
        return Labels(np.array(words))
    if output not in ("identity", "sign", "sigmoid" if width == 1 else "softmax"):
        raise OptionError(f"the outputs are {output}, which are no classes: end in {width} identity or softmax outputs")
    return Classes(np.array(words))


def _of_classes(network: Network, targets: Classes | Labels) -> Network:
    """The network with the outputs that classes have: probabilities, of two the second alone."""
    if network.n_outputs == 2 and isinstance(
        targets, Classes
    ):  # softmax of two is the sigmoid of what lies between them
        last, (w, b) = network.layers[-1], network.views(network.parameters)[-1]
        both = last.dense(w)
        layers = (*network.layers[:-1], Dense(last.fan_in, 1, "sigmoid"))
        views = network.views(network.parameters)[:-1]
        weights, biases = [*(w for w, _ in views), both[1] - both[0]], [*(b for _, b in views), b[1:] - b[:1]]
        return Network(layers, np.concatenate([part.ravel() for part in (*weights, *biases)]))
    return network.with_output(targets.output)


def _columns(first: Any, n: int | None, names: Sequence[str] | None, target: str) -> list[str]:
    """What goes into the first step, as it is said, as it was when that was fitted, else as an array has it."""
    given: Array | Sequence[str] | None = getattr(first, "feature_names_in_", None) if names is None else names
    n = n if n is not None else 1 if given is None else len(given)  # a step that does not say is not known either
    words = [f"x{k + 1}" for k in range(n)] if given is None else [str(name) for name in given]
    if len(words) != n or len({*words, target}) != n + 1:
        raise OptionError(f"names are {len(words)}, of which {len(set(words))} differ, and {target!r}: give {n} others")
    return words
