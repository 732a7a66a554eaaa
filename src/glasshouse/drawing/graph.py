"""A network as dots and lines: its layers, and the strongest of its connections, as a page draws them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..network.layers import Dense
from ..network.network import Network
from ..network.reshaping import connections

__all__ = ["MOST", "graph"]

MOST = 1500  # connections that can still be told apart


def graph(network: Network, most: int = MOST) -> dict[str, Any]:
    """The layers of a network, the inputs first, and its strongest connections: [layer, from, to, weight].

    `layer` is the one the connection goes into, counted from 1. Each layer has an equal share of `most`, and what small
    layers leave over goes to the others, so that many weak weights at the inputs do not hide the few that decide.

    Examples
    --------
    >>> import glasshouse as gh
    >>> model = gh.train("example:iris", target="target", hidden=(2,), out="", baselines=False)
    >>> found = graph(model.network, most=5)
    >>> [layer["units"] for layer in found["layers"]], len(found["edges"])
    ([4, 2, 3], 5)
    """
    layers: list[dict[str, Any]] = [{"units": network.n_features, "activation": None}]
    layers += [{"units": layer.fan_out, "activation": layer.activation} for layer in network.layers]
    weights = [w.ravel() for w, _ in network.views(network.parameters)]
    edges: list[list[Any]] = []
    for k, share in enumerate(_shares([int(np.count_nonzero(w)) for w in weights], most)):
        w, layer = weights[k], network.layers[k]
        if not share:
            continue
        strongest = np.argpartition(np.abs(w), len(w) - share)[len(w) - share :]
        places = strongest if isinstance(layer, Dense) else connections(layer)[strongest]
        to, source = (part.tolist() for part in np.divmod(places, layer.fan_in))
        shown = [float(f"{value:.4g}") for value in w[strongest].tolist()]
        edges += [[k + 1, *edge] for edge in zip(source, to, shown, strict=True)]
    connected = int(np.count_nonzero(network.parameters[: network.n_weights]))
    return {"layers": layers, "edges": edges, "connections": connected}


def _shares(counts: list[int], most: int) -> list[int]:
    """How many of each layer are shown: an equal share, and what small layers leave over to the others."""
    shares, left = [0] * len(counts), most
    waiting = sorted(range(len(counts)), key=lambda k: counts[k])
    for place, k in enumerate(waiting):
        shares[k] = min(counts[k], left // (len(waiting) - place))
        left -= shares[k]
    return shares
