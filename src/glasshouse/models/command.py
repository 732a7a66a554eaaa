"""The command that makes a model again: what was asked for of a verb, as one would type it."""

from __future__ import annotations

import inspect
import os
import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from ..tables.reading import Reading

__all__ = ["command"]

FLAGS = {"kinds": "--as"}
# Where a result goes, who watches, and what is shown beside it: the model is the same whatever they are.
NOT_OF_THE_MODEL = ("out", "checkpoint", "resume", "watchers", "baselines", "compare", "seeds")


def command(verb: Callable[..., Any], **asked: Any) -> str:
    """What to type for a call of a verb, without what is its default; a frame is called TABLE, a model MODEL.

    Examples
    --------
    >>> import glasshouse as gh
    >>> command(gh.train, table="data/titanic.csv", target="Survived", kinds={"Pclass": "number"}, seed=3)
    'glasshouse train titanic.csv --target Survived --as Pclass=number --seed 3'
    """
    words = ["glasshouse", verb.__name__]
    for name, parameter in inspect.signature(verb).parameters.items():
        value = asked.get(name, parameter.default)
        if name in NOT_OF_THE_MODEL:
            continue
        if isinstance(value, Reading):
            words += [word for f in fields(value) for word in _flag(f.name, getattr(value, f.name), None)]
        elif parameter.kind is parameter.KEYWORD_ONLY:
            words += _flag(name, value, parameter.default)
        elif value is not None:
            words.append(_file(name, value))
    return shlex.join(words)


def _flag(name: str, value: Any, default: Any) -> list[str]:
    flag = FLAGS.get(name, f"--{name.replace('_', '-')}")
    if value is None:
        return []
    if name in ("test", "train"):
        return [flag, _file(name, value)]
    if isinstance(value, bool | np.bool_):
        return [] if value == default else [flag if value else f"--no-{name.replace('_', '-')}"]
    if isinstance(value, Mapping):
        return [word for key, item in value.items() for word in (flag, f"{key}={item}")]
    if name in ("hidden", "names"):
        return [flag, ",".join(map(str, value)) or "0"]
    if isinstance(value, str) or not isinstance(value, Iterable):
        return [] if value == default else [flag, str(value)]
    return [word for item in value for word in (flag, str(item))]


def _file(name: str, value: Any) -> str:
    """The name of a file, wherever it stood; what came as an object is called by what it is."""
    if not isinstance(value, str | os.PathLike):
        return {"table": "TABLE", "train": "TABLE", "test": "TEST"}.get(name, "MODEL")
    if os.fspath(value).startswith("example:"):
        return os.fspath(value)
    word = Path(os.path.abspath(os.fspath(value))).name  # of '.' too
    return f"./{word}" if word.startswith("-") else word
