"""What the page draws of a network: dots and lines, how its units fare, the activations of a few rows, a surface."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..drawing.graph import graph
from ..network.measures import Gauge, LayerMeasures
from ..network.network import Network
from ..network.passes import loss_and_gradient
from ..network.workspace import Workspace
from ..training.recipe import Recipe

__all__ = ["LOOKED_AT", "STRIP_ROWS", "Sample", "bare_picture"]

Array = npt.NDArray[Any]
LOOKED_AT = 32  # rows whose passes say how units fare
STRIP_ROWS, STRIP_UNITS = 24, 64  # rows whose activations are shown, of so many units a layer
FLAT = 0.8  # share of the rows at which a unit that is flat counts as saturated
FINE, DEAD, SATURATED, IDLE = ".", "d", "s", "i"


def bare_picture(network: Network) -> dict[str, Any]:
    """Dots and lines alone: of a network that no rows were passed through."""
    return {**graph(network), "health": ["".join(letters) for letters in _wired(network)], "strips": []}


def _wired(network: Network) -> list[list[str]]:
    """A letter for each unit of each layer, the inputs first: idle where nothing comes in, or nothing goes out."""
    read = [np.zeros(network.n_features, bool), *(np.zeros(layer.fan_out, bool) for layer in network.layers)]
    fed = [np.ones(network.n_features, bool), *(np.zeros(layer.fan_out, bool) for layer in network.layers)]
    for k, (layer, (w, _)) in enumerate(zip(network.layers, network.views(network.parameters), strict=True)):
        there = layer.dense(w) != 0
        read[k], fed[k + 1] = there.any(axis=0), there.any(axis=1)
    read[-1][:] = True
    return [
        [FINE if some_in and some_out else IDLE for some_in, some_out in zip(ins, outs, strict=True)]
        for ins, outs in zip(fed, read, strict=True)
    ]


class Sample:
    """A few rows, X (n, n_features) and Y (n, n_outputs), passed through a network whenever it is looked at."""

    def __init__(self, X: Array, Y: Array):
        self.X, self.Y = np.ascontiguousarray(X), np.ascontiguousarray(Y)
        self._work: Workspace | None = None

    def picture(self, network: Network, recipe: Recipe) -> dict[str, Any]:
        """Dots and lines, health, flow through depth, and the activations of the first rows."""
        work, n = self._passed(network, recipe)
        gauge = Gauge(work)
        gauge.add(n)
        layers = gauge.layers()
        letters = _wired(network)
        for k, layer in enumerate(layers[:-1], start=1):
            letters[k] = [_fares(letter, layer, unit) for unit, letter in enumerate(letters[k])]
        return {
            **graph(network),
            "health": ["".join(some) for some in letters],
            "flow": {"sizes": [layer.size for layer in layers], "deltas": [layer.delta for layer in layers]},
            "strips": [_strip(k, columns.a[:, : min(n, STRIP_ROWS)]) for k, columns in enumerate(work.columns)],
        }

    def _passed(self, network: Network, recipe: Recipe) -> tuple[Workspace, int]:
        """The workspace after the rows went forward and back; made again only after the network changed its shape."""
        n = len(self.X)
        if self._work is None or self._work.network is not network or self._work.loss_name != recipe.loss:
            self._work = Workspace(network, recipe.loss, n, keep_z=True, threads=1)
        self._work.load(self.X, self.Y, np.full(n, recipe.loss_scale / n), np.arange(n))
        loss_and_gradient(self._work, n)
        return self._work, n


def _fares(letter: str, layer: LayerMeasures, unit: int) -> str:
    if letter == IDLE:
        return IDLE
    if layer.zero[unit] == 1 and layer.flat[unit] == 1:
        return DEAD
    return SATURATED if layer.flat[unit] >= FLAT and layer.zero[unit] < FLAT else FINE


def _strip(layer: int, a: Array) -> dict[str, Any]:
    """The activations of a layer as bytes between the smallest and the largest of them."""
    some = np.nan_to_num(a[:STRIP_UNITS].astype(np.float64))
    low, high = float(some.min(initial=0)), float(some.max(initial=0))
    scaled = (some - low) / (high - low) if high > low else np.zeros_like(some)
    return {
        "layer": layer,
        "units": len(some),
        "rows": some.shape[1],
        "low": low,
        "high": high,
        "values": as_bytes(scaled),
    }


def as_bytes(shares: Array | Sequence[float]) -> str:
    """Numbers from 0 to 1 as bytes from 0 to 255, in base 64."""
    whole = np.rint(np.clip(np.asarray(shares, np.float64), 0, 1) * 255).astype(np.uint8)
    return base64.b64encode(whole.tobytes()).decode("ascii")
