"""The recipe of `train`: what it does unless something else is asked for, and what was asked for in its place."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ..errors import OptionError, choose, expect_number
from ..estimators.targets import Target
from ..network.density import Density
from ..training.optimizers import LBFGS, OPTIMIZERS, SGD
from ..training.recipe import Recipe
from ..training.schedules import Constant, Cosine
from .choice import monitor_of

__all__ = ["default_recipe", "recipe_for"]

MANY_ROWS = 5000  # from here on, batches of 128 rows


def default_recipe(targets: Target, n_rows: int, seed: int) -> Recipe:
    """Return the recipe `train` uses; docs/performance.md holds the measurements that chose it."""
    return Recipe(
        output=targets.output,
        loss=targets.loss,
        loss_scale=targets.loss_scale,
        hidden_layer_sizes=(128, 128),
        learning_rate=0.005,
        schedule=Cosine(),
        batch_size=128 if n_rows >= MANY_ROWS else 64,
        max_epochs=60,
        l2=2e-4,
        monitor="validation_loss",
        tol=0.0,
        patience=20,
        seed=seed,
    )


def recipe_for(
    targets: Target,
    n_rows: int,
    seed: int,
    *,
    hidden: Sequence[int] | None = None,
    activation: str | None = None,
    initializer: str | None = None,
    optimizer: str | None = None,
    density: float | None = None,
    learning_rate: float | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    dropout: float | None = None,
    l2: float | None = None,
    clip_norm: float | None = None,
    warm_up: int | None = None,
    sync_every: int | None = None,
    metric: str | None = None,
) -> Recipe:
    """The default recipe for so many training rows, with what was asked for in place of its choices; see `train`.

    Where batches are larger than the default's, the rate grows with them: with their size for sgd (Goyal et al. 2017),
    with its square root for optimisers that scale their steps (Malladi et al. 2022); and it rises to that over the
    first epoch. A rate or a warm-up that is given stays as it is.

    Raises
    ------
    OptionError
        If a choice is unknown, out of its range, or does not fit the others.
    """
    recipe = default_recipe(targets, n_rows, seed)
    whole = optimizer == LBFGS.name
    if whole and learning_rate is not None:
        raise OptionError(
            f"learning_rate is {learning_rate!r}: lbfgs finds the length of its steps by itself, leave it out"
        )
    asked: dict[str, Any] = {
        "monitor": monitor_of(metric, targets),
        "hidden_layer_sizes": None if hidden is None else tuple(hidden),
        "activation": None if activation is None else (activation,),
        "initializer": initializer,
        "optimizer": None if optimizer is None else OPTIMIZERS[choose("optimizer", optimizer, OPTIMIZERS)](),
        # It compares losses to their last digits, and finds the length of a step by itself.
        **({"dtype": "float64", "schedule": Constant()} if whole else {}),
        "density": None if density is None else Density(density),
        "learning_rate": learning_rate,
        "max_epochs": epochs,
        "batch_size": batch_size,
        "dropout": None if dropout is None else (dropout,),
        "l2": l2,
        "clip_norm": clip_norm,
        "warm_up": warm_up,
        "sync_every": sync_every,
    }
    if batch_size is not None and not whole:
        expect_number("batch_size", batch_size, lambda size: size >= 1, "of at least 1", whole=True)
        larger = batch_size / recipe.batch_size
        if larger > 1 and learning_rate is None:
            asked["learning_rate"] = recipe.learning_rate * (larger if optimizer == SGD.name else math.sqrt(larger))
        if larger > 1 and warm_up is None:
            asked["warm_up"] = math.ceil(n_rows / batch_size)
    return replace(recipe, **{name: value for name, value in asked.items() if value is not None})
