"""What can be chosen for a training, and the one check of what a page, or a kept job, has chosen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import OptionError, choose, expect_number
from ..network.activations import ACTIVATIONS
from ..network.density import Density
from ..network.initializers import INITIALIZERS
from ..pruning.criteria import CRITERIA
from ..training.optimizers import LBFGS, OPTIMIZERS
from ..training.recipe import Recipe
from ..training.schedules import Constant, Cosine

__all__ = [
    "DEFAULTS",
    "checked_options",
    "checked_pace",
    "checked_rate",
    "choices",
    "finds_its_steps",
    "options_to_train",
]

DEFAULTS: dict[str, Any] = {
    "hidden": [128, 128],
    "activation": "relu",
    "initializer": "auto",
    "density": 1,
    "optimizer": "adam",
    "learning_rate": 0.005,
    "clip_norm": None,
    "epochs": 60,
    "seed": 0,
}
MOST_LAYERS, MOST_UNITS, MOST_EPOCHS, MOST_COLUMNS = 10, 2048, 100_000, 20_000
LONGEST_NAME = 10_000


def choices() -> dict[str, Any]:
    """Every name that can be chosen, with a word about it, and what is chosen where nothing is said."""
    auto = {"name": "auto", "says": "what the activation wants"}
    return {
        "activations": [{"name": row.name, "says": row.formula} for row in ACTIVATIONS.values() if row.hidden],
        "initializers": [auto, *({"name": row.name, "says": row.source} for row in INITIALIZERS.values())],
        "optimizers": [{"name": name, "says": _first(row.__doc__)} for name, row in OPTIMIZERS.items()],
        "criteria": [{"name": row.name, "says": f"{row.formula} ({row.reference})"} for row in CRITERIA.values()],
        "defaults": DEFAULTS,
    }


def _first(text: str | None) -> str:
    return (text or "").strip().partition("\n")[0].rstrip(".;")


def checked_options(given: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a training, every one of them there, of its type and within its limits.

    Raises
    ------
    OptionError
        If one is unknown, of another type, beyond a limit, or does not fit the others.

    Examples
    --------
    >>> checked_options({"target": "species", "hidden": [8]})["hidden"]
    [8]
    >>> checked_options({"target": "species", "hiden": [8]})
    Traceback (most recent call last):
    glasshouse.errors.OptionError: no option is called 'hiden': did you mean 'hidden'?
    """
    for name in given:
        choose("option", name, ("target", "kinds", "drop", *DEFAULTS))
    options = {"kinds": {}, "drop": [], **DEFAULTS, **given}
    target = options.get("target")
    if not isinstance(target, str) or not 0 < len(target) <= LONGEST_NAME:
        raise OptionError("target is the name of the column to predict: name one")
    _expect_names("drop", options["drop"])
    if not isinstance(options["kinds"], dict):
        raise OptionError("kinds must be an object of COLUMN: KIND")
    _expect_names("kinds", [*options["kinds"], *options["kinds"].values()])
    _expect_numbers(options)
    for name in ("activation", "initializer", "optimizer"):
        if not isinstance(options[name], str):
            raise OptionError(f"{name} must be a name: see /api/choices")
    choose("optimizer", options["optimizer"], OPTIMIZERS)
    if finds_its_steps(options) and options["learning_rate"] != DEFAULTS["learning_rate"]:
        raise OptionError(
            f"learning_rate is {options['learning_rate']:g}: {options['optimizer']} finds the size of each step "
            "itself, leave the learning rate out"
        )
    _recipe_of(options)  # which refuses what does not go together
    return options


def finds_its_steps(options: Mapping[str, Any]) -> bool:
    """Whether there is no learning rate in such a training."""
    return options["optimizer"] in OPTIMIZERS and issubclass(OPTIMIZERS[options["optimizer"]], LBFGS)


def options_to_train(options: Mapping[str, Any]) -> dict[str, Any]:
    """Checked options as `train` takes them: it refuses a learning rate where there is none, even the default.

    Examples
    --------
    >>> "learning_rate" in options_to_train(checked_options({"target": "species", "optimizer": "lbfgs"}))
    False
    """
    return {name: v for name, v in options.items() if name != "learning_rate" or not finds_its_steps(options)}


def checked_pace(given: Any) -> float | None:
    """Epochs a second at most; None for as many as there are."""
    if given is not None:
        expect_number("pace", given, lambda p: 0.01 <= p <= 1000, "from 0.01 to 1,000 epochs a second, or null")
    return None if given is None else float(given)


def checked_rate(given: Any) -> float:
    """A learning rate to go on with."""
    expect_number("learning_rate", given, lambda r: 0 < r <= 1000, "above 0 and at most 1,000")
    return float(given)


def _expect_names(option: str, given: Any) -> None:
    good = isinstance(given, list) and all(isinstance(name, str) and len(name) <= LONGEST_NAME for name in given)
    if not good or len(given) > MOST_COLUMNS:
        raise OptionError(f"{option} must name columns, at most {MOST_COLUMNS:,}")


def _expect_numbers(options: Mapping[str, Any]) -> None:
    hidden = options["hidden"]
    if not isinstance(hidden, list) or len(hidden) > MOST_LAYERS:
        raise OptionError(f"hidden must be the units of at most {MOST_LAYERS} layers, such as [128, 128]")
    for units in hidden:
        expect_number("hidden", units, lambda n: 1 <= n <= MOST_UNITS, f"from 1 to {MOST_UNITS:,}", whole=True)
    expect_number(
        "epochs", options["epochs"], lambda n: 1 <= n <= MOST_EPOCHS, f"from 1 to {MOST_EPOCHS:,}", whole=True
    )
    expect_number("seed", options["seed"], lambda n: 0 <= n < 1 << 53, "from 0 to 2**53 - 1", whole=True)
    checked_rate(options["learning_rate"])
    if options["clip_norm"] is not None:
        expect_number("clip_norm", options["clip_norm"], lambda n: 0 < n <= 1e6, "above 0 and at most 1,000,000")
    expect_number("density", options["density"], lambda d: 0 < d <= 1, "above 0 and at most 1")


def _recipe_of(options: Mapping[str, Any]) -> Recipe:
    optimizer = OPTIMIZERS[options["optimizer"]]()
    whole_steps = isinstance(optimizer, LBFGS)
    return Recipe(
        output="identity",
        loss="squared_error",
        hidden_layer_sizes=tuple(options["hidden"]),
        activation=(options["activation"],),
        initializer=options["initializer"],
        density=Density(options["density"]),
        optimizer=optimizer,
        learning_rate=options["learning_rate"],
        clip_norm=options["clip_norm"],
        schedule=Constant() if whole_steps else Cosine(),
        dtype="float64" if whole_steps else "float32",
        max_epochs=options["epochs"],
        seed=options["seed"],
    )
