"""One sparse layer forward, 1000 to 1000, batch 128, beside the dense product of the fastest library there is."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
import scipy.sparse

from bench.rounds import Run, installed
from glasshouse.network.layers import Dense, Sparse
from glasshouse.network.network import Network
from glasshouse.network.topology import Topology
from glasshouse.network.workspace import Workspace

DENSITIES = (0.1, 0.05, 0.01)
UNITS, BATCH = 1000, 128


def title(density: float) -> str:
    return f"sparse product, {UNITS} to {UNITS}, batch {BATCH}, {1 - density:.0%} of the weights are zero"


def contestants(density: float) -> Iterator[tuple[str, Run]]:
    """Ours with bias and ReLU, then the bare products of others."""
    rng = np.random.default_rng(0)
    mask = rng.random((UNITS, UNITS)) < density
    yield "glasshouse", ours(Sparse(Topology.from_mask(mask), "relu"))
    yield "ours, dense", ours(Dense(UNITS, UNITS, "relu"))
    w = np.where(mask, rng.normal(size=mask.shape), 0).astype(np.float32)
    x = rng.normal(size=(UNITS, BATCH)).astype(np.float32)
    csr = scipy.sparse.csr_array(w)
    yield "scipy, CSR", lambda: csr @ x
    yield from installed({"MKL, dense": partial(mkl, w, x, csr=False), "MKL, CSR": partial(mkl, w, x, csr=True)})


def mkl(w: np.ndarray, x: np.ndarray, csr: bool) -> Run:
    """The product by PyTorch, which hands it to MKL."""
    import torch

    torch.set_num_threads(1)
    columns, out = torch.from_numpy(x), torch.empty(UNITS, BATCH)
    matrix = torch.from_numpy(w).to_sparse_csr() if csr else torch.from_numpy(w)
    return lambda: torch.mm(matrix, columns, out=out)


def ours(layer: Sparse | Dense) -> Run:
    network = Network.initialized([layer], np.random.default_rng(0), "auto", np.dtype(np.float32))
    bound = Workspace(network, None, BATCH, threads=1).layers[0]
    return lambda: bound.forward(BATCH)
