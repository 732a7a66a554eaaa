"""Checkpoints: the whole of a state in one file, written atomically; a run resumed from it continues to the bit."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import storage
from ..errors import ModelFileError, OptionError
from ..network.document import layer_settings, network_from, pattern_arrays
from ..network.network import Network
from ..storage import as_type
from .batches import AT_ONCE, Data, Rows, is_written
from .optimizers import LBFGS
from .recipe import Recipe
from .state import Best, State
from .streams import Streamed
from .watchers import Watcher

__all__ = ["Checkpoint", "begin"]

COUNTS = ("epoch", "step", "samples", "cuts", "stalled", "waited")


class Checkpoint(Watcher):
    """Write the state after every epoch; what stood there before stands until the new file is whole.

    Parameters
    ----------
    path : path
    recipe : Recipe
    rows : sequence of Data or Streamed
        What trains, and what validates: known again by a hash when the run is resumed.
    """

    def __init__(self, path: str | os.PathLike[str], recipe: Recipe, rows: Sequence[Rows]):
        self.path, self.recipe, self.rows = Path(path), recipe, fingerprint(rows)

    def after_epoch(self, state: State) -> None:
        document, arrays = described(state)
        storage.write(self.path, "checkpoint", {"recipe": self.recipe.to_dict(), "rows": self.rows, **document}, arrays)


def begin(
    state: State, rows: Sequence[Rows], recipe: Recipe, path: str | os.PathLike[str] | None, resume: bool
) -> tuple[State, list[Watcher]]:
    """The state to start from, and the watcher that keeps it on the disk; both as they are without a path.

    With `resume`, the state of the file; where there is no file yet, the one given, so that the same command starts a
    run and continues it.

    Raises
    ------
    OptionError
        If there is a file and `resume` was not asked for, or it is of another recipe or other rows.
    ModelFileError
        If the file is not a whole checkpoint.
    """
    if path is None:
        if resume:
            raise OptionError("resume needs the checkpoint to go on from: name its file with checkpoint")
        return state, []
    watcher = Checkpoint(storage.checked_place(path), recipe, rows)
    if watcher.path.exists():
        if not resume:
            raise OptionError(f"{path} exists: go on from it with resume=True (--resume), or remove it")
        state = load(watcher.path, state, watcher.recipe, watcher.rows)
    return state, [watcher]


def load(path: Path, fresh: State, recipe: Recipe, rows: str) -> State:
    """Read a state; recipe and rows must be those it was written with, and its parts as those of a fresh one."""
    document, arrays = storage.read(path, "checkpoint")
    try:
        _expect_recipe(path, document["recipe"], recipe)
        if document["rows"] != rows:
            raise OptionError(
                f"{path} was written for other rows, or for rows read in other parts: give the same table and memory, "
                "or another checkpoint"
            )
        return restored_state(document, arrays, fresh, recipe)
    except (KeyError, TypeError, AttributeError, ArithmeticError, MemoryError, ValueError) as error:
        if isinstance(error, OptionError):
            raise
        raise ModelFileError(f"{path} is not a whole checkpoint ({str(error)[:80]}): remove it") from error


def _expect_recipe(path: Path, theirs: dict[str, Any], recipe: Recipe) -> None:
    """The run may be made longer, unless its schedule was planned for a number of epochs; all else is as it was."""
    for name, wanted in recipe.to_dict().items():
        found = theirs.get(name)
        if found == wanted or (name == "max_epochs" and not recipe.schedule.planned):
            continue
        cure = "give what it had, or another checkpoint"
        if name == "seed":
            cure = "give a number as the seed, the same each time (random_state=None draws one), or another checkpoint"
        raise OptionError(f"{path} was written with {name} {found!r}, this run has {wanted!r}: {cure}")


def fingerprint(rows: Sequence[Rows]) -> str:
    """SHA-256, in hexadecimal, of what a run learns from."""
    digest = hashlib.sha256()
    for data in rows:
        if isinstance(data, Streamed):
            digest.update(data.known_by.encode())
            continue
        assert isinstance(data, Data)
        for part in data:
            for array in _arrays(part, len(data.Y)):
                digest.update(f"{array.dtype.str} {array.shape}\n".encode())
                digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def _arrays(part: Any, n_rows: int) -> Iterator[npt.NDArray[Any]]:
    """Everything in a part of the data, a stretch of rows at a time where it is not there as a whole."""
    if part is None:
        return
    if is_written(part):
        yield from (part.write(slice(start, start + AT_ONCE)) for start in range(0, n_rows, AT_ONCE))
    elif hasattr(part, "indptr"):
        yield from (part.data, part.indices, part.indptr)
    else:
        yield part


def described(state: State) -> tuple[dict[str, Any], dict[str, Any]]:
    """A state as a document and named arrays."""
    arrays = {"parameters": state.network.parameters, **pattern_arrays(state.network)}
    arrays |= {f"moment.{name}": vector for name, vector in state.moments.items()}
    for name in ("movable", "average"):
        if getattr(state, name) is not None:
            arrays[name] = getattr(state, name)
    generator = state.generator.bit_generator.state
    document: dict[str, Any] = {
        "layers": [layer_settings(layer) for layer in state.network.layers],
        "generator": {
            "state": f"{generator['state']['state']:x}",
            "inc": f"{generator['state']['inc']:x}",
            "has_uint32": generator["has_uint32"],
            "uinteger": generator["uinteger"],
        },
        "mark": None if np.isinf(state.mark) else state.mark,
        "factor": state.factor,
        "by_hand": list(state.by_hand),
        "settled": state.settled,
        "history": [[[name, value] for name, value in row.items()] for row in state.history],  # in their order
        "best": None,
        **{name: getattr(state, name) for name in COUNTS},
    }
    if state.best is not None:
        arrays["best"] = state.best.network.parameters
        arrays |= {f"best.{name}": pattern for name, pattern in pattern_arrays(state.best.network).items()}
        layers = [layer_settings(layer) for layer in state.best.network.layers]
        document["best"] = {"epoch": state.best.epoch, "value": state.best.value, "layers": layers}
    return document, arrays


def restored_state(document: dict[str, Any], arrays: dict[str, Any], fresh: State, recipe: Recipe) -> State:
    """The state of a document and its arrays; each part is there and of the type and shape that a fresh state has."""
    network = _of_recipe(document["layers"], arrays, fresh)
    best, whole = _best(document["best"], arrays, fresh), isinstance(recipe.optimizer, LBFGS)
    _, wanted = described(_like(fresh, network, best))
    if whole and "moment.steps" in arrays:
        wanted |= {f"moment.{name}": network.parameters for name in ("steps", "changes")}
    if set(arrays) != set(wanted):
        raise ValueError(f"it holds {', '.join(sorted(set(arrays) ^ set(wanted)))} or lacks it")

    def checked(name: str) -> Any:
        array, like = np.array(arrays[name]), wanted[name]
        good = array.shape[-1:] == like.shape if whole and name.startswith("moment.") else array.shape == like.shape
        if not good or array.dtype != like.dtype or not np.isfinite(array).all():
            raise ValueError(f"{name} does not fit the network")
        return array

    for name in ("parameters", *(["best"] if best is not None else [])):
        checked(name)
    moments = {name.removeprefix("moment."): checked(name) for name in arrays if name.startswith("moment.")}
    if whole and moments:
        curvatures = (moments["steps"] * moments["changes"]).sum(axis=-1)
        if not (
            moments["steps"].ndim == 2 and moments["steps"].shape == moments["changes"].shape and curvatures.min() > 0
        ):
            raise ValueError("the memory of L-BFGS does not fit")
    if (moments.get("second", np.zeros(1)) < 0).any():
        raise ValueError("a second moment is below 0")
    counts = {name: as_type(document[name], int, name) for name in COUNTS}
    if min(counts.values()) < 0 or len(document["history"]) != counts["epoch"]:
        raise ValueError("its counts do not fit its history")
    mark, factor = document["mark"], as_type(document["factor"], float, "factor")
    replace(recipe, learning_rate=factor * recipe.learning_rate)  # refuses what no step could be taken with
    return State(
        network=network,
        moments=moments,
        generator=_generator(document["generator"]),
        movable=checked("movable") if "movable" in arrays else None,
        average=checked("average") if "average" in arrays else None,
        best=best,
        mark=-np.inf if mark is None else as_type(mark, float, "mark"),
        factor=factor,
        by_hand=as_type(document["by_hand"], tuple[str, ...], "by_hand"),
        settled=as_type(document["settled"], bool, "settled"),
        history=[
            {
                as_type(name, str, "history"): as_type(value, int if name == "epoch" else float, name)
                for name, value in row
            }
            for row in document["history"]
        ],
        **counts,
    )


def _of_recipe(layers: Any, arrays: dict[str, Any], fresh: State) -> Network:
    """A network of the units a fresh one has; connections may have been cut, or have moved."""
    network = network_from(layers, arrays)
    for found, wanted in zip(network.layers, fresh.network.layers, strict=True):
        if (found.fan_in, found.fan_out, found.activation) != (wanted.fan_in, wanted.fan_out, wanted.activation):
            raise ValueError("its layers are not those of the recipe")
    return network


def _best(document: Any, arrays: dict[str, Any], fresh: State) -> Best | None:
    if document is None:
        return None
    own = {name.removeprefix("best."): array for name, array in arrays.items() if name.startswith("best.")}
    network = _of_recipe(document["layers"], own | {"parameters": arrays["best"]}, fresh)
    return Best(as_type(document["epoch"], int, "epoch"), as_type(document["value"], float, "value"), network)


def _like(fresh: State, network: Network, best: Best | None) -> State:
    """The arrays a state of this network has, for their types and shapes."""
    sized = np.zeros(len(network.parameters), fresh.network.dtype)
    return State(
        network=Network(network.layers, sized),
        moments=dict.fromkeys(fresh.moments, sized),
        generator=fresh.generator,
        movable=None if fresh.movable is None else sized.astype(np.uint8),
        average=None if fresh.average is None else sized,
        best=None if best is None else replace(best, network=best.network.astype(fresh.network.dtype)),
    )


def _generator(held: dict[str, Any]) -> np.random.Generator:
    bits: Any = np.random.PCG64()
    bits.state = {
        "bit_generator": "PCG64",
        "state": {name: int(as_type(held[name], str, name), 16) for name in ("state", "inc")},
        "has_uint32": as_type(held["has_uint32"], int, "has_uint32"),
        "uinteger": as_type(held["uinteger"], int, "uinteger"),
    }
    return np.random.Generator(bits)
