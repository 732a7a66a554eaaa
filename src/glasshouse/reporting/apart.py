"""A network to be drawn without the units that no drawn line reaches, where a layer has too many to be told apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["MOST_UNITS", "told_apart"]

MOST_UNITS = 300  # of a layer after the inputs that are all drawn: each is a circle of a hundred bytes


def told_apart(drawn: Mapping[str, Any]) -> dict[str, Any]:
    """The same graph, and in `outputs` the names of those outputs that are left.

    Examples
    --------
    >>> layers = [{"units": 2}, {"units": 900}]
    >>> found = told_apart({"layers": layers, "edges": [[1, 0, 700, 0.5]], "outputs": [str(k) for k in range(900)]})
    >>> found["layers"][1]["units"], found["edges"], found["outputs"]
    (1, [[1, 0, 0, 0.5]], ['700'])
    """
    layers, edges, outputs = [dict(layer) for layer in drawn["layers"]], drawn["edges"], drawn["outputs"]
    for k, layer in enumerate(layers[1:], start=1):
        if layer["units"] <= MOST_UNITS:
            continue
        reached = {to for at, _, to, _ in edges if at == k} | {source for at, source, _, _ in edges if at == k + 1}
        reached = reached or {0}
        place = {unit: new for new, unit in enumerate(sorted(reached))}
        edges = [
            [at, place[source] if at == k + 1 else source, place[to] if at == k else to, value]
            for at, source, to, value in edges
        ]
        layer["units"] = len(place)
        if k == len(layers) - 1:
            outputs = [outputs[unit] for unit in place]
    return {**drawn, "layers": layers, "edges": edges, "outputs": outputs}
