"""Evolution: sparse layers that drop weak connections while they train, and grow as many elsewhere.

Nothing dense is ever held: no weight, mask or gradient of what is not connected. `grow` may be a function of one's own,
`(layer, n, rng) -> (units, inputs)`; it is shown a `Wiring`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..distributed.communicator import Communicator
from ..distributed.serial import SERIAL
from ..errors import OptionError, choose, expect_number
from ..network.activations import activation
from ..network.density import ALLOCATIONS
from ..network.initializers import initializer
from ..network.layers import Sparse
from ..network.losses import known_by
from ..network.network import Network
from ..network.reshaping import Change, connections, reconnected
from ..network.workspace import Workspace
from ..seeds import stream
from ..storage import as_type, restored

__all__ = ["DROPS", "GROWS", "NEW_WEIGHTS", "Evolution", "Wiring", "evolution_from", "evolved", "top_absent"]

Array = npt.NDArray[Any]
Pairs = tuple[npt.NDArray[Any], npt.NDArray[Any]]
BLOCK = 1 << 20  # scores looked at together


@dataclass(frozen=True, eq=False)
class Wiring:
    """One sparse layer as rules of rewiring see it, while the columns hold a batch; arrays are for reading only.

    Attributes
    ----------
    shape : (fan_out, fan_in)
    indptr, indices : int32
        Its connections in CSR: unit o has inputs indices[indptr[o]:indptr[o + 1]].
    values : (n_connections,)
    x, a, delta : (fan_in, n), (fan_out, n), (fan_out, n)
        Of the batch: inputs, activations, dL/dz.
    moments : dict of (n_connections,) arrays
        The optimiser's memory of the connections.
    """

    layer: Sparse
    values: Array
    x: Array
    a: Array
    delta: Array
    moments: Mapping[str, Array]
    work: Workspace
    together: Communicator

    @property
    def shape(self) -> tuple[int, int]:
        return self.layer.topology.shape

    @property
    def indptr(self) -> Array:
        return self.layer.topology.row_starts

    @property
    def indices(self) -> Array:
        return self.layer.topology.inputs

    @cached_property
    def places(self) -> npt.NDArray[np.int64]:
        """unit * fan_in + input of every connection, ascending."""
        return connections(self.layer)

    @property
    def n_absent(self) -> int:
        return self.shape[0] * self.shape[1] - len(self.values)

    def gradient(self, units: slice) -> Array:
        """dL/dw of all weights that some units could have, (units, fan_in), by the kernel that trains; of all ranks."""
        kernels, n = self.work.kernels, self.x.shape[1]
        below = kernels.Columns(self.shape[1], self.work.capacity)
        begin, end, _ = units.indices(self.shape[0])
        here = kernels.Columns(end - begin, self.work.capacity, "identity", False, True)
        below.a[:, :n], here.delta[:, :n] = self.x, self.delta[units]  # type: ignore[index]
        dw = np.zeros((end - begin, self.shape[1]), self.values.dtype)
        b = np.zeros(end - begin, self.values.dtype)
        self.work.growth_flops += 2.0 * dw.size * n
        kernels.Dense(np.zeros_like(dw), b, dw, b.copy(), below, here, self.work.team).backward(n)
        self.together.all_reduce(dw)
        return dw


def top_absent(layer: Wiring, score_block: Callable[[slice], Array], n: int) -> Pairs:
    """The n best-scored pairs (units, inputs) that are not connected; scores are asked for by blocks of units.

    Parameters
    ----------
    score_block : slice of units -> (units, fan_in)
    """
    fan_out, fan_in = layer.shape
    step = max(1, BLOCK // fan_in)
    best, places = np.zeros(0), np.zeros(0, np.int64)
    for begin in range(0, fan_out, step):
        units = slice(begin, min(begin + step, fan_out))
        score = np.array(score_block(units), np.float64).ravel()
        taken = slice(layer.indptr[units.start], layer.indptr[units.stop])
        score[layer.places[taken] - begin * fan_in] = -np.inf
        least = np.partition(score, -n)[-n] if n < len(score) else -np.inf
        some = np.flatnonzero(score >= least)  # all that equal the last of them too
        best, places = np.append(best, score[some]), np.append(places, some + begin * fan_in)
        order = np.lexsort((places, -best))[:n]  # of equal ones the first, whatever the blocks
        best, places = best[order], places[order]
    found = np.divmod(places, fan_in)
    return found[0], found[1]


def grow_random(layer: Wiring, n: int, rng: np.random.Generator) -> Pairs:
    """Pairs that are not connected, each as likely as any other (SET: Mocanu et al. 2018)."""
    size = layer.shape[0] * layer.shape[1]
    if 2 * layer.n_absent < size:
        absent = np.setdiff1d(np.arange(size), layer.places, assume_unique=True)
        return np.divmod(rng.choice(absent, n, replace=False), layer.shape[1])
    found = np.zeros(0, np.int64)
    while len(found) < n:  # at least every second draw hits
        drawn = rng.integers(0, size, 2 * (n - len(found)) + 8)
        at = np.minimum(np.searchsorted(layer.places, drawn), len(layer.places) - 1)
        new = np.append(found, drawn[layer.places[at] != drawn])
        _, first = np.unique(new, return_index=True)
        found = new[np.sort(first)][:n]
    return np.divmod(found, layer.shape[1])


def grow_gradient(layer: Wiring, n: int, rng: np.random.Generator) -> Pairs:
    """Pairs whose weight, were it there, would have the largest |dL/dw| (RigL: Evci et al. 2020)."""
    return top_absent(layer, lambda units: np.abs(layer.gradient(units)), n)


def drop_magnitude(layer: Wiring) -> Array:
    """The smallest |w|."""
    return np.abs(layer.values)


def drop_loss_sensitivity(layer: Wiring) -> Array:
    """The smallest |w dL/dw| on the batch."""
    units = layer.layer.topology.rows
    gradient = np.einsum("kn,kn->k", layer.delta[units], layer.x[layer.indices])
    layer.together.all_reduce(gradient)
    return np.asarray(np.abs(layer.values * gradient))


DROPS: dict[str, Callable[[Wiring], Array]] = {
    "magnitude": drop_magnitude,
    "loss_sensitivity": drop_loss_sensitivity,
}
GROWS: dict[str, Callable[[Wiring, int, np.random.Generator], Pairs]] = {
    "random": grow_random,
    "gradient": grow_gradient,
}
NEW_WEIGHTS = {
    "zero": "0: nothing changes until they have learned",
    "initializer": "drawn as first weights are",
}


@dataclass(frozen=True)
class Evolution:
    """What is dropped and grown, how much of it, and when.

    Parameters
    ----------
    drop : {'magnitude', 'loss_sensitivity'}
        What the weakest connections are weakest in.
    grow : {'random', 'gradient'}, or function (layer, n, rng) -> (units, inputs)
        SET and RigL; or one's own: it is shown a `Wiring`, and returns n pairs that are not connected.
    every : 'epoch' or int
        After every epoch, or every so many steps.
    fraction : float
        The share of a layer's connections that moves at first; it falls to 0 along half a cosine.
    until : float
        From which share of the run on the connections stay as they are.
    allocation : {'erdos_renyi', 'uniform'}
        How the density is dealt to the layers at the start; each keeps its number of connections.
    new_weight : {'zero', 'initializer'}

    Raises
    ------
    OptionError
        If a name is unknown or a number out of its range.

    Examples
    --------
    >>> Evolution(grow="gradient", every=100)  # RigL
    Evolution(drop='magnitude', grow='gradient', every=100, fraction=0.3, until=0.75, \
allocation='erdos_renyi', new_weight='zero')
    """

    drop: str = "magnitude"
    grow: str | Callable[[Wiring, int, np.random.Generator], Pairs] = "random"
    every: str | int = "epoch"
    fraction: float = 0.3
    until: float = 0.75
    allocation: str = "erdos_renyi"
    new_weight: str = "zero"

    def __post_init__(self) -> None:
        choose("drop", self.drop, DROPS)
        if not callable(self.grow):
            choose("grow", self.grow, GROWS)
        if self.every != "epoch":
            expect_number("every", self.every, lambda k: k >= 1, "'epoch' or a number of steps", whole=True)
        expect_number("fraction", self.fraction, lambda f: 0 < f < 1, "above 0 and below 1")
        expect_number("until", self.until, lambda u: 0 < u <= 1, "above 0 and at most 1, a share of the run")
        choose("allocation", self.allocation, ALLOCATIONS)
        choose("new_weight", self.new_weight, NEW_WEIGHTS)

    def moving(self, step: int, steps_an_epoch: int, steps: int) -> float:
        """The share of the connections that moves after so many steps; 0 where it is not their time."""
        every = steps_an_epoch if self.every == "epoch" else self.every
        assert isinstance(every, int)
        last = self.until * steps
        if step % every or step >= last:
            return 0.0
        return self.fraction / 2 * (1 + math.cos(math.pi * step / last))

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it; a function is 'custom' and its name."""
        grow = f"custom: {known_by(self.grow)}" if callable(self.grow) else self.grow
        return {**self.__dict__, "grow": grow}


