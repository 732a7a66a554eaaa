"""The trials of a sweep: the default recipe, then draws from the space, by its seed."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import Any

import numpy as np

from ..seeds import stream
from ..training.optimizers import LBFGS
from ..training.recipe import Recipe
from .space import KEYS, Space

__all__ = ["PATIENCE", "combinations", "drawn", "fitting"]

Settings = dict[str, Any]
PATIENCE = 200  # draws in a row that come to nothing new, before what is left of a small space is taken as it stands
SMALL = 10_000  # combinations of a space that are gone through one by one


def drawn(space: Space, seed: int, trials: int, recipe: Callable[[Settings], Recipe]) -> list[Settings]:
    """The settings of so many trials, or of as many as there are; those of the first are none.

    The first k of them are the same whatever `trials` is, and what an option is drawn as does not depend on what else
    is swept. No recipe is there twice, nor where its settings spell out what the default has anyway.

    Parameters
    ----------
    recipe : function
        What `train` takes for some settings.

    Raises
    ------
    OptionError
        If settings do not fit each other.

    Examples
    --------
    >>> import numpy as np
    >>> from glasshouse.estimators.targets import Classes
    >>> from glasshouse.models.recipes import recipe_for
    >>> from glasshouse.sweeping.space import space_of
    >>> space = space_of({"dropout": [0, 0.5], "l2": [0.001]})
    >>> drawn(space, 0, 9, lambda settings: recipe_for(Classes(np.arange(2)), 1000, 0, **settings))
    [{}, {'dropout': 0.5, 'l2': 0.001}, {'dropout': 0, 'l2': 0.001}]
    """
    found: list[Settings] = [{}]
    there = {_finished({}, recipe)}

    def is_new(settings: Settings) -> bool:
        known = len(there)
        there.add(_finished(settings, recipe))
        return len(there) > known

    number, in_vain = 0, 0
    while len(found) < trials and in_vain < PATIENCE:
        number += 1
        settings = _draw(space, seed, number)
        in_vain = 0 if is_new(settings) else in_vain + 1
        if not in_vain:
            found.append(settings)
    left = filter(is_new, map(fitting, combinations(space) or ()))
    return found + list(itertools.islice(left, trials - len(found)))


def combinations(space: Space) -> list[Settings] | None:
    """Every combination of what the options may be; None if these are many, or numbers of any kind.

    Examples
    --------
    >>> from glasshouse.sweeping.space import space_of
    >>> combinations(space_of({"dropout": [0, 0.5], "epochs": {"low": 8, "high": 9}}))[1:3]
    [{'dropout': 0, 'epochs': 9}, {'dropout': 0.5, 'epochs': 8}]
    """
    values = [options.every() for options in space.options.values()]
    known = [each for each in values if each is not None]
    if len(known) < len(values) or math.prod(map(len, known)) > SMALL:
        return None
    return [dict(zip(space.options, each, strict=True)) for each in itertools.product(*known)]


def _finished(settings: Settings, recipe: Callable[[Settings], Recipe]) -> Hashable:
    """What settings come to: the same of all that train and prune alike."""
    made = recipe(settings)
    made = made if any(made.dropout) else replace(made, dropout=())
    return made, settings.get("keep", 1), settings.get("criterion", "magnitude")


def _draw(space: Space, seed: int, number: int) -> Settings:
    """The settings of one draw; every option has its own place in it, whether it is swept or not."""
    source = stream(seed, "sweep").bit_generator
    assert isinstance(source, np.random.PCG64)
    places = np.random.Generator(source.jumped(number)).random(len(KEYS))
    return fitting({key: space.options[key].at(u) for key, u in zip(KEYS, places.tolist()) if key in space.options})


def fitting(settings: Settings) -> Settings:
    """The settings without those that have nothing to act on beside the others, or cannot be had with them.

    Examples
    --------
    >>> fitting({"hidden": (), "activation": "tanh", "keep": 1, "criterion": "obd"})
    {'hidden': ()}
    """
    idle: set[str] = set()
    if settings.get("optimizer") == LBFGS.name:
        idle |= {"learning_rate", "batch_size", "dropout", "clip_norm", "warm_up"}
    if settings.get("hidden") == ():
        idle |= {"activation", "dropout"}
    if settings.get("initializer") == "orthogonal" and settings.get("density", 1) < 1:
        idle |= {"initializer"}  # it needs every weight of a layer
    if settings.get("keep", 1) == 1:
        idle |= {"keep", "criterion"}
    return {key: value for key, value in settings.items() if key not in idle}
