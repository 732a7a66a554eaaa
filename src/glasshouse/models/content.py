"""What a model file holds: the document and the arrays of a model, and the parts of a model again."""

from __future__ import annotations

import os
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

__all__ = ["content_of", "parts_from"]

Array = npt.NDArray[Any]


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
    }
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
