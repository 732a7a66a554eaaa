"""The stages of a pruning: each makes a network from others, and is not done twice, even after a stop."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .. import storage
from ..errors import ModelFileError, OptionError
from ..network.document import layer_settings, network_from, pattern_arrays
from ..network.network import Network

__all__ = ["Stages"]


class Stages:
    """Networks by the names of their stages, kept in a file where there is one.

    Parameters
    ----------
    path : path or None
    choices : dict
        All that the stages depend on, as JSON holds it: a file of other choices is refused.
    resume : bool
        Go on from the file; begin if there is none yet.

    Raises
    ------
    OptionError
        If there is a file and `resume` was not asked for, or it is of other choices.
    ModelFileError
        If the file is not whole.
    """

    def __init__(self, path: str | os.PathLike[str] | None, choices: dict[str, Any], resume: bool = False):
        self.path = None if path is None else storage.checked_place(path)
        self.choices, self.done = choices, dict[str, Network]()
        if path is None and resume:
            raise OptionError("resume needs the checkpoint to go on from: name its file with checkpoint")
        if self.path is not None and self.path.exists():
            if not resume:
                raise OptionError(f"{path} exists: go on from it with resume=True (--resume), or remove it")
            self.done = self._read(self.path)

    def network(self, name: str, make: Callable[[], Network]) -> Network:
        """The network of a stage: as it was made before, or made now."""
        if name not in self.done:
            self.done[name] = make()
            if self.path is not None:
                self._write(self.path)
        return self.done[name]

    def _write(self, path: Path) -> None:
        document: dict[str, Any] = {"choices": self.choices, "stages": {}}
        arrays: dict[str, Any] = {}
        for name, network in self.done.items():
            document["stages"][name] = [layer_settings(layer) for layer in network.layers]
            own = {"parameters": network.parameters, **pattern_arrays(network)}
            arrays |= {f"{name}/{part}": array for part, array in own.items()}
        storage.write(path, "pruning", document, arrays)

    def _read(self, path: Path) -> dict[str, Network]:
        document, arrays = storage.read(path, "pruning")
        try:
            for name, wanted in self.choices.items():
                if document["choices"].get(name) != wanted:
                    raise OptionError(
                        f"{path} was written with another {name}: give what it had, or another checkpoint"
                    )
            found = {}
            for name, layers in document["stages"].items():
                own = {part.removeprefix(f"{name}/"): a for part, a in arrays.items() if part.startswith(f"{name}/")}
                found[name] = network_from(layers, own)
            return found
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            if isinstance(error, OptionError):
                raise
            raise ModelFileError(f"{path} is not a whole checkpoint ({str(error)[:80]}): remove it") from error
