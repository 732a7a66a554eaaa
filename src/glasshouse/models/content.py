"""What a model file holds: the document and the arrays of a model, and the parts of a model again."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..errors import ModelFileError
from ..estimators.targets import Classes, Labels, Numbers, Targets
from ..network.document import layer_settings, network_from, pattern_arrays
from ..network.predictor import Predictor
from ..storage import as_type, restored
from ..tables.encoder import TableEncoding
from ..training.recipe import Recipe
from .intervals import Interval
from .origin import Origin

if TYPE_CHECKING:
    from .model import Model

__all__ = ["content_of", "parts_from", "single_precision"]

Array = npt.NDArray[Any]
LONGEST_DEED = 200
MAKERS = ("train", "prune", "diagnose")
MEASURED, MEASURED_TOO = ("loss", "penalty", "learning_rate"), ("gradient", "validation_loss", "validation_score")


def content_of(model: Model) -> tuple[dict[str, Any], dict[str, Array]]:
    """The document and the arrays of a file."""
    arrays = {"parameters": model.network.parameters, **pattern_arrays(model.network)}
    document = {
        "target": model.target,
        "targets": _meaning(model.targets),
        "encoder": model.encoder.to_dict(),
        "layers": [layer_settings(layer) for layer in model.network.layers],
        "recipe": model.recipe.to_dict(),
        "scores": model.scores,
        "intervals": {name: [*ends] for name, ends in model.intervals.items() if np.isfinite(ends).all()},
        "origin": asdict(model.origin),
        "history": _measured(model),
        "made_by": list(model.made_by),
        "by_hand": list(model.by_hand),
    }
    if model.history:
        arrays["history"] = np.array([[row[name] for name in _measured(model)] for row in model.history], np.float32)
    return document, arrays


def _meaning(targets: Targets) -> dict[str, Any]:
    if isinstance(targets, Classes):
        return {"classes": targets.classes.tolist()}
    if isinstance(targets, Labels):
        return {"labels": targets.classes.tolist()}
    return {"mean": targets.mean.tolist(), "scale": targets.scale.tolist()}


def parts_from(path: str | os.PathLike[str], document: dict[str, Any], arrays: dict[str, Array]) -> dict[str, Any]:
    """The fields of a model, by name.

    Raises
    ------
    ModelFileError
        If a part is missing, of another type, or does not fit the others: files come from anywhere.
    """
    try:
        network, targets = network_from(document["layers"], arrays), _targets(document["targets"])
        encoder = TableEncoding.from_dict(document["encoder"])
        target = as_type(document["target"], str, "target")
        parts = {
            "encoder": encoder,
            "network": network,
            "targets": targets,
            "target": target,
            "recipe": Recipe.from_dict(document["recipe"]),
            "scores": _scores(document["scores"]),
            "origin": restored(Origin, document["origin"]),
            "intervals": _intervals(document["intervals"]),
            "history": _history(as_type(document["history"], tuple[str, ...], "history"), arrays),
            "made_by": _commands(as_type(document["made_by"], tuple[str, ...], "made_by")),
            "by_hand": _deeds(as_type(document["by_hand"], tuple[str, ...], "by_hand")),
        }
        fits = (
            network.n_features == len(encoder.feature_names)
            and network.n_outputs == targets.n_outputs
            and bool(np.isfinite(network.parameters).all())
            and {target, *(encoding.name for encoding in encoder.encodings)} <= set(encoder.names)
            and (isinstance(targets, Numbers) or len(set(targets.classes.tolist())) == len(targets.classes) > 1)
        )
        if fits:
            Predictor(network, threads=1)  # binds every layer: what still does not fit is found here
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, ArithmeticError, MemoryError) as error:
        raise ModelFileError(f"{path} is not a whole model ({str(error)[:80]}): make it again") from error
    if not fits:
        raise ModelFileError(f"{path} is not a whole model (its parts do not fit each other): make it again")
    return parts


def _targets(document: dict[str, Any]) -> Targets:
    words = ("classes", "labels")
    meaning = {
        part: as_type(values, tuple[str, ...] if part in words else tuple[float, ...], part)
        for part, values in document.items()
    }
    if "classes" in meaning:
        return Classes(np.array(meaning["classes"], dtype=str))
    if "labels" in meaning:
        return Labels(np.array(meaning["labels"], dtype=str))
    return Numbers(np.array(meaning["mean"]), np.array(meaning["scale"]))


def single_precision(history: Sequence[Mapping[str, float]]) -> tuple[dict[str, float], ...]:
    """The rows of a history as a file keeps them."""
    return tuple({name: v if name == "epoch" else float(np.float32(v)) for name, v in row.items()} for row in history)


def _measured(model: Model) -> list[str]:
    """What was measured every epoch; the epoch itself is the place of its row."""
    return [name for name in model.history[0] if name != "epoch"] if model.history else []


def _history(names: tuple[str, ...], arrays: dict[str, Array]) -> tuple[dict[str, float], ...]:
    if not names:
        return ()
    rows = arrays["history"]
    known = set(names) >= {*MEASURED} and set(names) <= {*MEASURED, *MEASURED_TOO}
    if not known or len(set(names)) != len(names) or rows.shape != (len(rows), len(names)):
        raise ValueError("its history does not fit")
    if not np.isfinite(rows).all() or len(rows) == 0:
        raise ValueError("its history holds what is no number")
    return tuple({"epoch": k, **dict(zip(names, row, strict=True))} for k, row in enumerate(rows.tolist(), start=1))


def _commands(words: tuple[str, ...]) -> tuple[str, ...]:
    """Commands of ours, written as we write them: people paste them, and files come from anywhere."""
    for command in words:
        parts = shlex.split(command)
        if parts[0] != "glasshouse" or parts[1] not in MAKERS or shlex.join(parts) != command:
            raise ValueError("made_by is no command of ours")
    return words


def _deeds(words: tuple[str, ...]) -> tuple[str, ...]:
    if not all(len(deed) <= LONGEST_DEED and deed.isprintable() for deed in words):
        raise ValueError("by_hand is no list of what was done")
    return words


def _scores(document: dict[str, Any]) -> dict[str, Any]:
    """The scores of a file: for each part its numbers, and the source of the test rows."""
    return {
        as_type(part, str, "scores"): {
            name: as_type(value, str if name == "source" else int if name == "rows" else float, name)
            for name, value in found.items()
        }
        for part, found in document.items()
    }


def _intervals(document: dict[str, Any]) -> dict[str, Interval]:
    """The intervals of a file, by score."""
    ends = {as_type(name, str, "intervals"): as_type(v, tuple[float, ...], name) for name, v in document.items()}
    return {name: (low, high) for name, (low, high) in ends.items()}
