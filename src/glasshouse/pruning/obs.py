"""Optimal Brain Surgeon: weights leave, and those that stay make up for them (Hassibi & Stork 1993).

Layer by layer, as in Dong, Chen & Pan 2017: to keep the weighted sums z = w x of a unit on some rows as they were is a
least-squares problem whose Hessian is H = mean of x x', the same for every unit of the layer. A unit that keeps the
inputs S has, at best,

    w_S = H_SS^-1 (H w)_S,    and leaving out one more of them costs    w_j² / [H_SS^-1]_jj.

Half of that, times how strongly the loss curves in z, is the saliency; so layers and units can be compared. A share of
the weights leaves at a time, over the whole network, and all is solved anew for those that stay. In the end the layers
are solved once more from below, on what the pruned layers under them now hand up.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.linalg import cho_factor, cho_solve
from threadpoolctl import threadpool_limits

from ..network.curvature import PANEL, Sweeps, output_seeds
from ..network.network import Network
from ..network.reshaping import Change, connections, thinned, weight_slices
from ..network.workspace import Workspace
from .evidence import Evidence

__all__ = ["obs", "obs_cut"]

Array = npt.NDArray[Any]
ROUNDS = 12
DAMPING = 0.1  # of the mean of the diagonal of H


def obs(network: Network, evidence: Evidence) -> Array:
    """w² / [H^-1] / 2 times the curvature of the loss in z: what leaving out one weight costs if the others adapt."""
    return Surgeon(network, evidence).saliency()


def obs_cut(network: Network, evidence: Evidence, count: int) -> Change:
    """Cut down to `count` weights, a share at a time, the others adapting."""
    surgeon, n = Surgeon(network, evidence), network.n_weights
    for k in range(1, ROUNDS + 1):
        surgeon.keep_strongest(round(n * (count / n) ** (k / ROUNDS)))
    change = thinned(network, surgeon.kept)
    surgeon.settle(change.network)
    return change


class Surgeon:
    """The layers as least-squares problems, which of their weights are kept, and what those were."""

    def __init__(self, network: Network, evidence: Evidence):
        self.network, self.evidence = network, evidence
        self.parts = weight_slices(network)
        self.places = [np.divmod(connections(layer), layer.fan_in) for layer in network.layers]
        exact = network.astype(np.float64)
        pairs = zip(network.layers, exact.views(exact.parameters), strict=True)
        self.dense = [np.column_stack([layer.dense(w), b]) for layer, (w, b) in pairs]  # b as the weight of a 1
        self.curvature = _curvatures(network, evidence)
        self.hessians = [_damped(_about_the_mean(_moments(self, network, k)[0])) for k in range(len(network.layers))]
        self.kept = np.ones(network.n_weights, bool)

    def saliency(self) -> Array:
        """Of every weight that is still kept; infinite where it is not."""
        found = np.full(self.network.n_weights, np.inf)
        with threadpool_limits(1, user_api="blas"):  # the same bits, however many processors there are
            for k, part in enumerate(self.parts):
                found[part] = self._of_layer(k, self.kept[part])
        return found

    def keep_strongest(self, count: int) -> None:
        """Let the weights go that cost least."""
        there = np.flatnonzero(self.kept)
        order = np.argsort(-self.saliency()[there], kind="stable")
        self.kept[there[order[count:]]] = False

    def _of_layer(self, k: int, kept: npt.NDArray[np.bool_]) -> Array:
        (units, inputs), hessian = self.places[k], self.hessians[k]
        dense = self.dense[k][:, :-1]
        wanted, found = dense @ hessian, np.full(len(units), np.inf)
        whole = _inverse(hessian)
        starts = np.searchsorted(units, np.arange(len(dense) + 1))
        for unit in range(len(dense)):
            own = np.arange(starts[unit], starts[unit + 1])[kept[starts[unit] : starts[unit + 1]]]
            some = inputs[own]
            if len(some) == len(hessian):  # all inputs: the same for every unit
                inverse, w = whole, dense[unit]
            else:
                inverse = _inverse(hessian[np.ix_(some, some)])
                w = inverse @ wanted[unit, some]
            found[own] = w**2 / np.diag(inverse) * self.curvature[k][unit] / 2
        return found

    def settle(self, pruned: Network) -> None:
        """Solve every layer of the pruned network, from below, for what now comes up to it; writes w and b."""
        for k, (layer, (w, b)) in enumerate(zip(pruned.layers, pruned.views(pruned.parameters), strict=True)):
            own, crossed = _moments(self, pruned, k)
            damping = _damping(own)  # towards the weights as they were
            units, inputs = np.divmod(connections(layer), layer.fan_in)
            starts, flat = np.searchsorted(units, np.arange(layer.fan_out + 1)), w.reshape(-1)
            with threadpool_limits(1, user_api="blas"):
                own, wanted = own + damping, self.dense[k] @ (crossed + damping)
                for unit in range(layer.fan_out):
                    part = slice(starts[unit], starts[unit + 1])
                    some = np.append(inputs[part], layer.fan_in)  # b adapts too
                    found = _inverse(own[np.ix_(some, some)]) @ wanted[unit, some]
                    flat[part], b[unit] = found[:-1], found[-1]


def _damping(hessian: Array) -> Array:
    return DAMPING * max(float(np.trace(hessian)) / len(hessian), 1e-12) * np.eye(len(hessian))


def _damped(hessian: Array) -> Array:
    """A Hessian that can be inverted: what no row tells apart stays as it was."""
    return np.asarray(hessian + _damping(hessian))


def _inverse(hessian: Array) -> Array:
    factor = cho_factor(hessian, lower=True, check_finite=False)
    return np.asarray(cho_solve(factor, np.eye(len(hessian)), check_finite=False))


def _about_the_mean(moments: Array) -> Array:
    """The covariance of inputs whose last is a 1: what is left when b adapts."""
    mean = moments[-1, :-1] / moments[-1, -1]
    return np.asarray(moments[:-1, :-1] / moments[-1, -1] - np.outer(mean, mean))


def _moments(surgeon: Surgeon, network: Network, k: int) -> tuple[Array, Array]:
    """Means over the rows of x x' and of before x', x the inputs of layer k now, and a 1; before, as they were."""
    size = network.layers[k].fan_in + 1
    own, crossed = np.zeros((size, size)), np.zeros((size, size))
    works = [Workspace(some.astype(np.float64), None, PANEL) for some in (network, surgeon.network)]
    for X, _, weight, rows, _ in surgeon.evidence.panels():
        now, before = (_inputs(work, X, rows, k) for work in works)
        with threadpool_limits(1, user_api="blas"):
            own += (now * weight) @ now.T
            crossed += (before * weight) @ now.T
    return own, crossed


def _inputs(work: Workspace, X: Any, rows: npt.NDArray[np.int64], k: int) -> Array:
    n = work.load_inputs(X, rows)
    for layer in work.layers[:k]:
        layer.forward(n)
    return np.vstack([work.columns[k].a[:, :n], np.ones(n)])


def _curvatures(network: Network, evidence: Evidence) -> list[Array]:
    """Gauss-Newton d²L/dz² of every unit, a mean over the rows."""
    sweeps = Sweeps(network, evidence.loss)
    sums = [np.zeros(layer.fan_out) for layer in network.layers]
    for batch in evidence.panels():
        n = sweeps.load(*batch[:4])
        tops = sweeps.carried(n, output_seeds(sweeps, n, True), np.square)
        sums = [total + top.sum(axis=1) for total, top in zip(sums, tops, strict=True)]
    return sums
