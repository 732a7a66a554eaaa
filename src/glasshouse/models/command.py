"""The command that makes a model again: what was asked for of a verb, as one would type it."""

from __future__ import annotations

import inspect
import os
import shlex
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from ..tables.reading import Reading
from ..tables.table import Table

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
    if value is None or value == default or (value is not False and value != 0 and not value and name != "hidden"):
        return []
    flag = FLAGS.get(name, f"--{name.replace('_', '-')}")
    if isinstance(value, bool):
        return [flag if value else f"--no-{name.replace('_', '-')}"]
    if isinstance(value, Mapping):
        return [word for key, item in value.items() for word in (flag, f"{key}={item}")]
    if name in ("hidden", "names"):
        return [flag, ",".join(map(str, value)) or "0"]
    if isinstance(value, list | tuple):
        return [word for item in value for word in (flag, str(item))]
    return [flag, _file(name, value) if name in ("test", "train") else str(value)]


def _file(name: str, value: Any) -> str:
    """The name of a file, wherever it stood; what came as an object is called by what it is."""
    if isinstance(value, str | os.PathLike):
        return os.fspath(value) if os.fspath(value).startswith("example:") else Path(os.fspath(value)).name
    return "TEST" if name == "test" else "TABLE" if isinstance(value, Table) or name in ("table", "train") else "MODEL"