class Moved(NamedTuple):
    """Where a layer's connections are from now on, and which of them are new."""

    places: npt.NDArray[np.int64]
    born: npt.NDArray[np.int64]


def evolved(
    work: Workspace,
    moments: Mapping[str, Array],
    evolution: Evolution,
    share: float,
    seed: int,
    step: int,
    together: Communicator = SERIAL,
) -> Change:
    """Move this share of each sparse layer's connections; their number stays what it is. All ranks move the same."""
    network = work.network
    rng = np.random.Generator(np.random.PCG64([step, *stream(seed, "evolution").integers(1 << 32, size=4).tolist()]))
    moved: list[Moved] = []
    for k, wiring in enumerate(_wirings(work, moments, together)):
        if wiring is None:
            moved.append(Moved(connections(network.layers[k]), np.zeros(0, np.int64)))
        else:
            moved.append(_rewired(wiring, evolution, share, rng))
    change = reconnected(network, [layer.places for layer in moved])
    if evolution.new_weight == "initializer":
        _draw(change.network, moved, rng)
    return change


def _wirings(work: Workspace, moments: Mapping[str, Array], together: Communicator) -> Iterator[Wiring | None]:
    network, n = work.network, work.n
    seen = {name: network.views(vector) for name, vector in moments.items()}
    for k, (layer, (w, _)) in enumerate(zip(network.layers, network.views(network.parameters), strict=True)):
        if not isinstance(layer, Sparse):
            yield None
            continue
        here = work.columns[k + 1]
        assert here.delta is not None
        x, a, delta = (array[:, :n] for array in (work.inputs[k].a, here.a, here.delta))
        yield Wiring(layer, w, x, a, delta, {name: views[k][0] for name, views in seen.items()}, work, together)


