"""Which columns a network reads, and how much: the connections that lead from each, and its share of all paths."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..network.network import Network
from ..tables.encodings import Encoding

__all__ = ["wiring"]

FEW = 1500  # connections, up to which the wiring of a dense network is worth a look too


def wiring(network: Network, encodings: Iterable[Encoding]) -> dict[str, Any] | None:
    """Connections and paths by column; None where every input reaches every unit and there are many of them.

    A path is a way from an input to an output along connections that are not 0; its strength is the product of their
    magnitudes.

    Examples
    --------
    >>> import glasshouse as gh
    >>> model = gh.train("example:iris", target="target", hidden=(4,), baselines=False, out="")
    >>> found = wiring(model.network, model.encoder.encodings)
    >>> [column["connections"] for column in found["columns"]], found["paths"]
    ([4, 4, 4, 4], 48.0)
    """
    weights = [layer.dense(w) for layer, (w, _) in zip(network.layers, network.views(network.parameters), strict=True)]
    connected = sum(int(np.count_nonzero(w)) for w in weights)
    whole = sum(w.size for w in weights)
    if connected == whole and connected > FEW:
        return None
    first = np.count_nonzero(weights[0], axis=0)
    paths, strength = np.ones(network.n_outputs), np.ones(network.n_outputs)
    for w in reversed(weights):
        size = np.abs(w.astype(np.float64))
        largest = size.max(initial=0.0) or 1.0  # only shares are shown: products of many layers must not overflow
        paths, strength = (size > 0).T @ paths, (size / largest).T @ strength
    start, columns = 0, []
    for encoding in encodings:
        own = slice(start, start + len(encoding.features))
        start = own.stop
        columns.append(
            {
                "name": encoding.name,
                "connections": int(first[own].sum()),
                "paths": float(paths[own].sum() / (paths.sum() or 1.0)),
                "strength": float(strength[own].sum() / (strength.sum() or 1.0)),
            }
        )
    return {"connections": connected, "of": whole, "paths": float(paths.sum()), "columns": columns}
