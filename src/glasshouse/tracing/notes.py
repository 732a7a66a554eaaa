"""How a specification is written down: TOML or JSON, read with the digits as typed, every complaint with its line.

``example:NAME`` is one of the files in `examples/`, which are written the same way.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import OptionError, SpecificationError, choose
from ..network.activations import activation
from ..network.initializers import initializer
from ..training.optimizers import OPTIMIZERS, SGD, Optimizer
from .specification import Given, Marks, Specification, TracedLayer

__all__ = ["EXAMPLES", "specification"]

EXAMPLES = {
    path.stem: path.read_text("utf-8").partition("\n")[0].removeprefix("# ")
    for path in sorted((Path(__file__).parent / "examples").glob("*.toml"))
}
KEYS = (
    *("title", "inputs", "targets", "layers", "values", "learning_rate", "loss", "loss_scale", "biases", "batch"),
    *("batch_size", "optimizer", "steps", "aliases", "marks", "initializer", "seed"),
)
LAYER_KEYS = ("units", "activation", "weights", "bias", "sums")
MARK_KEYS = ("points", "default", "rounding", "truncated", "follows")
NO_CONNECTION = "-"
Source = str | os.PathLike[str] | Mapping[str, Any]


def specification(source: Source) -> Specification:
    """Read a specification from a file of TOML or JSON, ``example:NAME``, or a mapping of the same keys.

    Raises
    ------
    SpecificationError
        With the line of the file, if it cannot be read or its parts do not fit.

    Examples
    --------
    >>> specification("example:course-sheet").values["w5"]
    Given(value=0.4, text='0.40')
    """
    if isinstance(source, Mapping):
        return _Reader(source, "network").specification()
    text, title, suffix = _text_of(os.fspath(source))
    try:
        raw = json.loads(text, parse_float=Decimal) if suffix == ".json" else tomllib.loads(text, parse_float=Decimal)
    except json.JSONDecodeError as error:
        raise SpecificationError(f"{title}, line {error.lineno}: this is no JSON: {error.msg}") from error
    except tomllib.TOMLDecodeError as error:
        raise SpecificationError(f"{title}: this is no TOML: {error}") from error
    if not isinstance(raw, dict):
        raise SpecificationError(f"{title}: this is no specification: write an object with inputs, targets, layers")
    try:
        return _Reader(raw, title).specification()
    except SpecificationError as error:
        line = _line_of(text, error.place)
        raise SpecificationError(f"{title}, line {line}: {error}" if line else f"{title}: {error}") from error


def _text_of(word: str) -> tuple[str, str, str]:
    """The text of a file or an example, what to call it, and its suffix."""
    if word.startswith("example:"):
        name = word.removeprefix("example:").replace("_", "-")
        try:
            choose("example", name, EXAMPLES)
        except OptionError as error:
            raise SpecificationError(str(error)) from error
        path = Path(__file__).parent / "examples" / f"{name}.toml"
        return path.read_text("utf-8"), name, ".toml"
    path = Path(word)
    try:
        return path.read_text("utf-8-sig"), path.name, path.suffix.lower()
    except OSError as error:
        raise SpecificationError(f"cannot read {word}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SpecificationError(
            f"{path.name} is no text in UTF-8: write a specification, see example:course-sheet"
        ) from error


class _Reader:
    """Builds a specification from a mapping; every complaint names the key it is about."""

    def __init__(self, raw: Mapping[str, Any], title: str):
        self.raw, self.title = raw, title
        self.values: dict[str, Given] = {}

    def specification(self) -> Specification:
        raw = self.raw
        _expect_keys(raw, KEYS, "setting")
        for key in ("inputs", "targets", "layers", "learning_rate"):
            if key not in raw:
                raise SpecificationError(f"there is no {key}: write {HOW[key]}")
        self.values = {
            name: _number(value, "values", name) for name, value in _mapping(raw.get("values", {}), "values").items()
        }
        inputs, samples = self._columns("inputs", "x")
        targets, answers = self._columns("targets", "y")
        layers = self._layers(len(inputs))
        if all("weights" in layer for layer in raw["layers"]):
            for key in ("initializer", "seed"):
                if key in raw:
                    raise SpecificationError(f"{key} draws weights, and every layer has its own: leave it out", key)
        scale = raw.get("loss_scale", 1.0)
        described = Specification(
            title=str(raw.get("title", self.title)),
            inputs=inputs,
            targets=targets,
            layers=layers,
            values=self.values,
            samples=samples,
            answers=answers,
            learning_rate=_number(raw["learning_rate"], "learning_rate"),
            loss=_word(raw.get("loss", "squared_error"), "loss"),
            loss_scale=scale if isinstance(scale, str) else _number(scale, "loss_scale").value,
            biases=_word(raw.get("biases", "updated"), "biases"),
            batch=_word(raw.get("batch", "mean"), "batch"),
            batch_size=_whole(raw["batch_size"], "batch_size") if "batch_size" in raw else None,
            optimizer=_optimizer(raw.get("optimizer", "sgd")),
            steps=_whole(raw.get("steps", 1), "steps"),
            aliases={str(k): _word(v, "aliases", k) for k, v in _mapping(raw.get("aliases", {}), "aliases").items()},
            marks=_marks(_mapping(raw.get("marks", {}), "marks")),
        )
        unused = set(self.values) - {name for layer in layers for name in _names_of(layer)}
        if unused:
            name = min(unused)
            raise SpecificationError(f"no layer uses the value {name!r}: name it in weights or bias", "values", name)
        return described

    def _columns(self, key: str, letter: str) -> tuple[tuple[str, ...], tuple[tuple[Given, ...], ...]]:
        """Names, and a row for each sample, of inputs or targets in any of the four ways to write them."""
        found = self.raw[key]
        if isinstance(found, Mapping):
            columns = [list(value) if _is_list(value) else [value] for value in found.values()]
            if len({len(column) for column in columns}) > 1:
                raise SpecificationError(f"{key} have columns of different lengths: give each sample one of each", key)
            rows = [list(row) for row in zip(*columns, strict=True)]
            names = tuple(str(name) for name in found)
        else:
            if not _is_list(found) or not found:
                raise SpecificationError(f"{key} is {found!r}: write {HOW[key]}", key)
            rows = [list(row) for row in found] if all(_is_list(row) for row in found) else [list(found)]
            names = tuple(f"{letter}{k + 1}" for k in range(len(rows[0])))
        if not names or not rows:
            raise SpecificationError(f"{key} is empty: write {HOW[key]}", key)
        return names, tuple(tuple(_number(value, key) for value in row) for row in rows)

    def _layers(self, fan_in: int) -> tuple[TracedLayer, ...]:
        found = self.raw["layers"]
        if not _is_list(found) or not found or not all(isinstance(layer, Mapping) for layer in found):
            raise SpecificationError(f"layers is no list of layers: write {HOW['layers']}", "layers")
        layers: list[TracedLayer] = []
        hidden = 0
        seed = _whole(self.raw.get("seed", 0), "seed")
        if seed < 0:
            raise SpecificationError(f"seed is {seed}: it must be at least 0", "seed")
        rng = np.random.default_rng(seed)
        for k, layer in enumerate(found):
            _expect_keys(layer, LAYER_KEYS, "setting of a layer", "layers", k)
            for key in ("units", "activation"):
                if key not in layer:
                    raise SpecificationError(f"layer {k + 1} has no {key}: write {HOW[key]}", "layers", k)
            units, last = layer["units"], k == len(found) - 1
            if not _is_list(units):
                count = _whole(units, "layers", k, "units")
                if not 1 <= count <= 10_000:
                    raise SpecificationError(f"units is {count}: it must be from 1 to 10,000", "layers", k, "units")
                units = [f"{'o' if last else 'h'}{j + 1 + (0 if last else hidden)}" for j in range(count)]
            hidden += len(units)
            begun = sum(len(layer.units) for layer in layers)
            sums = layer.get("sums", [f"z{begun + j + 1}" for j in range(len(units))])
            if not _is_list(sums):
                raise SpecificationError(f"sums is {sums!r}: write a list of names, one a unit", "layers", k, "sums")
            try:
                name = activation(_word(layer["activation"], "layers", k, "activation")).name
            except OptionError as error:
                raise SpecificationError(str(error), "layers", k, "activation") from error
            layers.append(
                TracedLayer(
                    name,
                    tuple(_word(unit, "layers", k, "units") for unit in units),
                    tuple(_word(word, "layers", k, "sums") for word in sums),
                    self._weights(layer, k, len(units), fan_in, name, layers, rng),
                    self._biases(layer, k, len(units), begun),
                )
            )
            fan_in = len(units)
        return tuple(layers)

    def _weights(
        self,
        layer: Mapping[str, Any],
        k: int,
        n_units: int,
        fan_in: int,
        activation_name: str,
        before: Sequence[TracedLayer],
        rng: np.random.Generator,
    ) -> tuple[tuple[str | None, ...], ...]:
        """The names of weights; those that are numbers, or drawn, get a name of ours."""
        rows = layer.get("weights")
        if rows is None:
            wanted = self.raw.get("initializer", activation(activation_name).initializer)
            fans = np.full((n_units, fan_in), float(fan_in)), np.full((n_units, fan_in), float(n_units))
            try:
                drawn = initializer(wanted).draw(rng, *fans)
            except OptionError as error:
                raise SpecificationError(str(error), "initializer") from error
            rows = [[Decimal(f"{value:.2f}") for value in row] for row in drawn]  # short enough to be worked by hand
        if not _is_list(rows):
            raise SpecificationError(f"weights is {rows!r}: write {HOW['weights']}", "layers", k, "weights")
        if n_units == 1 and not any(_is_list(row) for row in rows):
            rows = [rows]
        if not all(_is_list(row) for row in rows):
            raise SpecificationError(
                f"weights has a row that is no list: write {HOW['weights']}", "layers", k, "weights"
            )
        place = sum(len(row) for layer in before for row in layer.weights)
        names = []
        for row in rows:
            names.append(
                tuple(self._named(entry, "w", place + j + 1, "layers", k, "weights") for j, entry in enumerate(row))
            )
            place += len(row)
        return tuple(names)

    def _biases(self, layer: Mapping[str, Any], k: int, n_units: int, begun: int) -> tuple[str | None, ...]:
        """The names of biases: one name is shared by the units, one number starts a bias for each."""
        found = layer.get("bias", NO_CONNECTION)
        entries = found if _is_list(found) else [found] * n_units
        return tuple(self._named(entry, "b", begun + j + 1, "layers", k, "bias") for j, entry in enumerate(entries))

    def _named(self, entry: Any, letter: str, number: int, *place: str | int) -> str | None:
        if isinstance(entry, str):
            return None if entry == NO_CONNECTION else entry
        while f"{letter}{number}" in self.values:
            number += 1
        self.values[f"{letter}{number}"] = _number(entry, *place)
        return f"{letter}{number}"


HOW = {
    "inputs": "inputs = { x1 = 0.05, x2 = 0.10 }, or [0.05, 0.10], or a list of such rows",
    "targets": "targets = { y1 = 0.01 }, or [0.01], or a list of such rows",
    "layers": "[[layers]] with units and activation",
    "learning_rate": "learning_rate = 0.5",
    "units": "units = 2, or units = ['h1', 'h2']",
    "activation": "activation = 'sigmoid'",
    "weights": "weights = [['w1', 'w2'], ['w3', 'w4']], a row for each unit",
}


def _names_of(layer: TracedLayer) -> set[str]:
    return {name for _, _, name in layer.places()} | {name for name in layer.biases if name is not None}


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence | np.ndarray) and not isinstance(value, str | bytes)


def _expect_keys(found: Mapping[str, Any], known: Sequence[str], what: str, *place: str | int) -> None:
    for key in found:
        try:
            choose(what, key, known)
        except OptionError as error:
            raise SpecificationError(str(error), *place, key) from error


def _mapping(value: Any, key: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise SpecificationError(f"{key} is {value!r}: write a table, [{key}]", key)
    return value


def _number(value: Any, *place: str | int) -> Given:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or not np.isfinite(float(value)):
        what = " ".join(str(part) for part in place[-2:] if isinstance(part, str))
        raise SpecificationError(f"{what} holds {value!r}: write a number", *place)
    return Given.typed(value)


def _whole(value: Any, *place: str | int) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise SpecificationError(f"{place[-1]} is {value!r}: write a whole number", *place)
    return value


def _word(value: Any, *place: str | int) -> str:
    if not isinstance(value, str):
        raise SpecificationError(f"{place[-1]} is {value!r}: write a word in quotes", *place)
    return value


def _optimizer(found: Any) -> Optimizer:
    settings = dict(found) if isinstance(found, Mapping) else {"name": found}
    name = _word(settings.pop("name", None), "optimizer")
    values: dict[str, Any] = {
        key: value if isinstance(value, bool) else _number(value, "optimizer", key).value
        for key, value in settings.items()
    }
    if name in ("sgd", "momentum"):
        values = {"momentum": 0.9 if name == "momentum" else 0, "nesterov": False, **values}
    try:
        choose("optimizer", name, ("momentum", *OPTIMIZERS))
        return (SGD if name == "momentum" else OPTIMIZERS[name])(**values)
    except OptionError as error:
        raise SpecificationError(str(error), "optimizer") from error
    except TypeError as error:
        raise SpecificationError(f"{name} has no such setting: {error}", "optimizer") from error


def _marks(found: Mapping[str, Any]) -> Marks:
    _expect_keys(found, MARK_KEYS, "setting of marks", "marks")
    shares = {key: _number(found[key], "marks", key).value for key in MARK_KEYS[1:] if key in found}
    points = {k: _number(v, "marks", k).value for k, v in _mapping(found.get("points", {}), "marks").items()}
    try:
        return Marks(points, **shares)
    except OptionError as error:
        raise SpecificationError(str(error), "marks") from error


def _line_of(text: str, place: tuple[str | int, ...]) -> int | None:
    """The line, counted from 1, where a part of a specification stands; None if it is nowhere in particular.

    It narrows the lines down key by key: to a table of TOML, to the k-th of the layers, to a word.
    """
    lines = text.splitlines()
    low, high, found = 0, len(lines), None
    for part in place:
        if isinstance(part, int):
            starts = [k for k, line in enumerate(lines) if re.match(r"\s*\[\[\s*layers\s*\]\]", line)] or [
                k for k, line in enumerate(lines) if re.search(r'"units"\s*:', line)
            ]
            if part < len(starts):
                low, high = starts[part], (*starts, len(lines))[part + 1]
                found = low
            continue
        key = rf"(?<![\w]){re.escape(part)}(?![\w])"
        for pattern in (rf"^\s*\[+\s*{key}\s*\]+", rf'{key}["\']?\s*[=:]', key):
            hits = [k for k in range(low, high) if re.search(pattern, lines[k].partition(" #")[0])]
            if hits:
                found = low = hits[0]
                break
    return None if found is None else found + 1