def _rewired(wiring: Wiring, evolution: Evolution, share: float, rng: np.random.Generator) -> Moved:
    n = min(int(share * len(wiring.values)), wiring.n_absent)
    if n == 0:
        return Moved(wiring.places, np.zeros(0, np.int64))
    score = DROPS[evolution.drop](wiring)
    weakest = np.argsort(score, kind="stable")[:n]
    grow = evolution.grow if callable(evolution.grow) else GROWS[evolution.grow]
    born = _checked(grow(wiring, n, rng), wiring, n, grow)
    return Moved(np.sort(np.append(np.delete(wiring.places, weakest), born)), born)


def _checked(pairs: Any, wiring: Wiring, n: int, grow: Callable[..., Any]) -> npt.NDArray[np.int64]:
    """The places of the pairs, if they are as many as there must be, inside the layer, new, and each there once."""
    units, inputs = (np.asarray(part, np.int64).ravel() for part in pairs)
    places = np.sort(units * wiring.shape[1] + inputs)
    inside = ((units >= 0) & (units < wiring.shape[0]) & (inputs >= 0) & (inputs < wiring.shape[1])).all()
    new = len(np.unique(places)) == len(places) and not np.isin(places, wiring.places).any()
    if len(places) != n or not inside or not new:
        raise OptionError(
            f"grow={getattr(grow, '__name__', grow)!r} gave {len(places)} pairs of a layer {wiring.shape}: "
            f"{n} are wanted, inside it, not connected yet, each once"
        )
    return places


def _draw(network: Network, moved: list[Moved], rng: np.random.Generator) -> None:
    for layer, (w, _), (places, born) in zip(network.layers, network.views(network.parameters), moved, strict=True):
        if len(born):
            drawn = initializer(activation(layer.activation).initializer).draw(rng, *layer.fans())
            at = np.searchsorted(places, born)
            w[at] = drawn[at]


def evolution_from(document: Mapping[str, Any]) -> Evolution:
    """The evolution of `to_dict`; one with a function of its own cannot be made again from a file."""
    settings = dict(document)
    every = settings.pop("every")
    plain = restored(_Stored, settings)
    return Evolution(**plain.__dict__, every=every if every == "epoch" else as_type(every, int, "every"))


@dataclass(frozen=True)
class _Stored:
    """The settings that have one type."""

    drop: str
    grow: str
    fraction: float
    until: float
    allocation: str
    new_weight: str
